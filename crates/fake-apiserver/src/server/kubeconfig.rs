//! The kubeconfig with which a client finds a server on loopback.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// A kubeconfig as JSON, which is YAML too. With a token it is the user's; without, the user is nobody in particular.
pub(super) fn text(address: SocketAddr, name: &str, token: Option<&str>) -> String {
    let user = token.map_or_else(|| json!({}), |token| json!({"token": token}));
    let config: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
    });
    format!("{config:#}\n")
}
