//! Where a path leads.

use super::query::decode;

/// A path of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/{group}`
    Group(String),
    /// `/api/v1`, `/apis/{group}/{version}`
    Resources {
        group: String,
        version: String,
    },
    /// `/version`
    Version,
    /// `/healthz`, `/livez`, `/readyz`
    Health,
    /// `/openapi/v3`
    OpenApiIndex,
    /// `/openapi/v3/apis/{group}/{version}`
    OpenApi {
        group: String,
        version: String,
    },
    /// A resource, an object or a subresource.
    Resource(Target),
    Unknown,
}

/// What a path says about a resource; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: String,
    pub(crate) plural: String,
    pub(crate) name: String,
    pub(crate) subresource: String,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["version"] => Self::Version,
            ["healthz" | "livez" | "readyz", ..] => Self::Health,
            ["openapi", "v3"] => Self::OpenApiIndex,
            ["openapi", "v3", "api", version] => Self::OpenApi { group: String::new(), version: (*version).to_owned() },
            ["openapi", "v3", "apis", group, version] => {
                Self::OpenApi { group: (*group).to_owned(), version: (*version).to_owned() }
            }
            ["api"] => Self::CoreVersions,
            ["apis"] => Self::Groups,
            ["apis", group] => Self::Group((*group).to_owned()),
            ["api", version] => Self::Resources { group: String::new(), version: (*version).to_owned() },
            ["apis", group, version] => Self::Resources { group: (*group).to_owned(), version: (*version).to_owned() },
            ["api", version, rest @ ..] => resource("", version, rest),
            ["apis", group, version, rest @ ..] => resource(group, version, rest),
            _ => Self::Unknown,
        }
    }
}

fn resource(group: &str, version: &str, rest: &[&str]) -> Route {
    let target = |namespace: &str, plural: &str, name: &str, subresource: &str| {
        Route::Resource(Target {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            plural: plural.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    };
    match rest {
        // A namespace is a resource itself, and everything else below it is in it.
        ["namespaces", name, subresource @ ("status" | "finalize")] if group.is_empty() => {
            target("", "namespaces", name, subresource)
        }
        ["namespaces", namespace, plural] => target(namespace, plural, "", ""),
        ["namespaces", namespace, plural, name] => target(namespace, plural, name, ""),
        ["namespaces", namespace, plural, name, subresource] => target(namespace, plural, name, subresource),
        [plural] => target("", plural, "", ""),
        [plural, name] => target("", plural, name, ""),
        [plural, name, subresource] => target("", plural, name, subresource),
        _ => Route::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(parts: [&str; 6]) -> Route {
        let [group, version, namespace, plural, name, subresource] = parts.map(str::to_owned);
        Route::Resource(Target { group, version, namespace, plural, name, subresource })
    }

    #[test]
    fn paths_lead_where_kubernetes_says() {
        for (path, route) in [
            ("/api/v1/nodes", target(["", "v1", "", "nodes", "", ""])),
            ("/api/v1/nodes/n/status", target(["", "v1", "", "nodes", "n", "status"])),
            ("/api/v1/namespaces", target(["", "v1", "", "namespaces", "", ""])),
            ("/api/v1/namespaces/a", target(["", "v1", "", "namespaces", "a", ""])),
            ("/api/v1/namespaces/a/status", target(["", "v1", "", "namespaces", "a", "status"])),
            ("/api/v1/namespaces/a/secrets", target(["", "v1", "a", "secrets", "", ""])),
            ("/apis/apps/v1/namespaces/a/daemonsets/d", target(["apps", "v1", "a", "daemonsets", "d", ""])),
            ("/apis/g.io/v1/clusters/c%3Ad", target(["g.io", "v1", "", "clusters", "c:d", ""])),
            ("/api", Route::CoreVersions),
            ("/apis/apps", Route::Group("apps".to_owned())),
            ("/readyz/etcd", Route::Health),
            ("/nonsense", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
