//! The ValidatingWebhookConfiguration by which API servers find us: what it should say. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::tls;

/// The path at which reviews are answered.
pub const PATH: &str = "/webhooks/validate";
/// The name of the extension, which names everything else.
pub const EXTENSION: &str = "admission-calico";
/// How long an API server waits for an answer.
pub const TIMEOUT_SECONDS: u64 = 10;

/// How API servers reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// By a Service in their own cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its port.
        port: u16,
    },
    /// By an address, `HOST` or `HOST:PORT`.
    Url(String),
    /// By the name that a Service has in the cluster where they run.
    UrlOfService {
        /// Its namespace.
        namespace: String,
        /// Its port.
        port: u16,
    },
}

/// Everything that the registration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// `admission-calico`, or with a suffix in the runtime cluster of a garden.
    pub extension: String,
    /// How API servers reach us.
    pub reach: Reach,
    /// Whether the webhook is registered at all.
    pub webhook: Webhook,
}

/// Whether the webhook is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// It is.
    Enabled,
    /// `--disable-webhooks` names it.
    Disabled,
}

impl Registration {
    /// The name of the configuration, and of the Service.
    #[must_use]
    pub fn name(&self) -> String {
        format!("gardener-extension-{}", self.extension)
    }

    /// The names and addresses that the certificate must be good for.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        match &self.reach {
            Reach::Service { namespace, .. } | Reach::UrlOfService { namespace, .. } => {
                let name = self.name();
                vec![format!("{name}.{namespace}.svc"), format!("{name}.{namespace}"), name]
            }
            Reach::Url(url) => vec![host(url).to_owned()],
        }
    }

    /// The webhooks, with this bundle (PEM). Every field that an API server would fill in is there, so that what it stores compares equal.
    #[must_use]
    pub fn webhooks(&self, bundle: &str) -> Value {
        if self.webhook == Webhook::Disabled {
            return json!([]);
        }
        json!([{
            "name": format!("validator.{}.extensions.gardener.cloud", self.extension),
            "clientConfig": self.client_config(bundle),
            "rules": [{
                "operations": ["CREATE", "UPDATE"],
                "apiGroups": ["core.gardener.cloud"],
                "apiVersions": ["*"],
                "resources": ["shoots"],
                "scope": "*",
            }],
            "objectSelector": {"matchLabels": {"networking.extensions.gardener.cloud/calico": "true"}},
            "namespaceSelector": {},
            "failurePolicy": "Fail",
            "matchPolicy": "Exact",
            "sideEffects": "None",
            "timeoutSeconds": TIMEOUT_SECONDS,
            "admissionReviewVersions": ["v1", "v1beta1"],
        }])
    }

    fn client_config(&self, bundle: &str) -> Value {
        let bundle = STANDARD.encode(bundle);
        match &self.reach {
            Reach::Service { namespace, port } => json!({
                "caBundle": bundle,
                "service": {"namespace": namespace, "name": self.name(), "path": PATH, "port": port},
            }),
            Reach::Url(url) => json!({"caBundle": bundle, "url": format!("https://{url}{PATH}")}),
            Reach::UrlOfService { namespace, port } => {
                json!({"caBundle": bundle, "url": format!("https://{}.{namespace}:{port}{PATH}", self.name())})
            }
        }
    }
}

/// The authorities that are registered, each as a PEM text of its own.
#[must_use]
pub fn authorities(webhooks: &Value) -> Vec<String> {
    let bundles = webhooks.as_array().into_iter().flatten().filter_map(|webhook| {
        let text = webhook.pointer("/clientConfig/caBundle")?.as_str()?;
        String::from_utf8(STANDARD.decode(text).ok()?).ok()
    });
    let mut authorities: Vec<String> = Vec::new();
    for authority in bundles.flat_map(|bundle| tls::split(&bundle)) {
        if !authorities.contains(&authority) {
            authorities.push(authority);
        }
    }
    authorities
}

/// The same webhooks, which also trust these authorities (PEM), whoever wrote them.
#[must_use]
pub fn trusting(webhooks: &Value, bundle: &str) -> Value {
    let mut webhooks = webhooks.clone();
    let list = webhooks.as_array_mut().into_iter().flatten();
    for text in list.filter_map(|webhook| webhook.pointer_mut("/clientConfig/caBundle")) {
        let known = text.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let mut whole = String::from_utf8(known).unwrap_or_default();
        let missing = tls::split(bundle).into_iter().filter(|authority| !tls::split(&whole).contains(authority));
        let missing: String = missing.collect();
        if !missing.is_empty() {
            if !whole.is_empty() && !whole.ends_with('\n') {
                whole.push('\n');
            }
            whole.push_str(&missing);
            *text = Value::from(STANDARD.encode(whole));
        }
    }
    webhooks
}

/// The host of an address without a scheme.
fn host(url: &str) -> &str {
    let authority = url.split('/').next().unwrap_or_default();
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    match authority.rsplit_once(':') {
        // More than one colon: an IPv6 address without a port.
        Some((host, _)) if !host.contains(':') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use calico_policy::time::Timestamp;

    use super::*;
    use crate::admission::certificates::Authority;

    fn registration(reach: Reach) -> Registration {
        Registration { extension: EXTENSION.to_owned(), reach, webhook: Webhook::Enabled }
    }

    fn service() -> Registration {
        registration(Reach::Service { namespace: "garden".to_owned(), port: 443 })
    }

    /// As the Go extension registers it, written down from an API server that it had written to.
    #[test]
    fn the_webhook_is_registered_as_the_go_extension_registers_it() {
        assert_eq!(service().name(), "gardener-extension-admission-calico");
        assert_eq!(
            service().webhooks("x"),
            json!([{
                "admissionReviewVersions": ["v1", "v1beta1"],
                "clientConfig": {
                    "caBundle": "eA==",
                    "service": {
                        "name": "gardener-extension-admission-calico", "namespace": "garden", "path": "/webhooks/validate", "port": 443
                    }
                },
                "failurePolicy": "Fail",
                "matchPolicy": "Exact",
                "name": "validator.admission-calico.extensions.gardener.cloud",
                "namespaceSelector": {},
                "objectSelector": {"matchLabels": {"networking.extensions.gardener.cloud/calico": "true"}},
                "rules": [{
                    "apiGroups": ["core.gardener.cloud"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
                    "resources": ["shoots"], "scope": "*"
                }],
                "sideEffects": "None",
                "timeoutSeconds": 10
            }])
        );
        let disabled = Registration { webhook: Webhook::Disabled, ..service() };
        assert_eq!(disabled.webhooks("x"), json!([]));
    }

    #[test]
    fn each_mode_has_its_address_and_the_certificate_is_good_for_it() {
        let name = "gardener-extension-admission-calico";
        let of_service = [&format!("{name}.garden.svc"), &format!("{name}.garden"), name];
        assert_eq!(service().hosts(), of_service);

        let url = |text: &str| registration(Reach::Url(text.to_owned()));
        let address = |registration: &Registration| registration.webhooks("")[0]["clientConfig"]["url"].clone();
        assert_eq!(address(&url("admission.example:8443")), json!("https://admission.example:8443/webhooks/validate"));
        for (text, host) in [
            ("admission.example:8443", "admission.example"),
            ("admission.example", "admission.example"),
            ("192.0.2.1:443", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("admission.example/path", "admission.example"),
        ] {
            assert_eq!(url(text).hosts(), [host], "{text}");
        }

        let named = registration(Reach::UrlOfService { namespace: "garden".to_owned(), port: 10250 });
        assert_eq!(address(&named), json!(format!("https://{name}.garden:10250/webhooks/validate")));
        assert_eq!(named.hosts(), of_service);
    }

    #[test]
    fn trust_is_added_and_never_taken() {
        let [ours, theirs] = ["a", "b"].map(|name| Authority::new(name, Timestamp(1_800_000_000)).unwrap().certificate);
        let registered = service().webhooks(&theirs);
        let trusting_both = trusting(&registered, &ours);
        assert_eq!(authorities(&trusting_both), [theirs.clone(), ours.clone()]);
        assert_eq!(trusting(&trusting_both, &ours), trusting_both, "twice is once");
        assert_eq!(authorities(&registered), [theirs]);
        assert_eq!(authorities(&json!(null)), [""; 0]);
    }
}
