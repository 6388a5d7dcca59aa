//! A living seed in the place of a dump, read with the readers of the controller. Nothing is written.

use std::path::Path;

use adapter_k8s::client::ApiClient;
use adapter_k8s::decide::DecideError;
use adapter_k8s::facts::{network, shoot};
use adapter_k8s::read;
use adapter_k8s::read::bundle::{LiveBundle, LiveSecret};
use adapter_k8s::read::cluster::ClusterError;
use adapter_k8s::shoot_access::ShootAccess;
use calico_policy::resolve::ResolveError;
use gardener_api::network::Network;
use gardener_api::validation::{ErrorKind, FieldError};

use super::{Answer, Item, ItemError, ItemErrorKind, Options};
use crate::commands::seed::{self, Pace, about};
use crate::controller::evidence::{self, Question};
use crate::diagnostics::Diagnostic;
use crate::dump::{Dump, Kind, Located, Place};

/// Which Network of which seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    /// Leads to the seed.
    pub(super) kubeconfig: &'a Path,
    /// `NAMESPACE/NAME`.
    pub(super) network: &'a str,
}

/// Reads and decides. The dump that comes with the answer holds the bundle last written, as far as it could be read.
///
/// # Errors
/// Where the seed cannot be asked, or has no such Network.
pub(super) fn read(target: Target<'_>, options: &Options) -> Result<(Dump, Vec<Item>), Diagnostic> {
    seed::block_on(target.kubeconfig, async {
        let seed = seed::connect(target.kubeconfig, Pace::One).await?;
        let network = seed::network(&seed, target.network).await?.object;
        let mut dump = Dump::default();
        let answer = answer(&seed, &seed::shoots(&seed), options, &network).await.map(|(answer, bundle)| {
            keep(&mut dump, &bundle);
            answer
        });
        let (namespace, name) = (network.metadata.namespace, network.metadata.name);
        Ok((dump, vec![Item { namespace, name, answer: answer.map(Box::new) }]))
    })?
}

/// The answer for one Network of the seed, and the bundle last written. No connection to its shoot is kept.
///
/// # Errors
/// [`ItemError`].
pub(in crate::commands) async fn answer(
    seed: &ApiClient,
    shoots: &ShootAccess,
    options: &Options,
    network: &Network,
) -> Result<(Answer, LiveBundle), ItemError> {
    let namespace = network.metadata.namespace.as_str();
    let target = Name { namespace, name: &network.metadata.name };
    let mut network = network::facts(network).map_err(|error| invalid(target, error))?;
    let assumed = options.assumption.apply(&mut network);
    let shoot = read::cluster::shoot(seed, namespace).await.map_err(|error| {
        let kind = match &error {
            ClusterError::Read(error) if !error.is_absent() => ItemErrorKind::Unreadable,
            ClusterError::Read(_) | ClusterError::NoShoot(_) => ItemErrorKind::ClusterNotFound,
        };
        target.error("metadata.namespace", kind, error.to_string())
    })?;
    let shoot = shoot::facts(&shoot).map_err(|error| {
        let text =
            std::error::Error::source(&error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        let path = format!("spec.shoot.{}", error.path());
        target.error(&path, ItemErrorKind::Field(ErrorKind::Invalid), text)
    })?;
    let question = Question {
        namespace,
        configuration: &options.configuration,
        images: &options.image_vector,
        network: &network,
        shoot: &shoot,
        unobserved_guard: options.unobserved_guard,
        now: options.now,
    };
    let mut look = evidence::from_seed(seed, question, None).await.map_err(|error| undecided(target, &error))?;
    if evidence::depends_on_shoot(&look, &shoot) {
        let asked = evidence::from_shoot(shoots, question, look, None).await;
        shoots.forget(namespace);
        look = asked.map_err(|error| undecided(target, &error))?;
    }
    Ok((Answer { decided: look.decided, network, shoot, assumed }, look.bundle))
}

/// What `diff` compares with.
fn keep(dump: &mut Dump, bundle: &LiveBundle) {
    let place = |kind| Place { file: 0, document: 0, item: Box::default(), kind };
    if let Some(live) = bundle.known() {
        let value = live.slice.clone();
        dump.objects.managed_resources.push(Located { value, place: place(Kind::ManagedResource) });
    }
    for secret in bundle.secrets.values() {
        if let LiveSecret::Whole { slice, .. } = secret {
            dump.objects.secrets.push(Located { value: slice.clone(), place: place(Kind::Secret) });
        }
    }
}

/// The Network that is spoken about.
#[derive(Clone, Copy)]
struct Name<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl Name<'_> {
    fn about(self, text: String) -> Diagnostic {
        about(&format!("{}/{}", self.namespace, self.name), text)
    }

    fn error(self, path: &str, kind: ItemErrorKind, text: String) -> ItemError {
        let diagnostics = vec![Diagnostic { path: path.to_owned(), ..self.about(text.clone()) }];
        ItemError { path: path.to_owned(), kind, text, diagnostics }
    }
}

fn invalid(target: Name<'_>, network::NetworkError(errors): network::NetworkError) -> ItemError {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let text = match texts.as_slice() {
        [text] => text.clone(),
        texts => format!("[{}]", texts.join(", ")),
    };
    let diagnostic = |error: &FieldError| {
        let text = error.to_string();
        let text = text.strip_prefix(&format!("{}: ", error.path)).unwrap_or(&text).to_owned();
        Diagnostic { path: error.path.clone(), ..target.about(text) }
    };
    ItemError {
        path: errors.first().map(|error| error.path.clone()).unwrap_or_default(),
        kind: ItemErrorKind::Field(errors.first().map_or(ErrorKind::Invalid, |error| error.kind)),
        text,
        diagnostics: errors.iter().map(diagnostic).collect(),
    }
}

fn undecided(target: Name<'_>, error: &DecideError) -> ItemError {
    let (path, kind) = match error {
        DecideError::Image(_) => ("", ItemErrorKind::ImageNotFound),
        DecideError::Resolve(ResolveError::Ipv6PodCidrUnknown) => {
            ("spec.shoot.status.networking.pods", ItemErrorKind::Field(ErrorKind::Required))
        }
        DecideError::Resolve(ResolveError::KubeProxyDisabledWithoutEbpf) => {
            ("spec.shoot.spec.kubernetes.kubeProxy.enabled", ItemErrorKind::Field(ErrorKind::Forbidden))
        }
        DecideError::Render(_) => ("", ItemErrorKind::Internal),
    };
    target.error(path, kind, error.to_string())
}
