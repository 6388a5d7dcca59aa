//! No object has a field that an API server in use would not know yet: it would be dropped without a word.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use crate::plans::wish;

/// Fields by the minor of Kubernetes 1 since which they are on by default; what stands under 22 is no younger than that.
const FIELDS: [(u32, &str); 2] = [
    (
        22,
        "add allowPrivilegeEscalation annotations apiGroup apiGroups apiVersion args automountServiceAccountToken \
         capabilities command configMap configMapKeyRef configMapRef containerPort containers data dnsPolicy drop \
         effect env envFrom exec failureThreshold fieldPath fieldRef from fsGroup host hostNetwork hostPath \
         httpGet image imagePullPolicy ingress initContainers initialDelaySeconds key kind labels lifecycle limits \
         livenessProbe matchLabels maxSurge maxUnavailable metadata mountPath mountPropagation name namespace nodeSelector \
         operator optional path periodSeconds podSelector policyTypes port ports preStop priorityClassName \
         privileged protocol readOnly readOnlyRootFilesystem readinessProbe replicas requests resourceNames \
         resources revisionHistoryLimit roleRef rollingUpdate rules runAsGroup runAsNonRoot runAsUser \
         seccompProfile securityContext selector serviceAccountName spec strategy subjects supplementalGroups \
         targetPort template terminationGracePeriodSeconds timeoutSeconds tolerations type updateStrategy value \
         valueFrom verbs volumeMounts volumes",
    ),
    (27, "unhealthyPodEvictionPolicy"),
];

/// Maps whose keys are no fields.
const MAPS: [&str; 7] = ["annotations", "data", "labels", "matchLabels", "nodeSelector", "requests", "limits"];

fn collect<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // A label in the selector of a Service: no field has a dash.
                if !name.contains('-') {
                    names.insert(name);
                }
                if !MAPS.contains(&name.as_str()) {
                    collect(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_field_is_younger_than_kubernetes_1_27(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        let mut names = BTreeSet::new();
        for (_, object) in objects.iter() {
            let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
            // These have definitions of their own.
            if !version.starts_with("crd.projectcalico.org/") && !version.starts_with("autoscaling.k8s.io/") {
                collect(object, &mut names);
            }
        }
        let known = |name: &&str| FIELDS.iter().any(|(since, fields)| *since <= 27 && fields.split(' ').any(|field| field == *name));
        let unknown: Vec<&str> = names.into_iter().filter(|name| !known(name)).collect();
        prop_assert!(unknown.is_empty(), "younger, or missing in the table: {:?}", unknown);
    }
}
