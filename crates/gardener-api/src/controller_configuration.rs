//! `ControllerConfiguration` of `calico.networking.extensions.config.gardener.cloud/v1alpha1`.
//!
//! Read strictly, other than by the Go extension: an unknown field is an error, so a typo in a gate does not go unnoticed.

mod duration;
mod fields;
mod gates;
mod overlay_switch;

pub use gates::FeatureGates;
pub use overlay_switch::{
    BlockingNodeClass, GuardConfiguration, OverlaySwitchConfiguration, Profile, Verification, WhenUnguarded,
};

use serde::Deserialize;
use serde_json::Value;

use fields::{Finite, object};

/// The only `apiVersion` that is read.
pub const API_VERSION: &str = "calico.networking.extensions.config.gardener.cloud/v1alpha1";
/// The only `kind` that is read.
pub const KIND: &str = "ControllerConfiguration";

/// What the landscape operator configured; the default is what an empty file means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControllerConfiguration {
    /// `clientConnection`: settings of the client for the seed. Absent: the client's own defaults.
    pub client_connection: Option<ClientConnection>,
    /// `featureGates`, resolved with the defaults.
    pub feature_gates: FeatureGates,
    /// `overlaySwitch`, resolved with the defaults.
    pub overlay_switch: OverlaySwitchConfiguration,
}

/// `clientConnection`; once the block is there, an absent field is a zero value and not a default, as in Go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientConnection {
    /// `acceptContentTypes`.
    pub accept_content_types: String,
    /// `contentType`.
    pub content_type: String,
    /// `qps`: sustained requests per second; negative means no limit.
    pub qps: f32,
    /// `burst`: requests that may exceed `qps` for a moment.
    pub burst: i32,
    /// `kubeconfig`: accepted and without effect, as in Go.
    pub kubeconfig: String,
}

/// Why a configuration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", prefix(.path))]
pub struct ControllerConfigurationError {
    /// Where, such as `overlaySwitch.profile`; empty for the document itself.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl ControllerConfiguration {
    /// Reads a decoded YAML or JSON document. `null`, an empty file, is the default.
    ///
    /// # Errors
    ///
    /// The first unknown field, value of the wrong type or out of its range, unknown gate, or wrong `apiVersion` or `kind`.
    pub fn from_value(value: Value) -> Result<Self, ControllerConfigurationError> {
        match &value {
            Value::Null => return Ok(Self::default()),
            Value::Object(document) => {
                for (field, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
                    require(field, expected, document.get(field))?;
                }
            }
            _ => return Err(error("", "the document is not an object".to_owned())),
        }
        let raw: RawConfiguration = serde_path_to_error::deserialize(value).map_err(|failure| {
            let path = failure.path().to_string();
            error(if path == "." { "" } else { &path }, failure.into_inner().to_string())
        })?;
        Ok(Self {
            client_connection: raw.client_connection.map(RawClientConnection::resolve),
            feature_gates: FeatureGates::resolve(raw.feature_gates.as_ref().unwrap_or(&gates::Named::new()))?,
            overlay_switch: raw.overlay_switch.unwrap_or_default().resolve()?,
        })
    }
}

/// The document as written; `apiVersion` and `kind` are checked before, so that a foreign document is named as such.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawConfiguration {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default, deserialize_with = "object")]
    client_connection: Option<RawClientConnection>,
    feature_gates: Option<gates::Named>,
    #[serde(default, deserialize_with = "object")]
    overlay_switch: Option<overlay_switch::RawOverlaySwitch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawClientConnection {
    accept_content_types: Option<String>,
    content_type: Option<String>,
    qps: Option<Finite>,
    burst: Option<i32>,
    kubeconfig: Option<String>,
}

impl RawClientConnection {
    fn resolve(self) -> ClientConnection {
        ClientConnection {
            accept_content_types: self.accept_content_types.unwrap_or_default(),
            content_type: self.content_type.unwrap_or_default(),
            qps: self.qps.map_or(0.0, |Finite(qps)| qps),
            burst: self.burst.unwrap_or_default(),
            kubeconfig: self.kubeconfig.unwrap_or_default(),
        }
    }
}

fn require(field: &str, expected: &str, found: Option<&Value>) -> Result<(), ControllerConfigurationError> {
    match found {
        Some(Value::String(text)) if text == expected => Ok(()),
        None | Some(Value::Null) => Err(error(field, format!("missing, expected `{expected}`"))),
        Some(other) => Err(error(field, format!("unexpected value `{}`, expected `{expected}`", plain(other)))),
    }
}

/// A string without its quotes, everything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn error(path: &str, message: String) -> ControllerConfigurationError {
    ControllerConfigurationError { path: path.to_owned(), message }
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}`: ") }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn read(rest: &Value) -> Result<ControllerConfiguration, ControllerConfigurationError> {
        let mut document = json!({
            "apiVersion": "calico.networking.extensions.config.gardener.cloud/v1alpha1",
            "kind": "ControllerConfiguration",
        });
        for (key, value) in rest.as_object().unwrap() {
            document[key] = value.clone();
        }
        ControllerConfiguration::from_value(document)
    }

    #[test]
    fn what_is_absent_or_null_has_its_default() {
        let expected = ControllerConfiguration {
            client_connection: None,
            feature_gates: FeatureGates { non_privileged_calico_node: false, seamless_overlay_switch: true },
            overlay_switch: OverlaySwitchConfiguration {
                profile: Profile::Default,
                when_unguarded: WhenUnguarded::Proceed,
                gate_implicit_removals: false,
                route_verification: BTreeMap::from([("local".to_owned(), Verification::Skip)]),
                pod_routes: Verification::Require,
                route_writer_grace: Duration::from_secs(600),
                progress_window: Duration::from_secs(150),
                deadline: Duration::from_secs(1800),
                poll_interval: Duration::from_secs(5),
                exclude_node_classes: BTreeSet::new(),
                refresh_evidence: false,
                guard: GuardConfiguration { enabled: true, protect_route_created: false },
            },
        };
        assert_eq!(ControllerConfiguration::from_value(Value::Null).unwrap(), expected);
        assert_eq!(read(&json!({})).unwrap(), expected);
        assert_eq!(
            read(&json!({"clientConnection": null, "featureGates": null, "overlaySwitch": null})).unwrap(),
            expected
        );
        assert_eq!(
            read(&json!({"overlaySwitch": {"guard": null, "deadline": null, "profile": null}})).unwrap(),
            expected
        );
    }

    #[test]
    fn every_field_is_read() {
        let read = read(&json!({
            "clientConnection": {
                "acceptContentTypes": "application/json", "contentType": "application/vnd.kubernetes.protobuf",
                "qps": 12.5, "burst": 130, "kubeconfig": "",
            },
            "featureGates": {"NonPrivilegedCalicoNode": true, "SeamlessOverlaySwitch": false},
            "overlaySwitch": {
                "profile": "Strict", "whenUnguarded": "Hold", "gateImplicitRemovals": true,
                "routeVerification": {"local": "Require", "onprem": "Skip"}, "podRoutes": "Skip",
                "routeWriterGrace": "1h30m", "progressWindow": "90s", "deadline": "45m", "pollInterval": "500ms",
                "excludeNodeClasses": ["Deleting", "NotReady"], "refreshEvidence": true,
                "guard": {"enabled": false, "protectRouteCreated": true},
            },
        }))
        .unwrap();
        let expected = ControllerConfiguration {
            client_connection: Some(ClientConnection {
                accept_content_types: "application/json".to_owned(),
                content_type: "application/vnd.kubernetes.protobuf".to_owned(),
                qps: 12.5,
                burst: 130,
                kubeconfig: String::new(),
            }),
            feature_gates: FeatureGates { non_privileged_calico_node: true, seamless_overlay_switch: false },
            overlay_switch: OverlaySwitchConfiguration {
                profile: Profile::Strict,
                when_unguarded: WhenUnguarded::Hold,
                gate_implicit_removals: true,
                route_verification: BTreeMap::from([
                    ("local".to_owned(), Verification::Require),
                    ("onprem".to_owned(), Verification::Skip),
                ]),
                pod_routes: Verification::Skip,
                route_writer_grace: Duration::from_secs(5400),
                progress_window: Duration::from_secs(90),
                deadline: Duration::from_secs(2700),
                poll_interval: Duration::from_millis(500),
                exclude_node_classes: BTreeSet::from([BlockingNodeClass::Deleting, BlockingNodeClass::NotReady]),
                refresh_evidence: true,
                guard: GuardConfiguration { enabled: false, protect_route_created: true },
            },
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn an_empty_client_connection_is_not_an_absent_one() {
        assert_eq!(
            read(&json!({"clientConnection": {}})).unwrap().client_connection,
            Some(ClientConnection::default())
        );
    }

    #[test]
    fn an_error_names_its_place() {
        for (rest, path, message) in [
            (json!({"overlaySwich": {}}), "overlaySwich", "unknown field `overlaySwich`, expected one of "),
            (
                json!({"overlaySwitch": {"profil": "Strict"}}),
                "overlaySwitch.profil",
                "unknown field `profil`, expected ",
            ),
            (
                json!({"overlaySwitch": {"guard": {"on": true}}}),
                "overlaySwitch.guard.on",
                "unknown field `on`, expected ",
            ),
            (json!({"clientConnection": {"qqs": 1}}), "clientConnection.qqs", "unknown field `qqs`, expected one of "),
            (
                json!({"clientConnection": {"qps": "5"}}),
                "clientConnection.qps",
                "invalid type: string \"5\", expected f32",
            ),
            (json!({"clientConnection": {"qps": 1e39}}), "clientConnection.qps", "out of range"),
            (json!({"clientConnection": {"burst": 1.5}}), "clientConnection.burst", "invalid type: floating point"),
            (json!({"clientConnection": ["a"]}), "clientConnection", "invalid type: sequence, expected an object"),
            (json!({"overlaySwitch": []}), "overlaySwitch", "invalid type: sequence, expected an object"),
            (json!({"overlaySwitch": {"guard": [true, false]}}), "overlaySwitch.guard", "invalid type: sequence"),
            (
                json!({"overlaySwitch": {"profile": "strict"}}),
                "overlaySwitch.profile",
                "unknown variant `strict`, expected `Default` or `Strict`",
            ),
            (json!({"overlaySwitch": {"profile": {"Strict": null}}}), "overlaySwitch.profile", "invalid type: map"),
            (
                json!({"overlaySwitch": {"routeVerification": {"local": "No"}}}),
                "overlaySwitch.routeVerification.local",
                "unknown variant `No`, expected `Require` or `Skip`",
            ),
            (
                json!({"overlaySwitch": {"routeVerification": {"local": null}}}),
                "overlaySwitch.routeVerification.local",
                "invalid type: null, expected a string",
            ),
            (
                json!({"overlaySwitch": {"excludeNodeClasses": ["Deleting", "RouteCreated"]}}),
                "overlaySwitch.excludeNodeClasses[1]",
                "unknown variant `RouteCreated`, expected one of `NoCondition`",
            ),
            (json!({"overlaySwitch": {"deadline": "30"}}), "overlaySwitch.deadline", "missing unit in duration `30`"),
            (json!({"overlaySwitch": {"deadline": 30}}), "overlaySwitch.deadline", "invalid type: integer `30`"),
            (json!({"overlaySwitch": {"deadline": "-1m"}}), "overlaySwitch.deadline", "negative duration `-1m`"),
            (
                json!({"overlaySwitch": {"pollInterval": "0s"}}),
                "overlaySwitch.pollInterval",
                "must be longer than zero",
            ),
            (
                json!({"featureGates": {"SeamlessOverlaySwitch": "true"}}),
                "featureGates.SeamlessOverlaySwitch",
                "invalid type: string \"true\", expected a boolean",
            ),
            (json!({"featureGates": ["AllAlpha"]}), "featureGates", "invalid type: sequence, expected a map"),
        ] {
            let error = read(&rest).unwrap_err();
            assert_eq!(error.path, path, "{rest}: {error}");
            assert!(error.message.starts_with(message), "{rest}: {error}");
        }
    }

    #[test]
    fn a_foreign_document_is_refused_as_such() {
        let version = "calico.networking.extensions.config.gardener.cloud/v1alpha1";
        for (document, expected) in [
            (json!({}), format!("`apiVersion`: missing, expected `{version}`")),
            (json!({"apiVersion": null}), format!("`apiVersion`: missing, expected `{version}`")),
            (json!({"apiVersion": "v1"}), format!("`apiVersion`: unexpected value `v1`, expected `{version}`")),
            (json!({"apiVersion": 1}), format!("`apiVersion`: unexpected value `1`, expected `{version}`")),
            (json!({"apiVersion": version}), "`kind`: missing, expected `ControllerConfiguration`".to_owned()),
            (
                json!({"apiVersion": version, "kind": "ConfigMap"}),
                "`kind`: unexpected value `ConfigMap`, expected `ControllerConfiguration`".to_owned(),
            ),
            (json!([]), "the document is not an object".to_owned()),
            (json!("text"), "the document is not an object".to_owned()),
        ] {
            assert_eq!(ControllerConfiguration::from_value(document).unwrap_err().to_string(), expected);
        }
    }
}
