//! The real etcd and kube-apiserver, as processes on loopback for as long as the tests take.

#[path = "../support/skip.rs"]
pub(crate) mod skip;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kube::{Client, Config};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The running processes. They end when this is dropped.
pub(crate) struct Running {
    client: Client,
    _etcd: Child,
    _api_server: Child,
    _folder: Folder,
}

/// A folder that is removed when this is dropped.
struct Folder(std::path::PathBuf);

const TOKEN: &str = "conformance-token";

impl Running {
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _best_effort = std::fs::remove_dir_all(&self.0);
    }
}

/// The folder with both programs; where there is none the test is skipped, which says so and is a failure in CI.
pub(crate) fn assets() -> Option<std::ffi::OsString> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS");
    if assets.is_none() {
        let text = "KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver (`cargo xtask envtest` makes one)";
        skip::skip(text);
    }
    assets
}

/// Starts both, the API server with these flags too, and waits until that is ready.
pub(crate) async fn start(assets: &Path, flags: &[&str]) -> Running {
    let folder = Folder(std::env::temp_dir().join(format!("conformance-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).unwrap();
    let (client_port, port) = (free_port().await, free_port().await);
    let etcd_url = format!("http://127.0.0.1:{client_port}");
    let etcd = Command::new(assets.join("etcd"))
        .arg("--data-dir")
        .arg(folder.0.join("etcd"))
        .args(["--listen-client-urls", &etcd_url, "--advertise-client-urls", &etcd_url])
        .args(["--listen-peer-urls", "http://127.0.0.1:0", "--unsafe-no-fsync", "--log-level", "error"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start etcd of `{}`: {error}", assets.display()));
    // For the tokens of service accounts, which nobody uses.
    let pair = rcgen::KeyPair::generate().unwrap();
    let (private_key, public_key) = (folder.0.join("private.pem"), folder.0.join("public.pem"));
    std::fs::write(&private_key, pair.serialize_pem()).unwrap();
    std::fs::write(&public_key, pair.public_key_pem()).unwrap();
    let tokens = folder.0.join("tokens.csv");
    std::fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n")).unwrap();
    let api_server = Command::new(assets.join("kube-apiserver"))
        .args(["--etcd-servers", &etcd_url, "--bind-address", "127.0.0.1", "--secure-port", &port.to_string()])
        .arg("--cert-dir")
        .arg(folder.0.join("certificates"))
        .arg("--service-account-key-file")
        .arg(&public_key)
        .arg("--service-account-signing-key-file")
        .arg(&private_key)
        .args(["--service-account-issuer", "https://conformance.example"])
        .args(["--service-cluster-ip-range", "10.0.0.0/24", "--authorization-mode", "RBAC"])
        .arg("--token-auth-file")
        .arg(&tokens)
        .args(["--disable-admission-plugins", "ServiceAccount", "--allow-privileged"])
        .args(flags)
        .stdout(Stdio::null())
        .stderr(Stdio::from(std::fs::File::create(folder.0.join("kube-apiserver.log")).unwrap()))
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start kube-apiserver of `{}`: {error}", assets.display()));
    let mut config = Config::new(format!("https://127.0.0.1:{port}").parse().unwrap());
    // Its certificate is its own, and the port is one of loopback that we chose.
    config.accept_invalid_certs = true;
    config.default_retry = false;
    config.auth_info.token = Some(TOKEN.to_owned().into());
    let client = Client::try_from(config).unwrap();
    let running = Running { client, _etcd: etcd, _api_server: api_server, _folder: folder };
    for _ in 0..600 {
        let request = http::Request::get("/readyz").body(kube::client::Body::empty()).unwrap();
        if running.client.send(request).await.is_ok_and(|response| response.status().is_success()) {
            return running;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("kube-apiserver is not ready after a minute");
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}
