//! Why an operation failed, and what follows: text, Gardener's error codes, and when to try again.

use std::time::Duration;

use adapter_k8s::bundle::BundleError;
use adapter_k8s::client::{ApiError, Problem};
use adapter_k8s::decide::DecideError;
use adapter_k8s::facts::network::NetworkError;
use adapter_k8s::facts::shoot::ShootError;
use adapter_k8s::guard::GuardError;
use adapter_k8s::read::cluster::ClusterError;
use adapter_k8s::write::bundle::WriteError;
use adapter_k8s::write::deletion::DeletionErrors;
use adapter_k8s::write::monitoring::MonitoringError;
use calico_manifests::RenderError;
use calico_policy::resolve::ResolveError;

use super::{FailureKind, ReconcileError};

/// How soon to look again after an answer that was not up to date.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Gardener's codes for what is wrong with a shoot, as far as we give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The shoot owner must change the configuration. gardenlet does not try again by itself.
    ConfigurationProblem,
    /// Something that is not ours is not ready yet.
    RetryableInfraDependencies,
}

impl ErrorCode {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConfigurationProblem => "ERR_CONFIGURATION_PROBLEM",
            Self::RetryableInfraDependencies => "ERR_RETRYABLE_INFRA_DEPENDENCIES",
        }
    }
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The Network is wrong.
    #[error("{}: {}", subject(.0), list(.0))]
    Network(#[source] NetworkError),
    /// The Shoot is wrong.
    #[error("spec.shoot.{}: {}", .0.path(), chain(.0))]
    Shoot(#[source] ShootError),
    /// There is no Shoot.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is no decision.
    #[error("{}", decide(.0))]
    Decide(#[source] DecideError),
    /// The bundle cannot be rendered.
    #[error("render the bundle: {0}")]
    Render(#[from] RenderError),
    /// The bundle cannot be stored.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The guard was not deployed.
    #[error("deploy the guard: {0}")]
    Guard(#[from] GuardError),
    /// The monitoring objects are not as they should be.
    #[error("could not apply monitoring objects: {0}")]
    Monitoring(#[from] MonitoringError),
    /// Not everything could be deleted.
    #[error(transparent)]
    Deletion(#[from] DeletionErrors),
    /// What should go is still there.
    #[error("{0}")]
    StillThere(String),
    /// The object itself could not be written; its status says what it said before.
    #[error(transparent)]
    Own(ApiError),
    /// What was read is no longer so: it was asked for something else meanwhile, or the answer was an old one.
    #[error("{0} was read in an earlier state")]
    Outdated(&'static str),
    /// It took too long.
    #[error("it took longer than {} s", .0.as_secs())]
    TimedOut(Duration),
    /// A defect of ours.
    #[error("panic: {0}")]
    Panic(String),
}

impl Failure {
    /// Gardener's codes.
    #[must_use]
    pub fn codes(&self) -> &'static [ErrorCode] {
        match self {
            Self::Network(_)
            | Self::Shoot(_)
            | Self::Decide(DecideError::Image(_) | DecideError::Resolve(ResolveError::KubeProxyDisabledWithoutEbpf)) => {
                &[ErrorCode::ConfigurationProblem]
            }
            // The shoot's status will name the network soon.
            Self::Decide(DecideError::Resolve(ResolveError::Ipv6PodCidrUnknown) | DecideError::Render(_))
            | Self::Cluster(_)
            | Self::Render(_)
            | Self::Bundle(_)
            | Self::Write(_)
            | Self::Guard(_)
            | Self::Monitoring(_)
            | Self::Deletion(_)
            | Self::StillThere(_)
            | Self::Own(_)
            | Self::Outdated(_)
            | Self::TimedOut(_)
            | Self::Panic(_) => &[],
        }
    }

    /// Whether the status shall tell. Where the object could not be written, or this process no longer leads, it cannot. That
    /// somebody else was faster – gardener-resource-manager writes its status all the time – is nothing to tell: the next look is
    /// a moment away.
    #[must_use]
    pub fn is_told(&self) -> bool {
        let somebody_was_faster = self.requests().iter().any(|error| error.is_conflict());
        !matches!(self, Self::Own(_)) && !self.is_outdated() && !somebody_was_faster && !self.has_lost_leadership()
    }

    /// When to look again: when the API server wants to be asked again, or soon where what it said was not up to date; `None`
    /// where it does not say.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if self.is_outdated() {
            return Some(LOOK_AGAIN);
        }
        self.requests().iter().filter_map(|error| error.retry_after).max()
    }

    /// What the queue is told.
    #[must_use]
    pub fn into_error(self) -> ReconcileError {
        let kind = match &self {
            failure if failure.has_lost_leadership() => FailureKind::NotLeading,
            Self::TimedOut(_) => FailureKind::TimedOut,
            _ => FailureKind::Failed,
        };
        ReconcileError::new(kind, self)
    }

    /// Whether something that was read was not up to date, or is no longer, so that nothing was done on its word.
    fn is_outdated(&self) -> bool {
        use WriteError::{Nodes, NodesChanged, SecretChanged};
        matches!(self, Self::Outdated(_) | Self::Write(NodesChanged | Nodes(_) | SecretChanged))
    }

    fn has_lost_leadership(&self) -> bool {
        self.requests().iter().any(|error| matches!(error.problem, Problem::NotLeading(_)))
    }

    fn requests(&self) -> Vec<&ApiError> {
        match self {
            Self::Own(error)
            | Self::Cluster(ClusterError::Read(error))
            | Self::Write(WriteError::Request { source: error, .. }) => vec![error],
            Self::Monitoring(MonitoringError::Requests(errors)) | Self::Deletion(DeletionErrors(errors)) => {
                errors.iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

impl From<NetworkError> for Failure {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

impl From<ShootError> for Failure {
    fn from(error: ShootError) -> Self {
        Self::Shoot(error)
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Self {
        Self::Decide(error)
    }
}

fn subject(NetworkError(errors): &NetworkError) -> &'static str {
    if errors.iter().all(|error| error.path.starts_with("spec.providerConfig")) {
        "invalid network config"
    } else {
        "invalid network resource"
    }
}

/// As Kubernetes joins several errors of a form.
fn list(NetworkError(errors): &NetworkError) -> String {
    match errors.as_slice() {
        [error] => error.to_string(),
        errors => format!("[{}]", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn decide(error: &DecideError) -> String {
    match error {
        DecideError::Resolve(ResolveError::KubeProxyDisabledWithoutEbpf) => {
            format!("spec.kubernetes.kubeProxy.enabled: Forbidden: {error}")
        }
        error => chain(error),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
