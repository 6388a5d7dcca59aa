//! A seed, a shoot and the controller between them, on paused time.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use adapter_k8s::bundle::Definitions;
use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::shoot_access::{Address, ShootAccess};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calico_policy::Decision;
use calico_policy::time::Timestamp;
use fake_apiserver::{LoggedRequest, Server, Verb};
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use operator::controller::{
    Controller, NetworkKey, Next, NodeWatches, Observer, ReconcileError, Reconciler, Service, Trigger, WatchCounts,
};
use operator::process::watch::KnownNetworks;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

// Another test binary takes this file by its path, too.
#[path = "world/objects.rs"]
pub(crate) mod objects;

use crate::permitted::held_to_the_rules;
use objects::{access_secret, cluster, definition, definitions, merge, spec};

pub(crate) const NAMESPACE: &str = "shoot--foo--bar";
pub(crate) const NAME: &str = "bar";
pub(crate) const BUNDLE: &str = "extension-networking-calico-config";
const EXTENSIONS: &str = "extensions.gardener.cloud";

/// How the requests of the controller are told from those of a test.
pub(crate) const CONTROLLER: &str = "networking-calico";

/// Compressed once, as in a process.
static DEFINITIONS: LazyLock<Arc<Definitions>> = LazyLock::new(|| Arc::new(Definitions::built_in()));

/// Everything that takes part.
pub(crate) struct World {
    pub(crate) seed: Server,
    pub(crate) shoot: Server,
    controller: Arc<Controller>,
    decisions: Arc<Decisions>,
    /// What a watch has told of, where a test has one.
    pub(crate) known: KnownNetworks,
    key: NetworkKey,
}

#[derive(Default)]
pub(crate) struct Decisions(Mutex<Vec<String>>, Notify);

impl Observer for Decisions {
    fn decided(&self, _key: &NetworkKey, _inputs: &str, decision: &Decision) {
        let reason = decision.overlay.reason().unwrap_or("-");
        self.0.lock().unwrap().push(format!("{} {reason}", decision.overlay.kind().code()));
    }

    fn forgotten(&self, _key: &NetworkKey) {}
}

/// The time at which every scenario begins.
const BEGIN: &str = "2026-11-26T10:00:00Z";

impl World {
    /// A seed with a shoot's namespace, its Cluster and its access Secret; a shoot without nodes.
    pub(crate) fn new() -> Self {
        Self::of(NAMESPACE, NAME)
    }

    /// The same for a Network of another name.
    pub(crate) fn of(namespace: &str, name: &str) -> Self {
        Self::with(definitions(), namespace, name)
    }

    /// The same with these definitions in the seed.
    pub(crate) fn with(definitions: Vec<Value>, namespace: &str, name: &str) -> Self {
        let seed = definitions
            .into_iter()
            .fold(Server::builder(), fake_apiserver::Builder::definition)
            .namespace(namespace)
            .object(cluster(&json!({})))
            .object(access_secret(namespace))
            .build()
            .unwrap();
        let shoot = Server::builder()
            .definition(definition("crd.projectcalico.org", "v1", "IPPool", "ippools", "Cluster"))
            .definition(definition(
                "autoscaling.k8s.io",
                "v1",
                "VerticalPodAutoscaler",
                "verticalpodautoscalers",
                "Namespaced",
            ))
            .build()
            .unwrap();
        let mut configuration = ControllerConfiguration::default();
        // Only the scenarios of the guard have one; the others are about routes.
        configuration.overlay_switch.guard.enabled = false;
        let known = KnownNetworks::default();
        let (controller, decisions) = controller(&seed, &shoot, &known, configuration);
        let key = NetworkKey { namespace: namespace.to_owned(), name: name.to_owned() };
        Self { seed, shoot, controller, decisions, known, key }
    }

    /// Another configuration.
    pub(crate) fn configured(mut self, configuration: Value) -> Self {
        let mut document = json!({
            "apiVersion": "calico.networking.extensions.config.gardener.cloud/v1alpha1",
            "kind": "ControllerConfiguration",
        });
        merge(&mut document, configuration);
        let configuration = ControllerConfiguration::from_value(document).unwrap();
        (self.controller, self.decisions) = controller(&self.seed, &self.shoot, &self.known, configuration);
        self
    }

    /// The process is killed and another one starts: everything remembered is lost.
    pub(crate) fn restart(&mut self) {
        let (configuration, trigger) = (self.controller.configuration.clone(), self.controller.service.trigger);
        self.known = KnownNetworks::default();
        (self.controller, self.decisions) = controller(&self.seed, &self.shoot, &self.known, configuration);
        self.trigger(trigger);
    }

    /// What makes a settled Network be reconciled again.
    pub(crate) fn trigger(&mut self, trigger: Trigger) {
        Arc::get_mut(&mut self.controller).unwrap().service.trigger = trigger;
    }

    /// What gardenlet does for an operation: the whole spec, the annotation and a new timestamp.
    pub(crate) fn ask(&self, operation: &str, provider_config: Value) -> &Self {
        let mut network = match self.network() {
            Some(network) => (*network).clone(),
            None => json!({
                "apiVersion": "extensions.gardener.cloud/v1alpha1", "kind": "Network",
                "metadata": {"name": NAME, "namespace": NAMESPACE, "generation": 0},
            }),
        };
        let generation = network["metadata"]["generation"].as_i64().unwrap();
        let spec = spec(provider_config);
        if network["spec"] != spec {
            network["spec"] = spec;
            network["metadata"]["generation"] = (generation + 1).into();
        }
        network["metadata"]["annotations"]["gardener.cloud/operation"] = operation.into();
        network["metadata"]["annotations"]["gardener.cloud/timestamp"] = now().into();
        self.put(network)
    }

    /// Changes what is stored of the Network.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) -> &Self {
        let mut network = (*self.network().unwrap()).clone();
        change(&mut network);
        self.put(network)
    }

    /// Stores an object in the seed as it is.
    pub(crate) fn put(&self, object: Value) -> &Self {
        self.seed.restore(object).unwrap();
        self
    }

    /// Another shoot; what is not named stays.
    pub(crate) fn shoot_is(&self, shoot: &Value) -> &Self {
        self.put(cluster(shoot))
    }

    /// A node of the shoot; `condition` is status and reason of `NetworkUnavailable`.
    pub(crate) fn node(&self, name: &str, condition: Option<(&str, &str)>) -> &Self {
        let conditions: Vec<Value> = condition
            .into_iter()
            .map(|(status, reason)| json!({"type": "NetworkUnavailable", "status": status, "reason": reason}))
            .collect();
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "uid": format!("uid-{name}"), "creationTimestamp": "2026-11-01T00:00:00Z"},
            "spec": {"podCIDRs": ["100.96.0.0/24"], "podCIDR": "100.96.0.0/24"},
            "status": {"conditions": conditions},
        });
        self.shoot.restore(node).unwrap();
        self
    }

    /// gardener-resource-manager has applied the bundle, or not: the status of the ManagedResource for its current generation.
    pub(crate) fn resource_manager(&self, applied: &str) -> &Self {
        if let Some(found) = self.stored("resources.gardener.cloud", "managedresources", BUNDLE) {
            let mut object = (*found).clone();
            let observed = if applied == "True" { object["metadata"]["generation"].clone() } else { 0.into() };
            let condition = |kind: &str, status: &str| {
                json!({
                    "type": kind, "status": status, "reason": "Test", "message": "by the test",
                    "lastTransitionTime": now(), "lastUpdateTime": now(),
                })
            };
            object["status"] = json!({
                "observedGeneration": observed,
                "conditions": [
                    condition("ResourcesApplied", applied),
                    condition("ResourcesHealthy", "True"),
                    condition("ResourcesProgressing", "False"),
                ],
            });
            self.put(object);
        }
        self
    }

    /// calico-node is still rolling, says gardener-resource-manager.
    pub(crate) fn rolling(&self) -> &Self {
        let mut object = (*self.managed_resource().unwrap()).clone();
        object["status"]["conditions"][2]["status"] = "True".into();
        self.put(object)
    }

    /// Another version of this software starts, with other images.
    pub(crate) fn images(&mut self, images: &Value) {
        self.restart();
        let overwrite = json!({"images": images});
        Arc::get_mut(&mut self.controller).unwrap().images =
            ImageVector::built_in("v0.0.0").with_overwrite(overwrite).unwrap();
    }

    /// The controller itself, for a queue and workers of their own.
    #[allow(dead_code, reason = "the sweeps, which take this file by its path, need it")]
    pub(crate) fn controller(&self) -> Arc<Controller> {
        Arc::clone(&self.controller)
    }

    /// One look.
    pub(crate) async fn reconcile(&self) -> Result<Next, ReconcileError> {
        self.controller.reconcile(self.key.clone()).await
    }

    /// Looks, applies and waits as queue and resource manager do, until nothing is left to do.
    pub(crate) async fn settle(&self) -> &Self {
        for _ in 0..200 {
            match self.reconcile().await.unwrap() {
                Next::OnChange => return self,
                Next::After(delay) => {
                    self.resource_manager("True");
                    tokio::time::sleep(delay).await;
                }
            }
        }
        panic!("nothing settles: {}", self.network().map_or_else(String::new, |network| network.to_string()));
    }

    /// As panics are reported.
    pub(crate) async fn report_panic(&self, message: &str) {
        self.controller.report_panic(self.key.clone(), message.to_owned()).await.unwrap();
    }

    /// What the process does at its end.
    pub(crate) async fn close(&self) {
        self.controller.close().await;
    }

    /// Which shoots' nodes are watched.
    pub(crate) fn watches(&self) -> WatchCounts {
        self.controller.watches.counts()
    }

    /// Whether a watch wakes the Network within this time.
    pub(crate) async fn is_woken_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.decisions.1.notified()).await.is_ok()
    }

    pub(crate) fn network(&self) -> Option<Arc<Value>> {
        self.stored(EXTENSIONS, "networks", &self.key.name)
    }

    /// `status` of the Network.
    pub(crate) fn status(&self) -> Value {
        self.network().unwrap()["status"].clone()
    }

    /// `type state progress description` of the last operation.
    pub(crate) fn last_operation(&self) -> String {
        let last = &self.status()["lastOperation"];
        let text = |field: &str| last[field].as_str().unwrap().to_owned();
        format!("{} {} {} {}", text("type"), text("state"), last["progress"], text("description"))
    }

    /// `phase verdict reason bundle` of the overlay switch.
    pub(crate) fn switch(&self) -> String {
        let switch = &self.status()["providerStatus"]["overlaySwitch"];
        let text = |field: &str| switch[field].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("phase"), text("verdict"), text("reason"), text("bundle"))
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<String> {
        self.network().unwrap()["metadata"]["annotations"][key].as_str().map(str::to_owned)
    }

    pub(crate) fn stored(&self, group: &str, plural: &str, name: &str) -> Option<Arc<Value>> {
        self.seed.stored(group, plural, &self.key.namespace, name)
    }

    pub(crate) fn managed_resource(&self) -> Option<Arc<Value>> {
        self.stored("resources.gardener.cloud", "managedresources", BUNDLE)
    }

    /// The text of the bundle that the ManagedResource names.
    pub(crate) fn bundle(&self) -> String {
        let managed_resource = self.managed_resource().unwrap();
        let name = managed_resource["spec"]["secretRefs"][0]["name"].as_str().unwrap();
        let secret = self.stored("", "secrets", name).unwrap();
        String::from_utf8(STANDARD.decode(secret["data"]["config.yaml"].as_str().unwrap()).unwrap()).unwrap()
    }

    /// The encapsulation that the bundle's pool has: `ipipMode` of its IPPool.
    pub(crate) fn pool_mode(&self) -> String {
        let bundle = self.bundle();
        let pool = bundle.split("\n---\n").find(|document| document.contains("kind: IPPool")).unwrap().to_owned();
        pool.lines().find_map(|line| line.trim().strip_prefix("ipipMode: ")).unwrap().to_owned()
    }

    pub(crate) fn decisions(&self) -> Vec<String> {
        std::mem::take(&mut self.decisions.0.lock().unwrap())
    }

    /// Every write since the last call, as `verb resource[/subresource] name`.
    pub(crate) fn writes(&self) -> Vec<String> {
        held_to_the_rules(&of_the_controller(self.seed.requests()));
        let is_write = |request: &LoggedRequest| request.code.is_some_and(|code| code < 400) && is_write(request);
        self.seed.take_requests().into_iter().filter(is_write).map(|request| line(&request)).collect()
    }

    /// `type reason message` of every Event, in the order in which they were recorded.
    pub(crate) async fn events(&self) -> Vec<String> {
        let client = kube::Client::new(self.seed.service(), "default");
        let path = format!("/api/v1/namespaces/{}/events", self.key.namespace);
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        let list: Value = client.request(request).await.unwrap();
        let mut events: Vec<&Value> = list["items"].as_array().unwrap().iter().collect();
        events.sort_by_key(|event| event["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap());
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        let line = |event| format!("{} {} {}", text(event, "type"), text(event, "reason"), text(event, "message"));
        events.into_iter().map(line).collect()
    }

    /// How many requests since the last call.
    pub(crate) fn requests(&self) -> usize {
        held_to_the_rules(&of_the_controller(self.seed.requests()));
        self.seed.take_requests().len() + self.shoot.take_requests().len()
    }
}

/// Whatever a scenario is about, the controller asks the seed for nothing that its role does not allow.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            held_to_the_rules(&of_the_controller(self.seed.requests()));
        }
    }
}

/// The requests that the controller made, not the scenario.
pub(crate) fn of_the_controller(requests: Vec<LoggedRequest>) -> Vec<LoggedRequest> {
    requests.into_iter().filter(|request| request.user_agent == CONTROLLER).collect()
}

fn is_write(request: &LoggedRequest) -> bool {
    !matches!(request.verb, Verb::Get | Verb::List | Verb::Watch)
}

/// Names that end in a digest are cut short.
fn line(request: &LoggedRequest) -> String {
    let LoggedRequest { verb, resource, subresource, name, content_type, .. } = request;
    let verb = match verb {
        Verb::Patch if content_type.contains("apply-patch") => "apply".to_owned(),
        verb => format!("{verb:?}").to_lowercase(),
    };
    let name = match resource.as_str() {
        "secrets" => name.rsplit_once('-').map_or(name.clone(), |(_, digest)| name.replace(digest, "HASH")),
        "events" => "EVENT".to_owned(),
        _ => name.clone(),
    };
    let name = name.replace("managedresource-extension-networking-calico-config-HASH", "HASH");
    let place = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    format!("{verb} {place} {name}")
}

/// A connection of the controller to the seed.
pub(crate) fn as_controller(seed: &Server) -> kube::Client {
    let named = tower::util::MapRequest::new(seed.service(), |mut request: http::Request<_>| {
        request.headers_mut().insert(http::header::USER_AGENT, http::HeaderValue::from_static(CONTROLLER));
        request
    });
    kube::Client::new(named, "default")
}

fn controller(
    seed: &Server,
    shoot: &Server,
    known: &KnownNetworks,
    configuration: ControllerConfiguration,
) -> (Arc<Controller>, Arc<Decisions>) {
    let seed = ApiClient::new(as_controller(seed), "seed", RateLimit::none(), Arc::new(Unobserved));
    let shoot = shoot.clone();
    let shoots = ShootAccess::connecting_by(seed.clone(), Address::Internal, Arc::new(Unobserved), move |_| {
        Ok(kube::Client::new(shoot.service(), "default"))
    });
    let decisions = Arc::new(Decisions::default());
    let (woken, known) = (Arc::clone(&decisions), known.clone());
    let watches =
        NodeWatches::new(Box::new(move |_| woken.1.notify_one()), Arc::clone(&decisions) as Arc<dyn Observer>);
    let controller = Controller {
        seed,
        shoots,
        configuration,
        images: ImageVector::built_in("v0.0.0"),
        definitions: Arc::clone(&DEFINITIONS),
        service: Service::default(),
        told: Box::new(move |key| known.told(key)),
        observer: Arc::clone(&decisions) as Arc<dyn Observer>,
        clock: clock(),
        watches,
        memory: Default::default(),
    };
    (Arc::new(controller), decisions)
}

std::thread_local! {
    static STARTED: std::cell::OnceCell<Instant> = const { std::cell::OnceCell::new() };
}

/// The paused time of the runtime, as a date.
fn seconds() -> i64 {
    let started = STARTED.with(|started| *started.get_or_init(Instant::now));
    adapter_k8s::time::parse(BEGIN).unwrap().0 + i64::try_from(started.elapsed().as_secs()).unwrap()
}

fn clock() -> Box<dyn Fn() -> Timestamp + Send + Sync> {
    Box::new(|| Timestamp(seconds()))
}

/// The time as text.
pub(crate) fn now() -> String {
    adapter_k8s::time::format(Timestamp(seconds()))
}

/// Lets time pass.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
