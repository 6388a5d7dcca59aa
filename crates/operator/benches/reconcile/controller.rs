//! `networking-calico run`, and what the kernel says about it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::seed::Seed;

const CONFIG: &str = "apiVersion: calico.networking.extensions.config.gardener.cloud/v1alpha1
kind: ControllerConfiguration
clientConnection: {qps: 100000, burst: 100000}
";
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that is ready.
pub(crate) struct Controller {
    child: Child,
    /// From the start of the process to the first good answer of `/readyz`.
    pub(crate) ready_after: Duration,
    folder: TempDir,
}

impl Controller {
    /// Starts it as the Go extension is started, with five workers.
    pub(crate) async fn start(seed: &Seed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("kubeconfig"), seed.kubeconfig()).unwrap();
        std::fs::write(path("config.yaml"), CONFIG).unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let health = free_address().await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
        command.env_clear().arg("run").args([
            format!("--config-file={}", path("config.yaml").display()),
            format!("--kubeconfig={}", path("kubeconfig").display()),
            format!("--health-bind-address={health}"),
        ]);
        command.args([
            "--metrics-bind-address=127.0.0.1:0",
            "--leader-election-namespace=garden",
            "--heartbeat-namespace=garden",
            "--max-concurrent-reconciles=5",
        ]);
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut controller = Self { child, ready_after: Duration::ZERO, folder };
        while !is_ready(&health).await {
            let said = || std::fs::read_to_string(controller.folder.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < PATIENCE, "the controller does not become ready: {}", said());
            assert!(controller.child.try_wait().unwrap().is_none(), "the controller has ended: {}", said());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        controller.ready_after = started.elapsed();
        controller
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the controller ended badly: {status}");
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

impl Drop for Controller {
    fn drop(&mut self) {
        // It has ended already, or the bench has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
async fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn is_ready(address: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(())
    };
    tokio::time::timeout(Duration::from_secs(1), ask).await.ok().flatten().is_some()
}
