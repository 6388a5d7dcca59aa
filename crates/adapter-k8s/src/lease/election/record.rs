//! The record in a Lease: who may take it, and what is then written. Pure; the same rules as client-go's.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;

/// Whose the lease is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nobody's, ours, or that of a holder who did not renew it in time.
    Free,
    /// This holder's.
    HeldBy(String),
}

/// Judges a record that has not changed for `unchanged`, as measured here.
pub(super) fn claim(record: Option<&LeaseSpec>, me: &str, unchanged: Duration) -> Claim {
    let Some(record) = record else { return Claim::Free };
    let duration = Duration::from_secs(u64::try_from(record.lease_duration_seconds.unwrap_or(0)).unwrap_or(0));
    match record.holder_identity.as_deref() {
        None | Some("") => Claim::Free,
        Some(holder) if holder == me || unchanged >= duration => Claim::Free,
        Some(holder) => Claim::HeldBy(holder.to_owned()),
    }
}

/// The record that makes `me` the holder, as a renewal where it is already.
pub(super) fn claimed(current: Option<&LeaseSpec>, me: &str, duration: Duration, now: Timestamp) -> LeaseSpec {
    let renewal = current.filter(|record| record.holder_identity.as_deref() == Some(me));
    let transitions = match (renewal, current) {
        (Some(record), _) => record.lease_transitions.unwrap_or(0),
        (None, Some(record)) => record.lease_transitions.unwrap_or(0).saturating_add(1),
        (None, None) => 0,
    };
    LeaseSpec {
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: Some(i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)),
        acquire_time: renewal.and_then(|record| record.acquire_time.clone()).or(Some(MicroTime(now))),
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(transitions),
        ..LeaseSpec::default()
    }
}

/// The record that makes nobody the holder. The API server wants a duration, so it is the shortest.
pub(super) fn released(current: Option<&LeaseSpec>, now: Timestamp) -> LeaseSpec {
    LeaseSpec {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(1),
        acquire_time: Some(MicroTime(now)),
        renew_time: Some(MicroTime(now)),
        lease_transitions: current.and_then(|record| record.lease_transitions),
        ..LeaseSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(json: serde_json::Value) -> LeaseSpec {
        serde_json::from_value(json).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn only_a_holder_who_renewed_in_time_keeps_the_others_out() {
        let held = |holder: &str, seconds: i32| {
            record(
                json!({"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": "2020-01-01T00:00:00.000000Z"}),
            )
        };
        let seconds = Duration::from_secs;
        for (record, unchanged, expected) in [
            (None, seconds(0), Claim::Free),
            (Some(record(json!({}))), seconds(0), Claim::Free),
            (Some(held("", 15)), seconds(0), Claim::Free),
            (Some(held("me", 15)), seconds(0), Claim::Free),
            (Some(held("me", 15)), seconds(3_600), Claim::Free),
            // The renewTime lies years back: it is not looked at.
            (Some(held("other", 15)), seconds(0), Claim::HeldBy("other".to_owned())),
            (Some(held("other", 15)), Duration::from_millis(14_999), Claim::HeldBy("other".to_owned())),
            (Some(held("other", 15)), seconds(15), Claim::Free),
            (Some(held("other", 1)), seconds(1), Claim::Free),
            (Some(held("other", 0)), seconds(0), Claim::Free),
            (Some(held("other", -1)), seconds(0), Claim::Free),
            (Some(record(json!({"holderIdentity": "other"}))), seconds(0), Claim::Free),
        ] {
            assert_eq!(claim(record.as_ref(), "me", unchanged), expected, "{record:?} after {unchanged:?}");
        }
    }

    #[test]
    fn a_renewal_keeps_what_a_take_over_changes() {
        let lease = Duration::from_secs(15);
        let now = at("2026-11-26T10:00:00.1234567Z");
        let written = |current: Option<&LeaseSpec>| serde_json::to_value(claimed(current, "me", lease, now)).unwrap();
        assert_eq!(
            written(None),
            json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 0,
                "acquireTime": "2026-11-26T10:00:00.123456Z", "renewTime": "2026-11-26T10:00:00.123456Z"})
        );
        let theirs = record(json!({"holderIdentity": "other", "leaseDurationSeconds": 15, "leaseTransitions": 6,
            "acquireTime": "2026-11-26T08:00:00.000001Z", "renewTime": "2026-11-26T09:00:00.000001Z",
            "preferredHolder": "other", "strategy": "OldestEmulationVersion"}));
        assert_eq!(
            written(Some(&theirs)),
            json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 7,
                "acquireTime": "2026-11-26T10:00:00.123456Z", "renewTime": "2026-11-26T10:00:00.123456Z"})
        );
        let ours = record(json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 7,
            "acquireTime": "2026-11-26T08:00:00.000001Z", "renewTime": "2026-11-26T09:00:00.000001Z"}));
        assert_eq!(
            written(Some(&ours)),
            json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 7,
                "acquireTime": "2026-11-26T08:00:00.000001Z", "renewTime": "2026-11-26T10:00:00.123456Z"})
        );
    }

    #[test]
    fn a_released_lease_has_no_holder_and_keeps_its_count() {
        let ours = record(json!({"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 7,
            "acquireTime": "2026-11-26T08:00:00.000001Z", "renewTime": "2026-11-26T09:00:00.000001Z"}));
        assert_eq!(
            serde_json::to_value(released(Some(&ours), at("2026-11-26T10:00:00Z"))).unwrap(),
            json!({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 7,
                "acquireTime": "2026-11-26T10:00:00.000000Z", "renewTime": "2026-11-26T10:00:00.000000Z"})
        );
    }
}
