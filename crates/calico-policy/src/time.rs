//! Points in time as plain numbers: the core reads no clock and parses no text.

use core::time::Duration;

/// Seconds since 1970-01-01T00:00:00Z, the resolution of Kubernetes' condition timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This point moved into the future, saturating at the end of the range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)))
    }

    /// This point moved into the past, saturating at the start of the range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)))
    }
}

/// A duration as a whole number of seconds, for `serde(with)`.
#[cfg(feature = "serde")]
pub(crate) mod seconds {
    use core::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_secs())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_never_goes_negative() {
        assert_eq!(Timestamp(10).since(Timestamp(4)), Duration::from_secs(6));
        assert_eq!(Timestamp(4).since(Timestamp(10)), Duration::ZERO);
        assert_eq!(Timestamp(i64::MAX).since(Timestamp(i64::MIN)), Duration::from_secs(i64::MAX.unsigned_abs()));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn durations_are_read_in_seconds() {
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, U64Deserializer};

        let read: U64Deserializer<Error> = 90_u64.into_deserializer();
        assert_eq!(seconds::deserialize(read), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn moving_saturates() {
        assert_eq!(Timestamp(i64::MAX).plus(Duration::from_secs(1)), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN).minus(Duration::MAX), Timestamp(i64::MIN));
        assert_eq!(Timestamp(100).minus(Duration::from_secs(60)), Timestamp(40));
    }
}
