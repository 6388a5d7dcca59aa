//! The program under test, started as in a seed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::process::Command;

use super::child::Child;
use super::trouble::Trouble;

/// How the program is started: whoever has other arguments, another identity or another environment says so here.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) log: PathBuf,
}

/// Whether replicas agree on one that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    Off,
    On,
}

/// The Lease of the election, as the Go extension names it.
pub(super) const LEASE_NAMESPACE: &str = "garden";
pub(super) const LEASE_NAME: &str = "networking-calico-leader-election";

/// A running controller.
#[derive(Debug)]
pub(super) struct Controller {
    child: Child,
}

/// A controller ends within 30 s of a signal.
const ENDS_WITHIN: Duration = Duration::from_secs(35);

impl Launch {
    /// The flags of the Go extension's Deployment, with files and ports of their own.
    pub(super) fn new(program: &Path, configuration: &Path, kubeconfig: &Path, election: Election, log: &Path) -> Self {
        let elect = election == Election::On;
        let arguments = vec![
            "run".to_owned(),
            format!("--config-file={}", configuration.display()),
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--leader-election={elect}"),
            format!("--leader-election-namespace={LEASE_NAMESPACE}"),
            "--heartbeat-namespace=garden".to_owned(),
            "--metrics-bind-address=127.0.0.1:0".to_owned(),
            "--health-bind-address=127.0.0.1:0".to_owned(),
        ];
        Self { program: program.to_owned(), arguments, environment: Vec::new(), log: log.to_owned() }
    }

    /// Starts the program with this and nothing else of the environment.
    pub(super) fn start(&self) -> Result<Controller, Trouble> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(self.environment.iter().cloned());
        Ok(Controller { child: Child::start(command, &self.log)? })
    }
}

impl Controller {
    /// Asks it to end, as the kubelet does. It must end well.
    pub(super) async fn stop(mut self) -> Result<(), Trouble> {
        self.child.still_runs()?;
        self.child.signal(Signal::TERM)?;
        let status = self.child.ended(ENDS_WITHIN).await?;
        if status.success() {
            return Ok(());
        }
        Err(Trouble::Other(format!("the controller was asked to end, and ended with {status}")))
    }

    /// The process; `None` where it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it in the middle of whatever it does.
    pub(super) async fn kill(mut self) -> Result<(), Trouble> {
        self.child.still_runs()?;
        self.child.kill().await
    }

    /// It does nothing any more, and does not know it.
    pub(super) fn freeze(&self) -> Result<(), Trouble> {
        self.child.signal(Signal::STOP)
    }

    /// It goes on as if nothing had been.
    pub(super) fn thaw(&self) -> Result<(), Trouble> {
        self.child.signal(Signal::CONT)
    }

    /// Waits until it ends by itself: its exit code.
    pub(super) async fn ends(mut self) -> Result<Option<i32>, Trouble> {
        Ok(self.child.ended(ENDS_WITHIN).await?.code())
    }

    /// Fails where it has ended.
    pub(super) fn still_runs(&mut self) -> Result<(), Trouble> {
        self.child.still_runs()
    }

    pub(super) fn log(&self) -> String {
        self.child.log()
    }

    /// Where that is.
    pub(super) fn log_file(&self) -> &Path {
        self.child.log_file()
    }
}

/// Whether switches are looked at, by the feature gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeamlessSwitch {
    On,
    Off,
}

/// The ControllerConfiguration of the stories: that of a seed, but for a poll that is not waited for long.
pub(super) fn configuration(gate: SeamlessSwitch) -> Value {
    json!({
        "apiVersion": gardener_api::controller_configuration::API_VERSION,
        "kind": gardener_api::controller_configuration::KIND,
        "clientConnection": {"qps": 100, "burst": 130},
        "featureGates": {"SeamlessOverlaySwitch": gate == SeamlessSwitch::On},
        "overlaySwitch": {"pollInterval": "1s"},
    })
}

/// That a controller has panicked. A log that cannot be read might hide it.
pub(super) fn panic_in(log: &Path) -> Option<String> {
    match std::fs::read_to_string(log) {
        Ok(text) => text.lines().find(|line| is_panic(line)).map(|line| format!("a controller panicked: {line}")),
        Err(error) => Some(format!("cannot read `{}`: {error}", log.display())),
    }
}

/// As the controller logs it, or Rust itself before there is a log.
fn is_panic(line: &str) -> bool {
    let message = serde_json::from_str::<Value>(line).ok().and_then(|line| line.get("msg").cloned());
    message.is_some_and(|message| message == "panic") || line.contains("panicked at")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_found_in_a_log_and_nothing_else_is_taken_for_one() {
        let logged = r#"{"level":"error","ts":"2026-11-27T10:00:00.000Z","logger":"process.logs","msg":"panic","panic":"no","place":"a.rs:1:2"}"#;
        assert!(is_panic(logged));
        assert!(is_panic("thread 'main' panicked at crates/operator/src/main.rs:1:2:"));
        assert!(!is_panic(r#"{"level":"info","msg":"reconciled","name":"panic"}"#));
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("controller.log");
        assert!(panic_in(&log).unwrap().starts_with("cannot read `"));
        std::fs::write(&log, format!("{{}}\n{logged}\n")).unwrap();
        assert_eq!(panic_in(&log), Some(format!("a controller panicked: {logged}")));
    }
}
