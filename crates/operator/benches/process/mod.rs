//! The binary as a process of its own, and what the kernel says about it.

#![allow(dead_code, reason = "no bench needs everything here")]

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is ready.
pub(crate) struct Process {
    child: Child,
    /// From its start to the first good answer of `/readyz`.
    pub(crate) ready_after: Duration,
    _folder: TempDir,
}

/// The files of a process, which go with it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Process {
    /// Starts the binary with these arguments, and waits until it is ready.
    pub(crate) async fn start(folder: Folder, arguments: &[String]) -> Self {
        let Folder(folder) = folder;
        let log = folder.path().join("log");
        let health = free_address().await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
        command.env_clear().args(arguments).arg(format!("--health-bind-address={health}"));
        command.args(["--metrics-bind-address=127.0.0.1:0", "--leader-election-namespace=garden"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let started = Instant::now();
        let child = command.spawn().unwrap();
        let mut process = Self { child, ready_after: Duration::ZERO, _folder: folder };
        while !is_ready(&health).await {
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(started.elapsed() < PATIENCE, "the process does not become ready: {}", said());
            assert!(process.child.try_wait().unwrap().is_none(), "the process has ended: {}", said());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        process.ready_after = started.elapsed();
        process
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the process ended badly: {status}");
    }

    pub(crate) fn resident_mebibytes(&self) -> f64 {
        mebibytes(self.child.id(), "VmRSS:").unwrap()
    }

    /// The most that was ever resident, or since it was forgotten.
    pub(crate) fn peak_mebibytes(&self) -> f64 {
        mebibytes(self.child.id(), "VmHWM:").unwrap()
    }

    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    /// Time of its own and of the kernel for it.
    pub(crate) fn processor_milliseconds(&self) -> f64 {
        state(self.child.id()).1
    }
}

/// A process that has ended.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) elapsed: Duration,
    /// Time of its own and of the kernel for it.
    pub(crate) processor_milliseconds: f64,
    /// The most that was ever resident.
    pub(crate) peak_mebibytes: f64,
}

/// Runs the binary with these arguments to its end.
pub(crate) async fn run(arguments: &[String]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
    command.env_clear().args(arguments).stdin(Stdio::null()).stdout(File::create(&output).unwrap());
    let started = Instant::now();
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut peak_mebibytes = 0.0_f64;
    // One that nobody has waited for yet can still be asked, but not for its memory.
    while state(child.id()).0 != "Z" {
        peak_mebibytes = mebibytes(child.id(), "VmHWM:").map_or(peak_mebibytes, |peak| peak.max(peak_mebibytes));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (elapsed, (_, processor_milliseconds)) = (started.elapsed(), state(child.id()));
    let code = child.wait().unwrap().code();
    let output = std::fs::read_to_string(output).unwrap();
    Finished { code, output, elapsed, processor_milliseconds, peak_mebibytes }
}

fn mebibytes(process: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0)
}

/// The letter of a process' state, and the milliseconds that it has run, those of the kernel for it included.
fn state(process: u32) -> (String, f64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, which comes second, may hold anything; the state is field 3, user and system time are fields 14 and 15.
    let fields: Vec<&str> = status.rsplit_once(") ").unwrap().1.split(' ').collect();
    // In hundredths of a second, on every architecture of Linux.
    let milliseconds = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() * 10.0).sum();
    (fields[0].to_owned(), milliseconds)
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or the bench has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn is_ready(address: &SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(())
    };
    tokio::time::timeout(Duration::from_secs(1), ask).await.ok().flatten().is_some()
}
