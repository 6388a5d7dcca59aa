//! The safety monitor: was encapsulation ever taken away while a counted node had no route?
//!
//! A node counts if it was there when the bundle without encapsulation was written; who joins later finds a shoot without an overlay,
//! as every node will from then on. Judged are both moments: the write of the bundle in the seed, and the change of the pool in the
//! shoot. Resource versions of both clusters are revisions of one etcd, so their order is a fact.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;

use super::journal::{Entry, Side};
use super::landscape::BUNDLE;
use super::scene::text;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    /// How often a pool lost its encapsulation.
    pub(super) removals: usize,
    /// How many nodes were looked at for that.
    pub(super) nodes: usize,
    pub(super) violations: Vec<String>,
}

#[derive(Default)]
struct Monitor {
    nodes: BTreeMap<String, Node>,
    pools: BTreeMap<String, bool>,
    secrets: BTreeMap<(String, String), bool>,
    bundles: BTreeMap<String, bool>,
    /// UIDs of the nodes that were there when a bundle without encapsulation was written.
    counted: Option<Vec<String>>,
    /// The shoot's network is being taken back.
    released: bool,
    judgement: Judgement,
}

struct Node {
    uid: String,
    reason: String,
}

/// Judges what has happened.
pub(super) fn judge(mut history: Vec<Entry>) -> Judgement {
    history.sort_by_key(|entry| entry.revision);
    let mut monitor = Monitor::default();
    for entry in &history {
        monitor.note(entry);
    }
    monitor.judgement
}

impl Monitor {
    fn note(&mut self, entry: &Entry) {
        let (side, kind, namespace, name) = &entry.key;
        match (side, *kind, &entry.object) {
            (Side::Shoot, "Node", Some(node)) => {
                let node = Node { uid: text(node, "/metadata/uid").to_owned(), reason: route(node) };
                self.nodes.insert(name.clone(), node);
            }
            (Side::Shoot, "Node", None) => _ = self.nodes.remove(name),
            (Side::Shoot, "IPPool", Some(pool)) => self.pool(name, encapsulates(pool), entry.revision),
            (Side::Shoot, "IPPool", None) => {
                self.pool(name, false, entry.revision);
                self.pools.remove(name);
            }
            (Side::Seed, "Secret", Some(secret)) => {
                if let Some(encapsulates) = of_secret(secret) {
                    self.secrets.insert((namespace.clone(), name.clone()), encapsulates);
                }
            }
            (Side::Seed, "ManagedResource", Some(bundle)) if name == BUNDLE => {
                if !text(bundle, "/metadata/deletionTimestamp").is_empty() {
                    self.released = true;
                } else {
                    self.bundle(namespace, bundle, entry.revision);
                }
            }
            (Side::Seed, "ManagedResource", None) if name == BUNDLE => self.released = true,
            _ => {}
        }
    }

    fn bundle(&mut self, namespace: &str, bundle: &Value, revision: u64) {
        self.released = false;
        let names = bundle.pointer("/spec/secretRefs").and_then(Value::as_array).into_iter().flatten();
        let key = |found: &Value| (namespace.to_owned(), text(found, "/name").to_owned());
        let known: Vec<bool> = names.filter_map(|found| self.secrets.get(&key(found)).copied()).collect();
        if known.is_empty() {
            return;
        }
        let encapsulates = known.contains(&true);
        let before = self.bundles.insert(namespace.to_owned(), encapsulates);
        if encapsulates {
            self.counted = None;
        } else if before != Some(false) && self.counted.is_none() {
            self.counted = Some(self.nodes.values().map(|node| node.uid.clone()).collect());
            // The first bundle of a new shoot takes nothing away.
            if self.pools.values().any(|encapsulates| *encapsulates) {
                self.look("the bundle without encapsulation was written", revision);
            }
        }
    }

    fn pool(&mut self, name: &str, encapsulates: bool, revision: u64) {
        let before = self.pools.insert(name.to_owned(), encapsulates);
        if before == Some(true) && !encapsulates && !self.released {
            self.judgement.removals += 1;
            let what = format!("pool `{name}` lost its encapsulation");
            if self.counted.is_none() {
                // Or one that was not recognised, and then nobody has looked at the nodes when it was written.
                self.judgement
                    .violations
                    .push(format!("revision {revision}: {what} before a bundle without it was seen"));
            }
            self.look(&what, revision);
        }
    }

    fn look(&mut self, what: &str, revision: u64) {
        let counts = |node: &&Node| self.counted.as_ref().is_none_or(|counted| counted.contains(&node.uid));
        let counted: Vec<(&String, &Node)> = self.nodes.iter().filter(|(_, node)| counts(node)).collect();
        self.judgement.nodes += counted.len();
        for (name, node) in counted.into_iter().filter(|(_, node)| node.reason != "False/RouteCreated") {
            let said = if node.reason.is_empty() { "nothing" } else { &node.reason };
            self.judgement.violations.push(format!("revision {revision}: {what} while node `{name}` said {said}"));
        }
    }
}

/// What a node says of its network; conditions that contradict one another are no route.
fn route(node: &Value) -> String {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let said = conditions.filter(|condition| text(condition, "/type") == "NetworkUnavailable");
    said.map(|condition| format!("{}/{}", text(condition, "/status"), text(condition, "/reason")))
        .collect::<Vec<_>>()
        .join(" ")
}

fn encapsulates(pool: &Value) -> bool {
    ["ipipMode", "vxlanMode"].iter().any(|mode| !["", "Never"].contains(&text(pool, &format!("/spec/{mode}"))))
}

/// Whether the pool in a bundle encapsulates; `None` where this is no bundle with a pool.
fn of_secret(secret: &Value) -> Option<bool> {
    let encoded = text(secret, "/data/config.yaml");
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let bundle = String::from_utf8(bytes).ok()?;
    let pools = bundle.split("\n---\n").filter(|document| document.lines().any(|line| line == "kind: IPPool"));
    let pools: Vec<Value> = pools.filter_map(|document| serde_saphyr::from_str(document).ok()).collect();
    if pools.is_empty() { None } else { Some(pools.iter().any(encapsulates)) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn entry(revision: u64, side: Side, kind: &'static str, name: &str, object: Option<Value>) -> Entry {
        let namespace = if side == Side::Seed { "ns" } else { "" };
        Entry { revision, key: (side, kind, namespace.to_owned(), name.to_owned()), object: object.map(Arc::new) }
    }

    fn node(revision: u64, name: &str, reason: &str) -> Entry {
        let condition = json!([{"type": "NetworkUnavailable", "status": "False", "reason": reason}]);
        let node = json!({"metadata": {"uid": name}, "status": {"conditions": condition}});
        entry(revision, Side::Shoot, "Node", name, Some(node))
    }

    fn pool(revision: u64, mode: &str) -> Entry {
        entry(revision, Side::Shoot, "IPPool", "pool", Some(json!({"spec": {"ipipMode": mode, "vxlanMode": "Never"}})))
    }

    fn bundle(revision: u64, name: &str, mode: &str) -> [Entry; 2] {
        let text = format!("kind: A\n---\nkind: IPPool\nspec:\n  ipipMode: {mode}\n");
        let data = json!({"config.yaml": base64::engine::general_purpose::STANDARD.encode(text)});
        [
            entry(revision, Side::Seed, "Secret", name, Some(json!({"data": data}))),
            entry(
                revision + 1,
                Side::Seed,
                "ManagedResource",
                BUNDLE,
                Some(json!({"spec": {"secretRefs": [{"name": name}]}})),
            ),
        ]
    }

    fn overlay() -> Vec<Entry> {
        let mut history = bundle(1, "on", "Always").to_vec();
        history.extend([node(3, "a", "RouteCreated"), node(4, "b", "RouteCreated"), pool(5, "Always")]);
        history
    }

    #[test]
    fn a_removal_after_every_route_is_in_order_whatever_joins_later() {
        let mut history = overlay();
        history.extend(bundle(10, "off", "Never"));
        history.extend([node(20, "joiner", "CalicoIsUp"), pool(30, "Never")]);
        assert_eq!(judge(history), Judgement { removals: 1, nodes: 4, violations: Vec::new() });
    }

    #[test]
    fn a_bundle_that_is_written_before_a_route_is_found_though_watches_tell_it_late() {
        let mut history = overlay();
        history.extend(bundle(10, "off", "Never"));
        history.push(pool(30, "Never"));
        // Told last, happened first.
        history.push(node(8, "b", "CalicoIsUp"));
        history.push(node(20, "b", "RouteCreated"));
        assert_eq!(
            judge(history).violations,
            ["revision 11: the bundle without encapsulation was written while node `b` said False/CalicoIsUp"]
        );
    }

    #[test]
    fn a_route_that_is_lost_before_the_pool_changes_is_found() {
        let mut history = overlay();
        history.extend(bundle(10, "off", "Never"));
        history.extend([node(20, "a", "CalicoIsDown"), pool(30, "Never")]);
        assert_eq!(
            judge(history).violations,
            ["revision 30: pool `pool` lost its encapsulation while node `a` said False/CalicoIsDown"]
        );
    }

    #[test]
    fn a_bundle_that_is_not_recognised_is_found_though_every_node_has_a_route() {
        let mut history = overlay();
        let [secret, managed_resource] = bundle(10, "off", "Never");
        let unreadable = Entry { object: Some(Arc::new(json!({"data": {"other.yaml": ""}}))), ..secret };
        history.extend([unreadable, managed_resource, pool(30, "Never")]);
        assert_eq!(
            judge(history).violations,
            ["revision 30: pool `pool` lost its encapsulation before a bundle without it was seen"]
        );
    }

    #[test]
    fn a_pool_that_somebody_else_changes_or_deletes_is_found_and_the_end_of_a_shoot_is_not() {
        let mut history = overlay();
        history.extend([node(6, "a", "CalicoIsUp"), pool(7, "Never")]);
        assert_eq!(
            judge(history).violations,
            [
                "revision 7: pool `pool` lost its encapsulation before a bundle without it was seen",
                "revision 7: pool `pool` lost its encapsulation while node `a` said False/CalicoIsUp",
            ]
        );
        let mut history = overlay();
        history.extend([node(6, "a", "CalicoIsUp"), entry(9, Side::Shoot, "IPPool", "pool", None)]);
        assert_eq!(judge(history.clone()).violations.len(), 2);
        history.push(entry(8, Side::Seed, "ManagedResource", BUNDLE, None));
        assert_eq!(judge(history), Judgement::default());
    }
}
