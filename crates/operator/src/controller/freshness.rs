//! Whether a Network was read in a state that is at least as new as the one that the watch has told of.
//!
//! An API server answers so. What stands before it, or a server that lags, need not: a request that such an answer does not show yet would
//! be missed, because nothing wakes the Network for it again, and what such an answer still shows may have been called off. So nothing is
//! concluded from it, and the look is put off.

use std::cmp::Ordering;
use std::time::Duration;

use adapter_k8s::read::version;
use gardener_api::network::Network;

use super::NetworkKey;

/// The `resourceVersion` of the state of a Network that the watch has told of last; `None` where it knows of no such Network.
pub type ToldState = dyn Fn(&NetworkKey) -> Option<String> + Send + Sync;

/// How soon the next look follows one that was put off: each time later, so that a server that lags for long is not asked all the time.
const SOON: Duration = Duration::from_millis(50);
const AT_LAST: Duration = Duration::from_secs(5);

/// How a state that was read stands to the one that was told of before it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It is that one or a later one, or none was told of.
    Current,
    /// It is an earlier one.
    Behind,
    /// They are two, and versions of this form have no order.
    Unknown,
}

impl Freshness {
    /// `read` is `None` where the answer was that there is no such Network.
    pub(super) fn of(read: Option<&Network>, told: Option<&str>) -> Self {
        match (read, told) {
            (_, None) => Self::Current,
            // The watch will say so, too.
            (None, Some(_)) => Self::Behind,
            (Some(network), Some(told)) => match version::order(&network.metadata.resource_version, told) {
                Some(Ordering::Less) => Self::Behind,
                Some(Ordering::Equal | Ordering::Greater) => Self::Current,
                None => Self::Unknown,
            },
        }
    }

    /// For how long the look is put off, after so many times in a row; `None` where it counts.
    pub(super) fn puts_off(self, times: u32) -> Option<Duration> {
        match self {
            Self::Behind => Some(2_u32.checked_pow(times).map_or(AT_LAST, |factor| (SOON * factor).min(AT_LAST))),
            // The second answer was given after the first one, and by then whatever lagged has caught up.
            Self::Unknown => (times == 0).then_some(SOON),
            Self::Current => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(version: &str) -> Network {
        let mut network = Network::default();
        network.metadata.resource_version = version.to_owned();
        network
    }

    #[test]
    fn a_state_is_held_against_the_one_that_was_told_of() {
        for (read, told, expected) in [
            (Some("9"), None, Freshness::Current),
            (None, None, Freshness::Current),
            (Some("9"), Some("9"), Freshness::Current),
            (Some("10"), Some("9"), Freshness::Current),
            (Some("9"), Some("10"), Freshness::Behind),
            (None, Some("9"), Freshness::Behind),
            (Some("a"), Some("a"), Freshness::Current),
            (Some("b"), Some("a"), Freshness::Unknown),
        ] {
            assert_eq!(Freshness::of(read.map(network).as_ref(), told), expected, "{read:?} {told:?}");
        }
    }

    #[test]
    fn who_is_behind_is_waited_for_and_who_may_be_is_asked_once_more() {
        let waits = |freshness: Freshness| {
            [0, 1, 2, 6, 7, 40].map(|times| freshness.puts_off(times).map(|wait| wait.as_millis()))
        };
        let behind = [50, 100, 200, 3_200, 5_000, 5_000].map(Some);
        assert_eq!(waits(Freshness::Behind), behind);
        assert_eq!(waits(Freshness::Unknown), [Some(50), None, None, None, None, None]);
        assert_eq!(waits(Freshness::Current), [None; 6]);
    }
}
