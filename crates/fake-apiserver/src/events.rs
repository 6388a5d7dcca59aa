//! Events have two faces: of the core group, in which they are stored, and of `events.k8s.io`.

use serde_json::Value;

use crate::object;

/// Fields that have another name in `events.k8s.io`: the core's first.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// Turns an event of `events.k8s.io` into one of the core group.
pub(crate) fn to_core(event: &mut Value) {
    for (core, other) in NAMES {
        rename(event, other, core);
    }
}

/// Turns an event of the core group into one of `events.k8s.io`.
pub(crate) fn from_core(event: &mut Value) {
    for (core, other) in NAMES {
        rename(event, core, other);
    }
}

fn rename(event: &mut Value, from: &str, to: &str) {
    let fields = object::fields(event);
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_has_two_faces() {
        let core = json!({"message": "m", "reason": "r", "involvedObject": {"name": "n"}, "count": 2});
        let other = json!({"note": "m", "reason": "r", "regarding": {"name": "n"}, "deprecatedCount": 2});
        let mut event = core.clone();
        from_core(&mut event);
        assert_eq!(event, other);
        to_core(&mut event);
        assert_eq!(event, core);
    }
}
