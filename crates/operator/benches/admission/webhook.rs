//! `networking-calico admission`, the API server that it talks to, and what the kernel says about it.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_apiserver::{Server, Serving, User};
use operator::admission::registration::authorities;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Connection, Time};

const NAME: &str = "gardener-extension-admission-calico";
const PATIENCE: Duration = Duration::from_secs(30);

/// The cluster with the registration.
pub(crate) struct Garden {
    server: Server,
    serving: Serving,
}

/// A process that is ready.
pub(crate) struct Webhook {
    child: Child,
    address: SocketAddr,
    /// From the start of the process to the first good answer of `/readyz`.
    pub(crate) ready_after: Duration,
    folder: TempDir,
}

impl Garden {
    pub(crate) async fn start() -> Self {
        let server = Server::builder().namespace("garden").token("t", User::named("admission")).build().unwrap();
        let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        Self { server, serving }
    }

    /// What API servers trust, once the webhook is registered.
    async fn bundle(&self) -> String {
        let started = Instant::now();
        loop {
            let group = "admissionregistration.k8s.io";
            if let Some(stored) = self.server.stored(group, "validatingwebhookconfigurations", "", NAME) {
                return authorities(&stored["webhooks"]).concat();
            }
            assert!(started.elapsed() < PATIENCE, "the webhook is not registered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Webhook {
    pub(crate) async fn start(garden: &Garden) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("kubeconfig"), garden.serving.kubeconfig("garden", Some("t"))).unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let (health, address) = (free_address().await, free_address().await);
        let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
        command.env_clear().arg("admission").args([
            format!("--kubeconfig={}", path("kubeconfig").display()),
            format!("--health-bind-address={health}"),
            format!("--webhook-config-server-host={}", address.ip()),
            format!("--webhook-config-server-port={}", address.port()),
        ]);
        command.args([
            "--metrics-bind-address=127.0.0.1:0",
            "--leader-election-namespace=garden",
            "--webhook-config-namespace=garden",
        ]);
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut webhook = Self { child, address, ready_after: Duration::ZERO, folder };
        while !is_ready(&health).await {
            let said = || std::fs::read_to_string(webhook.folder.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < PATIENCE, "the webhook does not become ready: {}", said());
            assert!(webhook.child.try_wait().unwrap().is_none(), "the webhook has ended: {}", said());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        webhook.ready_after = started.elapsed();
        webhook
    }

    pub(crate) async fn connect(&self, garden: &Garden) -> Connection {
        let host = format!("{NAME}.garden.svc");
        Connection::open(self.address, &host, &garden.bundle().await, &Time::now()).await.unwrap()
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the webhook ended badly: {status}");
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

impl Drop for Webhook {
    fn drop(&mut self) {
        // It has ended already, or the bench has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
async fn free_address() -> SocketAddr {
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
