//! gardenlet's side of every operation: what it asks for, and the conditions that it waits for, in its order and with its patience. What
//! it would call failed is a failure here.

use std::sync::Arc;
use std::time::Duration;

use fake_apiserver::world::gardenlet::{Gardenlet, NotReady, Patience, WaitError};
use fake_apiserver::world::{Clock, Cluster};
use fake_apiserver::{Fault, Verb};
use operator::controller::Next;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::operation::overlay;
use crate::play;
use crate::world::{NAME, NAMESPACE, World, now};

const ROUTE: Option<(&str, &str)> = Some(("False", "RouteCreated"));
const CALICO: Option<(&str, &str)> = Some(("False", "CalicoIsUp"));

/// A world in which queue and resource manager work by themselves.
struct Landscape {
    world: Arc<World>,
    gardenlet: Gardenlet,
    tasks: Vec<JoinHandle<()>>,
}

/// Whether deleted ManagedResources go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResourceManager {
    Works,
    Hangs,
}

impl Landscape {
    fn new(world: World, resource_manager: ResourceManager) -> Self {
        let world = Arc::new(world);
        let seed = Cluster::new(kube::Client::new(world.seed.service(), "default"));
        let clock = Clock::starting_at(now().parse().unwrap());
        let gardenlet = Gardenlet::new(seed, NAMESPACE, NAME, Patience::default(), clock);
        let (queued, managed) = (Arc::clone(&world), Arc::clone(&world));
        let mut tasks = vec![tokio::spawn(queue(queued))];
        tasks.push(tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(1_700)).await;
                let deleting = managed
                    .managed_resource()
                    .is_some_and(|managed_resource| managed_resource["metadata"]["deletionTimestamp"].is_string());
                if !deleting || resource_manager == ResourceManager::Works {
                    play::resource_manager(&managed).await;
                }
            }
        }));
        Self { world, gardenlet, tasks }
    }

    async fn deploy(&self, provider_config: Value) -> Result<Value, WaitError> {
        let requested = self.gardenlet.deploy(&spec(&provider_config)).await.unwrap();
        self.gardenlet.wait_until_ready(&requested).await
    }
}

impl Drop for Landscape {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Looks when it is time, when the watch of the shoot's nodes says so, and soon after what the watch of Networks counts as a change.
async fn queue(world: Arc<World>) {
    let mut failures = 0;
    loop {
        let seen = watched(&world);
        let due = match world.reconcile().await {
            Ok(Next::OnChange) => None,
            Ok(Next::After(delay)) => Some(Instant::now() + delay),
            Err(_) => {
                failures += 1;
                Some(Instant::now() + Duration::from_millis(5) * 2_u32.pow(failures))
            }
        };
        if due.is_none() {
            failures = 0;
        }
        while watched(&world) == seen && due.is_none_or(|due| Instant::now() < due) {
            if world.is_woken_within(Duration::from_millis(100)).await {
                break;
            }
        }
    }
}

fn watched(world: &World) -> Value {
    let Some(network) = world.network() else { return Value::Null };
    let metadata = &network["metadata"];
    let annotation = |name: &str| metadata["annotations"][name].clone();
    json!([
        metadata["uid"],
        metadata["generation"],
        metadata["deletionTimestamp"],
        metadata["finalizers"],
        annotation("gardener.cloud/operation"),
        annotation("gardener.cloud/timestamp"),
    ])
}

fn spec(provider_config: &Value) -> Value {
    json!({
        "type": "calico", "ipFamilies": ["IPv4"], "podCIDR": "100.96.0.0/11", "serviceCIDR": "100.64.0.0/13",
        "providerConfig": provider_config,
    })
}

fn works(world: World) -> Landscape {
    Landscape::new(world, ResourceManager::Works)
}

#[tokio::test(start_paused = true)]
async fn a_network_is_deployed_and_deployed_again() {
    let landscape = works(World::new());
    landscape.deploy(overlay(true)).await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    landscape.deploy(overlay(true)).await.unwrap();
    // Twice within one second: the time in the status has no fractions.
    landscape.deploy(json!({"typha": {"enabled": false}})).await.unwrap();
    assert!(!landscape.world.bundle().contains("name: calico-typha-deploy"));
}

#[tokio::test(start_paused = true)]
async fn a_switch_whose_routes_come_in_time_is_one_operation() {
    let world = World::new();
    world.node("a", ROUTE).node("b", CALICO);
    let landscape = works(world);
    landscape.deploy(overlay(true)).await.unwrap();
    let world = Arc::clone(&landscape.world);
    tokio::spawn(async move {
        sleep(Duration::from_secs(100)).await;
        world.node("b", ROUTE);
    });
    let begun = Instant::now();
    landscape.deploy(overlay(false)).await.unwrap();
    assert!((100..120).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(landscape.world.pool_mode(), "Never");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_takes_too_long_is_told_before_gardenlet_loses_patience_and_tried_again() {
    let world = World::new();
    world.node("a", CALICO);
    let landscape = works(world);
    landscape.deploy(overlay(true)).await.unwrap();
    let begun = Instant::now();
    let failed = landscape.deploy(overlay(false)).await.unwrap_err();
    let text = "Error reconciling Network: the overlay switch is held: 1 of 1 node has no route: `a`";
    match failed {
        WaitError::GaveUp(NotReady::Error(error)) => assert_eq!(error, text),
        other => panic!("gardenlet must hear why: {other}"),
    }
    assert!((150..=180).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(landscape.world.status()["lastError"]["codes"], json!(["ERR_RETRYABLE_INFRA_DEPENDENCIES"]));
    landscape.world.node("a", ROUTE);
    landscape.deploy(overlay(false)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_seed_that_answers_errors_for_a_while_fails_no_operation() {
    let landscape = works(World::new());
    landscape.world.seed.faults().add(Fault::status(500).resource("secrets").verb(Verb::Create));
    let world = Arc::clone(&landscape.world);
    tokio::spawn(async move {
        sleep(Duration::from_secs(15)).await;
        world.seed.faults().clear();
    });
    landscape.deploy(overlay(true)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_is_wrong_ends_the_operation_soon_and_a_good_one_is_taken_at_once() {
    let landscape = works(World::new());
    let begun = Instant::now();
    let failed = landscape.deploy(json!({"backend": "x"})).await.unwrap_err();
    assert!(matches!(&failed, WaitError::GaveUp(NotReady::Error(_))), "{failed}");
    assert!((25..=35).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(landscape.world.status()["lastError"]["codes"], json!(["ERR_CONFIGURATION_PROBLEM"]));
    sleep(Duration::from_secs(7200)).await;
    let begun = Instant::now();
    landscape.deploy(overlay(true)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "the back-off must not be waited for: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_moves_to_another_seed_and_takes_its_record_along() {
    let old = works(World::new());
    old.deploy(overlay(true)).await.unwrap();
    old.gardenlet.migrate().await.unwrap();
    old.gardenlet.wait_until_migrated().await.unwrap();
    let state = old.world.status()["state"].clone();
    assert_eq!(state["encapsulation"], json!({"ipv4": "Ipip(Always)", "ipv6": null}));
    assert!(old.world.managed_resource().is_none());
    old.gardenlet.delete().await.unwrap();
    old.gardenlet.wait_until_deleted().await.unwrap();

    // There, the routes are ready, and the overlay is to go as well.
    let world = World::new();
    world.node("a", ROUTE);
    let new = works(world);
    let requested = new.gardenlet.restore(&spec(&overlay(false)), Some(&state)).await.unwrap();
    new.gardenlet.wait_until_ready(&requested).await.unwrap();
    assert_eq!(new.world.last_operation(), "Restore Succeeded 100 Successfully restored Network");
    assert_eq!(new.world.pool_mode(), "Never");
    new.deploy(overlay(false)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_record_of_encapsulation_holds_a_restore_without_routes() {
    let world = World::new();
    world.node("a", CALICO);
    let landscape = works(world);
    let state = json!({
        "apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkState",
        "encapsulation": {"ipv4": "Ipip(Always)", "ipv6": null}, "overlaySwitch": null,
    });
    let requested = landscape.gardenlet.restore(&spec(&overlay(false)), Some(&state)).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    // There is nothing here yet, and what lives in the shoot stays as it is.
    assert_eq!(landscape.world.switch(), "AwaitingRoutes Hold RoutesMissing Frozen");
    assert!(landscape.world.managed_resource().is_none());
    landscape.world.node("a", ROUTE);
    landscape.gardenlet.wait_until_ready(&requested).await.unwrap();
    assert_eq!(landscape.world.pool_mode(), "Never");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_ends_when_the_bundle_has_gone() {
    let landscape = works(World::new());
    landscape.deploy(overlay(true)).await.unwrap();
    landscape.gardenlet.delete().await.unwrap();
    landscape.gardenlet.wait_until_deleted().await.unwrap();
    assert!(landscape.world.managed_resource().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_bundle_stays_tells_so_in_time() {
    let landscape = Landscape::new(World::new(), ResourceManager::Hangs);
    landscape.deploy(overlay(true)).await.unwrap();
    landscape.gardenlet.delete().await.unwrap();
    let failed = landscape.gardenlet.wait_until_deleted().await.unwrap_err();
    let WaitError::GaveUp(NotReady::Error(error)) = failed else { panic!("gardenlet must hear why: {failed}") };
    assert!(error.contains("extension-networking-calico-config still exists"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_ends_although_the_bundle_stays() {
    let landscape = Landscape::new(World::new(), ResourceManager::Hangs);
    landscape.deploy(overlay(true)).await.unwrap();
    let confirmed = json!({"confirmation.gardener.cloud/force-deletion": "true"});
    landscape.world.shoot_is(&json!({"metadata": {"annotations": confirmed}}));
    landscape.gardenlet.delete().await.unwrap();
    landscape.gardenlet.wait_until_deleted().await.unwrap();
}
