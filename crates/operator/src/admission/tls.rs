//! The certificate that new connections get. It can be exchanged at any moment; connections that exist keep theirs.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use calico_policy::time::Timestamp;

/// The certificate in use. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Serving(Arc<ArcSwapOption<CertifiedKey>>);

/// Why a certificate cannot be served, or would not be trusted. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No PEM of the kind that was expected.
    #[error("read the PEM of {what}")]
    Pem {
        /// Of what.
        what: &'static str,
        /// Why not.
        source: pem::Error,
    },
    /// Certificate and key are no pair, or of a kind that is not supported.
    #[error("the certificate cannot be served with its key")]
    Pair(#[source] rustls::Error),
    /// Nobody who trusts these authorities would trust the certificate.
    #[error("the certificate would not be trusted for `{host}`")]
    Untrusted {
        /// For which name.
        host: String,
        /// Why not.
        source: rustls::Error,
    },
    /// It names no host, so that nobody would trust it.
    #[error("`{0}` is no host name and no IP address")]
    Host(String),
    /// The library does not support what it must.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

impl Serving {
    /// Serves this certificate from now on. A pair that does not fit leaves the old one in use.
    ///
    /// # Errors
    /// [`TlsError::Pem`] and [`TlsError::Pair`].
    pub fn exchange(&self, certificate: &str, key: &str) -> Result<(), TlsError> {
        self.0.store(Some(Arc::new(pair(certificate, key)?)));
        Ok(())
    }

    /// Whether there is a certificate at all.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.load().is_some()
    }

    /// The server's side of TLS: 1.2 and 1.3, whoever the client is.
    ///
    /// # Errors
    /// [`TlsError::Setup`].
    pub fn config(&self) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

/// Whether certificate and key (PEM) are a pair.
///
/// # Errors
/// [`TlsError::Pem`] and [`TlsError::Pair`].
pub fn verify_pair(certificate: &str, key: &str) -> Result<(), TlsError> {
    pair(certificate, key).map(|_| ())
}

/// Whether somebody who trusts `authorities` (PEM) would trust `certificate` (PEM) for this host at this time.
///
/// # Errors
/// [`TlsError`] with what they would object to.
pub fn verify(authorities: &str, certificate: &str, host: &str, now: Timestamp) -> Result<(), TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates("the authorities", authorities)? {
        roots.add(authority).map_err(TlsError::Setup)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))?;
    let chain = certificates("the certificate", certificate)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Host(host.to_owned()))?;
    let untrusted = |source| TlsError::Untrusted { host: host.to_owned(), source };
    let Some((leaf, rest)) = chain.split_first() else {
        return Err(untrusted(rustls::Error::General("there is none".to_owned())));
    };
    let seconds = u64::try_from(now.0).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    verifier.verify_server_cert(leaf, rest, &name, &[], now).map(|_| ()).map_err(untrusted)
}

/// The certificates of a PEM text, each as a text of its own; what is none is left out.
#[must_use]
pub fn split(bundle: &str) -> Vec<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let parts = bundle.split(BEGIN).skip(1).filter_map(|part| part.split_once(END));
    parts
        .map(|(body, _)| format!("{BEGIN}\n{}\n{END}\n", body.trim()))
        .filter(|text| certificates("", text).is_ok_and(|found| found.len() == 1))
        .collect()
}

fn pair(certificate: &str, key: &str) -> Result<CertifiedKey, TlsError> {
    let chain = certificates("the certificate", certificate)?;
    let key =
        PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|source| TlsError::Pem { what: "the key", source })?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::Pair)
}

fn certificates(what: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|source| TlsError::Pem { what, source })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::certificates::{Authority, sign};

    const NOW: Timestamp = Timestamp(1_800_000_000);

    #[test]
    fn a_certificate_is_trusted_for_its_hosts_by_its_authority_and_for_its_time() {
        let authority = Authority::new("a", NOW).unwrap();
        let server = sign(&authority, &["x.example".to_owned(), "10.0.0.7".to_owned()], NOW).unwrap();
        let trusted = |pem: &str, host: &str, now| verify(pem, &server.certificate, host, now);
        trusted(&authority.certificate, "x.example", NOW).unwrap();
        trusted(&authority.certificate, "10.0.0.7", NOW).unwrap();
        for (host, now) in
            [("y.example", NOW), ("x.example", Timestamp(NOW.0 + 31 * 86_400)), ("x.example", Timestamp(0))]
        {
            let error = trusted(&authority.certificate, host, now).unwrap_err();
            assert_eq!(error.to_string(), format!("the certificate would not be trusted for `{host}`"));
        }
        let other = Authority::new("a", NOW).unwrap();
        assert!(trusted(&other.certificate, "x.example", NOW).is_err(), "the same name is another key");
        let both = format!("{}{}", other.certificate, authority.certificate);
        trusted(&both, "x.example", NOW).unwrap();
    }

    #[test]
    fn a_pair_that_does_not_fit_leaves_the_old_one_in_use() {
        let authority = Authority::new("a", NOW).unwrap();
        let hosts = ["x.example".to_owned()];
        let (first, second) = (sign(&authority, &hosts, NOW).unwrap(), sign(&authority, &hosts, NOW).unwrap());
        let serving = Serving::default();
        assert!(!serving.is_ready());
        serving.exchange(&first.certificate, &first.key).unwrap();
        for (certificate, key, message) in [
            (second.certificate.as_str(), first.key.as_str(), "the certificate cannot be served with its key"),
            ("", first.key.as_str(), "the certificate cannot be served with its key"),
            (&first.certificate, "", "read the PEM of the key"),
        ] {
            let error = serving.exchange(certificate, key).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!format!("{error:?}").contains("PRIVATE"), "{error:?}");
        }
        let served = serving.0.load_full().unwrap();
        assert_eq!(served.cert, certificates("", &first.certificate).unwrap());
    }

    #[test]
    fn a_bundle_is_split_into_what_is_a_certificate() {
        let [a, b] = ["a", "b"].map(|name| Authority::new(name, NOW).unwrap().certificate);
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert_eq!(split(&format!("# first\n{a}{broken}{b}-----BEGIN CERTIFICATE-----\n")), [a, b]);
        assert_eq!(split(""), [""; 0]);
    }
}
