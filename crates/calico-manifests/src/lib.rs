//! Pure renderer of the Kubernetes objects that run Calico in a shoot.
//!
//! [`render`] turns a [`Plan`] into [`Objects`], one module per component. No I/O, no clock, no randomness: equal input gives
//! equal bytes on every platform.

mod access;
mod autoscaling;
mod checksum;
mod cni;
pub mod commands;
pub mod definitions;
pub mod guard;
mod ip_pools;
mod kube_controllers;
mod monitoring;
mod multus;
mod names;
mod node;
mod object;
mod plan;
mod pods;
pub mod scripts;
pub mod seed;
mod tiers;
mod typha;
pub mod yaml;

pub use object::{ObjectKey, Objects, RenderError};
pub use plan::{Images, Networks, Plan, Requests, ResourceRequests, VerticalPodAutoscaling};

/// Every object of the bundle but the custom resource definitions, which are the same for every shoot
/// ([`definitions`]).
///
/// # Errors
/// [`RenderError`]: a defect of this crate.
pub fn render(plan: &Plan) -> Result<Objects, RenderError> {
    let Plan { dataplane, images, calico_version: _, networks, requests, vertical_pod_autoscaling } = plan;
    let mut objects = Objects::default();
    node::add(&mut objects, plan)?;
    cni::add(&mut objects, dataplane)?;
    ip_pools::add(&mut objects, dataplane, networks)?;
    typha::add(&mut objects, dataplane, images, &requests.typha)?;
    if dataplane.kube_controllers {
        kube_controllers::add(&mut objects, &images.calico_kube_controllers)?;
    }
    autoscaling::add(&mut objects, dataplane, images, requests, *vertical_pod_autoscaling)?;
    multus::add(&mut objects, dataplane.multus, images)?;
    monitoring::add(&mut objects, dataplane.bird_exporter)?;
    tiers::add(&mut objects)?;
    Ok(objects)
}
