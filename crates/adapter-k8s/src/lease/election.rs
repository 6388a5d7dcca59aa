//! Leader election by the rules of client-go, so that replicas of both programs can share one Lease.
//!
//! # Expected flow
//! [`Elector::acquire`], then [`Elector::hold`] for as long as the process works; when it returns, the process ends. A process
//! that shuts down in good order drops `hold`, lets its workers finish and calls [`Elector::release`].
//!
//! # Guarantees
//! Every write of the Lease is an update with the resourceVersion that was read, so of several contenders one wins. Whether
//! another's lease has run out is judged by how long its record has not changed *here*: clocks of machines are never compared.
//! [`Leadership`] ends at the renew deadline, before the lease does.
//!
//! # Assumptions
//! The clocks of all replicas run at the same speed, to within the difference of lease duration and renew deadline.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::time::{Instant, sleep, timeout};

use super::{Clock, Grant, Leadership, LeadershipLost};
use record::Claim;

mod announce;
mod record;

pub use announce::LEADER_ELECTION;

/// Which Lease, who contends for it, and how patient everybody is. The durations are those of controller-runtime.
#[derive(Clone, Debug)]
pub struct Election {
    /// The namespace of the Lease.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// This contender; no other may have the same name.
    pub identity: String,
    /// For how long the others wait after a renewal.
    pub lease_duration: Duration,
    /// For how long this process acts after a renewal.
    pub renew_deadline: Duration,
    /// How long to wait between two attempts.
    pub retry_period: Duration,
}

/// A contender for the Lease.
#[derive(Debug)]
pub struct Elector {
    leases: Api<Lease>,
    events: Api<Event>,
    election: Election,
    clock: Clock,
    grant: Grant,
    seen: Option<Seen>,
}

/// Why this process does not lead any more. It cannot come back: the process must end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The Lease names another holder.
    #[error("the lease was taken by `{holder}`")]
    Taken {
        /// Who holds it.
        holder: String,
    },
    /// No renewal succeeded in time.
    #[error("the lease could not be renewed for {} s", .deadline.as_secs())]
    NotRenewed {
        /// The renew deadline.
        deadline: Duration,
    },
}

/// The Lease as last read or written, and since when its record has been the same.
#[derive(Debug)]
struct Seen {
    lease: Lease,
    since: Instant,
}

/// How an attempt to get or renew the lease ended.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Leading,
    HeldBy(String),
    /// Somebody else wrote the Lease in between.
    Outrun,
}

impl Election {
    /// An election with the durations that controller-runtime uses: lease 15 s, renew deadline 10 s, retry 2 s.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }

    /// Two requests fit into the renew deadline.
    fn attempt_timeout(&self) -> Duration {
        self.renew_deadline / 2
    }

    /// A pause before the next attempt, longer by chance, so that contenders do not stay in step.
    fn pause(&self) -> Duration {
        self.retry_period.mul_f64(1.0 + 1.2 * fastrand::f64())
    }
}

/// `HOSTNAME_UUID`, as client-go's users name themselves: the host tells people where, the rest makes it unique.
#[must_use]
pub fn identity() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    // Version 4, variant 1 of RFC 9562.
    let random = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{random:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{host}_{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

impl Elector {
    /// A contender that has not tried yet. Its client should not share a rate limit with work that may starve it.
    #[must_use]
    pub fn new(client: Client, election: Election, clock: Clock) -> (Self, Leadership) {
        let (grant, leadership) = Leadership::granted_by(clock.clone());
        let leases = Api::namespaced(client.clone(), &election.namespace);
        let events = Api::namespaced(client, &election.namespace);
        (Self { leases, events, election, clock, grant, seen: None }, leadership)
    }

    /// Waits until this process leads. Errors are logged and retried: a replica that does not lead has time.
    pub async fn acquire(&mut self) {
        let mut holder = None;
        loop {
            match timeout(self.election.attempt_timeout(), self.attempt()).await {
                Ok(Ok(Attempt::Leading)) => return,
                Ok(Ok(Attempt::HeldBy(other))) => {
                    if holder.as_ref() != Some(&other) {
                        tracing::info!(lease = self.election.name, holder = other, "waiting for the lease");
                        holder = Some(other);
                    }
                }
                Ok(Ok(Attempt::Outrun)) => {}
                Ok(Err(error)) => tracing::error!(lease = self.election.name, %error, "cannot get the lease"),
                Err(_) => tracing::error!(lease = self.election.name, "no answer about the lease in time"),
            }
            sleep(self.election.pause()).await;
        }
    }

    /// Renews the lease until it is lost. Dropping it between two renewals is harmless; nothing is renewed any more then.
    pub async fn hold(&mut self) -> Loss {
        let announcement = announce::event(&self.election, announce::Change::BecameLeader);
        let events = self.events.clone();
        let (loss, ()) = tokio::join!(self.renew(), announce::publish(&events, &announcement));
        loss
    }

    /// Takes back the permission to write and gives the lease to whoever wants it. For use after all workers have finished:
    /// another process may begin at once. Harmless where this process does not lead.
    ///
    /// # Errors
    /// Where the Lease could not be written; it then runs out by itself.
    pub async fn release(&mut self) -> Result<(), kube::Error> {
        self.grant.end();
        // The second attempt is for a renewal of ours whose answer nobody waited for.
        for _ in 0..2 {
            let Some(released) = self.held().map(|lease| with_spec(lease, record::released(spec(lease), now()))) else {
                return Ok(());
            };
            match self.leases.replace(&self.election.name, &PostParams::default(), &released).await {
                Ok(lease) => {
                    self.observe(lease);
                    let announcement = announce::event(&self.election, announce::Change::StoppedLeading);
                    announce::publish(&self.events, &announcement).await;
                    return Ok(());
                }
                Err(kube::Error::Api(status)) if status.code == 409 => match self.read().await? {
                    Some(lease) => self.observe(lease),
                    None => return Ok(()),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn renew(&mut self) -> Loss {
        let deadline = self.election.renew_deadline;
        loop {
            sleep(self.election.retry_period.min(self.left())).await;
            // Who slept through its deadline does not even ask: it must not come back.
            if self.grant.leadership().check().is_err() {
                return Loss::NotRenewed { deadline };
            }
            match timeout(self.election.attempt_timeout().min(self.left()), self.attempt()).await {
                Ok(Ok(Attempt::Leading | Attempt::Outrun)) => {}
                Ok(Ok(Attempt::HeldBy(holder))) => {
                    self.grant.end();
                    return Loss::Taken { holder };
                }
                Ok(Err(error)) => tracing::error!(lease = self.election.name, %error, "cannot renew the lease"),
                Err(_) => tracing::error!(lease = self.election.name, "no answer to the renewal of the lease in time"),
            }
        }
    }

    /// How long this process still leads.
    fn left(&self) -> Duration {
        self.grant.leadership().left()
    }

    async fn attempt(&mut self) -> Result<Attempt, kube::Error> {
        // The holder knows the Lease: one request, unless somebody else wrote it.
        if let Some(renewed) = self.held().map(|lease| with_spec(lease, self.claimed(spec(lease)))) {
            match self.write(renewed).await {
                Ok(Attempt::Outrun) => {}
                other => return other,
            }
        }
        let Some(lease) = self.read().await? else {
            return self.create().await;
        };
        self.observe(lease);
        let Some(seen) = &self.seen else { return Ok(Attempt::Outrun) };
        match record::claim(spec(&seen.lease), &self.election.identity, seen.since.elapsed()) {
            Claim::HeldBy(holder) => Ok(Attempt::HeldBy(holder)),
            Claim::Free => {
                let taken = with_spec(&seen.lease, self.claimed(spec(&seen.lease)));
                self.write(taken).await
            }
        }
    }

    async fn create(&mut self) -> Result<Attempt, kube::Error> {
        let metadata = ObjectMeta {
            name: Some(self.election.name.clone()),
            namespace: Some(self.election.namespace.clone()),
            ..ObjectMeta::default()
        };
        let lease = Lease { metadata, spec: Some(self.claimed(None)) };
        let sent = self.clock.now();
        let answer = self.leases.create(&PostParams::default(), &lease).await;
        self.judge(answer, sent)
    }

    async fn write(&mut self, lease: Lease) -> Result<Attempt, kube::Error> {
        let sent = self.clock.now();
        let answer = self.leases.replace(&self.election.name, &PostParams::default(), &lease).await;
        self.judge(answer, sent)
    }

    fn judge(&mut self, answer: Result<Lease, kube::Error>, sent: Duration) -> Result<Attempt, kube::Error> {
        match answer {
            Ok(lease) => {
                self.observe(lease);
                self.grant.extend(sent + self.election.renew_deadline);
                // The answer may have taken longer than the permission that it gives.
                match self.grant.leadership().check() {
                    Ok(()) => Ok(Attempt::Leading),
                    Err(LeadershipLost::NotLeading | LeadershipLost::RanOut { .. }) => Ok(Attempt::Outrun),
                }
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Attempt::Outrun),
            // Deleted since it was read.
            Err(kube::Error::Api(status)) if status.code == 404 => {
                self.seen = None;
                Ok(Attempt::Outrun)
            }
            Err(error) => Err(error),
        }
    }

    async fn read(&self) -> Result<Option<Lease>, kube::Error> {
        self.leases.get_opt(&self.election.name).await
    }

    /// The Lease as last seen, if it names this process.
    fn held(&self) -> Option<&Lease> {
        let lease = &self.seen.as_ref()?.lease;
        (spec(lease)?.holder_identity.as_ref() == Some(&self.election.identity)).then_some(lease)
    }

    fn observe(&mut self, lease: Lease) {
        let since = match &self.seen {
            Some(seen) if spec(&seen.lease) == spec(&lease) => seen.since,
            Some(_) | None => Instant::now(),
        };
        self.seen = Some(Seen { lease, since });
    }

    fn claimed(&self, current: Option<&LeaseSpec>) -> LeaseSpec {
        record::claimed(current, &self.election.identity, self.election.lease_duration, now())
    }
}

fn spec(lease: &Lease) -> Option<&LeaseSpec> {
    lease.spec.as_ref()
}

fn with_spec(lease: &Lease, spec: LeaseSpec) -> Lease {
    Lease { metadata: lease.metadata.clone(), spec: Some(spec) }
}

fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_host_and_a_random_uuid() {
        let (first, second) = (identity(), identity());
        assert_ne!(first, second);
        let (host, uuid) = first.rsplit_once('_').unwrap();
        assert_eq!(host, std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim());
        let parts: Vec<&str> = uuid.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{uuid}");
        assert!(uuid.chars().all(|digit| digit == '-' || digit.is_ascii_hexdigit()), "{uuid}");
    }

    #[test]
    fn the_durations_are_those_of_controller_runtime_and_the_pause_is_jittered_as_client_gos() {
        let election = Election::new("garden", "networking-calico-leader-election", "me");
        assert_eq!(
            (election.lease_duration, election.renew_deadline, election.retry_period),
            (Duration::from_secs(15), Duration::from_secs(10), Duration::from_secs(2))
        );
        for _ in 0..1_000 {
            let pause = election.pause();
            assert!((Duration::from_secs(2)..=Duration::from_millis(4_400)).contains(&pause), "{pause:?}");
        }
    }
}
