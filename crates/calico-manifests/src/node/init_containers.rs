//! What runs on a node before calico-node starts. These stay privileged in both modes.

use calico_policy::privilege::NodePrivilege;
use k8s_openapi::api::core::v1::{Container, SecurityContext, VolumeMount};

use super::{calico_node, environment, privilege, volumes};
use crate::commands::{self, NodeCommands};
use crate::plan::Plan;
use crate::pods::{container, mount, no_escalation, privileged, read_only_mount, texts, variable, writable_mount};
use crate::scripts::{self, RouteCleanup};

pub(super) fn init_containers(plan: &Plan) -> Vec<Container> {
    let Plan { dataplane, images, calico_version, networks: _, requests: _, vertical_pod_autoscaling: _ } = plan;
    let node = &images.calico_node;
    let commands = commands::for_version(calico_version);
    let mut containers = Vec::new();
    if dataplane.overlay.is_some_and(|overlay| !overlay.enabled) {
        containers.push(script("cleanup-routes", node, "sh", &scripts::cleanup_routes(RouteCleanup::of(dataplane))));
    }
    containers.push(script("log-mtu-issues", node, "/bin/sh", &scripts::log_mtu_issues()));
    containers.push(install_cni(&images.calico_cni, commands));
    if dataplane.felix.bpf {
        containers.push(ebpf_bootstrap(node, commands));
    }
    match dataplane.privilege {
        NodePrivilege::Privileged(_) => {}
        NodePrivilege::NonPrivileged => containers.push(hostpath_init(node, commands)),
    }
    containers
}

fn script(name: &str, image: &str, shell: &str, text: &str) -> Container {
    Container {
        command: Some(texts([shell, "-c", text])),
        security_context: Some(privileged()),
        ..container(name, image)
    }
}

/// Brings the plugin and its configuration to the node.
fn install_cni(image: &str, commands: &NodeCommands) -> Container {
    Container {
        command: Some(texts(commands.install_cni.iter().copied())),
        env: Some(environment::of_installer()),
        env_from: Some(vec![calico_node::services_endpoint()]),
        security_context: Some(privileged()),
        volume_mounts: Some(vec![
            mount(volumes::CNI_CONFIGURATIONS, "/host/etc/cni/net.d"),
            mount(volumes::CNI_PROGRAMS, "/host/secondary-bin-dir"),
        ]),
        ..container("install-cni", image)
    }
}

/// Mounts the file system of eBPF and the control groups on the node.
fn ebpf_bootstrap(image: &str, commands: &NodeCommands) -> Container {
    let shared = |name, path| VolumeMount { mount_propagation: Some("Bidirectional".to_owned()), ..mount(name, path) };
    Container {
        command: Some(texts(commands.ebpf_bootstrap.iter().copied())),
        security_context: Some(privileged()),
        volume_mounts: Some(vec![
            shared(volumes::KERNEL_FILES, "/sys/fs"),
            shared(volumes::RUN_CALICO, "/var/run/calico"),
            read_only_mount(volumes::NODE_PROCESSES, "/nodeproc"),
        ]),
        ..container("ebpf-bootstrap", image)
    }
}

/// Gives the directories of Calico to the user that calico-node runs as.
fn hostpath_init(image: &str, commands: &NodeCommands) -> Container {
    Container {
        command: Some(texts(commands.hostpath_init.iter().copied())),
        env: Some(vec![variable("NODE_USER_ID", privilege::USER.to_string())]),
        security_context: Some(SecurityContext { run_as_user: Some(0), ..no_escalation() }),
        volume_mounts: Some(volumes::WHOLE.map(|(name, path)| writable_mount(name, path)).into()),
        ..container("hostpath-init", image)
    }
}
