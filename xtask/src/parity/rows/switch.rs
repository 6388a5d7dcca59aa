//! The overlay switch with the gates of the case and the profile `Strict`.

use serde_json::Value;

use super::super::input::{at, text};
use super::super::{Case, Part};
use super::{Expects, Row, Text, json, only_if};

pub(super) const ROWS: &[Row] = &[
    D3_ONCE,
    D3_ALWAYS,
    D3_FORM,
    D3_GONE,
    D3_DAMAGED,
    D5_HIBERNATED,
    D19_IPV6,
    D20_OTHER_FIELD,
    D20_READY,
    D20_MISSING,
    D24_DUPLICATE,
    D24_INCOMPLETE,
];

pub(super) const D3_ONCE: Row = Row {
    id: "D3",
    part: Part::Switch,
    rule: "the bundle cannot be read once",
    go: "a read error of the bundle that happens once counts as no switch: the overlay is dropped without a look at the nodes",
    ours: "hold: the current state cannot be read",
    why: "what cannot be read is no proof of anything",
    expects: Expects::Values(|case, _| {
        let once = bundle_fault(case).is_some_and(|fault| fault.ends_with("-once"));
        only_if(once, "no-switch", "Hold(CurrentStateUnreadable)")
    }),
    count: 6,
};

pub(super) const D3_ALWAYS: Row = Row {
    id: "D3",
    part: Part::Switch,
    rule: "the bundle can never be read",
    go: "a read error of the bundle that lasts counts as no switch, and fails only where the new bundle is written",
    ours: "hold: the current state cannot be read",
    why: "what cannot be read is no proof of anything",
    expects: Expects::Texts {
        applies: |case, _| bundle_fault(case).is_some_and(|fault| !fault.ends_with("-once")),
        texts: PERSISTENT_FAULTS,
    },
    count: 6,
};

pub(super) const D3_FORM: Row = Row {
    id: "D3",
    part: Part::Switch,
    rule: "the bundle has another form",
    go: "a bundle in a Brotli key, without a DaemonSet `calico-node`, or with `True` for `true` counts as no switch",
    ours: "every key is read, and the pool counts: the switch waits for routes",
    why: "what cannot be read is no proof of anything",
    expects: Expects::Values(|case, _| {
        let forms = ["brotli", "rename-daemonset", "drop-daemonset", "ipip-upper"];
        only_if(forms.contains(&change(case)), "no-switch", "Hold(RoutesMissing)")
    }),
    count: 4,
};

pub(super) const D3_GONE: Row = Row {
    id: "D3",
    part: Part::Switch,
    rule: "the bundle is gone",
    go: "a ManagedResource that is gone after an installation, or a Secret that it names, counts as no switch",
    ours: "hold: the current state cannot be read",
    why: "what cannot be read is no proof of anything",
    expects: Expects::Values(|case, _| {
        let gone = ["delete-managedresource", "delete-secret", "first-secret-missing"];
        only_if(gone.contains(&change(case)), "no-switch", "Hold(CurrentStateUnreadable)")
    }),
    count: 3,
};

pub(super) const D3_DAMAGED: Row = Row {
    id: "D3",
    part: Part::Switch,
    rule: "a damaged document",
    go: "a document of the bundle that is no YAML is skipped",
    ours: "hold: the current state cannot be read",
    why: "it may be the one that tells the encapsulation",
    expects: Expects::Values(|case, _| {
        only_if(change(case) == "garbage-first", "wait", "Hold(CurrentStateUnreadable)")
    }),
    count: 1,
};

pub(super) const D5_HIBERNATED: Row = Row {
    id: "D5",
    part: Part::Switch,
    rule: "hibernated shoot",
    go: "an error for a hibernated shoot, whose API server sleeps",
    ours: "hold until it wakes up",
    why: "a sleeping shoot has no nodes to look at, and nothing to repair",
    expects: Expects::Texts {
        applies: |case, _| at(&case.input, "/shoot/spec/hibernation/enabled") == &Value::Bool(true),
        texts: &[(
            1,
            Text::Both(
                "guard-error: failed to check node route status: failed to list nodes: failed to get server groups: \
                 Get \"http://127.0.0.1:PORT/api\": dial tcp 127.0.0.1:PORT: connect: connection refused",
                "Hold(Hibernated)",
            ),
        )],
    },
    count: 1,
};

pub(super) const D19_IPV6: Row = Row {
    id: "D19",
    part: Part::Switch,
    rule: "IPv6 in use",
    go: "no switch is seen where IPv6 is in use",
    ours: "the switch is seen per family and waits for routes",
    why: "pods lose their connections as in IPv4",
    expects: Expects::Values(|case, _| {
        let ipv6 = uses_ipv6(case) && overlay(case, "") == Some(false) && overlay(case, "/previous") == Some(true);
        only_if(ipv6, "no-switch", "Hold(RoutesMissing)")
    }),
    count: 4,
};

pub(super) const D20_OTHER_FIELD: Row = Row {
    id: "D20",
    part: Part::Switch,
    rule: "removed by another field",
    go: "encapsulation that goes by another field than `overlay.enabled` is no switch",
    ours: "the removal is named, with the field that the shoot owner should set",
    why: "the pool decides what a node sends, not one field or Felix' switch",
    expects: Expects::Values(|case, _| {
        only_if(removes_by_another_field(case), "no-switch", "ProceedUnverified(OverlayNotDisabledExplicitly)")
    }),
    count: 14,
};

pub(super) const D20_READY: Row = Row {
    id: "D20",
    part: Part::Switch,
    rule: "nothing to remove, routes there",
    go: "a pool with mode `Never` counts as overlay because Felix' switch is on",
    ours: "nothing is removed, so nothing waits",
    why: "the pool decides what a node sends, not one field or Felix' switch",
    expects: Expects::Values(|case, _| {
        only_if(only_felix_encapsulated(case) && routes_everywhere(case), "proceed", "Unchanged")
    }),
    count: 3,
};

pub(super) const D20_MISSING: Row = Row {
    id: "D20",
    part: Part::Switch,
    rule: "nothing to remove, routes missing",
    go: "a pool with mode `Never` counts as overlay because Felix' switch is on: it waits for routes",
    ours: "nothing is removed, so nothing waits",
    why: "the pool decides what a node sends, not one field or Felix' switch",
    expects: Expects::Values(|case, _| {
        only_if(only_felix_encapsulated(case) && !routes_everywhere(case), "wait", "Unchanged")
    }),
    count: 1,
};

pub(super) const D24_DUPLICATE: Row = Row {
    id: "D24",
    part: Part::Switch,
    rule: "several conditions of one type",
    go: "any matching entry of several counts as a route",
    ours: "several entries of one type are no evidence: hold",
    why: "several or missing entries prove nothing",
    expects: Expects::Values(|case, _| only_if(duplicate_conditions(case), "proceed", "Hold(RoutesMissing)")),
    count: 4,
};

pub(super) const D24_INCOMPLETE: Row = Row {
    id: "D24",
    part: Part::Switch,
    rule: "incomplete node list",
    go: "a list without items or with a further page counts as all nodes",
    ours: "hold: the list of nodes is not complete",
    why: "several or missing entries prove nothing",
    expects: Expects::Values(|case, _| only_if(incomplete_list(case), "proceed", "Hold(NodesUnreadable)")),
    count: 2,
};

const PERSISTENT_FAULTS: &[(usize, Text)] = &[
    (
        2,
        Text::Both(
            "other-error: could not create or update managed resource: managedresources.resources.gardener.cloud \
             \"extension-networking-calico-config\" is forbidden: no",
            "Hold(CurrentStateUnreadable)",
        ),
    ),
    (
        2,
        Text::Both(
            "other-error: could not create or update managed resource: Timeout: timed out",
            "Hold(CurrentStateUnreadable)",
        ),
    ),
    (
        2,
        Text::Both(
            "other-error: could not create or update secret of managed resources: Internal error occurred: etcd down",
            "Hold(CurrentStateUnreadable)",
        ),
    ),
];

/// How the previous bundle was changed.
fn change(case: &Case) -> &str {
    text(&case.input, "/previous/mutate")
}

/// The fault by which the ManagedResource or its Secret cannot be read.
fn bundle_fault(case: &Case) -> Option<&str> {
    let faults = at(&case.input, "/faults").as_array()?;
    let bundle = |fault: &&str| fault.starts_with("managedresource-") || fault.starts_with("secret-error");
    faults.iter().filter_map(Value::as_str).find(bundle)
}

fn uses_ipv6(case: &Case) -> bool {
    let families = at(&case.input, "/network/ipFamilies").as_array().into_iter().flatten();
    families.into_iter().any(|family| family == "IPv6")
}

/// `overlay.enabled` of the configuration below a pointer.
pub(super) fn overlay(case: &Case, pointer: &str) -> Option<bool> {
    at(&case.input, &format!("{pointer}/networkConfig/overlay/enabled")).as_bool()
}

/// Overlay not turned off, and yet no encapsulation: by the backend, by the mode, or by IPv6.
fn removes_by_another_field(case: &Case) -> bool {
    let config = at(&case.input, "/networkConfig");
    overlay(case, "").is_none()
        && (text(config, "/backend") == "none" || text(config, "/ipv4/mode") == "Never" || uses_ipv6(case))
}

/// The pool that was rendered before sends plainly, while Felix has IPIP switched on.
fn only_felix_encapsulated(case: &Case) -> bool {
    let before = at(&case.golden, "/before");
    text(before, "/FELIX_IPINIPENABLED") == "true"
        && at(before, "/pool") == &json!({"CALICO_IPV4POOL_IPIP": "Never"})
        && overlay(case, "") == Some(false)
}

/// Every node has a condition `NetworkUnavailable=False` with reason `RouteCreated`.
pub(super) fn routes_everywhere(case: &Case) -> bool {
    let has_route = |node: &Value| {
        let mut conditions = at(node, "/conditions").as_array().into_iter().flatten();
        conditions.any(|condition| {
            text(condition, "/type") == "NetworkUnavailable"
                && text(condition, "/status") == "False"
                && text(condition, "/reason") == "RouteCreated"
        })
    };
    at(&case.input, "/nodes").as_array().into_iter().flatten().all(has_route)
}

fn duplicate_conditions(case: &Case) -> bool {
    let count = |node: &Value| {
        let conditions = at(node, "/conditions").as_array().into_iter().flatten();
        conditions.filter(|condition| text(condition, "/type") == "NetworkUnavailable").count()
    };
    at(&case.input, "/nodes").as_array().into_iter().flatten().any(|node| count(node) > 1)
}

fn incomplete_list(case: &Case) -> bool {
    let list = at(&case.input, "/nodesRaw");
    list.is_object() && (!text(list, "/metadata/continue").is_empty() || at(list, "/items").is_null())
}
