//! From what was decided and read to what the renderer needs.

use calico_manifests::{Images, Networks, Plan, VerticalPodAutoscaling};
use calico_policy::dataplane::Dataplane;
use calico_policy::encapsulation::IpFamily;
use calico_policy::shoot::ShootFacts;
use calico_policy::version::{CalicoVersion, KubernetesVersion};
use gardener_api::image_vector::{ImageVector, ImageVectorError};

use crate::facts::network::NetworkFacts;

/// Everything that runs in a shoot of one Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The references.
    pub images: Images,
    /// The release of Calico, by the tag of `calico-node`.
    pub calico_version: CalicoVersion,
}

/// Looks up every image.
///
/// # Errors
/// [`ImageVectorError`] names the image that is missing. The landscape operator must complete the image vector.
pub fn release(images: &ImageVector, kubernetes: KubernetesVersion) -> Result<Release, ImageVectorError> {
    let version = Some((kubernetes.major, kubernetes.minor, kubernetes.patch));
    let reference = |name| images.find(name, version).map(|image| image.reference());
    let calico_node = images.find("calico-node", version)?;
    Ok(Release {
        calico_version: CalicoVersion::from_tag(calico_node.tag()),
        images: Images {
            calico_node: calico_node.reference(),
            calico_cni: reference("calico-cni")?,
            calico_typha: reference("calico-typha")?,
            calico_kube_controllers: reference("calico-kube-controllers")?,
            calico_cpa: reference("calico-cpa")?,
            calico_cpva: reference("calico-cpva")?,
            bird_exporter: reference("bird-exporter")?,
            multus_cni: reference("multus-cni")?,
            cni_plugins: reference("cni-plugins")?,
        },
    })
}

/// What is rendered for one shoot.
#[must_use]
pub fn plan(dataplane: Dataplane, network: &NetworkFacts, shoot: &ShootFacts, release: Release) -> Plan {
    let Release { images, calico_version } = release;
    let ipv4_nodes = shoot.node_cidrs.spec.as_ref().filter(|cidr| cidr.family == IpFamily::Ipv4);
    Plan {
        dataplane,
        images,
        calico_version,
        networks: Networks { pods: network.pod_cidr.clone(), ipv4_nodes: ipv4_nodes.map(|cidr| cidr.text.clone()) },
        requests: network.requests.clone(),
        vertical_pod_autoscaling: if shoot.vertical_pod_autoscaler {
            VerticalPodAutoscaling::Available
        } else {
            VerticalPodAutoscaling::Unavailable
        },
    }
}
