//! Bad input: a clear error at the right place, the right exit code, no panic, and nothing of a Secret.

#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const NETWORK: &str = "apiVersion: extensions.gardener.cloud/v1alpha1\nkind: Network\nmetadata: {name: foo, namespace: shoot--bar--foo}\n\
    spec:\n  type: calico\n  podCIDR: 100.64.0.0/12\n  serviceCIDR: 100.104.0.0/13\n";
const CLUSTER: &str = "apiVersion: extensions.gardener.cloud/v1alpha1\nkind: Cluster\nmetadata: {name: shoot--bar--foo}\n\
    spec: {shoot: {spec: {kubernetes: {version: 1.36.2}}}}\n";

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_networking-calico")).current_dir(folder).args(arguments).output().expect("runs")
}

/// Writes the files, runs `decide -f .`, and expects exit 1 with every text on standard error.
#[track_caller]
fn refused(files: &[(&str, &str)], expected: &[&str]) {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        std::fs::File::create(folder.path().join(name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .expect("written");
    }
    let output = run(&["decide", "-f", "."], folder.path());
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(!complaint.contains("panicked") && complaint.len() < 2_000, "{complaint}");
    for text in expected {
        assert!(complaint.contains(text), "`{text}` not in: {complaint}");
    }
}

fn example(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(file);
    std::fs::read_to_string(path).expect("exists")
}

#[test]
fn files_that_are_no_objects() {
    refused(&[("a.yaml", "a: [1\n")], &["a.yaml:", "is not YAML"]);
    refused(&[("a.yaml", "a:\n\tb: 1\n")], &["a.yaml:2", "is not YAML"]);
    refused(&[("a.json", r#"{"kind": "Network", "#)], &["a.json:1"]);
    refused(&[("a.yaml", "")], &["a.yaml", "holds no object"]);
}

#[test]
fn a_file_that_was_cut_off() {
    let nodes = example("held/nodes.yaml");
    let (head, _) = nodes.split_at(nodes.len() / 2);
    let (lines, _) = head.rsplit_once("\n- ").expect("has several nodes");
    // Between two items it is YAML still, but what a list is stands at its end.
    refused(
        &[("a.yaml", &format!("{lines}\n"))],
        &["a.yaml:1:1: error: the list has no `kind`: the file may have been cut off"],
    );
    let (line, _) = nodes.rsplit_once("'True'").expect("has conditions");
    refused(&[("a.yaml", &format!("{line}'Tr"))], &["a.yaml:", "is not YAML"]);
}

#[test]
fn a_hundred_megabytes_of_junk() {
    for (unit, expected) in [
        ("{}", "a.json:1:1: error: the object has no `kind`"),
        ("[", "a.json:1:1: error: expected a Kubernetes object, found a list"),
        ("\u{0}", "a.json:1:1: error: is not YAML"),
    ] {
        refused(&[("a.json", &unit.repeat(100_000_000 / unit.len()))], &[expected]);
    }
}

#[test]
fn a_repeated_key() {
    refused(&[("a.yaml", "apiVersion: v1\nkind: Node\nkind: Node\n")], &["a.yaml:3"]);
}

#[test]
fn an_alias_bomb() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", ")));
    }
    refused(&[("a.yaml", &bomb)], &["a.yaml"]);
}

#[test]
fn a_wrong_api_version() {
    refused(&[("a.yaml", &NETWORK.replace("v1alpha1", "v2"))], &["a.yaml:1", "extensions.gardener.cloud/v1alpha1"]);
}

#[test]
fn a_network_without_a_cluster() {
    refused(&[("a.yaml", NETWORK)], &["a.yaml:3", "there is no Cluster `shoot--bar--foo`"]);
}

#[test]
fn an_unknown_field_in_the_provider_config() {
    let network = format!("{NETWORK}  providerConfig:\n    overlay:\n      enabled: false\n      enabeld: true\n");
    refused(
        &[("a.yaml", &network), ("b.yaml", CLUSTER)],
        &["a.yaml:11", "spec.providerConfig.overlay.enabeld", "unknown field"],
    );
}

#[test]
fn a_kubernetes_version_that_is_none() {
    let cluster = CLUSTER.replace("1.36.2", "1.36.1.2");
    refused(&[("a.yaml", NETWORK), ("b.yaml", &cluster)], &["b.yaml:4", "`1.36.1.2` is not a version"]);
}

#[test]
fn networks_with_host_bits_or_leading_zeros() {
    for (cidr, text) in [("010.0.0.0/8", "must not have leading 0s"), ("10.0.0.1/8", "must not have bits set beyond")] {
        let network = format!("{NETWORK}  providerConfig: {{ipam: {{type: host-local, cidr: {cidr}}}}}\n");
        refused(&[("a.yaml", &network), ("b.yaml", CLUSTER)], &["a.yaml:8", "spec.providerConfig.ipam.cidr", text]);
    }
}

#[test]
fn two_nodes_of_one_name() {
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: a, uid: u}\n";
    refused(&[("a.yaml", node), ("b.yaml", node)], &["b.yaml:3", "was already read at"]);
}

#[test]
fn a_condition_with_an_impossible_timestamp() {
    let network = format!("{NETWORK}  providerConfig: {{overlay: {{enabled: false}}}}\n");
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: a, uid: u}\nstatus:\n  conditions:\n  - {type: NetworkUnavailable, \
        status: 'False', reason: RouteCreated, lastTransitionTime: '2026-02-30T00:00:00Z'}\n";
    refused(
        &[("a.yaml", &network), ("b.yaml", CLUSTER), ("c.yaml", node)],
        &["c.yaml", "`2026-02-30T00:00:00Z` is not"],
    );
}

#[test]
fn a_kubeconfig_is_refused_and_not_shown() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: gardener, namespace: shoot--bar--foo}\ndata: {kubeconfig: c2VjcmV0LXRva2Vu}\n";
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("a.yaml"), secret).expect("written");
    let output = run(&["decide", "-f", "a.yaml"], folder.path());
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint.contains("kubeconfig"), "{complaint}");
    assert!(!complaint.contains("c2VjcmV0") && !complaint.contains("secret-token"), "{complaint}");
}

/// The bundle is there, so that nothing may be concluded from what cannot be read: a hold, not an error of the dump.
#[test]
fn a_damaged_secret_holds_and_is_not_shown() {
    let bundle = example("held/bundle.yaml");
    let (head, rest) = bundle.split_once("    config.yaml: ").expect("has a bundle");
    let (_, tail) = rest.split_once('\n').expect("has more lines");
    for (data, fault) in [
        ("config.yaml: 'aHVudGVyMg!'", "data key `config.yaml` is not base64"),
        ("config.yaml.br: aHVudGVyMg==", "data key `config.yaml.br` is not one whole Brotli stream"),
    ] {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("bundle.yaml"), format!("{head}    {data}\n{tail}")).expect("written");
        for file in ["cluster.yaml", "network.yaml", "nodes.yaml"] {
            std::fs::write(folder.path().join(file), example(&format!("held/{file}"))).expect("written");
        }
        for arguments in [&["decide", "-f", "."][..], &["decide", "-f", ".", "-o", "json"]] {
            let output = run(arguments, folder.path());
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(3), "{text}");
            for expected in ["CurrentStateUnreadable", "managedresource-extension-networking-calico-config-", fault] {
                assert!(text.contains(expected), "`{expected}` not in: {text}");
            }
            assert!(!text.contains("aHVudGVyMg") && !text.contains("hunter2"), "{text}");
        }
    }
}

#[test]
fn one_invalid_network_does_not_hide_the_others() {
    let folder = TempDir::new().expect("a folder");
    let other = NETWORK.replace("foo", "baz").replace("calico", "calico\n  providerConfig: {backend: x}");
    std::fs::write(folder.path().join("a.yaml"), format!("{NETWORK}---\n{CLUSTER}---\n{other}")).expect("written");
    let output = run(&["decide", "-f", "a.yaml", "-o", "json"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    assert_eq!(list["items"][0]["error"]["path"], "spec.providerConfig.backend");
    assert_eq!(list["items"][0]["error"]["kind"], "FieldValueInvalid");
    assert_eq!(list["items"][1]["error"], serde_json::Value::Null);
    assert_eq!(list["items"][1]["overlaySwitch"]["verdict"], "Unchanged");
}

/// Usage before invalid input before a hold.
#[test]
fn exit_codes_have_an_order() {
    let folder = TempDir::new().expect("a folder");
    for file in ["bundle.yaml", "cluster.yaml", "network.yaml", "nodes.yaml"] {
        std::fs::write(folder.path().join(file), example(&format!("held/{file}"))).expect("written");
    }
    let code = |arguments: &[&str]| run(arguments, folder.path()).status.code();
    assert_eq!(code(&["decide", "-f", "."]), Some(3));
    let other = NETWORK.replace("shoot--bar--foo", "shoot--bar--other");
    std::fs::write(folder.path().join("other.yaml"), other).expect("written");
    let nodes = "--nodes=shoot--garden--held=nodes.yaml";
    let all = ["decide", "-f", "bundle.yaml", "-f", "cluster.yaml", "-f", "network.yaml", "-f", "other.yaml", nodes];
    assert_eq!(code(&all), Some(1), "one item is held, the other has no Cluster");
    assert_eq!(code(&[&all[..], &["--now", "never"]].concat()), Some(2));
}

#[test]
fn wrong_usage_is_2() {
    let folder = TempDir::new().expect("a folder");
    for arguments in [&["decide"][..], &["decide", "-f", "x", "--now", "yesterday"], &["nonsense"]] {
        assert_eq!(run(arguments, folder.path()).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn validate_points_at_every_error() {
    let folder = TempDir::new().expect("a folder");
    let config = "apiVersion: calico.networking.extensions.gardener.cloud/v1alpha1\nkind: NetworkConfig\nbackend: x\nvethMTU: '-1'\n";
    std::fs::write(folder.path().join("config.yaml"), config).expect("written");
    let output = run(&["validate", "-f", "config.yaml"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("config.yaml:3:10: error: backend: Invalid value: \"x\": unsupported value"), "{text}");
    assert!(
        text.contains("config.yaml:4:10: error: vethMTU: Invalid value: \"-1\": MTU must be a positive integer"),
        "{text}"
    );
    assert!(text.ends_with("2 errors in 1 object\n"), "{text}");
}

#[test]
fn validate_points_at_every_error_of_our_own_configuration() {
    let folder = TempDir::new().expect("a folder");
    let config = "apiVersion: calico.networking.extensions.config.gardener.cloud/v1alpha1\nkind: ControllerConfiguration\n\
        featureGates: {SeamlessOverlaySwich: true, AllAlpha: false}\noverlaySwitch:\n  profil: Strict\n  deadline: soon\n  \
        excludeNodeClasses: [Gone]\nkubeconfig: x\n";
    std::fs::write(folder.path().join("config.yaml"), config).expect("written");
    let output = run(&["validate", "-f", "config.yaml"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for place in [
        "config.yaml:3:38: error: featureGates.SeamlessOverlaySwich: ",
        "config.yaml:5:11: error: overlaySwitch.profil: ",
        "config.yaml:6:13: error: overlaySwitch.deadline: ",
        "config.yaml:7:24: error: overlaySwitch.excludeNodeClasses[0]: ",
        "config.yaml:8:13: error: kubeconfig: ",
    ] {
        assert!(text.contains(place), "{place} not in: {text}");
    }
    assert!(text.ends_with("5 errors in 1 object\n"), "{text}");
}
