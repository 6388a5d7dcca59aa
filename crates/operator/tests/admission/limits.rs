//! What is not a review in time and form, and the end of the server.

use std::time::Duration;

use operator::admission::registration::PATH;
use operator::admission::server::{LARGEST_BODY, leave};
use serde_json::{Value, json};

use crate::client::{Connection, head};
use crate::reviews::{network_config, review, shoot};
use crate::webhook::{HOST, Webhook};

fn good() -> Vec<u8> {
    review("CREATE", &shoot(&network_config(&json!({}))), &Value::Null).to_string().into_bytes()
}

#[tokio::test]
async fn what_is_no_review_gets_a_reason_that_an_api_server_can_quote() {
    let webhook = Webhook::start().await;
    for (method, path, kind, body, expected) in [
        ("GET", PATH, "application/json", "", (405, "send a review by POST")),
        ("POST", PATH, "text/plain", "{}", (415, "the content type is `text/plain`: expected application/json")),
        (
            "POST",
            "/other",
            "application/json",
            "{}",
            (404, "nothing is served at this path, only at /webhooks/validate"),
        ),
        (
            "POST",
            PATH,
            "application/json; charset=utf-8",
            "{}",
            (400, "the body is `` of ``: expected AdmissionReview of admission.k8s.io/v1 or v1beta1"),
        ),
    ] {
        let answer = webhook.connect().await.send(method, path, kind, body.as_bytes()).await.unwrap();
        let status = answer.json();
        assert_eq!((answer.status, status["message"].as_str().unwrap()), expected);
        assert_eq!(
            (&status["kind"], &status["status"], &status["code"]),
            (&json!("Status"), &json!("Failure"), &json!(expected.0))
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let webhook = Webhook::start().await;
    let mut connection = webhook.connect().await;
    connection.write(&head("POST", PATH, "application/json", LARGEST_BODY + 1)).await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!(
        (answer.status, answer.json()["message"].clone()),
        (413, json!("the body is larger than 7340032 bytes"))
    );

    // Without a length it is read up to the limit.
    let mut connection = webhook.connect().await;
    let chunked = format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    connection.write(chunked.as_bytes()).await.unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let mut written = 0;
    while connection.write(&chunk).await.is_ok() && written < 8 {
        written += 1;
    }
    assert_eq!(connection.answer().await.unwrap().status, 413);

    let mut whole = webhook.connect().await;
    let mut body = good();
    body.resize(LARGEST_BODY, b' ');
    assert_eq!(whole.review(&body).await.unwrap().status, 200, "the largest one is taken");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let webhook = Webhook::with_deadline(Duration::from_millis(200)).await;
    let mut connection = webhook.connect().await;
    connection.write(&head("POST", PATH, "application/json", 100)).await.unwrap();
    connection.write(b"{").await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.json()["message"].clone()), (408, json!("the body did not arrive within 0.2 s")));
}

#[tokio::test]
async fn bodies_that_do_not_come_take_no_more_memory_than_there_is_for_all() {
    let webhook = Webhook::start().await;
    // Nine of the largest size fit.
    let mut slow = Vec::new();
    for _ in 0..9 {
        let mut connection = webhook.connect().await;
        connection.write(&head("POST", PATH, "application/json", LARGEST_BODY)).await.unwrap();
        slow.push(connection);
    }
    let begun = |count: u8| {
        let metrics = webhook.metrics.text().unwrap();
        metrics.contains(&format!("requests_in_flight{{webhook=\"/webhooks/validate\"}} {count}\n"))
    };
    until(|| begun(9)).await;
    let mut tenth = webhook.connect().await;
    let mut large = good();
    large.resize(LARGEST_BODY, b' ');
    let mut answer = Box::pin(tenth.review(&large));
    let early = tokio::time::timeout(Duration::from_millis(500), &mut answer).await;
    assert!(early.is_err(), "it waits");
    assert_eq!(
        webhook.connect().await.review(&good()).await.unwrap().status,
        200,
        "what is small still fits beside them"
    );
    drop(slow.pop());
    assert_eq!(answer.await.unwrap().status, 200, "and then there is room");
}

#[tokio::test]
async fn who_leaves_in_between_is_no_longer_counted() {
    let webhook = Webhook::start().await;
    let mut connection = webhook.connect().await;
    connection.write(&head("POST", PATH, "application/json", 100)).await.unwrap();
    let in_flight = |count: u8| {
        let line = format!("controller_runtime_webhook_requests_in_flight{{webhook=\"/webhooks/validate\"}} {count}");
        let metrics = webhook.metrics.text().unwrap();
        metrics.lines().any(|found| found == line)
    };
    until(|| in_flight(1)).await;
    drop(connection);
    until(|| in_flight(0)).await;
}

async fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come to that");
}

#[tokio::test]
async fn who_speaks_no_tls_disturbs_nobody() {
    use tokio::io::AsyncWriteExt as _;

    let webhook = Webhook::start().await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(webhook.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        idle.push(tokio::net::TcpStream::connect(webhook.address).await.unwrap());
    }
    assert_eq!(webhook.connect().await.review(&good()).await.unwrap().status, 200);
}

#[tokio::test]
async fn without_a_certificate_nobody_is_served() {
    let webhook = Webhook::without_certificate(Duration::from_secs(1)).await;
    let other = Webhook::start().await;
    assert!(Connection::open(webhook.address, HOST, &other.bundle, &other.time).await.is_err());
}

#[tokio::test]
async fn at_the_end_nobody_is_turned_away() {
    let webhook = Webhook::start().await;
    let (mut busy, idle) = (webhook.connect().await, webhook.connect().await);
    assert!(!busy.review(&good()).await.unwrap().closes);
    // A review that has begun, and one that begins while the server leaves.
    let body = good();
    let mut begun = webhook.connect().await;
    begun.write(&head("POST", PATH, "application/json", body.len())).await.unwrap();
    let leaving = async {
        leave(&webhook.stage).await;
    };
    let late = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let answer = busy.review(&body).await.unwrap();
        assert!(answer.status == 200 && answer.closes, "it is told to come back by another connection");
        let answer = webhook.connect().await.review(&body).await.unwrap();
        assert!(answer.status == 200 && answer.closes, "a new connection is still taken");
    };
    tokio::join!(leaving, late);
    assert!(idle.end().await, "an idle connection ends");
    begun.write(&body).await.unwrap();
    assert_eq!(begun.answer().await.unwrap().status, 200, "what has begun is answered");
    webhook.server.await.unwrap().unwrap();
    assert!(Connection::open(webhook.address, HOST, &webhook.bundle, &webhook.time).await.is_err());
}
