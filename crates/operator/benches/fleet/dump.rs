//! What kubectl prints of a seed and of the nodes of its shoots.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::landscape::BUNDLE;
use super::landscape::seed::{Seed, name, namespace};
use super::landscape::shoot::{node, with_route};
use super::process::Folder;
use super::{BLOCKED, NODES};

/// A dump in files.
pub(crate) struct Dump {
    /// Of everything in the seed.
    pub(crate) folder: PathBuf,
    /// Of each shoot, as `NAMESPACE=FILE`.
    pub(crate) nodes: Vec<String>,
}

/// Writes the dump of the first so many shoots.
pub(crate) fn write(folder: &Folder, seed: &Seed, count: usize) -> Dump {
    let stored = |group: &str, plural: &str, namespace: &str, name: &str| {
        Value::clone(&seed.server.stored(group, plural, namespace, name).unwrap())
    };
    let bundle = |shoot| stored("resources.gardener.cloud", "managedresources", &namespace(shoot), BUNDLE);
    let secret = |shoot| {
        let secret = bundle(shoot)["spec"]["secretRefs"][0]["name"].as_str().unwrap().to_owned();
        stored("", "secrets", &namespace(shoot), &secret)
    };
    let network = |shoot| stored("extensions.gardener.cloud", "networks", &namespace(shoot), &name(shoot));
    let cluster = |shoot| stored("extensions.gardener.cloud", "clusters", "", &namespace(shoot));
    let kinds: [(&str, &dyn Fn(usize) -> Value); 4] =
        [("networks", &network), ("clusters", &cluster), ("managedresources", &bundle), ("secrets", &secret)];
    for (kind, object) in kinds {
        folder.write(&format!("dump/{kind}.json"), &list((0..count).map(object)));
    }
    let others = || (1..NODES).map(node);
    let blocked = folder.write("blocked.json", &list(std::iter::once(node(0)).chain(others())));
    let ready = folder.write("ready.json", &list(std::iter::once(with_route(node(0))).chain(others())));
    let nodes = (0..count).map(|shoot| {
        let file = if shoot % BLOCKED == 0 { &blocked } else { &ready };
        format!("{}={}", namespace(shoot), file.display())
    });
    Dump { folder: folder.path("dump"), nodes: nodes.collect() }
}

/// With the line breaks and the indentation of kubectl.
fn list(items: impl Iterator<Item = Value>) -> String {
    let list = json!({
        "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items.collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&list).unwrap()
}
