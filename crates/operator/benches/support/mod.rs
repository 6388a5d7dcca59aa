//! Nodes, and dumps of any size as kubectl prints them, the same for the same numbers.

use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value, json};

use serde::Serialize;

/// The nodes of a shoot as `kubectl get nodes -o json` prints them: about 16 KB each, most of it the list of images.
pub(crate) fn nodes_json(count: usize) -> String {
    let mut text = Vec::with_capacity(count * 17_000 + 1_000);
    text.extend_from_slice(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
    for index in 0..count {
        text.extend_from_slice(if index == 0 { b"\n        " } else { b",\n        " });
        let start = text.len();
        node(index)
            .serialize(&mut Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    ")))
            .unwrap();
        // An item of a list is two levels deeper than an object of its own.
        let deeper = String::from_utf8(text.split_off(start)).unwrap().replace('\n', "\n        ");
        text.extend_from_slice(deeper.as_bytes());
    }
    text.extend_from_slice(
        b"\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n",
    );
    String::from_utf8(text).unwrap()
}

/// The same as `kubectl get nodes -o yaml` prints them.
pub(crate) fn nodes_yaml(count: usize) -> String {
    let mut text = String::from("apiVersion: v1\nitems:\n");
    for index in 0..count {
        let yaml = serde_saphyr::to_string(&node(index)).unwrap();
        for (number, line) in yaml.lines().enumerate() {
            text.push_str(if number == 0 { "- " } else { "  " });
            text.push_str(line);
            text.push('\n');
        }
    }
    text.push_str("kind: List\nmetadata:\n  resourceVersion: \"\"\n");
    text
}

/// Every node has its route, except each thousandth, whose condition calico-node wrote.
pub(crate) fn node(index: usize) -> Value {
    let name = format!("shoot--bench--large-worker-{}-z{}-{index:05x}", index % 7, index % 3 + 1);
    let (high, low) = (index / 256, index % 256);
    let network = if index % 1000 == 999 {
        condition("NetworkUnavailable", "False", "CalicoIsUp", "Calico is running on this node", index)
    } else {
        condition("NetworkUnavailable", "False", "RouteCreated", "RouteController created a route", index)
    };
    let mut conditions = vec![network];
    for (kind, reason, message) in PROBLEMS {
        conditions.push(condition(kind, "False", reason, message, index));
    }
    conditions.push(condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", index));
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "annotations": {
                "checksum/cloud-config-data": digest(index, 7),
                "csi.volume.kubernetes.io/nodeid": format!("{{\"disk.example.org\":\"{name}\"}}"),
                "node.alpha.kubernetes.io/ttl": "0",
                "node.machine.sapcloud.io/last-applied-anno-labels-taints": "{\"metadata\":{\"labels\":{\"worker\":\"a\"}},\"spec\":{}}",
                "projectcalico.org/IPv4Address": format!("10.{}.{high}.{low}/16", 250),
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
            "creationTimestamp": "2026-11-02T07:12:31Z",
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m5.4xlarge",
                "node.kubernetes.io/role": "node",
                "topology.kubernetes.io/region": "eu-west-1",
                "topology.kubernetes.io/zone": format!("eu-west-1{}", ["a", "b", "c"][index % 3]),
                "worker.gardener.cloud/kubernetes-version": "1.36.2",
                "worker.gardener.cloud/pool": format!("worker-{}", index % 7),
            },
            "name": name,
            "resourceVersion": (100_000 + index).to_string(),
            "uid": format!("{index:08x}-0000-4000-8000-{index:012x}"),
        },
        "spec": {
            "podCIDR": format!("100.{}.{}.0/24", 64 + high, low),
            "podCIDRs": [format!("100.{}.{}.0/24", 64 + high, low)],
            "providerID": format!("aws:///eu-west-1/i-{index:017x}"),
        },
        "status": {
            "addresses": [
                {"address": format!("10.250.{high}.{low}"), "type": "InternalIP"},
                {"address": name, "type": "InternalDNS"},
                {"address": name, "type": "Hostname"},
            ],
            "allocatable": capacity("15890m"),
            "capacity": capacity("16"),
            "conditions": conditions,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "images": (0..15).map(|image| json!({
                "names": [
                    format!("registry.example.org/releases/landscape/component-{image}@sha256:{}", digest(image, 0)),
                    format!("registry.example.org/releases/landscape/component-{image}:v1.{image}.0"),
                ],
                "sizeBytes": 10_000_000 + image * 123_457,
            })).collect::<Vec<_>>(),
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": format!("{index:08x}-1111-4000-8000-{index:012x}"),
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.40-cloud-amd64",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.2",
                "machineID": digest(index, 3)[..32].to_owned(),
                "operatingSystem": "linux",
                "osImage": "Garden Linux 1877.5",
                "systemUUID": format!("{index:08x}-2222-4000-8000-{index:012x}"),
            },
            "volumesAttached": (0..6).map(|volume| json!({
                "devicePath": "",
                "name": format!("kubernetes.io/csi/disk.example.org^vol-{index:08x}{volume:09x}"),
            })).collect::<Vec<_>>(),
            "volumesInUse": (0..6).map(|volume| format!("kubernetes.io/csi/disk.example.org^vol-{index:08x}{volume:09x}"))
                .collect::<Vec<_>>(),
        },
    })
}

const PROBLEMS: [(&str, &str, &str); 12] = [
    ("ClusterNetworkProblem", "NoNetworkProblems", "no cluster network problems"),
    ("HostNetworkProblem", "NoNetworkProblems", "no host network problems"),
    ("KernelDeadlock", "KernelHasNoDeadlock", "kernel has no deadlock"),
    ("ReadonlyFilesystem", "FilesystemIsNotReadOnly", "Filesystem is not read-only"),
    ("CorruptDockerOverlay2", "NoCorruptDockerOverlay2", "docker overlay2 is functioning properly"),
    ("FrequentKubeletRestart", "NoFrequentKubeletRestart", "kubelet is functioning properly"),
    ("FrequentContainerdRestart", "NoFrequentContainerdRestart", "containerd is functioning properly"),
    ("FrequentDockerRestart", "NoFrequentDockerRestart", "docker is functioning properly"),
    ("FrequentUnregisterNetDevice", "NoFrequentUnregisterNetDevice", "node is functioning properly"),
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
];

fn condition(kind: &str, status: &str, reason: &str, message: &str, index: usize) -> Value {
    json!({
        "lastHeartbeatTime": format!("2026-11-23T09:58:{:02}Z", index % 60),
        "lastTransitionTime": "2026-11-02T07:12:40Z",
        "message": message,
        "reason": reason,
        "status": status,
        "type": kind,
    })
}

fn capacity(cpu: &str) -> Value {
    json!({
        "cpu": cpu,
        "ephemeral-storage": "50350276Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": "64803Mi",
        "pods": "110",
    })
}

/// Looks like a digest and is one number spread out.
fn digest(number: usize, salt: usize) -> String {
    let mut state = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (salt as u64) << 32;
    let mut text = String::with_capacity(64);
    while text.len() < 64 {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        text.push_str(&format!("{:08x}", state >> 32));
    }
    text
}
