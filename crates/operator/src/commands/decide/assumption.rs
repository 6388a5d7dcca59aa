//! What is assumed of a Network beside what it says.

use adapter_k8s::facts::network::NetworkFacts;
use calico_policy::intent::OverlayIntent;

/// What is assumed of every Network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assumption {
    /// Nothing: each asks for what it asks for.
    #[default]
    Nothing,
    /// Each has `overlay.enabled: false`. Everything else of its configuration stays.
    OverlayDisabled,
}

impl Assumption {
    /// Changes what a Network asks for; yields whether that was something else.
    pub(super) fn apply(self, network: &mut NetworkFacts) -> bool {
        let overlay = network.intent.overlay;
        if self == Self::Nothing || overlay.is_some_and(|overlay| !overlay.enabled) {
            return false;
        }
        let create_pod_routes = overlay.is_some_and(|overlay| overlay.create_pod_routes);
        network.intent.overlay = Some(OverlayIntent { enabled: false, create_pod_routes });
        true
    }
}
