//! In which order objects are applied: by kind as Helm installs them, other kinds after them by name.

/// Helm's order of installation, as far as the kinds still exist.
const ORDER: [&str; 36] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
];

/// Where a kind stands. Nothing knows what has no kind, so it comes last.
pub(super) fn rank(kind: &str) -> (usize, &str) {
    match ORDER.iter().position(|known| *known == kind) {
        Some(place) => (place, ""),
        None if kind.is_empty() => (usize::MAX, ""),
        None => (ORDER.len(), kind),
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn the_kinds_of_the_bundle_come_in_the_order_seen_on_a_real_shoot() {
        let mut kinds = [
            "VerticalPodAutoscaler",
            "IPPool",
            "Deployment",
            "",
            "DaemonSet",
            "Service",
            "RoleBinding",
            "Role",
            "ClusterRoleBinding",
            "ClusterRole",
            "CustomResourceDefinition",
            "ConfigMap",
            "ServiceAccount",
            "PodDisruptionBudget",
            "NetworkPolicy",
        ];
        kinds.sort_by_key(|kind| rank(kind));
        assert_eq!(
            kinds,
            [
                "NetworkPolicy",
                "PodDisruptionBudget",
                "ServiceAccount",
                "ConfigMap",
                "CustomResourceDefinition",
                "ClusterRole",
                "ClusterRoleBinding",
                "Role",
                "RoleBinding",
                "Service",
                "DaemonSet",
                "Deployment",
                "IPPool",
                "VerticalPodAutoscaler",
                "",
            ]
        );
    }
}
