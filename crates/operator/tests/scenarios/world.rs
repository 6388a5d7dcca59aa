//! A seed, a shoot and the controller between them, on paused time.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use adapter_k8s::bundle::Definitions;
use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::shoot_access::{Address, ShootAccess};
use calico_policy::Decision;
use fake_apiserver::Server;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use operator::controller::{
    Controller, NetworkKey, Next, NodeWatches, Observer, ReconcileError, Reconciler, Service, Trigger, WatchCounts,
};
use operator::process::watch::KnownNetworks;
use serde_json::{Value, json};
use tokio::sync::Notify;

// Another test binary takes this file by its path, too.
#[path = "world/asked.rs"]
pub(crate) mod asked;
#[path = "world/objects.rs"]
pub(crate) mod objects;
#[path = "world/others.rs"]
mod others;
#[path = "world/stored.rs"]
mod stored;
#[path = "world/time.rs"]
mod time;

use objects::{access_secret, cluster, definition, definitions, merge};
pub(crate) use time::{now, pass};

pub(crate) const NAMESPACE: &str = "shoot--foo--bar";
pub(crate) const NAME: &str = "bar";
pub(crate) const BUNDLE: &str = "extension-networking-calico-config";
const EXTENSIONS: &str = "extensions.gardener.cloud";

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
                    self.is_woken_within(delay).await;
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

    pub(crate) fn decisions(&self) -> Vec<String> {
        std::mem::take(&mut self.decisions.0.lock().unwrap())
    }
}

fn controller(
    seed: &Server,
    shoot: &Server,
    known: &KnownNetworks,
    configuration: ControllerConfiguration,
) -> (Arc<Controller>, Arc<Decisions>) {
    let seed = ApiClient::new(asked::as_controller(seed), "seed", RateLimit::none(), Arc::new(Unobserved));
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
        clock: time::clock(),
        watches,
        memory: Default::default(),
    };
    (Arc::new(controller), decisions)
}
