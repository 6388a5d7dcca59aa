//! No string of a shoot owner becomes anything but that string.
//!
//! The Go extension pastes some of them into YAML, where quotes and line feeds add variables to the privileged calico-node.

use calico_manifests::Objects;
use proptest::prelude::*;
use serde_json::Value;

use crate::plans::{Wish, wish};

/// Stands for the string of the owner. No object has it otherwise.
const PLACEHOLDER: &str = "interface=THE-STRING-OF-THE-OWNER";

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// The objects of any autodetection method are those of a harmless one, but for exactly that string in its own fields.
    #[test]
    fn an_autodetection_method_stays_in_its_field(wish in wish(), method in string(), ipv6 in any::<bool>()) {
        let with = |method: &str| {
            let mut wish = wish.clone();
            let family = if ipv6 { &mut wish.intent.ipv6 } else { &mut wish.intent.ipv4 };
            family.auto_detection_method = Some(method.to_owned());
            rendered(&wish)
        };
        let harmless = with(PLACEHOLDER);
        let expected: Vec<Value> = values(&harmless).map(|object| replaced(object, &method)).collect();
        let objects = with(&method);
        prop_assert_eq!(values(&objects).cloned().collect::<Vec<_>>(), expected);
        prop_assert_eq!(reread(&objects), values(&objects).cloned().collect::<Vec<_>>());
    }
}

/// What the pattern `interface=…` admits: any text, with those first that have broken something before.
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
    ]);
    prop_oneof![known.prop_map(str::to_owned), any::<String>().prop_map(|text| format!("interface={text}"))]
}

fn rendered(wish: &Wish) -> Objects {
    calico_manifests::render(&wish.plan()).unwrap()
}

fn values(objects: &Objects) -> impl Iterator<Item = &Value> {
    objects.iter().map(|(_, object)| object)
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
