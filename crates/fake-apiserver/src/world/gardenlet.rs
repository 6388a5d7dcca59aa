//! gardenlet, as a Network sees it: it asks for operations by annotation, overwrites the whole spec, and waits by its own rules
//! (gardener/gardener: pkg/extensions/customresources.go, pkg/utils/kubernetes/health/extensions.go).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::cluster::{number, text};
use super::{Clock, Cluster, kinds};

/// How patient it is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two looks.
    pub poll: Duration,
    /// How long an error is taken for one that passes.
    pub severe: Duration,
    /// How long it waits at all.
    pub timeout: Duration,
}

/// gardenlet for one Network.
#[derive(Clone, Debug)]
pub struct Gardenlet {
    seed: Cluster,
    namespace: String,
    name: String,
    patience: Patience,
    clock: Clock,
}

/// Why a Network is not as gardenlet wants it; the first reason in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// There is no such object.
    NotFound,
    /// The object is not yet the one that was written.
    OldTimestamp,
    /// `status.lastError` says why.
    Error(String),
    /// `status.observedGeneration` is behind.
    OldGeneration,
    /// The operation annotation is still there; this is its value.
    OperationPending(String),
    /// `status.lastOperation` is not there, or in this state.
    LastOperation(String),
    /// `status.lastOperation.lastUpdateTime` is before the request.
    OldStatus,
    /// The object is still there.
    StillThere,
}

/// Why the wait ended without success.
#[derive(Debug)]
pub enum WaitError {
    /// An error has lasted too long: the operation on the shoot is aborted.
    GaveUp(NotReady),
    /// The time is over.
    TimedOut(NotReady),
    /// A request failed.
    Request(kube::Error),
}

const OPERATION: &str = "gardener.cloud/operation";
const TIMESTAMP: &str = "gardener.cloud/timestamp";
const DELETION: &str = "confirmation.gardener.cloud/deletion";

impl Default for Patience {
    fn default() -> Self {
        Self { poll: Duration::from_secs(5), severe: Duration::from_secs(30), timeout: Duration::from_secs(180) }
    }
}

impl Gardenlet {
    /// gardenlet for the Network of that name.
    pub fn new(seed: Cluster, namespace: &str, name: &str, patience: Patience, clock: Clock) -> Self {
        Self { seed, namespace: namespace.to_owned(), name: name.to_owned(), patience, clock }
    }

    /// Creates the Network, or overwrites its spec, and asks for a reconcile.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn deploy(&self, spec: &Value) -> Result<Value, kube::Error> {
        self.write(spec, "reconcile").await
    }

    /// Creates the Network on a new seed, gives it the state of the old one and asks for a restore.
    ///
    /// # Errors
    /// As a request fails.
    pub async fn restore(&self, spec: &Value, state: Option<&Value>) -> Result<Value, kube::Error> {
        let written = self.write(spec, "wait-for-state").await?;
        if let (Some(state), None) = (state, written.pointer("/status/state")) {
            let status = json!({"state": state});
            self.seed.merge_status(&kinds::NETWORK, &self.namespace, &self.name, &status).await?;
        }
        self.annotate(&[(OPERATION, "restore")]).await
    }

    /// Asks for everything of the old seed to be let go of.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn migrate(&self) -> Result<Value, kube::Error> {
        self.annotate(&[(OPERATION, "migrate")]).await
    }

    /// Confirms the deletion and asks for it.
    ///
    /// # Errors
    /// As a request fails.
    pub async fn delete(&self) -> Result<(), kube::Error> {
        self.annotate(&[(DELETION, "true")]).await?;
        self.seed.delete(&kinds::NETWORK, &self.namespace, &self.name).await
    }

    /// The Network as it is.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn network(&self) -> Result<Option<Value>, kube::Error> {
        self.seed.get(&kinds::NETWORK, &self.namespace, &self.name).await
    }

    /// Waits until what was asked for in `requested`, the object as it was answered then, is done.
    ///
    /// # Errors
    /// [`WaitError`] where the operation on the shoot would fail.
    pub async fn wait_until_ready(&self, requested: &Value) -> Result<Value, WaitError> {
        let timestamp = text(requested, &pointer(TIMESTAMP)).to_owned();
        self.wait(|network| ready(network, &timestamp)).await
    }

    /// Waits until the Network is let go of.
    ///
    /// # Errors
    /// [`WaitError`].
    pub async fn wait_until_migrated(&self) -> Result<(), WaitError> {
        let migrated = |network: Option<Value>| {
            let Some(network) = network else { return Ok(Value::Null) };
            let (operation, state) = last_operation(&network);
            match (operation, state) {
                ("Migrate", "Succeeded") => Ok(network),
                (operation, state) => Err(NotReady::LastOperation(format!("{operation} {state}"))),
            }
        };
        self.wait(migrated).await.map(drop)
    }

    /// Waits until the Network is gone.
    ///
    /// # Errors
    /// [`WaitError`].
    pub async fn wait_until_deleted(&self) -> Result<(), WaitError> {
        let deleted = |network: Option<Value>| match network {
            None => Ok(Value::Null),
            Some(network) => match text(&network, "/status/lastError/description") {
                "" => Err(NotReady::StillThere),
                error => Err(NotReady::Error(error.to_owned())),
            },
        };
        self.wait(deleted).await.map(drop)
    }

    async fn wait(&self, judge: impl Fn(Option<Value>) -> Result<Value, NotReady>) -> Result<Value, WaitError> {
        let started = Instant::now();
        let mut errors = Duration::ZERO;
        loop {
            let why = match judge(self.network().await.map_err(WaitError::Request)?) {
                Ok(network) => return Ok(network),
                Err(why) => why,
            };
            errors += self.patience.poll;
            if matches!(why, NotReady::Error(_)) && errors > self.patience.severe {
                return Err(WaitError::GaveUp(why));
            }
            if started.elapsed() + self.patience.poll > self.patience.timeout {
                return Err(WaitError::TimedOut(why));
            }
            sleep(self.patience.poll).await;
        }
    }

    async fn write(&self, spec: &Value, operation: &str) -> Result<Value, kube::Error> {
        let now = self.clock.nanoseconds();
        let annotations = json!({OPERATION: operation, TIMESTAMP: now});
        if self.network().await?.is_none() {
            let metadata = json!({"name": self.name, "namespace": self.namespace, "annotations": annotations});
            return self.seed.create(&kinds::NETWORK, json!({"metadata": metadata, "spec": spec})).await;
        }
        loop {
            let Some(mut network) = self.network().await? else { continue };
            if let Some(fields) = network.as_object_mut() {
                fields.insert("spec".to_owned(), spec.clone());
            }
            let metadata = network.get_mut("metadata").and_then(Value::as_object_mut);
            if let (Some(metadata), Value::Object(new)) = (metadata, annotations.clone()) {
                let old = metadata.entry("annotations").or_insert_with(|| json!({}));
                if let Value::Object(old) = old {
                    old.extend(new);
                }
            }
            match self.seed.update(&kinds::NETWORK, network).await {
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                other => return other,
            }
        }
    }

    async fn annotate(&self, annotations: &[(&str, &str)]) -> Result<Value, kube::Error> {
        let mut all = json!({TIMESTAMP: self.clock.nanoseconds()});
        if let Value::Object(all) = &mut all {
            all.extend(annotations.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
        }
        let patch = json!({"metadata": {"annotations": all}});
        self.seed.merge(&kinds::NETWORK, &self.namespace, &self.name, &patch).await
    }
}

/// Whether an operation that was asked for at this time is done.
///
/// # Errors
/// The first reason why it is not, in gardenlet's order.
pub fn ready(network: Option<Value>, timestamp: &str) -> Result<Value, NotReady> {
    let network = network.ok_or(NotReady::NotFound)?;
    if text(&network, &pointer(TIMESTAMP)) != timestamp {
        return Err(NotReady::OldTimestamp);
    }
    if let Some(error) = network.pointer("/status/lastError").filter(|error| !error.is_null()) {
        return Err(NotReady::Error(text(error, "/description").to_owned()));
    }
    if number(&network, "/status/observedGeneration") != number(&network, "/metadata/generation") {
        return Err(NotReady::OldGeneration);
    }
    if let Some(operation) = network.pointer(&pointer(OPERATION)).and_then(Value::as_str) {
        return Err(NotReady::OperationPending(operation.to_owned()));
    }
    let (_, state) = last_operation(&network);
    if state != "Succeeded" {
        return Err(NotReady::LastOperation(state.to_owned()));
    }
    let requested = timestamp.parse::<Timestamp>().map(Timestamp::as_second);
    let updated = text(&network, "/status/lastOperation/lastUpdateTime").parse::<Timestamp>().map(Timestamp::as_second);
    match (requested, updated) {
        (Ok(requested), Ok(updated)) if requested <= updated => Ok(network),
        _ => Err(NotReady::OldStatus),
    }
}

fn last_operation(network: &Value) -> (&str, &str) {
    (text(network, "/status/lastOperation/type"), text(network, "/status/lastOperation/state"))
}

fn pointer(annotation: &str) -> String {
    format!("/metadata/annotations/{}", annotation.replace('/', "~1"))
}

impl fmt::Display for NotReady {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => formatter.write_str("the Network is not there"),
            Self::OldTimestamp => formatter.write_str("the Network is not yet the one that was written"),
            Self::Error(error) => write!(formatter, "error during reconciliation: {error}"),
            Self::OldGeneration => formatter.write_str("the observed generation is behind"),
            Self::OperationPending(operation) => write!(formatter, "the operation `{operation}` was not picked up yet"),
            Self::LastOperation(state) if state.trim().is_empty() => formatter.write_str("no operation was begun yet"),
            Self::LastOperation(state) => write!(formatter, "the last operation is `{state}`"),
            Self::OldStatus => formatter.write_str("the status is older than the request"),
            Self::StillThere => formatter.write_str("the Network is still there"),
        }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GaveUp(why) => write!(formatter, "gardenlet gave up: {why}"),
            Self::TimedOut(why) => write!(formatter, "gardenlet waited too long: {why}"),
            Self::Request(error) => write!(formatter, "a request of gardenlet failed: {error}"),
        }
    }
}

impl std::error::Error for WaitError {}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTED: &str = "2026-11-26T10:00:00.500000000Z";

    fn done() -> Value {
        json!({
            "metadata": {"generation": 2, "annotations": {TIMESTAMP: REQUESTED}},
            "status": {
                "observedGeneration": 2,
                "lastOperation": {"type": "Reconcile", "state": "Succeeded", "lastUpdateTime": "2026-11-26T10:00:00Z"},
            },
        })
    }

    fn judged(pointer: &str, field: &str, value: Value) -> Result<Value, NotReady> {
        let mut network = done();
        network.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(field.to_owned(), value);
        ready(Some(network), REQUESTED)
    }

    #[test]
    fn each_condition_is_asked_for_in_gardenlets_order() {
        assert_eq!(ready(Some(done()), REQUESTED), Ok(done()));
        assert_eq!(ready(None, REQUESTED), Err(NotReady::NotFound));
        let annotations = "/metadata/annotations";
        assert_eq!(judged(annotations, TIMESTAMP, "other".into()), Err(NotReady::OldTimestamp));
        assert_eq!(judged("/status", "lastError", json!({"description": "no"})), Err(NotReady::Error("no".to_owned())));
        assert_eq!(judged("/metadata", "generation", 3.into()), Err(NotReady::OldGeneration));
        assert_eq!(
            judged(annotations, OPERATION, "reconcile".into()),
            Err(NotReady::OperationPending("reconcile".to_owned()))
        );
        assert_eq!(
            judged("/status/lastOperation", "state", "Processing".into()),
            Err(NotReady::LastOperation("Processing".to_owned()))
        );
        assert_eq!(
            judged("/status/lastOperation", "lastUpdateTime", "2026-11-26T09:59:59Z".into()),
            Err(NotReady::OldStatus)
        );
    }
}
