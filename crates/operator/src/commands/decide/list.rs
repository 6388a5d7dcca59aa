//! The answer as JSON: `DecisionList`. Checks outside of this repository rely on every name here.

use adapter_k8s::report;
use calico_policy::Decision;
use calico_policy::dataplane::{Dataplane, FamilyDataplane};
use gardener_api::network_status::{OverlaySwitchStatus, PrivilegeStatus, WarningStatus};
use serde::Serialize;

use super::{Item, ItemError};

/// The list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionList {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<DecisionItem>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DecisionItem {
    namespace: String,
    name: String,
    error: Option<ErrorItem>,
    privilege: Option<PrivilegeStatus>,
    overlay_switch: Option<OverlaySwitchStatus>,
    dataplane: Option<DataplaneItem>,
    warnings: Vec<WarningStatus>,
}

/// Why there is no answer.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct ErrorItem {
    path: String,
    kind: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DataplaneItem {
    backend: &'static str,
    felix: FelixItem,
    ipam: IpamItem,
    ipv4: FamilyItem,
    ipv6: FamilyItem,
    typha: bool,
    kube_controllers: bool,
    multus: bool,
    bird_exporter: bool,
    veth_mtu: String,
}

#[derive(Debug, Serialize)]
struct FelixItem {
    ipip: bool,
    vxlan: bool,
    bpf: bool,
    nftables: bool,
}

#[derive(Debug, Serialize)]
struct IpamItem {
    #[serde(rename = "type")]
    kind: &'static str,
    ranges: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FamilyItem {
    enabled: bool,
    pool: Option<&'static str>,
    mode: Option<&'static str>,
    auto_detection_method: Option<String>,
    nat_outgoing: bool,
    wireguard: bool,
}

impl DecisionList {
    /// The list of these answers.
    #[must_use]
    pub fn new(items: &[Item]) -> Self {
        Self {
            api_version: gardener_api::network_status::API_VERSION,
            kind: "DecisionList",
            items: items.iter().map(item).collect(),
        }
    }
}

impl From<&ItemError> for ErrorItem {
    fn from(error: &ItemError) -> Self {
        let ItemError { path, kind, text, diagnostics: _ } = error;
        Self { path: path.clone(), kind: kind.code(), text: text.clone() }
    }
}

fn item(item: &Item) -> DecisionItem {
    let decision = item.decision();
    DecisionItem {
        namespace: item.namespace.clone(),
        name: item.name.clone(),
        error: item.answer.as_ref().err().map(ErrorItem::from),
        privilege: decision.map(report::privilege),
        overlay_switch: decision.map(report::overlay_switch),
        dataplane: decision.map(|decision: &Decision| dataplane(&decision.target)),
        warnings: decision.map(report::warnings).unwrap_or_default(),
    }
}

fn dataplane(dataplane: &Dataplane) -> DataplaneItem {
    DataplaneItem {
        backend: dataplane.backend.code(),
        felix: FelixItem {
            ipip: dataplane.felix.ipip,
            vxlan: dataplane.felix.vxlan,
            bpf: dataplane.felix.bpf,
            nftables: dataplane.felix.nftables,
        },
        ipam: IpamItem { kind: dataplane.ipam.kind.code(), ranges: dataplane.ipam.ranges.clone() },
        ipv4: dataplane.ipv4.as_ref().map(family).unwrap_or_default(),
        ipv6: dataplane.ipv6.as_ref().map(family).unwrap_or_default(),
        typha: dataplane.typha,
        kube_controllers: dataplane.kube_controllers,
        multus: dataplane.multus.enabled,
        bird_exporter: dataplane.bird_exporter,
        veth_mtu: dataplane.veth_mtu.clone(),
    }
}

fn family(family: &FamilyDataplane) -> FamilyItem {
    FamilyItem {
        enabled: true,
        pool: Some(family.pool.code()),
        mode: Some(family.mode.code()),
        auto_detection_method: family.auto_detection_method.clone(),
        nat_outgoing: family.nat_outgoing,
        wireguard: family.wireguard,
    }
}
