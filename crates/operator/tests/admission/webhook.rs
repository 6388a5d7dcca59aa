//! A webhook in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapter_k8s::shoot_warnings::Landscape;
use calico_policy::time::Timestamp;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use operator::admission::certificates::Certificates;
use operator::admission::metrics::Metrics;
use operator::admission::review::Reviewer;
use operator::admission::server::{self, Server, Stage};
use operator::admission::tls::{Serving, TlsError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::{Connection, Time};

/// For whom its first certificate is good.
pub(crate) const HOST: &str = "webhook.example";

pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    pub(crate) serving: Serving,
    pub(crate) stage: watch::Sender<Stage>,
    pub(crate) server: JoinHandle<Result<(), TlsError>>,
    pub(crate) bundle: String,
    pub(crate) time: Time,
}

impl Webhook {
    /// One that serves nothing yet.
    pub(crate) async fn without_certificate(answer_deadline: Duration) -> Self {
        let (metrics, serving) = (Metrics::new(), Serving::default());
        let stage = watch::Sender::new(Stage::Serving);
        let reviewer = Reviewer::new(Landscape {
            configuration: ControllerConfiguration::default(),
            images: ImageVector::built_in("v0.1.0"),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (counts, certificate) = (metrics.webhook.clone(), serving.clone());
        let server = Server::new(reviewer, counts, certificate, stage.subscribe(), answer_deadline);
        let server = tokio::spawn(server::serve(Arc::new(server), listener));
        Self { address, metrics, serving, stage, server, bundle: String::new(), time: Time::now() }
    }

    pub(crate) async fn start() -> Self {
        Self::with_deadline(server::ANSWER_DEADLINE).await
    }

    pub(crate) async fn with_deadline(answer_deadline: Duration) -> Self {
        let mut webhook = Self::without_certificate(answer_deadline).await;
        let now = Timestamp(webhook.time.seconds());
        let certificates = Certificates::new(&[HOST.to_owned()], &[], now).unwrap();
        webhook.bundle = certificates.bundle();
        webhook.serving.exchange(&certificates.server.certificate, &certificates.server.key).unwrap();
        webhook
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address, HOST, &self.bundle, &self.time).await.unwrap()
    }
}
