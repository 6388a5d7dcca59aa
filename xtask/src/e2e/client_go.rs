//! A replica with client-go's election, as the Go extension is one: the program of `xtask/client-go`.

use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::child::Child;
use super::controller::{LEASE_NAME, LEASE_NAMESPACE};
use super::servers::EXTENSION;
use super::stage::Stage;
use super::trouble::Trouble;

/// A running contender.
#[derive(Debug)]
pub(super) struct ClientGo {
    child: Child,
}

/// How long it lets others wait after a renewal.
pub(super) const LEASE_DURATION: Duration = Duration::from_secs(8);
const ENDS_WITHIN: Duration = Duration::from_secs(30);
const SAYS_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

impl ClientGo {
    /// Starts one of this identity, with the rights of the extension.
    pub(super) fn start(stage: &Stage<'_>, identity: &str) -> Result<Self, Trouble> {
        let settings = &stage.lane.settings;
        let program = settings.client_go.as_ref();
        let program = program.ok_or_else(|| Trouble::Other("`xtask/client-go` was not built".to_owned()))?;
        let kubeconfig = stage.lane.folder.join(format!("{identity}-kubeconfig"));
        std::fs::write(&kubeconfig, stage.lane.seed.kubeconfig(EXTENSION))
            .map_err(Trouble::machine(format!("cannot write `{}`", kubeconfig.display())))?;
        let mut command = Command::new(program);
        command.arg(&kubeconfig).args([LEASE_NAMESPACE, LEASE_NAME, identity]);
        Ok(Self { child: Child::start(command, &stage.lane.folder.join(format!("{identity}.log")))? })
    }

    /// Waits until it has said this line.
    pub(super) async fn says(&mut self, line: &str) -> Result<(), Trouble> {
        let started = Instant::now();
        while !self.has_said(line) {
            self.child.still_runs()?;
            if started.elapsed() > SAYS_WITHIN {
                return Err(Trouble::InVain { what: format!("`{line}` of client-go"), seen: self.child.log() });
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    pub(super) fn has_said(&self, line: &str) -> bool {
        self.child.log().lines().any(|said| said == line)
    }

    /// Asks it to end, upon which it gives the Lease back.
    pub(super) async fn stop(mut self) -> Result<(), Trouble> {
        self.child.still_runs()?;
        self.child.signal(Signal::TERM)?;
        let status = self.child.ended(ENDS_WITHIN).await?;
        if status.success() { Ok(()) } else { Err(Trouble::Other(format!("client-go ended with {status}"))) }
    }

    /// Ends it as a crash does: the Lease stays its own until that has run out.
    pub(super) async fn kill(mut self) -> Result<(), Trouble> {
        self.child.still_runs()?;
        self.child.kill().await
    }
}
