//! `Node` with what the route survey needs, compact enough for a hundred thousand of them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::decode::{Object, Text, object, or_default};

/// A node of the shoot.
///
/// Every `NetworkUnavailable` entry is kept, because two of them are evidence of two writers; of all other conditions only
/// the first `Ready` survives decoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// `metadata.name`; empty where the input has none.
    pub name: Box<str>,
    /// `metadata.uid`; empty where the input has none.
    pub uid: Box<str>,
    /// RFC 3339 text, unchecked.
    pub creation_timestamp: Option<Box<str>>,
    /// RFC 3339 text, unchecked; present once deletion was asked for.
    pub deletion_timestamp: Option<Box<str>>,
    /// `spec.podCIDR`.
    pub pod_cidr: Option<Box<str>>,
    /// `spec.podCIDRs`.
    pub pod_cidrs: Vec<Box<str>>,
    /// Conditions of type `NetworkUnavailable`, in the order of the input.
    pub network_unavailable: Vec<NodeCondition>,
    /// The first condition of type `Ready`.
    pub ready: Option<NodeCondition>,
}

/// A condition of a [`Node`]; its type is the field that holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeCondition {
    /// `True`, `False` or `Unknown`, unchecked.
    pub status: Box<str>,
    /// Machine-readable reason, e.g. `RouteCreated`.
    pub reason: Box<str>,
    /// For people.
    pub message: Box<str>,
    /// RFC 3339 text, unchecked.
    pub last_transition_time: Option<Box<str>>,
    /// RFC 3339 text, unchecked.
    pub last_heartbeat_time: Option<Box<str>>,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let NodeWire { metadata, spec, status } = NodeWire::deserialize(deserializer)?;
        let Conditions { network_unavailable, ready } = status.conditions;
        Ok(Self {
            name: metadata.name,
            uid: metadata.uid,
            creation_timestamp: metadata.creation_timestamp,
            deletion_timestamp: metadata.deletion_timestamp,
            pod_cidr: spec.pod_cidr,
            pod_cidrs: spec.pod_cidrs,
            network_unavailable,
            ready,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeWire {
    #[serde(deserialize_with = "object")]
    metadata: MetadataWire,
    #[serde(deserialize_with = "object")]
    spec: SpecWire,
    #[serde(deserialize_with = "object")]
    status: StatusWire,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MetadataWire {
    #[serde(deserialize_with = "or_default")]
    name: Box<str>,
    #[serde(deserialize_with = "or_default")]
    uid: Box<str>,
    creation_timestamp: Option<Box<str>>,
    deletion_timestamp: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SpecWire {
    #[serde(rename = "podCIDR")]
    pod_cidr: Option<Box<str>>,
    #[serde(rename = "podCIDRs", deserialize_with = "or_default")]
    pod_cidrs: Vec<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusWire {
    #[serde(deserialize_with = "or_default")]
    conditions: Conditions,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A condition before its type is known: kubectl sorts keys, so `type` comes last.
#[derive(Default)]
struct ConditionWire<'a> {
    condition_type: Option<Text<'a>>,
    status: Option<Text<'a>>,
    reason: Option<Text<'a>>,
    message: Option<Text<'a>>,
    last_transition_time: Option<Text<'a>>,
    last_heartbeat_time: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for ConditionWire<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ConditionVisitor;
        impl<'de> Visitor<'de> for ConditionVisitor {
            type Value = ConditionWire<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<ConditionWire<'de>, A::Error> {
                let mut wire = ConditionWire::default();
                while let Some(Key(key)) = access.next_key::<Key<'de>>()? {
                    let (field, name) = match key.as_ref() {
                        "type" => (&mut wire.condition_type, "type"),
                        "status" => (&mut wire.status, "status"),
                        "reason" => (&mut wire.reason, "reason"),
                        "message" => (&mut wire.message, "message"),
                        "lastTransitionTime" => (&mut wire.last_transition_time, "lastTransitionTime"),
                        "lastHeartbeatTime" => (&mut wire.last_heartbeat_time, "lastHeartbeatTime"),
                        _ => {
                            access.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if field.is_some() {
                        return Err(A::Error::duplicate_field(name));
                    }
                    *field = access.next_value()?;
                }
                Ok(wire)
            }
        }
        deserializer.deserialize_map(ConditionVisitor)
    }
}

impl ConditionWire<'_> {
    fn keep<E: Error>(self) -> Result<NodeCondition, E> {
        let boxed = |text: Option<Text<'_>>| text.map(Text::boxed).transpose();
        Ok(NodeCondition {
            status: boxed(self.status)?.unwrap_or_default(),
            reason: boxed(self.reason)?.unwrap_or_default(),
            message: boxed(self.message)?.unwrap_or_default(),
            last_transition_time: boxed(self.last_transition_time)?,
            last_heartbeat_time: boxed(self.last_heartbeat_time)?,
        })
    }
}

#[derive(Default)]
struct Conditions {
    network_unavailable: Vec<NodeCondition>,
    ready: Option<NodeCondition>,
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ConditionsVisitor;
        impl<'de> Visitor<'de> for ConditionsVisitor {
            type Value = Conditions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of conditions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Conditions, A::Error> {
                let mut conditions = Conditions::default();
                while let Some(Object(condition)) = access.next_element::<Object<ConditionWire<'de>>>()? {
                    match condition.condition_type.as_ref().map(|text| &*text.0) {
                        Some(b"NetworkUnavailable") => conditions.network_unavailable.push(condition.keep()?),
                        Some(b"Ready") if conditions.ready.is_none() => conditions.ready = Some(condition.keep()?),
                        _ => {}
                    }
                }
                conditions.network_unavailable.shrink_to_fit();
                Ok(conditions)
            }
        }
        deserializer.deserialize_seq(ConditionsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn keeps_every_network_unavailable_and_the_first_ready() {
        let node: Node = serde_json::from_str(
            r#"{"metadata": {"name": "a", "uid": "u", "creationTimestamp": "2026-11-02T07:12:31Z", "labels": {"x": "y"}},
                "spec": {"podCIDR": "100.96.0.0/24", "podCIDRs": ["100.96.0.0/24", "fd00::/64"]},
                "status": {"images": [1, 2], "conditions": [
                  {"type": "MemoryPressure", "status": "False"},
                  {"lastHeartbeatTime": "h", "lastTransitionTime": "t", "message": "a \"quoted\" one", "reason": "RouteCreated",
                   "status": "False", "type": "NetworkUnavailable"},
                  {"status": "True", "type": "Ready"}, {"status": "False", "type": "Ready"},
                  {"status": "True", "reason": "CalicoIsDown", "type": "NetworkUnavailable"}]}}"#,
        )
        .unwrap();
        assert_eq!((&*node.name, &*node.uid), ("a", "u"));
        assert_eq!(node.creation_timestamp.as_deref(), Some("2026-11-02T07:12:31Z"));
        assert_eq!(node.pod_cidr.as_deref(), Some("100.96.0.0/24"));
        assert_eq!(node.pod_cidrs.len(), 2);
        let reasons: Vec<&str> = node.network_unavailable.iter().map(|condition| &*condition.reason).collect();
        assert_eq!(reasons, ["RouteCreated", "CalicoIsDown"]);
        assert_eq!(&*node.network_unavailable[0].message, "a \"quoted\" one");
        assert_eq!(node.network_unavailable[0].last_heartbeat_time.as_deref(), Some("h"));
        assert_eq!(&*node.ready.unwrap().status, "True");
    }

    #[test]
    fn absent_and_null_read_alike_and_wrong_types_do_not() {
        let empty: Node = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, Node::default());
        let nulls =
            r#"{"metadata": null, "spec": {"podCIDR": null, "podCIDRs": null}, "status": {"conditions": null}}"#;
        assert_eq!(serde_json::from_str::<Node>(nulls).unwrap(), empty);
        for wrong in [
            r#"{"metadata": {"name": 7}}"#,
            r#"{"spec": {"podCIDRs": "10.0.0.0/24"}}"#,
            r#"{"status": {"conditions": {}}}"#,
            r#"{"status": {"conditions": [["False", "RouteCreated"]]}}"#,
            r#"{"metadata": ["name"]}"#,
            r#"{"status": {"conditions": [{"type": "Ready", "type": "Ready"}]}}"#,
            r#"{"status": {"conditions": [{"status": false, "type": "NetworkUnavailable"}]}}"#,
        ] {
            assert!(serde_json::from_str::<Node>(wrong).is_err(), "{wrong}");
        }
        let broken = b"{\"status\": {\"conditions\": [{\"reason\": \"\xff\", \"type\": \"Ready\"}]}}";
        assert!(serde_json::from_slice::<Node>(broken).is_err());
    }

    #[test]
    fn other_sources_than_text_read_alike() {
        let value =
            serde_json::json!({"status": {"conditions": [{"type": "Ready", "status": "True", "reason": null}]}});
        assert_eq!(&*serde_json::from_value::<Node>(value).unwrap().ready.unwrap().status, "True");
    }
}
