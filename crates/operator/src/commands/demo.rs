//! `demo`: a seed and a shoot on this machine, with the real controller between them.
//!
//! Two API servers listen on loopback. Around them live gardenlet, gardener-resource-manager, the machines of the shoot and a route
//! writer; the controller is this same program as a process of its own, started as in a seed. Whether the story ended as it should is
//! judged by the objects that are read back over HTTP at the end.

mod controller;
mod ending;
mod folder;
mod landscape;
mod pace;
mod scene;
mod stage;
mod stories;
mod view;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use controller::Obituary;
use ending::Check;
use fake_apiserver::world::RequestError;
use stage::Stage;
use tokio::signal::unix::{SignalKind, signal};
use view::Screen;

use super::{Ending, note};
use crate::cli::DemoArguments;

/// How long connections may take to close at the end.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Why a story could not be told to its end.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    /// Something of this machine is missing.
    #[error("{what}: {source}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// An API server cannot be built.
    #[error("an API server cannot be built")]
    Server(#[from] fake_apiserver::BuildError),
    /// A request failed.
    #[error("a request failed: {0}")]
    Request(String),
    /// gardenlet would have failed the operation on the shoot.
    #[error(transparent)]
    Gardenlet(#[from] fake_apiserver::world::gardenlet::WaitError),
    /// Something did not come about.
    #[error("waited {} s in vain until {what}; last seen: {last}", .after.as_secs())]
    InVain {
        /// What was waited for.
        what: &'static str,
        /// How long.
        after: Duration,
        /// What the Network said last.
        last: String,
    },
    /// The controller ended by itself.
    #[error("the controller ended: {0}")]
    Controller(String),
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Whoever read our output has closed it.
    #[error("nobody looks on")]
    Unread,
}

/// Tells a story. The exit code is 0 if it ended as it should.
#[must_use]
pub(super) fn run(arguments: &DemoArguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            note(&format!("error: the runtime cannot be started: {error}"));
            return Ending::Invalid.into();
        }
    };
    let result = runtime.block_on(tell(arguments));
    runtime.shutdown_timeout(LEFTOVERS);
    match result {
        Ok(checks) if checks.iter().all(Check::holds) => Ending::Fine.into(),
        Ok(_) => Ending::Invalid.into(),
        // As for every command, that is no failure.
        Err(DemoError::Unread) => Ending::Fine.into(),
        Err(error) => {
            note(&format!("error: {error}"));
            Ending::Invalid.into()
        }
    }
}

async fn tell(arguments: &DemoArguments) -> Result<Vec<Check>, DemoError> {
    let failed = |source| DemoError::Machine { what: "cannot wait for signals", source };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let obituary = Obituary::new(None);
    let mut dead = obituary.subscribe();
    let screen = Arc::new(Screen::new(arguments.story));
    let mut stage = Stage::build(arguments, Arc::clone(&screen), obituary).await?;
    let result = tokio::select! {
        biased;
        _ = interrupt.recv() => Err(DemoError::Interrupted),
        _ = terminate.recv() => Err(DemoError::Interrupted),
        () = screen.unread() => Err(DemoError::Unread),
        why = dead.wait_for(Option::is_some) => {
            let why = why.ok().and_then(|why| why.clone());
            Err(DemoError::Controller(why.unwrap_or_default()))
        }
        result = stories::play(arguments.story, &mut stage) => result,
    };
    stage.curtain().await;
    if let Ok(checks) = &result {
        print(&ending::text(arguments.story, checks, screen.palette()));
    }
    let left = matches!(result, Err(DemoError::Interrupted | DemoError::Unread));
    if arguments.keep && !left {
        print(&stage.invitation());
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
    let ended = result.as_ref().is_ok_and(|checks| checks.iter().all(Check::holds));
    stage.strike(ended || left).await;
    result
}

/// Nobody is left to tell if that fails.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

impl From<RequestError> for DemoError {
    fn from(error: RequestError) -> Self {
        Self::Request(error.to_string())
    }
}
