//! What a Network tells about our decisions: `status.providerStatus` and, for control-plane migration, `status.state`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The group and version of both records.
pub const API_VERSION: &str = "calico.networking.extensions.gardener.cloud/v1alpha1";
/// The kind of [`NetworkStatus`].
pub const STATUS_KIND: &str = "NetworkStatus";
/// The kind of [`NetworkState`].
pub const STATE_KIND: &str = "NetworkState";

/// `status.providerStatus`. All keys are always written, `null` where unknown; lists are sorted.
///
/// Reading is tolerant: the Go extension writes only `apiVersion` and `kind`, and an older release of ours may have written
/// less than this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkStatus {
    /// [`API_VERSION`].
    pub api_version: String,
    /// [`STATUS_KIND`].
    pub kind: String,
    /// The node privilege mode.
    #[serde(default)]
    pub privilege: Option<PrivilegeStatus>,
    /// The overlay switch.
    #[serde(default)]
    pub overlay_switch: Option<OverlaySwitchStatus>,
    /// What a person should know.
    #[serde(default)]
    pub warnings: Vec<WarningStatus>,
}

/// The node privilege mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivilegeStatus {
    /// `Privileged` or `NonPrivileged`.
    pub mode: String,
    /// Why it is privileged.
    pub because: Option<String>,
    /// What the mode costs.
    #[serde(default)]
    pub caveats: Vec<String>,
}

/// The overlay switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OverlaySwitchStatus {
    /// Where it stands.
    pub phase: Option<String>,
    /// What may happen.
    pub verdict: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// Who must act.
    pub actor: Option<String>,
    /// What is in effect.
    pub from: FamilyEncapsulation,
    /// What was asked for.
    pub to: FamilyEncapsulation,
    /// Which bundle may be written.
    pub bundle: Option<String>,
    /// What a look at the nodes found.
    pub nodes: Option<NodeCounts>,
    /// The first blocking nodes by name.
    pub waiting_for: Vec<WaitingNode>,
    /// The guard.
    pub guard: GuardStatus,
    /// Since when the switch is held, written or goes back, RFC 3339.
    pub since: Option<String>,
    /// When the hold counts as overdue, RFC 3339.
    pub deadline: Option<String>,
}

/// Encapsulation per family, `null` where the family is absent or the encapsulation unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FamilyEncapsulation {
    /// IPv4.
    pub ipv4: Option<String>,
    /// IPv6.
    pub ipv6: Option<String>,
}

/// Numbers of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeCounts {
    /// All.
    pub total: usize,
    /// With a route.
    pub ready: usize,
    /// Without one, by class; classes without nodes are left out.
    pub by_class: BTreeMap<String, usize>,
    /// That came after the encapsulation had gone.
    pub joiners: usize,
}

/// A node that blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingNode {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
}

/// The guard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GuardStatus {
    /// What is known of it.
    pub state: Option<String>,
    /// The version of the policy API that fits the shoot.
    pub api_version: Option<String>,
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningStatus {
    /// What it is about.
    pub code: String,
    /// The particulars.
    pub message: String,
}

/// `status.state`: what must survive a control-plane migration. gardenlet carries it to the new seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkState {
    /// [`API_VERSION`].
    pub api_version: String,
    /// [`STATE_KIND`].
    pub kind: String,
    /// The encapsulation in effect.
    pub encapsulation: FamilyEncapsulation,
    /// Where an open switch stood.
    #[serde(default)]
    pub overlay_switch: Option<SwitchRecord>,
}

/// Where an open switch stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// Its phase.
    pub phase: String,
    /// Since when it was held, was written or went back, RFC 3339.
    pub since: Option<String>,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not of the form of its kind.
    #[error("is no {kind}")]
    Form {
        /// The kind.
        kind: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// It is of another kind or version.
    #[error("is `{found}`, expected `{expected}`")]
    Kind {
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
}

impl NetworkStatus {
    /// Reads `status.providerStatus`.
    ///
    /// # Errors
    /// [`RecordError`] for anything that is no `NetworkStatus`.
    pub fn from_json(json: &str) -> Result<Self, RecordError> {
        let status: Self =
            serde_json::from_str(json).map_err(|source| RecordError::Form { kind: STATUS_KIND, source })?;
        check_kind(&status.api_version, &status.kind, STATUS_KIND)?;
        Ok(status)
    }
}

impl NetworkState {
    /// Reads `status.state`.
    ///
    /// # Errors
    /// [`RecordError`] for anything that is no `NetworkState`.
    pub fn from_json(json: &str) -> Result<Self, RecordError> {
        let state: Self =
            serde_json::from_str(json).map_err(|source| RecordError::Form { kind: STATE_KIND, source })?;
        check_kind(&state.api_version, &state.kind, STATE_KIND)?;
        Ok(state)
    }
}

fn check_kind(api_version: &str, kind: &str, expected: &str) -> Result<(), RecordError> {
    if api_version == API_VERSION && kind == expected {
        return Ok(());
    }
    Err(RecordError::Kind { found: format!("{api_version} {kind}"), expected: format!("{API_VERSION} {expected}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_go_extension_writes() {
        let status = NetworkStatus::from_json(
            r#"{"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkStatus"}"#,
        )
        .unwrap();
        assert_eq!(status.overlay_switch, None);
    }

    #[test]
    fn reads_a_hold() {
        let status = NetworkStatus::from_json(
            r#"{"apiVersion": "calico.networking.extensions.gardener.cloud/v1alpha1", "kind": "NetworkStatus",
                "overlaySwitch": {"phase": "AwaitingRoutes", "since": "2026-11-24T09:40:00Z", "futureField": 1}}"#,
        )
        .unwrap();
        let switch = status.overlay_switch.unwrap();
        assert_eq!(switch.phase.as_deref(), Some("AwaitingRoutes"));
        assert_eq!(switch.since.as_deref(), Some("2026-11-24T09:40:00Z"));
    }

    #[test]
    fn refuses_what_is_something_else() {
        for json in ["[]", "{}", r#"{"apiVersion": "v1", "kind": "NetworkStatus"}"#, r#"{"apiVersion": 1, "kind": 2}"#]
        {
            assert!(NetworkStatus::from_json(json).is_err(), "{json}");
            assert!(NetworkState::from_json(json).is_err(), "{json}");
        }
    }

    #[test]
    fn every_key_is_written() {
        let json = serde_json::to_value(OverlaySwitchStatus::default()).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "actor",
                "bundle",
                "deadline",
                "from",
                "guard",
                "message",
                "nodes",
                "phase",
                "reason",
                "since",
                "to",
                "verdict",
                "waitingFor"
            ]
        );
        assert_eq!(json["from"], serde_json::json!({"ipv4": null, "ipv6": null}));
    }
}
