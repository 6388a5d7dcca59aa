//! Certificates of several replicas over months, while API servers ask without a pause: no review fails.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::lease::{Clock, Leadership};
use calico_policy::time::Timestamp;
use fake_apiserver::{Fault, Server, Verb};
use operator::admission::certificates::{Authority, Certificates};
use operator::admission::keeper::Keeper;
use operator::admission::registration::{EXTENSION, Reach, Registration, Webhook as Registered, authorities};
use operator::admission::server::ANSWER_DEADLINE;
use operator::admission::store::Store;
use serde_json::{Value, json};

use crate::client::{Connection, Time};
use crate::reviews::{network_config, review, shoot};
use crate::webhook::{HOST, Webhook};

const DAY: i64 = 86_400;
const NAME: &str = "gardener-extension-admission-calico";

fn registration() -> Registration {
    Registration {
        extension: EXTENSION.to_owned(),
        reach: Reach::Url(format!("{HOST}:443")),
        webhook: Registered::Enabled,
    }
}

fn cluster() -> Server {
    Server::builder().namespace("garden").build().unwrap()
}

fn client(server: &Server) -> ApiClient {
    let client = kube::Client::new(server.service(), "default");
    ApiClient::new(client, "h", RateLimit::new(1e6, 1_000_000), Arc::new(Unobserved))
}

/// The part of a replica that keeps its certificates.
fn keeper(server: &Server, webhook: &Webhook, leadership: Leadership, time: &Time) -> Keeper {
    let time = time.clone();
    Keeper {
        store: Store::Secret {
            client: client(server),
            namespace: "garden".to_owned(),
            name: format!("{NAME}-certificates"),
        },
        target: client(server),
        registration: registration(),
        owner_namespace: "garden".to_owned(),
        leadership,
        serving: webhook.serving.clone(),
        metrics: webhook.metrics.certificates.clone(),
        clock: Box::new(move || Timestamp(time.seconds())),
    }
}

fn nobody() -> Leadership {
    Leadership::granted_by(Clock::new(|| Duration::ZERO)).1
}

fn registered(server: &Server) -> Option<Arc<Value>> {
    server.stored("admissionregistration.k8s.io", "validatingwebhookconfigurations", "", NAME)
}

/// What API servers trust at this moment.
fn trusted(server: &Server) -> String {
    authorities(&registered(server).unwrap()["webhooks"]).concat()
}

fn secret(server: &Server) -> Arc<Value> {
    server.stored("", "secrets", "garden", &format!("{NAME}-certificates")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_review_fails_while_certificates_are_renewed_under_load() {
    let (server, time) = (cluster(), Time::now());
    let webhooks =
        [Webhook::without_certificate(ANSWER_DEADLINE).await, Webhook::without_certificate(ANSWER_DEADLINE).await];
    let leader = keeper(&server, &webhooks[0], Leadership::always(), &time);
    let follower = keeper(&server, &webhooks[1], nobody(), &time);
    leader.begin().await;
    leader.lead().await.unwrap();
    follower.begin().await;

    // An API server has heard of a bundle a while ago, or just now.
    let bundles = Arc::new(Mutex::new([trusted(&server), trusted(&server)]));
    let (stop, reviews) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let body = review("CREATE", &shoot(&network_config(&json!({}))), &Value::Null).to_string().into_bytes();
    let mut clients = Vec::new();
    for (number, address) in [webhooks[0].address, webhooks[1].address].into_iter().cycle().take(4).enumerate() {
        let (bundles, stop, reviews) = (Arc::clone(&bundles), Arc::clone(&stop), Arc::clone(&reviews));
        let (seen, time, body) = (Arc::clone(&seen), time.clone(), body.clone());
        clients.push(tokio::spawn(async move {
            let bundle = || bundles.lock().unwrap()[number / 2].clone();
            let mut kept = Connection::open(address, HOST, &bundle(), &time).await.unwrap();
            while !stop.load(Ordering::SeqCst) {
                let mut new = Connection::open(address, HOST, &bundle(), &time).await.expect("it is trusted");
                seen.lock().unwrap().insert(new.certificate());
                for connection in [&mut new, &mut kept] {
                    let answer = connection.review(&body).await.expect("the connection stays");
                    assert_eq!(answer.json()["response"]["allowed"], true);
                    reviews.fetch_add(1, Ordering::SeqCst);
                }
            }
        }));
    }
    // A step of ten minutes, and one of five days.
    let mut served = None;
    for step in 0..40 {
        let before = trusted(&server);
        time.pass(if step % 2 == 0 { 600 } else { 5 * DAY });
        leader.lead().await.unwrap();
        *bundles.lock().unwrap() = [before, trusted(&server)];
        let so_far = reviews.load(Ordering::SeqCst);
        // The follower is late: it still serves what was kept before.
        until(|| reviews.load(Ordering::SeqCst) > so_far + 8).await;
        follower.follow(&mut served).await.unwrap();
        *bundles.lock().unwrap() = [trusted(&server), trusted(&server)];
        until(|| reviews.load(Ordering::SeqCst) > so_far + 16).await;
    }
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let seen = seen.lock().unwrap().len();
    assert!(seen >= 5, "one every twenty days, in a hundred: {seen}");
}

async fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no client gets on");
}

#[tokio::test]
async fn replicas_that_start_together_share_the_first_certificates() {
    let (server, time) = (cluster(), Time::now());
    let webhooks =
        [Webhook::without_certificate(ANSWER_DEADLINE).await, Webhook::without_certificate(ANSWER_DEADLINE).await];
    let [first, second] = [0, 1].map(|number: usize| keeper(&server, &webhooks[number], nobody(), &time));
    tokio::join!(first.begin(), second.begin());
    let data = &secret(&server)["data"];
    let bundle = decoded(&data["bundle.crt"]);
    let mut shown = BTreeSet::new();
    for webhook in &webhooks {
        shown.insert(Connection::open(webhook.address, HOST, &bundle, &time).await.unwrap().certificate());
    }
    assert_eq!(shown.len(), 1);
    assert!(registered(&server).is_none(), "only the leader registers");
    let written = server.requests().iter().filter(|request| request.verb == Verb::Create).count();
    assert!(written <= 2, "{written}");
}

#[tokio::test]
async fn who_takes_over_is_trusted_before_it_leads_and_who_is_left_stays_trusted() {
    let (server, time) = (cluster(), Time::now());
    let foreign = Authority::new("ca-admission-calico-webhook", Timestamp(time.seconds())).unwrap().certificate;
    let mut configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": NAME},
        "webhooks": registration().webhooks(&foreign),
    });
    configuration["webhooks"][0]["timeoutSeconds"] = json!(5);
    server.restore(configuration).unwrap();

    let webhook = Webhook::without_certificate(ANSWER_DEADLINE).await;
    let follower = keeper(&server, &webhook, nobody(), &time);
    follower.begin().await;
    let both = authorities(&registered(&server).unwrap()["webhooks"]);
    assert_eq!((both.len(), &both[0]), (2, &foreign));
    assert_eq!(registered(&server).unwrap()["webhooks"][0]["timeoutSeconds"], 5, "nothing else is touched");
    Connection::open(webhook.address, HOST, &both.concat(), &time).await.unwrap();

    let leader = keeper(&server, &webhook, Leadership::always(), &time);
    leader.lead().await.unwrap();
    let now = registered(&server).unwrap();
    assert_eq!(now["webhooks"][0]["timeoutSeconds"], 10);
    assert!(authorities(&now["webhooks"]).contains(&foreign), "whoever had it can come back");
    assert_eq!(now["metadata"]["ownerReferences"][0]["name"], "garden");
    time.pass(31 * DAY);
    leader.lead().await.unwrap();
    leader.lead().await.unwrap();
    assert!(!authorities(&registered(&server).unwrap()["webhooks"]).contains(&foreign), "but not for ever");
}

#[tokio::test]
async fn the_leader_writes_only_what_is_not_as_it_should_be() {
    let (server, time) = (cluster(), Time::now());
    let webhook = Webhook::without_certificate(ANSWER_DEADLINE).await;
    let leader = keeper(&server, &webhook, Leadership::always(), &time);
    leader.begin().await;
    leader.lead().await.unwrap();
    let writes = || {
        let verbs = [Verb::Create, Verb::Update, Verb::Patch, Verb::Delete];
        server.take_requests().into_iter().filter(|request| verbs.contains(&request.verb)).count()
    };
    assert_eq!(writes(), 2, "the Secret and the registration");
    leader.lead().await.unwrap();
    assert_eq!(writes(), 0);

    let mut spoilt = (*registered(&server).unwrap()).clone();
    spoilt["webhooks"][0]["failurePolicy"] = json!("Ignore");
    server.restore(spoilt).unwrap();
    leader.lead().await.unwrap();
    assert_eq!(writes(), 1);
    assert_eq!(registered(&server).unwrap()["webhooks"], registration().webhooks(&trusted(&server)));
}

#[tokio::test]
async fn what_is_damaged_is_made_anew_by_the_leader_and_served_by_nobody() {
    let (server, time) = (cluster(), Time::now());
    let webhook = Webhook::without_certificate(ANSWER_DEADLINE).await;
    let leader = keeper(&server, &webhook, Leadership::always(), &time);
    leader.begin().await;
    leader.lead().await.unwrap();
    let before = trusted(&server);
    let whole = secret(&server);
    // A key that belongs to another certificate, an entry that is missing, a text that is none.
    let other = Certificates::new(&[HOST.to_owned()], &[], Timestamp(time.seconds())).unwrap();
    let damages = [
        ("tls.key", json!(encoded(&other.server.key))),
        ("tls.crt", json!(encoded(&other.server.certificate))),
        ("state.json", Value::Null),
        ("ca.crt", json!("!")),
    ];
    for (entry, value) in damages {
        let mut damaged = (*whole).clone();
        damaged["data"][entry] = value;
        if damaged["data"][entry].is_null() {
            damaged["data"].as_object_mut().unwrap().remove(entry);
        }
        server.restore(damaged).unwrap();
        let fresh = Webhook::without_certificate(ANSWER_DEADLINE).await;
        let follower = keeper(&server, &fresh, nobody(), &time);
        let error = follower.follow(&mut None).await.unwrap_err().to_string();
        assert!(!fresh.serving.is_ready(), "{entry}: {error}");
        leader.lead().await.unwrap();
        follower.follow(&mut None).await.unwrap();
        Connection::open(fresh.address, HOST, &trusted(&server), &time).await.unwrap();
        assert!(authorities(&registered(&server).unwrap()["webhooks"]).iter().any(|known| before.contains(known)));

        // The same where it was so before anybody started.
        let mut damaged = (*secret(&server)).clone();
        damaged["data"]["tls.key"] = json!(encoded(&other.server.key));
        server.restore(damaged).unwrap();
        begins(&server, &time).await;
    }
    time.pass(100 * DAY);
    begins(&server, &time).await;
}

/// Whoever leads gets to serve, whatever was kept.
async fn begins(server: &Server, time: &Time) {
    let webhook = Webhook::without_certificate(ANSWER_DEADLINE).await;
    let leader = keeper(server, &webhook, Leadership::always(), time);
    tokio::time::timeout(Duration::from_secs(30), leader.begin()).await.expect("it begins");
    Connection::open(webhook.address, HOST, &trusted(server), time).await.unwrap();
}

#[tokio::test]
async fn an_api_server_that_fails_leaves_what_is_served_as_it_is() {
    let (server, time) = (cluster(), Time::now());
    let webhook = Webhook::without_certificate(ANSWER_DEADLINE).await;
    let leader = keeper(&server, &webhook, Leadership::always(), &time);
    leader.begin().await;
    leader.lead().await.unwrap();
    let bundle = trusted(&server);
    server.faults().add(Fault::status(403).resource("secrets"));
    let error = leader.lead().await.unwrap_err();
    assert_eq!(error.to_string(), "certificates are not kept");
    Connection::open(webhook.address, HOST, &bundle, &time).await.unwrap();
    assert!(webhook.metrics.text().unwrap().contains("certwatcher_read_certificate_errors_total 1"));
}

fn decoded(value: &Value) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
}

fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
