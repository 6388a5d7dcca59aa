//! From what was decided and read to what the renderer needs.

use calico_manifests::{Images, Networks, Plan, VerticalPodAutoscaling};
use calico_policy::dataplane::Dataplane;
use calico_policy::encapsulation::IpFamily;
use calico_policy::shoot::ShootFacts;
use calico_policy::version::{CalicoVersion, KubernetesVersion};
use gardener_api::image_vector::{Image, ImageVector, ImageVectorError};

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
    release_of(|name| images.find(name, version))
}

fn release_of(find: impl Fn(&str) -> Result<Image, ImageVectorError>) -> Result<Release, ImageVectorError> {
    let reference = |name| find(name).map(|image| image.reference());
    let calico_node = find("calico-node")?;
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

#[cfg(test)]
mod tests {
    use calico_manifests::commands;

    use super::*;

    const NAMES: [&str; 9] = [
        "calico-node",
        "calico-cni",
        "calico-typha",
        "calico-kube-controllers",
        "calico-cpa",
        "calico-cpva",
        "bird-exporter",
        "multus-cni",
        "cni-plugins",
    ];

    #[test]
    fn a_missing_image_is_an_error_that_names_it() {
        let vector = ImageVector::built_in("v0.1.0");
        for missing in NAMES {
            let find = |name: &str| vector.find(if name == missing { "nowhere" } else { name }, None);
            let error = release_of(find).unwrap_err();
            assert_eq!(
                (error.code(), error.to_string().as_str()),
                ("ImageNotFound", "no image `nowhere` in the image vector")
            );
        }
    }

    #[test]
    fn calico_node_of_no_release_is_asked_as_that_of_the_built_in_images() {
        let built_in = release(&ImageVector::built_in("v0.1.0"), KubernetesVersion::new(1, 36)).unwrap().calico_version;
        assert_eq!(commands::for_version(&CalicoVersion::NoTag), commands::for_version(&built_in));
    }

    #[test]
    fn the_release_is_that_of_calico_node() {
        let overwrite = serde_json::json!({"images": [
            {"name": "calico-node", "ref": "example.org/node:v3.30.1@sha256:01"},
            {"name": "calico-cni", "repository": "example.org/cni", "tag": "v3.29.0"},
        ]});
        let vector = ImageVector::built_in("v0.1.0").with_overwrite(overwrite).unwrap();
        let release = release(&vector, KubernetesVersion::new(1, 36)).unwrap();
        assert_eq!(release.calico_version, CalicoVersion::from_tag(Some("v3.30.1")));
        assert_eq!(release.images.calico_node, "example.org/node:v3.30.1@sha256:01");
        assert_eq!(release.images.calico_cni, "example.org/cni:v3.29.0");
        assert!(release.images.cni_plugins.ends_with("/cni-plugins:v0.1.0"));
    }
}
