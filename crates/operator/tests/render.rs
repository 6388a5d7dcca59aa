//! `render`: what would be put into the shoot, for every story and every flag.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail by panicking, in its helpers too")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

mod support;

use support::{STORIES, arguments, root, run_and_listen};

type Rendered = (&'static str, i32, Option<(&'static str, &'static str)>, &'static str);

const KEPT: &str =
    "note: calico-kube-controllers stay until the overlay switch is verified, and go with a second bundle";

/// Each story: exit code, IPIP and VXLAN mode of the IPv4 pool object if there is one, and how the note begins.
const RENDERED: [Rendered; 18] = [
    ("backend-none", 0, None, KEPT),
    ("break-glass", 0, Some(("Never", "Never")), KEPT),
    ("dual-stack", 0, Some(("Always", "Never")), "note: the overlay switch is held (RoutesMissing)"),
    ("ebpf-overrides-gate", 0, Some(("Always", "Never")), ""),
    ("first-installation", 0, Some(("Never", "Never")), ""),
    ("held", 0, Some(("Always", "Never")), "note: the overlay switch is held (RoutesMissing)"),
    ("hibernated", 0, Some(("Always", "Never")), "note: the overlay switch is held (Hibernated)"),
    ("no-route-writer", 0, Some(("Always", "Never")), "note: the overlay switch is held (NoRouteWriter)"),
    ("non-privileged", 0, Some(("Always", "Never")), ""),
    ("policy-api-unavailable", 0, Some(("Never", "Never")), KEPT),
    ("policy-version-mismatch", 0, Some(("Always", "Never")), "note: the overlay switch is held (RoutesMissing)"),
    ("pool-variable-without-effect", 0, None, ""),
    ("ready", 0, Some(("Never", "Never")), KEPT),
    ("restore-with-record", 3, None, "note: the bundle is frozen"),
    ("restore-without-record", 3, None, "note: the bundle is frozen"),
    ("unreadable-bundle", 3, None, "note: the bundle is frozen"),
    ("up-to-date", 0, Some(("Always", "Never")), ""),
    ("zero-nodes", 0, Some(("Never", "Never")), KEPT),
];

/// The arguments of the story's README after another command.
fn as_command(command: &str, story: &str, more: &[&str]) -> (i32, String, String) {
    let mut all = arguments(story);
    all[0] = command.to_owned();
    all.extend(more.iter().map(|argument| (*argument).to_owned()));
    run_and_listen(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

fn items(json: &str) -> BTreeMap<String, Value> {
    let list: Value = serde_json::from_str(json).expect("is JSON");
    assert_eq!((&list["apiVersion"], &list["kind"]), (&json!("v1"), &json!("List")));
    let items = list["items"].as_array().expect("a list").iter();
    items
        .map(|item| {
            let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            (format!("{}/{}", text("/kind"), text("/metadata/name")), item.clone())
        })
        .collect()
}

#[test]
fn every_story_renders_what_may_be_written() {
    let mut differences = Vec::new();
    for (story, code, pool, note) in RENDERED {
        let (seen, json, said) = as_command("render", story, &["-o", "json"]);
        let rendered = if json.is_empty() { BTreeMap::new() } else { items(&json) };
        let modes = rendered.get("IPPool/default-ipv4-ippool").map(|pool| {
            let mode = |field: &str| pool["spec"][field].as_str().unwrap_or_default().to_owned();
            (mode("ipipMode"), mode("vxlanMode"))
        });
        let expected = pool.map(|(ipip, vxlan)| (ipip.to_owned(), vxlan.to_owned()));
        if (seen, &modes) != (code, &expected) || !said.starts_with(note) || said.is_empty() != note.is_empty() {
            differences.push(format!("{story}: exit {seen}, pool {modes:?}, {said}"));
        }
        if code == 3 && !json.is_empty() {
            differences.push(format!("{story}: a frozen bundle is printed"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(STORIES.iter().map(|(story, _)| story).eq(RENDERED.iter().map(|(story, ..)| story)));
}

#[test]
fn the_target_of_a_hold_is_shown_where_it_is_asked_for() {
    for story in ["held", "unreadable-bundle"] {
        let only = ["--as-if", "proceed", "--only", "IPPool/default-ipv4-ippool"];
        let (code, yaml, said) = as_command("render", story, &only);
        assert_eq!(code, 0, "{said}");
        assert!(yaml.contains("\n  ipipMode: Never\n"), "{yaml}");
        assert!(said.ends_with("shown is the target, which would not be applied now\n"), "{said}");
    }
}

#[test]
fn documents_come_in_one_order_and_say_what_the_list_says() {
    let (_, yaml, _) = as_command("render", "ready", &[]);
    assert_eq!(as_command("render", "ready", &[]).1, yaml);
    let (_, json, _) = as_command("render", "ready", &["-o", "json"]);
    let list: Value = serde_json::from_str(&json).expect("is JSON");
    let documents: Vec<Value> =
        yaml.split("---\n").skip(1).map(|document| serde_saphyr::from_str(document).expect("is YAML")).collect();
    assert_eq!(list["items"].as_array().expect("a list"), &documents);
    assert_eq!(documents.len(), 66, "calico-kube-controllers stay until the switch is verified");
    assert_eq!(documents.iter().filter(|object| object["kind"] == "CustomResourceDefinition").count(), 24);
}

#[test]
fn the_stored_form_names_its_content() {
    let (code, json, _) = as_command("render", "ready", &["--bundle", "-o", "json"]);
    assert_eq!(code, 0);
    let items = items(&json);
    let names: Vec<&String> = items.keys().collect();
    let [managed_resource, secret] = names.as_slice() else { panic!("{names:?}") };
    assert_eq!(*managed_resource, "ManagedResource/extension-networking-calico-config");
    let secret = secret.strip_prefix("Secret/").expect("a Secret");
    assert!(secret.starts_with("managedresource-extension-networking-calico-config-"));
    let spec = &items[*managed_resource]["spec"];
    assert_eq!(
        *spec,
        json!({"injectLabels": {"shoot.gardener.cloud/no-cleanup": "true"}, "keepObjects": false, "secretRefs": [{"name": secret}]})
    );
}

#[test]
fn the_objects_of_the_seed() {
    let names = |story| {
        let (_, json, _) = as_command("render", story, &["--seed", "-o", "json"]);
        items(&json).into_keys().collect::<Vec<_>>()
    };
    assert_eq!(
        names("ready"),
        ["ConfigMap/calico-dashboards", "ScrapeConfig/shoot-calico-felix", "ScrapeConfig/shoot-calico-typha"]
    );
}

#[test]
fn the_sizes_hold_the_budget() {
    let (code, json, _) = as_command("render", "held", &["--stats", "-o", "json"]);
    let stats: Value = serde_json::from_str(&json).expect("is JSON");
    let size = |field: &str| stats[field].as_u64().expect("a number");
    assert_eq!((code, &stats["bundle"], size("definitions")), (0, &json!("Held"), 24));
    assert_eq!(size("configYaml") + size("crdsYamlBr"), size("total"));
    assert!((20_000..=100_000).contains(&size("total")), "{stats}");
    let (_, table, _) = as_command("render", "held", &["--stats"]);
    assert!(table.starts_with("Network shoot--garden--held/held\n  bundle           Held\n"), "{table}");
}

#[test]
fn definitions_of_another_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let crds = folder.path().to_str().expect("text").to_owned();
    let (_, yaml, _) = as_command("render", "ready", &[]);
    let mut definitions: Vec<&str> =
        yaml.split("---\n").filter(|document| document.contains("\nkind: CustomResourceDefinition\n")).collect();
    let other = definitions[0].replace("\nspec:\n", "\nrelease: other\nspec:\n");
    definitions[0] = &other;
    let write = |definitions: &[&str]| {
        std::fs::write(folder.path().join("crds.yaml"), definitions.join("---\n")).expect("written");
    };
    write(&definitions);
    let (code, with, said) = as_command("render", "ready", &["--crds", &crds]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(with.matches("release: other").count(), 1);
    assert_eq!(with.matches("\nkind: CustomResourceDefinition\n").count(), 24);

    write(&definitions[1..]);
    let (code, with, said) = as_command("render", "ready", &["--crds", &crds]);
    assert_eq!((code, with.as_str()), (1, ""));
    assert!(said.contains("`adminnetworkpolicies.policy.networking.k8s.io` missing"), "{said}");

    std::fs::write(folder.path().join("service.yaml"), "apiVersion: v1\nkind: Service\n").expect("written");
    let (code, _, said) = as_command("render", "ready", &["--crds", &crds]);
    assert_eq!(code, 1);
    assert!(said.contains("service.yaml: error: expected a CustomResourceDefinition"), "{said}");
}

#[test]
fn wrong_usage_and_wrong_input() {
    for more in [&["--bundle", "--seed"][..], &["--stats", "--only", "A/b"], &["--as-if", "hold"], &["--now", "noon"]] {
        assert_eq!(as_command("render", "ready", more).0, 2, "{more:?}");
    }
    let (code, yaml, said) = as_command("render", "ready", &["--only", "IPPool/mine"]);
    assert_eq!((code, yaml.as_str()), (1, ""));
    assert!(said.contains("there are `IPPool/default-ipv4-ippool`, `IPPool/no-snat-for-node-cidr`"), "{said}");
    let (code, yaml, said) = run_and_listen(&["render", "-f", "examples/held/network.yaml"]);
    assert_eq!((code, yaml.as_str()), (1, ""));
    assert!(said.contains("there is no Cluster `shoot--garden--held`"), "{said}");
}

#[test]
fn of_several_networks_one_must_be_named() {
    let nodes = |story: &str| format!("shoot--garden--{story}=examples/{story}/nodes.yaml");
    let mut arguments: Vec<String> = vec!["render".into(), "--only".into(), "IPPool/default-ipv4-ippool".into()];
    for story in ["ready", "up-to-date"] {
        for file in ["network", "cluster", "bundle"] {
            arguments.extend(["-f".to_owned(), format!("examples/{story}/{file}.yaml")]);
        }
        arguments.extend(["--nodes".to_owned(), nodes(story)]);
    }
    let run = |more: &[&str]| {
        let all = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>();
        run_and_listen(&all)
    };
    let (code, _, said) = run(&[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("`--network NAMESPACE/NAME`: shoot--garden--ready/ready, shoot--garden--up-to-date/up-to-date"),
        "{said}"
    );
    let (code, yaml, said) = run(&["--network", "shoot--garden--up-to-date/up-to-date"]);
    assert_eq!(code, 0, "{said}");
    assert!(yaml.contains("\n  ipipMode: Always\n"), "{yaml}");
    assert_eq!(run(&["--network", "shoot--garden--ready/other"]).0, 1);
}

/// `render … | head` is no error, and `decide … | head` still says that the switch is held.
#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    for (arguments, code) in [
        (["render", "-f", "examples/up-to-date"], 0),
        (["decide", "-f", "examples/held"], 3),
        (["decide", "-f", "examples/ready"], 0),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
            .current_dir(root())
            .args(arguments)
            .stdout(writer)
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.as_ref()), (Some(code), ""), "{arguments:?}");
    }
}
