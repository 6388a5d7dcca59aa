//! The controller: this program, started as in a seed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::DemoError;
use super::folder::Folder;

/// A running controller.
#[derive(Debug)]
pub(super) struct Controller {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    log: PathBuf,
}

/// Tells why a controller has ended that should run.
pub(super) type Obituary = watch::Sender<Option<String>>;

/// A controller ends within 30 s of a signal.
const ENDS_WITHIN: Duration = Duration::from_secs(35);
/// How much of its log is shown when it ends by itself.
const LAST_LINES: usize = 3;

impl Controller {
    /// Starts one for a seed. Its log goes into the folder.
    pub(super) fn start(
        folder: &Folder,
        seed: &str,
        kubeconfig: &Path,
        configuration: &str,
        obituary: Obituary,
    ) -> Result<Self, DemoError> {
        let failed = |what| move |source| DemoError::Machine { what, source };
        let configuration = folder.write(&format!("{seed}-controller.yaml"), configuration)?;
        let log = folder.path().join(format!("{seed}-controller.log"));
        let sink = std::fs::File::create(&log).map_err(failed("cannot write the log of the controller"))?;
        let program = std::env::current_exe().map_err(failed("cannot find this program"))?;
        let flag = |name: &str, value: &Path| format!("--{name}={}", value.display());
        let child = Command::new(program)
            .arg("run")
            .arg(flag("config-file", &configuration))
            .arg(flag("kubeconfig", kubeconfig))
            .args(["--leader-election-namespace=garden", "--heartbeat-namespace=garden"])
            .args(["--metrics-bind-address=127.0.0.1:0", "--health-bind-address=127.0.0.1:0"])
            .env_remove("KUBECONFIG")
            .env_remove("IMAGEVECTOR_OVERWRITE")
            .env_remove("LEADER_ELECTION_NAMESPACE")
            .env_remove("GARDENER_SHOOT_CLIENT")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(sink)
            // What a terminal sends to us is not for it: it is stopped last.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed("cannot start the controller"))?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(supervise(child, stopped, log.clone(), obituary));
        Ok(Self { stop, task, log })
    }

    /// Asks it to end, as the kubelet does, and waits for that.
    pub(super) async fn stop(self) {
        drop(self.stop);
        // It cannot fail, only panic, and then the child is killed with it.
        let _ = self.task.await;
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }
}

async fn supervise(mut child: Child, stopped: oneshot::Receiver<()>, log: PathBuf, obituary: Obituary) {
    tokio::select! {
        status = child.wait() => {
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            obituary.send_replace(Some(format!("{status}, see {}:\n{}", log.display(), last_lines(&log))));
        }
        _ = stopped => {
            let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            if let Some(pid) = pid {
                // It may have ended meanwhile.
                let _ = kill_process(pid, Signal::TERM);
            }
            if timeout(ENDS_WITHIN, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }
}

fn last_lines(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n")
}
