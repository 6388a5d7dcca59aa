//! `networking-calico admission`, and the API server that it talks to.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fake_apiserver::{Server, Serving, User};
use operator::admission::registration::authorities;
use tokio::net::TcpListener;

use crate::client::{Connection, Time};
use crate::process::{Folder, PATIENCE, Process, free_address};

const NAME: &str = "gardener-extension-admission-calico";

/// The cluster with the registration.
pub(crate) struct Garden {
    server: Server,
    serving: Serving,
}

/// The webhook, ready.
pub(crate) struct Webhook {
    pub(crate) process: Process,
    address: SocketAddr,
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
        let folder = Folder::new();
        let kubeconfig = folder.write("kubeconfig", &garden.serving.kubeconfig("garden", Some("t")));
        let address = free_address().await;
        let arguments = [
            "admission".to_owned(),
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--webhook-config-server-host={}", address.ip()),
            format!("--webhook-config-server-port={}", address.port()),
            "--webhook-config-namespace=garden".to_owned(),
        ];
        Self { process: Process::start(folder, &arguments).await, address }
    }

    pub(crate) async fn connect(&self, garden: &Garden) -> Connection {
        let host = format!("{NAME}.garden.svc");
        Connection::open(self.address, &host, &garden.bundle().await, &Time::now()).await.unwrap()
    }
}
