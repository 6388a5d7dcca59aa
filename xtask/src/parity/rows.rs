//! The differences that are meant, each with the rule by which a recorded case is excused.
//!
//! A rule looks at the case and at both values. The table in `docs/deviations.md` says why each of them is meant.

use serde_json::Value;

use super::input::{at, text};
use super::{Compared, Difference, Part};

/// One deliberate deviation.
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) part: Part,
    pub(super) go: &'static str,
    pub(super) ours: &'static str,
    pub(super) excuses: fn(&Compared, &Difference) -> bool,
    pub(super) count: usize,
}

/// In order: the first row that excuses a difference counts it.
pub(super) const ROWS: &[Row] = &[
    Row {
        id: "D3",
        part: Part::Switch,
        go: "a read error of the bundle that happens once counts as no switch, one that lasts fails later",
        ours: "hold: the current state cannot be read",
        excuses: |case, d| {
            let once = faults(case).any(|fault| fault.ends_with("-once"));
            let bundle =
                faults(case).any(|fault| fault.starts_with("managedresource-") || fault.starts_with("secret-"));
            let go = if once { "no-switch" } else { "other-error" };
            bundle && says(d, go, "Hold(CurrentStateUnreadable)")
        },
        count: 12,
    },
    Row {
        id: "D5",
        part: Part::Switch,
        go: "an error for a hibernated shoot, whose API server sleeps",
        ours: "hold until it wakes up",
        excuses: |case, d| {
            at(&case.input, "/shoot/spec/hibernation/enabled") == &Value::Bool(true)
                && says(d, "guard-error", "Hold(Hibernated)")
        },
        count: 1,
    },
    Row {
        id: "D19",
        part: Part::Switch,
        go: "no switch is seen where IPv6 is in use",
        ours: "the switch is seen per family and waits for routes",
        excuses: |case, d| families(case).any(|family| family == "IPv6") && says(d, "no-switch", "Hold(RoutesMissing)"),
        count: 4,
    },
    Row {
        id: "D20",
        part: Part::Switch,
        go: "encapsulation that goes by another field than `overlay.enabled` is no switch",
        ours: "the removal is named, with the field that the shoot owner should set",
        excuses: |case, d| {
            at(&case.input, "/networkConfig/overlay/enabled") != &Value::Bool(false)
                && says(d, "no-switch", "ProceedUnverified(OverlayNotDisabledExplicitly)")
        },
        count: 14,
    },
    Row {
        id: "D20",
        part: Part::Switch,
        go: "a pool with mode `Never` counts as overlay because Felix' switch is on",
        ours: "nothing is removed, so nothing waits",
        excuses: |case, d| {
            text(&case.golden, "/before/FELIX_IPINIPENABLED") == "true"
                && at(&case.golden, "/before/pool") == &serde_json::json!({"CALICO_IPV4POOL_IPIP": "Never"})
                && (says(d, "proceed", "Unchanged") || says(d, "wait", "Unchanged"))
        },
        count: 4,
    },
    Row {
        id: "D24",
        part: Part::Switch,
        go: "any matching entry of several counts as a route",
        ours: "several entries of one type are no evidence",
        excuses: |case, d| {
            let nodes = at(&case.input, "/nodes").as_array().into_iter().flatten();
            nodes.into_iter().any(|node| conditions(node, "NetworkUnavailable") > 1)
                && says(d, "proceed", "Hold(RoutesMissing)")
        },
        count: 4,
    },
    Row {
        id: "D24",
        part: Part::Switch,
        go: "a list without items or with a further page counts as all nodes",
        ours: "hold: the list of nodes is not complete",
        excuses: |case, d| {
            let list = at(&case.input, "/nodesRaw");
            (!text(list, "/metadata/continue").is_empty() || at(list, "/items").is_null())
                && says(d, "proceed", "Hold(NodesUnreadable)")
        },
        count: 2,
    },
    Row {
        id: "D2",
        part: Part::Dataplane,
        go: "a nil dereference for empty `ipFamilies` with `overlay`, and without `spec.networking`",
        ours: "absent means [IPv4], and no node network",
        excuses: |case, d| {
            (without_families(case) || at(&case.input, "/shoot/spec/networking").is_null())
                && d.field == "outcome"
                && says_outcome(d, "panic: runtime error: invalid memory address or nil pointer dereference")
        },
        count: 5,
    },
    Row {
        id: "D25",
        part: Part::Dataplane,
        go: "empty `ipFamilies` disables both families, or refuses an IPv4 block",
        ours: "empty means [IPv4]",
        excuses: |case, d| without_families(case) && (refused_block(d, "IPv4") || disabled_in_go(d)),
        count: 41,
    },
    Row {
        id: "D10",
        part: Part::Dataplane,
        go: "during the dual-stack migration the user's block of the other family fails every reconcile",
        ours: "the block of a family that does not count yet is left out",
        excuses: |case, d| {
            migrating(case) && families(case).count() == 2 && (refused_block(d, "IPv4") || refused_block(d, "IPv6"))
        },
        count: 17,
    },
    Row {
        id: "A2",
        part: Part::Dataplane,
        go: "the deprecated `ipip` makes an IPv4 block in a shoot without IPv4, which is then refused",
        ours: "the field has no effect",
        excuses: |case, d| {
            at(&case.input, "/networkConfig/ipip").is_string()
                && families(case).eq(["IPv6"])
                && refused_block(d, "IPv4")
        },
        count: 5,
    },
    Row {
        id: "D1",
        part: Part::Dataplane,
        go: "kube-proxy switched off with a mode, as Gardener defaults it, is an error",
        ours: "the mode of a kube-proxy that is off has no effect",
        excuses: |case, d| {
            let proxy = at(&case.input, "/shoot/spec/kubernetes/kubeProxy");
            at(proxy, "/enabled") == &Value::Bool(false)
                && !text(proxy, "/mode").is_empty()
                && says_outcome(
                    d,
                    "values: error when generating calico config: kube-proxy mode must not be set if kube-proxy is disabled",
                )
        },
        count: 2,
    },
    Row {
        id: "D21",
        part: Part::Dataplane,
        go: "the pattern of an interface is pasted into YAML, which then does not parse",
        ours: "every string is quoted",
        excuses: |case, d| {
            let method = text(&case.input, "/networkConfig/ipv4/autoDetectionMethod");
            (method.contains('\\') || method.contains('"'))
                && d.go_text().starts_with("render: failed to sort manifests: YAML parse error on ")
                && d.our_text() == "done"
        },
        count: 2,
    },
    Row {
        id: "D22",
        part: Part::Dataplane,
        go: "an IPv6 pool with an empty network while the shoot's status names none",
        ours: "an error until the network is known",
        excuses: |case, d| {
            let pods = at(&case.input, "/shoot/status/networking/pods").as_array().into_iter().flatten();
            families(case).any(|family| family == "IPv6")
                && !pods.filter_map(Value::as_str).any(|pods| pods.contains(':'))
                && d.go_text() == "done"
                && d.our_text() == "the shoot's status names no IPv6 pod network yet"
        },
        count: 88,
    },
    Row {
        id: "D11",
        part: Part::Dataplane,
        go: "the user's autodetection method is overwritten, in a family without node network by nothing",
        ours: "the user's method counts; else the family's node network; else none",
        excuses: |case, d| {
            let Some(family) = d.field.strip_suffix(".autoDetectionMethod") else { return false };
            let user = text(&case.input, &format!("/networkConfig/{family}/autoDetectionMethod"));
            let in_use = if user.is_empty() { node_networks(case, family) } else { Some(user.to_owned()) };
            d.ours.as_str() == in_use.as_deref() && (d.go_text().is_empty() && d.go.is_string() || !user.is_empty())
        },
        count: 70,
    },
    Row {
        id: "D26",
        part: Part::Dataplane,
        go: "node networks of the status count only beside one in the spec, and one in the spec only for IPv4",
        ours: "the node networks of the family, from the status or else from the spec",
        excuses: |case, d| {
            let Some(family) = d.field.strip_suffix(".autoDetectionMethod") else { return false };
            let misplaced = family == "ipv4" && d.go_text().contains(':') && d.ours.is_null();
            (d.go.is_null() && d.ours.is_string() || misplaced)
                && d.ours.as_str() == node_networks(case, family).as_deref()
        },
        count: 64,
    },
    Row {
        id: "A1",
        part: Part::Admission,
        go: "validates every update, also one that leaves networking, kube-proxy and workers alone",
        ours: "skips it",
        excuses: |case, d| unchanged_update(case) && d.field != "config" && relaxed(d),
        count: 119,
    },
    Row {
        id: "A2",
        part: Part::Admission,
        go: "accepts what its controller refuses to render",
        ours: "one set of rules: refused here as well",
        excuses: |case, d| {
            let refusal = |text: &str| {
                text.ends_with(".ipv6.pool: Invalid value: \"ipip\": IP in IP carries IPv4 only, use \"vxlan\"")
                    || ["IPv4", "IPv6"].iter().any(|family| {
                        text.ends_with(&format!(
                            ": Forbidden: {family} configuration must not be specified if Shoot doesn't use {family} networking"
                        ))
                    })
            };
            d.go.is_null() && refusal(d.our_text())
                || d.field == "allowed"
                    && d.go == true
                    && case.differences.iter().any(|other| refusal(other.our_text()))
        },
        count: 96,
    },
    Row {
        id: "A3",
        part: Part::Admission,
        go: "one network only behind `cidr=`",
        ours: "a list, as Calico and the controller itself use it",
        excuses: |case, d| {
            let list = |text: &str| {
                text.contains("\"10.0.0.0/8,10.1.0.0/16\": must be a valid CIDR value")
                    && text.contains("etectionMethod: ")
            };
            d.ours.is_null() && list(d.go_text())
                || d.field == "allowed" && d.go == false && case.differences.iter().any(|other| list(other.go_text()))
        },
        count: 13,
    },
    Row {
        id: "A4",
        part: Part::Admission,
        go: "names a path that does not exist: `ipAutoDetectionMethod`",
        ours: "names the field: `ipAutodetectionMethod`",
        excuses: |_, d| {
            !d.go_text().is_empty()
                && d.go_text().replace(".ipAutoDetectionMethod: ", ".ipAutodetectionMethod: ") == d.our_text()
        },
        count: 65,
    },
    Row {
        id: "A6",
        part: Part::Admission,
        go: "a provider config that cannot be decoded is refused without a path",
        ours: "every error of the document with its path",
        excuses: |case, d| undecodable(case, d) && at(&case.golden, "/handler/allowed") == &Value::Bool(false),
        count: 136,
    },
    Row {
        id: "A6",
        part: Part::Admission,
        go: "groups of errors hide one another",
        ours: "all errors at once",
        excuses: |case, d| {
            let result = at(&case.golden, "/validate");
            d.field == "validate" && d.go.is_null() && d.ours.is_string() && !text(result, "/error").is_empty()
        },
        count: 26,
    },
    Row {
        id: "A7",
        part: Part::Admission,
        go: "the validator alone refuses, or dereferences nil for, shoots that its filter keeps away",
        ours: "the filter belongs to the validation",
        excuses: |case, d| {
            let networking = text(&case.input, "/shoot/spec/networking/type");
            d.field == "validate"
                && networking != "calico"
                && at(&case.golden, "/handler/allowed") == &Value::Bool(true)
                && d.ours.is_null()
        },
        count: 4,
    },
];

fn faults(case: &Compared) -> impl Iterator<Item = &str> {
    at(&case.input, "/faults").as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn families(case: &Compared) -> impl Iterator<Item = &str> {
    at(&case.input, "/network/ipFamilies").as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn without_families(case: &Compared) -> bool {
    families(case).next().is_none()
}

fn conditions(node: &Value, kind: &str) -> usize {
    let conditions = at(node, "/conditions").as_array().into_iter().flatten();
    conditions.filter(|condition| text(condition, "/type") == kind).count()
}

fn says(difference: &Difference, go: &str, ours: &str) -> bool {
    difference.go_text() == go && difference.our_text() == ours
}

fn says_outcome(difference: &Difference, go: &str) -> bool {
    difference.field == "outcome" && says(difference, go, "done")
}

fn refused_block(difference: &Difference, family: &str) -> bool {
    let text = format!(
        "values: error when generating calico config: {family} configuration must not be specified if Shoot doesn't use {family} networking"
    );
    says_outcome(difference, &text)
}

/// What follows from IPv4 that Go leaves disabled.
fn disabled_in_go(difference: &Difference) -> bool {
    match difference.field.as_str() {
        "ipv4.enabled" | "ipam.assign_ipv4" => difference.go == false && difference.ours == true,
        "ipam.type" => says(difference, "host-local", "calico-ipam"),
        "ipam.ranges" => {
            difference.go == serde_json::json!([""]) && difference.ours == serde_json::json!(["usePodCidr"])
        }
        field => field.starts_with("ipv4.") && difference.go.is_null(),
    }
}

fn migrating(case: &Compared) -> bool {
    let constraints = at(&case.input, "/shoot/status/constraints").as_array().into_iter().flatten();
    constraints.into_iter().any(|c| text(c, "/type") == "DualStackNodesMigrationReady" && text(c, "/status") != "True")
}

/// `cidr=` with the node networks of a family: those of the status, else the one of the spec.
fn node_networks(case: &Compared, family: &str) -> Option<String> {
    let of_family = |network: &&str| network.contains(':') == (family == "ipv6");
    let shoot = at(&case.input, "/shoot");
    let status = at(shoot, "/status/networking/nodes").as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut networks: Vec<&str> = status.filter(of_family).collect();
    if networks.is_empty() {
        networks.extend(at(shoot, "/spec/networking/nodes").as_str().filter(of_family));
    }
    (!networks.is_empty()).then(|| format!("cidr={}", networks.join(",")))
}

fn unchanged_update(case: &Compared) -> bool {
    let same = |pointer: &str| {
        at(&case.input, &format!("/shoot/spec/{pointer}")) == at(&case.input, &format!("/oldShoot/spec/{pointer}"))
    };
    at(&case.input, "/oldShoot").is_object() && same("networking") && same("kubernetes/kubeProxy") && same("provider")
}

/// Go refuses, we do not.
fn relaxed(difference: &Difference) -> bool {
    difference.field == "allowed" && difference.go == false && difference.ours == true
        || difference.go.is_string() && difference.ours.is_null()
}

/// Go's result is one text without a path; ours names at least one place in the provider config.
fn undecodable(case: &Compared, difference: &Difference) -> bool {
    let result = at(&case.golden, &format!("/{}", difference.field));
    let error = if difference.field == "config" { text(result, "/decodeError") } else { text(result, "/error") };
    let of_field: Vec<&Difference> = case.differences.iter().filter(|other| other.field == difference.field).collect();
    at(result, "/errors").is_null()
        && !error.is_empty()
        && of_field.iter().any(|other| other.go_text() == error)
        && of_field.iter().any(|other| other.ours.is_string())
}
