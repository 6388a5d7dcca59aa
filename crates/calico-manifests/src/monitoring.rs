//! Services in the shoot through which the seed's Prometheus finds what to scrape.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::names::{APP, labels, namespaced};
use crate::object::{Objects, RenderError};
use crate::{node, typha};

/// Where Felix serves its metrics.
pub(crate) const FELIX_PORT: i32 = 9091;
/// Where Typha serves its metrics.
pub(crate) const TYPHA_PORT: i32 = 9093;
/// Where the bird-exporter serves BIRD's metrics.
pub(crate) const BIRD_PORT: i32 = 9094;

pub(crate) fn add(objects: &mut Objects, bird_exporter: bool) -> Result<(), RenderError> {
    objects.add(&service("calico-felix-monitoring", node::NAME, FELIX_PORT))?;
    objects.add(&service("calico-typha-monitoring", typha::APP_NAME, TYPHA_PORT))?;
    if bird_exporter {
        objects.add(&service("calico-bird-monitoring", node::NAME, BIRD_PORT))?;
    }
    Ok(())
}

fn service(name: &str, app: &str, port: i32) -> Service {
    let port = ServicePort { port, target_port: Some(IntOrString::Int(port)), ..ServicePort::default() };
    let spec = ServiceSpec { ports: Some(vec![port]), selector: Some(labels([(APP, app)])), ..ServiceSpec::default() };
    Service { metadata: namespaced(name), spec: Some(spec), ..Service::default() }
}
