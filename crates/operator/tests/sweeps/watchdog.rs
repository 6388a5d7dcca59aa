//! What must not happen on the way, whatever goes wrong: watched at every write, where it is stored.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_apiserver::Server;
use serde_json::Value;

use crate::world::{BUNDLE, NAMESPACE, World};

/// What was seen.
#[derive(Clone)]
pub(crate) struct Watchdog {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Watchdog {
    /// Watches a world from now on.
    pub(crate) fn over(world: &World) -> Self {
        let watchdog = Self { seen: Arc::default() };
        let (seed, shoot, seen) = (world.seed.clone(), world.shoot.clone(), watchdog.clone());
        world.seed.admit(move |request| {
            if let Some(object) = request.object.as_deref() {
                match (request.resource, request.subresource) {
                    ("managedresources", "") if object["metadata"]["name"] == BUNDLE => {
                        seen.check_bundle(&seed, &shoot, request.old, object);
                    }
                    ("networks", "status") => seen.check_status(&seed, request.old, object),
                    _ => {}
                }
            }
            Ok(())
        });
        watchdog
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// A bundle without encapsulation is stored only once every node has its route.
    fn check_bundle(&self, seed: &Server, shoot: &Server, old: Option<&Value>, new: &Value) {
        let was = old.and_then(|old| pool_mode(seed, old));
        if was.as_deref() == Some("Never") || pool_mode(seed, new).as_deref() != Some("Never") {
            return;
        }
        for name in ["a", "b"] {
            let Some(node) = shoot.stored("", "nodes", "", name) else { continue };
            if node["status"]["conditions"][0]["reason"] != "RouteCreated" {
                self.tell(format!("the encapsulation went while node `{name}` had no route"));
            }
        }
    }

    /// A status claims nothing that is not so. What an earlier one claimed of the bundle was judged then: the second bundle of a switch,
    /// which takes no encapsulation away, is on its way after that.
    fn check_status(&self, seed: &Server, old: Option<&Value>, network: &Value) {
        let status = &network["status"];
        let before = old.map(|old| old["status"].clone()).unwrap_or_default();
        let managed_resource = seed.stored("resources.gardener.cloud", "managedresources", NAMESPACE, BUNDLE);
        let mode = managed_resource.as_ref().and_then(|found| pool_mode(seed, found));
        let is_applied = managed_resource
            .as_ref()
            .is_some_and(|found| found["status"]["observedGeneration"] == found["metadata"]["generation"]);
        // A record that survives the bundle is for the next seed.
        if status["state"]["encapsulation"]["ipv4"] == "None"
            && before["state"]["encapsulation"]["ipv4"] != "None"
            && managed_resource.is_some()
            && (mode.as_deref() != Some("Never") || !is_applied)
        {
            self.tell("the record says that no encapsulation is in effect before that is so".to_owned());
        }
        let is_done = status["providerStatus"]["overlaySwitch"]["phase"] == "Done";
        if is_done && managed_resource.is_some() && mode.as_deref() != Some("Never") {
            self.tell("the switch is said to be done with encapsulation in the bundle".to_owned());
        }
        if status["lastOperation"]["state"] != "Succeeded" {
            return;
        }
        if status["observedGeneration"] != network["metadata"]["generation"] {
            self.tell("success is told for another generation".to_owned());
        }
        if !status["lastError"].is_null() {
            self.tell("success is told together with an error".to_owned());
        }
        match status["lastOperation"]["type"].as_str() {
            Some("Create" | "Reconcile" | "Restore")
                if !is_applied && before["lastOperation"] != status["lastOperation"] =>
            {
                self.tell("success is told although the bundle is not applied".to_owned());
            }
            Some("Migrate") if managed_resource.is_some() => {
                self.tell("migration is told to have succeeded with the bundle still there".to_owned());
            }
            Some("Delete")
                if !is_force_deleted(seed)
                    && managed_resource.is_some_and(|found| found["metadata"]["deletionTimestamp"].is_null()) =>
            {
                self.tell("deletion is told to have succeeded with the bundle still there".to_owned());
            }
            _ => {}
        }
    }

    fn tell(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }
}

/// Whether the shoot goes whatever is left of it.
fn is_force_deleted(seed: &Server) -> bool {
    let cluster = seed.stored("extensions.gardener.cloud", "clusters", "", NAMESPACE);
    cluster.is_some_and(|cluster| {
        cluster["spec"]["shoot"]["metadata"]["annotations"]["confirmation.gardener.cloud/force-deletion"] == "true"
    })
}

/// `ipipMode` of the pool in the bundle that a ManagedResource names.
fn pool_mode(seed: &Server, managed_resource: &Value) -> Option<String> {
    let name = managed_resource["spec"]["secretRefs"][0]["name"].as_str()?;
    let secret = seed.stored("", "secrets", NAMESPACE, name)?;
    let bundle = String::from_utf8(STANDARD.decode(secret["data"]["config.yaml"].as_str()?).ok()?).ok()?;
    let pool = bundle.split("\n---\n").find(|document| document.contains("kind: IPPool"))?;
    pool.lines().find_map(|line| line.trim().strip_prefix("ipipMode: ")).map(str::to_owned)
}

mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::{Operation, overlay};

    const MANAGED_RESOURCES: &str =
        "/apis/resources.gardener.cloud/v1alpha1/namespaces/shoot--foo--bar/managedresources";
    const NETWORK: &str = "/apis/extensions.gardener.cloud/v1alpha1/namespaces/shoot--foo--bar/networks/bar/status";

    /// What a wrong controller would write.
    async fn write(world: &World, path: &str, patch: &Value) {
        let client = kube::Client::new(world.seed.service(), "default");
        let request = http::Request::patch(path)
            .header("Content-Type", "application/merge-patch+json")
            .body(patch.to_string().into_bytes())
            .unwrap();
        client.request_text(request).await.unwrap();
    }

    async fn check(world: &World, path: &str, patch: Value, expected: &[&str]) {
        let watchdog = Watchdog::over(world);
        write(world, path, &patch).await;
        assert_eq!(watchdog.seen(), expected, "{patch}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_tells_of_an_encapsulation_that_goes_too_early() {
        let native = World::new();
        native.node("a", Some(("False", "RouteCreated"))).ask("reconcile", overlay(false)).settle().await;
        let name = native.managed_resource().unwrap()["spec"]["secretRefs"][0]["name"].as_str().unwrap().to_owned();
        let secret = (*native.stored("", "secrets", &name).unwrap()).clone();
        let path = format!("{MANAGED_RESOURCES}/{BUNDLE}");
        let patch = json!({"spec": {"secretRefs": [{"name": name}]}});

        let early = Operation::Switch.prepare().await;
        early.put(secret.clone());
        check(&early, &path, patch.clone(), &["the encapsulation went while node `b` had no route"]).await;

        let ready = Operation::Switch.prepare().await;
        ready.put(secret).node("b", Some(("False", "RouteCreated")));
        check(&ready, &path, patch, &[]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_tells_of_each_lie_in_a_status() {
        let world = Operation::Switch.prepare().await;
        let generation = world.network().unwrap()["metadata"]["generation"].clone();
        let succeeded = |kind: &str| json!({"status": {"lastOperation": {"type": kind, "state": "Succeeded"}, "observedGeneration": generation}});
        check(&world, NETWORK, succeeded("Reconcile"), &[]).await;
        let record = json!({"status": {"state": {"encapsulation": {"ipv4": "None"}}}});
        let too_early = "the record says that no encapsulation is in effect before that is so";
        check(&world, NETWORK, record, &[too_early]).await;
        write(&world, NETWORK, &json!({"status": {"state": null}})).await;

        let done = json!({"status": {"providerStatus": {"overlaySwitch": {"phase": "Done"}}}});
        check(&world, NETWORK, done, &["the switch is said to be done with encapsulation in the bundle"]).await;
        write(&world, NETWORK, &json!({"status": {"providerStatus": null}})).await;

        let earlier = json!({"status": {"observedGeneration": 0}});
        check(&world, NETWORK, earlier, &["success is told for another generation"]).await;
        write(&world, NETWORK, &succeeded("Reconcile")).await;

        let error = json!({"status": {"lastError": {"description": "x"}}});
        check(&world, NETWORK, error, &["success is told together with an error"]).await;
        write(&world, NETWORK, &json!({"status": {"lastError": null}})).await;

        let still_there = ["migration is told to have succeeded with the bundle still there"];
        check(&world, NETWORK, succeeded("Migrate"), &still_there).await;
        let still_there = ["deletion is told to have succeeded with the bundle still there"];
        check(&world, NETWORK, succeeded("Delete"), &still_there).await;

        world.resource_manager("False");
        for kind in ["Create", "Reconcile", "Restore"] {
            let not_applied = ["success is told although the bundle is not applied"];
            check(&world, NETWORK, succeeded(kind), &not_applied).await;
        }
    }
}
