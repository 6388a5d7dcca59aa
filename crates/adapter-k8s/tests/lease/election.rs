//! Leader election: contenders, kills, cut lines, suspended machines, and holders that are client-go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adapter_k8s::lease::{Clock, Election, Elector, Leadership, LeadershipLost, Loss};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};

use crate::server::{Connection, Line, Server};

const LEASE: &str = "networking-calico-leader-election";

/// A contender that runs until it loses, and the clock of its machine.
struct Contender {
    leadership: Leadership,
    connection: Connection,
    suspended: Arc<AtomicU64>,
    task: JoinHandle<Loss>,
}

impl Contender {
    fn start(server: &Server, identity: &str) -> Self {
        let (mut elector, leadership, connection, suspended) = elector(server, identity);
        let task = tokio::spawn(async move {
            elector.acquire().await;
            elector.hold().await
        });
        Self { leadership, connection, suspended, task }
    }

    fn leads(&self) -> bool {
        self.leadership.check().is_ok()
    }

    async fn wait_to_lead(&self) {
        while !self.leads() {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The machine of this contender alone has slept for so long.
    fn suspend(&self, time: Duration) {
        self.suspended.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

/// An elector on tokio's clock plus the time that its machine was suspended.
fn elector(server: &Server, identity: &str) -> (Elector, Leadership, Connection, Arc<AtomicU64>) {
    let (client, connection) = server.connect();
    let suspended = Arc::new(AtomicU64::new(0));
    let (start, milliseconds) = (Instant::now(), Arc::clone(&suspended));
    let clock = Clock::new(move || start.elapsed() + Duration::from_millis(milliseconds.load(Ordering::SeqCst)));
    let (elector, leadership) = Elector::new(client, Election::new("garden", LEASE, identity), clock);
    (elector, leadership, connection, suspended)
}

/// A spec as client-go writes it.
fn client_go(holder: &str, seconds: i32, transitions: i32, renewed: &str) -> Value {
    json!({"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": "2026-11-26T08:00:00.000000Z",
        "renewTime": renewed, "leaseTransitions": transitions})
}

fn without_times(mut spec: Value) -> Value {
    spec["acquireTime"] = json!("then");
    spec["renewTime"] = json!("now");
    spec
}

#[tokio::test(start_paused = true)]
async fn the_first_contender_creates_the_lease_leads_and_says_so() {
    let server = Server::default();
    let contender = Contender::start(&server, "host_a");
    contender.wait_to_lead().await;
    sleep(Duration::from_secs(60)).await;
    assert!(contender.leads());
    assert_eq!(
        without_times(server.spec(LEASE)),
        json!({"holderIdentity": "host_a", "leaseDurationSeconds": 15, "leaseTransitions": 0,
            "acquireTime": "then", "renewTime": "now"})
    );
    let acquired: Vec<Value> = server.writes().iter().map(|(_, spec)| spec["acquireTime"].clone()).collect();
    assert!(acquired.len() >= 29, "renewed {} times in 60 s", acquired.len());
    assert!(acquired.iter().all(|time| *time == acquired[0]), "a renewal keeps the time of acquisition");

    let events = server.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["message"], "host_a became leader");
    assert_eq!(events[0]["reason"], "LeaderElection");
    assert_eq!(events[0]["type"], "Normal");
    assert_eq!(
        events[0]["involvedObject"],
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "namespace": "garden", "name": LEASE})
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_contender_waits_and_takes_over_a_whole_lease_after_a_kill() {
    let server = Server::default();
    let first = Contender::start(&server, "host_a");
    first.wait_to_lead().await;
    let second = Contender::start(&server, "host_b");
    sleep(Duration::from_secs(120)).await;
    assert!(first.leads() && !second.leads());
    first.task.abort();
    let killed = Instant::now();
    second.wait_to_lead().await;
    let waited = killed.elapsed();
    assert!((Duration::from_secs(13)..Duration::from_secs(21)).contains(&waited), "took over after {waited:?}");
    assert_eq!(server.spec(LEASE)["leaseTransitions"], 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(server.event_messages(), ["host_a became leader", "host_b became leader"]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_a_line_stops_before_another_may_start() {
    for line in [Line::Cut, Line::NoAnswers, Line::Broken] {
        let server = Server::default();
        let first = Contender::start(&server, "host_a");
        first.wait_to_lead().await;
        let second = Contender::start(&server, "host_b");
        sleep(Duration::from_secs(30)).await;
        first.connection.set(line);
        let cut = Instant::now();
        while first.leads() {
            assert!(!second.leads(), "{line:?}: two lead");
            sleep(Duration::from_millis(10)).await;
        }
        let led_for = cut.elapsed();
        assert!(led_for <= Duration::from_millis(10_010), "{line:?}: led on for {led_for:?}");
        second.wait_to_lead().await;
        assert!(!first.leads());
        let apart = cut.elapsed().saturating_sub(led_for);
        assert!(apart >= Duration::from_secs(4), "{line:?}: only {apart:?} between them");
        assert_eq!(first.task.await.unwrap(), Loss::NotRenewed { deadline: Duration::from_secs(10) }, "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_interruption_is_bridged() {
    for line in [Line::Cut, Line::NoAnswers, Line::Broken] {
        let server = Server::default();
        let first = Contender::start(&server, "host_a");
        first.wait_to_lead().await;
        sleep(Duration::from_secs(30)).await;
        first.connection.set(line);
        sleep(Duration::from_secs(3)).await;
        first.connection.set(Line::Open);
        for _ in 0..100 {
            assert!(first.leads(), "{line:?}");
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(server.spec(LEASE)["leaseTransitions"], 0, "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_does_not_lead_when_it_wakes() {
    let server = Server::default();
    let first = Contender::start(&server, "host_a");
    first.wait_to_lead().await;
    sleep(Duration::from_secs(30)).await;
    let written = server.writes().len();
    first.suspend(Duration::from_secs(3_600));
    let lost = first.leadership.check().unwrap_err();
    assert!(matches!(lost, LeadershipLost::RanOut { ago } if ago > Duration::from_secs(3_580)), "{lost}");
    assert_eq!(first.task.await.unwrap(), Loss::NotRenewed { deadline: Duration::from_secs(10) });
    assert_eq!(server.writes().len(), written, "it does not try to come back");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_the_deadline_gives_nothing() {
    let server = Server::default();
    let first = Contender::start(&server, "host_a");
    first.connection.slow_down(Duration::from_secs(20));
    sleep(Duration::from_secs(100)).await;
    assert!(!first.leads());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_names_another_is_lost_at_once() {
    let server = Server::default();
    let first = Contender::start(&server, "host_a");
    first.wait_to_lead().await;
    server.put(LEASE, &client_go("host_go", 15, 9, "2026-11-26T10:00:00.000000Z"));
    assert_eq!(first.task.await.unwrap(), Loss::Taken { holder: "host_go".to_owned() });
    assert_eq!(first.leadership.check(), Err(LeadershipLost::NotLeading));
    assert_eq!(server.spec(LEASE)["holderIdentity"], "host_go");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lease_is_made_again() {
    let server = Server::default();
    let first = Contender::start(&server, "host_a");
    first.wait_to_lead().await;
    server.delete(LEASE);
    sleep(Duration::from_secs(30)).await;
    assert!(first.leads());
    assert_eq!(server.spec(LEASE)["holderIdentity"], "host_a");
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_taken_without_waiting_for_its_end() {
    let server = Server::default();
    let (mut elector, leadership, _, _) = elector(&server, "host_a");
    elector.acquire().await;
    let second = Contender::start(&server, "host_b");
    sleep(Duration::from_secs(5)).await;
    assert!(!second.leads());
    elector.release().await.unwrap();
    assert_eq!(leadership.check(), Err(LeadershipLost::NotLeading));
    assert_eq!(
        without_times(server.spec(LEASE)),
        json!({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 0,
            "acquireTime": "then", "renewTime": "now"})
    );
    let released = Instant::now();
    second.wait_to_lead().await;
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());
    assert_eq!(server.spec(LEASE)["leaseTransitions"], 1);
    elector.release().await.unwrap();
    assert_eq!(server.spec(LEASE)["holderIdentity"], "host_b", "only the holder gives it away");
}

#[tokio::test(start_paused = true)]
async fn a_release_finds_the_renewal_whose_answer_nobody_waited_for() {
    let server = Server::default();
    let (mut elector, _, connection, _) = elector(&server, "host_a");
    elector.acquire().await;
    connection.set(Line::NoAnswers);
    tokio::time::timeout(Duration::from_millis(2_500), elector.hold()).await.unwrap_err();
    connection.set(Line::Open);
    elector.release().await.unwrap();
    assert_eq!(server.spec(LEASE)["holderIdentity"], "");
}

#[tokio::test(start_paused = true)]
async fn a_client_go_holder_that_renews_is_left_alone_however_old_its_clock() {
    let server = Server::default();
    server.put(LEASE, &client_go("go-host_1", 15, 4, "2001-01-01T00:00:00.000000Z"));
    let ours = Contender::start(&server, "host_a");
    for renewal in 1..60 {
        sleep(Duration::from_secs(10)).await;
        assert!(!ours.leads());
        server.put(LEASE, &client_go("go-host_1", 15, 4, &format!("2001-01-01T00:00:{renewal:02}.000000Z")));
    }
    let last = Instant::now();
    ours.wait_to_lead().await;
    let waited = last.elapsed();
    assert!((Duration::from_secs(15)..Duration::from_secs(21)).contains(&waited), "took over after {waited:?}");
    assert_eq!(
        without_times(server.spec(LEASE)),
        json!({"holderIdentity": "host_a", "leaseDurationSeconds": 15, "leaseTransitions": 5,
            "acquireTime": "then", "renewTime": "now"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_client_go_released_is_free() {
    let server = Server::default();
    server.put(LEASE, &client_go("", 1, 4, "2026-11-26T10:00:00.000000Z"));
    let ours = Contender::start(&server, "host_a");
    advance(Duration::from_millis(1)).await;
    sleep(Duration::from_millis(500)).await;
    assert!(ours.leads());
    assert_eq!(server.spec(LEASE)["leaseTransitions"], 5);
}

/// Five contenders for ten minutes, whose lines are cut, whose machines sleep, who are killed and come back.
#[tokio::test(start_paused = true)]
async fn never_do_two_lead() {
    for seed in 0..8 {
        fastrand::seed(seed);
        let mut script = fastrand::Rng::with_seed(seed);
        let server = Server::default();
        let mut contenders: Vec<Contender> = Vec::new();
        let (mut born, mut led, mut leader) = (0, 0, None);
        for _ in 0..3_000 {
            contenders.retain(|contender| !contender.task.is_finished());
            while contenders.len() < 5 {
                contenders.push(Contender::start(&server, &format!("host_{born}")));
                born += 1;
            }
            let victim = script.usize(0..contenders.len());
            match script.u32(0..200) {
                0 => contenders.swap_remove(victim).task.abort(),
                1 => contenders[victim].connection.set(Line::Cut),
                2 => contenders[victim].connection.set(Line::NoAnswers),
                3 => contenders[victim].connection.set(Line::Broken),
                4 => contenders[victim].suspend(Duration::from_secs(script.u64(1..30))),
                5 => contenders[victim].connection.slow_down(Duration::from_millis(script.u64(20..6_000))),
                6..12 => contenders[victim].connection.set(Line::Open),
                _ => {}
            }
            sleep(Duration::from_millis(200)).await;
            let leading: Vec<usize> = (0..contenders.len()).filter(|at| contenders[*at].leads()).collect();
            assert!(leading.len() <= 1, "seed {seed}: {} lead", leading.len());
            let holder = server.spec(LEASE)["holderIdentity"].clone();
            if !leading.is_empty() && leader != Some(holder.clone()) {
                (led, leader) = (led + 1, Some(holder));
            }
        }
        assert!(led >= 2, "seed {seed}: {led} leaders in ten minutes: the script tests nothing");
    }
}
