//! The guard: an admission policy in the shoot that keeps Calico from overwriting what a route writer said about a node.

use crate::admission_policy::GuardApi;
use crate::codes::closed_set;
use crate::settings::{GuardRequirement, Profile};

closed_set! {
    /// What is known of the guard, as reported.
    pub enum GuardState {
        /// It keeps the condition.
        Effective,
        /// It was looked at and does not keep the condition.
        NotEffective,
        /// It exists, but its effect could not be probed.
        Unknown,
        /// Nobody looked.
        NotObserved,
        /// No version of its API fits this shoot.
        Impossible,
        /// Configured off.
        Disabled,
        /// No switch is open.
        NotNeeded,
    }
}

/// What an observer saw of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GuardObservation {
    /// A server-side dry run as calico-node left the condition alone, or policy and binding both present in a dump.
    Effective,
    /// The probe saw no effect, or policy or binding does not exist.
    NotEffective,
    /// The probe was refused; policy and binding exist and are older than the settle time.
    ExistsLongEnough,
    /// The probe was refused; policy and binding exist, but not for long enough.
    NotProvenYet,
    /// Nobody looked.
    NotObserved,
}

/// The guard of an open switch: what to report and whether routes may count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardFacts {
    /// The reported state.
    pub state: GuardState,
    /// The API version that fits the shoot; `None` where none does.
    pub api: Option<GuardApi>,
    /// Whether what is known of the guard lets routes count.
    pub sufficient: bool,
}

impl GuardFacts {
    /// The same where no switch is open.
    pub(crate) const fn not_needed(self) -> Self {
        Self { state: GuardState::NotNeeded, api: self.api, sufficient: true }
    }

    /// Whether conditions that Calico wrote may be deleted: a guard is deployed that keeps them from coming back. Profile
    /// `Strict` deploys it and does not wait for it.
    #[must_use]
    pub const fn lets_clean(&self, profile: Profile) -> bool {
        match self.state {
            GuardState::Effective => true,
            GuardState::Unknown => self.sufficient,
            GuardState::NotEffective | GuardState::NotObserved => matches!(profile, Profile::Strict),
            GuardState::Impossible | GuardState::Disabled | GuardState::NotNeeded => false,
        }
    }
}

/// Judges an observation against what is required. Profile `Strict` never holds on the guard.
#[must_use]
pub fn judge(
    requirement: GuardRequirement,
    profile: Profile,
    api: Option<GuardApi>,
    observation: GuardObservation,
) -> GuardFacts {
    let state = match (requirement, api, observation) {
        (GuardRequirement::Disabled, _, _) => GuardState::Disabled,
        (_, None, _) => GuardState::Impossible,
        (_, _, GuardObservation::Effective) => GuardState::Effective,
        (_, _, GuardObservation::NotEffective) => GuardState::NotEffective,
        (_, _, GuardObservation::ExistsLongEnough | GuardObservation::NotProvenYet) => GuardState::Unknown,
        (_, _, GuardObservation::NotObserved) => GuardState::NotObserved,
    };
    let sufficient = profile == Profile::Strict
        || match state {
            GuardState::Disabled | GuardState::Impossible | GuardState::Effective | GuardState::NotNeeded => true,
            GuardState::NotEffective => false,
            GuardState::Unknown => observation == GuardObservation::ExistsLongEnough,
            GuardState::NotObserved => requirement == GuardRequirement::WhereObserved,
        };
    GuardFacts { state, api, sufficient }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requirement × observation for a shoot that has the API, profile Default.
    #[test]
    fn guard_table() {
        use GuardObservation as O;
        let observations = [O::Effective, O::NotEffective, O::ExistsLongEnough, O::NotProvenYet, O::NotObserved];
        for (requirement, expected) in [
            (
                GuardRequirement::WhereObserved,
                [
                    ("Effective", true),
                    ("NotEffective", false),
                    ("Unknown", true),
                    ("Unknown", false),
                    ("NotObserved", true),
                ],
            ),
            (
                GuardRequirement::Always,
                [
                    ("Effective", true),
                    ("NotEffective", false),
                    ("Unknown", true),
                    ("Unknown", false),
                    ("NotObserved", false),
                ],
            ),
            (GuardRequirement::Disabled, [("Disabled", true); 5]),
        ] {
            let seen = observations.map(|observation| {
                let facts = judge(requirement, Profile::Default, Some(GuardApi::V1), observation);
                (facts.state.code(), facts.sufficient)
            });
            assert_eq!(seen, expected, "{requirement:?}");
        }
    }

    #[test]
    fn strict_never_holds_on_the_guard() {
        for observation in
            [GuardObservation::NotEffective, GuardObservation::NotProvenYet, GuardObservation::NotObserved]
        {
            let facts = judge(GuardRequirement::Always, Profile::Strict, Some(GuardApi::V1), observation);
            assert!(facts.sufficient, "{observation:?}");
        }
    }

    /// Observation × profile, for a guard that is required and for one that is configured off.
    #[test]
    fn conditions_are_cleaned_where_a_guard_keeps_them_away() {
        use GuardObservation as O;
        for (observation, by_default, strict) in [
            (O::Effective, true, true),
            (O::NotEffective, false, true),
            (O::ExistsLongEnough, true, true),
            (O::NotProvenYet, false, true),
            (O::NotObserved, false, true),
        ] {
            for (profile, expected) in [(Profile::Default, by_default), (Profile::Strict, strict)] {
                let lets_clean = |requirement, api| judge(requirement, profile, api, observation).lets_clean(profile);
                assert_eq!(lets_clean(GuardRequirement::Always, Some(GuardApi::V1)), expected, "{observation:?}");
                assert!(!lets_clean(GuardRequirement::Disabled, Some(GuardApi::V1)), "{observation:?}");
                assert!(!lets_clean(GuardRequirement::Always, None), "{observation:?}");
            }
        }
    }

    #[test]
    fn without_an_api_the_guard_is_impossible_and_not_required() {
        let facts = judge(GuardRequirement::Always, Profile::Default, None, GuardObservation::NotObserved);
        assert_eq!((facts.state, facts.sufficient), (GuardState::Impossible, true));
    }
}
