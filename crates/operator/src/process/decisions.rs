//! What was decided, for the log and the metrics: one line per decision.

use std::sync::Arc;

use calico_policy::Decision;
use calico_policy::privilege::PrivilegedBecause;

use super::metrics::SwitchMetrics;
use crate::controller::{NetworkKey, Observer, WatchCounts};

/// Tells log and metrics.
#[derive(Clone, Debug)]
pub struct Decisions(Arc<SwitchMetrics>);

impl Decisions {
    /// Tells these metrics.
    #[must_use]
    pub const fn new(metrics: Arc<SwitchMetrics>) -> Self {
        Self(metrics)
    }
}

impl Observer for Decisions {
    fn decided(&self, key: &NetworkKey, inputs: &str, decision: &Decision) {
        self.0.decided(key, decision);
        let mode = decision.privilege.mode;
        tracing::info!(
            inputs,
            verdict = decision.overlay.kind().code(),
            reason = decision.overlay.reason(),
            phase = decision.phase.code(),
            bundle = decision.bundle.code(),
            privilege = mode.code(),
            because = mode.because().map(PrivilegedBecause::code),
            details = decision.overlay.message(),
            "decided"
        );
    }

    fn forgotten(&self, key: &NetworkKey) {
        self.0.forgotten(key);
    }

    fn watching(&self, counts: WatchCounts) {
        self.0.watching(counts);
    }
}
