//! Tasks and signals of a process.

use std::io;

use adapter_k8s::client::chain;
use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

/// Tasks that run as long as the process.
#[derive(Default)]
pub(crate) struct Background(JoinSet<&'static str>);

impl Background {
    pub(crate) fn add(&mut self, part: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(async move {
            task.await;
            part
        });
    }

    /// An endpoint, where somebody wants it.
    pub(crate) fn serve(&mut self, part: &'static str, listener: Option<TcpListener>, router: Router) {
        if let Some(listener) = listener {
            tell_address(part, &listener);
            self.add(part, async move {
                if let Err(error) = axum::serve(listener, router).await {
                    tracing::error!(error = chain(&error), "an endpoint failed");
                }
            });
        }
    }

    /// Ends and joins all of them.
    pub(crate) async fn shutdown(&mut self) {
        self.0.shutdown().await;
    }

    /// The first part that ended, which none should. Waits for ever where there is none.
    pub(crate) async fn ended(&mut self) -> &'static str {
        match self.0.join_next().await {
            None => std::future::pending().await,
            Some(Ok(part)) => part,
            Some(Err(_)) => "part that panicked",
        }
    }
}

/// Logs where it is listened.
pub(crate) fn tell_address(part: &'static str, listener: &TcpListener) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "{part}");
    }
}

/// The signals that ask the process to end.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
