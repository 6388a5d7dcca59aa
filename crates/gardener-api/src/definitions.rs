//! The custom resource definitions of the kinds that the extension reads and writes in a seed, for API servers that have no Gardener:
//! those of the demo and of tests. A seed has them from Gardener itself; nothing here is installed anywhere.
//!
//! Field names, types and which fields are required are facts of gardener/gardener (`example/seed-crds`,
//! `example/resource-manager`) and of the Prometheus operator.

mod scrape_config;
mod structure;

use serde_json::{Value, json};

use structure::{
    array, boolean, date_time, definition, free_form, int32, int64, map_of_strings, object, reference, required, string,
};

/// All of them.
#[must_use]
pub fn all() -> Vec<Value> {
    vec![network(), cluster(), managed_resource(), scrape_config()]
}

/// `Network` of `extensions.gardener.cloud/v1alpha1`.
#[must_use]
pub fn network() -> Value {
    let class = json!({
        "type": "string",
        "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "Value is immutable"}],
    });
    let spec = required(
        object([
            ("type", string()),
            ("class", class),
            ("providerConfig", free_form()),
            ("podCIDR", string()),
            ("serviceCIDR", string()),
            ("ipFamilies", array(string())),
        ]),
        &["podCIDR", "serviceCIDR", "type"],
    );
    let last_operation = required(
        object([
            ("type", string()),
            ("state", string()),
            ("progress", int32()),
            ("description", string()),
            ("lastUpdateTime", date_time()),
        ]),
        &["description", "lastUpdateTime", "progress", "state", "type"],
    );
    let last_error = required(
        object([
            ("description", string()),
            ("codes", array(string())),
            ("taskID", string()),
            ("lastUpdateTime", date_time()),
        ]),
        &["description"],
    );
    let resource_reference = reference(required(
        object([("apiVersion", string()), ("kind", string()), ("name", string())]),
        &["kind", "name"],
    ));
    let resource =
        required(object([("name", string()), ("resourceRef", resource_reference)]), &["name", "resourceRef"]);
    let status = object([
        ("observedGeneration", int64()),
        ("lastOperation", last_operation),
        ("lastError", last_error),
        ("conditions", array(condition())),
        ("providerStatus", free_form()),
        ("state", free_form()),
        ("resources", array(resource)),
        ("ipFamilies", array(string())),
    ]);
    let columns = json!([
        {"name": "Type", "type": "string", "jsonPath": ".spec.type"},
        {"name": "Pod CIDR", "type": "string", "jsonPath": ".spec.podCIDR"},
        {"name": "Service CIDR", "type": "string", "jsonPath": ".spec.serviceCIDR"},
        {"name": "Status", "type": "string", "jsonPath": ".status.lastOperation.state"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]);
    let names = json!({"kind": "Network", "listKind": "NetworkList", "plural": "networks", "singular": "network"});
    definition("extensions.gardener.cloud", "Namespaced", &names, columns, (spec, &["spec"]), status)
}

/// `Cluster` of `extensions.gardener.cloud/v1alpha1`: the Shoot, its CloudProfile and its Seed, as gardenlet last saw them.
#[must_use]
pub fn cluster() -> Value {
    let spec = required(
        object([("cloudProfile", free_form()), ("seed", free_form()), ("shoot", free_form())]),
        &["cloudProfile", "shoot"],
    );
    let columns = json!([{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]);
    let names = json!({"kind": "Cluster", "listKind": "ClusterList", "plural": "clusters", "singular": "cluster"});
    definition("extensions.gardener.cloud", "Cluster", &names, columns, (spec, &["spec"]), Value::Null)
}

/// `ManagedResource` of `resources.gardener.cloud/v1alpha1`.
#[must_use]
pub fn managed_resource() -> Value {
    let secret_reference = reference(object([("name", json!({"type": "string", "default": ""}))]));
    let group_kind = required(object([("group", string()), ("kind", string())]), &["group", "kind"]);
    let spec = required(
        object([
            ("class", string()),
            ("secretRefs", array(secret_reference)),
            ("injectLabels", map_of_strings()),
            ("forceOverwriteLabels", boolean()),
            ("forceOverwriteAnnotations", boolean()),
            ("keepObjects", boolean()),
            ("equivalences", array(array(group_kind))),
            ("deletePersistentVolumeClaims", boolean()),
        ]),
        &["secretRefs"],
    );
    let resource = reference(object([
        ("apiVersion", string()),
        ("kind", string()),
        ("namespace", string()),
        ("name", string()),
        ("uid", string()),
        ("resourceVersion", string()),
        ("fieldPath", string()),
        ("labels", map_of_strings()),
        ("annotations", map_of_strings()),
    ]));
    let status = object([
        ("conditions", array(condition())),
        ("observedGeneration", int64()),
        ("resources", array(resource)),
        ("secretsDataChecksum", string()),
    ]);
    let state = |name: &str, kind: &str| {
        let path = format!(".status.conditions[?(@.type==\"{kind}\")].status");
        json!({"name": name, "type": "string", "jsonPath": path})
    };
    let columns = json!([
        {"name": "Class", "type": "string", "jsonPath": ".spec.class"},
        state("Applied", "ResourcesApplied"),
        state("Healthy", "ResourcesHealthy"),
        state("Progressing", "ResourcesProgressing"),
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]);
    let names = json!({
        "kind": "ManagedResource",
        "listKind": "ManagedResourceList",
        "plural": "managedresources",
        "singular": "managedresource",
        "shortNames": ["mr"],
    });
    definition("resources.gardener.cloud", "Namespaced", &names, columns, (spec, &[]), status)
}

/// `ScrapeConfig` of `monitoring.coreos.com/v1alpha1`, as far as the extension fills it: one of many kinds of discovery.
#[must_use]
pub fn scrape_config() -> Value {
    let names = json!({
        "kind": "ScrapeConfig",
        "listKind": "ScrapeConfigList",
        "plural": "scrapeconfigs",
        "singular": "scrapeconfig",
        "shortNames": ["scfg"],
        "categories": ["prometheus-operator"],
    });
    let spec = (scrape_config::spec(), &["spec"][..]);
    definition("monitoring.coreos.com", "Namespaced", &names, Value::Null, spec, Value::Null)
}

/// A condition as Gardener writes it.
fn condition() -> Value {
    required(
        object([
            ("type", string()),
            ("status", string()),
            ("reason", string()),
            ("message", string()),
            ("codes", array(string())),
            ("lastTransitionTime", date_time()),
            ("lastUpdateTime", date_time()),
        ]),
        &["lastTransitionTime", "lastUpdateTime", "message", "reason", "status", "type"],
    )
}
