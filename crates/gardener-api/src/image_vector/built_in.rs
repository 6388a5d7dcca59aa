//! The images this extension is built for.

/// Name, repository and tag; `cni-plugins` is released with this extension and takes its version as tag.
pub(super) const IMAGES: [(&str, &str, Option<&str>); 9] = [
    ("calico-node", "quay.io/calico/node", Some(CALICO)),
    ("calico-cni", "quay.io/calico/cni", Some(CALICO)),
    ("calico-typha", "quay.io/calico/typha", Some(CALICO)),
    ("calico-kube-controllers", "quay.io/calico/kube-controllers", Some(CALICO)),
    ("calico-cpa", "registry.k8s.io/cpa/cluster-proportional-autoscaler", Some("v1.10.3")),
    ("calico-cpva", "registry.k8s.io/cpa/cpvpa", Some("v0.8.10")),
    ("bird-exporter", "ghcr.io/czerwonk/bird_exporter", Some("v1.5.0")),
    ("multus-cni", "ghcr.io/k8snetworkplumbingwg/multus-cni", Some("v4.3.0")),
    (
        RELEASED_WITH_THE_EXTENSION,
        "europe-docker.pkg.dev/gardener-project/releases/gardener/extensions/cni-plugins",
        None,
    ),
];

/// The image that is asked for without a Kubernetes version.
pub(super) const RELEASED_WITH_THE_EXTENSION: &str = "cni-plugins";

const CALICO: &str = "v3.31.6";
