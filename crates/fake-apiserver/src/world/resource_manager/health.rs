//! Health and progress of what is applied.

use serde_json::{Value, json};

use super::ResourceManager;
use super::apply::replicas;
use super::conditions::{APPLIED, HEALTHY, PROGRESSING, Saying, with};
use super::resource::{Reference, Resources};
use crate::world::cluster::{condition, kinds, number, text};

/// What a check has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Healthy before, and no longer.
    Worse,
    /// Anything else.
    Other,
}

impl ResourceManager {
    /// Checks everything that a ManagedResource has applied, if it has.
    pub(super) async fn check_health(&self, resources: &Resources, name: &str) -> Result<Turn, kube::Error> {
        let Some(found) = self.seed.get(&kinds::MANAGED_RESOURCE, &self.namespace, name).await? else {
            return Ok(Turn::Other);
        };
        let applied = condition(&found, APPLIED).is_some_and(|applied| text(applied, "/status") == "True")
            && number(&found, "/status/observedGeneration") == number(&found, "/metadata/generation")
            && text(&found, "/metadata/deletionTimestamp").is_empty();
        if !applied {
            return Ok(Turn::Other);
        }
        let mut unhealthy = None;
        let mut progressing = None;
        for entry in found.pointer("/status/resources").and_then(Value::as_array).into_iter().flatten() {
            let reference = Reference::of_status(entry);
            if reference.has_annotation("skip-health-check", "true") {
                continue;
            }
            let kind = &reference.kind;
            let named = || format!("{kind} \"{}\"", reference.key());
            let Some(live) = resources.live(&self.shoot, &reference).await? else {
                unhealthy = unhealthy.or_else(|| Some((format!("{kind}Missing"), format!("{} is missing", named()))));
                continue;
            };
            if let Some(why) = why_unhealthy(&live) {
                let message = format!("{} is unhealthy: {why}", named());
                unhealthy = unhealthy.or_else(|| Some((format!("{kind}Unhealthy"), message)));
            }
            if let Some(why) = why_progressing(&live) {
                let message = format!("{} is progressing: {why}", named());
                progressing = progressing.or_else(|| Some((format!("{kind}Progressing"), message)));
            }
        }
        let turn = match (condition(&found, HEALTHY), &unhealthy) {
            (Some(before), Some(_)) if text(before, "/status") == "True" => Turn::Worse,
            _ => Turn::Other,
        };
        let sayings = [
            unhealthy.map_or_else(
                || Saying::new(HEALTHY, "True", "ResourcesHealthy", "All resources are healthy."),
                |(reason, message)| Saying::new(HEALTHY, "False", reason, message),
            ),
            progressing.map_or_else(
                || {
                    let message = "All resources have been fully rolled out.";
                    Saying::new(PROGRESSING, "False", "ResourcesRolledOut", message)
                },
                |(reason, message)| Saying::new(PROGRESSING, "True", reason, message),
            ),
        ];
        if let Some(conditions) = with(&found, &sayings, &self.clock) {
            let status = json!({"conditions": conditions});
            self.seed.merge_status(&kinds::MANAGED_RESOURCE, &self.namespace, name, &status).await?;
        }
        Ok(turn)
    }
}

fn why_unhealthy(object: &Value) -> Option<String> {
    let status = |field: &str| number(object, &format!("/status/{field}"));
    match text(object, "/kind") {
        "DaemonSet" => {
            let desired = status("desiredNumberScheduled");
            let (scheduled, misscheduled) = (status("currentNumberScheduled"), status("numberMisscheduled"));
            let unavailable = status("numberUnavailable");
            let rolling = status("updatedNumberScheduled") < desired;
            let allowed = if rolling { max_unavailable(object) } else { 0 };
            outdated(object).or_else(|| {
                if scheduled < desired {
                    Some(format!("not enough scheduled pods ({scheduled}/{desired})"))
                } else if misscheduled > 0 {
                    Some(format!("misscheduled pods found ({misscheduled})"))
                } else if unavailable > allowed {
                    Some(format!("too many unavailable pods found ({unavailable}/{allowed})"))
                } else {
                    None
                }
            })
        }
        "Deployment" => outdated(object).or_else(|| {
            let available = condition(object, "Available").map(|available| text(available, "/status"));
            (available != Some("True")).then(|| "condition \"Available\" is not True".to_owned())
        }),
        "CustomResourceDefinition" => {
            let established = condition(object, "Established").map(|established| text(established, "/status"));
            (established != Some("True")).then(|| "condition \"Established\" is not True".to_owned())
        }
        _ => None,
    }
}

fn why_progressing(object: &Value) -> Option<String> {
    let (updated, all) = match text(object, "/kind") {
        "DaemonSet" => ("/status/updatedNumberScheduled", number(object, "/status/desiredNumberScheduled")),
        "Deployment" => ("/status/updatedReplicas", replicas(object)),
        _ => return None,
    };
    let updated = number(object, updated);
    outdated(object).or_else(|| (updated < all).then(|| format!("{updated} of {all} replica(s) have been updated")))
}

fn outdated(object: &Value) -> Option<String> {
    let (observed, generation) = (number(object, "/status/observedGeneration"), number(object, "/metadata/generation"));
    (observed < generation).then(|| format!("observed generation outdated ({observed}/{generation})"))
}

/// How many pods may be missing during a roll-out; percentages count as of the nodes, rounded up.
pub(in crate::world) fn max_unavailable(daemon_set: &Value) -> i64 {
    match daemon_set.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable") {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(1),
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            let nodes = number(daemon_set, "/status/desiredNumberScheduled");
            percent.saturating_mul(nodes).saturating_add(99) / 100
        }
        _ => 1,
    }
}
