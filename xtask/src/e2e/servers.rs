//! The API servers of seed and shoot: kube-apiserver, both over one etcd under prefixes of their own.
//!
//! One etcd, because its revisions are the resource versions of both: what was written in one cluster is then before or after what was
//! written in the other, and the monitor need not guess.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fake_apiserver::world::Cluster;
use http::Request;
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::audit;
use super::child::Child;
use super::trouble::Trouble;
use crate::envtest::Release;

/// Who asks: an account with a token of the same name.
pub(super) const ADMIN: &str = "admin";
/// The account of the extension: in the seed that of its pod, in the shoot that of the access Secret.
pub(super) const EXTENSION: &str = "extension";

/// A started etcd.
#[derive(Debug)]
pub(super) struct Etcd {
    _child: Child,
    address: String,
}

/// An API server, which can be stopped and started again.
pub(super) struct Server {
    name: &'static str,
    command: Vec<String>,
    program: PathBuf,
    log: PathBuf,
    address: String,
    certificate: String,
    services: PathBuf,
    audit: PathBuf,
    client: Client,
    child: Option<Child>,
}

/// How long a server may take to answer: a machine of a CI may be busy.
const READY_WITHIN: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(100);

impl Etcd {
    pub(super) async fn start(assets: &Path, folder: &Path) -> Result<Self, Trouble> {
        let address = format!("http://127.0.0.1:{}", free_port().await?);
        let mut command = Command::new(assets.join("etcd"));
        command.arg("--data-dir").arg(folder.join("etcd"));
        command.args(["--listen-client-urls", &address, "--advertise-client-urls", &address]);
        command.args(["--listen-peer-urls", "http://127.0.0.1:0", "--unsafe-no-fsync", "--log-level", "error"]);
        Ok(Self { _child: Child::start(command, &folder.join("etcd.log"))?, address })
    }
}

impl Server {
    /// Prepares a server; nothing runs yet.
    pub(super) async fn new(
        name: &'static str,
        release: Release,
        assets: &Path,
        etcd: &Etcd,
        folder: &Path,
    ) -> Result<Self, Trouble> {
        let path = |file: &str| folder.join(format!("{name}-{file}"));
        let text = |file: &str| path(file).display().to_string();
        let write = |file: &str, content: &str| {
            std::fs::write(path(file), content).map_err(Trouble::machine(format!("cannot write `{}`", text(file))))
        };
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]);
        let made = made.map_err(|error| Trouble::Other(format!("cannot make a certificate: {error}")))?;
        let certificate = made.cert.pem();
        write("certificate.pem", &certificate)?;
        write("key.pem", &made.signing_key.serialize_pem())?;
        write("public.pem", &made.signing_key.public_key_pem())?;
        write("tokens.csv", &format!("{ADMIN},{ADMIN},{ADMIN},system:masters\n{EXTENSION},{EXTENSION},{EXTENSION}\n"))?;

        // Webhooks are reached through a proxy, where a story has one: there is neither DNS nor a network of pods.
        let services = path("services.sock");
        let through = json!({"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": services}}});
        let selector = json!({
            "apiVersion": "apiserver.k8s.io/v1beta1",
            "kind": "EgressSelectorConfiguration",
            // For webhooks that are registered by an address, and for those that are by a Service.
            "egressSelections": [
                {"name": "controlplane", "connection": through},
                {"name": "cluster", "connection": through},
            ],
        });
        write("egress.json", &selector.to_string())?;
        write("audit.json", &audit::policy().to_string())?;
        write("audit.log", "")?;

        let port = free_port().await?;
        let mut flags = vec![
            ("etcd-servers", etcd.address.clone()),
            ("etcd-prefix", format!("/{name}")),
            ("bind-address", "127.0.0.1".to_owned()),
            ("advertise-address", "127.0.0.1".to_owned()),
            ("endpoint-reconciler-type", "none".to_owned()),
            ("secure-port", port.to_string()),
            ("tls-cert-file", text("certificate.pem")),
            ("tls-private-key-file", text("key.pem")),
            ("service-account-key-file", text("public.pem")),
            ("service-account-signing-key-file", text("key.pem")),
            ("service-account-issuer", "https://e2e.example".to_owned()),
            ("service-cluster-ip-range", "100.64.0.0/16".to_owned()),
            ("authorization-mode", "RBAC".to_owned()),
            ("token-auth-file", text("tokens.csv")),
            ("disable-admission-plugins", "ServiceAccount".to_owned()),
            ("allow-privileged", "true".to_owned()),
            ("egress-selector-config-file", text("egress.json")),
            ("audit-policy-file", text("audit.json")),
            ("audit-log-path", text("audit.log")),
            ("enable-priority-and-fairness", "false".to_owned()),
        ];
        if release == Release::V1_34 {
            flags.push(("feature-gates", "MutatingAdmissionPolicy=true".to_owned()));
            flags.push(("runtime-config", "admissionregistration.k8s.io/v1beta1=true".to_owned()));
        }
        let address = format!("https://127.0.0.1:{port}");
        Ok(Self {
            name,
            command: flags.into_iter().map(|(flag, value)| format!("--{flag}={value}")).collect(),
            program: assets.join("kube-apiserver"),
            log: path("kube-apiserver.log"),
            client: client(&address, ADMIN)?,
            address,
            certificate,
            services,
            audit: path("audit.log"),
            child: None,
        })
    }

    /// Starts it and waits until it is ready. It keeps its address.
    pub(super) async fn start(&mut self) -> Result<(), Trouble> {
        let mut command = Command::new(&self.program);
        command.args(&self.command);
        let mut child = Child::start(command, &self.log)?;
        let started = Instant::now();
        loop {
            child.still_runs()?;
            let request = Request::get("/readyz").body(kube::client::Body::empty());
            let request = request.map_err(|error| Trouble::Other(error.to_string()))?;
            if self.client.send(request).await.is_ok_and(|answer| answer.status().is_success()) {
                self.child = Some(child);
                return Ok(());
            }
            if started.elapsed() > READY_WITHIN {
                let what = format!("readiness of the API server of the {}", self.name);
                return Err(Trouble::InVain { what, seen: self.log.display().to_string() });
            }
            sleep(LOOK).await;
        }
    }

    /// Ends it as a crash does. What it stored stays.
    pub(super) async fn crash(&mut self) -> Result<(), Trouble> {
        match self.child.take() {
            Some(child) => child.kill().await,
            None => Ok(()),
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// The cluster, for whoever may do everything.
    pub(super) fn cluster(&self) -> Cluster {
        Cluster::new(self.client.clone())
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The cluster, for whoever has this token.
    pub(super) fn client_by(&self, token: &str) -> Result<Client, Trouble> {
        client(&self.address, token)
    }

    /// Where it looks for the proxy through which it reaches webhooks.
    pub(super) fn services(&self) -> &Path {
        &self.services
    }

    /// Its log of what the extension asks.
    pub(super) fn audit(&self) -> &Path {
        &self.audit
    }

    /// What certifies this server: itself.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Where it listens.
    pub(super) fn host_and_port(&self) -> Result<(&str, &str), Trouble> {
        let authority = self.address.trim_start_matches("https://");
        authority.split_once(':').ok_or_else(|| Trouble::Other(format!("`{authority}` has no port")))
    }

    /// A kubeconfig for an account.
    pub(super) fn kubeconfig(&self, account: &str) -> String {
        self.kubeconfig_of(&json!({"token": account}))
    }

    /// A kubeconfig for whoever proves to be a user like this.
    pub(super) fn kubeconfig_of(&self, user: &Value) -> String {
        self.kubeconfig_by(&self.address, user)
    }

    /// The same, by another address.
    pub(super) fn kubeconfig_by(&self, address: &str, user: &Value) -> String {
        let name = self.name;
        let document = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": {
                "server": address,
                "certificate-authority-data": base64(&self.certificate),
            }}],
            "users": [{"name": name, "user": user}],
        });
        format!("{document:#}\n")
    }
}

/// By a token. The server is on loopback, at a port that was chosen here.
fn client(address: &str, token: &str) -> Result<Client, Trouble> {
    let address = address.parse().map_err(|error| Trouble::Other(format!("`{address}`: {error}")))?;
    let mut config = Config::new(address);
    config.accept_invalid_certs = true;
    config.default_retry = false;
    config.auth_info.token = Some(token.to_owned().into());
    Ok(Client::try_from(config)?)
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A port that nobody listens at now.
pub(super) async fn free_port() -> Result<u16, Trouble> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Trouble::machine("cannot listen on loopback"))?;
    Ok(listener.local_addr().map_err(Trouble::machine("cannot listen on loopback"))?.port())
}
