//! Recorded cases as the resources that the extension would read.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use adapter_k8s::settings::UnobservedGuard;
use calico_policy::settings::{OverlaySwitchSettings, Profile, Settings};
use calico_policy::version::CalicoVersion;
use gardener_api::cluster::Shoot;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::network::Network;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The cases of a file, each with its recorded result.
pub(super) fn cases(directory: &Path, cases: &str, goldens: &str) -> Result<Vec<(String, Value, Value)>, Failure> {
    let mut results: BTreeMap<String, Value> =
        lines(directory, goldens)?.into_iter().map(|golden| (id(&golden), golden)).collect();
    let pair = |case: Value| {
        let id = id(&case);
        let golden = results.remove(&id).ok_or_else(|| Failure::Decode {
            what: format!("`{goldens}`"),
            reason: format!("case `{id}` has no result"),
        })?;
        Ok((id, case, golden))
    };
    lines(directory, cases)?.into_iter().map(pair).collect()
}

/// The value at a JSON pointer; `null` where there is none.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// The Network of a case. An `Err` is a document that cannot be read at all.
pub(super) fn network(case: &Value, was_installed: bool) -> Result<Network, String> {
    let given = at(case, "/network");
    let or = |key: &str, default: &str| match given.get(key) {
        Some(value) if !value.is_null() => value.clone(),
        _ => Value::from(default),
    };
    let last_operation = was_installed.then(|| json!({"type": "Reconcile", "state": "Succeeded"}));
    let mut network = json!({
        "metadata": {"name": or("name", "foo"), "namespace": or("namespace", "shoot--bar--foo")},
        "spec": {"type": or("type", "calico"), "podCIDR": or("podCIDR", ""), "serviceCIDR": or("serviceCIDR", "")},
        "status": {"lastOperation": last_operation},
    });
    if let (Some(spec), Some(families)) =
        (network.get_mut("spec").and_then(Value::as_object_mut), given.get("ipFamilies"))
    {
        spec.insert("ipFamilies".to_owned(), families.clone());
    }
    let literal = case.get("providerConfigText").and_then(Value::as_str);
    if at(case, "/networkConfig").is_null() && literal.is_none() {
        return decode(&network);
    }
    // Pasted as text, so that what is no JSON, or names a key twice, stays so.
    let config = literal.map_or_else(|| at(case, "/networkConfig").to_string(), str::to_owned);
    let document = network.to_string().replacen("\"spec\":{", &format!("\"spec\":{{\"providerConfig\":{config},"), 1);
    serde_json::from_str(&document).map_err(|error| error.to_string())
}

/// The Shoot of a case.
pub(super) fn shoot(case: &Value, key: &str) -> Result<Shoot, String> {
    decode(case.get(key).filter(|shoot| !shoot.is_null()).unwrap_or(&json!({})))
}

pub(super) fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_str(&value.to_string()).map_err(|error| error.to_string())
}

/// Gates as in the case, everything else as the Go extension has it: the profile `Strict`.
pub(super) fn settings(case: &Value) -> Settings {
    let gate = |name: &str| at(case, "/featureGates").get(name).and_then(Value::as_bool).unwrap_or(false);
    Settings {
        non_privileged_calico_node: gate("NonPrivilegedCalicoNode"),
        seamless_overlay_switch: gate("SeamlessOverlaySwitch"),
        calico_version: CalicoVersion::NoTag,
        overlay_switch: OverlaySwitchSettings { profile: Profile::Strict, ..OverlaySwitchSettings::defaults() },
    }
}

/// What holds where nothing is configured, as `decide` finds it for a dump.
pub(super) fn default_settings(case: &Value) -> Settings {
    let provider = text(case, "/shoot/spec/provider/type");
    let configuration = ControllerConfiguration::default();
    adapter_k8s::settings::settings(&configuration, provider, CalicoVersion::NoTag, UnobservedGuard::Reported)
}

pub(super) fn lines(directory: &Path, name: &str) -> Result<Vec<Value>, Failure> {
    let path = directory.join(name);
    let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path, source })?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| Failure::Decode {
            what: format!("`{name}` line {}", index + 1),
            reason: error.to_string(),
        })
    };
    text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(parse).collect()
}

fn id(value: &Value) -> String {
    text(value, "/id").to_owned()
}
