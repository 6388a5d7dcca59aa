//! What a bundle is rendered from: everything that is decided, and nothing that could still be looked up.

use calico_policy::dataplane::Dataplane;
use calico_policy::version::CalicoVersion;

/// The input of [`render`](crate::render).
///
/// There is no `Default`, and the renderer destructures it exhaustively: a new field is a compile error in every place that
/// must have an opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What Calico will do.
    pub dataplane: Dataplane,
    /// What runs.
    pub images: Images,
    /// The release of Calico behind [`Images::calico_node`], as far as its tag tells.
    pub calico_version: CalicoVersion,
    /// The networks of the shoot.
    pub networks: Networks,
    /// `autoScaling.resources` of the configuration.
    pub requests: Requests,
    /// Whether the shoot has vertical pod autoscaling.
    pub vertical_pod_autoscaling: VerticalPodAutoscaling,
}

/// Image references, ready for a container, by the names of the image vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// `calico-node`.
    pub calico_node: String,
    /// `calico-cni`.
    pub calico_cni: String,
    /// `calico-typha`.
    pub calico_typha: String,
    /// `calico-kube-controllers`.
    pub calico_kube_controllers: String,
    /// `calico-cpa`: the cluster-proportional autoscaler.
    pub calico_cpa: String,
    /// `calico-cpva`: the cluster-proportional vertical autoscaler.
    pub calico_cpva: String,
    /// `bird-exporter`.
    pub bird_exporter: String,
    /// `multus-cni`.
    pub multus_cni: String,
    /// `cni-plugins`.
    pub cni_plugins: String,
}

/// Networks of the shoot, as their texts were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks {
    /// `spec.podCIDR` of the Network.
    pub pods: String,
    /// `spec.networking.nodes` of the Shoot, if it is an IPv4 network.
    pub ipv4_nodes: Option<String>,
}

/// What the shoot owner asks for in `autoScaling.resources`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// `node`.
    pub node: ResourceRequests,
    /// `typha`.
    pub typha: ResourceRequests,
}

/// Quantities in the canonical form of Kubernetes; `None` where nothing is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRequests {
    /// `cpu`.
    pub cpu: Option<String>,
    /// `memory`.
    pub memory: Option<String>,
}

/// Whether the shoot has `VerticalPodAutoscaler` objects (`spec.kubernetes.verticalPodAutoscaler.enabled`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerticalPodAutoscaling {
    /// It has.
    Available,
    /// It has not.
    Unavailable,
}
