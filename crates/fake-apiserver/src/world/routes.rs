//! A route writer, as cloud providers have one: it creates a route per node and says so in the node's condition
//! `NetworkUnavailable`. What it does when is a script.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::cluster::{condition, text};
use super::{Clock, Cluster, Running, kinds};

/// What it does when.
#[derive(Clone, Debug)]
pub struct Script {
    /// Until it does anything.
    pub cold_start: Duration,
    /// What it says about nodes that it has created no route for yet.
    pub at_first: AtFirst,
    /// In which order routes are created.
    pub order: Order,
    /// From one route to the next.
    pub each: Duration,
    /// Between two passes over all nodes, in which it finds new nodes and says again what others have overwritten.
    pub pass: Duration,
    /// Nodes that get no route, as when a quota is used up. They are said to have none.
    pub without: BTreeSet<String>,
}

/// What is said about a node before its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtFirst {
    /// Nothing.
    Silence,
    /// That there is no route, to all of them: what a route writer does whose list of routes is still empty.
    NoRoute,
}

/// The order of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By name.
    ByName,
    /// By name, backwards.
    Backwards,
    /// By chance, with this seed.
    Shuffled(u64),
}

/// The route writer of a shoot.
#[derive(Debug)]
pub struct Routes {
    shoot: Cluster,
    script: Script,
    clock: Clock,
}

impl Default for Script {
    /// The passes of the stock route controller.
    fn default() -> Self {
        Self {
            cold_start: Duration::from_secs(20),
            at_first: AtFirst::Silence,
            order: Order::ByName,
            each: Duration::from_secs(2),
            pass: Duration::from_secs(10),
            without: BTreeSet::new(),
        }
    }
}

const RETRY: Duration = Duration::from_secs(1);

impl Routes {
    /// A route writer by a script.
    pub fn new(shoot: Cluster, script: Script, clock: Clock) -> Self {
        Self { shoot, script, clock }
    }

    /// Starts it, as on being scaled up.
    pub fn start(self) -> Running {
        Running::start(self.run())
    }

    async fn run(self) {
        sleep(self.script.cold_start).await;
        let mut routes = BTreeSet::new();
        let mut first = true;
        loop {
            match self.pass(&mut routes, first).await {
                Ok(()) => {
                    first = false;
                    sleep(self.script.pass).await;
                }
                Err(_) => sleep(RETRY).await,
            }
        }
    }

    /// Goes over all nodes once.
    async fn pass(&self, routes: &mut BTreeSet<String>, first: bool) -> Result<(), kube::Error> {
        let mut nodes = self.shoot.list(&kinds::NODE, "").await?;
        // Nobody can create a route for a node without a range.
        nodes.retain(|node| !text(node, "/spec/podCIDR").is_empty());
        if first && self.script.at_first == AtFirst::NoRoute {
            for node in &nodes {
                self.say(node, Route::Missing).await?;
            }
        }
        self.sort(&mut nodes);
        for node in &nodes {
            let name = text(node, "/metadata/name");
            if self.script.without.contains(name) {
                self.say(node, Route::Missing).await?;
                continue;
            }
            if !routes.contains(name) {
                sleep(self.script.each).await;
                routes.insert(name.to_owned());
            }
            self.say(node, Route::Created).await?;
        }
        Ok(())
    }

    fn sort(&self, nodes: &mut [Value]) {
        nodes.sort_by(|one, other| text(one, "/metadata/name").cmp(text(other, "/metadata/name")));
        match self.script.order {
            Order::ByName => {}
            Order::Backwards => nodes.reverse(),
            Order::Shuffled(seed) => Rng::with_seed(seed).shuffle(nodes),
        }
    }

    /// Says how it is, unless the node says so already.
    async fn say(&self, node: &Value, route: Route) -> Result<(), kube::Error> {
        let (status, reason, message) = match route {
            Route::Created => ("False", "RouteCreated", "RouteController created a route"),
            Route::Missing => ("True", "NoRouteCreated", "RouteController failed to create a route"),
        };
        let name = text(node, "/metadata/name");
        // Somebody may have written since the list was read.
        let Some(node) = self.shoot.get(&kinds::NODE, "", name).await? else { return Ok(()) };
        let is_said = condition(&node, "NetworkUnavailable")
            .is_some_and(|said| text(said, "/status") == status && text(said, "/reason") == reason);
        if is_said {
            return Ok(());
        }
        let now = self.clock.seconds();
        let condition = json!({
            "type": "NetworkUnavailable",
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        });
        self.shoot.set_node_condition(name, &condition, None).await.map(drop)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Created,
    Missing,
}

#[cfg(test)]
mod tests {
    use kube::Client;

    use super::*;
    use crate::Server;

    fn order(order: Order) -> Vec<String> {
        let server = Server::builder().build().unwrap();
        let shoot = Cluster::new(Client::new(server.service(), "default"));
        let script = Script { order, ..Script::default() };
        let routes = Routes::new(shoot, script, Clock::system());
        let mut nodes: Vec<Value> = ["c", "a", "b", "d"].map(|name| json!({"metadata": {"name": name}})).into();
        routes.sort(&mut nodes);
        nodes.iter().map(|node| text(node, "/metadata/name").to_owned()).collect()
    }

    #[tokio::test]
    async fn an_order_by_chance_is_the_same_for_the_same_seed() {
        assert_eq!(order(Order::ByName), ["a", "b", "c", "d"]);
        assert_eq!(order(Order::Backwards), ["d", "c", "b", "a"]);
        assert_eq!(order(Order::Shuffled(7)), order(Order::Shuffled(7)));
        let orders: BTreeSet<Vec<String>> = (0..20).map(|seed| order(Order::Shuffled(seed))).collect();
        assert!(orders.len() > 5, "{orders:?}");
    }
}
