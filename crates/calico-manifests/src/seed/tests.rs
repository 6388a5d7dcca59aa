//! The objects of the seed, beside literals.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn rendered(bird_exporter: BirdExporter) -> Objects {
    render(&Seed { namespace: "shoot--bar--foo".to_owned(), bird_exporter }).unwrap()
}

fn named(kind: &str, name: &str) -> Value {
    rendered(BirdExporter::Present).find(kind, name).unwrap().clone()
}

#[test]
fn bird_is_scraped_only_with_its_exporter() {
    let shown = |objects: Objects| objects.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>();
    assert_eq!(
        shown(rendered(BirdExporter::Present)),
        [
            "ScrapeConfig/shoot--bar--foo/shoot-calico-bird",
            "ScrapeConfig/shoot--bar--foo/shoot-calico-felix",
            "ScrapeConfig/shoot--bar--foo/shoot-calico-typha",
            "ConfigMap/shoot--bar--foo/calico-dashboards",
        ]
    );
    assert_eq!(
        shown(rendered(BirdExporter::Absent)),
        [
            "ScrapeConfig/shoot--bar--foo/shoot-calico-felix",
            "ScrapeConfig/shoot--bar--foo/shoot-calico-typha",
            "ConfigMap/shoot--bar--foo/calico-dashboards",
        ]
    );
}

#[test]
fn whatever_is_made_is_among_what_is_cleaned_up() {
    let objects = rendered(BirdExporter::Present);
    let made: BTreeSet<_> = objects.iter().map(|(key, _)| key.clone()).collect();
    let all = BTreeSet::from(keys("shoot--bar--foo"));
    let only_cleaned_up: Vec<String> = all.difference(&made).map(ToString::to_string).collect();
    assert_eq!(only_cleaned_up, ["ConfigMap/shoot--bar--foo/calico-monitoring-config"]);
    assert!(made.is_subset(&all));
}

#[test]
fn the_dashboards_are_in_a_config_map_that_plutono_selects() {
    let mut object = named("ConfigMap", "calico-dashboards");
    let data = object.as_object_mut().unwrap().remove("data").unwrap();
    assert_eq!(
        object,
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "labels": {"dashboard.monitoring.gardener.cloud/shoot": "true"},
                "name": "calico-dashboards",
                "namespace": "shoot--bar--foo",
            },
        })
    );
    let keys: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["calico-bird-dashboard.json", "calico-felix-dashboard.json", "calico-typha-dashboard.json"]);
}

#[test]
fn felix_is_scraped_through_the_api_server_of_the_shoot() {
    let authorization = json!({"credentials": {"name": "shoot-access-prometheus-shoot", "key": "token"}});
    let tls = json!({"ca": {}, "cert": {}, "insecureSkipVerify": true});
    assert_eq!(
        named("ScrapeConfig", "shoot-calico-felix"),
        json!({
            "apiVersion": "monitoring.coreos.com/v1alpha1",
            "kind": "ScrapeConfig",
            "metadata": {
                "labels": {"prometheus": "shoot"},
                "name": "shoot-calico-felix",
                "namespace": "shoot--bar--foo",
            },
            "spec": {
                "authorization": authorization,
                "kubernetesSDConfigs": [{
                    "apiServer": "https://kube-apiserver",
                    "authorization": authorization,
                    "followRedirects": true,
                    "namespaces": {"names": ["kube-system"]},
                    "role": "Endpoints",
                    "tlsConfig": tls,
                }],
                "metricRelabelings": [{"action": "keep", "regex": "felix_.+", "sourceLabels": ["__name__"]}],
                "relabelings": [
                    {"action": "replace", "replacement": "felix-metrics", "targetLabel": "job"},
                    {
                        "action": "keep",
                        "regex": "calico-felix-monitoring;metrics",
                        "replacement": "$1",
                        "separator": ";",
                        "sourceLabels": [
                            "__meta_kubernetes_service_name",
                            "__meta_kubernetes_pod_container_port_name",
                        ],
                    },
                    {
                        "action": "replace",
                        "regex": "(.*)",
                        "replacement": "$1",
                        "separator": ";",
                        "sourceLabels": ["__meta_kubernetes_endpoint_node_name"],
                        "targetLabel": "node",
                    },
                    {
                        "action": "replace",
                        "regex": "(.*)",
                        "replacement": "$1",
                        "separator": ";",
                        "sourceLabels": ["__meta_kubernetes_pod_name"],
                        "targetLabel": "pod",
                    },
                    {"replacement": "kube-apiserver:443", "targetLabel": "__address__"},
                    {
                        "action": "replace",
                        "regex": "(.+);(.+)",
                        "replacement": "/api/v1/namespaces/kube-system/pods/${1}:${2}/proxy/metrics",
                        "separator": ";",
                        "sourceLabels": [
                            "__meta_kubernetes_pod_name",
                            "__meta_kubernetes_pod_container_port_number",
                        ],
                        "targetLabel": "__metrics_path__",
                    },
                ],
                "scheme": "HTTPS",
                "tlsConfig": tls,
            },
        })
    );
}

#[test]
fn jobs_differ_in_name_endpoint_and_metrics_only() {
    let felix = named("ScrapeConfig", "shoot-calico-felix").to_string();
    for (object, job, endpoint, kept) in [
        ("shoot-calico-typha", "typha-metrics", "calico-typha-monitoring;metrics", "typha_.+"),
        (
            "shoot-calico-bird",
            "bird-metrics",
            "calico-bird-monitoring;bird-metrics",
            "bird_protocol_up.*|bird_protocol_prefix_export_count|bird_protocol_prefix_import_count",
        ),
    ] {
        let expected = felix
            .replace("shoot-calico-felix", object)
            .replace("felix-metrics", job)
            .replace("calico-felix-monitoring;metrics", endpoint)
            .replace("felix_.+", kept);
        assert_eq!(named("ScrapeConfig", object).to_string(), expected);
    }
}
