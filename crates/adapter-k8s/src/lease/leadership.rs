//! Whether this process may still write.
//!
//! # Expected flow
//! The elector owns the [`Grant`] and extends it with each renewal. Whoever writes something that matters asks
//! [`Leadership::check`] right before the request is sent, after everything that may wait: a queue, a rate limit, a retry.
//!
//! # Guarantees
//! The permission ends at the renew deadline, which lies before the end of the lease by more than a request may take. It is
//! counted from the moment *before* the renewal was sent, on a clock that goes on while the machine is suspended. So a process
//! that was frozen, suspended or cut off stops writing before another may start, without having to notice what happened to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Clock;

const NEVER: u64 = 0;
const FOR_EVER: u64 = u64::MAX;

/// The permission to write, as long as it lasts. Cheap to clone; all clones tell the same.
#[derive(Clone, Debug)]
pub struct Leadership {
    clock: Clock,
    /// Nanoseconds of the clock, or [`NEVER`], or [`FOR_EVER`].
    until: Arc<AtomicU64>,
}

/// The hand that gives and takes the permission; there is one, and with it the permission ends.
#[derive(Debug)]
pub struct Grant(Leadership);

/// Why this process may not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeadershipLost {
    /// It does not hold the lease, or has given it back.
    #[error("this process does not lead")]
    NotLeading,
    /// It held the lease and did not renew it in time.
    #[error("this process led until {} ms ago and could not renew its lease", .ago.as_millis())]
    RanOut {
        /// How long the permission has been over.
        ago: Duration,
    },
}

impl Leadership {
    /// A permission that nobody else can have: for commands, tests and `--leader-election=false`.
    #[must_use]
    pub fn always() -> Self {
        Self { clock: Clock::new(|| Duration::ZERO), until: Arc::new(AtomicU64::new(FOR_EVER)) }
    }

    /// A permission and the hand that gives it; it is not given yet.
    #[must_use]
    pub fn granted_by(clock: Clock) -> (Grant, Self) {
        let leadership = Self { clock, until: Arc::new(AtomicU64::new(NEVER)) };
        (Grant(leadership.clone()), leadership)
    }

    /// Whether this process may write now. Asking twice is harmless.
    ///
    /// # Errors
    /// [`LeadershipLost`]: do not send the request, and do not retry; this process is about to end.
    pub fn check(&self) -> Result<(), LeadershipLost> {
        match self.until.load(Ordering::SeqCst) {
            NEVER => Err(LeadershipLost::NotLeading),
            FOR_EVER => Ok(()),
            until => {
                let now = nanoseconds(self.clock.now());
                if now < until {
                    Ok(())
                } else {
                    Err(LeadershipLost::RanOut { ago: Duration::from_nanos(now - until) })
                }
            }
        }
    }

    /// How long the permission still lasts.
    pub(super) fn left(&self) -> Duration {
        let until = self.until.load(Ordering::SeqCst);
        Duration::from_nanos(until).saturating_sub(self.clock.now())
    }
}

impl Grant {
    /// The permission that this hand gives.
    #[must_use]
    pub const fn leadership(&self) -> &Leadership {
        &self.0
    }

    /// Gives or prolongs the permission, up to but not including this moment of the clock.
    pub fn extend(&self, until: Duration) {
        self.0.until.store(nanoseconds(until).clamp(NEVER + 1, FOR_EVER - 1), Ordering::SeqCst);
    }

    /// Takes the permission back at once. Calling it twice is harmless.
    pub fn end(&self) {
        self.0.until.store(NEVER, Ordering::SeqCst);
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.end();
    }
}

/// 584 years fit; beyond that the last moment counts.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn manual_clock() -> (Arc<AtomicU64>, Clock) {
        let milliseconds = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&milliseconds);
        (milliseconds, Clock::new(move || Duration::from_millis(read.load(Ordering::SeqCst))))
    }

    #[test]
    fn the_permission_ends_at_its_moment_in_every_clone() {
        let (time, clock) = manual_clock();
        let (grant, leadership) = Leadership::granted_by(clock);
        let clone = leadership.clone();
        assert_eq!(clone.check(), Err(LeadershipLost::NotLeading));
        grant.extend(Duration::from_secs(10));
        time.store(9_999, Ordering::SeqCst);
        assert_eq!(clone.check(), Ok(()));
        time.store(10_000, Ordering::SeqCst);
        assert_eq!(clone.check(), Err(LeadershipLost::RanOut { ago: Duration::ZERO }));
        time.store(12_500, Ordering::SeqCst);
        let lost = clone.check().unwrap_err();
        assert_eq!(lost, LeadershipLost::RanOut { ago: Duration::from_millis(2_500) });
        assert_eq!(lost.to_string(), "this process led until 2500 ms ago and could not renew its lease");
    }

    #[test]
    fn a_permission_that_was_taken_back_is_over_before_its_moment() {
        let (_, clock) = manual_clock();
        let (grant, leadership) = Leadership::granted_by(clock);
        grant.extend(Duration::from_secs(10));
        grant.end();
        assert_eq!(leadership.check(), Err(LeadershipLost::NotLeading));
        grant.extend(Duration::from_secs(20));
        assert_eq!(leadership.check(), Ok(()));
        drop(grant);
        assert_eq!(leadership.check(), Err(LeadershipLost::NotLeading));
    }

    #[test]
    fn a_process_without_rivals_always_leads() {
        assert_eq!(Leadership::always().check(), Ok(()));
    }
}
