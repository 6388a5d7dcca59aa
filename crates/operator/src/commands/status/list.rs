//! The answer as JSON: `StatusList`, and the lines of `--watch`.

use calico_policy::time::Timestamp;
use gardener_api::network_status::{
    API_VERSION, FamilyEncapsulation, OverlaySwitchStatus, PrivilegeStatus, WarningStatus,
};
use serde::Serialize;

use super::Item;
use super::watch::Happened;
use crate::commands::decide::list::ErrorItem;

/// The list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusList {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<StatusItem>,
}

/// A line of `--watch`.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    event: &'static str,
    item: StatusItem,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusItem {
    namespace: String,
    name: String,
    error: Option<ErrorItem>,
    operation: Option<OperationItem>,
    up_to_date: bool,
    encapsulation: EncapsulationItem,
    overlay_switch: Option<OverlaySwitchStatus>,
    overdue: bool,
    privilege: Option<PrivilegeStatus>,
    warnings: Vec<WarningStatus>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationItem {
    #[serde(rename = "type")]
    kind: String,
    state: String,
    description: String,
    last_update_time: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EncapsulationItem {
    in_effect: FamilyEncapsulation,
    source: Option<&'static str>,
    wanted: FamilyEncapsulation,
}

impl StatusList {
    pub(super) fn new(items: &[Item], now: Timestamp) -> Self {
        let items = items.iter().map(|told| item(told, now)).collect();
        Self { api_version: API_VERSION, kind: "StatusList", items }
    }
}

impl Line {
    pub(super) fn new(happened: Happened, told: &Item, now: Timestamp) -> Self {
        Self { event: happened.code(), item: item(told, now) }
    }
}

fn item(item: &Item, now: Timestamp) -> StatusItem {
    StatusItem {
        namespace: item.namespace.clone(),
        name: item.name.clone(),
        error: item.error.as_ref().map(ErrorItem::from),
        operation: item.operation.as_ref().map(|operation| OperationItem {
            kind: operation.operation_type.clone(),
            state: operation.state.clone(),
            description: operation.description.clone(),
            last_update_time: operation.last_update_time.as_deref().map(str::to_owned),
        }),
        up_to_date: item.up_to_date,
        encapsulation: EncapsulationItem {
            in_effect: item.in_effect.clone(),
            source: item.source.map(super::Source::code),
            wanted: item.wanted(),
        },
        overlay_switch: item.switch.clone(),
        overdue: item.is_overdue(now),
        privilege: item.privilege.clone(),
        warnings: item.warnings.clone(),
    }
}
