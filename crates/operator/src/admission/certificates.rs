//! The authority that API servers trust and the certificate that it signs: how they are made, kept and renewed. Pure but for
//! chance: the time is an argument.
//!
//! # Expected flow
//! [`Certificates::new`] once; then [`Certificates::renew`] at every look, each followed by keeping the result and registering its
//! [`bundle`](Certificates::bundle), after which [`Certificates::registered`] says so.
//!
//! # Guarantees
//! The certificate in use verifies against every bundle that was registered in the last day: the next authority signs nothing
//! before its bundle has been registered for [`ANNOUNCEMENT`], and the last one stays in the bundle for [`RETIREMENT`]. Only where
//! nobody looked for so long that the certificate itself has run out is the announcement cut short.

use std::collections::BTreeMap;
use std::time::Duration;

use calico_policy::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};

/// How long an authority is valid, and with it what it signs.
pub const VALIDITY: Duration = Duration::from_hours(30 * 24);
/// How old an authority is when the next one is made.
pub const RENEWAL: Duration = Duration::from_hours(20 * 24);
/// How long the next authority is registered before it signs anything.
pub const ANNOUNCEMENT: Duration = Duration::from_mins(10);
/// How long the last authority stays registered.
pub const RETIREMENT: Duration = Duration::from_hours(24);
/// How long an authority that is not ours stays registered: as long as one is valid, so that whoever had it can come back.
pub const ADOPTION: Duration = VALIDITY;

/// Clocks of machines differ.
const BACKDATED: i64 = 3_600;

/// Everything that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificates {
    /// Who has signed the certificate in use.
    pub authority: Authority,
    /// The certificate in use.
    pub server: ServerCertificate,
    next: Option<Next>,
    retired: Vec<Retired>,
}

/// An authority and its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Authority {
    /// The certificate, PEM.
    pub certificate: String,
    key: String,
    name: String,
    issued: Timestamp,
}

/// A certificate of the server and its key.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// PEM.
    pub certificate: String,
    /// PEM. Secret.
    pub key: String,
    hosts: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
struct Next {
    authority: Authority,
    registered: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Retired {
    certificate: String,
    until: i64,
}

/// Why there is no certificate. A defect of ours, or of a flag.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The library refuses; a host name that is none, for example.
    #[error("issue a certificate for `{subject}`")]
    Issue {
        /// For what.
        subject: String,
        /// Why not.
        source: rcgen::Error,
    },
}

/// Why what was kept cannot be used. Names the entry, never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// An entry is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// An entry is not what it should be.
    #[error("`{0}` cannot be read")]
    Unreadable(&'static str),
}

/// What the certificates themselves do not tell.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct State {
    name: String,
    issued: i64,
    hosts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<NextState>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retired: Vec<Retired>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NextState {
    name: String,
    issued: i64,
    registered: Option<i64>,
}

const CA: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const SERVER: &str = "tls.crt";
const SERVER_KEY: &str = "tls.key";
const NEXT: &str = "next-ca.crt";
const NEXT_KEY: &str = "next-ca.key";
/// For people and for other tools: everything that is to be trusted.
const BUNDLE: &str = "bundle.crt";
const STATE: &str = "state.json";

impl Certificates {
    /// The names of all entries that there can be.
    pub const ENTRIES: &[&str] = &[CA, CA_KEY, SERVER, SERVER_KEY, NEXT, NEXT_KEY, BUNDLE, STATE];

    /// The first ones. What is registered already stays so, for whoever still serves under it.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn new(hosts: &[String], registered: &[String], now: Timestamp) -> Result<Self, IssueError> {
        let authority = Authority::new(&authority_name(now), now)?;
        let server = sign(&authority, hosts, now)?;
        let mut certificates = Self { authority, server, next: None, retired: Vec::new() };
        certificates.adopt(registered, now);
        Ok(certificates)
    }

    /// What should be kept now, for these hosts and beside what is registered; unchanged where nothing is due.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn renew(&self, hosts: &[String], registered: &[String], now: Timestamp) -> Result<Self, IssueError> {
        let mut renewed = self.clone();
        renewed.adopt(registered, now);
        renewed.retired.retain(|retired| now.0 < retired.until);

        if renewed.next.is_none() && now.since(renewed.authority.issued) >= RENEWAL {
            let authority = Authority::new(&authority_name(now), now)?;
            renewed.next = Some(Next { authority, registered: None });
        }
        let has_run_out = now.since(renewed.authority.issued) >= VALIDITY;
        let is_announced = |next: &Next| {
            next.registered.is_some_and(|registered| now.since(registered) >= ANNOUNCEMENT) || has_run_out
        };
        if let Some(next) = renewed.next.take_if(|next| is_announced(next)) {
            let last = std::mem::replace(&mut renewed.authority, next.authority);
            renewed.retire(last.certificate, now, RETIREMENT);
            renewed.server = sign(&renewed.authority, hosts, now)?;
        }
        if renewed.server.hosts != hosts {
            renewed.server = sign(&renewed.authority, hosts, now)?;
        }
        Ok(renewed)
    }

    /// Notes that the bundle is registered, and says whether that was news. The first time counts.
    pub fn registered(&mut self, now: Timestamp) -> bool {
        match &mut self.next {
            Some(Next { registered: registered @ None, .. }) => {
                *registered = Some(now);
                true
            }
            Some(_) | None => false,
        }
    }

    /// A name or address that the certificate in use is good for.
    #[must_use]
    pub fn host(&self) -> &str {
        self.server.hosts.first().map_or("", String::as_str)
    }

    /// Every authority that is to be trusted, PEM; the one in use comes first.
    #[must_use]
    pub fn bundle(&self) -> String {
        self.authorities().collect()
    }

    /// Whether this authority is among them.
    #[must_use]
    pub fn trusts(&self, certificate: &str) -> bool {
        self.authorities().any(|known| known == certificate)
    }

    /// As entries of a Secret, or files.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<String, Vec<u8>> {
        let state = State {
            name: self.authority.name.clone(),
            issued: self.authority.issued.0,
            hosts: self.server.hosts.clone(),
            next: self.next.as_ref().map(|next| NextState {
                name: next.authority.name.clone(),
                issued: next.authority.issued.0,
                registered: next.registered.map(|time| time.0),
            }),
            retired: self.retired.clone(),
        };
        let mut entries = vec![
            (CA, self.authority.certificate.clone()),
            (CA_KEY, self.authority.key.clone()),
            (SERVER, self.server.certificate.clone()),
            (SERVER_KEY, self.server.key.clone()),
            (BUNDLE, self.bundle()),
            // A struct of texts and numbers always has a JSON text.
            (STATE, serde_json::to_string(&state).unwrap_or_default()),
        ];
        if let Some(next) = &self.next {
            entries.push((NEXT, next.authority.certificate.clone()));
            entries.push((NEXT_KEY, next.authority.key.clone()));
        }
        entries.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
    }

    /// What was kept.
    ///
    /// # Errors
    /// [`KeptError`] where an entry is missing or is none; whether certificates and keys fit is found where they are used.
    pub fn from_entries(entries: &BTreeMap<String, Vec<u8>>) -> Result<Self, KeptError> {
        let text = |name: &'static str| {
            let bytes = entries.get(name).ok_or(KeptError::Missing(name))?;
            String::from_utf8(bytes.clone()).map_err(|_| KeptError::Unreadable(name))
        };
        let state: State = serde_json::from_str(&text(STATE)?).map_err(|_| KeptError::Unreadable(STATE))?;
        let next = match state.next {
            None => None,
            Some(NextState { name, issued, registered }) => Some(Next {
                authority: Authority {
                    certificate: text(NEXT)?,
                    key: text(NEXT_KEY)?,
                    name,
                    issued: Timestamp(issued),
                },
                registered: registered.map(Timestamp),
            }),
        };
        Ok(Self {
            authority: Authority {
                certificate: text(CA)?,
                key: text(CA_KEY)?,
                name: state.name,
                issued: Timestamp(state.issued),
            },
            server: ServerCertificate { certificate: text(SERVER)?, key: text(SERVER_KEY)?, hosts: state.hosts },
            next,
            retired: state.retired,
        })
    }

    fn authorities(&self) -> impl Iterator<Item = &str> {
        let next = self.next.iter().map(|next| next.authority.certificate.as_str());
        let retired = self.retired.iter().map(|retired| retired.certificate.as_str());
        std::iter::once(self.authority.certificate.as_str()).chain(next).chain(retired)
    }

    fn adopt(&mut self, registered: &[String], now: Timestamp) {
        for certificate in registered {
            if !self.trusts(certificate) {
                self.retire(certificate.clone(), now, ADOPTION);
            }
        }
    }

    fn retire(&mut self, certificate: String, now: Timestamp, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.retired.push(Retired { certificate, until: now.0.saturating_add(seconds) });
    }
}

impl Authority {
    /// A new authority of this name.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn new(name: &str, now: Timestamp) -> Result<Self, IssueError> {
        let failed = |source| IssueError::Issue { subject: name.to_owned(), source };
        let key = KeyPair::generate().map_err(failed)?;
        let mut parameters = parameters(name, &[], now, now).map_err(failed)?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { certificate, key: key.serialize_pem(), name: name.to_owned(), issued: now })
    }
}

/// A certificate for these hosts, names or IP addresses, which is valid as long as its authority.
///
/// # Errors
/// [`IssueError`], for a host that is none, too.
pub fn sign(authority: &Authority, hosts: &[String], now: Timestamp) -> Result<ServerCertificate, IssueError> {
    let subject = hosts.first().map_or("networking-calico", String::as_str);
    let failed = |source| IssueError::Issue { subject: subject.to_owned(), source };
    let key = KeyPair::generate().map_err(failed)?;
    let mut parameters = parameters("networking-calico admission", hosts, now, authority.issued).map_err(failed)?;
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let issuer_name = self::parameters(&authority.name, &[], now, now).map_err(failed)?;
    let issuer_key = KeyPair::from_pem(&authority.key).map_err(failed)?;
    let certificate = parameters.signed_by(&key, &Issuer::new(issuer_name, issuer_key)).map_err(failed)?;
    Ok(ServerCertificate { certificate: certificate.pem(), key: key.serialize_pem(), hosts: hosts.to_vec() })
}

/// A name that no other authority of ours has: whoever builds a chain goes by names.
fn authority_name(now: Timestamp) -> String {
    format!("networking-calico admission {} {:08x}", now.0, fastrand::u32(..))
}

/// What authority and certificate have in common: a name, and the time that both are valid.
fn parameters(
    name: &str,
    hosts: &[String],
    now: Timestamp,
    issued: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(hosts)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |seconds: i64| epoch + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    parameters.not_before = at(now.0 - BACKDATED);
    parameters.not_after = at(issued.0) + VALIDITY;
    Ok(parameters)
}

#[cfg(test)]
mod tests;
