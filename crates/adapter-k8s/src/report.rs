//! What was decided, as the status of a Network tells it.

use calico_policy::Decision;
use calico_policy::encapsulation::{Encapsulation, Encapsulations};
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::OverlayVerdict;
use calico_policy::survey::Survey;
use calico_policy::verification::Verification;
use gardener_api::network_status::{
    FamilyEncapsulation, GuardStatus, NodeCounts, OverlaySwitchStatus, PrivilegeStatus, WaitingNode, WarningStatus,
};

use crate::time;

/// The node privilege mode.
#[must_use]
pub fn privilege(decision: &Decision) -> PrivilegeStatus {
    let mode = decision.privilege.mode;
    PrivilegeStatus {
        mode: mode.code().to_owned(),
        because: mode.because().map(|because| because.code().to_owned()),
        caveats: decision.privilege.caveats.iter().map(|caveat| caveat.code().to_owned()).collect(),
    }
}

/// The overlay switch.
#[must_use]
pub fn overlay_switch(decision: &Decision) -> OverlaySwitchStatus {
    let hold = match &decision.overlay {
        OverlayVerdict::Hold(hold) => Some(hold),
        OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => None,
    };
    let survey = decision.survey.as_ref();
    OverlaySwitchStatus {
        phase: Some(decision.phase.code().to_owned()),
        verdict: Some(decision.overlay.kind().code().to_owned()),
        reason: decision.overlay.reason().map(str::to_owned),
        message: Some(decision.message()),
        actor: Some(decision.overlay.actor().code().to_owned()),
        from: family_encapsulation(decision.from),
        to: family_encapsulation(decision.target.encapsulations()),
        bundle: Some(decision.bundle.code().to_owned()),
        nodes: survey.map(|survey| node_counts(survey, decision.verification.as_ref())),
        waiting_for: survey.map(waiting_for).unwrap_or_default(),
        guard: GuardStatus {
            state: Some(decision.guard.state.code().to_owned()),
            api_version: decision.guard.api.map(|api| api.code().to_owned()),
        },
        since: decision.since.map(time::format),
        deadline: hold.map(|hold| time::format(hold.deadline)),
    }
}

/// The warnings, sorted.
#[must_use]
pub fn warnings(decision: &Decision) -> Vec<WarningStatus> {
    let warning = |warning: &calico_policy::warning::Warning| WarningStatus {
        code: warning.code.code().to_owned(),
        message: warning.message.clone(),
    };
    decision.warnings.iter().map(warning).collect()
}

/// Encapsulation per family.
#[must_use]
pub fn family_encapsulation(encapsulations: Encapsulations) -> FamilyEncapsulation {
    let code = |encapsulation: Encapsulation| encapsulation.code().to_owned();
    FamilyEncapsulation { ipv4: encapsulations.ipv4.map(code), ipv6: encapsulations.ipv6.map(code) }
}

fn node_counts(survey: &Survey, verification: Option<&Verification>) -> NodeCounts {
    NodeCounts {
        total: survey.total,
        ready: survey.ready(),
        by_class: survey
            .by_class
            .iter()
            .filter(|(class, _)| **class != NodeClass::RouteCreated)
            .map(|(class, count)| (class.code().to_owned(), *count))
            .collect(),
        joiners: verification.map_or(0, |seen| seen.joiners),
    }
}

fn waiting_for(survey: &Survey) -> Vec<WaitingNode> {
    let waiting = |node: &calico_policy::survey::WaitingNode| WaitingNode {
        name: node.name.to_string(),
        class: node.class.code().to_owned(),
    };
    survey.waiting_for.iter().map(waiting).collect()
}
