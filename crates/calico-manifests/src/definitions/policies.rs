//! Calico's own policies, their staged twins (reported, not enforced), and the tiers that order them.
//!
//! The four policy kinds share every rule and nearly every field.

use super::definition::{Definition, Scope};
use super::schema::{Field, Schema, boolean, field, integer, list, map, number, object, string};
use super::shared;

pub(super) fn network_policy() -> Definition {
    Definition::calico(
        "NetworkPolicy",
        "networkpolicies",
        Scope::Namespaced,
        "What the selected pods of a namespace may receive and send.",
        [field("spec", object(common()))],
    )
}

pub(super) fn global_network_policy() -> Definition {
    Definition::calico(
        "GlobalNetworkPolicy",
        "globalnetworkpolicies",
        Scope::Cluster,
        "What the selected pods of any namespace and the selected host endpoints may receive and send.",
        [field("spec", object(common().into_iter().chain(cluster_wide())))],
    )
}

pub(super) fn staged_network_policy() -> Definition {
    Definition::calico(
        "StagedNetworkPolicy",
        "stagednetworkpolicies",
        Scope::Namespaced,
        "A NetworkPolicy on trial: flow logs tell what it would do.",
        [field("spec", object(common().into_iter().chain([staged_action()])))],
    )
}

pub(super) fn staged_global_network_policy() -> Definition {
    Definition::calico(
        "StagedGlobalNetworkPolicy",
        "stagedglobalnetworkpolicies",
        Scope::Cluster,
        "A GlobalNetworkPolicy on trial: flow logs tell what it would do.",
        [field("spec", object(common().into_iter().chain(cluster_wide()).chain([staged_action()])))],
    )
}

pub(super) fn tier() -> Definition {
    let default_action = string()
        .one_of(["Pass", "Deny"])
        .describe("For traffic that a policy of the tier selects and no rule decides. Deny unless set.");
    let spec = object([
        field("defaultAction", default_action),
        field("order", number()).describe("Lower comes first; after all others if absent."),
    ]);
    Definition::calico(
        "Tier",
        "tiers",
        Scope::Cluster,
        "A group of policies. Traffic passes the tiers in their order until one decides.",
        [field("spec", spec)],
    )
}

pub(super) fn staged_action() -> Field {
    field("stagedAction", string())
        .describe("Set: try this policy. Delete: try to do without the one of the same name.")
}

fn common() -> Vec<Field> {
    vec![
        field("egress", list(rule())).describe("For traffic that is sent; the first rule that matches decides."),
        field("ingress", list(rule())).describe("For traffic that is received; the first rule that matches decides."),
        field("order", number()).describe("Within the tier: lower comes first; after all others if absent."),
        field("performanceHints", list(string())),
        field("selector", string()).describe("Which endpoints, by their labels; all of them if empty."),
        field("serviceAccountSelector", string()).describe("Which pods, by the labels of their service account."),
        field("tier", string()).describe("default unless set."),
        field("types", list(string()))
            .describe("Ingress, Egress. If empty: those that have rules, and Ingress if neither has."),
    ]
}

fn cluster_wide() -> Vec<Field> {
    vec![
        field("applyOnForward", boolean()).describe("Also for traffic that a host endpoint forwards."),
        field("doNotTrack", boolean()).describe("Before connection tracking; answers need a rule of their own."),
        field("namespaceSelector", string()).describe("Only for pods of these namespaces."),
        field("preDNAT", boolean()).describe("Before the destination is translated; ingress of host endpoints only."),
    ]
}

fn rule() -> Schema {
    let path = object([field("exact", string()), field("prefix", string())]);
    let http = object([field("methods", list(string())), field("paths", list(path))]);
    object([
        field("action", string())
            .required()
            .describe("Allow, Deny, Log (and go on), or Pass: leave the decision to the next tier."),
        field("destination", entity()),
        field("http", http).describe("Needs Calico's application layer policy."),
        field("icmp", icmp()),
        field("ipVersion", integer()).describe("4 or 6; both if absent."),
        field("metadata", object([field("annotations", map(string()))])),
        field("notICMP", icmp()),
        field("notProtocol", shared::protocol()),
        field("protocol", shared::protocol()).describe("A name such as TCP, or an IANA number."),
        field("source", entity()),
    ])
}

fn icmp() -> Schema {
    object([field("code", integer()), field("type", integer())])
}

/// One end of the traffic. What is absent matches everything; what is present must match all together.
fn entity() -> Schema {
    let service_accounts = object([field("names", list(string())), field("selector", string())]);
    let services = object([field("name", string()), field("namespace", string())]);
    object([
        field("namespaceSelector", string())
            .describe("Namespaces to select in; global() means what is in none, such as host endpoints."),
        field("nets", list(string())),
        field("notNets", list(string())),
        field("notPorts", list(shared::port())),
        field("notSelector", string()),
        field("ports", list(shared::port())).describe("Numbers, ranges from:to, or names of ports."),
        field("selector", string()).describe("Labels of pods, host endpoints and network sets."),
        field("serviceAccounts", service_accounts),
        field("services", services).describe("The endpoints of a Service. Not with ports, nets or selectors."),
    ])
}
