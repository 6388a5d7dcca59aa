//! A seed that does not always do what it should.

use std::time::Duration;

use fake_apiserver::{Effect, Fault, Server};

use super::landscape::seed::{OURS, Seed};

/// Faults that go on until they are ended.
pub(crate) struct Trouble(Server);

/// How many requests go wrong, by whichever effect.
const SHARE: f64 = 0.01;
/// Events after which a watch breaks.
const WATCH_BREAKS_AFTER: usize = 300;

impl Trouble {
    pub(crate) fn begin(seed: &Seed) -> Self {
        let effects = [
            Effect::Status { code: 500, retry_after: None },
            Effect::Status { code: 409, retry_after: None },
            Effect::Status { code: 429, retry_after: Some(1) },
            Effect::Latency(Duration::from_secs(1)),
            Effect::ConnectionReset,
            Effect::LostResponse,
            Effect::StaleRead { revisions: 20 },
        ];
        let each = SHARE / effects.len() as f64;
        for effect in effects {
            seed.server.faults().add(Fault::new(effect).user_agent(OURS).probability(each));
        }
        let breaks = Effect::DroppedWatch { after: WATCH_BREAKS_AFTER };
        seed.server.faults().add(Fault::new(breaks).user_agent(OURS));
        Self(seed.server.clone())
    }

    /// How many requests were hit.
    pub(crate) fn end(self) -> usize {
        let hits = self.0.faults().hits();
        self.0.faults().clear();
        hits
    }
}
