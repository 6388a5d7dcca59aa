//! The time of day, as far as tokio's clock has come.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that goes with tokio's: where that is paused and advanced, so is this one. Clones show the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that shows this time now. Needs a tokio runtime where the clock of tests is paused.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, started: Instant::now() }
    }

    /// A clock that shows the time of the system.
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// The time as Kubernetes writes it, in whole seconds.
    pub fn seconds(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The time as gardenlet writes it, with nanoseconds.
    pub fn nanoseconds(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
    }

    /// Time since the clock was set.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_with_the_paused_clock() {
        let clock = Clock::starting_at("2026-11-26T10:00:00Z".parse().unwrap());
        tokio::time::advance(Duration::from_millis(61_500)).await;
        assert_eq!(clock.seconds(), "2026-11-26T10:01:01Z");
        assert_eq!(clock.nanoseconds(), "2026-11-26T10:01:01.500000000Z");
    }
}
