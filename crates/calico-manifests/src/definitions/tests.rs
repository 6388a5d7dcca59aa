//! What holds for every definition, and some facts of single ones.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn named(name: &str) -> Value {
    all().iter().find(|definition| definition.name() == name).unwrap().to_json()
}

fn schema(name: &str) -> Value {
    named(name)["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Calls `check` with the path and the schema of every node.
fn visit(path: &str, node: &Value, check: &mut impl FnMut(&str, &Value)) {
    check(path, node);
    for (name, child) in node["properties"].as_object().into_iter().flatten() {
        visit(&format!("{path}.{name}"), child, check);
    }
    for (step, keyword) in [("[]", "items"), ("{}", "additionalProperties")] {
        if let Some(child) = node.get(keyword) {
            visit(&format!("{path}{step}"), child, check);
        }
    }
}

#[test]
fn calico_has_24_definitions_sorted_by_name_and_multus_one() {
    let names: Vec<String> = calico().iter().map(Definition::name).collect();
    assert_eq!(names.len(), 24);
    assert!(names.is_sorted());
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 24);
    assert_eq!(multus().name(), "network-attachment-definitions.k8s.cni.cncf.io");
    assert_eq!(all().len(), 25);
}

#[test]
fn kinds_are_described_and_scopes_are_known() {
    let namespaced: Vec<&str> =
        all().iter().filter(|definition| definition.scope() == Scope::Namespaced).map(Definition::kind).collect();
    assert_eq!(
        namespaced,
        [
            "NetworkPolicy",
            "NetworkSet",
            "StagedKubernetesNetworkPolicy",
            "StagedNetworkPolicy",
            "NetworkAttachmentDefinition"
        ]
    );
    for definition in all() {
        let name = definition.name();
        assert!(schema(&name)["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
    }
}

#[test]
fn no_field_is_given_twice() {
    for definition in all() {
        assert_eq!(definition.root().repeated_fields(), [""; 0], "{}", definition.name());
    }
}

/// By the rules that Kubernetes' documentation of custom resource definitions gives under "structural schema".
#[test]
fn every_schema_is_structural() {
    let types = ["array", "boolean", "integer", "number", "object", "string"];
    for definition in all() {
        visit(&definition.name(), &schema(&definition.name()), &mut |path, node| {
            let int_or_string = node["x-kubernetes-int-or-string"] == json!(true);
            assert_eq!(node["type"].as_str().is_none(), int_or_string, "{path}: a type, or int-or-string");
            assert!(int_or_string || node["type"].as_str().is_some_and(|name| types.contains(&name)), "{path}: type");
            assert_eq!(node["type"] == "array", node.get("items").is_some(), "{path}: items");
            for name in node["required"].as_array().into_iter().flatten() {
                assert!(node["properties"].get(name.as_str().unwrap()).is_some(), "{path}: requires {name}");
            }
            for choice in node["allOf"].as_array().into_iter().flatten() {
                assert!(choice.get("type").is_none() && choice.get("default").is_none(), "{path}: {choice}");
            }
            if let (Some(default), Some(values)) = (node.get("default"), node["enum"].as_array()) {
                assert!(values.contains(default), "{path}: default {default}");
            }
        });
    }
}

#[test]
fn an_ip_pool_needs_a_network_and_has_no_defaults() {
    let spec = &schema("ippools.crd.projectcalico.org")["properties"]["spec"];
    assert_eq!(spec["required"], json!(["cidr"]));
    // calico-node and kubectl users may leave the modes out: absent means Never, and nobody must write it for them.
    for mode in ["ipipMode", "vxlanMode"] {
        assert_eq!(spec["properties"][mode]["type"], "string");
        assert_eq!(spec["properties"][mode].get("default"), None);
    }
    assert_eq!(spec["properties"]["assignmentMode"]["enum"], json!(["Automatic", "Manual"]));
    assert_eq!(spec["properties"].as_object().unwrap().len(), 13);
}

#[test]
fn a_definition_carries_what_gardener_and_the_api_server_look_at() {
    let policy = named("baselineadminnetworkpolicies.policy.networking.k8s.io");
    assert_eq!(
        policy["metadata"],
        json!({
            "annotations": {
                "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/network-policy-api/pull/30",
            },
            "labels": {"gardener.cloud/role": "system-component"},
            "name": "baselineadminnetworkpolicies.policy.networking.k8s.io",
        })
    );
    assert_eq!(policy["spec"].get("preserveUnknownFields"), None);
    assert_eq!(policy["spec"]["versions"][0]["subresources"], json!({"status": {}}));

    let pool = named("ippools.crd.projectcalico.org");
    assert_eq!(pool["metadata"]["labels"], json!({"gardener.cloud/role": "system-component"}));
    assert_eq!(pool["spec"]["preserveUnknownFields"], json!(false));
    assert_eq!(
        pool["spec"]["names"],
        json!({"kind": "IPPool", "listKind": "IPPoolList", "plural": "ippools", "singular": "ippool"})
    );
    assert_eq!(pool["spec"]["versions"][0]["name"], "v1");

    let attachment = named("network-attachment-definitions.k8s.cni.cncf.io");
    assert_eq!(attachment["metadata"].get("labels"), None);
    assert_eq!(
        attachment["spec"]["names"],
        json!({
            "kind": "NetworkAttachmentDefinition",
            "plural": "network-attachment-definitions",
            "shortNames": ["net-attach-def"],
            "singular": "network-attachment-definition",
        })
    );
}

#[test]
fn felix_knows_its_settings() {
    let schema = schema("felixconfigurations.crd.projectcalico.org");
    let settings = &schema["properties"]["spec"]["properties"];
    assert_eq!(settings.as_object().unwrap().len(), 170);
    assert_eq!(settings["nftablesMode"]["enum"], json!(["Disabled", "Enabled", "Auto"]));
    assert_eq!(settings["iptablesBackend"]["pattern"], "^(?i)(Auto|Legacy|NFT)?$");
    assert_eq!(settings["reportingInterval"]["pattern"], r"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$");
    assert_eq!(
        settings["bpfJITHardening"]["allOf"],
        json!([{"enum": ["Auto", "Strict"]}, {"enum": ["Auto", "Strict"]}])
    );
    assert_eq!(settings["failsafeInboundHostPorts"]["items"]["required"], json!(["port"]));
}

#[test]
fn staged_policies_have_the_fields_of_their_twins_and_one_more() {
    let fields = |plural: &str| -> BTreeSet<String> {
        let schema = schema(&format!("{plural}.crd.projectcalico.org"));
        schema["properties"]["spec"]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    for plural in ["networkpolicies", "globalnetworkpolicies"] {
        let staged = fields(&format!("staged{plural}"));
        let more: Vec<String> = staged.difference(&fields(plural)).cloned().collect();
        assert_eq!(more, ["stagedAction"]);
        assert!(staged.is_superset(&fields(plural)));
    }
}

#[test]
fn the_embedded_files_are_those_of_the_code() {
    for (committed, definitions) in [(CALICO_YAML, calico()), (MULTUS_YAML, vec![multus()])] {
        // Not `assert_eq`: the files are thousands of lines long.
        assert!(committed == generate_yaml(&definitions), "stale: run `cargo xtask codegen`");
    }
}

#[test]
fn the_stream_begins_and_ends_the_same_on_every_platform() {
    assert!(MULTUS_YAML.starts_with(concat!(
        "# Generated by `cargo xtask codegen`.\n",
        "---\n",
        "apiVersion: apiextensions.k8s.io/v1\n",
        "kind: CustomResourceDefinition\n",
        "metadata:\n",
        "  name: network-attachment-definitions.k8s.cni.cncf.io\n",
        "spec:\n",
        "  group: k8s.cni.cncf.io\n",
    )));
    assert!(MULTUS_YAML.ends_with("    served: true\n    storage: true\n"));
    assert_eq!(CALICO_YAML.lines().filter(|line| *line == "---").count(), 24);
    assert!(!CALICO_YAML.contains('\r') && CALICO_YAML.is_ascii());
}
