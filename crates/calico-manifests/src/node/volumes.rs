//! What calico-node sees of its node's files.
//!
//! Without privileges whole directories are mounted where the privileged mode mounts Calico's own below them: the files of
//! another user than root must be reachable. `docs/non-privileged.md` warns about it.

use calico_policy::dataplane::Dataplane;
use calico_policy::privilege::NodePrivilege;
use k8s_openapi::api::core::v1::{Volume, VolumeMount};

use crate::pods::{HostPath, host_path, mount, read_only_mount, writable_mount};

/// Configurations of CNI plugins.
pub(super) const CNI_CONFIGURATIONS: &str = "cni-net-dir";
/// Programs of CNI plugins.
pub(super) const CNI_PROGRAMS: &str = "cni-bin-dir";
/// Calico's sockets; in privileged mode only.
pub(super) const RUN_CALICO: &str = "var-run-calico";
/// Keeps programs that change the packet filter out of each other's way.
pub(super) const XTABLES_LOCK: &str = "xtables-lock";
/// The file systems of the kernel; with eBPF only.
pub(super) const KERNEL_FILES: &str = "sys-fs";
/// The processes of the node; with eBPF only.
pub(super) const NODE_PROCESSES: &str = "nodeproc";
/// The directories mounted whole without privileges.
pub(super) const WHOLE: [(&str, &str); 3] = [("var-run", "/var/run"), ("var-lib", "/var/lib"), ("var-log", "/var/log")];

/// Of the pod.
pub(super) fn volumes(dataplane: &Dataplane) -> Vec<Volume> {
    let mut volumes = vec![host_path("lib-modules", "/lib/modules", HostPath::Unchecked)];
    match dataplane.privilege {
        NodePrivilege::Privileged(_) => volumes.extend([
            host_path(RUN_CALICO, "/var/run/calico", HostPath::DirectoryOrCreate),
            host_path("var-lib-calico", "/var/lib/calico", HostPath::DirectoryOrCreate),
        ]),
        NodePrivilege::NonPrivileged => {
            volumes.extend(WHOLE.map(|(name, path)| host_path(name, path, HostPath::Unchecked)));
        }
    }
    volumes.push(host_path(XTABLES_LOCK, "/run/xtables.lock", HostPath::FileOrCreate));
    if dataplane.felix.bpf {
        volumes.extend([
            host_path(KERNEL_FILES, "/sys/fs/", HostPath::DirectoryOrCreate),
            host_path("bpffs", "/sys/fs/bpf", HostPath::Directory),
            host_path(NODE_PROCESSES, "/proc", HostPath::Unchecked),
        ]);
    }
    volumes.extend([
        host_path(CNI_PROGRAMS, "/opt/cni/bin", HostPath::DirectoryOrCreate),
        host_path(CNI_CONFIGURATIONS, "/etc/cni/net.d", HostPath::Unchecked),
        host_path("cni-log-dir", "/var/log/calico/cni", HostPath::Unchecked),
        host_path("policysync", "/var/run/nodeagent", HostPath::DirectoryOrCreate),
    ]);
    volumes
}

/// Of the container `calico-node`.
pub(super) fn mounts(dataplane: &Dataplane) -> Vec<VolumeMount> {
    let mut mounts = vec![
        writable_mount(CNI_CONFIGURATIONS, "/host/etc/cni/net.d"),
        read_only_mount("lib-modules", "/lib/modules"),
        writable_mount(XTABLES_LOCK, "/run/xtables.lock"),
    ];
    match dataplane.privilege {
        NodePrivilege::Privileged(_) => mounts.extend([
            writable_mount(RUN_CALICO, "/var/run/calico"),
            writable_mount("var-lib-calico", "/var/lib/calico"),
        ]),
        NodePrivilege::NonPrivileged => mounts.extend(WHOLE.map(|(name, path)| writable_mount(name, path))),
    }
    mounts.push(mount("policysync", "/var/run/nodeagent"));
    if dataplane.felix.bpf {
        mounts.push(mount("bpffs", "/sys/fs/bpf"));
    }
    mounts.push(read_only_mount("cni-log-dir", "/var/log/calico/cni"));
    mounts
}
