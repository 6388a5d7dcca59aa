//! The objects of the bundle.

use gardener_api::quantity::Quantity;
use serde_json::Value;

use super::super::input::{at, text};
use super::super::objects::{IPV6_PODS, OF_DATA, OF_TEXT};
use super::super::{Case, Part};
use super::dataplane::{METHOD, METHOD_WHY};
use super::dataplane::{families, go_method, migrating, mode_of_ipv4, names_ipv6_pods, our_method, users_method};
use super::{Expects, Pair, Row, json, only_if, pair};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "D11",
        part: Part::Objects,
        rule: "the user's method",
        go: "the user's autodetection method is overwritten by the node networks, in a family without one by nothing",
        ours: METHOD,
        why: METHOD_WHY,
        expects: Expects::Values(|case, field| methods(case, field, |user, _| !user.is_empty())),
        count: 68,
    },
    Row {
        id: "D11",
        part: Part::Objects,
        rule: "an empty method",
        go: "a family without node network gets an empty method while the other family has one, and so does an empty method of the user",
        ours: METHOD,
        why: METHOD_WHY,
        expects: Expects::Values(|case, field| methods(case, field, |user, go| user.is_empty() && go == "")),
        count: 19,
    },
    Row {
        id: "D21",
        part: Part::Objects,
        rule: "quotes in a method",
        go: "the pattern of an interface is pasted into YAML: what follows a quote becomes a variable of calico-node",
        ours: "the variable has the pattern as it was written",
        why: "a pattern must not add a variable to a privileged container",
        expects: Expects::Values(pasted),
        count: 4,
    },
    Row {
        id: "D22",
        part: Part::Objects,
        rule: "IPv6 pod network unknown",
        go: "an IPv6 pool with an empty network while the shoot's status names none",
        ours: "nothing is rendered until the network is known; compared as if it were 2001:db8:1::/56",
        why: "an empty network is no network",
        expects: Expects::Values(|case, field| {
            only_if(is_ipv6_pod_network(field) && !names_ipv6_pods(case), "", IPV6_PODS)
        }),
        count: 176,
    },
    Row {
        id: "D22",
        part: Part::Objects,
        rule: "several IPv6 pod networks",
        go: "of several IPv6 pod networks the last one is the pool's",
        ours: "the first one, as everywhere else in Gardener",
        why: "the order of families and networks has a meaning",
        expects: Expects::Values(|case, field| {
            let networks = ipv6_pods(case);
            match (networks.first(), networks.last()) {
                (Some(first), Some(last)) if first != last => only_if(is_ipv6_pod_network(field), *last, *first),
                _ => Vec::new(),
            }
        }),
        count: 2,
    },
    Row {
        id: "D23",
        part: Part::Objects,
        rule: "VXLAN with pool `ipip`",
        go: "calico-node has the variable `CALICO_IPV4POOL_IPIP` twice",
        ours: "once, with the value that counts for a kubelet",
        why: "one variable has one value",
        expects: Expects::Values(|case, field| {
            let config = at(&case.input, "/networkConfig");
            let on = |block: &str| at(config, &format!("/{block}/enabled")) == &Value::Bool(true);
            let twice = on("vxlan") && on("overlay") && text(config, "/ipv4/pool") == "ipip";
            // With IPv6 the overlay says nothing about the mode of IPv4.
            let mode = if families(case).len() > 1 && !migrating(case) { text(config, "/ipv4/mode") } else { "" };
            let mode = if mode.is_empty() { "Always" } else { mode };
            let earlier =
                "DaemonSet/calico-node.spec.template.spec.containers[calico-node].env[CALICO_IPV4POOL_IPIP (-1)]";
            only_if(twice && field == earlier, json!({"name": "CALICO_IPV4POOL_IPIP", "value": mode}), Value::Null)
        }),
        count: 3,
    },
    Row {
        id: "D25",
        part: Part::Objects,
        rule: "no families",
        go: "empty `ipFamilies` disables both families",
        ours: "empty means [IPv4]",
        why: "a shoot without any family has no network",
        expects: Expects::Values(disabled_in_go),
        count: 42,
    },
    Row {
        id: "D26",
        part: Part::Objects,
        rule: "node networks",
        go: "node networks of the status count only beside one in the spec, and one in the spec only for IPv4",
        ours: METHOD,
        why: METHOD_WHY,
        expects: Expects::Values(|case, field| methods(case, field, |user, go| user.is_empty() && go != "")),
        count: 83,
    },
    Row {
        id: "D27",
        part: Part::Objects,
        rule: "a quantity that looks like a number",
        go: "quantities are pasted into YAML, which makes numbers of some: `100e6` becomes 100000000",
        ours: "a quantity is a text",
        why: "the API defines quantities as texts; the value is the same",
        expects: Expects::Values(quantity),
        count: 21,
    },
    Row {
        id: "D28",
        part: Part::Objects,
        rule: "checksums",
        go: "the checksum that restarts pods with their ConfigMap is one of the text of a template",
        ours: "one of the data; it changes for the same changes (the comparison looks)",
        why: "how a ConfigMap is written has no effect on the pods that read it",
        expects: Expects::Values(|_, field| {
            only_if(field.contains(".annotations.checksum/configmap-"), OF_TEXT, OF_DATA)
        }),
        count: 2004,
    },
    Row {
        id: "N5",
        part: Part::Objects,
        rule: "resolvers of both families",
        go: "in dual stack only what pods of one family ask the resolvers of the node's network is masqueraded",
        ours: "of both families",
        why: "a resolver has addresses of either family",
        expects: Expects::Values(|case, field| {
            let container = "DaemonSet/calico-node.spec.template.spec.containers[add-snat-rule-to-upstream-dns]";
            let pods = text(&case.input, "/network/podCIDR");
            let ipv6 = ipv6_pods(case).first().copied().unwrap_or(IPV6_PODS);
            let dual = families(case).len() > 1 && !migrating(case) && pods != ipv6;
            only_if(dual && field == format!("{container}.env[POD_CIDR].value"), pods, format!("{pods},{ipv6}"))
        }),
        count: 25,
    },
];

/// A method with a quote, a line feed, and what looks like a variable after it.
fn pasted(case: &Case, field: &str) -> Vec<Pair> {
    let method = text(&case.input, "/networkConfig/ipv4/autoDetectionMethod");
    if method != "interface=eth0\"\n            - name: INJECTED\n              value: \"x" {
        return Vec::new();
    }
    match variable(field) {
        Some(Variable::Value("IP_AUTODETECTION_METHOD")) => vec![pair("interface=eth0", method)],
        Some(Variable::Whole("INJECTED")) => vec![pair(json!({"name": "INJECTED", "value": "x"}), Value::Null)],
        _ => Vec::new(),
    }
}

/// A variable of calico-node or of the sidecar that speaks for it, as a path names it: the whole entry, or its value.
enum Variable<'a> {
    Whole(&'a str),
    Value(&'a str),
}

fn variable(field: &str) -> Option<Variable<'_>> {
    let rest = field.strip_prefix("DaemonSet/calico-node.spec.template.spec.containers[")?;
    let rest = ["calico-node", "network-unavailable-condition-ensurer"]
        .iter()
        .find_map(|container| rest.strip_prefix(container)?.strip_prefix("].env["))?;
    match rest.split_once(']')? {
        (name, "") => Some(Variable::Whole(name)),
        (name, ".value") => Some(Variable::Value(name)),
        _ => None,
    }
}

/// Both sides of a variable that is left out where it has no value.
fn sides(field: &str, name: &str, go: &Value, ours: &Value) -> Vec<Pair> {
    let empty = |value: &Value| value.is_null() || value == "";
    let entry = |value: &Value| if empty(value) { Value::Null } else { json!({"name": name, "value": value}) };
    match variable(field) {
        Some(Variable::Whole(of)) if of == name && empty(go) != empty(ours) => vec![pair(entry(go), entry(ours))],
        Some(Variable::Value(of)) if of == name && !empty(go) && !empty(ours) => vec![pair(go.clone(), ours.clone())],
        _ => Vec::new(),
    }
}

/// The autodetection method of a family, where it differs in the way of a row.
fn methods(case: &Case, field: &str, row: fn(user: &str, go: &Value) -> bool) -> Vec<Pair> {
    if families(case).is_empty() {
        return Vec::new();
    }
    let of = |(family, name): (&str, &str)| {
        let (go, ours) = (go_method(case, family), our_method(case, family));
        if row(users_method(case, family), &go) { sides(field, name, &go, &ours) } else { Vec::new() }
    };
    [("ipv4", "IP_AUTODETECTION_METHOD"), ("ipv6", "IP6_AUTODETECTION_METHOD")].into_iter().flat_map(of).collect()
}

fn is_ipv6_pod_network(field: &str) -> bool {
    field == "IPPool/default-ipv6-ippool.spec.cidr"
        || matches!(variable(field), Some(Variable::Value("CALICO_IPV6POOL_CIDR")))
}

fn ipv6_pods(case: &Case) -> Vec<&str> {
    let pods = at(&case.input, "/shoot/status/networking/pods").as_array().into_iter().flatten();
    pods.filter_map(Value::as_str).filter(|pods| pods.contains(':')).collect()
}

/// What follows from IPv4, which the Go extension leaves disabled.
fn disabled_in_go(case: &Case, field: &str) -> Vec<Pair> {
    if !families(case).is_empty() {
        return Vec::new();
    }
    let vxlan = at(&case.input, "/networkConfig/vxlan/enabled") == &Value::Bool(true);
    let ipam = "ConfigMap/calico-config.data.cni_network_config.plugins[0].ipam";
    let typha = "Deployment/calico-typha-deploy.spec.template.spec.containers[calico-typha].env[USE_POD_CIDR]";
    let nothing = Value::Null;
    let pool = if vxlan { "CALICO_IPV4POOL_VXLAN" } else { "CALICO_IPV4POOL_IPIP" };
    let taken_from_nodes = json!({"name": "USE_POD_CIDR", "value": "true"});
    match (variable(field), field.strip_prefix(ipam)) {
        (_, Some(".assign_ipv4")) => vec![pair("false", "true")],
        (_, Some(".subnet")) => vec![pair("", "usePodCidr"), pair(nothing, "usePodCidr")],
        (_, Some(".type")) => only_if(vxlan, "host-local", "calico-ipam"),
        (Some(Variable::Value("IP")), _) => vec![pair("none", "autodetect")],
        (Some(Variable::Whole("USE_POD_CIDR")), _) => only_if(vxlan, taken_from_nodes, nothing),
        (Some(Variable::Whole("CALICO_IPV4POOL_CIDR")), _) => {
            let pods = at(&case.input, "/network/podCIDR");
            vec![pair(nothing, json!({"name": "CALICO_IPV4POOL_CIDR", "value": pods}))]
        }
        (Some(Variable::Whole(name)), _) if name == pool => {
            vec![pair(nothing, json!({"name": name, "value": mode_of_ipv4(case)}))]
        }
        (Some(Variable::Whole(name @ ("FELIX_WIREGUARDENABLED" | "FELIX_WIREGUARDENABLEDV6"))), _) => {
            let wireguard = at(&case.input, "/networkConfig/wireguardEncryption") == &Value::Bool(true);
            only_if(wireguard, nothing, json!({"name": name, "value": "true"}))
        }
        (Some(Variable::Whole("IP_AUTODETECTION_METHOD")), _) => {
            sides(field, "IP_AUTODETECTION_METHOD", &nothing, &our_method(case, "ipv4"))
        }
        _ if field == typha => only_if(vxlan, taken_from_nodes, nothing),
        _ => Vec::new(),
    }
}

/// A quantity of the shoot owner in its canonical form, and what a reader of YAML makes of that form.
fn quantity(case: &Case, field: &str) -> Vec<Pair> {
    let component = match field {
        _ if field.starts_with("DaemonSet/calico-node.") || field.starts_with("VerticalPodAutoscaler/calico-node.") => {
            "node"
        }
        _ if field.starts_with("Deployment/calico-typha-deploy.") => "typha",
        _ if field.starts_with("VerticalPodAutoscaler/calico-typha.") => "typha",
        _ => return Vec::new(),
    };
    let is_amount = |resource: &str| {
        field.ends_with(&format!(".requests.{resource}")) || field.ends_with(&format!(".minAllowed.{resource}"))
    };
    let Some(resource) = ["cpu", "memory"].into_iter().find(|resource| is_amount(resource)) else { return Vec::new() };
    let wanted = match at(&case.input, &format!("/networkConfig/autoScaling/resources/{component}/{resource}")) {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let Ok(ours) = Quantity::parse(&wanted).map(|quantity| quantity.to_string()) else { return Vec::new() };
    // Whole numbers, also those with an exponent; what has a unit stays a text.
    let (digits, exponent) = ours.split_once('e').unwrap_or((&ours, "0"));
    let number = digits.parse::<i64>().ok().zip(exponent.parse::<u32>().ok());
    match number.and_then(|(digits, exponent)| digits.checked_mul(10_i64.checked_pow(exponent)?)) {
        Some(number) => vec![pair(number, ours)],
        None => Vec::new(),
    }
}
