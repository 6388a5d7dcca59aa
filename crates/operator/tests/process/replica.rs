//! One process: started as the Go extension is, with flags only.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::seed::Seed;

const CONFIG: &str =
    "apiVersion: calico.networking.extensions.config.gardener.cloud/v1alpha1\nkind: ControllerConfiguration\n";

pub(crate) struct Replica {
    child: Child,
    folder: TempDir,
}

impl Replica {
    /// Starts a replica that is this user.
    pub(crate) fn start(seed: &Seed, user: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), seed.serving.kubeconfig("seed", Some(user))).unwrap();
        std::fs::write(folder.path().join("config.yaml"), CONFIG).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command(folder.path()).args(flags).stderr(log).stdout(Stdio::null()).spawn().unwrap();
        Self { child, folder }
    }

    /// The lines of the log, each of which is JSON.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        // The last line may be half written.
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }

    pub(crate) fn logged(&self, message: &str) -> Option<Value> {
        self.log().into_iter().find(|line| line["msg"] == message)
    }

    /// Waits until the process is ready.
    pub(crate) async fn ready(&mut self) {
        self.until("readiness", async |replica| {
            replica.get("health endpoint", "/readyz").await.is_some_and(|(code, _)| code == 200)
        })
        .await;
    }

    /// Waits until the process says that it leads.
    pub(crate) async fn leads(&mut self) {
        let master = "leader_election_master_status{name=\"networking-calico-leader-election\"} 1";
        self.until("leadership", async |replica| replica.metrics().await.lines().any(|line| line == master)).await;
    }

    pub(crate) async fn metrics(&self) -> String {
        self.get("metrics endpoint", "/metrics").await.map(|(_, body)| body).unwrap_or_default()
    }

    /// Status and body of an answer, if there is one.
    pub(crate) async fn get(&self, endpoint: &str, path: &str) -> Option<(u16, String)> {
        let address = self.logged(endpoint)?["address"].as_str()?.to_owned();
        let ask = async {
            let mut stream = TcpStream::connect(address).await.ok()?;
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            let (head, body) = answer.split_once("\r\n\r\n")?;
            Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
        };
        tokio::time::timeout(Duration::from_secs(1), ask).await.ok().flatten()
    }

    pub(crate) fn signal(&self, signal: &str) {
        // The shell's own: not every machine has a program of this name.
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the end: the exit code.
    pub(crate) async fn end(&mut self) -> i32 {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("ends by itself");
            }
            pause().await;
        }
        panic!("the process did not end: {:#?}", self.log());
    }

    /// Waits until this is so; the process must not end before.
    pub(crate) async fn until(&mut self, what: &str, mut so: impl AsyncFnMut(&Self) -> bool) {
        for _ in 0..600 {
            if so(self).await {
                return;
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "ended before {what}: {:#?}", self.log());
            pause().await;
        }
        panic!("no {what}: {:#?}", self.log());
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with the files of this folder and ports that nobody else has.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_networking-calico"));
    command.env_clear().args([
        &format!("--config-file={}", folder.join("config.yaml").display()),
        &format!("--kubeconfig={}", folder.join("kubeconfig").display()),
        "--leader-election-namespace=garden",
        "--heartbeat-namespace=garden",
        "--health-bind-address=127.0.0.1:0",
        "--metrics-bind-address=127.0.0.1:0",
    ]);
    command
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}
