//! The staged twin of Kubernetes' own NetworkPolicy.

use super::definition::{Definition, Scope};
use super::policies::staged_action;
use super::schema::{Field, Schema, field, int_or_string, int32, list, object, string};
use super::shared::label_selector_with_atomic_lists as label_selector;

pub(super) fn staged_kubernetes_network_policy() -> Definition {
    let spec = object([
        field("egress", list(rule("to"))),
        field("ingress", list(rule("from"))),
        field("podSelector", label_selector()).describe("Which pods of the namespace; all of them if empty."),
        field("policyTypes", list(string())).describe("Ingress, Egress."),
        staged_action(),
    ]);
    Definition::calico(
        "StagedKubernetesNetworkPolicy",
        "stagedkubernetesnetworkpolicies",
        Scope::Namespaced,
        "A networking.k8s.io NetworkPolicy on trial: flow logs tell what it would do.",
        [field("spec", spec)],
    )
}

fn rule(peers: &'static str) -> Schema {
    object([field("ports", list(port()).atomic()), peers_field(peers)])
}

fn peers_field(name: &'static str) -> Field {
    let block = object([
        field("cidr", string()).required(),
        field("except", list(string()).atomic()).describe("Networks within cidr that do not count."),
    ]);
    let peer = object([
        field("ipBlock", block).describe("Not with a selector."),
        field("namespaceSelector", label_selector()),
        field("podSelector", label_selector()),
    ]);
    field(name, list(peer).atomic()).describe("Any of these; everything if empty.")
}

fn port() -> Schema {
    object([
        field("endPort", int32()).describe("Makes port the first of a range."),
        field("port", int_or_string()).describe("A number, or the name of a port."),
        field("protocol", string()).describe("TCP, UDP or SCTP."),
    ])
}
