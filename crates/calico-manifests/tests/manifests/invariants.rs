//! What holds inside of each object.

use std::collections::BTreeSet;

use calico_policy::caveats::{Caveat, Features};
use calico_policy::privilege::{self, NodePrivilege};
use calico_policy::version::{CalicoRelease, CalicoVersion};
use proptest::prelude::*;
use serde_json::Value;

use crate::objects::{at, containers, items, label, long_lived, of_kinds, selects, text, workloads};
use crate::plans::wish;

/// Kinds that belong to the whole cluster.
const CLUSTER_SCOPED: [&str; 3] = ["ClusterRole", "ClusterRoleBinding", "IPPool"];

/// Texts of ConfigMaps that are JSON, once the installer has put the MTU in.
const JSON_KEYS: [&str; 4] = ["cni_network_config", "ladder", "node-autoscaler", "typha-autoscaler"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn without_privileges_no_lasting_container_of_calico_node_is_privileged(wish in wish()) {
        let plan = wish.plan();
        let objects = calico_manifests::render(&plan).unwrap();
        let node = objects.find("DaemonSet", "calico-node").unwrap();
        let privileged: Vec<&str> = long_lived(node)
            .filter(|container| at(container, "/securityContext/privileged") == &Value::Bool(true))
            .map(|container| text(container, "/name"))
            .collect();
        if wish.non_privileged && !wish.intent.ebpf {
            prop_assert_eq!(privileged, Vec::<&str>::new());
            for container in long_lived(node) {
                prop_assert_eq!(at(container, "/securityContext/allowPrivilegeEscalation"), &Value::Bool(false));
            }
        } else {
            prop_assert!(privileged.contains(&"calico-node"));
        }
    }

    /// The non-privileged mode does not close everything. Whatever it leaves open, or leaves out, is a caveat of the decision.
    #[test]
    fn what_the_non_privileged_mode_leaves_open_is_a_caveat(wish in wish()) {
        let plan = wish.plan();
        let features = Features { ebpf: wish.intent.ebpf, bird_exporter: wish.intent.bird_exporter, ..Features::NONE };
        let caveats = privilege::decide(wish.non_privileged, &plan.calico_version, features).caveats;
        let objects = calico_manifests::render(&plan).unwrap();
        let node = objects.find("DaemonSet", "calico-node").unwrap();
        let whole = items(node, "/spec/template/spec/volumes")
            .filter(|volume| ["/var/run", "/var/lib", "/var/log"].contains(&text(volume, "/hostPath/path")))
            .count();
        prop_assert_eq!(whole, if caveats.contains(&Caveat::WholeHostDirectories) { 3 } else { 0 });
        let has_exporter = long_lived(node).any(|container| text(container, "/name") == "bird-exporter");
        prop_assert_eq!(has_exporter, wish.intent.bird_exporter && !caveats.contains(&Caveat::BirdExporterLeftOut));
        let is_privileged = |container: &&Value| at(container, "/securityContext/privileged") == &Value::Bool(true);
        let before = items(node, "/spec/template/spec/initContainers").filter(is_privileged).count();
        prop_assert!(before > 0);
        let non_privileged = matches!(plan.dataplane.privilege, NodePrivilege::NonPrivileged);
        prop_assert_eq!(caveats.contains(&Caveat::PrivilegedInitContainers), non_privileged);
    }

    /// Every command that differs between releases is one of the table: with an image whose program is another, none is left that
    /// only the images before it have.
    #[test]
    fn no_command_is_of_another_release(wish in wish()) {
        let mut plan = wish.plan();
        plan.calico_version = CalicoVersion::Known(CalicoRelease::new(3, 33, 0));
        let objects = calico_manifests::render(&plan).unwrap();
        let node = objects.find("DaemonSet", "calico-node").unwrap();
        for container in containers(node) {
            let mut commands = at(container, "/command").to_string();
            for exec in ["/livenessProbe/exec", "/readinessProbe/exec", "/lifecycle/preStop/exec"] {
                commands.push_str(&at(container, exec).to_string());
            }
            for gone in ["/bin/calico-node", "\"calico-node", "/opt/cni/bin/install", "'calico-node"] {
                prop_assert!(!commands.contains(gone), "{}: {gone}", text(container, "/name"));
            }
        }
    }

    #[test]
    fn an_object_has_a_namespace_unless_it_belongs_to_the_cluster(wish in wish()) {
        for (key, object) in calico_manifests::render(&wish.plan()).unwrap().iter() {
            let expected = if CLUSTER_SCOPED.contains(&key.kind.as_str()) { None } else { Some("kube-system") };
            prop_assert_eq!(object.pointer("/metadata/namespace").and_then(Value::as_str), expected, "{}", key);
        }
    }

    #[test]
    fn names_inside_of_a_pod_are_unique(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        for workload in workloads(&objects) {
            unique(&label(workload), containers(workload).map(|container| text(container, "/name")))?;
            unique(&label(workload), items(workload, "/spec/template/spec/volumes").map(|volume| text(volume, "/name")))?;
            for container in containers(workload) {
                let place = format!("{} {}", label(workload), text(container, "/name"));
                unique(&place, items(container, "/env").map(|variable| text(variable, "/name")))?;
                unique(&place, items(container, "/volumeMounts").map(|mount| text(mount, "/mountPath")))?;
            }
        }
    }

    #[test]
    fn a_workload_selects_its_own_pods(wish in wish()) {
        for workload in workloads(&calico_manifests::render(&wish.plan()).unwrap()) {
            let labels = at(workload, "/spec/template/metadata/labels");
            prop_assert!(selects(at(workload, "/spec/selector/matchLabels"), labels), "{}", label(workload));
        }
    }

    #[test]
    fn every_mount_has_a_volume_and_every_volume_a_mount(wish in wish()) {
        for workload in workloads(&calico_manifests::render(&wish.plan()).unwrap()) {
            let volumes: BTreeSet<&str> =
                items(workload, "/spec/template/spec/volumes").map(|volume| text(volume, "/name")).collect();
            let mounted: BTreeSet<&str> = containers(workload)
                .flat_map(|container| items(container, "/volumeMounts"))
                .map(|mount| text(mount, "/name"))
                .collect();
            prop_assert_eq!(volumes, mounted, "{}", label(workload));
        }
    }

    #[test]
    fn every_container_requests_quantities_or_nothing(wish in wish()) {
        for workload in workloads(&calico_manifests::render(&wish.plan()).unwrap()) {
            for container in containers(workload) {
                prop_assert!(at(container, "/resources/limits").is_null());
                for (resource, quantity) in at(container, "/resources/requests").as_object().into_iter().flatten() {
                    let quantity = quantity.as_str().unwrap_or_default();
                    let digits = quantity.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
                    let unit = &quantity[digits.len()..];
                    let number = quantity.parse::<f64>().is_ok() || digits.parse::<u64>().is_ok();
                    prop_assert!(number && ["", "m", "Mi", "Gi"].contains(&unit) || quantity == "100e6", "{resource}: {quantity}");
                }
            }
        }
    }

    #[test]
    fn json_in_config_maps_parses(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        for config_map in of_kinds(&objects, &["ConfigMap"]) {
            for (key, value) in at(config_map, "/data").as_object().into_iter().flatten() {
                if JSON_KEYS.contains(&key.as_str()) {
                    let text = value.as_str().unwrap_or_default().replace("__CNI_MTU__", "1440");
                    let parsed: Result<Value, _> = serde_json::from_str(&text);
                    prop_assert!(parsed.is_ok_and(|parsed| parsed.is_object()), "{key}: {text}");
                }
            }
        }
    }

    /// Any YAML reader gets back the very objects, and the same plan gives the same bytes.
    #[test]
    fn what_is_written_is_what_was_rendered(wish in wish()) {
        let plan = wish.plan();
        let objects = calico_manifests::render(&plan).unwrap();
        let yaml = objects.to_yaml();
        prop_assert_eq!(&yaml, &calico_manifests::render(&plan).unwrap().to_yaml());
        let read: Vec<Value> = yaml
            .split("---\n")
            .filter(|document| !document.is_empty())
            .map(|document| serde_saphyr::from_str(document).unwrap())
            .collect();
        let rendered: Vec<Value> = objects.iter().map(|(_, object)| object.clone()).collect();
        prop_assert_eq!(read, rendered);
    }
}

fn unique<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    for name in names {
        prop_assert!(seen.insert(name), "{place}: `{name}` twice");
    }
    Ok(())
}
