//! The operations that are swept: what is there before, what gardenlet asks for, and what happens meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::play;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    NoOp,
    /// A switch that waits for a route which does not come.
    Held,
    /// A switch that waits for a route which comes.
    Switch,
    Restore,
    Migrate,
    Delete,
    ForceDelete,
}

/// How an operation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// gardenlet calls it ready.
    Ready,
    /// It goes on waiting.
    Held,
    Migrated,
    Gone,
}

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));
/// When the missing route comes.
const ROUTE_COMES: Duration = Duration::from_secs(6);
/// How long a switch that is held is watched.
const HELD_FOR: Duration = Duration::from_secs(6);

impl Operation {
    pub(crate) async fn prepare(self) -> World {
        let mut world = World::new();
        match self {
            Self::Create => {
                world.node("a", CALICO);
            }
            Self::NoOp | Self::Migrate | Self::Delete | Self::ForceDelete => {
                world.node("a", CALICO);
                world.ask("reconcile", overlay(true));
                play::until_quiet(&mut world).await;
            }
            Self::Held | Self::Switch => {
                world.node("a", ROUTE).node("b", CALICO);
                world.ask("reconcile", overlay(true));
                play::until_quiet(&mut world).await;
            }
            // The shoot lives, this seed knows nothing of it but what the old one has recorded.
            Self::Restore => {
                world.node("a", ROUTE);
                world.shoot.restore(pool()).unwrap();
                world.ask("wait-for-state", overlay(false));
                world.edit(|network| network["status"]["state"] = record());
            }
        }
        if self == Self::ForceDelete {
            let confirmed = json!({"confirmation.gardener.cloud/force-deletion": "true"});
            world.shoot_is(&json!({"metadata": {"annotations": confirmed}}));
        }
        crate::world::pass(60).await;
        world
    }

    pub(crate) fn ask(self, world: &World) {
        match self {
            Self::Create | Self::NoOp => world.ask("reconcile", overlay(true)),
            Self::Held | Self::Switch => world.ask("reconcile", overlay(false)),
            Self::Restore => world.ask("restore", overlay(false)),
            Self::Migrate => world.ask("migrate", overlay(true)),
            Self::Delete | Self::ForceDelete => world.edit(|network| {
                network["metadata"]["annotations"]["confirmation.gardener.cloud/deletion"] = json!("true");
                network["metadata"]["annotations"]["gardener.cloud/timestamp"] = json!(crate::world::now());
                network["metadata"]["deletionTimestamp"] = json!(crate::world::now());
            }),
        };
    }

    /// What happens besides; called again and again.
    pub(crate) fn meanwhile(self, world: &World, elapsed: Duration) {
        if self == Self::Switch && elapsed >= ROUTE_COMES {
            let node = world.shoot.stored("", "nodes", "", "b").unwrap();
            if node["status"]["conditions"][0]["reason"] != "RouteCreated" {
                world.node("b", ROUTE);
            }
        }
    }

    /// Whether it has been looked at for long enough, although the queue would call again.
    pub(crate) fn is_over(self, elapsed: Duration) -> bool {
        self == Self::Held && elapsed >= HELD_FOR
    }

    pub(crate) const fn end(self) -> End {
        match self {
            Self::Create | Self::NoOp | Self::Switch | Self::Restore => End::Ready,
            Self::Held => End::Held,
            Self::Migrate => End::Migrated,
            Self::Delete | Self::ForceDelete => End::Gone,
        }
    }
}

pub(crate) fn overlay(enabled: bool) -> Value {
    json!({"overlay": {"enabled": enabled}})
}

fn pool() -> Value {
    json!({
        "apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "default-ipv4-ippool"},
        "spec": {"cidr": "100.96.0.0/11", "ipipMode": "Always", "vxlanMode": "Never"},
    })
}

fn record() -> Value {
    json!({
        "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkState",
        "encapsulation": {"ipv4": "Ipip(Always)", "ipv6": null},
        "overlaySwitch": null,
    })
}
