//! How many runs the sweeps make, of one operation and altogether.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::operation::Operation;

static ALL: AtomicUsize = AtomicUsize::new(0);

/// The runs of one sweep.
pub(crate) struct Runs {
    operation: Operation,
    disturbance: &'static str,
    runs: usize,
}

impl Runs {
    pub(crate) const fn of(operation: Operation, disturbance: &'static str) -> Self {
        Self { operation, disturbance, runs: 0 }
    }

    pub(crate) const fn count(&mut self) {
        self.runs += 1;
    }

    /// The sweep is over. Fewer runs than there were once mean that it has become empty. The last total told is that of all sweeps.
    pub(crate) fn finish(self, at_least: usize) {
        let Self { operation, disturbance, runs } = self;
        let total = ALL.fetch_add(runs, Ordering::Relaxed) + runs;
        eprintln!("{operation:?}: {runs} runs with {disturbance}; {total} in total so far");
        assert!(runs >= at_least, "{operation:?}: only {runs} runs with {disturbance}");
    }
}
