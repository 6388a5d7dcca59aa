//! What one Network says of itself, and what its bundle says besides.

use adapter_k8s::{report, time};
use calico_policy::Reading;
use calico_policy::in_effect::ObservedDataplane;
use calico_policy::overlay::VerdictCode;
use calico_policy::phase::Phase;
use calico_policy::time::Timestamp;
use gardener_api::meta::LastOperation;
use gardener_api::network::Network;
use gardener_api::network_status::{
    FamilyEncapsulation, NetworkState, NetworkStatus, OverlaySwitchStatus, PrivilegeStatus, WarningStatus,
};
use gardener_api::validation::ErrorKind;

use crate::commands::decide::{ItemError, ItemErrorKind};

const OPERATION: &str = "gardener.cloud/operation";

/// One Network. What it does not say is left empty; an error does not take away what else it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// `metadata.namespace`.
    pub(super) namespace: String,
    /// `metadata.name`.
    pub(super) name: String,
    /// What cannot be read.
    pub(super) error: Option<ItemError>,
    /// The operation that ran last.
    pub(super) operation: Option<LastOperation>,
    /// Whether the status speaks about the Network as it is.
    pub(super) up_to_date: bool,
    /// What nodes send.
    pub(super) in_effect: FamilyEncapsulation,
    /// Who says so.
    pub(super) source: Option<Source>,
    /// The overlay switch.
    pub(super) switch: Option<OverlaySwitchStatus>,
    /// The node privilege mode.
    pub(super) privilege: Option<PrivilegeStatus>,
    /// What a person should know.
    pub(super) warnings: Vec<WarningStatus>,
}

/// Who says what is in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The bundle last written.
    Bundle,
    /// The controller's record in `status.state`.
    State,
    /// The controller's report in `status.providerStatus`.
    ProviderStatus,
}

impl Source {
    /// Every source, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Bundle, Self::State, Self::ProviderStatus];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bundle => "Bundle",
            Self::State => "State",
            Self::ProviderStatus => "ProviderStatus",
        }
    }
}

/// Something that cannot be read.
pub(super) struct Fault {
    /// The field.
    pub(super) path: &'static str,
    /// What kind of fault it is.
    pub(super) kind: ItemErrorKind,
    /// What is wrong.
    pub(super) text: String,
}

impl Item {
    /// What a Network says, and its bundle where that was looked at.
    pub(super) fn new(
        network: &Network,
        bundle: Option<&Reading<ObservedDataplane>>,
        point: impl FnMut(Fault) -> ItemError,
    ) -> Self {
        let (mut faults, metadata, status) = (Vec::new(), &network.metadata, &network.status);
        let provider_status = status.provider_status.as_ref();
        let told = provider_status.map(|raw| NetworkStatus::from_json(raw.get()));
        let told = told.and_then(|told| keep(told, "status.providerStatus", &mut faults));
        let state = status.state.as_ref().map(|raw| NetworkState::from_json(raw.get()));
        let state = state.and_then(|state| keep(state, "status.state", &mut faults));
        if let Some(Reading::Unreadable(failure)) = bundle {
            faults.push(Fault {
                path: "",
                kind: ItemErrorKind::Unreadable,
                text: format!("the bundle: {}", failure.detail),
            });
        }
        let (privilege, switch, warnings) =
            told.map(|told| (told.privilege, told.overlay_switch, told.warnings)).unwrap_or_default();
        let (in_effect, source) = in_effect(bundle, state.as_ref(), switch.as_ref());
        Self {
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            error: faults.into_iter().map(point).reduce(and),
            operation: status.last_operation.clone(),
            up_to_date: status.observed_generation == metadata.generation
                && !metadata.annotations.contains_key(OPERATION)
                && metadata.deletion_timestamp.is_none(),
            in_effect,
            source,
            switch,
            privilege,
            warnings,
        }
    }

    /// A Network of which no more than its name can be read.
    pub(super) fn unreadable(namespace: String, name: String, error: ItemError) -> Self {
        Self { namespace, name, error: Some(error), ..Self::default() }
    }

    /// Whether somebody may want to look at it: its switch is open, or it cannot be read.
    pub(super) fn is_open(&self) -> bool {
        let closed = [Phase::Idle.code(), Phase::Done.code()];
        self.error.is_some() || self.phase().is_some_and(|phase| !closed.contains(&phase)) || self.is_held()
    }

    /// Whether its switch is held.
    pub(super) fn is_held(&self) -> bool {
        let verdict = self.switch.as_ref().and_then(|switch| switch.verdict.as_deref());
        verdict == Some(VerdictCode::Hold.code())
    }

    /// Whether its switch is held longer than the landscape operator wants.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        let deadline = self.switch.as_ref().and_then(|switch| switch.deadline.as_deref());
        self.is_held()
            && deadline.and_then(|deadline| time::parse(deadline).ok()).is_some_and(|deadline| deadline < now)
    }

    /// Where its switch stands.
    pub(super) fn phase(&self) -> Option<&str> {
        self.switch.as_ref()?.phase.as_deref()
    }

    /// What was asked for, as the status tells.
    pub(super) fn wanted(&self) -> FamilyEncapsulation {
        self.switch.as_ref().map(|switch| switch.to.clone()).unwrap_or_default()
    }
}

/// Both errors as one, which points at the first place.
fn and(mut first: ItemError, other: ItemError) -> ItemError {
    let ItemError { path, kind: _, text, diagnostics } = other;
    let place = if path.is_empty() { path } else { format!("{path}: ") };
    first.text = format!("{}; {place}{text}", first.text);
    first.diagnostics.extend(diagnostics);
    first
}

fn keep<T>(
    read: Result<T, gardener_api::network_status::RecordError>,
    path: &'static str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let kind = ItemErrorKind::Field(ErrorKind::Invalid);
    let text = |error: &dyn std::error::Error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    read.map_err(|error| faults.push(Fault { path, kind, text: text(&error) })).ok()
}

/// The first source that names a family counts. The record is younger than the report: it is written when a bundle is.
fn in_effect(
    bundle: Option<&Reading<ObservedDataplane>>,
    state: Option<&NetworkState>,
    switch: Option<&OverlaySwitchStatus>,
) -> (FamilyEncapsulation, Option<Source>) {
    let bundle = bundle.and_then(Reading::known).map(|bundle| report::family_encapsulation(bundle.encapsulations()));
    let sources = [
        (Source::Bundle, bundle),
        (Source::State, state.map(|state| state.encapsulation.clone())),
        (Source::ProviderStatus, switch.map(|switch| switch.from.clone())),
    ];
    let known = sources.into_iter().find_map(|(source, encapsulation)| {
        encapsulation
            .filter(|families| *families != FamilyEncapsulation::default())
            .map(|families| (families, Some(source)))
    });
    known.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use calico_policy::{ReadFailure, ReadFailureKind};

    use super::*;

    #[test]
    fn everything_that_cannot_be_read_is_told() {
        let network = serde_json::json!({
            "metadata": {"namespace": "n", "name": "a"},
            "spec": {"type": "calico"},
            "status": {"providerStatus": [], "state": []},
        });
        let network: Network = serde_json::from_str(&network.to_string()).unwrap();
        let bundle = Reading::Unreadable(ReadFailure::new(ReadFailureKind::Refused, "not allowed"));
        let mut places = Vec::new();
        let item = Item::new(&network, Some(&bundle), |Fault { path, kind, text }| {
            places.push(path);
            ItemError { path: path.to_owned(), kind, text, diagnostics: Vec::new() }
        });
        let error = item.error.unwrap();
        assert_eq!(places, ["status.providerStatus", "status.state", ""]);
        assert_eq!(error.path, "status.providerStatus");
        assert!(error.text.contains("; status.state: "), "{}", error.text);
        assert!(error.text.ends_with("; the bundle: not allowed"), "{}", error.text);
    }
}
