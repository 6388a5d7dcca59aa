//! What the controller has asked API servers for.

use fake_apiserver::{LoggedRequest, Server, Verb};

use super::World;
use crate::permitted::held_to_the_rules;

/// How the requests of the controller are told from those of a test.
pub(crate) const CONTROLLER: &str = "networking-calico";

impl World {
    /// Every write since the last call, as `verb resource[/subresource] name`.
    pub(crate) fn writes(&self) -> Vec<String> {
        held_to_the_rules(&of_the_controller(self.seed.requests()));
        let is_write = |request: &LoggedRequest| request.code.is_some_and(|code| code < 400) && is_write(request);
        self.seed.take_requests().into_iter().filter(is_write).map(|request| line(&request)).collect()
    }

    /// How many requests since the last call.
    pub(crate) fn requests(&self) -> usize {
        held_to_the_rules(&of_the_controller(self.seed.requests()));
        self.seed.take_requests().len() + self.shoot.take_requests().len()
    }
}

/// Whatever a scenario is about, the controller asks the seed for nothing that its role does not allow.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            held_to_the_rules(&of_the_controller(self.seed.requests()));
        }
    }
}

/// The requests that the controller made, not the scenario.
pub(crate) fn of_the_controller(requests: Vec<LoggedRequest>) -> Vec<LoggedRequest> {
    requests.into_iter().filter(|request| request.user_agent == CONTROLLER).collect()
}

fn is_write(request: &LoggedRequest) -> bool {
    !matches!(request.verb, Verb::Get | Verb::List | Verb::Watch)
}

/// Names that end in a digest are cut short.
fn line(request: &LoggedRequest) -> String {
    let LoggedRequest { verb, resource, subresource, name, content_type, .. } = request;
    let verb = match verb {
        Verb::Patch if content_type.contains("apply-patch") => "apply".to_owned(),
        verb => format!("{verb:?}").to_lowercase(),
    };
    let name = match resource.as_str() {
        "secrets" => name.rsplit_once('-').map_or(name.clone(), |(_, digest)| name.replace(digest, "HASH")),
        "events" => "EVENT".to_owned(),
        _ => name.clone(),
    };
    let name = name.replace("managedresource-extension-networking-calico-config-HASH", "HASH");
    let place = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    format!("{verb} {place} {name}")
}

/// A connection of the controller to the seed.
pub(crate) fn as_controller(seed: &Server) -> kube::Client {
    let named = tower::util::MapRequest::new(seed.service(), |mut request: http::Request<_>| {
        request.headers_mut().insert(http::header::USER_AGENT, http::HeaderValue::from_static(CONTROLLER));
        request
    });
    kube::Client::new(named, "default")
}
