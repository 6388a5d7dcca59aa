//! `networking-calico run` as the Go extension is started, with five workers.

use super::seed::Seed;
use crate::process::{Folder, Process};

const CONFIG: &str = "apiVersion: calico.networking.extensions.config.gardener.cloud/v1alpha1
kind: ControllerConfiguration
clientConnection: {qps: 100000, burst: 100000}
";

/// Starts it, and waits until it is ready.
pub(crate) async fn start(seed: &Seed) -> Process {
    start_with(seed, "").await
}

/// The same with more in its configuration.
pub(crate) async fn start_with(seed: &Seed, configuration: &str) -> Process {
    let folder = Folder::new();
    let kubeconfig = folder.write("kubeconfig", &seed.kubeconfig());
    let config = folder.write("config.yaml", &format!("{CONFIG}{configuration}"));
    let arguments = [
        "run".to_owned(),
        format!("--config-file={}", config.display()),
        format!("--kubeconfig={}", kubeconfig.display()),
        "--heartbeat-namespace=garden".to_owned(),
        "--max-concurrent-reconciles=5".to_owned(),
    ];
    Process::start(folder, &arguments).await
}
