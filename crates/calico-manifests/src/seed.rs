//! What stays in the seed: the monitoring objects in the shoot's namespace there.
//!
//! Gardener runs a Prometheus and a Plutono per shoot. A `ScrapeConfig` tells the first what to scrape, a ConfigMap with
//! a certain label gives the second its dashboards. The Services that lead to Calico's metrics are in the shoot and no
//! part of this module.

pub mod dashboards;
mod scrape_config;
#[cfg(test)]
mod tests;

use calico_policy::dataplane::Dataplane;
use calico_policy::privilege::NodePrivilege;

use crate::object::{ObjectKey, Objects, RenderError};

/// What the objects of the seed depend on. Ports are not among it: the jobs find them by the name of the container port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The shoot's namespace in the seed.
    pub namespace: String,
    /// Whether there are metrics of BIRD.
    pub bird_exporter: BirdExporter,
}

/// The sidecar of calico-node that turns BIRD's state into metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BirdExporter {
    /// Not deployed, so there is nothing to scrape.
    Absent,
    /// Deployed.
    Present,
}

impl BirdExporter {
    /// Asked for, and not left out because a non-privileged calico-node has no access to BIRD's socket.
    #[must_use]
    pub const fn of(dataplane: &Dataplane) -> Self {
        match dataplane.privilege {
            NodePrivilege::Privileged(_) if dataplane.bird_exporter => Self::Present,
            NodePrivilege::Privileged(_) | NodePrivilege::NonPrivileged => Self::Absent,
        }
    }
}

/// The objects that belong into the shoot's namespace in the seed.
///
/// The dashboard of BIRD is there without the exporter, too: it says then why it is empty.
///
/// # Errors
/// [`RenderError`]: a defect of this crate.
pub fn render(seed: &Seed) -> Result<Objects, RenderError> {
    let Seed { namespace, bird_exporter } = seed;
    let mut objects = Objects::default();
    objects.add(&dashboards::config_map(namespace))?;
    objects.add(&scrape_config::FELIX.scrape_config(namespace))?;
    objects.add(&scrape_config::TYPHA.scrape_config(namespace))?;
    match bird_exporter {
        BirdExporter::Present => objects.add(&scrape_config::BIRD.scrape_config(namespace))?,
        BirdExporter::Absent => {}
    }
    Ok(objects)
}

/// Everything that this extension, or the Go extension before it, may have put there.
///
/// What is here and not among the objects of [`render`] must be deleted, on every reconcile and not only with the shoot:
/// an exporter that was switched off leaves a `ScrapeConfig` behind otherwise.
#[must_use]
pub fn keys(namespace: &str) -> [ObjectKey; 5] {
    let config_map = |name: &str| ObjectKey {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    };
    [
        config_map(dashboards::CONFIG_MAP),
        // Of releases before the Prometheus operator; nobody makes it any more.
        config_map("calico-monitoring-config"),
        scrape_config::BIRD.key(namespace),
        scrape_config::FELIX.key(namespace),
        scrape_config::TYPHA.key(namespace),
    ]
}
