//! What a story can make happen: in the seed by controllers and gardenlet, in the shoot by its machines and whoever writes routes.

use std::path::PathBuf;

use calico_manifests::guard::Protection;
use calico_policy::admission_policy::GuardApi;
use fake_apiserver::world::nodes::{self, Machine, Nodes};
use fake_apiserver::world::resource_manager::{self, ResourceManager};
use fake_apiserver::world::routes::{AtFirst, Order, Routes, Script};
use fake_apiserver::world::{Kind, kinds};
use serde_json::{Value, json};

use super::{Stage, millis};
use crate::e2e::calico::Nuisance;
use crate::e2e::controller::{Election, Launch, configuration};
use crate::e2e::scene::{Scene, text};
use crate::e2e::servers::EXTENSION;
use crate::e2e::trouble::Trouble;
use crate::envtest::Release;

impl Stage<'_> {
    /// Starts a controller. Without an election it acts at once.
    pub(in crate::e2e) fn start_controller(&mut self, election: Election) -> Result<(), Trouble> {
        let (story, number) = (self.namespace.trim_start_matches("shoot--e2e--"), self.logs.len() + 1);
        let file = |name: &str| self.lane.folder.join(format!("{story}-{name}"));
        let write = |path: &PathBuf, text: &str| {
            std::fs::write(path, text).map_err(Trouble::machine(format!("cannot write `{}`", path.display())))
        };
        let (config, kubeconfig) = (file("config.yaml"), file("kubeconfig"));
        write(&config, &format!("{:#}\n", configuration(self.gate)))?;
        write(&kubeconfig, &self.lane.seed.kubeconfig(EXTENSION))?;
        let log = file(&format!("controller-{number}.log"));
        let launch = Launch::new(&self.lane.settings.program, &config, &kubeconfig, election, &log);
        self.controllers.push(launch.start()?);
        self.logs.push(log);
        Ok(())
    }

    /// Kills the controller in the middle of whatever it does, and starts another one.
    pub(in crate::e2e) async fn replace_controller(&mut self) -> Result<(), Trouble> {
        for controller in self.controllers.drain(..) {
            controller.kill().await?;
        }
        self.start_controller(Election::Off)
    }

    /// How most stories begin: a shoot with an overlay on all its machines, and one controller.
    pub(in crate::e2e) async fn install(&mut self, machines: u8) -> Result<Scene, Trouble> {
        self.start_controller(Election::Off)?;
        self.create(machines).await
    }

    /// The same, whoever the controller is.
    pub(in crate::e2e) async fn create(&mut self, machines: u8) -> Result<Scene, Trouble> {
        self.start_machines(machines);
        self.deploy_and_wait().await?;
        let rollout = format!("{machines}/{machines}");
        self.until("calico-node runs on every machine, with an overlay", |scene| {
            scene.settled && scene.pool == "Always" && scene.rollout == rollout
        })
        .await
    }

    /// The owner turns the overlay off, and gardenlet asks for it.
    pub(in crate::e2e) async fn turn_overlay_off(&mut self) -> Result<Value, Trouble> {
        self.wish.overlay = false;
        self.deploy().await
    }

    /// gardenlet asks for what is wished, as in the flow of a Shoot.
    pub(in crate::e2e) async fn deploy(&self) -> Result<Value, Trouble> {
        self.tell_cluster().await?;
        Ok(self.gardenlet.deploy(&self.wish.network()).await?)
    }

    /// The same, and gardenlet waits for it.
    pub(in crate::e2e) async fn deploy_and_wait(&self) -> Result<(), Trouble> {
        let requested = self.deploy().await?;
        self.gardenlet.wait_until_ready(&requested).await?;
        Ok(())
    }

    /// Puts what is wished into the Cluster.
    pub(in crate::e2e) async fn tell_cluster(&self) -> Result<(), Trouble> {
        let cluster = self.wish.cluster(&self.namespace);
        let patch = json!({"spec": cluster.get("spec")});
        self.seed().merge(&kinds::CLUSTER, "", &self.namespace, &patch).await?;
        Ok(())
    }

    pub(in crate::e2e) fn start_machines(&mut self, count: u8) {
        let nodes = Nodes::new(self.shoot(), nodes::machines(count), self.pace, self.clock, 7);
        let (running, pool) = nodes.start_scaled();
        (self.machines, self.pool) = (Some(running), Some(pool));
    }

    /// A machine joins.
    pub(in crate::e2e) fn join(&self, machine: Machine) {
        if let Some(pool) = &self.pool {
            pool.join(machine);
        }
    }

    /// A machine leaves.
    pub(in crate::e2e) fn leave(&self, name: &str) {
        if let Some(pool) = &self.pool {
            pool.leave(name);
        }
    }

    pub(in crate::e2e) fn start_manager(&mut self) {
        let timing = resource_manager::Timing {
            create: millis(1),
            update: millis(1),
            deletion_poll: millis(500),
            ..resource_manager::Timing::default()
        };
        let manager = ResourceManager::new(self.seed(), self.shoot(), &self.namespace, timing, self.clock);
        self.manager = Some(manager.start());
    }

    pub(in crate::e2e) async fn stop_manager(&mut self) {
        if let Some(manager) = self.manager.take() {
            manager.stop().await;
        }
    }

    /// Starts a route writer that has no route for these nodes; one that runs is replaced.
    pub(in crate::e2e) async fn start_routes(&mut self, at_first: AtFirst, without: &[&str]) {
        self.stop_routes().await;
        let script = Script {
            cold_start: millis(300),
            at_first,
            order: Order::Shuffled(7),
            each: millis(150),
            pass: millis(500),
            without: without.iter().map(|name| (*name).to_owned()).collect(),
        };
        self.routes = Some(Routes::new(self.shoot(), script, self.clock).start());
    }

    pub(in crate::e2e) async fn stop_routes(&mut self) {
        if let Some(routes) = self.routes.take() {
            routes.stop().await;
        }
    }

    /// calico-node begins to be restarted all the time.
    pub(in crate::e2e) fn provoke(&self) -> Nuisance {
        Nuisance::start(self.view(), self.shoot(), &self.namespace, self.policy())
    }

    /// The guard that some providers deploy themselves.
    pub(in crate::e2e) async fn deploy_guard_of_provider(&self) -> Result<(), Trouble> {
        let api = match self.lane.settings.release {
            Release::V1_36 => GuardApi::V1,
            Release::V1_34 => GuardApi::V1beta1,
        };
        let objects = calico_manifests::guard::objects(api, Protection::FromCalico)
            .map_err(|error| Trouble::Other(error.to_string()))?;
        let name = "block-calico-network-unavailable";
        for (key, object) in objects.iter() {
            let mut object = object.clone();
            if let Some(metadata) = object.pointer_mut("/metadata/name") {
                *metadata = name.into();
            }
            if let Some(policy) = object.pointer_mut("/spec/policyName") {
                *policy = name.into();
            }
            let kind = match key.kind.as_str() {
                "MutatingAdmissionPolicy" => self.policy(),
                _ => Kind { version: self.policy().version, ..kinds::ADMISSION_POLICY_BINDING },
            };
            self.shoot().create(&kind, object).await?;
        }
        Ok(())
    }

    /// The machines are switched off, nothing in the seed looks after the shoot, and its API server is scaled down.
    pub(in crate::e2e) async fn fall_asleep(&mut self) -> Result<(), Trouble> {
        self.stop_manager().await;
        self.stop_routes().await;
        if let Some(machines) = self.machines.take() {
            machines.stop().await;
        }
        let shoot = self.shoot();
        for (kind, namespace) in [(kinds::POD, "kube-system"), (kinds::NODE, "")] {
            for object in shoot.list(&kind, namespace).await? {
                shoot.delete(&kind, namespace, text(&object, "/metadata/name")).await?;
            }
        }
        self.lane.shoot.crash().await
    }

    /// Everything that sleeps wakes up.
    pub(in crate::e2e) async fn wake_up(&mut self, machines: u8) -> Result<(), Trouble> {
        self.lane.shoot.start().await?;
        self.start_machines(machines);
        self.start_manager();
        Ok(())
    }
}
