//! A clock that goes on while the machine is suspended.
//!
//! A lease runs out in the world, not in this process: after a suspension `CLOCK_MONOTONIC`, which the standard library and
//! tokio read, would still see time left that everybody else has already spent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Reads the time since some fixed moment. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// The time since this machine booted, suspension included.
    #[must_use]
    pub fn boot() -> Self {
        Self::new(since_boot)
    }

    /// A clock of the caller's, such as tokio's, which a test can pause.
    pub fn new(read: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}

fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    // The kernel counts up from zero and keeps nanoseconds below a second.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_boot_only_grows_and_is_no_less_than_the_kernel_says() {
        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = text.split_whitespace().next().unwrap().parse().unwrap();
        let clock = Clock::boot();
        let first = clock.now();
        assert!(first.as_secs_f64() >= uptime, "{first:?} since boot, yet {uptime} s of uptime");
        assert!(clock.now() >= first);
    }
}
