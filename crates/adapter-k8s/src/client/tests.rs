//! The client against a scripted API server.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde_json::Value;

use super::resource::{NETWORKS, SECRETS};
use super::*;

/// What the scripted server does with the next attempt.
enum Reply {
    Text(u16, &'static str),
    After(u16, &'static str),
    Silence,
}

#[derive(Default)]
struct Seen(Mutex<Vec<Outcome>>);

impl ObserveRequest for Seen {
    fn observe(&self, attempt: &Attempt<'_>) {
        self.0.lock().unwrap().push(attempt.outcome);
    }
}

fn client(script: Vec<Reply>) -> (ApiClient, Arc<Seen>) {
    let script = Arc::new(Mutex::new(VecDeque::from(script)));
    let service = tower::service_fn(move |_: http::Request<Body>| {
        let reply = script.lock().unwrap().pop_front().expect("one attempt more than scripted");
        async move {
            let answer = |code: u16| http::Response::builder().status(code);
            match reply {
                Reply::Text(code, text) => answer(code).body(Body::from(text.as_bytes().to_vec())),
                Reply::After(code, seconds) => answer(code).header("Retry-After", seconds).body(Body::empty()),
                Reply::Silence => std::future::pending().await,
            }
        }
    });
    let seen = Arc::new(Seen::default());
    (ApiClient::new(kube::Client::new(service, "default"), "seed", RateLimit::none(), seen.clone()), seen)
}

fn get() -> Request {
    Request::get(&NETWORKS, "a", "b")
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_passes_is_not_seen_but_counted() {
    let (client, seen) = client(vec![
        Reply::Text(500, "{}"),
        Reply::Silence,
        Reply::After(429, "1"),
        Reply::Text(200, r#"{"metadata": {"name": "b"}}"#),
    ]);
    let network: Value = client.json(&get()).await.unwrap();
    assert_eq!(network["metadata"]["name"], "b");
    let outcomes = seen.0.lock().unwrap().clone();
    let expected = [Outcome::Answered(500), Outcome::TimedOut, Outcome::Answered(429), Outcome::Answered(200)];
    assert_eq!(outcomes, expected);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_the_deadline() {
    let started = Instant::now();
    let silent = (0..4).map(|_| Reply::Silence).collect();
    let error = client(silent).0.text(&get().within(Duration::from_secs(5))).await.unwrap_err();
    assert_eq!(error.to_string(), "get Network `a/b`: no answer within 5 s");
    assert!(started.elapsed() < Duration::from_secs(22), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn only_the_api_server_proves_absence() {
    let absent = r#"{"kind": "Status", "reason": "NotFound", "message": "networks \"b\" not found"}"#;
    assert!(client(vec![Reply::Text(404, absent)]).0.text(&get()).await.unwrap_err().is_absent());
    let error = client(vec![Reply::Text(404, "404 page not found")]).0.text(&get()).await.unwrap_err();
    assert_eq!(error.problem, Problem::NotServed);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_sorted_by_what_follows() {
    for (code, body, expected) in [
        (409, r#"{"reason": "AlreadyExists"}"#, Problem::AlreadyExists),
        (409, r#"{"reason": "Conflict", "message": "m"}"#, Problem::Conflict("m".to_owned())),
        (403, r#"{"reason": "Forbidden", "message": "m"}"#, Problem::Forbidden { code: 403, detail: "m".to_owned() }),
        (401, "", Problem::Forbidden { code: 401, detail: "code 401".to_owned() }),
        (410, "", Problem::Gone),
        (422, r#"{"reason": "Invalid"}"#, Problem::Refused { code: 422, detail: "Invalid".to_owned() }),
    ] {
        let error = client(vec![Reply::Text(code, body)]).0.text(&get()).await.unwrap_err();
        assert_eq!(error.problem, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_secret_is_in_an_error() {
    let secret = Request::get(&SECRETS, "a", "b");
    let body = r#"{"reason": "Invalid", "message": "hunter2"}"#;
    let refused = client(vec![Reply::Text(422, body)]).0.text(&secret).await.unwrap_err();
    assert_eq!(refused.to_string(), "get Secret `a/b`: refused (422): Invalid");
    let undecodable = client(vec![Reply::Text(200, r#""hunter2""#)]).0.json::<u8>(&secret).await.unwrap_err();
    assert_eq!(undecodable.to_string(), "get Secret `a/b`: the answer makes no sense: line 1, column 9");
}

#[tokio::test(start_paused = true)]
async fn only_a_leader_writes_but_everybody_reads() {
    let (_grant, leadership) = Leadership::granted_by(crate::lease::Clock::new(|| Duration::ZERO));
    let (client, seen) = client(vec![Reply::Text(200, "{}")]);
    let client = client.writing_under(leadership);
    client.text(&get()).await.unwrap();
    let error = client.text(&Request::delete(&NETWORKS, "a", "b", None)).await.unwrap_err();
    assert_eq!(error.to_string(), "delete Network `a/b`: not sent: this process does not lead");
    assert_eq!(seen.0.lock().unwrap().len(), 1);
}
