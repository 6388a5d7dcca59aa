//! Dashboards for Felix, Typha and BIRD in the shoot's Plutono, and for the overlay switch in the seed's, which is part of the chart.
//!
//! They are written as [`Dashboard`]s: a panel is its title, what it shows, what to do about it, and its queries; all
//! that Plutono wants besides is in one file. `cargo xtask codegen` turns them into `generated/*.json`, which are
//! embedded and can be imported into any Plutono as they are. To change a panel, change its module, run that command and
//! look at the result; the tests compare every query with the metrics that exist and that are kept.

mod bird;
mod felix;
mod json;
#[cfg(test)]
mod metrics;
mod model;
mod overlay_switch;
#[cfg(test)]
mod promql;
#[cfg(test)]
mod tests;
mod typha;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::names::labels;

pub use bird::dashboard as bird;
pub use felix::dashboard as felix;
pub use model::Dashboard;
pub use overlay_switch::dashboard as overlay_switch;
pub use typha::dashboard as typha;

/// Name of the ConfigMap.
pub const CONFIG_MAP: &str = "calico-dashboards";

/// Key in the ConfigMap and content. Plutono goes by the content; the keys stay as they are for whoever looks them up.
const FILES: [(&str, &str); 3] = [
    ("calico-bird-dashboard.json", include_str!("../../generated/calico-bird-dashboard.json")),
    ("calico-felix-dashboard.json", include_str!("../../generated/calico-felix-dashboard.json")),
    ("calico-typha-dashboard.json", include_str!("../../generated/calico-typha-dashboard.json")),
];

/// The shoot's Plutono loads every ConfigMap of its namespace with the label.
pub(super) fn config_map(namespace: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(CONFIG_MAP.to_owned()),
            namespace: Some(namespace.to_owned()),
            labels: Some(labels([("dashboard.monitoring.gardener.cloud/shoot", "true")])),
            ..ObjectMeta::default()
        },
        data: Some(FILES.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()),
        ..ConfigMap::default()
    }
}

/// What the file of a dashboard in `generated/` should hold. Equal dashboards give equal bytes.
///
/// One field to a line, and one panel: a review sees which panel changes, and the seed does not store the indentation
/// once per shoot.
#[must_use]
pub fn generate_json(dashboard: &Dashboard) -> String {
    let lines = |open: &str, items: Vec<String>, close: &str| format!("{open}\n{}\n{close}", items.join(",\n"));
    let fields = dashboard.to_json().into_iter().map(|(name, value)| match value {
        Value::Array(items) if !items.is_empty() => {
            format!("{}: {}", json!(name), lines("[", items.iter().map(Value::to_string).collect(), "]"))
        }
        value => format!("{}: {value}", json!(name)),
    });
    lines("{", fields.collect(), "}") + "\n"
}
