//! The answer as JSON: `PlanList`.

use adapter_k8s::report;
use gardener_api::network_status::{API_VERSION, OverlaySwitchStatus, WarningStatus};
use serde::Serialize;

use super::{Item, Outcome};
use crate::commands::decide::list::ErrorItem;

/// The list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanList {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<PlanItem>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanItem {
    namespace: String,
    name: String,
    error: Option<ErrorItem>,
    outcome: Option<&'static str>,
    asked: Option<bool>,
    overlay_switch: Option<OverlaySwitchStatus>,
    warnings: Vec<WarningStatus>,
}

impl PlanList {
    pub(super) fn new(items: &[Item]) -> Self {
        Self { api_version: API_VERSION, kind: "PlanList", items: items.iter().map(item).collect() }
    }
}

fn item(item: &Item) -> PlanItem {
    let decision = item.decision();
    PlanItem {
        namespace: item.namespace.clone(),
        name: item.name.clone(),
        error: item.answer.as_ref().err().map(ErrorItem::from),
        outcome: decision.map(|decision| Outcome::of(decision).code()),
        asked: item.answer.as_ref().ok().map(|answer| !answer.assumed),
        overlay_switch: decision.map(report::overlay_switch),
        warnings: decision.map(report::warnings).unwrap_or_default(),
    }
}
