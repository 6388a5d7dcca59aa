//! The network policy API for cluster administrators (`policy.networking.k8s.io`), which Calico implements.
//!
//! `AdminNetworkPolicy` is judged before the policies of namespaces, `BaselineAdminNetworkPolicy` after them. The
//! second lacks a priority, because there is only one, and the action `Pass`, because nothing comes after it.

use super::definition::{
    Column, Definition, Names, Origin, Scope, Singular, StatusSubresource, Version, metadata, resource,
};
use super::schema::{Field, Schema, date_time, field, int32, int64, list, object, string};
use super::shared::label_selector;

const APPROVED: &str = "https://github.com/kubernetes-sigs/network-policy-api/pull/30";
const AGE: Column = Column { name: "Age", json_path: ".metadata.creationTimestamp", kind: "date" };
const PRIORITY: Column = Column { name: "Priority", json_path: ".spec.priority", kind: "string" };

pub(super) fn admin_network_policy() -> Definition {
    let action =
        || string().one_of(["Allow", "Deny", "Pass"]).describe("Pass: leave it to the policies of namespaces.");
    let priority = field("priority", int32().range(0, 1000))
        .required()
        .describe("Lower comes first. Which of two equal ones comes first is undefined.");
    let spec = object(rules(action).into_iter().chain([priority]));
    let root = root("Rules of the cluster's administrator that come before the policies of namespaces.", spec);
    definition("AdminNetworkPolicy", "adminnetworkpolicies", "anp", &[PRIORITY, AGE], root)
}

pub(super) fn baseline_admin_network_policy() -> Definition {
    let action = || string().one_of(["Allow", "Deny"]);
    let spec = object(rules(action));
    let root = root("Rules of the cluster's administrator for traffic that no policy of a namespace selects.", spec)
        .rule(
            "self.metadata.name == 'default'",
            r#"Only one baseline admin network policy with metadata.name="default" can be created in the cluster"#,
        );
    definition("BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", "banp", &[AGE], root)
}

fn definition(
    kind: &'static str,
    plural: &'static str,
    short: &'static str,
    columns: &'static [Column],
    root: Schema,
) -> Definition {
    Definition::new(
        Origin::NetworkPolicyApi { approved: APPROVED },
        "policy.networking.k8s.io",
        Names { kind, plural, singular: Singular::FromKind, short: Some(short) },
        Scope::Cluster,
        Version { name: "v1alpha1", root, columns, status: StatusSubresource::Served },
    )
}

fn root(description: &'static str, spec: Schema) -> Schema {
    let status = object([field("conditions", list(condition()).keyed_by("type")).required()]);
    resource(description, [metadata().required(), field("spec", spec).required(), field("status", status)])
}

fn rules(action: fn() -> Schema) -> Vec<Field> {
    let name = || string().max_length(100);
    let egress = object([
        field("action", action()).required(),
        field("name", name()),
        field("ports", ports()),
        field("to", peers(egress_peer())).required(),
    ])
    .rule(
        "!(self.to.exists(peer, has(peer.networks) || has(peer.nodes)) && has(self.ports) && \
         self.ports.exists(port, has(port.namedPort)))",
        "networks/nodes peer cannot be set with namedPorts since there are no namedPorts for networks/nodes",
    );
    let ingress = object([
        field("action", action()).required(),
        field("from", peers(pods_or_namespaces())).required(),
        field("name", name()),
        field("ports", ports()),
    ]);
    vec![
        field("egress", list(egress).max_items(100)).describe("The first rule that matches decides."),
        field("ingress", list(ingress).max_items(100)).describe("The first rule that matches decides."),
        field("subject", pods_or_namespaces()).required().describe("The pods that the rules are for."),
    ]
}

fn peers(peer: Schema) -> Schema {
    list(peer).min_items(1).max_items(100)
}

/// Pods, by their namespace alone or also by their own labels.
fn pods_or_namespaces() -> Schema {
    object(pod_peers()).exactly_one_field()
}

fn egress_peer() -> Schema {
    let network = string().max_length(43).rule(
        "self.contains(':') != self.contains('.')",
        "CIDR must be either an IPv4 or IPv6 address. IPv4 address embedded in IPv6 addresses are not supported",
    );
    let beyond_pods = [
        field("networks", list(network).min_items(1).max_items(25).set()),
        field("nodes", label_selector()).describe("Nodes, and pods that use the network of their node."),
    ];
    object(pod_peers().into_iter().chain(beyond_pods)).exactly_one_field()
}

fn pod_peers() -> [Field; 2] {
    let pods = object([
        field("namespaceSelector", label_selector()).required(),
        field("podSelector", label_selector()).required(),
    ]);
    [field("namespaces", label_selector()).describe("All pods of these namespaces."), field("pods", pods)]
}

fn ports() -> Schema {
    let number = || int32().range(1, 65535);
    let protocol = || string().default("TCP");
    let port_number = object([field("port", number()).required(), field("protocol", protocol()).required()]);
    let port_range =
        object([field("end", number()).required(), field("protocol", protocol()), field("start", number()).required()]);
    let port = object([
        field("namedPort", string()).describe("The name of a port of the receiving pod."),
        field("portNumber", port_number),
        field("portRange", port_range).describe("Both ends belong to it."),
    ])
    .exactly_one_field();
    list(port).max_items(100)
}

/// Kubernetes' `Condition`.
fn condition() -> Schema {
    const REASON: &str = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$";
    const TYPE: &str = concat!(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?",
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
    );
    object([
        field("lastTransitionTime", date_time()).required(),
        field("message", string().max_length(32_768)).required(),
        field("observedGeneration", int64().minimum(0)),
        field("reason", string().min_length(1).max_length(1024).pattern(REASON)).required(),
        field("status", string().one_of(["True", "False", "Unknown"])).required(),
        field("type", string().max_length(316).pattern(TYPE)).required(),
    ])
}
