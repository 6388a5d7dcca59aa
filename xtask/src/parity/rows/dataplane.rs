//! The dataplane, and what is refused before there is one.

use serde_json::Value;

use super::super::input::{at, text};
use super::super::{Case, Part};
use super::{Expects, Pair, Row, Text, json, only_if, pair};

const NIL: &str = "panic: runtime error: invalid memory address or nil pointer dereference";
const IPV4_REFUSED: &str = "values: error when generating calico config: IPv4 configuration must not be specified if Shoot doesn't use IPv4 networking";
const IPV6_REFUSED: &str = "values: error when generating calico config: IPv6 configuration must not be specified if Shoot doesn't use IPv6 networking";
const NO_IPV6_PODS: &str = "the shoot's status names no IPv6 pod network yet";

pub(super) const METHOD: &str =
    "the user's method counts; else the node networks of the family, from the status or else from the spec; else none";
pub(super) const METHOD_WHY: &str = "the user knows the nodes best, and node networks belong to their family";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "D2",
        part: Part::Dataplane,
        rule: "no families, with overlay",
        go: "a nil dereference where `ipFamilies` is empty and `overlay` is set",
        ours: "empty means [IPv4]",
        why: "absent fields have a defined meaning",
        expects: Expects::Values(|case, field| {
            let overlay = at(&case.input, "/networkConfig/overlay/enabled").is_boolean();
            only_if(field == "outcome" && families(case).is_empty() && overlay && !has(case, "ipv4"), NIL, "done")
        }),
        count: 4,
    },
    Row {
        id: "D2",
        part: Part::Dataplane,
        rule: "no `spec.networking`",
        go: "a nil dereference for a shoot without `spec.networking`",
        ours: "no node network",
        why: "absent fields have a defined meaning",
        expects: Expects::Values(|case, field| {
            only_if(field == "outcome" && at(&case.input, "/shoot/spec/networking").is_null(), NIL, "done")
        }),
        count: 1,
    },
    Row {
        id: "D25",
        part: Part::Dataplane,
        rule: "no families",
        go: "empty `ipFamilies` disables both families",
        ours: "empty means [IPv4]",
        why: "a shoot without any family has no network",
        expects: Expects::Values(disabled_in_go),
        count: 35,
    },
    Row {
        id: "D25",
        part: Part::Dataplane,
        rule: "no families, with an IPv4 block",
        go: "empty `ipFamilies` refuses an `ipv4` block, or the deprecated `ipip` that makes one",
        ours: "empty means [IPv4]",
        why: "a shoot without any family has no network",
        expects: Expects::Values(|case, field| {
            only_if(field == "outcome" && families(case).is_empty() && makes_ipv4_block(case), IPV4_REFUSED, "done")
        }),
        count: 6,
    },
    Row {
        id: "D10",
        part: Part::Dataplane,
        rule: "IPv6 comes later",
        go: "during the migration to dual-stack the user's `ipv6` block fails every reconcile",
        ours: "the block of a family that does not count yet is left out",
        why: "the migration must not fail on a field that is needed later",
        expects: Expects::Values(|case, field| {
            let later = families(case) == ["IPv4", "IPv6"] && migrating(case) && has(case, "ipv6");
            only_if(field == "outcome" && later, IPV6_REFUSED, "done")
        }),
        count: 15,
    },
    Row {
        id: "D10",
        part: Part::Dataplane,
        rule: "IPv4 comes later",
        go: "during the migration to dual-stack the user's `ipv4` block fails every reconcile",
        ours: "the block of a family that does not count yet is left out",
        why: "the migration must not fail on a field that is needed later",
        expects: Expects::Values(|case, field| {
            let later = families(case) == ["IPv6", "IPv4"] && migrating(case) && makes_ipv4_block(case);
            only_if(field == "outcome" && later, IPV4_REFUSED, "done")
        }),
        count: 2,
    },
    Row {
        id: "D30",
        part: Part::Dataplane,
        rule: "`ipip` with IPv6 only",
        go: "the deprecated `ipip` makes an IPv4 block in a shoot without IPv4, which is then refused",
        ours: "the field has no effect, and a warning says so",
        why: "it has no effect anywhere else either",
        expects: Expects::Values(|case, field| {
            only_if(field == "outcome" && deprecated_ipip_with_ipv6_only(case), IPV4_REFUSED, "done")
        }),
        count: 5,
    },
    Row {
        id: "D30",
        part: Part::Dataplane,
        rule: "`ipip` with IPv6 only, pod network unknown",
        go: "the deprecated `ipip` makes an IPv4 block in a shoot without IPv4, which is then refused",
        ours: "the field has no effect; what is refused is a network that is not known yet (D22)",
        why: "it has no effect anywhere else either",
        expects: Expects::Values(|case, field| {
            let refused = "error when generating calico config: IPv4 configuration must not be specified if Shoot doesn't use IPv4 networking";
            only_if(
                field == "refused" && deprecated_ipip_with_ipv6_only(case) && !names_ipv6_pods(case),
                refused,
                NO_IPV6_PODS,
            )
        }),
        count: 3,
    },
    Row {
        id: "D1",
        part: Part::Dataplane,
        rule: "mode of a kube-proxy that is off",
        go: "kube-proxy switched off with a mode, as Gardener defaults it, is an error",
        ours: "the mode of a kube-proxy that is off has no effect",
        why: "Gardener always sets the mode",
        expects: Expects::Values(|case, field| {
            let proxy = at(&case.input, "/shoot/spec/kubernetes/kubeProxy");
            let off_with_mode = at(proxy, "/enabled") == &Value::Bool(false) && !text(proxy, "/mode").is_empty();
            let go = "values: error when generating calico config: kube-proxy mode must not be set if kube-proxy is disabled";
            only_if(field == "outcome" && off_with_mode, go, "done")
        }),
        count: 2,
    },
    Row {
        id: "D21",
        part: Part::Dataplane,
        rule: "pattern of an interface",
        go: "the pattern of an interface is pasted into YAML, which then does not parse, or means something else",
        ours: "resolved as it was written",
        why: "a pattern must not add a variable to a privileged container",
        expects: Expects::Texts {
            applies: |case, field| {
                let method = text(&case.input, "/networkConfig/ipv4/autoDetectionMethod");
                field == "outcome" && ["interface=eth\"0", "interface=eth\\d+"].contains(&method)
            },
            texts: PASTED,
        },
        count: 2,
    },
    Row {
        id: "D22",
        part: Part::Dataplane,
        rule: "IPv6 pod network unknown",
        go: "an IPv6 pool with an empty network while the shoot's status names none",
        ours: "an error until the network is known",
        why: "an empty network is no network",
        expects: Expects::Values(|case, field| {
            let ipv6 = families(case).contains(&"IPv6");
            only_if(field == "outcome" && ipv6 && !names_ipv6_pods(case), "done", NO_IPV6_PODS)
        }),
        count: 88,
    },
    Row {
        id: "D11",
        part: Part::Dataplane,
        rule: "the user's method",
        go: "the user's autodetection method is overwritten by the node networks, in a family without one by nothing",
        ours: METHOD,
        why: METHOD_WHY,
        expects: Expects::Values(|case, field| methods(case, field, |user, _| !user.is_empty())),
        count: 41,
    },
    Row {
        id: "D11",
        part: Part::Dataplane,
        rule: "an empty method",
        go: "a family without node network gets an empty method while the other family has one, and so does an empty method of the user",
        ours: METHOD,
        why: METHOD_WHY,
        expects: Expects::Values(|case, field| methods(case, field, |user, go| user.is_empty() && go == "")),
        count: 29,
    },
    Row {
        id: "D26",
        part: Part::Dataplane,
        rule: "node networks",
        go: "node networks of the status count only beside one in the spec, and one in the spec only for IPv4",
        ours: METHOD,
        why: METHOD_WHY,
        expects: Expects::Values(|case, field| methods(case, field, |user, go| user.is_empty() && go != "")),
        count: 64,
    },
];

const PASTED: &[(usize, Text)] = &[
    (
        1,
        Text::Both(
            "render: failed to sort manifests: YAML parse error on calico/templates/node/daemonset-calico-node.yaml: \
             error converting YAML to JSON: yaml: line 145: did not find expected key",
            "done",
        ),
    ),
    (
        1,
        Text::Both(
            "render: failed to sort manifests: YAML parse error on calico/templates/node/daemonset-calico-node.yaml: \
             error converting YAML to JSON: yaml: line 146: found unknown escape character",
            "done",
        ),
    ),
];

pub(super) fn families(case: &Case) -> Vec<&str> {
    at(&case.input, "/network/ipFamilies").as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether the configuration has a block of this name, be it empty.
fn has(case: &Case, block: &str) -> bool {
    at(&case.input, &format!("/networkConfig/{block}")).is_object()
}

fn makes_ipv4_block(case: &Case) -> bool {
    has(case, "ipv4") || at(&case.input, "/networkConfig/ipip").is_string()
}

fn deprecated_ipip_with_ipv6_only(case: &Case) -> bool {
    families(case) == ["IPv6"] && !has(case, "ipv4") && at(&case.input, "/networkConfig/ipip").is_string()
}

pub(super) fn names_ipv6_pods(case: &Case) -> bool {
    let pods = at(&case.input, "/shoot/status/networking/pods").as_array().into_iter().flatten();
    pods.filter_map(Value::as_str).any(|pods| pods.contains(':'))
}

pub(super) fn migrating(case: &Case) -> bool {
    let mut constraints = at(&case.input, "/shoot/status/constraints").as_array().into_iter().flatten();
    constraints.any(|c| text(c, "/type") == "DualStackNodesMigrationReady" && text(c, "/status") != "True")
}

/// What follows from IPv4, which the Go extension leaves disabled.
fn disabled_in_go(case: &Case, field: &str) -> Vec<Pair> {
    if !families(case).is_empty() {
        return Vec::new();
    }
    let vxlan = at(&case.input, "/networkConfig/vxlan/enabled") == &Value::Bool(true);
    let expected = match field {
        "ipv4.enabled" | "ipam.assign_ipv4" => pair(false, true),
        "ipam.ranges" => pair(json!([""]), json!(["usePodCidr"])),
        "ipam.type" if vxlan => pair("host-local", "calico-ipam"),
        "ipv4.pool" => pair(Value::Null, if vxlan { "vxlan" } else { "ipip" }),
        "ipv4.mode" => pair(Value::Null, mode_of_ipv4(case)),
        "ipv4.wireguard" => pair(Value::Null, false),
        "ipv4.autoDetectionMethod" => pair(Value::Null, our_method(case, "ipv4")),
        _ => return Vec::new(),
    };
    vec![expected]
}

/// The mode of an IPv4 pool that only `backend` and `vxlan` decide.
pub(super) fn mode_of_ipv4(case: &Case) -> &'static str {
    let config = at(&case.input, "/networkConfig");
    let vxlan = at(config, "/vxlan/enabled") == &Value::Bool(true);
    if text(config, "/backend") == "none" && !vxlan { "Never" } else { "Always" }
}

/// The methods of both sides for a family, where they differ in the way of a row.
fn methods(case: &Case, field: &str, row: fn(user: &str, go: &Value) -> bool) -> Vec<Pair> {
    let Some(family) = field.strip_suffix(".autoDetectionMethod") else { return Vec::new() };
    let go = go_method(case, family);
    only_if(row(users_method(case, family), &go), go, our_method(case, family))
}

pub(super) fn users_method<'a>(case: &'a Case, family: &str) -> &'a str {
    text(&case.input, &format!("/networkConfig/{family}/autoDetectionMethod"))
}

/// With a node network in the spec: that of the status, empty where it names none of the family; for IPv4 else the spec's.
pub(super) fn go_method(case: &Case, family: &str) -> Value {
    let user = at(&case.input, &format!("/networkConfig/{family}/autoDetectionMethod"));
    let (spec, status) = node_networks(case);
    match spec {
        Some(_) if !status.is_empty() => json!(cidr(&of_family(&status, family)).unwrap_or_default()),
        Some(spec) if family == "ipv4" => json!(format!("cidr={spec}")),
        _ => user.clone(),
    }
}

pub(super) fn our_method(case: &Case, family: &str) -> Value {
    let user = users_method(case, family);
    if !user.is_empty() {
        return json!(user);
    }
    let (spec, status) = node_networks(case);
    let (spec, status) = (of_family(&Vec::from_iter(spec), family), of_family(&status, family));
    json!(cidr(&status).or_else(|| cidr(&spec)))
}

/// The node network of the spec, and those of the status.
fn node_networks(case: &Case) -> (Option<&str>, Vec<&str>) {
    let shoot = at(&case.input, "/shoot");
    let status = at(shoot, "/status/networking/nodes").as_array().into_iter().flatten().filter_map(Value::as_str);
    (at(shoot, "/spec/networking/nodes").as_str(), status.collect())
}

fn of_family<'a>(networks: &[&'a str], family: &str) -> Vec<&'a str> {
    networks.iter().copied().filter(|network| network.contains(':') == (family == "ipv6")).collect()
}

fn cidr(networks: &[&str]) -> Option<String> {
    (!networks.is_empty()).then(|| format!("cidr={}", networks.join(",")))
}
