//! How far the bundle last written has come, by the conditions of its ManagedResource.

use calico_policy::phase::Rollout;
use gardener_api::managed_resource::ManagedResource;
use gardener_api::meta::Condition;

/// Applied is what gardener-resource-manager has finished a round for: the generation is the current one *and* the condition
/// says so. Each alone may be about an earlier bundle.
#[must_use]
pub fn rollout(managed_resource: Option<&ManagedResource>) -> Rollout {
    let Some(managed_resource) = managed_resource else { return Rollout::NotObserved };
    let is = |kind: &str, value: &str| condition(managed_resource, kind).is_some_and(|found| found.status == value);
    let current = managed_resource.status.observed_generation == managed_resource.metadata.generation;
    if !current || !is("ResourcesApplied", "True") {
        Rollout::Written
    } else if is("ResourcesHealthy", "True") && is("ResourcesProgressing", "False") {
        Rollout::RolledOut
    } else {
        Rollout::Applied
    }
}

/// What keeps the bundle from being applied, for people.
#[must_use]
pub fn why_not_applied(managed_resource: &ManagedResource) -> String {
    match condition(managed_resource, "ResourcesApplied") {
        None => "gardener-resource-manager has not looked at it yet".to_owned(),
        Some(Condition { status, .. }) if status == "True" => "its last change has not been looked at yet".to_owned(),
        Some(Condition { reason, message, .. }) => format!("{reason}: {message}"),
    }
}

fn condition<'a>(managed_resource: &'a ManagedResource, kind: &str) -> Option<&'a Condition> {
    managed_resource.status.conditions.iter().find(|condition| condition.condition_type == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn managed_resource(observed: i64, conditions: &[(&str, &str)]) -> ManagedResource {
        let mut managed_resource = ManagedResource::default();
        managed_resource.metadata.generation = 2;
        managed_resource.status.observed_generation = observed;
        let condition = |(kind, status): &(&str, &str)| Condition {
            condition_type: (*kind).to_owned(),
            status: (*status).to_owned(),
            ..Condition::default()
        };
        managed_resource.status.conditions = conditions.iter().map(condition).collect();
        managed_resource
    }

    #[test]
    fn applied_needs_generation_and_condition() {
        let applied = ("ResourcesApplied", "True");
        let check = |observed, conditions: &[(&str, &str)], expected| {
            assert_eq!(rollout(Some(&managed_resource(observed, conditions))), expected, "{observed} {conditions:?}");
        };
        check(1, &[applied], Rollout::Written);
        check(2, &[("ResourcesApplied", "Progressing")], Rollout::Written);
        check(2, &[], Rollout::Written);
        check(2, &[applied], Rollout::Applied);
        check(2, &[applied, ("ResourcesHealthy", "True"), ("ResourcesProgressing", "True")], Rollout::Applied);
        check(2, &[applied, ("ResourcesHealthy", "True"), ("ResourcesProgressing", "False")], Rollout::RolledOut);
        assert_eq!(rollout(None), Rollout::NotObserved);
    }
}
