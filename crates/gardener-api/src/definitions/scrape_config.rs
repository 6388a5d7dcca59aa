//! `spec` of a ScrapeConfig, as far as the extension fills it.

use serde_json::{Value, json};

use super::structure::{array, boolean, object, one_of, reference, required, string};

pub(super) fn spec() -> Value {
    object([
        ("kubernetesSDConfigs", array(discovery())),
        ("scheme", one_of(&["http", "https", "HTTP", "HTTPS"])),
        ("authorization", authorization()),
        ("tlsConfig", tls_config()),
        ("relabelings", relabelings()),
        ("metricRelabelings", relabelings()),
    ])
}

/// Where Kubernetes tells what there is to scrape.
fn discovery() -> Value {
    let namespaces = object([("names", json!({"type": "array", "items": string(), "x-kubernetes-list-type": "set"}))]);
    required(
        object([
            ("apiServer", json!({"type": "string", "minLength": 1})),
            ("role", role()),
            ("namespaces", namespaces),
            ("authorization", authorization()),
            ("followRedirects", boolean()),
            ("tlsConfig", tls_config()),
        ]),
        &["role"],
    )
}

fn role() -> Value {
    one_of(&["Pod", "Endpoints", "Ingress", "Service", "Node", "EndpointSlice"])
}

fn authorization() -> Value {
    object([("credentials", key_reference()), ("type", string())])
}

/// A key of a Secret or ConfigMap beside the object.
fn key_reference() -> Value {
    let name = json!({"type": "string", "default": ""});
    reference(required(object([("key", string()), ("name", name), ("optional", boolean())]), &["key"]))
}

fn tls_config() -> Value {
    let source = || object([("configMap", key_reference()), ("secret", key_reference())]);
    object([("ca", source()), ("cert", source()), ("insecureSkipVerify", boolean())])
}

fn relabelings() -> Value {
    let action = json!({
        "type": "string",
        "default": "replace",
        "enum": [
            "replace", "Replace", "keep", "Keep", "drop", "Drop", "hashmod", "HashMod", "labelmap", "LabelMap", "labeldrop",
            "LabelDrop", "labelkeep", "LabelKeep", "lowercase", "Lowercase", "uppercase", "Uppercase", "keepequal",
            "KeepEqual", "dropequal", "DropEqual",
        ],
    });
    let relabeling = object([
        ("sourceLabels", array(string())),
        ("separator", string()),
        ("targetLabel", string()),
        ("regex", string()),
        ("replacement", string()),
        ("action", action),
    ]);
    json!({"type": "array", "minItems": 1, "items": relabeling})
}
