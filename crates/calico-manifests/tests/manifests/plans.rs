//! Plans: any that a configuration can lead to, and a few by name.

use calico_manifests::{Images, Networks, Plan, Requests, ResourceRequests, VerticalPodAutoscaling};
use calico_policy::admission_policy::ApiServerSetup;
use calico_policy::encapsulation::{Backend, IpFamily, Pool, PoolMode};
use calico_policy::intent::{
    AutoscalingMode, FamilyIntent, IpamIntent, IpamType, MultusIntent, NetworkIntent, OverlayIntent,
    ServiceLoopPrevention,
};
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use calico_policy::resolve;
use calico_policy::shoot::{Cidr, KubeProxy, NodeCidrs, ShootFacts};
use calico_policy::version::{CalicoRelease, CalicoVersion, KubernetesVersion};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// What a plan is made of.
#[derive(Clone, Debug)]
pub struct Wish {
    pub intent: NetworkIntent,
    pub shoot: ShootFacts,
    pub non_privileged: bool,
    pub requests: Requests,
}

impl Wish {
    /// A shoot of which nothing was asked.
    pub fn default_shoot() -> Self {
        Self {
            intent: NetworkIntent {
                ip_families: vec![IpFamily::Ipv4],
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
            },
            shoot: ShootFacts {
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
                dual_stack_migration_pending: false,
                node_cidrs: NodeCidrs {
                    spec: Some(Cidr { family: IpFamily::Ipv4, text: "10.250.0.0/16".to_owned() }),
                    status: Vec::new(),
                },
                pod_cidrs: vec![
                    Cidr { family: IpFamily::Ipv4, text: "100.96.0.0/11".to_owned() },
                    Cidr { family: IpFamily::Ipv6, text: "2001:db8:1::/56".to_owned() },
                ],
            },
            non_privileged: false,
            requests: Requests::default(),
        }
    }

    pub fn plan(&self) -> Plan {
        let privilege = match (self.non_privileged, self.intent.ebpf) {
            (true, false) => NodePrivilege::NonPrivileged,
            (true, true) => NodePrivilege::Privileged(PrivilegedBecause::EbpfDataplane),
            (false, _) => NodePrivilege::Privileged(PrivilegedBecause::GateDisabled),
        };
        let dataplane = resolve(&self.intent, &self.shoot, privilege).expect("a configuration that resolves");
        Plan {
            dataplane,
            images: images(),
            calico_version: CalicoVersion::Known(CalicoRelease::new(3, 31, 6)),
            networks: Networks {
                pods: "100.96.0.0/11".to_owned(),
                ipv4_nodes: self.shoot.node_cidrs.spec.as_ref().map(|cidr| cidr.text.clone()),
            },
            requests: self.requests.clone(),
            vertical_pod_autoscaling: if self.shoot.vertical_pod_autoscaler {
                VerticalPodAutoscaling::Available
            } else {
                VerticalPodAutoscaling::Unavailable
            },
        }
    }
}

fn images() -> Images {
    let image = |name: &str| format!("registry.example.org/{name}:v3.31.6");
    Images {
        calico_node: image("node"),
        calico_cni: image("cni"),
        calico_typha: image("typha"),
        calico_kube_controllers: image("kube-controllers"),
        calico_cpa: image("cpa"),
        calico_cpva: image("cpva"),
        bird_exporter: image("bird-exporter"),
        multus_cni: image("multus"),
        cni_plugins: image("cni-plugins"),
    }
}

/// Any configuration that resolves.
pub fn wish() -> impl Strategy<Value = Wish> {
    (intent(), shoot(), any::<bool>(), (resource_requests(), resource_requests())).prop_map(
        |(intent, mut shoot, non_privileged, (node, typha))| {
            if !intent.ebpf && shoot.kube_proxy == KubeProxy::Disabled {
                shoot.kube_proxy = KubeProxy::Enabled;
            }
            Wish { intent, shoot, non_privileged, requests: Requests { node, typha } }
        },
    )
}

fn intent() -> impl Strategy<Value = NetworkIntent> {
    let families = select(vec![
        vec![],
        vec![IpFamily::Ipv4],
        vec![IpFamily::Ipv6],
        vec![IpFamily::Ipv4, IpFamily::Ipv6],
        vec![IpFamily::Ipv6, IpFamily::Ipv4],
    ]);
    let overlay = option::of(
        (any::<bool>(), any::<bool>())
            .prop_map(|(enabled, create_pod_routes)| OverlayIntent { enabled, create_pod_routes }),
    );
    let ipam = (option::of(select(IpamType::ALL)), option::of(Just("10.1.0.0/16".to_owned())))
        .prop_map(|(kind, cidr)| IpamIntent { kind, cidr });
    let multus = (any::<bool>(), any::<bool>())
        .prop_map(|(enabled, install_cni_plugins)| MultusIntent { enabled, install_cni_plugins });
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), option::of(any::<bool>()));
    let rest = (
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(Just("1440".to_owned())),
        option::of(select(ServiceLoopPrevention::ALL)),
        option::of(select(AutoscalingMode::ALL)),
        multus,
    );
    (families, option::of(select(Backend::ALL)), overlay, ipam, (family(), family()), switches, rest).prop_map(
        |(
            ip_families,
            backend,
            overlay,
            ipam,
            (ipv4, ipv6),
            (vxlan, ebpf, wireguard, bird_exporter, typha),
            (ipv6_source_nat, snat_to_upstream_dns, veth_mtu, service_loop_prevention, autoscaling, multus),
        )| NetworkIntent {
            ip_families,
            backend,
            ipam,
            ipv4,
            ipv6,
            ipv6_source_nat,
            overlay,
            vxlan,
            ebpf,
            wireguard,
            typha,
            bird_exporter,
            multus,
            veth_mtu,
            snat_to_upstream_dns,
            service_loop_prevention,
            autoscaling,
            deprecated_fields: Vec::new(),
            break_glass: None,
        },
    )
}

fn family() -> impl Strategy<Value = FamilyIntent> {
    let method = select(vec!["first-found", "interface=eth\\d+", "interface=\"\n- name: X", "can-reach=8.8.8.8"]);
    (option::of(select(Pool::ALL)), option::of(select(PoolMode::ALL)), option::of(method))
        .prop_map(|(pool, mode, method)| FamilyIntent { pool, mode, auto_detection_method: method.map(str::to_owned) })
}

fn shoot() -> impl Strategy<Value = ShootFacts> {
    let kube_proxy = select(vec![KubeProxy::Enabled, KubeProxy::Nftables, KubeProxy::Disabled]);
    (kube_proxy, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(kube_proxy, vpa, migrating, with_nodes)| {
        let mut shoot = Wish::default_shoot().shoot;
        shoot.kube_proxy = kube_proxy;
        shoot.vertical_pod_autoscaler = vpa;
        shoot.dual_stack_migration_pending = migrating;
        if !with_nodes {
            shoot.node_cidrs.spec = None;
        }
        shoot
    })
}

fn resource_requests() -> impl Strategy<Value = ResourceRequests> {
    let quantity = |texts: [&'static str; 3]| option::of(select(texts.to_vec()).prop_map(str::to_owned));
    (quantity(["100m", "1", "1500m"]), quantity(["100Mi", "1Gi", "100e6"]))
        .prop_map(|(cpu, memory)| ResourceRequests { cpu, memory })
}
