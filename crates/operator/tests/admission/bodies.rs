//! Bodies that nobody meant: none crashes anything, each is answered, and what is not understood is never admitted.

use std::time::Duration;

use fastrand::Rng;
use operator::admission::server::ANSWER_DEADLINE;
use serde_json::{Value, json};

use crate::reviews::{network_config, review, shoot};
use crate::webhook::Webhook;

const BODIES: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_bodies_are_answered_and_none_crashes() {
    let webhook = Webhook::start().await;
    let mut tasks = Vec::new();
    for seed in 0..4 {
        let mut connection = webhook.connect().await;
        tasks.push(tokio::spawn(async move {
            let mut random = Rng::with_seed(seed);
            let mut seen = [0; 3];
            for number in 0..BODIES / 4 {
                let (what, body) = body(&mut random);
                let answer = tokio::time::timeout(ANSWER_DEADLINE, connection.review(&body)).await;
                let answer = answer.expect("it is answered in time").expect("the connection stays");
                let context = || format!("{seed}/{number} {what}: {}", String::from_utf8_lossy(&body));
                let json = answer.json();
                match answer.status {
                    400 => {
                        assert_eq!(json["kind"], "Status", "{}", context());
                        assert_ne!(json["message"], "", "{}", context());
                        seen[0] += 1;
                    }
                    200 => {
                        let response = &json["response"];
                        assert!(response["uid"].as_str().is_some_and(|uid| !uid.is_empty()), "{}", context());
                        if response["allowed"] == true {
                            seen[2] += 1;
                        } else {
                            assert_ne!(response["status"]["message"], "", "{}", context());
                            seen[1] += 1;
                        }
                    }
                    other => panic!("{other} for {}", context()),
                }
            }
            seen
        }));
    }
    let mut seen = [0; 3];
    for task in tasks {
        for (sum, count) in seen.iter_mut().zip(task.await.unwrap()) {
            *sum += count;
        }
    }
    // The bodies are worth something only if they reach everything.
    assert_eq!(seen.iter().sum::<usize>(), BODIES);
    assert!(seen.iter().all(|count| *count > BODIES / 20), "{seen:?}");
    let metrics = webhook.metrics.text().unwrap();
    assert!(metrics.contains("controller_runtime_webhook_panics_total 0"), "{metrics}");
    assert!(metrics.contains("requests_in_flight{webhook=\"/webhooks/validate\"} 0"), "{metrics}");
}

#[tokio::test]
async fn deep_and_wide_bodies_are_answered() {
    let webhook = Webhook::start().await;
    let mut connection = webhook.connect().await;
    let good = review("CREATE", &shoot(&network_config(&json!({}))), &Value::Null).to_string();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    let configs = [deep("[", "]"), deep("{\"a\":", "}"), format!("{{\"ipam\": {}}}", deep("[", "]")), "[0]".to_owned()];
    for config in configs {
        let body = good.replacen("\"providerConfig\":{", &format!("\"providerConfig\":{config},\"x\":{{"), 1);
        let answer =
            tokio::time::timeout(Duration::from_secs(10), connection.review(body.as_bytes())).await.unwrap().unwrap();
        assert!(answer.status == 400 || answer.json()["response"]["allowed"] == false, "{answer:?}");
    }
    let wide = json!({"ipv4": {"autoDetectionMethod": format!("interface={}", "(a|b)*".repeat(20_000))}});
    let body = review("CREATE", &shoot(&network_config(&wide)), &Value::Null).to_string();
    let answer =
        tokio::time::timeout(Duration::from_secs(10), connection.review(body.as_bytes())).await.unwrap().unwrap();
    assert_eq!(answer.status, 200);
}

/// A body, and how it was made.
fn body(random: &mut Rng) -> (&'static str, Vec<u8>) {
    let mut review = base(random);
    match random.u8(..10) {
        0 => ("noise", (0..random.usize(..2_000)).map(|_| random.u8(..)).collect()),
        1 => {
            let mut bytes = review.to_string().into_bytes();
            bytes.truncate(random.usize(..bytes.len()));
            ("cut", bytes)
        }
        2 | 3 => {
            let mut bytes = review.to_string().into_bytes();
            for _ in 0..random.usize(1..8) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            ("flipped", bytes)
        }
        4 => {
            let mut bytes = review.to_string().into_bytes();
            let (from, to) = (random.usize(..bytes.len()), random.usize(..bytes.len()));
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            let at = random.usize(..bytes.len());
            bytes.splice(at..at, piece);
            ("repeated", bytes)
        }
        5..=8 => {
            for _ in 0..random.usize(1..4) {
                change(random, &mut review["request"]);
            }
            ("changed", review.to_string().into_bytes())
        }
        _ => ("whole", review.to_string().into_bytes()),
    }
}

fn base(random: &mut Rng) -> Value {
    let configs = [
        json!({}),
        json!({"backend": "bird", "overlay": {"enabled": true}}),
        json!({"overlay": {"enabled": false, "createPodRoutes": true}, "ipv4": {"mode": "Never"}}),
        json!({"ipam": {"type": "host-local", "cidr": "usePodCIDR"}, "vethMTU": "1440", "typha": {"enabled": false}}),
        json!({"autoScaling": {"mode": "static", "resources": {"node": {"cpu": "100m", "memory": "1Gi"}}}}),
        json!({"ipv4": {"pool": "vxlan", "autoDetectionMethod": "cidr=10.0.0.0/8"}, "vxlan": {"enabled": true}}),
        json!({"backend": "no", "ipip": "x", "multus": {"enabled": true}}),
    ];
    let mut config = || shoot(&network_config(&configs[random.usize(..configs.len())]));
    let (new, old) = (config(), config());
    if random.bool() { review("CREATE", &new, &Value::Null) } else { review("UPDATE", &new, &old) }
}

/// Puts something else in the place of some value below.
fn change(random: &mut Rng, value: &mut Value) {
    let stop = random.u8(..6) == 0;
    match value {
        Value::Object(object) if !stop && !object.is_empty() => {
            let at = random.usize(..object.len());
            let key = object.keys().nth(at).unwrap().clone();
            match random.u8(..8) {
                0 => {
                    object.remove(&key);
                }
                1 => {
                    let value = object[&key].clone();
                    object.insert(format!("{key}{}", random.alphanumeric()), value);
                }
                _ => change(random, &mut object[&key]),
            }
        }
        Value::Array(list) if !stop && !list.is_empty() => {
            let at = random.usize(..list.len());
            change(random, &mut list[at]);
        }
        other => {
            let choices = [
                json!(null),
                json!(true),
                json!(-1),
                json!(1e300),
                json!(""),
                json!("\u{0}\u{202e}\u{1F980}"),
                json!("10.0.0.0/33"),
                json!("calico"),
                json!([]),
                json!({}),
                json!(["IPv6", "IPv4"]),
                json!("interface=("),
                json!("9".repeat(400)),
            ];
            *other = choices[random.usize(..choices.len())].clone();
        }
    }
}
