//! No string of a shoot owner becomes anything but that string.
//!
//! The Go extension pastes some of them into YAML, where quotes and line feeds add variables to the privileged calico-node.

use calico_manifests::{Objects, Plan};
use proptest::prelude::*;
use serde_json::Value;

use crate::plans::wish;

/// Stands for the string of the owner. No object has it otherwise.
const PLACEHOLDER: &str = "interface=THE-STRING-OF-THE-OWNER";

/// A field of the owner's, and how its text enters a plan.
type Field = (&'static str, fn(&mut Plan, &str));

/// Where a string of the owner enters a plan. Validation admits only some strings in most of these; here any must do no harm.
const FIELDS: [Field; 8] = [
    ("ipv4.autoDetectionMethod", |plan, text| {
        if let Some(family) = &mut plan.dataplane.ipv4 {
            family.auto_detection_method = Some(text.to_owned());
        }
    }),
    ("ipv6.autoDetectionMethod", |plan, text| {
        if let Some(family) = &mut plan.dataplane.ipv6 {
            family.auto_detection_method = Some(text.to_owned());
        }
    }),
    ("ipam.cidr", |plan, text| plan.dataplane.ipam.ranges = vec![text.to_owned()]),
    ("vethMTU", |plan, text| text.clone_into(&mut plan.dataplane.veth_mtu)),
    ("networking.pods", |plan, text| {
        text.clone_into(&mut plan.networks.pods);
        // With two networks both stand in one variable.
        plan.dataplane.snat_to_upstream_dns &= plan.dataplane.ipv6.is_none();
    }),
    ("networking.nodes", |plan, text| plan.networks.ipv4_nodes = Some(text.to_owned())),
    ("autoScaling.resources.node.memory", |plan, text| plan.requests.node.memory = Some(text.to_owned())),
    ("autoScaling.resources.typha.cpu", |plan, text| plan.requests.typha.cpu = Some(text.to_owned())),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// The objects of any string are those of a harmless one, but for exactly that string in its own fields.
    #[test]
    fn a_string_stays_in_its_field(wish in wish(), field in 0..FIELDS.len(), text in string()) {
        let (name, set) = FIELDS[field];
        let with = |text: &str| {
            let mut plan = wish.plan();
            set(&mut plan, text);
            calico_manifests::render(&plan).unwrap()
        };
        let harmless = with(PLACEHOLDER);
        let expected: Vec<Value> = values(&harmless).map(in_parts).map(|object| replaced(&object, &text)).collect();
        let objects = with(&text);
        prop_assert_eq!(values(&objects).map(in_parts).collect::<Vec<_>>(), expected, "{}", name);
        prop_assert_eq!(reread(&objects), values(&objects).cloned().collect::<Vec<_>>(), "{}", name);
    }
}

/// Any text, with those first that have broken something before. A pattern after `interface=` may be any of them.
fn string() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        r"interface=eth\d+",
        "interface=\"\n        - name: INJECTED\n          value: x",
        "interface='",
        "interface={{ .Values }}",
        "interface=a: b #c",
        "interface=\u{2028}\u{85}\u{feff}ünï😀",
        "interface=---",
        "interface=$(NODENAME)",
        "\", \"mtu\": __CNI_MTU__, \"x\": \"",
        "true",
        "0x10",
        "1e3",
        "~",
        "",
    ]);
    prop_oneof![known.prop_map(str::to_owned), any::<String>().prop_map(|text| format!("interface={text}"))]
}

fn values(objects: &Objects) -> impl Iterator<Item = &Value> {
    objects.iter().map(|(_, object)| object)
}

/// With the JSON of the CNI configuration as values, and without checksums, which change with what they are of.
fn in_parts(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(text) = object.pointer_mut("/data/cni_network_config") {
        let json = text.as_str().unwrap().replacen("\"mtu\": __CNI_MTU__", "\"mtu\": \"__CNI_MTU__\"", 1);
        *text = serde_json::from_str(&json).unwrap();
    }
    let annotations = object.pointer_mut("/spec/template/metadata/annotations").and_then(Value::as_object_mut);
    for (_, value) in annotations.into_iter().flatten().filter(|(name, _)| name.starts_with("checksum/")) {
        *value = Value::from("a checksum");
    }
    object
}

fn replaced(object: &Value, by: &str) -> Value {
    match object {
        Value::String(text) if text == PLACEHOLDER => Value::from(by),
        Value::Array(items) => items.iter().map(|item| replaced(item, by)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), replaced(value, by))).collect())
        }
        other => other.clone(),
    }
}

/// The objects as a reader of the stream sees them, which splits it as YAML says.
fn reread(objects: &Objects) -> Vec<Value> {
    serde_saphyr::from_multiple(&objects.to_yaml()).unwrap()
}
