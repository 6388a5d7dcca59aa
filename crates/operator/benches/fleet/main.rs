//! `status` and `plan` over 1,000 shoots, living and as dumps: a process each.
//!
//! The controller has reconciled all of them before. Every shoot has 20 nodes of 16 KB, and in one of ten a node has no route yet. The
//! dump is what kubectl prints: Networks, Clusters with a CloudProfile of 60 KB, ManagedResources and Secrets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

mod dump;
#[path = "../landscape/mod.rs"]
mod landscape;
#[path = "../process/mod.rs"]
mod process;

use landscape::controller;
use landscape::seed::Seed;
use landscape::shoot::Shoot;
use process::{Finished, Folder};
use serde_json::{Value, json};

const NODES: usize = 20;
/// Every so many shoots one is blocked.
const BLOCKED: usize = 10;

#[tokio::main]
async fn main() {
    // As a test: the bench itself works.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let count = if measures { 1_000 } else { 20 };

    let seed = Seed::start().await;
    seed.apply_at_once();
    seed.add_clusters(count);
    let (ready, blocked) = (Shoot::start(NODES, 1).await, Shoot::start(NODES, 1).await);
    ready.route();
    for shoot in 0..count {
        let of = if shoot % BLOCKED == 0 { &blocked } else { &ready };
        seed.add_access(shoot, &of.kubeconfig(0));
        seed.add_network(shoot, &json!({"overlay": {"enabled": true}}));
    }
    let controller = controller::start(&seed).await;
    seed.until_done(count).await;
    controller.stop();

    let folder = Folder::new();
    let kubeconfig = folder.write("kubeconfig", &seed.kubeconfig()).display().to_string();
    for (figure, command, more) in
        [("status", "status", [].as_slice()), ("status-bundles", "status", &["--bundles"]), ("plan", "plan", &[])]
    {
        seed.forget_requests();
        let (_, _) = (ready.server.take_requests(), blocked.server.take_requests());
        let mut arguments = vec![command.to_owned(), format!("--kubeconfig={kubeconfig}"), "--output=json".to_owned()];
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        let finished = process::run(&arguments).await;
        check(command, count, &finished);
        tell(figure, &finished);
        let requests = seed.requests() + ready.server.take_requests().len() + blocked.server.take_requests().len();
        println!("figure fleet/{figure}-requests {}", requests as f64 / count as f64);
    }

    let dump = dump::write(&folder, &seed, count);
    for (figure, command) in [("dump-status", "status"), ("dump-plan", "plan")] {
        let mut arguments = vec![command.to_owned(), format!("--file={}", dump.folder.display())];
        arguments.push("--output=json".to_owned());
        if command == "plan" {
            arguments.extend(dump.nodes.iter().map(|nodes| format!("--nodes={nodes}")));
        }
        let finished = process::run(&arguments).await;
        check(command, count, &finished);
        tell(figure, &finished);
    }
}

/// Whether every shoot was told about, and each as it is.
fn check(command: &str, count: usize, finished: &Finished) {
    let list: Value = serde_json::from_str(&finished.output).unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), count);
    if command == "plan" {
        let with = |outcome: &str| items.iter().filter(|item| item["outcome"] == outcome).count();
        let blocked = count.div_ceil(BLOCKED);
        assert_eq!((with("Blocked"), with("CanSwitch")), (blocked, count - blocked), "{}", items[1]);
        assert_eq!(finished.code, Some(3));
    } else {
        assert_eq!(finished.code, Some(0));
    }
}

fn tell(figure: &str, finished: &Finished) {
    println!("figure fleet/{figure}-elapsed {}", finished.elapsed.as_secs_f64());
    println!("figure fleet/{figure}-processor {}", finished.processor_milliseconds / 1e3);
    println!("figure fleet/{figure}-memory {}", finished.peak_mebibytes);
}
