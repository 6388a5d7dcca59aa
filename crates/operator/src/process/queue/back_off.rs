//! How long a key that failed waits.

use std::time::Duration;

/// Exponential: `first`, twice that, four times that, up to `most`. The default is client-go's: 5 ms up to 1000 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// After the first failure in a row.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Default for BackOff {
    fn default() -> Self {
        Self { first: Duration::from_millis(5), most: Duration::from_secs(1_000) }
    }
}

impl BackOff {
    /// The wait after so many earlier failures in a row.
    #[must_use]
    pub fn after(self, earlier_failures: u32) -> Duration {
        2_u32
            .checked_pow(earlier_failures)
            .and_then(|factor| self.first.checked_mul(factor))
            .map_or(self.most, |wait| wait.min(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap() {
        let waits = |failures: u32| BackOff::default().after(failures).as_millis();
        assert_eq!([0, 1, 2, 3, 10, 17].map(waits), [5, 10, 20, 40, 5_120, 655_360]);
        assert_eq!([18, 19, 31, 32, 1_000, u32::MAX].map(waits), [1_000_000; 6]);
    }
}
