//! What the owner of a shoot should know about a change of it before it happens: the answer of admission beside yes and no.
//!
//! The core decides as it would in the seed, over the bundle that the stored configuration renders to. Nodes are not asked: where
//! the core wants to see them, an overlay switch begins.

use std::collections::BTreeSet;

use calico_policy::caveats::{self, Applies};
use calico_policy::decision::NodeList;
use calico_policy::encapsulation::{Encapsulations, IpFamily};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, Sources, removed_families};
use calico_policy::intent::NetworkIntent;
use calico_policy::overlay::{HoldReason, UnverifiedReason};
use calico_policy::phase::Rollout;
use calico_policy::shoot::{Cidr, ShootFacts};
use calico_policy::time::Timestamp;
use calico_policy::warning::WarningCode;
use calico_policy::{Decision, Observed, OverlayVerdict, ReadFailure, ReadFailureKind, Reading, Settings};
use gardener_api::cluster::Shoot;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use gardener_api::network_config::NetworkConfig;

use crate::facts;
use crate::plan;
use crate::settings::{UnobservedGuard, settings};

/// What the landscape operator has configured, as far as it is known where shoots are admitted.
#[derive(Clone, Debug)]
pub struct Landscape {
    /// Feature gates and the section `overlaySwitch`.
    pub configuration: ControllerConfiguration,
    /// Which Calico release runs.
    pub images: ImageVector,
}

/// The warnings about a shoot that validation has admitted: about its creation, or with `old` about its update. None for an update
/// that leaves alone what Calico is configured by, for a shoot that is being deleted, and where the facts of the shoot cannot be read
/// (which is for others to refuse).
///
/// Each is a line of at most 256 bytes, which an API server does not cut.
#[must_use]
pub fn warnings(landscape: &Landscape, shoot: &Shoot, old: Option<&Shoot>) -> Vec<String> {
    if shoot.metadata.deletion_timestamp.is_some() || old.is_some_and(|old| is_same(shoot, old)) {
        return Vec::new();
    }
    let Some(new) = Side::of(shoot) else { return Vec::new() };
    let Ok(release) = plan::release(&landscape.images, new.facts.kubernetes_version) else { return Vec::new() };
    let settings =
        settings(&landscape.configuration, &new.facts.provider_type, release.calico_version, UnobservedGuard::Reported);
    let bundle = old.and_then(Side::of).and_then(|old| old.bundle(&settings));
    let Some(decision) = new.decide(&settings, bundle) else { return Vec::new() };

    let mut lines: Vec<String> = decision
        .warnings
        .iter()
        .filter(|warning| concerns_the_owner(warning.code))
        .map(|warning| warning.message.clone())
        .collect();
    lines.extend(about_the_switch(&decision));
    lines.extend(about_the_privilege(&decision));
    lines
}

/// Whether an update leaves alone everything that Calico is configured by.
fn is_same(shoot: &Shoot, old: &Shoot) -> bool {
    old.spec.networking == shoot.spec.networking && old.spec.kubernetes.kube_proxy == shoot.spec.kubernetes.kube_proxy
}

/// A shoot before or after the change.
struct Side {
    facts: ShootFacts,
    intent: NetworkIntent,
}

impl Side {
    fn of(shoot: &Shoot) -> Option<Self> {
        let networking = shoot.spec.networking.as_ref()?;
        if networking.network_type.as_deref() != Some("calico") || shoot.spec.provider.worker_pools == 0 {
            return None;
        }
        let config = match &networking.provider_config {
            None => NetworkConfig::default(),
            Some(raw) => NetworkConfig::from_json(raw.get()).ok()?.unwrap_or_default(),
        };
        let break_glass = shoot.metadata.annotations.get(facts::network::SKIP_ROUTE_CHECK).map(|reason| reason.trim());
        let mut side = Self {
            facts: facts::shoot::facts(shoot).ok()?,
            intent: facts::network::intent(&networking.ip_families, config, break_glass).ok()?,
        };
        // Known only once the infrastructure is there, and no warning depends on which it is.
        if !side.facts.pod_cidrs.iter().any(|cidr| cidr.family == IpFamily::Ipv6) {
            side.facts.pod_cidrs.push(Cidr { family: IpFamily::Ipv6, text: "::/0".to_owned() });
        }
        Some(side)
    }

    /// What the bundle of this shoot reads back as; `None` where the configuration cannot be rendered, so that there is none.
    fn bundle(&self, settings: &Settings) -> Option<ObservedDataplane> {
        Some(ObservedDataplane::of_bundle(&self.decide(settings, None)?.target))
    }

    /// Decides over a bundle, or as for a new shoot.
    fn decide(&self, settings: &Settings, bundle: Option<ObservedDataplane>) -> Option<Decision> {
        let not_given = |what: &str| ReadFailure::new(ReadFailureKind::NotGiven, what);
        let history = if bundle.is_some() { History::Installed } else { History::NeverInstalled };
        let observed = Observed {
            sources: Sources {
                bundle: bundle.map_or(Reading::Absent, Reading::Known),
                live: Reading::Unreadable(not_given("no shoot is asked at admission")),
                record: Reading::Absent,
                history,
            },
            nodes: Reading::Unreadable(not_given("no nodes are asked at admission")),
            node_list: NodeList::Complete,
            guard: GuardObservation::NotObserved,
            rollout: Rollout::NotObserved,
            operation_requested: None,
        };
        // No answer depends on the time: nothing is held yet.
        calico_policy::decide(settings, &self.facts, &self.intent, &observed, &Reading::Absent, Timestamp(0)).ok()
    }
}

/// What is about the configuration, and not about what was or was not observed.
const fn concerns_the_owner(code: WarningCode) -> bool {
    match code {
        WarningCode::DeprecatedField
        | WarningCode::PoolSettingWithoutEffect
        | WarningCode::FelixDisagreesWithPool
        | WarningCode::OverlayNotDisabledExplicitly
        | WarningCode::EncapsulationStarts
        | WarningCode::EncapsulationProtocolChanges
        | WarningCode::IpamChanges => true,
        WarningCode::GuardApiMismatch
        | WarningCode::GuardNotObserved
        | WarningCode::EvidenceOld
        | WarningCode::NodesExcluded
        | WarningCode::CompletenessAssumed
        | WarningCode::BundleNotApplied
        | WarningCode::NodeLostRoute
        | WarningCode::CalicoConditionCameBack
        | WarningCode::JoinerWithoutRoute
        | WarningCode::SwitchNotVerified
        | WarningCode::EncapsulationAssumed
        | WarningCode::HoldOverdue
        | WarningCode::PreviousStatusUnreadable
        | WarningCode::BreakGlassUsed
        | WarningCode::BreakGlassWithoutReason => false,
    }
}

/// That a switch begins, and what it waits for.
fn about_the_switch(decision: &Decision) -> Option<String> {
    let families = removed_families(decision.from, &decision.target);
    let stays = encapsulations(&families, decision.from);
    match &decision.overlay {
        OverlayVerdict::Hold(hold) => Some(match hold.reason {
            HoldReason::Hibernated => {
                format!("an overlay switch is put off until the shoot wakes up: {stays} stays in effect until then")
            }
            HoldReason::AdmissionPolicyUnavailable | HoldReason::OverlayNotDisabledExplicitly => {
                format!("an overlay switch begins and is held, {stays} stays: {}", hold.reason.sentence())
            }
            HoldReason::RoutesMissing
            | HoldReason::NoRouteWriter
            | HoldReason::CurrentStateUnreadable
            | HoldReason::NodesUnreadable
            | HoldReason::ShootUnreachable
            | HoldReason::GuardNotEffective => format!(
                "an overlay switch begins: {stays} stays in effect until every node has the condition NetworkUnavailable=False with \
                 reason RouteCreated"
            ),
        }),
        // Said already, by a warning that names the field.
        OverlayVerdict::ProceedUnverified(
            UnverifiedReason::FirstInstallation | UnverifiedReason::OverlayNotDisabledExplicitly,
        )
        | OverlayVerdict::Unchanged
        | OverlayVerdict::Proceed(_) => None,
        OverlayVerdict::ProceedUnverified(UnverifiedReason::AdmissionPolicyUnavailable) => Some(format!(
            "{stays} goes without waiting for routes: the shoot has no MutatingAdmissionPolicy API, which Kubernetes 1.36 has, or older \
             ones with that feature gate and its runtimeConfig entry"
        )),
        OverlayVerdict::ProceedUnverified(reason) => {
            Some(format!("{stays} goes without waiting for routes: {}", reason.sentence()))
        }
    }
}

fn encapsulations(families: &[IpFamily], from: Encapsulations) -> String {
    let named = families.iter().filter_map(|family| Some(format!("{family} `{}`", from.family(*family)?)));
    named.collect::<Vec<_>>().join(", ")
}

/// What the non-privileged mode costs because of what this shoot uses. What it costs every shoot is for the landscape operator.
fn about_the_privilege(decision: &Decision) -> Vec<String> {
    let by_feature: BTreeSet<_> = decision.privilege.caveats.iter().copied().collect();
    caveats::TABLE
        .iter()
        .filter(|row| by_feature.contains(&row.caveat))
        .filter(|row| match row.applies {
            Applies::Wireguard | Applies::Ipv6 | Applies::Nftables | Applies::BirdExporter => true,
            Applies::Always | Applies::From(_) | Applies::UnknownRelease => false,
        })
        .map(|row| format!("calico-node runs non-privileged: {}", row.meaning))
        .collect()
}

#[cfg(test)]
mod tests;
