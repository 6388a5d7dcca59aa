//! Every story of `examples/` is decided as its reviewed snapshot says, by the binary, with the command of its README.
//!
//! After a wanted change, `UPDATE_SNAPSHOTS=1 cargo test -p operator --test examples` rewrites the snapshots; review the diff.

use std::collections::BTreeSet;

use serde_json::Value;

mod support;

use support::{STORIES, arguments, root, run};

#[test]
fn every_story_is_decided_as_reviewed() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut differences = Vec::new();
    for (story, expected_code) in STORIES {
        let folder = root().join("examples").join(story);
        let mut arguments = arguments(story);
        let (code, table) = run(&arguments);
        arguments.extend(["-o".to_owned(), "json".to_owned()]);
        let (json_code, json) = run(&arguments);
        if (code, json_code) != (expected_code, expected_code) {
            differences.push(format!("{story}: exit {code} and {json_code}, expected {expected_code}"));
        }
        for (name, seen) in [("decision.json", &json), ("decision.txt", &table)] {
            let file = folder.join("expected").join(name);
            if update {
                std::fs::create_dir_all(folder.join("expected")).expect("can be made");
                std::fs::write(&file, seen).expect("can be written");
            }
            let expected = std::fs::read_to_string(&file).unwrap_or_default();
            if expected != **seen {
                differences.push(format!("{story}/expected/{name} differs:\n{seen}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_folder_is_a_story() {
    let folders = std::fs::read_dir(root().join("examples")).expect("exists");
    let seen: BTreeSet<String> =
        folders.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    // The story of a fleet has commands and tests of its own: `status.rs`, `plan.rs`.
    let expected: BTreeSet<String> =
        STORIES.iter().map(|(story, _)| *story).chain(["fleet"]).map(str::to_owned).collect();
    assert_eq!(seen, expected);
}

#[test]
fn the_json_has_every_name_of_the_contract() {
    let (_, json) = run(&["decide", "-f", "examples/held", "-o", "json"].map(str::to_owned));
    let list: Value = serde_json::from_str(&json).expect("is JSON");
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&list), ["apiVersion", "items", "kind"]);
    let item = &list["items"][0];
    assert_eq!(keys(item), ["dataplane", "error", "name", "namespace", "overlaySwitch", "privilege", "warnings"]);
    assert_eq!(
        keys(&item["dataplane"]),
        ["backend", "birdExporter", "felix", "ipam", "ipv4", "ipv6", "kubeControllers", "multus", "typha", "vethMtu"]
    );
    assert_eq!(keys(&item["dataplane"]["felix"]), ["bpf", "ipip", "nftables", "vxlan"]);
    assert_eq!(
        keys(&item["dataplane"]["ipv4"]),
        ["autoDetectionMethod", "enabled", "mode", "natOutgoing", "pool", "wireguard"]
    );
}
