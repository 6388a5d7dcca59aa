//! Service accounts, roles and their bindings.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use crate::names::{NAMESPACE, cluster_scoped, namespaced};
use crate::pods::texts;

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// The core API group.
pub(crate) const CORE: &str = "";
/// The API group of Calico's resources.
pub(crate) const CALICO: &str = "crd.projectcalico.org";

/// `verbs` on `resources` of one API group.
pub(crate) fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    rule_of_groups(&[group], resources, verbs)
}

/// `verbs` on `resources` of several API groups.
pub(crate) fn rule_of_groups(groups: &[&str], resources: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(texts(groups.iter().copied())),
        resources: Some(texts(resources.iter().copied())),
        verbs: texts(verbs.iter().copied()),
        ..PolicyRule::default()
    }
}

/// A service account whose token no pod gets unless it asks for it.
pub(crate) fn service_account(name: &str) -> ServiceAccount {
    ServiceAccount {
        metadata: namespaced(name),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// What may be done in the whole cluster.
pub(crate) fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    ClusterRole { metadata: cluster_scoped(name), rules: Some(rules), ..ClusterRole::default() }
}

/// The cluster role `name` for service accounts.
pub(crate) fn cluster_role_binding(name: &str, service_accounts: &[&str]) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: cluster_scoped(name),
        role_ref: role_reference("ClusterRole", name),
        subjects: Some(service_accounts.iter().map(|account| service_account_subject(account)).collect()),
    }
}

/// The cluster role `name` for one user.
pub(crate) fn cluster_role_binding_of_user(name: &str, user: &str) -> ClusterRoleBinding {
    let subject = Subject {
        api_group: Some(RBAC_GROUP.to_owned()),
        kind: "User".to_owned(),
        name: user.to_owned(),
        namespace: None,
    };
    ClusterRoleBinding {
        metadata: cluster_scoped(name),
        role_ref: role_reference("ClusterRole", name),
        subjects: Some(vec![subject]),
    }
}

/// What may be done in [`NAMESPACE`].
pub(crate) fn role(name: &str, rules: Vec<PolicyRule>) -> Role {
    Role { metadata: namespaced(name), rules: Some(rules) }
}

/// The role `name` for the service account of the same name.
pub(crate) fn role_binding(name: &str) -> RoleBinding {
    RoleBinding {
        metadata: namespaced(name),
        role_ref: role_reference("Role", name),
        subjects: Some(vec![service_account_subject(name)]),
    }
}

fn role_reference(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Some(RBAC_GROUP.to_owned()), kind: kind.to_owned(), name: name.to_owned() }
}

fn service_account_subject(name: &str) -> Subject {
    Subject {
        api_group: None,
        kind: "ServiceAccount".to_owned(),
        name: name.to_owned(),
        namespace: Some(NAMESPACE.to_owned()),
    }
}
