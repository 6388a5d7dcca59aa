//! The ClusterRole holds nothing that is not used. That it holds all that is used, every scenario checks.

use operator::permissions::Part;
use serde_json::json;

use crate::permitted::{everything_of, held_to_the_rules};
use crate::world::asked::of_the_controller;
use crate::world::{World, pass};

#[tokio::test(start_paused = true)]
async fn a_life_of_a_network_uses_every_rule_of_the_controller() {
    let world = World::new().configured(json!({"overlaySwitch": {"guard": {"enabled": true}}}));
    world.node("a", Some(("False", "RouteCreated")));
    world.ask("reconcile", json!({"overlay": {"enabled": true}})).settle().await;
    pass(60).await;
    world.ask("reconcile", json!({"overlay": {"enabled": false}}));
    world.reconcile().await.unwrap();
    assert_eq!(world.switch(), "Guarding Hold GuardNotEffective Held");
    pass(60).await;
    world.ask("reconcile", json!({"overlay": {"enabled": true}, "birdExporter": {"enabled": true}})).settle().await;
    assert_eq!(world.switch(), "Idle Unchanged - Target");
    pass(60).await;
    world.ask("migrate", json!({"overlay": {"enabled": true}})).settle().await;
    assert_eq!(world.managed_resource(), None);

    let used = held_to_the_rules(&of_the_controller(world.seed.requests()));
    assert_eq!(used, everything_of(Part::Controller));
}
