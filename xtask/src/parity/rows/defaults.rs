//! The overlay switch where nothing is configured: the gate is on, and evidence rules apply.

use serde_json::Value;

use super::super::input::at;
use super::super::{Case, Part};
use super::switch::{self, overlay, routes_everywhere};
use super::{Expects, Row, only_if};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "N1",
        part: Part::SwitchDefaults,
        rule: "routes there",
        go: "`SeamlessOverlaySwitch` is off where it is not set: the overlay goes without a look at the nodes",
        ours: "on where it is not set: the switch proceeds because every node has its route",
        why: "a switch that loses connections is no default",
        expects: Expects::Values(|case, _| {
            only_if(switches_without_gate(case) && routes_everywhere(case), "unguarded", "Proceed")
        }),
        count: 1,
    },
    Row {
        id: "N1",
        part: Part::SwitchDefaults,
        rule: "routes missing",
        go: "`SeamlessOverlaySwitch` is off where it is not set: the overlay goes without a look at the nodes",
        ours: "on where it is not set: the switch waits for routes",
        why: "a switch that loses connections is no default",
        expects: Expects::Values(|case, _| {
            only_if(switches_without_gate(case) && !routes_everywhere(case), "unguarded", "Hold(RoutesMissing)")
        }),
        count: 4,
    },
    Row { part: Part::SwitchDefaults, count: 6, ..switch::D3_ONCE },
    Row { part: Part::SwitchDefaults, count: 6, ..switch::D3_ALWAYS },
    Row { part: Part::SwitchDefaults, count: 4, ..switch::D3_FORM },
    Row { part: Part::SwitchDefaults, count: 3, ..switch::D3_GONE },
    Row { part: Part::SwitchDefaults, count: 1, ..switch::D3_DAMAGED },
    Row { part: Part::SwitchDefaults, count: 1, ..switch::D5_HIBERNATED },
    Row { part: Part::SwitchDefaults, count: 4, ..switch::D19_IPV6 },
    Row { part: Part::SwitchDefaults, count: 14, ..switch::D20_OTHER_FIELD },
    Row { part: Part::SwitchDefaults, count: 3, ..switch::D20_READY },
    Row { part: Part::SwitchDefaults, count: 1, ..switch::D20_MISSING },
    Row { part: Part::SwitchDefaults, count: 4, ..switch::D24_DUPLICATE },
    Row { part: Part::SwitchDefaults, count: 2, ..switch::D24_INCOMPLETE },
];

/// The overlay is turned off in a case that does not turn the gate on.
fn switches_without_gate(case: &Case) -> bool {
    at(&case.input, "/featureGates/SeamlessOverlaySwitch") != &Value::Bool(true) && overlay(case, "") == Some(false)
}
