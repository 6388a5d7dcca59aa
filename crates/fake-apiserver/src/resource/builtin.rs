//! The built-in resources: a table, because their rules are facts of Kubernetes and not derivable.

use super::{Generation, NameRule, Resource, Rules, StatusRule, Version};

/// A row: where the resource lives, how it is called, how its writes are treated.
struct Row {
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    kind: &'static str,
    short: &'static [&'static str],
    scope: Scope,
    rules: Rules,
    selectable: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Cluster,
    Namespaced,
}

/// Most built-in resources: no generation, no status, updates without a resourceVersion allowed.
const PLAIN: Rules = Rules {
    generation: Generation::None,
    status: StatusRule::None,
    unconditional_update: true,
    create_on_update: false,
    deletion_returns_object: false,
    names: NameRule::Subdomain,
    face_of_core: false,
    custom: false,
};
/// Workloads and the like: `spec` is wished for, `status` observed.
const WITH_STATUS: Rules = Rules { generation: Generation::Spec, status: StatusRule::Builtin, ..PLAIN };
const DEPLOYMENT: Rules = Rules { generation: Generation::SpecOrAnnotations, ..WITH_STATUS };
const NODE: Rules = Rules { status: StatusRule::BuiltinGivenOnCreate, ..PLAIN };
const POD: Rules = Rules { deletion_returns_object: true, ..WITH_STATUS };
const NAMESPACE: Rules = Rules { status: StatusRule::Builtin, names: NameRule::Label, ..PLAIN };
const SERVICE: Rules =
    Rules { status: StatusRule::Builtin, create_on_update: true, deletion_returns_object: true, ..PLAIN };
const SERVICE_ACCOUNT: Rules = Rules { deletion_returns_object: true, ..PLAIN };
const EVENT: Rules = Rules { create_on_update: true, ..PLAIN };
const EVENT_FACE: Rules = Rules { face_of_core: true, ..EVENT };
const RBAC: Rules = Rules { create_on_update: true, names: NameRule::PathSegment, ..PLAIN };
const LEASE: Rules = Rules { create_on_update: true, unconditional_update: false, ..PLAIN };
const POLICY: Rules = Rules { generation: Generation::Spec, unconditional_update: false, ..PLAIN };
const WEBHOOKS: Rules = Rules { generation: Generation::AllButStatus, unconditional_update: false, ..PLAIN };
const DEFINITION: Rules = Rules { unconditional_update: false, ..WITH_STATUS };
const DISRUPTION_BUDGET: Rules = Rules { unconditional_update: false, ..WITH_STATUS };

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";
const ADMISSION_GROUP: &str = "admissionregistration.k8s.io";
const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
const POD_FIELDS: &[&str] = &["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

const fn row(
    group: &'static str,
    plural: &'static str,
    kind: &'static str,
    short: &'static [&'static str],
    scope: Scope,
    rules: Rules,
) -> Row {
    Row { group, versions: &["v1"], plural, kind, short, scope, rules, selectable: &[] }
}

const TABLE: &[Row] = &[
    Row { selectable: &["spec.unschedulable"], ..row("", "nodes", "Node", &["no"], Scope::Cluster, NODE) },
    Row { selectable: &["status.phase"], ..row("", "namespaces", "Namespace", &["ns"], Scope::Cluster, NAMESPACE) },
    Row { selectable: POD_FIELDS, ..row("", "pods", "Pod", &["po"], Scope::Namespaced, POD) },
    Row { selectable: &["type"], ..row("", "secrets", "Secret", &[], Scope::Namespaced, PLAIN) },
    row("", "configmaps", "ConfigMap", &["cm"], Scope::Namespaced, PLAIN),
    row("", "serviceaccounts", "ServiceAccount", &["sa"], Scope::Namespaced, SERVICE_ACCOUNT),
    Row { selectable: EVENT_FIELDS, ..row("", "events", "Event", &["ev"], Scope::Namespaced, EVENT) },
    row("events.k8s.io", "events", "Event", &["ev"], Scope::Namespaced, EVENT_FACE),
    row("", "services", "Service", &["svc"], Scope::Namespaced, SERVICE),
    row("apps", "daemonsets", "DaemonSet", &["ds"], Scope::Namespaced, WITH_STATUS),
    row("apps", "deployments", "Deployment", &["deploy"], Scope::Namespaced, DEPLOYMENT),
    row("coordination.k8s.io", "leases", "Lease", &[], Scope::Namespaced, LEASE),
    row(
        "networking.k8s.io",
        "networkpolicies",
        "NetworkPolicy",
        &["netpol"],
        Scope::Namespaced,
        Rules { generation: Generation::Spec, ..PLAIN },
    ),
    row("policy", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"], Scope::Namespaced, DISRUPTION_BUDGET),
    row("scheduling.k8s.io", "priorityclasses", "PriorityClass", &["pc"], Scope::Cluster, PLAIN),
    row(RBAC_GROUP, "clusterroles", "ClusterRole", &[], Scope::Cluster, RBAC),
    row(RBAC_GROUP, "clusterrolebindings", "ClusterRoleBinding", &[], Scope::Cluster, RBAC),
    row(RBAC_GROUP, "roles", "Role", &[], Scope::Namespaced, RBAC),
    row(RBAC_GROUP, "rolebindings", "RoleBinding", &[], Scope::Namespaced, RBAC),
    Row {
        versions: &["v1", "v1beta1", "v1alpha1"],
        ..row(ADMISSION_GROUP, "mutatingadmissionpolicies", "MutatingAdmissionPolicy", &[], Scope::Cluster, POLICY)
    },
    Row {
        versions: &["v1", "v1beta1", "v1alpha1"],
        ..row(
            ADMISSION_GROUP,
            "mutatingadmissionpolicybindings",
            "MutatingAdmissionPolicyBinding",
            &[],
            Scope::Cluster,
            POLICY,
        )
    },
    row(
        ADMISSION_GROUP,
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        &[],
        Scope::Cluster,
        Rules { status: StatusRule::Builtin, ..POLICY },
    ),
    row(
        ADMISSION_GROUP,
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        &[],
        Scope::Cluster,
        POLICY,
    ),
    row(
        ADMISSION_GROUP,
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        &[],
        Scope::Cluster,
        WEBHOOKS,
    ),
    row(
        ADMISSION_GROUP,
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        &[],
        Scope::Cluster,
        WEBHOOKS,
    ),
    row(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        &["crd", "crds"],
        Scope::Cluster,
        DEFINITION,
    ),
];

/// Every built-in resource.
pub(crate) fn all() -> Vec<Resource> {
    TABLE.iter().map(Row::resource).collect()
}

#[cfg(test)]
pub(crate) fn find(group: &str, plural: &str) -> Resource {
    all().into_iter().find(|resource| resource.is(group, plural)).unwrap()
}

impl Row {
    fn resource(&self) -> Resource {
        let status = self.rules.status != StatusRule::None;
        let version = |name: &&str| Version {
            name: (*name).to_owned(),
            schema: None,
            status,
            columns: Vec::new(),
            selectable: self.selectable.iter().map(|field| (*field).to_owned()).collect(),
        };
        Resource {
            group: self.group.to_owned(),
            plural: self.plural.to_owned(),
            singular: self.kind.to_lowercase(),
            kind: self.kind.to_owned(),
            list_kind: format!("{}List", self.kind),
            short_names: self.short.iter().map(|name| (*name).to_owned()).collect(),
            categories: Vec::new(),
            namespaced: self.scope == Scope::Namespaced,
            versions: self.versions.iter().map(version).collect(),
            rules: self.rules,
        }
    }
}
