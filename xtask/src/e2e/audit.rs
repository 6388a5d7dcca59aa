//! What the audit log of an API server says of the extension while a story is told: every kind of request once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::scene::text;
use super::servers::{EXTENSION, Server};
use super::trouble::Trouble;

/// The log of one server, from some moment on.
pub(super) struct Audit {
    log: PathBuf,
    before: usize,
}

/// For the server: the extension alone, and neither bodies nor requests that are not answered yet.
pub(super) fn policy() -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "users": [EXTENSION]}, {"level": "None"}],
    })
}

impl Audit {
    /// Forgets what was before.
    pub(super) fn begin(server: &Server) -> Result<Self, Trouble> {
        let log = server.audit().to_owned();
        let before = read(&log)?.len();
        Ok(Self { log, before })
    }

    /// The kinds of requests since then, such as `patch nodes/status as somebody, dry run`.
    pub(super) fn requests(&self) -> Result<String, Trouble> {
        let log = read(&self.log)?;
        let events = log.get(self.before..).unwrap_or_default().lines();
        let events: Result<Vec<Value>, _> = events.map(serde_json::from_str).collect();
        let events = events.map_err(|error| Trouble::Other(format!("`{}`: {error}", self.log.display())))?;
        let kinds: BTreeSet<String> = events.iter().map(kind).collect();
        Ok(kinds.into_iter().collect::<Vec<_>>().join("; "))
    }
}

fn read(log: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(log).map_err(Trouble::machine(format!("cannot read `{}`", log.display())))
}

fn kind(event: &Value) -> String {
    let mut kind = format!("{} {}", text(event, "/verb"), text(event, "/objectRef/resource"));
    for (before, pointer) in [("/", "/objectRef/subresource"), (" as ", "/impersonatedUser/username")] {
        match text(event, pointer) {
            "" => {}
            found => kind.push_str(&format!("{before}{found}")),
        }
    }
    if text(event, "/requestURI").contains("dryRun=All") {
        kind.push_str(", dry run");
    }
    let agent = text(event, "/userAgent");
    if !agent.starts_with("networking-calico/") {
        kind.push_str(&format!(" by `{agent}`"));
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_with_whom_it_impersonates_and_whether_it_is_dry() {
        let mut event = json!({
            "verb": "patch", "requestURI": "/api/v1/nodes/a/status?dryRun=All", "userAgent": "networking-calico/0.1.0",
            "objectRef": {"resource": "nodes", "subresource": "status"}, "impersonatedUser": {"username": "b"},
        });
        assert_eq!(kind(&event), "patch nodes/status as b, dry run");
        event = json!({"verb": "list", "objectRef": {"resource": "nodes"}, "userAgent": "kubectl"});
        assert_eq!(kind(&event), "list nodes by `kubectl`");
    }
}
