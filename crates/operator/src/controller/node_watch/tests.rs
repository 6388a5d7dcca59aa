//! Watches of shoots in memory, on paused time.

use std::collections::BTreeSet;

use adapter_k8s::client::{RateLimit, Unobserved};
use adapter_k8s::read;
use calico_policy::Decision;
use fake_apiserver::{Effect, Fault, Server, Verb};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

const NEVER: Duration = Duration::from_secs(100);

/// Hears nothing but counts.
#[derive(Default)]
struct Told(Mutex<WatchCounts>);

impl Observer for Told {
    fn decided(&self, _key: &NetworkKey, _inputs: &str, _decision: &Decision) {}
    fn forgotten(&self, _key: &NetworkKey) {}
    fn watching(&self, counts: WatchCounts) {
        *self.0.lock().unwrap() = counts;
    }
}

struct Watching {
    shoot: Server,
    client: ApiClient,
    watches: NodeWatches,
    told: Arc<Told>,
    woken: UnboundedReceiver<NetworkKey>,
}

impl Watching {
    fn new(places: usize) -> Self {
        let shoot = Server::builder().build().unwrap();
        let connection = kube::Client::new(shoot.service(), "default");
        let client = ApiClient::new(connection, "shoot", RateLimit::none(), Arc::new(Unobserved));
        let (sender, woken) = unbounded_channel();
        let wake = move |key| sender.send(key).unwrap_or_default();
        let told = Arc::new(Told::default());
        let watches = NodeWatches::new(Box::new(wake), Arc::clone(&told) as Arc<dyn Observer>).with_places(places);
        let watching = Self { shoot, client, watches, told, woken };
        watching.node("a", "CalicoIsUp", 0);
        watching
    }

    /// Writes a node.
    fn node(&self, name: &str, reason: &str, heartbeat: usize) {
        let node = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": format!("uid-{name}")},
            "spec": {"podCIDRs": ["100.96.0.0/24"]},
            "status": {"conditions": [
                {"type": "NetworkUnavailable", "status": "False", "reason": reason},
                {"type": "Ready", "status": "True", "message": heartbeat.to_string()},
            ]},
        });
        self.shoot.restore(node).unwrap();
    }

    /// What a look does: reads the nodes, then asks.
    async fn look(&self, name: &str) {
        let survey = read::nodes::nodes(&self.client).await.unwrap();
        self.watches.watch(&key(name), &self.client, &survey.nodes, &survey.resource_version);
        settle().await;
    }

    /// Who is woken within this time, and after how long.
    async fn woken(&mut self, within: Duration) -> Option<(String, u128)> {
        let begun = Instant::now();
        let key = tokio::time::timeout(within, self.woken.recv()).await.ok()??;
        Some((key.name, begun.elapsed().as_millis()))
    }

    /// Everybody who has been woken so far.
    fn all_woken(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.woken.try_recv().ok()).map(|key| key.name).collect()
    }

    /// `watched queued failed`.
    fn counts(&self) -> (usize, usize, usize) {
        let counts = self.watches.counts();
        assert_eq!(counts, *self.told.0.lock().unwrap(), "what is told is what is");
        (counts.watched, counts.queued, counts.failed)
    }

    fn tasks(&self) -> usize {
        let mut tasks = self.watches.tasks.lock().unwrap();
        while tasks.try_join_next().is_some() {}
        tasks.len()
    }

    fn watch_requests(&self) -> usize {
        self.shoot.take_requests().iter().filter(|request| request.verb == Verb::Watch).count()
    }
}

fn key(name: &str) -> NetworkKey {
    NetworkKey { namespace: format!("shoot--foo--{name}"), name: name.to_owned() }
}

/// Lets all tasks do what they can do now.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_route_wakes_at_once() {
    let mut watching = Watching::new(1);
    watching.look("x").await;
    assert_eq!(watching.woken(NEVER).await, None);
    watching.node("a", "RouteCreated", 0);
    assert_eq!(watching.woken(NEVER).await, Some(("x".to_owned(), 50)));
    assert_eq!(watching.woken(NEVER).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_happened_between_survey_and_watch_is_not_missed() {
    let mut watching = Watching::new(1);
    let survey = read::nodes::nodes(&watching.client).await.unwrap();
    watching.node("a", "RouteCreated", 0);
    watching.watches.watch(&key("x"), &watching.client, &survey.nodes, &survey.resource_version);
    assert!(watching.woken(NEVER).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn heartbeats_wake_nobody() {
    let mut watching = Watching::new(1);
    watching.look("x").await;
    for heartbeat in 0..1_000 {
        watching.node("a", "CalicoIsUp", heartbeat);
    }
    assert_eq!(watching.woken(NEVER).await, None);
    assert_eq!(watching.counts(), (1, 0, 0), "and the watch still works");
}

#[tokio::test(start_paused = true)]
async fn a_burst_wakes_now_and_then_and_its_last_route_soon() {
    let mut watching = Watching::new(1);
    watching.look("x").await;
    for name in 0..200 {
        watching.node(&format!("n{name}"), "CalicoIsUp", 0);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // 5 s: after 50 ms, and then each second.
    assert_eq!(watching.all_woken().len(), 5);
    assert!(watching.woken(NEVER).await.is_some(), "what came last is told, too");
    for name in 0..200 {
        watching.node(&format!("n{name}"), "RouteCreated", 0);
    }
    settle().await;
    watching.all_woken();
    watching.node("a", "RouteCreated", 0);
    let (_, after) = watching.woken(NEVER).await.unwrap();
    assert!(after <= 250, "{after}");
    // A node that flaps wakes four times a second at most.
    for turn in 0..100 {
        watching.node("a", if turn % 2 == 0 { "CalicoIsUp" } else { "RouteCreated" }, 0);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(watching.all_woken().len() <= 4);
}

#[tokio::test(start_paused = true)]
async fn asking_again_keeps_the_one_connection() {
    let watching = Watching::new(2);
    for _ in 0..5 {
        watching.look("x").await;
        pass(5).await;
    }
    assert_eq!((watching.counts(), watching.tasks(), watching.watch_requests()), ((1, 0, 0), 1, 1));
}

#[tokio::test(start_paused = true)]
async fn places_are_bounded_and_go_around() {
    let mut watching = Watching::new(2);
    let all = ["a", "b", "c", "d", "e"];
    let mut had: BTreeSet<String> = BTreeSet::new();
    for _ in 0..200 {
        for name in all {
            watching.look(name).await;
            // Who is woken is looked at first.
            for woken in watching.all_woken() {
                watching.look(&woken).await;
            }
        }
        assert_eq!((watching.counts(), watching.tasks()), ((2, 3, 0), 2));
        had.extend(watching.watches.ledger.lock().watched.keys().map(|key| key.name.clone()));
        pass(5).await;
    }
    assert_eq!(had.len(), all.len(), "everybody had a turn: {had:?}");
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_longest_gets_the_place_that_is_given_back() {
    let mut watching = Watching::new(1);
    for name in ["a", "b", "c"] {
        watching.look(name).await;
    }
    watching.watches.stop(&key("a"));
    assert_eq!(watching.all_woken(), ["b"]);
    // Who is early does not get it.
    watching.look("c").await;
    assert_eq!(watching.counts(), (0, 2, 0));
    watching.look("b").await;
    assert_eq!(watching.counts(), (1, 1, 0));
    watching.watches.stop(&key("b"));
    watching.watches.stop(&key("b"));
    assert_eq!(watching.all_woken(), ["c"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_in_time_begins_anew_with_a_look() {
    let mut watching = Watching::new(1);
    watching.look("x").await;
    let (woken, after) = watching.woken(Duration::from_secs(300)).await.unwrap();
    assert_eq!((woken.as_str(), after / 1_000), ("x", 239));
    assert_eq!((watching.counts(), watching.tasks()), ((0, 0, 0), 0));
    watching.look("x").await;
    assert_eq!(watching.counts(), (1, 0, 0));
}

/// Looks every five seconds for ten minutes; how many watches were tried.
async fn tries(watching: &mut Watching) -> usize {
    for _ in 0..120 {
        watching.look("x").await;
        pass(5).await;
    }
    assert_eq!(watching.all_woken(), Vec::<String>::new(), "a failure wakes nobody");
    watching.watch_requests()
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fails_is_tried_again_ever_later() {
    let broken = [
        Fault::status(403).verb(Verb::Watch),
        Fault::status(410).verb(Verb::Watch),
        Fault::new(Effect::ConnectionReset).verb(Verb::Watch),
        Fault::new(Effect::Latency(NEVER)).verb(Verb::Watch),
    ];
    for fault in broken {
        let mut watching = Watching::new(1);
        watching.shoot.faults().add(fault.clone());
        let tries = tries(&mut watching).await;
        assert!((6..=9).contains(&tries), "{tries} {fault:?}");
        assert_eq!((watching.counts(), watching.tasks()), ((0, 0, 1), 0), "{fault:?}");
        watching.shoot.faults().clear();
        pass(300).await;
        watching.look("x").await;
        assert_eq!(watching.counts(), (1, 0, 0), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_in_the_middle_is_begun_again_by_the_poll() {
    let mut watching = Watching::new(1);
    watching.shoot.faults().add(Fault::new(Effect::DroppedWatch { after: 1 }).times(1));
    watching.look("x").await;
    pass(20).await;
    watching.node("a", "RouteCreated", 0);
    assert!(watching.woken(NEVER).await.is_some(), "what was heard before it broke is told");
    assert_eq!(watching.counts(), (0, 0, 1));
    pass(2).await;
    watching.look("x").await;
    assert_eq!(watching.counts(), (1, 0, 0));
    watching.node("a", "CalicoIsUp", 0);
    assert!(watching.woken(NEVER).await.is_some());
}

/// Who relies on a watch is told by a wake that there is none any more.
#[tokio::test(start_paused = true)]
async fn a_watch_is_relied_on_from_its_begin_to_its_end() {
    let mut watching = Watching::new(1);
    let hearing = |watching: &Watching, name| watching.watches.hearing(&key(name));
    watching.shoot.faults().add(Fault::new(Effect::Latency(Duration::from_secs(3))).verb(Verb::Watch));
    watching.look("x").await;
    assert_eq!((watching.counts(), hearing(&watching, "x")), ((1, 0, 0), Hearing::Deaf), "nobody has answered yet");
    pass(3).await;
    assert_eq!((hearing(&watching, "x"), hearing(&watching, "y")), (Hearing::Connected, Hearing::Deaf));
    watching.watches.stop(&key("x"));
    assert_eq!(hearing(&watching, "x"), Hearing::Deaf);

    // One breaks.
    watching.shoot.faults().clear();
    watching.shoot.faults().add(Fault::new(Effect::DroppedWatch { after: 0 }).verb(Verb::Watch).times(1));
    watching.look("x").await;
    pass(1).await;
    assert_eq!((watching.counts(), hearing(&watching, "x")), ((0, 0, 1), Hearing::Deaf));
    assert_eq!(watching.all_woken(), ["x"]);

    // One ends in time, and another has waited for its place.
    pass(2).await;
    watching.look("x").await;
    watching.look("y").await;
    assert_eq!((watching.counts(), hearing(&watching, "x")), ((1, 1, 0), Hearing::Connected));
    pass(240).await;
    assert_eq!(watching.all_woken(), ["y", "x"], "who has waited looks first, and both look");
    assert_eq!(hearing(&watching, "x"), Hearing::Deaf);
}

/// One of the two lags, and which one nobody knows.
#[tokio::test(start_paused = true)]
async fn a_watch_that_tells_of_other_nodes_than_the_look_is_not_relied_on() {
    let watching = Watching::new(1);
    let hearing = || watching.watches.hearing(&key("x"));
    let before = read::nodes::nodes(&watching.client).await.unwrap();
    watching.look("x").await;
    assert_eq!(hearing(), Hearing::Connected);
    watching.node("a", "CalicoIsUp", 1);
    pass(1).await;
    assert_eq!(hearing(), Hearing::Connected, "a heartbeat is no change");

    watching.node("b", "RouteCreated", 0);
    pass(1).await;
    assert_eq!(hearing(), Hearing::Deaf, "nobody has looked");
    watching.watches.watch(&key("x"), &watching.client, &before.nodes, &before.resource_version);
    assert_eq!(hearing(), Hearing::Deaf, "this look has not seen it");
    watching.look("x").await;
    assert_eq!(hearing(), Hearing::Connected);

    // The watch does not tell what the look has read.
    let survey = read::nodes::nodes(&watching.client).await.unwrap();
    watching.watches.watch(&key("x"), &watching.client, &survey.nodes[1..], &survey.resource_version);
    assert_eq!((hearing(), watching.counts()), (Hearing::Deaf, (1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_gives_its_place_away() {
    let mut watching = Watching::new(1);
    watching.shoot.faults().add(Fault::status(403).verb(Verb::Watch).times(1));
    let survey = read::nodes::nodes(&watching.client).await.unwrap();
    for name in ["a", "b"] {
        watching.watches.watch(&key(name), &watching.client, &survey.nodes, &survey.resource_version);
    }
    settle().await;
    assert_eq!(watching.counts(), (0, 1, 1));
    assert_eq!(watching.all_woken(), ["b"]);
    watching.look("b").await;
    assert_eq!(watching.counts(), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_after_the_end() {
    let mut watching = Watching::new(2);
    for name in ["a", "b", "c"] {
        watching.look(name).await;
    }
    watching.watches.stop(&key("a"));
    settle().await;
    assert_eq!(watching.tasks(), 1);
    watching.all_woken();
    watching.watches.close().await;
    assert_eq!((watching.counts(), watching.tasks()), ((0, 0, 0), 0));
    watching.look("a").await;
    assert_eq!((watching.counts(), watching.tasks()), ((0, 0, 0), 0), "none begins afterwards");
    watching.node("a", "RouteCreated", 0);
    assert_eq!(watching.woken(NEVER).await, None);
}
