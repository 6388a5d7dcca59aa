//! Workers with a reconciler that does what the name of its object says.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::process::metrics::Metrics;
use crate::process::queue::{BackOff, Priority};

/// Does what the name of the object says, and keeps a record.
#[derive(Default)]
struct Scripted(Mutex<Record>);

#[derive(Default)]
struct Record {
    calls: BTreeMap<String, usize>,
    running: BTreeMap<String, usize>,
    most_at_once: usize,
    reports: Vec<(String, String)>,
}

impl Scripted {
    fn calls(&self, name: &str) -> usize {
        self.0.lock().unwrap().calls.get(name).copied().unwrap_or(0)
    }
}

impl Reconciler for Scripted {
    async fn reconcile(&self, key: NetworkKey) -> Result<Next, ReconcileError> {
        let call = {
            let mut record = self.0.lock().unwrap();
            let running = record.running.entry(key.name.clone()).or_default();
            *running += 1;
            assert_eq!(*running, 1, "{key} is with two workers");
            let at_once = record.running.values().sum();
            record.most_at_once = record.most_at_once.max(at_once);
            let call = record.calls.entry(key.name.clone()).or_default();
            *call += 1;
            *call
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.0.lock().unwrap().running.insert(key.name.clone(), 0);
        match (key.name.as_str(), call) {
            ("fails", _) => Err(ReconcileError::new(FailureKind::Failed, "no route to host")),
            ("fails-once", 1) => Err(ReconcileError::new(FailureKind::TimedOut, "too slow")),
            ("panics", _) => panic!("index {call} of nothing"),
            ("polls", 1..4) => Ok(Next::After(Duration::from_secs(5))),
            _ => Ok(Next::OnChange),
        }
    }

    async fn report_panic(&self, key: NetworkKey, message: String) -> Result<(), ReconcileError> {
        self.0.lock().unwrap().reports.push((key.name, message));
        panic!("the report panics, too");
    }
}

struct World {
    queue: Queue,
    reconciler: Arc<Scripted>,
    metrics: Metrics,
    workers: JoinSet<()>,
}

fn world(workers: usize) -> World {
    let metrics = Metrics::new();
    let queue = Queue::new(BackOff::default(), metrics.queue.clone());
    let reconciler = Arc::new(Scripted::default());
    let workers = start(workers, &queue, &reconciler, &metrics.network);
    World { queue, reconciler, metrics, workers }
}

impl World {
    fn add(&self, name: &str) {
        self.queue.add(NetworkKey { namespace: "ns".to_owned(), name: name.to_owned() }, Priority::Change);
    }

    fn sample(&self, line: &str) -> String {
        let text = self.metrics.text().unwrap();
        let found = text.lines().find_map(|candidate| candidate.strip_prefix(line));
        found.unwrap_or_else(|| panic!("no `{line}` in {text}")).trim().to_owned()
    }

    fn results(&self) -> [String; 4] {
        ["success", "requeue_after", "requeue", "error"].map(|result| {
            self.sample(&format!("controller_runtime_reconcile_total{{controller=\"network\",result=\"{result}\"}}"))
        })
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn every_ending_is_counted_and_followed_by_its_next_look() {
    let world = world(5);
    for name in ["fine", "fails-once", "polls"] {
        world.add(name);
    }
    seconds(60).await;
    assert_eq!((world.reconciler.calls("fine"), world.reconciler.calls("fails-once")), (1, 2));
    assert_eq!(world.reconciler.calls("polls"), 4);
    assert_eq!(world.results(), ["3", "3", "0", "1"]);
    assert_eq!(world.sample("controller_runtime_reconcile_timeouts_total{controller=\"network\"}"), "1");
    assert_eq!(world.sample("controller_runtime_reconcile_errors_total{controller=\"network\"}"), "1");
    assert_eq!(world.sample("controller_runtime_active_workers{controller=\"network\"}"), "0");
    assert_eq!(world.sample("controller_runtime_max_concurrent_reconciles{controller=\"network\"}"), "5");
    assert_eq!(world.sample("workqueue_retries_total{name=\"network\",controller=\"network\"}"), "1");
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_object_and_nothing_else() {
    let mut world = world(1);
    world.add("panics");
    seconds(1).await;
    world.add("fine");
    seconds(1).await;
    assert_eq!(world.reconciler.calls("fine"), 1);
    let panicked = world.reconciler.calls("panics");
    assert!(panicked >= 3, "tried again {panicked} times");
    let reports = world.reconciler.0.lock().unwrap().reports.clone();
    assert_eq!(reports[0], ("panics".to_owned(), "index 1 of nothing".to_owned()));
    assert_eq!(reports.len(), panicked);
    assert_eq!(world.sample("controller_runtime_reconcile_panics_total{controller=\"network\"}"), panicked.to_string());
    world.queue.close();
    while let Some(ended) = world.workers.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn workers_work_at_once_up_to_their_number_and_never_on_one_object() {
    let world = world(3);
    for name in ["a", "b", "c", "d", "e", "f"] {
        world.add(name);
    }
    for _ in 0..10 {
        world.add("a");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    seconds(5).await;
    assert_eq!(world.reconciler.0.lock().unwrap().most_at_once, 3);
    assert!(world.reconciler.calls("a") >= 2);
    assert_eq!(world.reconciler.calls("f"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_back_off_grows_and_does_not_stop_others() {
    let world = world(1);
    world.add("fails");
    seconds(60).await;
    // 100 ms of work each, and 5, 10, 20, … ms between them: the fourteenth begins after 42 s.
    assert_eq!(world.reconciler.calls("fails"), 14);
    world.add("fine");
    seconds(1).await;
    assert_eq!(world.reconciler.calls("fine"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_closed_queue_lets_the_running_reconcile_finish() {
    let mut world = world(1);
    world.add("fine");
    world.add("never");
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.queue.close();
    while let Some(ended) = world.workers.join_next().await {
        ended.unwrap();
    }
    assert_eq!((world.reconciler.calls("fine"), world.reconciler.calls("never")), (1, 0));
    assert_eq!(world.results()[0], "1");
}
