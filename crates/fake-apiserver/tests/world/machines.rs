//! Nodes, calico-node rolling over them, and the route writer beside them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_apiserver::world::nodes::{Nodes, Timing, machines};
use fake_apiserver::world::routes::{AtFirst, Order, Routes, Script};
use fake_apiserver::world::{Clock, Cluster, Running, guard, kinds};
use fake_apiserver::{Fault, Server, Verb};
use serde_json::{Value, json};

use super::{clock, cluster, condition, pass};

/// A shoot with three machines and calico-node on them.
async fn shoot() -> (Server, Cluster, Clock, Running) {
    let clock = clock();
    let (server, shoot) = cluster(clock, []);
    let nodes = Nodes::new(shoot.clone(), machines(3), Timing::default(), clock, 1).start();
    let config =
        json!({"metadata": {"name": "calico-config", "namespace": "kube-system"}, "data": {"calico_backend": "bird"}});
    shoot.create(&kinds::CONFIG_MAP, config).await.unwrap();
    let template = json!({"metadata": {"labels": {"k8s-app": "calico-node"}}, "spec": {"containers": [{"name": "calico-node", "image": "a"}]}});
    let spec = json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}}, "template": template});
    shoot
        .create(
            &kinds::DAEMON_SET,
            json!({"metadata": {"name": "calico-node", "namespace": "kube-system"}, "spec": spec}),
        )
        .await
        .unwrap();
    (server, shoot, clock, nodes)
}

/// Status and reason of `NetworkUnavailable` on every node.
async fn network(shoot: &Cluster) -> Vec<String> {
    let nodes = shoot.list(&kinds::NODE, "").await.unwrap();
    let said = |node: &Value| {
        let (status, reason, _) = condition(node, "NetworkUnavailable");
        format!("{status}/{reason}")
    };
    nodes.iter().map(said).collect()
}

async fn rollout(shoot: &Cluster) -> Value {
    shoot.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await.unwrap().unwrap()["status"].take()
}

async fn change_template(shoot: &Cluster, image: &str) {
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "calico-node", "image": image}]}}}});
    shoot.merge(&kinds::DAEMON_SET, "kube-system", "calico-node", &patch).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nodes_become_ready_with_calico_node_which_says_that_the_network_is_up() {
    let (_, shoot, _, nodes) = shoot().await;
    pass(1).await;
    assert_eq!(network(&shoot).await, ["/"], "the first of three has registered");
    pass(60).await;
    assert_eq!(network(&shoot).await, ["False/CalicoIsUp"; 3]);
    let node = shoot.get(&kinds::NODE, "", "ip-10-250-0-4").await.unwrap().unwrap();
    assert_eq!(condition(&node, "Ready").0, "True");
    assert_eq!(node["spec"]["podCIDRs"], json!(["100.96.0.0/24"]));
    assert_eq!(
        rollout(&shoot).await,
        json!({
            "observedGeneration": 1,
            "desiredNumberScheduled": 3,
            "currentNumberScheduled": 3,
            "numberMisscheduled": 0,
            "updatedNumberScheduled": 3,
            "numberReady": 3,
            "numberAvailable": 3,
            "numberUnavailable": 0,
        })
    );
    nodes.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_template_rolls_node_by_node_and_calico_goes_down_and_up_on_each() {
    let (server, shoot, _, _nodes) = shoot().await;
    pass(60).await;
    let unavailable = Arc::new(Mutex::new(BTreeSet::new()));
    let said = Arc::new(Mutex::new(Vec::new()));
    let (seen, heard) = (Arc::clone(&unavailable), Arc::clone(&said));
    server.admit(move |request| {
        let Some(object) = request.object.as_deref() else { return Ok(()) };
        if (request.resource, request.subresource) == ("daemonsets", "status") {
            seen.lock().unwrap().insert(object["status"]["numberUnavailable"].as_i64().unwrap_or_default());
        }
        if request.user.name == "system:serviceaccount:kube-system:calico-node" {
            heard.lock().unwrap().push(condition(object, "NetworkUnavailable").1);
        }
        Ok(())
    });
    change_template(&shoot, "b").await;
    pass(120).await;
    let status = rollout(&shoot).await;
    assert_eq!((&status["observedGeneration"], &status["updatedNumberScheduled"]), (&json!(2), &json!(3)));
    assert_eq!(*unavailable.lock().unwrap(), BTreeSet::from([0, 1]), "one at a time");
    assert_eq!(
        *said.lock().unwrap(),
        ["CalicoIsDown", "CalicoIsUp", "CalicoIsDown", "CalicoIsUp", "CalicoIsDown", "CalicoIsUp"]
    );
    let pods = shoot.list(&kinds::POD, "kube-system").await.unwrap();
    let images: Vec<&Value> = pods.iter().map(|pod| &pod["spec"]["containers"]).collect();
    assert_eq!(images, [&json!([{"name": "calico-node", "image": "b"}]); 3]);
}

#[tokio::test(start_paused = true)]
async fn without_a_backend_calico_says_nothing() {
    let (server, shoot, _, _nodes) = shoot().await;
    pass(60).await;
    let none = json!({"data": {"calico_backend": "none"}});
    shoot.merge(&kinds::CONFIG_MAP, "kube-system", "calico-config", &none).await.unwrap();
    change_template(&shoot, "b").await;
    pass(120).await;
    assert_eq!(network(&shoot).await, ["True/CalicoIsDown"; 3], "the old ones went down, the new ones are silent");
    server.take_requests();
    change_template(&shoot, "c").await;
    pass(120).await;
    let by_calico = server.requests().into_iter().filter(|request| request.user.impersonated).count();
    assert_eq!(by_calico, 0);
}

#[tokio::test(start_paused = true)]
async fn with_a_guard_calico_cannot_overwrite_a_route() {
    let (server, shoot, clock, _nodes) = shoot().await;
    guard::install(&server);
    pass(60).await;
    let binding = json!({"metadata": {"name": "guard"}, "spec": {"policyName": "guard"}});
    shoot.create(&kinds::ADMISSION_POLICY_BINDING, binding).await.unwrap();
    let script = Script { cold_start: Duration::ZERO, ..Script::default() };
    let routes = Routes::new(shoot.clone(), script, clock).start();
    pass(10).await;
    assert_eq!(network(&shoot).await, ["False/RouteCreated"; 3]);
    routes.stop().await;
    change_template(&shoot, "b").await;
    pass(120).await;
    assert_eq!(network(&shoot).await, ["False/RouteCreated"; 3]);
    shoot.delete(&kinds::ADMISSION_POLICY_BINDING, "", "guard").await.unwrap();
    change_template(&shoot, "c").await;
    pass(120).await;
    assert_eq!(network(&shoot).await, ["False/CalicoIsUp"; 3]);
}

#[tokio::test(start_paused = true)]
async fn routes_appear_by_the_script() {
    let (server, shoot, clock, _nodes) = shoot().await;
    pass(60).await;
    let script = Script {
        cold_start: Duration::from_secs(20),
        at_first: AtFirst::NoRoute,
        order: Order::Backwards,
        each: Duration::from_secs(5),
        pass: Duration::from_secs(10),
        without: BTreeSet::from(["ip-10-250-0-4".to_owned()]),
    };
    let _routes = Routes::new(shoot.clone(), script, clock).start();
    pass(19).await;
    assert_eq!(network(&shoot).await, ["False/CalicoIsUp"; 3]);
    pass(3).await;
    assert_eq!(network(&shoot).await, ["True/NoRouteCreated"; 3]);
    pass(5).await;
    assert_eq!(network(&shoot).await, ["True/NoRouteCreated", "True/NoRouteCreated", "False/RouteCreated"]);
    pass(5).await;
    let settled = ["True/NoRouteCreated", "False/RouteCreated", "False/RouteCreated"];
    assert_eq!(network(&shoot).await, settled);
    server.take_requests();
    pass(30).await;
    assert!(server.requests().iter().all(|request| request.verb != Verb::Patch), "what is said is not said again");
    change_template(&shoot, "b").await;
    pass(120).await;
    assert_eq!(network(&shoot).await, settled, "what calico-node overwrites is mended in the next pass");
}

#[tokio::test(start_paused = true)]
async fn deployments_are_available_at_once_and_workloads_go_with_their_pods() {
    let (_, shoot, _, _nodes) = shoot().await;
    let deployment = json!({"metadata": {"name": "d", "namespace": "kube-system", "finalizers": ["foregroundDeletion"]}, "spec": {"replicas": 2}});
    shoot.create(&kinds::DEPLOYMENT, deployment).await.unwrap();
    pass(60).await;
    let found = shoot.get(&kinds::DEPLOYMENT, "kube-system", "d").await.unwrap().unwrap();
    assert_eq!((&found["status"]["availableReplicas"], condition(&found, "Available").0.as_str()), (&json!(2), "True"));
    let hold = json!({"metadata": {"finalizers": ["foregroundDeletion"]}});
    shoot.merge(&kinds::DAEMON_SET, "kube-system", "calico-node", &hold).await.unwrap();
    shoot.delete(&kinds::DEPLOYMENT, "kube-system", "d").await.unwrap();
    shoot.delete(&kinds::DAEMON_SET, "kube-system", "calico-node").await.unwrap();
    pass(30).await;
    assert_eq!(shoot.get(&kinds::DEPLOYMENT, "kube-system", "d").await.unwrap(), None);
    assert_eq!(shoot.get(&kinds::DAEMON_SET, "kube-system", "calico-node").await.unwrap(), None);
    assert!(shoot.list(&kinds::POD, "kube-system").await.unwrap().is_empty());
}

/// One object that cannot be dealt with, for ever, must not keep others from their end.
#[tokio::test(start_paused = true)]
async fn what_fails_holds_nothing_else_up() {
    let (server, shoot, _, _nodes) = shoot().await;
    pass(60).await;
    server.faults().add(Fault::status(500).verb(Verb::Create).resource("pods"));
    shoot.delete(&kinds::NODE, "", "ip-10-250-0-4").await.unwrap();
    change_template(&shoot, "b").await;
    pass(60).await;
    assert!(server.faults().hits() > 1, "it is tried again");
    let deployment = json!({"metadata": {"name": "typha", "namespace": "kube-system"}, "spec": {"replicas": 1}});
    shoot.create(&kinds::DEPLOYMENT, deployment).await.unwrap();
    pass(5).await;
    let typha = shoot.get(&kinds::DEPLOYMENT, "kube-system", "typha").await.unwrap().unwrap();
    assert_eq!(typha["status"]["readyReplicas"], 1);
}

#[tokio::test(start_paused = true)]
async fn machines_come_and_go_and_may_come_again_under_their_name() {
    let (server, shoot, clock, first) = shoot().await;
    first.stop().await;
    server.take_requests();
    let machines = machines(5);
    let (nodes, pool) = Nodes::new(shoot.clone(), machines[3..4].to_vec(), Timing::default(), clock, 1).start_scaled();
    pass(60).await;
    let uid = async || shoot.get(&kinds::NODE, "", "ip-10-250-0-7").await.unwrap().unwrap()["metadata"]["uid"].take();
    let before = uid().await;
    pool.join(machines[4].clone());
    pool.leave("ip-10-250-0-7");
    pool.join(machines[3].clone());
    pass(60).await;
    assert_ne!(uid().await, before, "it is another node");
    assert!(shoot.get(&kinds::NODE, "", "ip-10-250-0-8").await.unwrap().is_some());
    assert_eq!(rollout(&shoot).await["numberAvailable"], json!(2));
    let pods = shoot.list(&kinds::POD, "kube-system").await.unwrap();
    assert_eq!(pods.iter().filter(|pod| pod["spec"]["nodeName"] == "ip-10-250-0-7").count(), 1);
    pool.leave("ip-10-250-0-8");
    pass(10).await;
    assert!(shoot.get(&kinds::NODE, "", "ip-10-250-0-8").await.unwrap().is_none());
    assert_eq!(rollout(&shoot).await["desiredNumberScheduled"], json!(1));
    nodes.stop().await;
}
