//! The kubeconfig in a Secret: only what Gardener itself would put there. A kubeconfig can start programs and take on other
//! identities; one that wants to is refused.

use gardener_api::secret::{Secret, SecretError};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

use crate::yaml;

const KEY: &str = "kubeconfig";

/// Why a kubeconfig cannot be used. Never holds any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KubeconfigError {
    /// The Secret does not hold it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It is none.
    #[error("data key `kubeconfig` is no kubeconfig")]
    Form,
    /// It wants something that is not allowed.
    #[error("the kubeconfig uses `{0}`, which is not allowed")]
    NotAllowed(&'static str),
    /// It names nobody. Right after its creation the token is still missing.
    #[error("the kubeconfig has no credentials yet")]
    NoCredentials,
    /// Address or certificates cannot be used.
    #[error("the address or the certificates of the kubeconfig cannot be used")]
    Connection,
}

/// The configuration of a connection.
///
/// # Errors
/// [`KubeconfigError`].
pub(super) async fn config(secret: &Secret) -> Result<kube::Config, KubeconfigError> {
    let document = yaml::to_json(1, &secret.text(KEY)?).map_err(|_| KubeconfigError::Form)?;
    let users = document.get("users").and_then(Value::as_array).ok_or(KubeconfigError::Form)?;
    for user in users {
        check(user.get("user").ok_or(KubeconfigError::NoCredentials)?)?;
    }
    let kubeconfig: Kubeconfig = serde_json::from_value(document).map_err(|_| KubeconfigError::Form)?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|_| KubeconfigError::Connection)?;
    Ok(config)
}

const REFUSED: [&str; 6] = ["exec", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"];
const CREDENTIALS: [&str; 5] = ["token", "tokenFile", "client-key-data", "client-key", "password"];

fn check(user: &Value) -> Result<(), KubeconfigError> {
    let is_set = |field: &&'static str| user.get(*field).is_some_and(|value| !value.is_null() && value != "");
    if let Some(field) = REFUSED.into_iter().find(is_set) {
        return Err(KubeconfigError::NotAllowed(field));
    }
    if CREDENTIALS.iter().any(is_set) { Ok(()) } else { Err(KubeconfigError::NoCredentials) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(user: &Value) -> Secret {
        use base64::Engine as _;

        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "n",
            "contexts": [{"name": "n", "context": {"cluster": "n", "user": "n"}}],
            "clusters": [{"name": "n", "cluster": {"server": "http://kube-apiserver.n.svc"}}],
            "users": [{"name": "n", "user": user}],
        });
        let encoded = base64::engine::general_purpose::STANDARD.encode(kubeconfig.to_string());
        serde_json::from_value(json!({"data": {"kubeconfig": encoded}})).unwrap()
    }

    #[tokio::test]
    async fn what_gardener_writes_is_taken() {
        let config = config(&secret(&json!({"token": "t"}))).await.unwrap();
        assert_eq!(config.cluster_url.to_string(), "http://kube-apiserver.n.svc/");
        assert!(super::config(&secret(&json!({"username": "u", "password": "p"}))).await.is_ok());
    }

    #[tokio::test]
    async fn programs_and_other_identities_are_refused() {
        for field in ["exec", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"] {
            let error = config(&secret(&json!({"token": "s3cr3t", field: {"command": "sh"}}))).await.unwrap_err();
            assert_eq!(error.to_string(), format!("the kubeconfig uses `{field}`, which is not allowed"));
        }
    }

    #[tokio::test]
    async fn a_token_that_is_still_missing_is_named() {
        assert_eq!(config(&secret(&json!({"token": ""}))).await.unwrap_err(), KubeconfigError::NoCredentials);
    }
}
