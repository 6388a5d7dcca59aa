//! The dataplane: the values that the Go extension hands to its charts beside what `resolve` says.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use adapter_k8s::facts;
use calico_policy::caveats::Features;
use calico_policy::dataplane::{Dataplane, FamilyDataplane};
use calico_policy::encapsulation::IpFamily;
use calico_policy::intent::ServiceLoopPrevention;
use calico_policy::privilege::{self, NodePrivilege};
use calico_policy::resolve;
use calico_policy::resolve::ResolveError;
use calico_policy::shoot::Cidr;
use serde_json::{Value, json};

use super::input::{at, cases, network, settings, shoot, text};
use super::{Case, Compared, Comparison, Difference, refusal, texts};
use crate::failure::Failure;

pub(super) fn compare(directory: &Path) -> Result<Comparison, Failure> {
    let mut compared = Vec::new();
    let (mut overwritten, mut nil) = (0, 0);
    for kind in ["named", "random"] {
        for (id, input, golden) in cases(directory, &format!("cases-{kind}.jsonl"), &format!("golden-{kind}.jsonl"))? {
            if text(&golden, "/stage") == "process-start" {
                overwritten += 1;
                continue;
            }
            if at(&input, "/providerConfigNilRaw") == &Value::Bool(true) {
                nil += 1;
                continue;
            }
            let differences = differences(&input, &golden);
            compared.push(Compared { case: Case { id, input, golden }, differences });
        }
    }
    let skipped = vec![
        ("an image vector that stops the process at its start says nothing of a dataplane", overwritten),
        ("an empty raw extension cannot be written as a document", nil),
    ];
    Ok(Comparison { cases: compared, skipped })
}

fn differences(case: &Value, golden: &Value) -> Vec<Difference> {
    let go_succeeds = at(golden, "/ok").as_bool().unwrap_or(false);
    let go_outcome =
        || if go_succeeds { "done".to_owned() } else { format!("{}: {}", text(golden, "/stage"), failure(golden)) };
    match (go_succeeds, dataplane(case, None)) {
        (false, Err(error)) => refusals(golden, &error),
        (true, Err(error)) => {
            let mut differences = vec![Difference::new("outcome", go_outcome(), error.as_str())];
            if error == ResolveError::Ipv6PodCidrUnknown.to_string()
                && let Ok(dataplane) = dataplane(case, Some("2001:db8:1::/56"))
            {
                differences.extend(field_differences(golden, &dataplane));
            }
            differences
        }
        (false, Ok(_)) => vec![Difference::new("outcome", go_outcome(), "done")],
        (true, Ok(dataplane)) => field_differences(golden, &dataplane),
    }
}

/// Both sides refuse: for the same reasons?
fn refusals(golden: &Value, ours: &str) -> Vec<Difference> {
    let ours: BTreeSet<String> = ours.split("; ").map(str::to_owned).collect();
    let list = at(golden, "/errorList").as_array().into_iter().flatten();
    let list: BTreeSet<String> = list.map(|error| text(error, "/text").to_owned()).collect();
    if list.is_empty() {
        refusal("refused", failure(golden), &ours).into_iter().collect()
    } else {
        texts("refused", &list, &ours)
    }
}

fn field_differences(golden: &Value, dataplane: &Dataplane) -> Vec<Difference> {
    let (go, ours) = (go_fields(at(golden, "/values/config")), our_fields(dataplane));
    let names = go.keys().chain(ours.keys().filter(|name| !go.contains_key(*name)));
    let value = |fields: &BTreeMap<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    names
        .map(|name| Difference::new(name, value(&go, name), value(&ours, name)))
        .filter(|difference| difference.go != difference.ours)
        .collect()
}

fn failure(golden: &Value) -> &str {
    let panic = text(golden, "/panic");
    if panic.is_empty() { text(golden, "/error") } else { panic }
}

/// What we resolve; with `ipv6_pods` as if the shoot's status named that network too.
pub(super) fn dataplane(case: &Value, ipv6_pods: Option<&str>) -> Result<Dataplane, String> {
    let network = network(case, false)?;
    let network = facts::network::facts(&network).map_err(|error| chain(&error))?;
    let mut shoot = facts::shoot::facts(&shoot(case, "shoot")?).map_err(|error| chain(&error))?;
    shoot.pod_cidrs.extend(ipv6_pods.map(|text| Cidr { family: IpFamily::Ipv6, text: text.to_owned() }));
    let settings = settings(case);
    let features = Features {
        ebpf: network.intent.ebpf,
        wireguard: network.intent.wireguard,
        ipv6: network.intent.ip_families.contains(&IpFamily::Ipv6),
        nftables: shoot.kube_proxy == calico_policy::shoot::KubeProxy::Nftables,
        bird_exporter: network.intent.bird_exporter,
    };
    let privilege = privilege::decide(settings.non_privileged_calico_node, &settings.calico_version, features);
    resolve(&network.intent, &shoot, privilege.mode).map_err(|error| chain(&error))
}

/// An error with its causes, as the binary prints it.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

fn go_fields(config: &Value) -> BTreeMap<String, Value> {
    let ranges = at(config, "/ipam/ranges").as_array().into_iter().flatten();
    let mut ranges: Vec<&str> = ranges.map(|range| text(range, "/0/subnet")).collect();
    if ranges.is_empty() {
        ranges.push(text(config, "/ipam/subnet"));
    }
    let mut fields = BTreeMap::from([
        ("ipam.ranges".to_owned(), json!(ranges)),
        ("ipv4.enabled".to_owned(), at(config, "/ipv4/enabled").clone()),
        ("ipv6.enabled".to_owned(), at(config, "/ipv6/enabled").clone()),
    ]);
    for (name, pointer) in [
        ("backend", "/backend"),
        ("felix.ipinip", "/felix/ipinip/enabled"),
        ("felix.bpf", "/felix/bpf/enabled"),
        ("felix.bpfKubeProxyIPTablesCleanup", "/felix/bpfKubeProxyIPTablesCleanup/enabled"),
        ("felix.nftables", "/felix/nftables/enabled"),
        ("felix.serviceLoopPrevention", "/felix/serviceLoopPrevention"),
        ("ipam.type", "/ipam/type"),
        ("ipam.assign_ipv4", "/ipam/assign_ipv4"),
        ("ipam.assign_ipv6", "/ipam/assign_ipv6"),
        ("typha", "/typha/enabled"),
        ("kubeControllers", "/kubeControllers/enabled"),
        ("multus", "/multus/enabled"),
        ("multus.installCNIPlugins", "/multus/installCNIPlugins"),
        ("birdExporter", "/birdExporter/enabled"),
        ("nonPrivileged", "/nonPrivileged"),
        ("veth_mtu", "/veth_mtu"),
    ] {
        fields.insert(name.to_owned(), at(config, pointer).clone());
    }
    for family in ["ipv4", "ipv6"] {
        if at(config, &format!("/{family}/enabled")) != &Value::Bool(true) {
            continue;
        }
        for name in ["pool", "mode", "wireguard"] {
            fields.insert(format!("{family}.{name}"), at(config, &format!("/{family}/{name}")).clone());
        }
        fields.insert(
            format!("{family}.autoDetectionMethod"),
            at(config, &format!("/{family}/autoDetectionMethod")).clone(),
        );
    }
    if at(config, "/ipv6/enabled") == &Value::Bool(true) {
        fields.insert("ipv6.natOutgoing".to_owned(), at(config, "/ipv6/natOutgoing").clone());
    }
    fields
}

fn our_fields(dataplane: &Dataplane) -> BTreeMap<String, Value> {
    let prevention = dataplane.felix.service_loop_prevention.map(ServiceLoopPrevention::code);
    let fields = [
        ("backend", json!(dataplane.backend.code())),
        ("felix.ipinip", json!(dataplane.felix.ipip)),
        ("felix.bpf", json!(dataplane.felix.bpf)),
        ("felix.bpfKubeProxyIPTablesCleanup", json!(dataplane.felix.bpf_kube_proxy_cleanup)),
        ("felix.nftables", json!(dataplane.felix.nftables)),
        ("felix.serviceLoopPrevention", json!(prevention)),
        ("ipam.type", json!(dataplane.ipam.kind.code())),
        ("ipam.ranges", json!(dataplane.ipam.ranges)),
        ("ipam.assign_ipv4", json!(dataplane.ipv4.is_some())),
        ("ipam.assign_ipv6", json!(dataplane.ipv6.is_some())),
        ("ipv4.enabled", json!(dataplane.ipv4.is_some())),
        ("ipv6.enabled", json!(dataplane.ipv6.is_some())),
        ("typha", json!(dataplane.typha)),
        ("kubeControllers", json!(dataplane.kube_controllers)),
        ("multus", json!(dataplane.multus.enabled)),
        ("multus.installCNIPlugins", json!(dataplane.multus.install_cni_plugins)),
        ("birdExporter", json!(dataplane.bird_exporter)),
        ("nonPrivileged", json!(dataplane.privilege == NodePrivilege::NonPrivileged)),
        ("veth_mtu", json!(dataplane.veth_mtu)),
    ];
    let mut fields: BTreeMap<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, family) in [("ipv4", &dataplane.ipv4), ("ipv6", &dataplane.ipv6)] {
        fields.extend(family.iter().flat_map(|family| family_fields(name, family)));
    }
    if let Some(ipv6) = &dataplane.ipv6 {
        fields.insert("ipv6.natOutgoing".to_owned(), json!(ipv6.nat_outgoing));
    }
    fields
}

fn family_fields(name: &str, family: &FamilyDataplane) -> [(String, Value); 4] {
    [
        (format!("{name}.pool"), json!(family.pool.code())),
        (format!("{name}.mode"), json!(family.mode.code())),
        (format!("{name}.wireguard"), json!(family.wireguard)),
        (format!("{name}.autoDetectionMethod"), json!(family.auto_detection_method)),
    ]
}
