//! calico-node as a nuisance: whatever phase a switch is in, it starts and stops on every node and says so, over whatever was said
//! before. The API server knows it by its service account, which is what the guard goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_apiserver::world::guard::CALICO;
use fake_apiserver::world::{Clock, Cluster, Kind, kinds};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::journal::{Side, View};
use super::scene::{Scene, text};
use super::trouble::Trouble;

/// calico-node while it is restarted all the time.
pub(super) struct Nuisance {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Written>,
}

/// What it wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Writes that were answered well, by the phase that the status showed before.
    pub(super) by_phase: BTreeMap<String, usize>,
    pub(super) refused: usize,
}

/// Between two restarts of all of them, unless something changes.
const PAUSE: Duration = Duration::from_millis(200);

impl Nuisance {
    pub(super) fn start(view: View, shoot: Cluster, namespace: &str, policy: Kind) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(view, shoot, namespace.to_owned(), policy, stopped));
        Self { stop, task }
    }

    /// Ends it and says what it wrote.
    pub(super) async fn stop(self) -> Result<Written, Trouble> {
        drop(self.stop);
        self.task.await.map_err(|error| Trouble::Other(error.to_string()))
    }
}

impl Written {
    /// Whether anything was written in each of these phases.
    pub(super) fn in_each_of(&self, phases: &[&str]) -> bool {
        phases.iter().all(|phase| self.by_phase.get(*phase).is_some_and(|count| *count > 0))
    }

    pub(super) fn total(&self) -> usize {
        self.by_phase.values().sum()
    }
}

async fn run(
    view: View,
    shoot: Cluster,
    namespace: String,
    policy: Kind,
    mut stopped: oneshot::Receiver<()>,
) -> Written {
    let clock = Clock::system();
    let mut written = Written::default();
    let mut changes = view.changes();
    let [account, _] = CALICO;
    loop {
        for (status, reason) in [("True", "CalicoIsDown"), ("False", "CalicoIsUp")] {
            for node in view.list(Side::Shoot, &kinds::NODE) {
                let now = clock.seconds();
                let condition = json!({
                    "type": "NetworkUnavailable", "status": status, "reason": reason, "message": "by the nuisance",
                    "lastHeartbeatTime": now, "lastTransitionTime": now,
                });
                let phase = Scene::watched(&view, &namespace, &policy).phase().to_owned();
                match shoot.set_node_condition(text(&node, "/metadata/name"), &condition, Some(account)).await {
                    Ok(_) => *written.by_phase.entry(phase).or_default() += 1,
                    // The node has gone, or the server has.
                    Err(_) => written.refused += 1,
                }
            }
        }
        tokio::select! {
            _ = &mut stopped => return written,
            // Either will do: a change, or the end of the pause.
            _ = timeout(PAUSE, changes.changed()) => {}
        }
    }
}
