//! Multus: attaches further networks to pods. An option of the configuration.

use calico_policy::intent::MultusIntent;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::{Container, PodSecurityContext, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::access::{CORE, cluster_role, cluster_role_binding, rule, rule_of_groups, service_account};
use crate::names::{APP, CRITICAL_COMPONENT, SYSTEM_COMPONENT, TO_API_SERVER, TO_DNS, labelled, labels, selects_app};
use crate::object::{Objects, RenderError};
use crate::plan::Images;
use crate::pods::{
    HostPath, container, host_path, mount, privileged, requests, runtime_default_seccomp, texts, tolerates_everything,
    variable_of_node_name,
};

/// The name of all its objects.
const NAME: &str = "multus";
/// The node's plugin programs.
const PROGRAMS: &str = "/host/opt/cni/bin";
/// The node's plugin configurations.
const CONFIGURATIONS: &str = "/host/etc/cni/net.d";

pub(crate) fn add(objects: &mut Objects, multus: MultusIntent, images: &Images) -> Result<(), RenderError> {
    let MultusIntent { enabled, install_cni_plugins } = multus;
    if !enabled {
        return Ok(());
    }
    objects.add(&service_account(NAME))?;
    let rules = vec![
        rule("k8s.cni.cncf.io", &["*"], &["*"]),
        rule(CORE, &["pods", "pods/status"], &["get", "list", "update", "watch"]),
        rule_of_groups(&[CORE, "events.k8s.io"], &["events"], &["create", "patch", "update"]),
    ];
    objects.add(&cluster_role(NAME, rules))?;
    objects.add(&cluster_role_binding(NAME, &[NAME]))?;
    let plugins = install_cni_plugins.then(|| install_plugins(&images.cni_plugins));
    objects.add(&daemon_set(&images.multus_cni, plugins))
}

fn daemon_set(image: &str, plugins: Option<Container>) -> DaemonSet {
    let own_labels = [SYSTEM_COMPONENT, (APP, NAME), CRITICAL_COMPONENT];
    let mut pod_labels = labels(own_labels);
    pod_labels.extend(labels([TO_API_SERVER, TO_DNS]));
    let pod = PodSpec {
        containers: vec![multus(image)],
        host_network: Some(true),
        init_containers: Some(std::iter::once(install_multus(image)).chain(plugins).collect()),
        node_selector: Some(labels([("kubernetes.io/os", "linux")])),
        priority_class_name: Some("system-node-critical".to_owned()),
        security_context: Some(PodSecurityContext {
            seccomp_profile: Some(runtime_default_seccomp()),
            ..PodSecurityContext::default()
        }),
        service_account_name: Some(NAME.to_owned()),
        termination_grace_period_seconds: Some(0),
        tolerations: Some(tolerates_everything()),
        volumes: Some(vec![
            host_path("cni", "/etc/cni/net.d", HostPath::Unchecked),
            host_path("cnibin", "/opt/cni/bin", HostPath::Unchecked),
        ]),
        ..PodSpec::default()
    };
    let spec = DaemonSetSpec {
        revision_history_limit: Some(2),
        selector: selects_app(NAME),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(pod_labels), ..ObjectMeta::default() }),
            spec: Some(pod),
        },
        update_strategy: Some(DaemonSetUpdateStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDaemonSet {
                max_unavailable: Some(IntOrString::Int(2)),
                ..RollingUpdateDaemonSet::default()
            }),
        }),
        ..DaemonSetSpec::default()
    };
    DaemonSet { metadata: labelled(NAME, own_labels), spec, ..DaemonSet::default() }
}

/// Writes its own configuration in front of Calico's, and takes it away when it stops.
fn multus(image: &str) -> Container {
    Container {
        command: Some(texts(["/thin_entrypoint"])),
        args: Some(texts([
            "--cleanup-config-on-exit",
            "--cni-bin-dir=/host/opt/cni/bin",
            "--cni-conf-dir=/host/etc/cni/net.d",
            "--cni-version=0.3.1",
            "--multus-autoconfig-dir=/host/etc/cni/net.d",
            "--multus-cni-conf-dir=/etc/cni/multus/net.d",
            "--multus-conf-file=auto",
            "--multus-log-file=/var/log/multus.log",
            "--multus-log-level=error",
            "--multus-log-to-stderr=true",
            "--multus-master-cni-file-name=10-calico.conflist",
            "--readiness-indicator-file=/etc/cni/net.d/10-calico.conflist",
        ])),
        env: Some(vec![variable_of_node_name("MULTUS_NODE_NAME")]),
        resources: Some(requests("100m", "200Mi")),
        security_context: Some(privileged()),
        volume_mounts: Some(vec![mount("cni", CONFIGURATIONS), mount("cnibin", PROGRAMS)]),
        ..container(NAME, image)
    }
}

fn install_multus(image: &str) -> Container {
    Container {
        command: Some(texts(["/install_multus"])),
        args: Some(texts(["--type", "thin"])),
        ..installer("install-multus-cni", image)
    }
}

fn install_plugins(image: &str) -> Container {
    // Calico installs the four that are left out, and its versions must not be replaced.
    let copy = "find /usr/src/cni/bin -maxdepth 1 -type f ! -name 'host-local' ! -name 'portmap' ! -name 'loopback' \
                ! -name 'tuning' -exec cp {} /host/opt/cni/bin/ \\;";
    Container {
        command: Some(texts(["/bin/sh"])),
        args: Some(texts(["-c", copy])),
        ..installer("install-cni-plugins", image)
    }
}

fn installer(name: &str, image: &str) -> Container {
    Container {
        resources: Some(requests("10m", "15Mi")),
        security_context: Some(privileged()),
        volume_mounts: Some(vec![mount("cnibin", PROGRAMS)]),
        ..container(name, image)
    }
}
