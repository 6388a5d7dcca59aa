//! Keeps certificate and registration as they should be: every replica serves what is kept, the leader renews and registers it.
//!
//! # Expected flow
//! [`Keeper::begin`] once, which makes the first certificates where there are none and has API servers trust what this replica serves;
//! then [`Keeper::keep`], which never returns.
//!
//! # Guarantees
//! A certificate is only served if it verifies against what is kept beside it. Only the leader writes, with two exceptions that do
//! no harm twice: the first certificates, which only one replica can create, and adding the authority in use to a registration that does
//! not know it. That is so while this program takes over from another one, or another from it: it could not be reached otherwise
//! until it leads.

use std::sync::Once;
use std::time::Duration;

use adapter_k8s::client::{ApiClient, ApiError, chain};
use adapter_k8s::lease::Leadership;
use adapter_k8s::write::webhook::{Owner, register};
use adapter_k8s::{read, write};
use calico_policy::time::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::certificates::{Certificates, IssueError, KeptError};
use super::metrics::CertificateMetrics;
use super::registration::{Registration, authorities, trusting};
use super::store::{Kept, Store, StoreError};
use super::tls::{self, Serving, TlsError};

/// How often a replica looks at what is kept, and the leader at what is registered.
const INTERVAL: Duration = Duration::from_secs(30);
/// How soon after a failure.
const RETRY: Duration = Duration::from_secs(2);
/// How often a conflict is worth another attempt at once.
const ATTEMPTS: usize = 5;

/// Keeps certificate and registration.
pub struct Keeper {
    /// Where certificates are kept.
    pub store: Store,
    /// Where Shoots are, and with them the registration.
    pub target: ApiClient,
    /// What it should say.
    pub registration: Registration,
    /// The Namespace with which it is to go; empty for none.
    pub owner_namespace: String,
    /// Whether this replica leads.
    pub leadership: Leadership,
    /// What is served.
    pub serving: Serving,
    /// Counts.
    pub metrics: CertificateMetrics,
    /// The time.
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Why certificate or registration are not as they should be. What was served before still is.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// What is kept cannot be read or written.
    #[error("certificates are not kept")]
    Store(#[from] StoreError),
    /// What is kept makes no sense.
    #[error("what is kept is damaged, the leader makes new certificates")]
    Damaged(#[from] KeptError),
    /// No certificate can be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// What is kept cannot be served.
    #[error("the certificate that is kept is not served")]
    Tls(#[from] TlsError),
    /// The registration cannot be read or written.
    #[error("the webhook is not registered as it should be")]
    Register(#[from] ApiError),
    /// Other replicas are always faster.
    #[error("others wrote at the same time, again and again")]
    Contended,
}

impl Keeper {
    /// Begins: waits until this replica serves a certificate that every API server trusts which knows the webhook at all. Failures are
    /// logged and tried again.
    pub async fn begin(&self) {
        loop {
            match self.first_look().await {
                Ok(()) => return,
                Err(error) => tracing::error!(error = chain(&error), "not ready yet"),
            }
            sleep(RETRY).await;
        }
    }

    /// Looks again and again, at once when somebody says that this replica leads. Never returns.
    pub async fn keep(&self, leads: &Notify) {
        let mut served = None;
        loop {
            let looked = match self.leadership.check() {
                Ok(()) => self.lead().await,
                Err(_) => self.follow(&mut served).await,
            };
            let pause = match looked {
                Ok(()) => INTERVAL,
                Err(error) => {
                    tracing::error!(error = chain(&error), "certificate and registration are not up to date");
                    RETRY
                }
            };
            // Either is a reason to look.
            let _ = timeout(pause, leads.notified()).await;
        }
    }

    /// One look of a replica that does not lead.
    ///
    /// # Errors
    /// [`KeepError`].
    pub async fn follow(&self, served: &mut Option<Kept>) -> Result<(), KeepError> {
        let kept = self.counted(self.store.read().await.map_err(KeepError::from))?;
        if kept.is_some() && kept == *served {
            return Ok(());
        }
        if let Some(kept) = &kept {
            self.counted(
                Certificates::from_entries(&kept.entries).map_err(KeepError::from).and_then(|it| self.serve(&it)),
            )?;
        }
        *served = kept;
        Ok(())
    }

    /// One look of the leader.
    ///
    /// # Errors
    /// [`KeepError`].
    pub async fn lead(&self) -> Result<(), KeepError> {
        let now = (self.clock)();
        let registered = self.registered().await?;
        let known = registered.as_ref().map(|registered| authorities(webhooks(registered))).unwrap_or_default();
        let (mut certificates, mut version) = self.renewed(&known, now).await?;

        let target = self.target.writing_under(self.leadership.clone());
        let owner = self.owner().await?;
        let wanted = self.registration.webhooks(&certificates.bundle());
        if register(&target, &self.registration.name(), registered.as_ref(), &wanted, owner.as_ref()).await? {
            tracing::info!(configuration = self.registration.name(), "the webhook is registered");
        }
        if certificates.registered(now) {
            version = self.store.replace(&self.leadership, &version, &certificates).await?;
            tracing::info!(version, "the next certificate authority is registered");
        }
        self.counted(self.serve(&certificates))
    }

    /// What is kept, renewed where that is due and made anew where it is damaged, and the version in which it is kept then.
    async fn renewed(&self, known: &[String], now: Timestamp) -> Result<(Certificates, String), KeepError> {
        let hosts = self.registration.hosts();
        for _ in 0..ATTEMPTS {
            let Some(kept) = self.counted(self.store.read().await.map_err(KeepError::from))? else {
                self.create(known, now).await?;
                continue;
            };
            let current = Certificates::from_entries(&kept.entries);
            let renewed = match &current {
                Ok(current) => current.renew(&hosts, known, now).map_err(KeepError::from),
                Err(damage) => Err(damage.clone().into()),
            };
            let renewed = match renewed.and_then(|renewed| verified(&renewed, now).map(|()| renewed)) {
                Ok(renewed) => renewed,
                Err(error) => {
                    tracing::error!(error = chain(&error), "new certificates are made");
                    Certificates::new(&hosts, known, now)?
                }
            };
            if current.as_ref().is_ok_and(|current| *current == renewed) {
                return Ok((renewed, kept.version));
            }
            match self.store.replace(&self.leadership, &kept.version, &renewed).await {
                Ok(version) => {
                    tracing::info!("certificates are renewed");
                    return Ok((renewed, version));
                }
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(KeepError::Contended)
    }

    async fn first_look(&self) -> Result<(), KeepError> {
        // What is kept may be damaged or have run out: who leads repairs it, and nobody else will.
        if self.leadership.check().is_ok() {
            return self.lead().await;
        }
        let now = (self.clock)();
        for _ in 0..ATTEMPTS {
            let registered = self.registered().await?;
            let Some(kept) = self.counted(self.store.read().await.map_err(KeepError::from))? else {
                let known = registered.as_ref().map(|registered| authorities(webhooks(registered))).unwrap_or_default();
                self.create(&known, now).await?;
                continue;
            };
            let certificates = self.counted(Certificates::from_entries(&kept.entries).map_err(KeepError::from))?;
            let Some(registered) = registered else { return self.counted(self.serve(&certificates)) };
            if self.introduced(&registered, &certificates).await? {
                return self.counted(self.serve(&certificates));
            }
        }
        Err(KeepError::Contended)
    }

    /// Makes the registration trust the authority in use, where it does not; false where somebody else wrote in the meantime.
    async fn introduced(&self, registered: &Value, certificates: &Certificates) -> Result<bool, KeepError> {
        let trusting = trusting(webhooks(registered), &certificates.authority.certificate);
        if trusting == *webhooks(registered) {
            return Ok(true);
        }
        match write::webhook::trust(&self.target, &self.registration.name(), registered, &trusting).await {
            Ok(()) => {
                tracing::info!(
                    configuration = self.registration.name(),
                    "API servers trust our certificates from now on"
                );
                Ok(true)
            }
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn create(&self, known: &[String], now: Timestamp) -> Result<(), KeepError> {
        let certificates = Certificates::new(&self.registration.hosts(), known, now)?;
        match self.store.create(&certificates).await {
            Ok(()) => tracing::info!("the first certificates are made"),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn registered(&self) -> Result<Option<Value>, ApiError> {
        read::webhook::configuration(&self.target, &self.registration.name()).await
    }

    async fn owner(&self) -> Result<Option<Owner>, ApiError> {
        static TOLD: Once = Once::new();
        if self.owner_namespace.is_empty() {
            return Ok(None);
        }
        let uid = read::webhook::namespace_uid(&self.target, &self.owner_namespace).await?;
        if uid.is_none() {
            let namespace = &self.owner_namespace;
            TOLD.call_once(|| {
                tracing::warn!(
                    namespace,
                    "the namespace that should own the registration is not there: nothing owns it"
                );
            });
        }
        Ok(uid.map(|uid| Owner { name: self.owner_namespace.clone(), uid }))
    }

    fn serve(&self, certificates: &Certificates) -> Result<(), KeepError> {
        verified(certificates, (self.clock)())?;
        let server = &certificates.server;
        self.serving.exchange(&server.certificate, &server.key)?;
        Ok(())
    }

    fn counted<T>(&self, result: Result<T, KeepError>) -> Result<T, KeepError> {
        match &result {
            Ok(_) => self.metrics.read(),
            Err(_) => self.metrics.failed(),
        }
        result
    }
}

fn verified(certificates: &Certificates, now: Timestamp) -> Result<(), KeepError> {
    tls::verify_pair(&certificates.server.certificate, &certificates.server.key)?;
    Ok(tls::verify(&certificates.bundle(), &certificates.server.certificate, certificates.host(), now)?)
}

fn webhooks(configuration: &Value) -> &Value {
    configuration.get("webhooks").unwrap_or(&Value::Null)
}
