//! What happened between two looks, in a line each.

use crate::commands::demo::scene::Scene;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Who or what it happened to.
    pub(super) actor: &'static str,
    pub(super) text: String,
}

/// Everything that is different now.
pub(super) fn between(old: Option<&Scene>, new: &Scene) -> Vec<Change> {
    let nothing = Scene::default();
    let old = old.unwrap_or(&nothing);
    let mut changes = Vec::new();
    let mut say = |actor, text: String| changes.push(Change { actor, text });
    if (&old.operation, &old.description) != (&new.operation, &new.description) && !new.operation.is_empty() {
        say("Network", format!("{}: {}", new.operation, new.description));
    }
    if old.privilege != new.privilege && !new.privilege.is_empty() {
        say("privilege", new.privilege.clone());
    }
    let switch = |scene: &Scene| (scene.phase.clone(), scene.verdict.clone(), scene.message.clone());
    if switch(old) != switch(new) && !new.phase.is_empty() {
        let mut parts = vec![new.phase.clone(), new.verdict.clone()];
        parts.extend([new.reason.clone(), new.message.clone()].into_iter().filter(|part| !part.is_empty()));
        say("switch", parts.join(", "));
    }
    for (name, (reason, message)) in &new.events {
        if old.events.get(name).is_none_or(|told| told.1 != *message) {
            say("Event", format!("{reason}: {message}"));
        }
    }
    if old.applied != new.applied && !new.applied.is_empty() {
        say("bundle", format!("ResourcesApplied {}", new.applied));
    }
    if old.pool != new.pool {
        say("pool", format!("IPIP mode {}", if new.pool.is_empty() { "gone" } else { &new.pool }));
    }
    if old.rollout != new.rollout {
        say(
            "calico-node",
            match new.rollout {
                Some((updated, desired)) => format!("{updated} of {desired} pods are up to date"),
                None => "gone".to_owned(),
            },
        );
    }
    for node in &new.nodes {
        let before = old.nodes.iter().find(|before| before.name == node.name);
        let network = if node.network.is_empty() { "no condition" } else { &node.network };
        match before {
            None => say("node", format!("{} has joined", node.name)),
            Some(before) if before.network != node.network => say("node", format!("{}: {network}", node.name)),
            Some(_) => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::scene::NodeScene;

    fn texts(old: &Scene, new: &Scene) -> Vec<String> {
        between(Some(old), new).into_iter().map(|change| format!("{} {}", change.actor, change.text)).collect()
    }

    #[test]
    fn only_what_is_different_is_told() {
        let node = |network: &str| NodeScene { name: "a".to_owned(), network: network.to_owned(), pod: None };
        let old = Scene {
            operation: "Reconcile Processing 1 %".to_owned(),
            description: "d".to_owned(),
            pool: "Always".to_owned(),
            rollout: Some((1, 2)),
            nodes: vec![node("CalicoIsUp")],
            ..Scene::default()
        };
        assert!(between(Some(&old), &old).is_empty());
        let new = Scene {
            pool: "Never".to_owned(),
            rollout: Some((2, 2)),
            nodes: vec![node("RouteCreated"), NodeScene { name: "b".to_owned(), ..NodeScene::default() }],
            ..old.clone()
        };
        assert_eq!(
            texts(&old, &new),
            [
                "pool IPIP mode Never",
                "calico-node 2 of 2 pods are up to date",
                "node a: RouteCreated",
                "node b has joined"
            ]
        );
        assert_eq!(texts(&new, &Scene::default()), ["pool IPIP mode gone", "calico-node gone"]);
    }
}
