//! The server on a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::kubeconfig;
use super::service::ApiService;
use crate::api::Api;

/// A server that listens. Dropped, it stops at once; [`Serving::stop`] lets running requests end.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

/// After an error of the listener, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

impl Serving {
    pub(super) fn start(api: &Arc<Api>, listener: TcpListener) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(ApiService::new(Arc::clone(api), stopped.clone()), listener, stopped));
        Ok(Self { address, stop, task: Some(task) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A kubeconfig for it. `name` is that of cluster, user and context; `token` one that the server knows.
    pub fn kubeconfig(&self, name: &str, token: Option<&str>) -> String {
        kubeconfig::text(self.address, name, token)
    }

    /// Stops: nothing new is accepted, watches end, other requests are answered.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // It only fails if it was aborted or panicked, and then it has ended as well.
            let _ended = task.await;
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn accept(service: ApiService, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(service.clone(), stream, stopped.clone()))),
                Err(_) => sleep(PAUSE).await,
            },
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(service: ApiService, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    // Small answers must not wait for more to come.
    let _best_effort = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // An error is one of the client, or a fault that breaks the connection on purpose.
        _ = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}
