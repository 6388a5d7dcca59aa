//! A part of the world that runs.

use std::future::Future;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A task. Stopped, it ends between two requests; dropped, at once.
#[derive(Debug)]
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts what runs until it is stopped.
    pub(super) fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            tokio::select! {
                _ = stopped => {}
                () = work => {}
            }
        });
        Self { stop: Some(stop), task: Some(task) }
    }

    /// Ends it and waits for the end.
    pub async fn stop(mut self) {
        self.stop.take();
        if let Some(task) = self.task.take() {
            // It fails only where the task panicked, which its owner sees in what it did not do.
            let _ended = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
