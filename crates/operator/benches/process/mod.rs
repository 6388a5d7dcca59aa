//! The binary as a process of its own, and what the kernel says about it.

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

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
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
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    /// Time of its own and of the kernel for it.
    pub(crate) fn processor_milliseconds(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name, which comes second, may hold anything; user and system time are fields 14 and 15.
        let fields: Vec<&str> = status.rsplit_once(") ").unwrap().1.split(' ').collect();
        // In hundredths of a second, on every architecture of Linux.
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() * 10.0).sum()
    }
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
