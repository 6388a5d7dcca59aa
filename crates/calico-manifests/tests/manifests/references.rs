//! What holds between objects: whatever one names, another has.

use std::collections::BTreeSet;

use calico_manifests::Objects;
use proptest::prelude::*;
use serde_json::Value;

use crate::objects::{at, containers, items, label, of_kinds, selects, text, workloads};
use crate::plans::wish;

/// Gardener writes it where it is needed, and a pod starts without it.
const OF_GARDENER: &str = "kubernetes-services-endpoint";

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_pod_names_exists(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        let accounts = names(&objects, "ServiceAccount");
        for workload in workloads(&objects) {
            let account = text(workload, "/spec/template/spec/serviceAccountName");
            prop_assert!(accounts.contains(account), "{}: account `{account}`", label(workload));
            for (config_map, key) in config_maps_of(workload) {
                let found = objects.find("ConfigMap", config_map);
                prop_assert!(found.is_some(), "{}: ConfigMap `{config_map}`", label(workload));
                if let (Some(found), Some(key)) = (found, key) {
                    prop_assert!(at(found, "/data").get(key).is_some(), "{}: `{config_map}` key `{key}`", label(workload));
                }
            }
        }
    }

    #[test]
    fn every_account_has_a_pod_or_is_handed_out_by_calico_node(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        let used: BTreeSet<&str> = workloads(&objects)
            .into_iter()
            .map(|workload| text(workload, "/spec/template/spec/serviceAccountName"))
            .chain(["calico-cni-plugin"])
            .collect();
        prop_assert_eq!(names(&objects, "ServiceAccount"), used);
    }

    #[test]
    fn every_role_is_bound_and_every_binding_binds_somebody(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        let accounts = names(&objects, "ServiceAccount");
        let mut bound = BTreeSet::new();
        for binding in of_kinds(&objects, &["ClusterRoleBinding", "RoleBinding"]) {
            let role = (text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
            prop_assert!(objects.find(role.0, role.1).is_some(), "{}", label(binding));
            bound.insert(role);
            prop_assert!(items(binding, "/subjects").count() > 0, "{}", label(binding));
            for subject in items(binding, "/subjects") {
                let name = text(subject, "/name");
                match text(subject, "/kind") {
                    "ServiceAccount" => prop_assert!(accounts.contains(name), "{}: `{name}`", label(binding)),
                    kind => prop_assert_eq!((kind, name), ("User", "system:kube-controller-manager")),
                }
            }
        }
        for role in of_kinds(&objects, &["ClusterRole", "Role"]) {
            prop_assert!(bound.contains(&(text(role, "/kind"), text(role, "/metadata/name"))), "{}", label(role));
        }
    }

    /// Only Multus may do anything, and only with the resources of its own group.
    #[test]
    fn no_rule_has_a_wildcard_but_the_one_of_multus(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        for role in of_kinds(&objects, &["ClusterRole", "Role"]) {
            for rule in items(role, "/rules").filter(|rule| rule.to_string().contains('*')) {
                prop_assert_eq!(label(role), "ClusterRole/multus");
                let expected = serde_json::json!({"apiGroups": ["k8s.cni.cncf.io"], "resources": ["*"], "verbs": ["*"]});
                prop_assert_eq!(rule, &expected);
            }
        }
    }

    #[test]
    fn every_service_leads_to_a_declared_port(wish in wish()) {
        let plan = wish.plan();
        let objects = calico_manifests::render(&plan).unwrap();
        for service in of_kinds(&objects, &["Service"]) {
            let name = text(service, "/metadata/name");
            // Gardener's scrape configuration is the same for every shoot; these Services may lead nowhere.
            let may_lead_nowhere = match name {
                "calico-typha-monitoring" => !plan.dataplane.typha,
                "calico-bird-monitoring" => wish.non_privileged && !wish.intent.ebpf,
                _ => false,
            };
            if may_lead_nowhere {
                continue;
            }
            let selected: Vec<&Value> = workloads(&objects)
                .into_iter()
                .filter(|workload| selects(at(service, "/spec/selector"), at(workload, "/spec/template/metadata/labels")))
                .collect();
            prop_assert_eq!(selected.len(), 1, "{}", name);
            for port in items(service, "/spec/ports") {
                let target = at(port, "/targetPort");
                let declared = selected.iter().flat_map(|workload| containers(workload)).flat_map(|container| items(container, "/ports"));
                let found = declared
                    .into_iter()
                    .any(|declared| at(declared, "/containerPort") == target || at(declared, "/name") == target);
                prop_assert!(found, "{name}: {target}");
            }
        }
    }

    /// What is told a port by a variable, an argument or a policy, and what is asked for its health, has it declared.
    #[test]
    fn every_port_that_is_named_is_declared(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        for workload in workloads(&objects) {
            for container in containers(workload) {
                let declared: Vec<i64> =
                    items(container, "/ports").filter_map(|port| at(port, "/containerPort").as_i64()).collect();
                let place = format!("{} {}", label(workload), text(container, "/name"));
                let by_variable = items(container, "/env")
                    .filter(|variable| text(variable, "/name").ends_with("PROMETHEUSMETRICSPORT"))
                    .map(|variable| text(variable, "/value"));
                let by_argument = items(container, "/args")
                    .filter_map(|argument| argument.as_str()?.strip_prefix("-web.listen-address=:"));
                for port in by_variable.chain(by_argument) {
                    prop_assert!(port.parse().is_ok_and(|port: i64| declared.contains(&port)), "{place}: `{port}`");
                }
                for probe in ["livenessProbe", "readinessProbe"] {
                    let asked = at(container, &format!("/{probe}/httpGet"));
                    // Typha's health is served on the loopback device of the node only, which nobody else can ask.
                    let local = (text(asked, "/host"), at(asked, "/port")) == ("localhost", &Value::from(9098));
                    prop_assert!(asked.is_null() || local, "{place}: {asked}");
                }
            }
        }
        for policy in of_kinds(&objects, &["NetworkPolicy"]) {
            let selector = at(policy, "/spec/podSelector/matchLabels");
            let selected: Vec<&Value> = workloads(&objects)
                .into_iter()
                .filter(|workload| selects(selector, at(workload, "/spec/template/metadata/labels")))
                .collect();
            let declared = |port: &Value| {
                let ports = selected.iter().flat_map(|workload| containers(workload)).flat_map(|container| items(container, "/ports"));
                ports.into_iter().any(|declared| at(declared, "/containerPort") == port)
            };
            for port in items(policy, "/spec/ingress").flat_map(|rule| items(rule, "/ports")) {
                prop_assert!(selected.is_empty() || declared(at(port, "/port")), "{}", label(policy));
            }
            let from = items(policy, "/spec/ingress").flat_map(|rule| items(rule, "/from"));
            for peer in from {
                let selector = at(peer, "/podSelector/matchLabels");
                let somebody = workloads(&objects)
                    .into_iter()
                    .any(|workload| selects(selector, at(workload, "/spec/template/metadata/labels")));
                prop_assert!(somebody, "{}: {selector}", label(policy));
            }
        }
    }

    /// A bundle has no Secret, and no pod of it names one.
    #[test]
    fn no_pod_reads_a_secret(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        prop_assert_eq!(of_kinds(&objects, &["Secret"]), Vec::<&Value>::new());
        for workload in workloads(&objects) {
            let pod = at(workload, "/spec/template/spec").to_string();
            prop_assert!(!pod.contains("secretKeyRef") && !pod.contains("secretRef") && !pod.contains("\"secret\""));
        }
    }

    #[test]
    fn every_autoscaler_and_budget_has_a_target(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        for autoscaler in of_kinds(&objects, &["VerticalPodAutoscaler"]) {
            let (kind, name) = (text(autoscaler, "/spec/targetRef/kind"), text(autoscaler, "/spec/targetRef/name"));
            let target = objects.find(kind, name);
            prop_assert!(target.is_some(), "{}", label(autoscaler));
        }
        for budget in of_kinds(&objects, &["PodDisruptionBudget"]) {
            let selector = at(budget, "/spec/selector/matchLabels");
            let selects_one = workloads(&objects)
                .into_iter()
                .any(|workload| selects(selector, at(workload, "/spec/template/metadata/labels")));
            prop_assert!(selects_one, "{}", label(budget));
        }
    }
}

fn names<'a>(objects: &'a Objects, kind: &str) -> BTreeSet<&'a str> {
    of_kinds(objects, &[kind]).into_iter().map(|object| text(object, "/metadata/name")).collect()
}

/// The ConfigMaps that the pods of a workload read, with the key where they read one.
fn config_maps_of(workload: &Value) -> Vec<(&str, Option<&str>)> {
    let keys = containers(workload).flat_map(|container| items(container, "/env")).filter_map(|variable| {
        let reference = variable.pointer("/valueFrom/configMapKeyRef")?;
        Some((text(reference, "/name"), Some(text(reference, "/key"))))
    });
    let whole = containers(workload)
        .flat_map(|container| items(container, "/envFrom"))
        .filter_map(|source| source.pointer("/configMapRef"))
        .filter(|reference| text(reference, "/name") != OF_GARDENER || at(reference, "/optional") != &Value::Bool(true))
        .map(|reference| (text(reference, "/name"), None));
    let volumes = items(workload, "/spec/template/spec/volumes")
        .filter_map(|volume| volume.pointer("/configMap/name").and_then(Value::as_str))
        .map(|name| (name, None));
    keys.chain(whole).chain(volumes).collect()
}
