//! What each account may do, and what for.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::objects::{at, items, of_kinds, text};
use crate::plans::wish;

/// A right of a role, and which component needs it for what. Every resource of the API group with every verb.
struct Right {
    role: &'static str,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    need: &'static str,
}

const fn right(
    role: &'static str,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    need: &'static str,
) -> Right {
    Right { role, group, resources, verbs, need }
}

const CORE: &str = "";
const CALICO: &str = "crd.projectcalico.org";
const NODE: &str = "ClusterRole/calico-node";
const PLUGIN: &str = "ClusterRole/calico-cni-plugin";
const CONTROLLERS: &str = "ClusterRole/calico-kube-controllers";

/// Rights without bounds. They are the Go extension's, and each has a number to be talked about by.
const WITHOUT_BOUNDS: [(&str, &str, &str); 1] =
    [("W1", "ClusterRole/multus", "Multus: the network attachments of users, whose kinds its own group holds alone")];

const RIGHTS: &[Right] = &[
    right(NODE, CORE, &["serviceaccounts/token"], &["create"], "calico-node: a token for the CNI plugin on its node"),
    right(
        NODE,
        CORE,
        &["pods", "namespaces"],
        &["get", "list", "watch"],
        "Felix: endpoints, and labels that policies select",
    ),
    right(NODE, CORE, &["serviceaccounts"], &["list", "watch"], "Felix: policies that select by account"),
    right(NODE, CORE, &["nodes"], &["get", "list", "watch"], "Felix and BIRD: addresses and pod networks of all nodes"),
    right(NODE, CORE, &["nodes/status"], &["patch", "update"], "calico-node: the condition NetworkUnavailable"),
    right(NODE, CORE, &["pods/status"], &["patch"], "the CNI plugin of older releases: the address of a pod"),
    right(
        NODE,
        CORE,
        &["endpoints", "services"],
        &["get", "list", "watch"],
        "BIRD: Service addresses; Felix: eBPF in place of kube-proxy; Typha's Service",
    ),
    right(NODE, "discovery.k8s.io", &["endpointslices"], &["list", "watch"], "Felix: eBPF in place of kube-proxy"),
    right(NODE, CORE, &["configmaps"], &["get"], "calico-node: settings of kubeadm, to detect pod networks"),
    right(NODE, "networking.k8s.io", &["networkpolicies"], &["list", "watch"], "Felix: policies of Kubernetes"),
    right(
        NODE,
        "policy.networking.k8s.io",
        &["adminnetworkpolicies", "baselineadminnetworkpolicies"],
        &["list", "watch"],
        "Felix: policies of the cluster's administrator",
    ),
    right(
        NODE,
        CALICO,
        &["globalfelixconfigs", "globalbgpconfigs"],
        &["get", "list", "watch"],
        "calico-node: settings of releases before v3",
    ),
    right(
        NODE,
        CALICO,
        &["felixconfigurations", "clusterinformations"],
        &["get", "list", "watch", "create", "update"],
        "calico-node writes the defaults of Felix, and which release runs; Felix follows them",
    ),
    right(
        NODE,
        CALICO,
        &["ippools"],
        &["get", "list", "watch", "create", "update"],
        "calico-node writes the default pools; Felix follows all",
    ),
    right(
        NODE,
        CALICO,
        &["bgpconfigurations", "bgppeers"],
        &["get", "list", "watch", "create", "update"],
        "BIRD: whom to tell routes; calico-node migrates old settings",
    ),
    right(
        NODE,
        CALICO,
        &["bgpfilters", "ipreservations"],
        &["get", "list", "watch"],
        "BIRD: which routes; calico-node: addresses that nobody may have",
    ),
    right(
        NODE,
        CALICO,
        &["ipamblocks"],
        &["get", "list", "watch", "create", "update", "delete"],
        "calico-node: addresses of tunnels; Felix: routes of VXLAN",
    ),
    right(
        NODE,
        CALICO,
        &["blockaffinities"],
        &["get", "list", "watch", "create", "update", "delete"],
        "calico-node: which node has which block; BIRD tells its routes",
    ),
    right(
        NODE,
        CALICO,
        &["ipamhandles"],
        &["get", "list", "create", "update", "delete"],
        "calico-node: whose an address is",
    ),
    right(NODE, CALICO, &["ipamconfigs"], &["get", "create"], "calico-node: settings of the address management"),
    right(
        NODE,
        CALICO,
        &["globalnetworkpolicies", "networkpolicies", "globalnetworksets", "networksets"],
        &["get", "list", "watch"],
        "Felix: policies of Calico",
    ),
    right(
        NODE,
        CALICO,
        &["stagedglobalnetworkpolicies", "stagednetworkpolicies", "stagedkubernetesnetworkpolicies"],
        &["get", "list", "watch"],
        "Felix: policies on trial",
    ),
    right(NODE, CALICO, &["hostendpoints"], &["get", "list", "watch"], "Felix: policies for the nodes themselves"),
    right(
        NODE,
        CALICO,
        &["caliconodestatuses"],
        &["get", "list", "watch", "update"],
        "calico-node reports BGP where it is asked to",
    ),
    right(
        NODE,
        CALICO,
        &["tiers"],
        &["get", "list", "watch", "create"],
        "Felix: the order of policies; calico-node writes the default tier",
    ),
    right(NODE, "apps", &["daemonsets"], &["get"], "calico-node: whether a roll-out is under way when it stops"),
    right(
        PLUGIN,
        CORE,
        &["pods", "nodes", "namespaces"],
        &["get"],
        "the CNI plugin: annotations and labels of the pod that starts",
    ),
    right(PLUGIN, CORE, &["pods/status"], &["patch"], "the CNI plugin: the address of a pod"),
    right(
        PLUGIN,
        CALICO,
        &[
            "blockaffinities",
            "ipamblocks",
            "ipamhandles",
            "clusterinformations",
            "ippools",
            "ipreservations",
            "ipamconfigs",
        ],
        &["get", "list", "create", "update", "delete"],
        "the CNI plugin: addresses from Calico's own management",
    ),
    right(
        CONTROLLERS,
        CORE,
        &["nodes", "pods", "namespaces"],
        &["get", "list", "watch"],
        "kube-controllers: what is left of nodes and pods that are gone",
    ),
    right(
        CONTROLLERS,
        CORE,
        &["services", "services/status"],
        &["get", "list", "update", "watch"],
        "kube-controllers: addresses for Services of type LoadBalancer",
    ),
    right(CONTROLLERS, CALICO, &["ipreservations"], &["list"], "kube-controllers: addresses that nobody may have"),
    right(
        CONTROLLERS,
        CALICO,
        &["ippools"],
        &["list", "watch"],
        "kube-controllers: pools for Services of type LoadBalancer",
    ),
    right(
        CONTROLLERS,
        CALICO,
        &["blockaffinities", "ipamblocks", "ipamhandles", "ipamconfigs", "tiers"],
        &["get", "list", "create", "update", "delete", "watch"],
        "kube-controllers: frees addresses; migrates tiers",
    ),
    right(
        CONTROLLERS,
        CALICO,
        &["hostendpoints"],
        &["get", "list", "create", "update", "delete", "watch"],
        "kube-controllers: host endpoints for nodes",
    ),
    right(
        CONTROLLERS,
        CALICO,
        &["clusterinformations", "kubecontrollersconfigurations"],
        &["get", "list", "create", "update", "watch"],
        "kube-controllers: its settings, and that the datastore is ready",
    ),
    right(
        "ClusterRole/calico-tier-getter",
        "projectcalico.org",
        &["tiers"],
        &["get"],
        "kube-controller-manager: deletes policies with their namespace",
    ),
    right(
        "ClusterRole/typha-cpha",
        CORE,
        &["nodes"],
        &["list", "watch", "get"],
        "the autoscaler of Typha's replicas: counts nodes",
    ),
    right("Role/typha-cpha", CORE, &["configmaps"], &["get"], "the autoscaler of Typha's replicas: its ladder"),
    right(
        "Role/typha-cpha",
        "apps",
        &["deployments/scale"],
        &["get", "update"],
        "the autoscaler of Typha's replicas: scales Typha",
    ),
    right(
        "Role/typha-cpha",
        "extensions",
        &["deployments/scale"],
        &["get", "update"],
        "the same, in the group that older releases of it ask",
    ),
    right("ClusterRole/typha-cpva", CORE, &["nodes"], &["list"], "the autoscaler of Typha's requests: counts nodes"),
    right(
        "ClusterRole/typha-cpva",
        "apps",
        &["deployments"],
        &["patch"],
        "the autoscaler of Typha's requests: sets them",
    ),
    right(
        "ClusterRole/typha-cpva",
        "extensions",
        &["deployments"],
        &["patch"],
        "the same, in the group that older releases of it ask",
    ),
    right(
        "ClusterRole/calico-node-cpva",
        CORE,
        &["nodes"],
        &["list"],
        "the autoscaler of calico-node's requests: counts nodes",
    ),
    right(
        "ClusterRole/calico-node-cpva",
        "apps",
        &["deployments", "daemonsets"],
        &["patch"],
        "the autoscaler of calico-node's requests: sets them",
    ),
    right(
        "ClusterRole/calico-node-cpva",
        "extensions",
        &["deployments", "daemonsets"],
        &["patch"],
        "the same, in the group that older releases of it ask",
    ),
    right(
        "ClusterRole/multus",
        CORE,
        &["pods", "pods/status"],
        &["get", "list", "update", "watch"],
        "Multus: which networks a pod wants, and what it got",
    ),
    right(
        "ClusterRole/multus",
        CORE,
        &["events"],
        &["create", "patch", "update"],
        "Multus: says why a network is missing",
    ),
    right(
        "ClusterRole/multus",
        "events.k8s.io",
        &["events"],
        &["create", "patch", "update"],
        "Multus: says why a network is missing",
    ),
    right("ClusterRole/multus", "k8s.cni.cncf.io", &["*"], &["*"], "W1"),
];

/// Role, group, resource, verb.
type Granted = (String, String, String, String);

fn in_the_table() -> BTreeSet<Granted> {
    let each = |Right { role, group, resources, verbs, .. }: &'static Right| {
        resources.iter().flat_map(move |resource| {
            verbs
                .iter()
                .map(move |verb| ((*role).to_owned(), (*group).to_owned(), (*resource).to_owned(), (*verb).to_owned()))
        })
    };
    RIGHTS.iter().flat_map(each).collect()
}

fn granted(role: &Value) -> BTreeSet<Granted> {
    let name = format!("{}/{}", text(role, "/kind"), text(role, "/metadata/name"));
    let texts = |rule: &Value, list: &str| -> Vec<String> {
        items(rule, list).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut granted = BTreeSet::new();
    for rule in items(role, "/rules") {
        for group in texts(rule, "/apiGroups") {
            for resource in texts(rule, "/resources") {
                for verb in texts(rule, "/verbs") {
                    granted.insert((name.clone(), group.clone(), resource.clone(), verb));
                }
            }
        }
    }
    granted
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// A role grants exactly what the table says a component needs: nothing more, and nothing less.
    #[test]
    fn every_right_is_one_that_a_component_needs(wish in wish()) {
        let objects = calico_manifests::render(&wish.plan()).unwrap();
        for role in of_kinds(&objects, &["ClusterRole", "Role"]) {
            let name = format!("{}/{}", text(role, "/kind"), text(role, "/metadata/name"));
            let needed: BTreeSet<Granted> = in_the_table().into_iter().filter(|(role, ..)| *role == name).collect();
            prop_assert!(!needed.is_empty(), "{name} is not in the table");
            prop_assert_eq!(granted(role), needed);
        }
    }
}

#[test]
fn a_token_is_only_for_the_account_of_the_plugin() {
    let objects = calico_manifests::render(&crate::plans::Wish::default_shoot().plan()).unwrap();
    let role = objects.find("ClusterRole", "calico-node").unwrap();
    let tokens: Vec<&Value> = items(role, "/rules")
        .filter(|rule| at(rule, "/resources").to_string().contains("serviceaccounts/token"))
        .map(|rule| at(rule, "/resourceNames"))
        .collect();
    assert_eq!(tokens, [&json!(["calico-cni-plugin"])]);
}

#[test]
fn a_right_without_bounds_has_a_number() {
    let unbounded: Vec<(&str, &str)> = RIGHTS
        .iter()
        .filter(|right| right.resources.contains(&"*") || right.verbs.contains(&"*") || right.group == "*")
        .map(|right| (right.need, right.role))
        .collect();
    assert_eq!(unbounded, WITHOUT_BOUNDS.map(|(number, role, _)| (number, role)));
    assert!(
        RIGHTS.iter().all(|right| !right.need.is_empty()) && WITHOUT_BOUNDS.iter().all(|(.., need)| !need.is_empty())
    );
}
