//! What the status of a Network says: texts, times, and our own records in it. Nothing is written here.

use adapter_k8s::facts::network::TIMESTAMP;
use adapter_k8s::write::status::{LastErrorChange, StatusChange};
use adapter_k8s::{report, time};
use calico_policy::Decision;
use calico_policy::dataplane::Dataplane;
use calico_policy::encapsulation::{Encapsulation, Encapsulations};
use calico_policy::phase::Phase;
use calico_policy::time::Timestamp;
use calico_policy::warning::WarningCode;
use gardener_api::network::Network;
use gardener_api::network_status::{API_VERSION, NetworkState, NetworkStatus, STATE_KIND, STATUS_KIND, SwitchRecord};
use serde_json::{Value, json};

use super::failure::ErrorCode;
use super::operation::Operation;

/// An operation has begun. What went wrong in an earlier attempt is no longer what is wrong now.
pub(super) fn processing(network: &Network, operation: Operation, now: Timestamp) -> StatusChange {
    StatusChange {
        last_operation: Some(last_operation(network, operation, "Processing", 1, operation.processing(), now)),
        last_error: LastErrorChange::Clear,
        ..StatusChange::default()
    }
}

/// Whether the status says that this operation is under way and nothing is wrong with it.
pub(super) fn is_processing(network: &Network, operation: Operation) -> bool {
    let last = network.status.last_operation.as_ref();
    let processing = last.is_some_and(|last| last.operation_type == operation.code() && last.state == "Processing");
    processing && network.status.last_error.is_none()
}

/// Whether gardenlet, which compares whole seconds, would take the status of an earlier operation for that of the request, if only the
/// annotation were gone: they fall into the same second, and nothing in the spec tells them apart.
pub(super) fn reads_as_answer(network: &Network) -> bool {
    let status = &network.status;
    let succeeded = status.last_operation.as_ref().is_some_and(|last| last.state == "Succeeded");
    let same_spec = status.observed_generation == network.metadata.generation;
    let in_time = requested(network).is_some_and(|requested| requested <= last_update(network));
    succeeded && same_spec && status.last_error.is_none() && in_time
}

/// An operation waits for something that is on its way.
pub(super) fn waiting(network: &Network, operation: Operation, message: &str, now: Timestamp) -> StatusChange {
    let description = format!("{}: {message}", operation.processing());
    let is_told = network.status.last_operation.as_ref().is_some_and(|last| {
        last.operation_type == operation.code() && last.state == "Processing" && last.description == description
    });
    StatusChange {
        last_operation: (!is_told).then(|| last_operation(network, operation, "Processing", 50, &description, now)),
        last_error: LastErrorChange::Clear,
        ..StatusChange::default()
    }
}

/// An operation has succeeded.
pub(super) fn succeeded(network: &Network, operation: Operation, now: Timestamp) -> StatusChange {
    StatusChange {
        last_operation: Some(last_operation(network, operation, "Succeeded", 100, operation.succeeded(), now)),
        last_error: LastErrorChange::Clear,
        observed_generation: Some(network.metadata.generation),
        ..StatusChange::default()
    }
}

/// An operation has failed. Where the status says so already, it stays as it is.
pub(super) fn failed(
    network: &Network,
    operation: Operation,
    text: &str,
    codes: &[ErrorCode],
    now: Timestamp,
) -> StatusChange {
    let description = format!("{}: {text}", operation.failed());
    let codes: Vec<&str> = codes.iter().map(|code| code.code()).collect();
    let is_told = network.status.last_operation.as_ref().is_some_and(|last| {
        last.operation_type == operation.code() && last.state == "Error" && last.description == description
    }) && network
        .status
        .last_error
        .as_ref()
        .is_some_and(|error| error.description == description && error.codes == codes)
        && network.status.observed_generation == network.metadata.generation
        && requested(network).is_none_or(|requested| requested <= last_update(network));
    if is_told {
        return StatusChange::default();
    }
    let mut error = json!({"description": description, "lastUpdateTime": time::format(stamp(network, now))});
    if let (false, Value::Object(fields)) = (codes.is_empty(), &mut error) {
        fields.insert("codes".to_owned(), codes.into());
    }
    StatusChange {
        last_operation: Some(last_operation(network, operation, "Error", 50, &description, now)),
        last_error: LastErrorChange::Set(error),
        observed_generation: Some(network.metadata.generation),
        ..StatusChange::default()
    }
}

/// `status.providerStatus`.
pub(super) fn report(decision: &Decision) -> NetworkStatus {
    NetworkStatus {
        api_version: API_VERSION.to_owned(),
        kind: STATUS_KIND.to_owned(),
        privilege: Some(report::privilege(decision)),
        overlay_switch: Some(report::overlay_switch(decision)),
        warnings: report::warnings(decision),
    }
}

/// As JSON, every key included.
pub(super) fn json(report: &NetworkStatus) -> Value {
    serde_json::to_value(report).unwrap_or(Value::Null)
}

/// Where a warning stands among others: in the order in which their codes are declared.
pub(super) fn rank(code: &str) -> usize {
    WarningCode::ALL.iter().position(|known| known.code() == code).unwrap_or(usize::MAX)
}

/// `status.state`: what is in effect, and where an open switch stands.
pub(super) fn state(in_effect: Encapsulations, phase: Phase, since: Option<Timestamp>) -> Value {
    let open = !matches!(phase, Phase::Idle | Phase::Done);
    let state = NetworkState {
        api_version: API_VERSION.to_owned(),
        kind: STATE_KIND.to_owned(),
        encapsulation: report::family_encapsulation(in_effect),
        overlay_switch: open.then(|| SwitchRecord { phase: phase.code().to_owned(), since: since.map(time::format) }),
    };
    serde_json::to_value(state).unwrap_or(Value::Null)
}

/// The families that were set up, in Gardener's order.
pub(super) fn ip_families(dataplane: &Dataplane) -> Vec<&'static str> {
    let families = [("IPv4", dataplane.ipv4.is_some()), ("IPv6", dataplane.ipv6.is_some())];
    families.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

/// What may be in effect while a bundle is on its way: of each family that stays, whatever encapsulates more. `from` is read from the
/// bundle last written, which need not have reached the nodes; until it has, what our `record` says of before stands. Without a
/// bundle that is on its way (`to`) every family stays.
pub(super) fn on_the_way(from: Encapsulations, record: Encapsulations, to: Option<Encapsulations>) -> Encapsulations {
    let of = |all: [Option<Encapsulation>; 3]| all.into_iter().flatten().reduce(Encapsulation::stronger);
    let stays = |family: fn(&Encapsulations) -> Option<Encapsulation>| {
        let to_of_family = to.as_ref().and_then(family);
        let stays = to.is_none() || to_of_family.is_some();
        of([family(&from), family(&record), to_of_family]).filter(|_| stays)
    };
    Encapsulations { ipv4: stays(|all| all.ipv4), ipv6: stays(|all| all.ipv6) }
}

fn last_operation(
    network: &Network,
    operation: Operation,
    state: &str,
    progress: u8,
    description: &str,
    now: Timestamp,
) -> Value {
    json!({
        "type": operation.code(),
        "state": state,
        "progress": progress,
        "description": description,
        "lastUpdateTime": time::format(stamp(network, now)),
    })
}

/// The time to write: now, but never before the moment at which gardenlet asked by its own clock, or it would take the status for
/// that of an earlier operation.
fn stamp(network: &Network, now: Timestamp) -> Timestamp {
    requested(network).map_or(now, |requested| requested.max(now))
}

fn requested(network: &Network) -> Option<Timestamp> {
    network.metadata.annotations.get(TIMESTAMP).and_then(|text| time::parse(text).ok())
}

fn last_update(network: &Network) -> Timestamp {
    let last = network.status.last_operation.as_ref();
    let written = last.and_then(|last| last.last_update_time.as_deref()).and_then(|text| time::parse(text).ok());
    written.unwrap_or(Timestamp(0))
}
