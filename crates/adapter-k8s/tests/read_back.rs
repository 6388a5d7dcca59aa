//! What is rendered reads back as what was resolved, over the whole space of configurations that decide encapsulation.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use adapter_k8s::facts::observed_dataplane::{CalicoObjects, observe};
use adapter_k8s::plan;
use adapter_k8s::settings::{UnobservedGuard, settings};
use calico_manifests::{Networks, ObjectKey, Objects, Plan, Requests, VerticalPodAutoscaling};
use calico_policy::Reading;
use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::bundles;
use calico_policy::dataplane::Dataplane;
use calico_policy::decision::{Action, NodeList, Observed};
use calico_policy::encapsulation::{Backend, Encapsulation, IpFamily, Pool, PoolMode};
use calico_policy::guard::GuardObservation;
use calico_policy::in_effect::{History, ObservedDataplane, Sources, hold_encapsulation};
use calico_policy::intent::{FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent};
use calico_policy::phase::Rollout;
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use calico_policy::resolve;
use calico_policy::shoot::{Cidr, KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::time::Timestamp;
use calico_policy::version::{CalicoVersion, KubernetesVersion};
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// `facts(render(resolve(x))) == encapsulation(resolve(x))`, and everything else of the held set with it.
#[test]
fn what_is_rendered_reads_back_as_what_was_resolved() {
    let resolved = resolved();
    for dataplane in resolved.dataplanes.values() {
        let observed = read_back(dataplane);
        assert_eq!(observed.encapsulations(), dataplane.encapsulations(), "{dataplane:?}");
        assert_eq!(observed.backend, Some(dataplane.backend), "{dataplane:?}");
        let source = |family: IpFamily| dataplane.family(family).map(|family| family.pool_source);
        let observed_source = |family: IpFamily| observed.pool(family).map(|pool| pool.source);
        for family in [IpFamily::Ipv4, IpFamily::Ipv6] {
            assert_eq!(observed_source(family), source(family), "{dataplane:?}");
        }
        assert_eq!(observed.felix_vxlan.unwrap_or(false), dataplane.felix.vxlan, "{dataplane:?}");
        assert_eq!(observed.felix_ipip.unwrap_or(false), dataplane.felix_keeps_ipip(), "{dataplane:?}");
        let ipam = observed.ipam.map(|ipam| (ipam.kind, ipam.ranges));
        assert_eq!(ipam, Some((dataplane.ipam.kind, dataplane.ipam.ranges.clone())), "{dataplane:?}");
        assert_eq!(observed.veth_mtu.as_deref(), Some(dataplane.veth_mtu.as_str()));
        assert_eq!(
            comparable(read_back(dataplane)),
            comparable(ObservedDataplane::of_bundle(dataplane)),
            "{dataplane:?}"
        );
    }
    // 5 families × 5 overlays × 4 backends × 4 pools × 5 modes × 2 VXLAN × 3 IPAM × 2 migrations.
    assert_eq!(resolved.configurations, 24_000);
    assert!(resolved.dataplanes.len() > 150, "{}", resolved.dataplanes.len());
}

/// `facts(render(held)) == observed`: a bundle that holds an encapsulation puts exactly it into effect again.
#[test]
fn a_held_bundle_reads_back_as_what_it_holds() {
    let resolved = resolved();
    let without_overlay = |dataplane: &&Dataplane| dataplane.overlay.is_some_and(|overlay| !overlay.enabled);
    let encapsulated: Vec<ObservedDataplane> =
        resolved.dataplanes.values().filter(|dataplane| dataplane.encapsulations().any()).map(read_back).collect();
    let mut seen = BTreeSet::new();
    let mut held_bundles = 0;
    for target in resolved.dataplanes.values().filter(without_overlay) {
        for observed in &encapsulated {
            let Some(held) = hold_encapsulation(target, observed) else { continue };
            if !seen.insert(format!("{held:?}")) {
                continue;
            }
            let (now, before) = (read_back(&held), observed.encapsulations());
            for family in [IpFamily::Ipv4, IpFamily::Ipv6] {
                if let (Some(_), Some(before)) = (held.family(family), before.family(family)) {
                    assert_eq!(now.encapsulations().family(family), Some(before), "{held:?}");
                }
            }
            assert_eq!((now.backend, &now.ipam), (observed.backend, &observed.ipam), "{held:?}");
            assert_eq!(now.veth_mtu, observed.veth_mtu);
            held_bundles += 1;
        }
    }
    assert!(held_bundles > 50, "{held_bundles}");
}

/// Without an `overlay` block there is no pool object, unless the bundle had one: gardener-resource-manager would delete the live
/// pool with the object, and pods have addresses of it.
#[test]
fn a_pool_of_the_bundle_stays_in_it() {
    let overlay = |enabled| Some(OverlayIntent { enabled, create_pod_routes: false });
    let privilege = NodePrivilege::Privileged(PrivilegedBecause::GateDisabled);
    let now = NetworkIntent { ip_families: vec![IpFamily::Ipv4], ..nothing_else() };
    for (before, pools) in [(None, 0), (overlay(true), 1), (overlay(false), 1)] {
        let bundle =
            read_back(&resolve(&NetworkIntent { overlay: before, ..now.clone() }, &shoot(false), privilege).unwrap());
        let written = written(&now, bundle);
        let objects = render(&written);
        let found: Vec<&Value> =
            objects.iter().filter(|(key, _)| key.kind == "IPPool").map(|(_, object)| object).collect();
        assert_eq!(found.len(), pools, "{before:?}");
        for pool in found {
            assert_eq!(pool.pointer("/metadata/name"), Some(&Value::from("default-ipv4-ippool")));
            assert_eq!(pool.pointer("/spec/ipipMode"), Some(&Value::from("Always")));
        }
    }
}

/// Without what no decision looks at: a switch of Felix that is off and one that nothing names, and the protocol of a pool that
/// sends nothing.
fn comparable(mut observed: ObservedDataplane) -> ObservedDataplane {
    observed.felix_ipip = observed.felix_ipip.filter(|on| *on);
    observed.felix_vxlan = observed.felix_vxlan.filter(|on| *on);
    let encapsulations = observed.encapsulations();
    for (family, pool) in [(IpFamily::Ipv4, &mut observed.ipv4), (IpFamily::Ipv6, &mut observed.ipv6)] {
        if let (Some(pool), Some(Encapsulation::None)) = (pool, encapsulations.family(family)) {
            (pool.pool, pool.mode) = (Pool::Ipip, PoolMode::Never);
        }
    }
    observed
}

/// Nothing leaves with the bundle that switches, for every overlay × every target without one: gardener-resource-manager would delete
/// it first and apply nothing until it is gone. With the second bundle it does.
#[test]
fn the_bundle_that_switches_deletes_nothing() {
    let resolved = resolved();
    let off = |dataplane: &&Dataplane| dataplane.overlay.is_some_and(|overlay| !overlay.enabled);
    let mut overlays: BTreeMap<String, (BTreeSet<ObjectKey>, ObservedDataplane)> = BTreeMap::new();
    for dataplane in
        resolved.dataplanes.values().filter(|dataplane| dataplane.encapsulations().any() && !off(dataplane))
    {
        let read = read_back(dataplane);
        overlays.entry(format!("{read:?}")).or_insert_with(|| (keys(&render(dataplane)), read));
    }
    let mut deleted_by_second = 0;
    let mut switches = 0;
    for target in resolved.dataplanes.values().filter(off) {
        for (before, read) in overlays.values() {
            if read.ipv4.is_some() != target.ipv4.is_some() || read.ipv6.is_some() != target.ipv6.is_some() {
                continue;
            }
            let sources = Sources {
                bundle: Reading::Known(read.clone()),
                live: Reading::Absent,
                record: Reading::Absent,
                history: History::Installed,
            };
            let first = keys(&render(&bundles::first(target, &sources)));
            let gone: Vec<String> = before.difference(&first).map(ToString::to_string).collect();
            assert!(gone.iter().all(|key| key.starts_with("IPPool/")), "{gone:?} {target:?}");
            deleted_by_second += usize::from(!first.is_subset(&keys(&render(target))));
            switches += 1;
        }
    }
    assert!(switches > 100 && deleted_by_second > 50, "{switches} {deleted_by_second}");
}

fn keys(objects: &Objects) -> BTreeSet<ObjectKey> {
    objects.iter().map(|(key, _)| key.clone()).collect()
}

/// The dataplane that is written over a bundle.
fn written(intent: &NetworkIntent, bundle: ObservedDataplane) -> Dataplane {
    let observed = Observed {
        sources: Sources {
            bundle: Reading::Known(bundle),
            live: Reading::Absent,
            record: Reading::Absent,
            history: History::Installed,
        },
        nodes: Reading::Known(Vec::new()),
        node_list: NodeList::Complete,
        guard: GuardObservation::NotObserved,
        rollout: Rollout::NotObserved,
        operation_requested: None,
    };
    let configuration = ControllerConfiguration::default();
    let settings = settings(&configuration, "aws", CalicoVersion::NoTag, UnobservedGuard::Reported);
    let decision =
        calico_policy::decide(&settings, &shoot(false), intent, &observed, &Reading::Absent, Timestamp(0)).unwrap();
    let written = decision.actions.into_iter().find_map(|action| match action {
        Action::WriteBundle(dataplane) => Some(*dataplane),
        _ => None,
    });
    written.expect("a bundle is written")
}

/// Reads as the extension reads a bundle, from the objects of the render.
fn read_back(dataplane: &Dataplane) -> ObservedDataplane {
    let objects = render(dataplane);
    observe(&CalicoObjects {
        ip_pools: objects.iter().filter(|(key, _)| key.kind == "IPPool").map(|(_, object)| typed(object)).collect(),
        daemon_set: find(&objects, "DaemonSet", "calico-node"),
        config_map: find(&objects, "ConfigMap", "calico-config"),
        kube_controllers: Some(objects.find("Deployment", "calico-kube-controllers").is_some()),
    })
    .unwrap_or_else(|error| panic!("{dataplane:?}: {error}"))
}

fn render(dataplane: &Dataplane) -> Objects {
    let kubernetes = KubernetesVersion::new(1, 36);
    let release = plan::release(&ImageVector::built_in("v0.1.0"), kubernetes).unwrap();
    calico_manifests::render(&Plan {
        dataplane: dataplane.clone(),
        images: release.images,
        calico_version: release.calico_version,
        networks: Networks { pods: "100.96.0.0/11".to_owned(), ipv4_nodes: Some("10.250.0.0/16".to_owned()) },
        requests: Requests::default(),
        vertical_pod_autoscaling: VerticalPodAutoscaling::Unavailable,
    })
    .unwrap()
}

fn find<T: DeserializeOwned>(objects: &Objects, kind: &str, name: &str) -> Option<T> {
    objects.find(kind, name).map(typed)
}

fn typed<T: DeserializeOwned>(object: &Value) -> T {
    serde_json::from_value(object.clone()).unwrap()
}

/// What the configurations resolve to; many of them to the same.
struct Resolved {
    configurations: usize,
    dataplanes: BTreeMap<String, Dataplane>,
}

fn resolved() -> Resolved {
    use IpFamily::{Ipv4, Ipv6};

    let families: [&[IpFamily]; 5] = [&[], &[Ipv4], &[Ipv6], &[Ipv4, Ipv6], &[Ipv6, Ipv4]];
    let overlay = |enabled, create_pod_routes| Some(OverlayIntent { enabled, create_pod_routes });
    let overlays = [None, overlay(true, false), overlay(true, true), overlay(false, false), overlay(false, true)];
    let backends = [None, Some(Backend::Bird), Some(Backend::None), Some(Backend::Vxlan)];
    let pools = [(None, None), (Some(Pool::Ipip), None), (Some(Pool::Vxlan), None), (None, Some(Pool::Vxlan))];
    let modes = [None, Some(PoolMode::Always), Some(PoolMode::CrossSubnet), Some(PoolMode::Never), Some(PoolMode::Off)];
    let kinds = [None, Some(IpamType::HostLocal), Some(IpamType::CalicoIpam)];
    let mut resolved = Resolved { configurations: 0, dataplanes: BTreeMap::new() };
    for families in families {
        for overlay in overlays {
            for backend in backends {
                for (ipv4_pool, ipv6_pool) in pools {
                    for mode in modes {
                        for kind in kinds {
                            for (vxlan, migrating) in [(false, false), (false, true), (true, false), (true, true)] {
                                let family = |pool| FamilyIntent { pool, mode, auto_detection_method: None };
                                let intent = NetworkIntent {
                                    ip_families: families.to_vec(),
                                    backend,
                                    ipam: IpamIntent { kind, cidr: None },
                                    ipv4: family(ipv4_pool),
                                    ipv6: family(ipv6_pool),
                                    overlay,
                                    vxlan,
                                    ..nothing_else()
                                };
                                let privilege = NodePrivilege::Privileged(PrivilegedBecause::GateDisabled);
                                let dataplane = resolve(&intent, &shoot(migrating), privilege).unwrap();
                                resolved.configurations += 1;
                                resolved.dataplanes.insert(format!("{dataplane:?}"), dataplane);
                            }
                        }
                    }
                }
            }
        }
    }
    resolved
}

/// What does not decide encapsulation.
fn nothing_else() -> NetworkIntent {
    NetworkIntent {
        ip_families: Vec::new(),
        backend: None,
        ipam: IpamIntent::default(),
        ipv4: FamilyIntent::default(),
        ipv6: FamilyIntent::default(),
        ipv6_source_nat: None,
        overlay: None,
        vxlan: false,
        ebpf: false,
        wireguard: false,
        typha: None,
        bird_exporter: false,
        multus: MultusIntent::default(),
        veth_mtu: None,
        snat_to_upstream_dns: None,
        service_loop_prevention: None,
        autoscaling: None,
        deprecated_fields: Vec::new(),
        break_glass: None,
    }
}

fn shoot(dual_stack_migration_pending: bool) -> ShootFacts {
    ShootFacts {
        kubernetes_version: KubernetesVersion::new(1, 36),
        api_server: ApiServerSetup {
            mutating_admission_policy_gate: false,
            runtime_config_v1beta1: false,
            runtime_config_v1alpha1: false,
        },
        kube_proxy: KubeProxy::Enabled,
        vertical_pod_autoscaler: false,
        provider_type: "aws".to_owned(),
        hibernation_enabled: false,
        dual_stack_migration_pending,
        node_cidrs: NodeCidrs::default(),
        pod_cidrs: vec![Cidr { family: IpFamily::Ipv6, text: "2001:db8:1::/56".to_owned() }],
    }
}
