//! A living seed in the place of a dump, read with the readers of the controller. Nothing is written.

use std::path::Path;
use std::sync::Arc;

use adapter_k8s::client::{ApiClient, RateLimit, Unobserved};
use adapter_k8s::connect::{self, Source};
use adapter_k8s::decide::DecideError;
use adapter_k8s::facts::{network, shoot};
use adapter_k8s::read::bundle::{LiveBundle, LiveSecret};
use adapter_k8s::read::cluster::ClusterError;
use adapter_k8s::read::{self, network::LiveNetwork};
use adapter_k8s::shoot_access::{Address, ShootAccess};
use calico_policy::resolve::ResolveError;
use gardener_api::cluster::Shoot;
use gardener_api::validation::{ErrorKind, FieldError};

use super::{Answer, Item, ItemError, ItemErrorKind, Options};
use crate::controller::evidence::{self, Question};
use crate::diagnostics::Diagnostic;
use crate::dump::{Dump, Kind, Located, Place};

/// Requests per second, and at once, of a person who looks.
const RATE: (f32, u32) = (20.0, 40);

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
    let about = |text: String| about(target, text);
    let (namespace, name) = target
        .network
        .split_once('/')
        .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
        .ok_or_else(|| about(format!("`--network {}`: expected NAMESPACE/NAME", target.network)))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| about(format!("start the runtime: {error}")))?;
    runtime.block_on(async {
        let seed = connect(target.kubeconfig).await.map_err(about)?;
        let found = read::network::network(&seed, namespace, name).await.map_err(|error| about(error.to_string()))?;
        let live = found.ok_or_else(|| about(format!("there is no Network `{}`", target.network)))?;
        let shoot = match read::cluster::shoot(&seed, namespace).await {
            Ok(shoot) => Ok(shoot),
            Err(ClusterError::Read(error)) if !error.is_absent() => return Err(about(error.to_string())),
            Err(error) => Err(error),
        };
        // From outside of the seed only the external address of a shoot can be reached.
        let shoots = ShootAccess::new(seed.clone(), Address::ExternalFirst, Arc::new(Unobserved));
        let mut dump = Dump::default();
        let answer = answer(target, &seed, &shoots, options, &live, shoot, &mut dump).await;
        let item = Item { namespace: namespace.to_owned(), name: name.to_owned(), answer: answer.map(Box::new) };
        Ok((dump, vec![item]))
    })
}

async fn connect(kubeconfig: &Path) -> Result<ApiClient, String> {
    let source = Source { kubeconfig: Some(kubeconfig.to_owned()), master: None };
    let chain = |error: &dyn std::error::Error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let configuration = connect::configuration(&source).await.map_err(|error| chain(&error))?;
    let (qps, burst) = RATE;
    ApiClient::connect(configuration, RateLimit::new(qps, burst), Arc::new(Unobserved)).map_err(|error| chain(&error))
}

async fn answer(
    target: Target<'_>,
    seed: &ApiClient,
    shoots: &ShootAccess,
    options: &Options,
    live: &LiveNetwork,
    shoot: Result<Shoot, ClusterError>,
    dump: &mut Dump,
) -> Result<Answer, ItemError> {
    let namespace = live.object.metadata.namespace.as_str();
    let network = network::facts(&live.object).map_err(|error| invalid(target, error))?;
    let shoot = shoot
        .map_err(|error| item_error(target, "metadata.namespace", ItemErrorKind::ClusterNotFound, error.to_string()))?;
    let shoot = shoot::facts(&shoot).map_err(|error| {
        let text =
            std::error::Error::source(&error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        let path = format!("spec.shoot.{}", error.path());
        item_error(target, &path, ItemErrorKind::Field(ErrorKind::Invalid), text)
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
        look = evidence::from_shoot(shoots, question, look, None).await.map_err(|error| undecided(target, &error))?;
    }
    keep(dump, &look.bundle);
    Ok(Answer { decided: look.decided, network, shoot })
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

fn invalid(target: Target<'_>, network::NetworkError(errors): network::NetworkError) -> ItemError {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let text = match texts.as_slice() {
        [text] => text.clone(),
        texts => format!("[{}]", texts.join(", ")),
    };
    let diagnostic = |error: &FieldError| {
        let text = error.to_string();
        let text = text.strip_prefix(&format!("{}: ", error.path)).unwrap_or(&text).to_owned();
        Diagnostic { path: error.path.clone(), ..about(target, text) }
    };
    ItemError {
        path: errors.first().map(|error| error.path.clone()).unwrap_or_default(),
        kind: ItemErrorKind::Field(errors.first().map_or(ErrorKind::Invalid, |error| error.kind)),
        text,
        diagnostics: errors.iter().map(diagnostic).collect(),
    }
}

fn undecided(target: Target<'_>, error: &DecideError) -> ItemError {
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
    item_error(target, path, kind, error.to_string())
}

fn item_error(target: Target<'_>, path: &str, kind: ItemErrorKind, text: String) -> ItemError {
    let diagnostics = vec![Diagnostic { path: path.to_owned(), ..about(target, text.clone()) }];
    ItemError { path: path.to_owned(), kind, text, diagnostics }
}

fn about(target: Target<'_>, text: String) -> Diagnostic {
    Diagnostic { file: target.network.to_owned(), position: None, path: String::new(), text, excerpt: None }
}
