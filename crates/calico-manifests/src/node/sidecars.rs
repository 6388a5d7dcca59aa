//! What runs beside calico-node.

use calico_policy::encapsulation::Backend;
use k8s_openapi::api::core::v1::Container;

use super::{BIRD_EXPORTER_CONTAINER, CONDITION_CONTAINER, SNAT_CONTAINER, environment, privilege, volumes};
use crate::plan::Plan;
use crate::pods::{container, read_only_mount, requests, tcp_port, texts, variable, writable_mount};
use crate::seed::BirdExporter;
use crate::{commands, monitoring, scripts};

/// Those that stand before calico-node in the list.
pub(super) fn before_calico_node(plan: &Plan) -> Vec<Container> {
    let snat = plan.dataplane.snat_to_upstream_dns.then(|| add_snat_rule(plan));
    // Without a backend Calico programs no routes, and the condition is somebody else's.
    let ensurer = match plan.dataplane.backend {
        Backend::Bird | Backend::Vxlan => Some(condition_ensurer(plan)),
        Backend::None => None,
    };
    snat.into_iter().chain(ensurer).collect()
}

/// BIRD's metrics; the socket of BIRD is out of reach without privileges.
pub(super) fn bird_exporter(plan: &Plan) -> Option<Container> {
    match BirdExporter::of(&plan.dataplane) {
        BirdExporter::Present => {}
        BirdExporter::Absent => return None,
    }
    let port = monitoring::BIRD_PORT;
    let mut args = texts(["-format.new=true", "-bird.socket=/var/run/calico/bird.ctl"]);
    if plan.dataplane.ipv6.is_none() {
        args.push("-bird.ipv6=false".to_owned());
    }
    args.push(format!("-web.listen-address=:{port}"));
    Some(Container {
        args: Some(args),
        ports: Some(vec![tcp_port("bird-metrics", port)]),
        resources: Some(requests("10m", "32Mi")),
        volume_mounts: Some(vec![read_only_mount(volumes::RUN_CALICO, "/var/run/calico")]),
        ..container(BIRD_EXPORTER_CONTAINER, &plan.images.bird_exporter)
    })
}

fn add_snat_rule(plan: &Plan) -> Container {
    Container {
        command: Some(texts(["/bin/sh", "-c", &scripts::add_snat_rule_to_upstream_dns()])),
        env: Some(vec![variable("POD_CIDR", pod_networks(plan))]),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        security_context: Some(privilege::packet_filter(plan.dataplane.privilege)),
        volume_mounts: Some(vec![writable_mount(volumes::XTABLES_LOCK, "/run/xtables.lock")]),
        ..container(SNAT_CONTAINER, &plan.images.calico_node)
    }
}

/// Of both families in dual stack: the resolver may have addresses of both.
fn pod_networks(plan: &Plan) -> String {
    let second = match (&plan.dataplane.ipv4, &plan.dataplane.ipv6) {
        // Where IPv6 comes first, the first network is the IPv6 one already.
        (Some(_), Some(ipv6)) => ipv6.pod_cidr.as_ref().filter(|cidr| **cidr != plan.networks.pods),
        (Some(_), None) | (None, _) => None,
    };
    [Some(&plan.networks.pods), second].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(",")
}

fn condition_ensurer(plan: &Plan) -> Container {
    let script = scripts::network_unavailable_condition_ensurer(commands::for_version(&plan.calico_version));
    Container {
        command: Some(texts(["/bin/bash", "-c", &script])),
        env: Some(environment::of_condition_ensurer(&plan.dataplane)),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        security_context: Some(privilege::unprivileged()),
        ..container(CONDITION_CONTAINER, &plan.images.calico_node)
    }
}
