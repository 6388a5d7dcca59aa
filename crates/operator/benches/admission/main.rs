//! The admission webhook as a process of its own, asked by clients of this process over TLS that keep their connections, as API servers do.
//!
//! The Go admission, measured alike with recorded reviews: 65-76 MiB, 1.7 s until it is ready, 0.19-0.25 s of processor for 1,000 reviews of
//! 1.1 KB and 1 s for 1,000 of 17 KB, 29 ms for the slowest of a hundred at 16 connections.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

#[path = "../../tests/admission/client.rs"]
mod client;
#[path = "../process/mod.rs"]
mod process;
#[path = "../../tests/admission/reviews.rs"]
mod reviews;
mod webhook;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use reviews::{network_config, review, shoot};
use webhook::{Garden, Webhook};

#[tokio::main]
async fn main() {
    // As a test: the bench itself works.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let (starts, count) = if measures { (5, 20_000) } else { (1, 64) };

    let mut best = Duration::MAX;
    for _ in 0..starts {
        // A new garden each time: the first start makes the certificates.
        let garden = Garden::start().await;
        let webhook = Webhook::start(&garden).await;
        best = best.min(webhook.process.ready_after);
        webhook.process.stop();
    }
    println!("figure admission/ready {}", best.as_secs_f64() * 1e3);

    let garden = Garden::start().await;
    let webhook = Webhook::start(&garden).await;
    println!("figure admission/idle-memory {}", webhook.process.resident_mebibytes());
    let small = Arc::new(small());
    for connections in [1, 4, 16] {
        let load = load(&webhook, &garden, &small, connections, count).await;
        println!("figure admission/small-{connections}-rate {}", load.per_second);
        println!("figure admission/small-{connections}-slowest {}", load.slowest_of_a_hundred);
        println!("figure admission/small-{connections}-processor {}", load.processor_seconds);
    }
    let large = Arc::new(large());
    let is_like_that_of_go = (16_000..18_000).contains(&large.len()) && (1_000..1_700).contains(&small.len());
    assert!(is_like_that_of_go, "{} and {} bytes", small.len(), large.len());
    for connections in [1, 4] {
        let load = load(&webhook, &garden, &large, connections, count / 4).await;
        println!("figure admission/large-{connections}-rate {}", load.per_second);
        println!("figure admission/large-{connections}-slowest {}", load.slowest_of_a_hundred);
        println!("figure admission/large-{connections}-processor {}", load.processor_seconds);
    }
    println!("figure admission/memory {}", webhook.process.resident_mebibytes());
    webhook.process.stop();
}

/// What many reviews cost.
struct Load {
    per_second: f64,
    /// Milliseconds.
    slowest_of_a_hundred: f64,
    /// Of the webhook, for a thousand.
    processor_seconds: f64,
}

async fn load(webhook: &Webhook, garden: &Garden, body: &Arc<Vec<u8>>, connections: usize, count: usize) -> Load {
    let mut kept = Vec::new();
    for _ in 0..connections {
        let mut connection = webhook.connect(garden).await;
        assert_eq!(connection.review(body).await.unwrap().json()["response"]["allowed"], true);
        kept.push(connection);
    }
    let before = webhook.process.processor_milliseconds();
    let started = Instant::now();
    let tasks = kept.into_iter().map(|mut connection| {
        let body = Arc::clone(body);
        tokio::spawn(async move {
            let mut times = Vec::with_capacity(count / connections);
            for _ in 0..count / connections {
                let asked = Instant::now();
                assert_eq!(connection.review(&body).await.unwrap().status, 200);
                times.push(asked.elapsed());
            }
            times
        })
    });
    let mut times = Vec::with_capacity(count);
    for task in tasks.collect::<Vec<_>>() {
        times.extend(task.await.unwrap());
    }
    let elapsed = started.elapsed();
    let spent = webhook.process.processor_milliseconds() - before;
    times.sort_unstable();
    Load {
        per_second: times.len() as f64 / elapsed.as_secs_f64(),
        slowest_of_a_hundred: times[(times.len() - 1) * 99 / 100].as_secs_f64() * 1e3,
        processor_seconds: spent / times.len() as f64,
    }
}

/// A new Shoot.
fn small() -> Vec<u8> {
    let config =
        network_config(&json!({"backend": "bird", "overlay": {"enabled": true}, "ipam": {"type": "host-local"}}));
    review("CREATE", &shoot(&config), &Value::Null).to_string().into_bytes()
}

/// An update of one as Gardener keeps them, 17 KB with what it updates; it changes what Calico is configured by.
fn large() -> Vec<u8> {
    let with = |mtu: &str| {
        let mut shoot = shoot(&network_config(&json!({"overlay": {"enabled": true}, "vethMTU": mtu})));
        let workers = (0..14).map(|number| {
            json!({
                "name": format!("worker-{number}"), "minimum": 3, "maximum": 30, "maxSurge": 1, "maxUnavailable": 0,
                "machine": {"type": "m5.4xlarge", "architecture": "amd64", "image": {"name": "gardenlinux", "version": "1592.4.0"}},
                "volume": {"type": "gp3", "size": "100Gi"}, "zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
                "cri": {"name": "containerd"}, "systemComponents": {"allow": true},
                "labels": {"team": "network", "purpose": "general"},
                "kubernetes": {"kubelet": {"maxPods": 110, "failSwapOn": true, "imageGCHighThresholdPercent": 50}},
            })
        });
        shoot["spec"]["provider"]["workers"] = workers.collect();
        let fields =
            (0..12).map(|number| (format!("f:field-{number}"), json!({".": {}, "f:value": {}, "f:other": {}})));
        shoot["metadata"]["managedFields"] = json!([{
            "apiVersion": "core.gardener.cloud/v1beta1", "fieldsType": "FieldsV1", "manager": "kubectl", "operation": "Update",
            "fieldsV1": fields.collect::<serde_json::Map<_, _>>(),
        }]);
        shoot
    };
    review("UPDATE", &with("1440"), &with("1500")).to_string().into_bytes()
}
