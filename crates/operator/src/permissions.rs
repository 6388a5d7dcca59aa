//! What the binary may ask a seed for: the rules of the ClusterRoles in its chart.
//!
//! `cargo xtask codegen` writes them into the chart. The tests hold them to the requests that are made, both ways: every request of the
//! scenarios in `tests/scenarios`, of the processes in `tests/process` and of the commands in `tests/reader.rs` is allowed, and every
//! rule is used there.

/// Requests that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Plural names, with the subresource: `networks/status`.
    pub resources: &'static [&'static str],
    /// The only objects that are meant; all if empty.
    pub names: &'static [&'static str],
    /// In alphabetical order.
    pub verbs: &'static [&'static str],
    /// Which part of the binary makes these requests, and so which tests see them.
    pub part: Part,
    /// What for.
    pub why: &'static str,
}

/// A part of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The reconcile of a Network.
    Controller,
    /// Leases and the watch of Networks.
    Process,
    /// The commands for people.
    Commands,
}

/// A request for a resource.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// API group.
    pub group: &'a str,
    /// Plural name, with the subresource after a slash.
    pub resource: &'a str,
    /// Empty for a collection. A creation has no name for an API server, except as a part of an apply.
    pub name: &'a str,
    /// In lower case, as RBAC spells it.
    pub verb: &'a str,
}

impl Rule {
    /// Whether this rule allows a request.
    #[must_use]
    pub fn allows(&self, asked: Asked<'_>) -> bool {
        self.group == asked.group
            && self.resources.contains(&asked.resource)
            && self.verbs.contains(&asked.verb)
            && (self.names.is_empty() || self.names.contains(&asked.name))
    }
}

const EXTENSIONS: &str = "extensions.gardener.cloud";
const LEASES: &str = "coordination.k8s.io";
const MONITORING: &str = "monitoring.coreos.com";
const RESOURCES: &str = "resources.gardener.cloud";

/// What the controller asks for.
pub static CONTROLLER: &[Rule] = &[
    Rule {
        group: EXTENSIONS,
        resources: &["networks"],
        names: &[],
        verbs: &["list", "watch"],
        part: Part::Process,
        why: "to hear of Networks; only their metadata",
    },
    Rule {
        group: EXTENSIONS,
        resources: &["networks"],
        names: &[],
        verbs: &["get", "patch"],
        part: Part::Controller,
        why: "to read one before each decision, and for its finalizer and annotations",
    },
    Rule {
        group: EXTENSIONS,
        resources: &["networks/status"],
        names: &[],
        verbs: &["patch"],
        part: Part::Controller,
        why: "to report",
    },
    Rule {
        group: EXTENSIONS,
        resources: &["clusters"],
        names: &[],
        verbs: &["get"],
        part: Part::Controller,
        why: "to read the Shoot",
    },
    Rule {
        group: RESOURCES,
        resources: &["managedresources"],
        names: &[],
        verbs: &["create"],
        part: Part::Controller,
        why: "for a new bundle or guard; a creation has no name yet",
    },
    Rule {
        group: RESOURCES,
        resources: &["managedresources"],
        names: &["extension-networking-calico-config", "extension-networking-calico-guard"],
        verbs: &["delete", "get", "patch", "update"],
        part: Part::Controller,
        why: "for the bundle and the guard of a shoot",
    },
    Rule {
        group: "",
        resources: &["secrets"],
        names: &[],
        verbs: &["create", "delete", "get"],
        part: Part::Controller,
        why: "for the content of bundle and guard, whose names end in its digest, and for the kubeconfig of a shoot",
    },
    Rule {
        group: "",
        resources: &["configmaps"],
        names: &["calico-dashboards"],
        verbs: &["create", "get", "patch"],
        part: Part::Controller,
        why: "to apply the dashboards of a shoot",
    },
    Rule {
        group: "",
        resources: &["configmaps"],
        names: &["calico-dashboards", "calico-monitoring-config"],
        verbs: &["delete"],
        part: Part::Controller,
        why: "to remove them, and what older releases have left",
    },
    Rule {
        group: MONITORING,
        resources: &["scrapeconfigs"],
        names: &[],
        verbs: &["list"],
        part: Part::Controller,
        why: "to see which are there; only their metadata",
    },
    Rule {
        group: MONITORING,
        resources: &["scrapeconfigs"],
        names: &["shoot-calico-bird", "shoot-calico-felix", "shoot-calico-typha"],
        verbs: &["create", "delete", "patch"],
        part: Part::Controller,
        why: "to apply and remove them",
    },
    Rule {
        group: "",
        resources: &["events"],
        names: &[],
        verbs: &["create"],
        part: Part::Controller,
        why: "to tell of phases, nodes and leaders",
    },
    Rule {
        group: LEASES,
        resources: &["leases"],
        names: &[],
        verbs: &["create"],
        part: Part::Process,
        why: "for the first leader and the first heartbeat; a creation has no name yet",
    },
    Rule {
        group: LEASES,
        resources: &["leases"],
        names: &["networking-calico-leader-election"],
        verbs: &["get", "update"],
        part: Part::Process,
        why: "to lead",
    },
    Rule {
        group: LEASES,
        resources: &["leases"],
        names: &["gardener-extension-heartbeat"],
        verbs: &["patch"],
        part: Part::Process,
        why: "for the heartbeat",
    },
];

/// What the commands ask for that look at a seed, and a person who runs them. Secrets are among it, since the bundle of a shoot is one,
/// and so are the kubeconfigs by which nodes are read.
pub static READER: &[Rule] = &[
    Rule {
        group: EXTENSIONS,
        resources: &["networks"],
        names: &[],
        verbs: &["get", "list", "watch"],
        part: Part::Commands,
        why: "what each Network says of itself",
    },
    Rule {
        group: EXTENSIONS,
        resources: &["clusters"],
        names: &[],
        verbs: &["get"],
        part: Part::Commands,
        why: "the Shoot of a Network",
    },
    Rule {
        group: RESOURCES,
        resources: &["managedresources"],
        names: &["extension-networking-calico-config"],
        verbs: &["get"],
        part: Part::Commands,
        why: "which Secrets the bundle of a shoot is in",
    },
    Rule {
        group: "",
        resources: &["secrets"],
        names: &[],
        verbs: &["get"],
        part: Part::Commands,
        why: "the bundle of a shoot, and the kubeconfig by which its nodes are read",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_allows_what_it_names() {
        let asked = |resource, name, verb| Asked { group: "coordination.k8s.io", resource, name, verb };
        let allowed = |asked| CONTROLLER.iter().any(|rule| rule.allows(asked));
        assert!(allowed(asked("leases", "networking-calico-leader-election", "update")));
        assert!(allowed(asked("leases", "", "create")));
        assert!(!allowed(asked("leases", "another", "update")));
        assert!(!allowed(asked("leases/status", "networking-calico-leader-election", "update")));
        assert!(!allowed(asked("leases", "networking-calico-leader-election", "delete")));
        assert!(!allowed(Asked { group: "", ..asked("leases", "", "create") }));
    }

    #[test]
    fn nothing_is_allowed_wholesale() {
        for rule in CONTROLLER.iter().chain(READER) {
            for words in [rule.resources, rule.names, rule.verbs] {
                assert!(!words.contains(&"*"), "{rule:?}");
            }
            assert!(rule.verbs.is_sorted() && !rule.verbs.contains(&"deletecollection"), "{rule:?}");
            // A creation has no name, except as a part of an apply.
            assert!(
                !rule.verbs.contains(&"create") || rule.names.is_empty() || rule.verbs.contains(&"patch"),
                "{rule:?}"
            );
        }
    }
}
