//! The dump reader on files: what is accepted, what is refused, and what each error says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "../benches/support/mod.rs"]
mod support;

use std::fs;
use std::path::PathBuf;

use operator::diagnostics::Style;
use operator::dump::{Completeness, Dump, Inputs, NodesArgument, read};
use tempfile::TempDir;

const NODE: &str = "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n";
const NETWORK: &str = "\
apiVersion: extensions.gardener.cloud/v1alpha1
kind: Network
metadata:
  name: demo
  namespace: shoot--x--demo
spec:
  type: calico
  ipFamilies: [IPv4]
  providerConfig:
    overlay: {enabled: no}
";

/// Files in a folder of their own.
struct Folder(TempDir);

impl Folder {
    fn of(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Reads one file; an error's text has the folder taken out.
    fn read(&self, name: &str) -> Result<Dump, String> {
        self.read_inputs(&Inputs { files: vec![self.path(name)], nodes: Vec::new() })
    }

    fn read_inputs(&self, inputs: &Inputs) -> Result<Dump, String> {
        read(inputs, &mut std::io::empty()).map_err(|error| {
            let folder = format!("{}/", self.0.path().display());
            error.render(Style::Line).replace(&folder, "")
        })
    }
}

fn read_text(name: &str, text: &str) -> Result<Dump, String> {
    Folder::of(&[(name, text.as_bytes())]).read(name)
}

#[track_caller]
fn refused(name: &str, text: impl AsRef<[u8]>, expected: &str) {
    let error = Folder::of(&[(name, text.as_ref())]).read(name).unwrap_err();
    assert_eq!(error, expected);
}

fn nodes_of(text: &str) -> (usize, Completeness) {
    let nodes = read_text("a.yaml", text).unwrap().objects.nodes;
    (nodes.nodes.len(), nodes.completeness)
}

#[test]
fn every_way_in_which_kubectl_prints_is_read() {
    let json = r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "b"}, "status": {}}"#;
    let list = format!("{{\"apiVersion\": \"v1\", \"items\": [{json}], \"kind\": \"List\", \"metadata\": {{}}}}");
    let nested = format!("{{\"apiVersion\": \"v1\", \"items\": [{list}], \"kind\": \"List\"}}");
    let typed = r#"{"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [{"metadata": {"name": "b"}}]}"#;
    let sorted = r#"{"apiVersion": "v1", "items": [{"metadata": {"name": "b"}}], "kind": "NodeList", "metadata": {}}"#;
    for (text, expected) in [
        (NODE, (1, Completeness::SingleDocuments)),
        (&format!("{NODE}---\n{NETWORK}---\n# nothing\n"), (1, Completeness::SingleDocuments)),
        (json, (1, Completeness::SingleDocuments)),
        (&format!("{json}\n{}", json.replace("\"b\"", "\"c\"")), (2, Completeness::SingleDocuments)),
        (&list, (1, Completeness::List)),
        (&nested, (1, Completeness::List)),
        (typed, (1, Completeness::TypedList)),
        (sorted, (1, Completeness::TypedList)),
        ("apiVersion: v1\nkind: NodeList\nitems: []\n", (0, Completeness::TypedList)),
        ("apiVersion: v1\nkind: NodeList\nitems: null\n", (0, Completeness::TypedList)),
        ("apiVersion: v1\nkind: List\nitems: []\n", (0, Completeness::NotGiven)),
        (NETWORK, (0, Completeness::NotGiven)),
        (&format!("\u{feff}{}", NODE.replace('\n', "\r\n")), (1, Completeness::SingleDocuments)),
    ] {
        assert_eq!(nodes_of(text), expected, "{text}");
    }
}

#[test]
fn a_list_that_says_that_more_follows_is_truncated() {
    let truncated = Completeness::Truncated { file: 0, document: 0 };
    for metadata in ["continue: abc", "remainingItemCount: 7"] {
        for kind in ["List", "NodeList"] {
            let text = format!("apiVersion: v1\nitems:\n- {}kind: {kind}\nmetadata: {{{metadata}}}\n", indented(NODE));
            assert_eq!(nodes_of(&text), (1, truncated.clone()), "{text}");
            let text = format!("apiVersion: v1\nitems: []\nkind: {kind}\nmetadata: {{{metadata}}}\n");
            assert_eq!(nodes_of(&text), (0, truncated.clone()), "{text}");
        }
    }
}

fn indented(object: &str) -> String {
    format!("{}\n", object.trim_end().replace('\n', "\n  "))
}

#[test]
fn a_directory_is_read_sorted_and_not_deeper() {
    let folder = Folder::of(&[
        ("b.yml", NODE.as_bytes()),
        ("a.json", br#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "first"}}"#),
        ("notes.txt", b"not read"),
    ]);
    fs::create_dir(folder.path("deeper.yaml")).unwrap();
    let dump = folder.read("").unwrap();
    let names: Vec<&str> = dump.objects.nodes.nodes.iter().map(|node| &*node.value.name).collect();
    assert_eq!(names, ["first", "a"]);
    let error = Folder::of(&[("notes.txt", b"")]).read("").unwrap_err();
    assert!(error.ends_with(": error: the directory holds no .yaml, .yml or .json file"), "{error}");
}

#[test]
fn standard_input_is_read_once() {
    let inputs = Inputs { files: vec!["-".into()], nodes: Vec::new() };
    let dump = read(&inputs, &mut NODE.as_bytes()).unwrap();
    assert_eq!(dump.objects.nodes.nodes.len(), 1);
    let inputs = Inputs { files: vec!["-".into()], nodes: vec!["-".parse().unwrap()] };
    let error = read(&inputs, &mut NODE.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "<stdin>: standard input can be named once only");
}

#[test]
fn a_declared_node_list_is_complete() {
    let folder = Folder::of(&[
        ("network.yaml", NETWORK.as_bytes()),
        ("nodes.yaml", NODE.as_bytes()),
        ("none.yaml", b"apiVersion: v1\nkind: List\nitems: []\n"),
        ("cut.yaml", b"apiVersion: v1\nkind: List\nitems: []\nmetadata: {continue: x}\n"),
    ]);
    let read_nodes = |arguments: &[(Option<&str>, &str)]| {
        let nodes = arguments.iter().map(|(namespace, file)| NodesArgument {
            namespace: namespace.map(str::to_owned),
            file: folder.path(file),
        });
        folder.read_inputs(&Inputs { files: vec![folder.path("network.yaml")], nodes: nodes.collect() })
    };
    let dump = read_nodes(&[(Some("a"), "nodes.yaml"), (Some("b"), "none.yaml"), (None, "cut.yaml")]).unwrap();
    let read: Vec<_> =
        dump.nodes.into_iter().map(|(key, nodes)| (key, nodes.nodes.len(), nodes.completeness)).collect();
    let expected = [
        (None, 0, Completeness::Truncated { file: 3, document: 0 }),
        (Some("a".to_owned()), 1, Completeness::Declared),
        (Some("b".to_owned()), 0, Completeness::Declared),
    ];
    assert_eq!(read, expected);
    let error = read_nodes(&[(Some("a"), "nodes.yaml"), (Some("a"), "none.yaml")]).unwrap_err();
    assert_eq!(error, "none.yaml: error: is a second node list for namespace `a`");
    let error = read_nodes(&[(None, "network.yaml")]).unwrap_err();
    assert_eq!(error, "network.yaml:1:1: error: a file of `--nodes` holds nodes only, not a Network");
}

#[test]
fn kinds_of_no_interest_are_counted() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\n";
    let namesake = "apiVersion: longhorn.io/v1beta2\nkind: Node\nmetadata: {name: a}\n---\n";
    let secret = "apiVersion: v1\ndata: {a: '%'}\nkind: Secret\nmetadata: {name: other}\n---\n";
    let dump = read_text("a.yaml", &format!("{pod}{pod}{namesake}{secret}{NETWORK}")).unwrap();
    let ignored: Vec<_> = dump.objects.ignored.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(ignored, [("Node", 1), ("Pod", 2), ("Secret", 1)]);
    assert!(dump.objects.secrets.is_empty() && dump.objects.nodes.nodes.is_empty());
}

#[test]
fn a_provider_config_is_kept_as_json() {
    let dump = read_text("a.yaml", NETWORK).unwrap();
    let config = dump.objects.networks[0].value.spec.provider_config.as_ref().unwrap();
    assert_eq!(config.get(), r#"{"overlay":{"enabled":false}}"#);
    let bare = "apiVersion: calico.networking.extensions.gardener.cloud/v1alpha1\nkind: NetworkConfig\nbackend: bird\n";
    let dump = read_text("a.yaml", bare).unwrap();
    let expected = r#"{"apiVersion":"calico.networking.extensions.gardener.cloud/v1alpha1","kind":"NetworkConfig","backend":"bird"}"#;
    assert_eq!(&*dump.objects.network_configs[0].value, expected);
}

#[test]
fn what_is_no_dump_is_refused_with_its_place() {
    refused("a.yaml", "", "a.yaml: error: holds no object");
    refused("a.yaml", "# nothing\n---\n", "a.yaml: error: holds no object");
    refused("a.yaml", "just words\n", "a.yaml:1:1: error: expected a Kubernetes object, found a string");
    refused("a.yaml", "- a\n- b\n", "a.yaml:1:1: error: expected a Kubernetes object, found a list without `kind`");
    refused("a.yaml", "kind: Node\nmetadata: {}\n", "a.yaml:1:1: error: the object has no `apiVersion`");
    refused("a.yaml", "apiVersion: v1\n", "a.yaml:1:1: error: the object has no `kind`");
    let list = "a.yaml:1:1: error: the list has no `kind`: the file may have been cut off";
    refused("a.yaml", format!("apiVersion: v1\nitems:\n- {}", indented(NODE)), list);
    refused("a.yaml", "apiVersion: v1\nitems: []\nkind: Pod\n", "a.yaml:2:1: error: items: a Pod is no list");
    refused("a.yaml", "apiVersion: 1\nkind: Node\n", "a.yaml:1:13: error: apiVersion: must be a string");
    refused("a.yaml", NODE.replace("{name: a}", "{}"), "a.yaml:3:1: error: metadata.name: the object has no name");
    refused(
        "a.yaml",
        "apiVersion: v1\nkind: List\nitems: [null]\n",
        "a.yaml:3:9: error: items[0]: expected a Kubernetes object, found null",
    );
    refused("a.yaml", "a: b: c\n", "a.yaml:1:5: error: is not YAML: mapping values are not allowed in this context");
    refused(
        "a.yaml",
        NODE.replace("{name: a}", "\n\tname: a"),
        "a.yaml:4:2: error: is not YAML: tabs disallowed within this context (block indentation)",
    );
    refused("a.yaml", &NETWORK[..NETWORK.len() - 4], "a.yaml:10:14: error: is not YAML: unclosed bracket '{'");
    refused("a.yaml", b"\x00\xff\xfe", "a.yaml:1:2: error: is not UTF-8 text");
    refused("a.json", r#"{"apiVersion": "v1", "kind": "Node""#, "a.json:1:35: error: EOF while parsing an object");
    refused(
        "a.json",
        r#"[{"kind": "Node"}]"#,
        "a.json:1:1: error: expected a Kubernetes object, found a list without `kind`",
    );
    let missing = Folder::of(&[]).read("a.yaml").unwrap_err();
    assert!(missing.starts_with("a.yaml: error: cannot be read: "), "{missing}");
}

#[test]
fn a_key_given_twice_is_refused() {
    refused("a.yaml", format!("{NODE}kind: Node\n"), "a.yaml:4:1: error: is not YAML: duplicate mapping key: kind");
    for (text, expected) in [
        (r#"{"kind": "Node", "kind": "Node"}"#, "a.json:1:10: error: kind: duplicate key `kind`"),
        (
            r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, "kind": "Pod"}"#,
            "a.json:1:30: error: kind: duplicate key `kind`",
        ),
        (r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "name": "b"}}"#, "duplicate field `name`"),
        (
            r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, "spec": {}, "spec": {}}"#,
            "duplicate field `spec`",
        ),
        (r#"{"apiVersion": "v1", "kind": "List", "items": [], "items": []}"#, "duplicate key `items`"),
    ] {
        let error = read_text("a.json", text).unwrap_err();
        assert!(error.starts_with("a.json:1:") && error.ends_with(expected), "{text}: {error}");
    }
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    refused(
        "a.yaml",
        format!("{NODE}spec: {{podCIDR: 7}}\n"),
        "a.yaml:4:17: error: spec.podCIDR: invalid type: integer `7`, expected a string",
    );
    let list = format!(
        "apiVersion: v1\nitems:\n- {}  status: {{conditions: [{{type: Ready, status: true}}]}}\nkind: List\n",
        indented(NODE)
    );
    refused(
        "a.yaml",
        list,
        "a.yaml:6:47: error: items[0].status.conditions[0].status: invalid type: boolean `true`, expected a string",
    );
    refused(
        "a.yaml",
        NODE.replace("v1", "v2"),
        "a.yaml:1:13: error: apiVersion: apiVersion `v2` of a Node is not understood, expected `v1`",
    );
}

#[test]
fn a_wrong_network_does_not_hide_another() {
    let wrong = NETWORK.replace("name: demo", "name: wrong").replace("[IPv4]", "IPv4");
    let dump = read_text("a.yaml", &format!("{wrong}---\n{NETWORK}")).unwrap();
    assert_eq!(dump.objects.networks.len(), 1);
    let invalid = &dump.objects.invalid[0];
    assert_eq!((invalid.value.namespace.as_str(), invalid.value.name.as_str()), ("shoot--x--demo", "wrong"));
    let shown = dump.sources.diagnose(&invalid.place, &invalid.value.path, invalid.value.text.as_str());
    let expected = "a.yaml:8:15: error: spec.ipFamilies: invalid type: string \"IPv4\", expected a sequence";
    assert!(shown.render(Style::Line).ends_with(expected), "{shown}");
}

#[test]
fn two_objects_of_one_identity_are_refused() {
    let folder = Folder::of(&[("a.yaml", NODE.as_bytes()), ("b.yaml", format!("# again\n{NODE}").as_bytes())]);
    let error = folder.read("").unwrap_err();
    assert_eq!(error, "b.yaml:4:18: error: metadata.name: Node `a` was already read at a.yaml:3:18");
    let error = read_text("a.yaml", &format!("{NETWORK}---\n{NETWORK}")).unwrap_err();
    assert!(
        error.starts_with("a.yaml:15:9: error: metadata.name: Network `shoot--x--demo/demo` was already read at"),
        "{error}"
    );
}

#[test]
fn a_kubeconfig_is_refused_and_nothing_of_it_shown() {
    let config = "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: u\n  user: {token: s3cr3t}\n";
    let encoded = "YXBpVmVyc2lvbjogdjEKa2luZDogQ29uZmlnCmNsdXN0ZXJzOiBbXQp1c2VyczoKLSBuYW1lOiB1CiAgdXNlcjoge3Rva2VuOiBzM2NyM3R9Cg==";
    let secret =
        |data: &str| format!("apiVersion: v1\ndata: {{{data}}}\nkind: Secret\nmetadata: {{name: s, namespace: ns}}\n");
    let ours =
        secret(&format!("any: {encoded}")).replace("name: s,", "name: managedresource-extension-networking-calico-x,");
    for text in [config, &secret("kubeconfig: czNjcjN0"), &secret(&format!("any: {encoded}")), &ours] {
        for style in [Style::Line, Style::Pointer] {
            let folder = Folder::of(&[("a.yaml", text.as_bytes())]);
            let inputs = Inputs { files: vec![folder.path("a.yaml")], nodes: Vec::new() };
            let error = read(&inputs, &mut std::io::empty()).unwrap_err().render(style);
            assert!(error.contains("a dump must not hold a kubeconfig"), "{error}");
            assert!(!error.contains("s3cr3t") && !error.contains("czNj") && !error.contains(encoded), "{error}");
        }
    }
}

#[test]
fn no_error_shows_what_a_secret_holds() {
    let name = "metadata: {name: managedresource-extension-networking-calico-config-x, namespace: ns}\n";
    for data in [
        "data: s3cr3t",
        "data: [s3cr3t]",
        "data: {a: {b: s3cr3t}}",
        "data:\n  a: s3cr3t\n a: s3cr3t",
        "data: {a: s3cr3t",
        "data: {a: *s3cr3t_}",
    ] {
        let text = format!("apiVersion: v1\nkind: Secret\n{name}{data}\n");
        let folder = Folder::of(&[("a.yaml", text.as_bytes())]);
        let inputs = Inputs { files: vec![folder.path("a.yaml")], nodes: Vec::new() };
        let error = read(&inputs, &mut std::io::empty()).unwrap_err();
        assert_eq!(error.excerpt, None, "{data}");
        assert!(!error.to_string().contains("s3cr3t"), "{data}: {error}");
    }
}

#[test]
fn a_damaged_bundle_names_secret_and_key_only() {
    let text = "apiVersion: v1\ndata: {config.yaml: '!!s3cr3t', crds.yaml.br: czNjcjN0}\nkind: Secret\n\
                metadata: {name: managedresource-extension-networking-calico-x, namespace: ns}\n";
    let dump = read_text("a.yaml", text).unwrap();
    let secret = &dump.objects.secrets[0].value;
    assert_eq!(secret.text("config.yaml").unwrap_err().to_string(), "data key `config.yaml` is not base64");
    assert_eq!(
        secret.text("crds.yaml.br").unwrap_err().to_string(),
        "data key `crds.yaml.br` is not one whole Brotli stream"
    );
    assert!(!format!("{dump:?}").contains("s3cr3t") && !format!("{dump:?}").contains("czNj"));
}

#[test]
fn bombs_and_junk_end_soon() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9)));
    }
    assert!(read_text("a.yaml", &bomb).unwrap_err().contains("a.yaml:"));
    // Enough to run out of stack or patience if anything is not linear; JSON also takes the way of large files.
    let json = ["[", "{", "{\"a\":", "{}", "{\"apiVersion\":\"v1\",\"items\":["].map(|junk| (junk, 5 << 20));
    let yaml = ["a", " ", "\n", "- ", "a: ", "? ", "\u{0}", "\"", "- a\n", "&a ", "[a, "].map(|junk| (junk, 1 << 20));
    for (junk, size) in json.into_iter().chain(yaml) {
        let text = junk.repeat(size / junk.len());
        let error = read_text("a.yaml", &text).unwrap_err();
        assert!(error.starts_with("a.yaml") && error.len() < 1_000, "{junk:?}: {error}");
    }
}

#[test]
fn large_and_small_lists_read_alike() {
    let text = support::nodes_json(300);
    assert!(text.len() > 4 << 20);
    let large = read_text("a.json", &text).unwrap().objects.nodes;
    let small =
        read(&Inputs { files: vec!["-".into()], nodes: Vec::new() }, &mut text.as_bytes()).unwrap().objects.nodes;
    let yaml = read_text("a.yaml", &support::nodes_yaml(300)).unwrap().objects.nodes;
    assert_eq!(large.nodes, small.nodes);
    assert_eq!(large.nodes, yaml.nodes);
    assert_eq!((large.nodes.len(), large.completeness), (300, Completeness::List));
    // An error in a large list is found again in its text.
    let wrong = text.replace("\"name\": \"shoot--bench--large-worker-2-z3-0006b\"", "\"name\": 7");
    let error = read_text("a.json", &wrong).unwrap_err();
    assert!(
        error.contains(": error: items[107].metadata.name: invalid type: integer `7`, expected a string"),
        "{error}"
    );
}
