//! Small parts of pods that several components share.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapKeySelector, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource, ExecAction,
    HostPathVolumeSource, ObjectFieldSelector, Probe, ResourceRequirements, SeccompProfile, SecurityContext,
    Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::plan::ResourceRequests;

/// A variable with a literal value.
pub(crate) fn variable(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), ..EnvVar::default() }
}

/// A variable from a ConfigMap.
pub(crate) fn variable_of_config_map(name: &str, config_map: &str, key: &str) -> EnvVar {
    let selector = ConfigMapKeySelector { key: key.to_owned(), name: config_map.to_owned(), optional: None };
    variable_from(name, EnvVarSource { config_map_key_ref: Some(selector), ..EnvVarSource::default() })
}

/// A variable with the name of the node that the pod runs on.
pub(crate) fn variable_of_node_name(name: &str) -> EnvVar {
    let selector = ObjectFieldSelector { field_path: "spec.nodeName".to_owned(), ..ObjectFieldSelector::default() };
    variable_from(name, EnvVarSource { field_ref: Some(selector), ..EnvVarSource::default() })
}

fn variable_from(name: &str, source: EnvVarSource) -> EnvVar {
    EnvVar { name: name.to_owned(), value_from: Some(source), ..EnvVar::default() }
}

/// A container with nothing but name and image.
pub(crate) fn container(name: &str, image: &str) -> Container {
    Container { name: name.to_owned(), image: Some(image.to_owned()), ..Container::default() }
}

/// A list of texts.
pub(crate) fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    items.into_iter().map(str::to_owned).collect()
}

/// A named TCP port of a container.
pub(crate) fn tcp_port(name: &str, port: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: port,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// Requests only: no component of Calico has limits.
pub(crate) fn requests(cpu: &str, memory: &str) -> ResourceRequirements {
    let quantities = [("cpu", cpu), ("memory", memory)];
    let requests = quantities.map(|(resource, text)| (resource.to_owned(), Quantity(text.to_owned())));
    ResourceRequirements { requests: Some(BTreeMap::from(requests)), ..ResourceRequirements::default() }
}

/// What is asked for, or else the given amounts.
pub(crate) fn requests_or(wanted: &ResourceRequests, cpu: &str, memory: &str) -> ResourceRequirements {
    let ResourceRequests { cpu: wanted_cpu, memory: wanted_memory } = wanted;
    requests(wanted_cpu.as_deref().unwrap_or(cpu), wanted_memory.as_deref().unwrap_or(memory))
}

/// May do everything on the node.
pub(crate) fn privileged() -> SecurityContext {
    SecurityContext { privileged: Some(true), ..SecurityContext::default() }
}

/// May not gain privileges.
pub(crate) fn no_escalation() -> SecurityContext {
    SecurityContext { allow_privilege_escalation: Some(false), ..SecurityContext::default() }
}

/// The system call filter of the container runtime.
pub(crate) fn runtime_default_seccomp() -> SeccompProfile {
    SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }
}

/// Runs a command in the container.
pub(crate) fn exec_probe<'a>(command: impl IntoIterator<Item = &'a str>) -> Probe {
    Probe { exec: Some(ExecAction { command: Some(texts(command)) }), ..Probe::default() }
}

/// Tolerates every taint of this effect.
pub(crate) fn tolerates(effect: &str) -> Toleration {
    Toleration { effect: Some(effect.to_owned()), operator: Some("Exists".to_owned()), ..Toleration::default() }
}

/// Tolerates whatever keeps pods off a node or drives them away.
pub(crate) fn tolerates_everything() -> Vec<Toleration> {
    vec![tolerates("NoSchedule"), tolerates("NoExecute")]
}

/// Who creates a host path that is not there.
#[derive(Clone, Copy)]
pub(crate) enum HostPath {
    /// Nobody checks.
    Unchecked,
    /// It must be a directory.
    Directory,
    /// kubelet creates a directory.
    DirectoryOrCreate,
    /// kubelet creates a file.
    FileOrCreate,
}

/// A path of the node.
pub(crate) fn host_path(name: &str, path: &str, kind: HostPath) -> Volume {
    let type_ = match kind {
        HostPath::Unchecked => None,
        HostPath::Directory => Some("Directory"),
        HostPath::DirectoryOrCreate => Some("DirectoryOrCreate"),
        HostPath::FileOrCreate => Some("FileOrCreate"),
    };
    let source = HostPathVolumeSource { path: path.to_owned(), type_: type_.map(str::to_owned) };
    Volume { name: name.to_owned(), host_path: Some(source), ..Volume::default() }
}

/// The keys of a ConfigMap as files.
pub(crate) fn config_map_volume(name: &str, config_map: &str) -> Volume {
    let source = ConfigMapVolumeSource { name: config_map.to_owned(), ..ConfigMapVolumeSource::default() };
    Volume { name: name.to_owned(), config_map: Some(source), ..Volume::default() }
}

/// A mount that does not say whether it may be written.
pub(crate) fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

/// A mount that may only be read.
pub(crate) fn read_only_mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { read_only: Some(true), ..mount(name, path) }
}

/// A mount that says that it may be written.
pub(crate) fn writable_mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { read_only: Some(false), ..mount(name, path) }
}
