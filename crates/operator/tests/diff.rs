//! `diff`: what would change, against the bundle of a dump and against files.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail by panicking, in its helpers too")]

use std::path::Path;

use serde_json::{Value, json};

#[path = "../../fake-apiserver/tests/support/skip.rs"]
mod skip;
mod support;

use support::{root, run_and_listen};

fn diff(arguments: &[&str]) -> (i32, Value, String) {
    let all: Vec<&str> =
        ["diff", "--now", "2026-11-24T10:00:00Z", "-o", "json"].iter().chain(arguments).copied().collect();
    let (code, json, said) = run_and_listen(&all);
    (code, serde_json::from_str(&json).unwrap_or(Value::Null), said)
}

/// The changes to one object.
fn change<'a>(diff: &'a Value, kind: &str, name: &str) -> &'a Value {
    let changes = diff["changes"].as_array().expect("a list");
    changes
        .iter()
        .find(|change| change["object"]["kind"] == kind && change["object"]["name"] == name)
        .unwrap_or(&Value::Null)
}

#[test]
fn a_bundle_of_this_version_needs_no_change() {
    let (code, table, said) = run_and_listen(&["diff", "-f", "examples/up-to-date", "--now", "2026-11-24T10:00:00Z"]);
    let expected = "Network shoot--garden--up-to-date/up-to-date\n  \
        bundle           Target\n  \
        objects          0 added, 0 removed, 0 changed, 65 unchanged\n  \
        calico-node      its pods would stay\n";
    assert_eq!(
        (code, table.as_str(), said.as_str()),
        (0, expected, ""),
        "run `cargo xtask codegen` after a wanted change"
    );
}

#[test]
fn a_switch_changes_the_pool_and_rolls_the_nodes() {
    let (code, diff, _) = diff(&["-f", "examples/ready"]);
    assert_eq!((code, &diff["kind"], &diff["bundle"]), (4, &json!("BundleDiff"), &json!("Target")));
    assert_eq!(
        change(&diff, "IPPool", "default-ipv4-ippool")["fields"],
        json!([
            {"path": "spec.allowedUses", "change": "Added", "from": null, "to": ["Workload", "Tunnel"]},
            {"path": "spec.ipipMode", "change": "Changed", "from": "Always", "to": "Never"},
        ])
    );
    // They go with a second bundle, once the switch is verified.
    assert_eq!(change(&diff, "Deployment", "calico-kube-controllers")["change"], "Changed");
    let (_, second, _) = self::diff(&["-f", "examples/ready", "--as-if", "proceed"]);
    assert_eq!(
        *change(&second, "Deployment", "calico-kube-controllers"),
        json!({"change": "Removed", "object": {"group": "apps", "kind": "Deployment", "namespace": "kube-system", "name": "calico-kube-controllers"},
            "fields": [], "descriptions": 0})
    );
    assert_eq!(change(&diff, "Service", "calico-typha")["change"], "Added");
    assert_eq!(diff["calicoNode"]["pods"], "Roll");
    let because = diff["calicoNode"]["because"].as_array().expect("a list");
    assert!(because.contains(&json!("spec.template.spec.containers[calico-node].env[FELIX_IPINIPENABLED].value")));
}

#[test]
fn a_first_installation_adds_everything() {
    let (code, diff, said) = diff(&["-f", "examples/first-installation"]);
    assert_eq!(
        (code, &diff["calicoNode"], &diff["unchanged"]),
        (4, &json!({"pods": "Start", "because": []}), &json!(0))
    );
    assert!(diff["changes"].as_array().expect("a list").iter().all(|change| change["change"] == "Added"));
    assert!(said.contains("so every object is new"), "{said}");
}

#[test]
fn a_frozen_bundle_has_no_answer_unless_the_target_is_asked_for() {
    let (code, diff_of_frozen, said) = diff(&["-f", "examples/unreadable-bundle"]);
    assert_eq!((code, diff_of_frozen), (3, Value::Null));
    assert!(said.starts_with("note: the bundle is frozen"), "{said}");
    let (code, nothing, said) = diff(&["-f", "examples/unreadable-bundle", "--as-if", "proceed"]);
    assert_eq!((code, nothing), (1, Value::Null));
    assert!(said.contains("the bundle to compare with cannot be read: Secret `managedresource-"), "{said}");
}

/// Renders a story into a file of its own.
fn rendered(story: &str, folder: &Path) -> String {
    let examples = format!("examples/{story}");
    let (_, yaml, _) = run_and_listen(&["render", "-f", &examples, "--now", "2026-11-24T10:00:00Z"]);
    let file = folder.join("objects.yaml");
    std::fs::write(&file, &yaml).expect("written");
    yaml
}

#[test]
fn files_are_compared_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let against = folder.path().to_str().expect("text").to_owned();
    let yaml = rendered("ready", folder.path());
    let compare = || diff(&["-f", "examples/ready", "--against", &against]);
    assert_eq!(compare().0, 0);

    let changed = yaml
        .replace("  ipipMode: Never", "  ipipMode: CrossSubnet")
        .replace("revisionHistoryLimit: 2", "revisionHistoryLimit: 3");
    std::fs::write(folder.path().join("objects.yaml"), changed).expect("written");
    let (code, diff, _) = compare();
    assert_eq!(code, 4);
    assert_eq!(
        change(&diff, "IPPool", "default-ipv4-ippool")["fields"],
        json!([{"path": "spec.ipipMode", "change": "Changed", "from": "CrossSubnet", "to": "Never"}])
    );
    // The generation of the DaemonSet changes, its pods do not.
    assert_eq!(
        change(&diff, "DaemonSet", "calico-node")["fields"],
        json!([{"path": "spec.revisionHistoryLimit", "change": "Changed", "from": 3, "to": 2}])
    );
    assert_eq!(diff["calicoNode"]["pods"], "Stay");
}

#[test]
fn the_content_of_a_secret_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let against = folder.path().to_str().expect("text").to_owned();
    let yaml = rendered("ready", folder.path());
    let secret =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: old, namespace: kube-system}\ndata: {a: c2VjcmV0}\n";
    std::fs::write(folder.path().join("objects.yaml"), format!("{yaml}{secret}")).expect("written");
    for output in ["table", "json"] {
        let (code, answer, said) =
            run_and_listen(&["diff", "-f", "examples/ready", "--against", &against, "-o", output]);
        assert_eq!(code, 4, "{said}");
        assert!(answer.contains("old") && !answer.contains("c2VjcmV0"), "{answer}");
    }
}

#[test]
fn files_that_cannot_be_compared_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let against = folder.path().to_str().expect("text").to_owned();
    let file = folder.path().join("objects.yaml");
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    for (text, complaint) in [
        ("a: [1\n".to_owned(), "objects.yaml:"),
        ("a: 1\n".to_owned(), "an object has no `/apiVersion`, so it is no Kubernetes object"),
        (format!("{service}{service}"), "`Service/a` is there twice"),
    ] {
        std::fs::write(&file, text).expect("written");
        let (code, answer, said) = diff(&["-f", "examples/ready", "--against", &against]);
        assert_eq!((code, answer), (1, Value::Null));
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(diff(&["-f", "examples/ready", "--against", "nowhere"]).0, 1);
}

/// Taking over from the Go extension changes scripts, prose and checksums, and rolls calico-node once.
#[test]
fn a_take_over_from_the_go_extension() {
    let dump = root().join("../shared/dumps/held");
    if !dump.is_dir() {
        skip::skip("no dumps of the Go extension beside the repository");
        return;
    }
    let dump = dump.to_str().expect("text");
    let (code, diff, _) = diff(&["-f", dump]);
    assert_eq!((code, &diff["bundle"], &diff["calicoNode"]["pods"]), (4, &json!("Held"), &json!("Roll")));
    let changes = diff["changes"].as_array().expect("a list");
    assert!(changes.iter().all(|change| change["change"] == "Changed"), "{diff:#}");
    let allowed = |path: &str| {
        path.contains("checksum/")
            || path.ends_with(".command[2]")
            || path == r#"metadata.annotations["gardener.cloud/description"]"#
    };
    let paths = changes.iter().flat_map(|change| change["fields"].as_array().expect("a list"));
    let others: Vec<&str> = paths
        .filter(|field| !allowed(field["path"].as_str().expect("a path")) && !same_but_for_space(field))
        .filter_map(|field| field["path"].as_str())
        .collect();
    assert_eq!(others, [] as [&str; 0]);
}

/// JSON in a ConfigMap is written anew, with other spaces and another order of its keys.
fn same_but_for_space(field: &Value) -> bool {
    let letters = |value: &Value| {
        let mut letters: Vec<char> =
            value.as_str().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
        letters.sort_unstable();
        letters
    };
    matches!(field["path"].as_str(), Some("data.cni_network_config" | "data.ladder"))
        && letters(&field["from"]) == letters(&field["to"])
}
