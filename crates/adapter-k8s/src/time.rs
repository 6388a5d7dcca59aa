//! Timestamps of the Kubernetes API.

use calico_policy::time::Timestamp;

/// A text that is no RFC 3339 timestamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 timestamp")]
pub struct TimestampError {
    /// The text.
    pub text: String,
}

/// Reads a timestamp such as `2026-11-24T10:00:00Z`; fractions of a second are dropped.
///
/// # Errors
/// [`TimestampError`] for anything that is no RFC 3339 timestamp, impossible dates included.
pub fn parse(text: &str) -> Result<Timestamp, TimestampError> {
    match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) => Ok(Timestamp(timestamp.as_second())),
        Err(_) => Err(TimestampError { text: text.to_owned() }),
    }
}

/// Reads a timestamp that may be missing.
///
/// # Errors
/// As [`parse`].
pub fn parse_optional(text: Option<&str>) -> Result<Option<Timestamp>, TimestampError> {
    text.map(parse).transpose()
}

/// Writes a timestamp as the Kubernetes API does; empty where it lies outside of the years that RFC 3339 can express.
#[must_use]
pub fn format(timestamp: Timestamp) -> String {
    jiff::Timestamp::from_second(timestamp.0).map(|timestamp| timestamp.to_string()).unwrap_or_default()
}

/// The time now, with milliseconds, for logs.
#[must_use]
pub fn now_with_milliseconds() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_what_the_api_writes() {
        assert_eq!(parse("1970-01-01T00:01:00Z"), Ok(Timestamp(60)));
        assert_eq!(parse("2026-11-23T09:01:49.123456789Z"), Ok(Timestamp(1_795_424_509)));
        assert_eq!(format(Timestamp(1_795_424_509)), "2026-11-23T09:01:49Z");
    }

    #[test]
    fn refuses_impossible_timestamps() {
        for text in ["", "yesterday", "2026-02-30T00:00:00Z", "2026-11-23 09:01:49", "2026-11-23T25:00:00Z"] {
            assert_eq!(parse(text), Err(TimestampError { text: text.to_owned() }), "{text}");
        }
    }
}
