//! What a scrape reads, parsed as Prometheus parses it and compared with the table and with literals.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use adapter_k8s::client::{Attempt, ObserveRequest as _, Outcome, Verb};

use super::table::{Kind, TABLE};
use super::*;
use crate::controller::NetworkKey;
use crate::process::queue::Priority;

/// A family of the text format.
#[derive(Debug, Default)]
struct Parsed {
    kind: String,
    help: String,
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

/// Reads the text format; panics where a line is none of it.
fn parse(text: &str) -> BTreeMap<String, Parsed> {
    let mut families: BTreeMap<String, Parsed> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            families.entry(name.to_owned()).or_default().help = help.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let family = families.entry(name.to_owned()).or_default();
            assert_eq!(family.kind, "", "{name} twice");
            family.kind = kind.to_owned();
        } else {
            let (metric, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = metric.split_once('{').unwrap_or((metric, "}"));
            let labels = labels.strip_suffix('}').unwrap();
            let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
                let (key, value) = label.split_once('=').unwrap();
                (key.to_owned(), value.strip_prefix('"').unwrap().strip_suffix('"').unwrap().to_owned())
            });
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| name.strip_suffix(suffix))
                .find(|family| families.get(*family).is_some_and(|family| family.kind == "histogram"))
                .unwrap_or(name);
            let family = families.get_mut(family).unwrap_or_else(|| panic!("`{name}` has no TYPE"));
            family.samples.push((name.to_owned(), labels.collect(), value.parse().unwrap()));
        }
    }
    families
}

/// A process that has done something of everything.
fn busy() -> Metrics {
    let metrics = Metrics::new();
    let key = NetworkKey { namespace: "shoot--foo--bar".to_owned(), name: "bar".to_owned() };
    for (verb, outcome) in [(Verb::Get, Outcome::Answered(200)), (Verb::Patch, Outcome::TimedOut)] {
        metrics.requests.observe(&Attempt { verb, host: "10.0.0.1:443", outcome, elapsed: Duration::ZERO });
    }
    metrics.leads("networking-calico-leader-election", true);
    metrics.network.set_max_concurrent(5);
    metrics.network.started();
    metrics.network.ended(ReconcileResult::Success, Duration::from_millis(30));
    metrics.queue.added();
    metrics.queue.depth([(Priority::FirstList, 3), (Priority::Change, 1)]);
    metrics.queue.started(&key, Duration::from_millis(2));
    switches::tests::decide(&metrics.switches);
    switches::tests::decide_overdue(&metrics.switches);
    metrics
}

#[test]
fn exactly_the_series_of_the_table_are_exposed_with_their_types_and_labels() {
    let families = parse(&busy().text().unwrap());
    let exposed: BTreeSet<&str> = families.keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = TABLE.iter().map(|series| series.name).collect();
    assert_eq!(exposed, expected);
    for series in TABLE {
        let family = &families[series.name];
        assert_eq!(family.kind, series.kind.word(), "{}", series.name);
        assert!(family.help.starts_with(series.help), "{}: {}", series.name, family.help);
        assert!(!family.samples.is_empty(), "{}", series.name);
        for (name, labels, _) in &family.samples {
            let mut expected: BTreeSet<&str> = series.labels.iter().copied().collect();
            if name.ends_with("_bucket") && series.kind == Kind::Histogram {
                expected.insert("le");
            }
            assert_eq!(labels.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{name}");
        }
    }
    assert!(!exposed.iter().any(|name| name.starts_with("go_")));
}

/// Written down from what Gardener's dashboards query, not from the table.
#[test]
fn the_series_of_gardeners_dashboards_are_there() {
    let families = parse(&busy().text().unwrap());
    for (name, kind, labels) in [
        ("controller_runtime_reconcile_total", "counter", &["controller", "result"][..]),
        ("controller_runtime_reconcile_errors_total", "counter", &["controller"]),
        ("controller_runtime_reconcile_timeouts_total", "counter", &["controller"]),
        ("controller_runtime_reconcile_panics_total", "counter", &["controller"]),
        ("controller_runtime_terminal_reconcile_errors_total", "counter", &["controller"]),
        ("controller_runtime_reconcile_time_seconds", "histogram", &["controller"]),
        ("controller_runtime_max_concurrent_reconciles", "gauge", &["controller"]),
        ("controller_runtime_active_workers", "gauge", &["controller"]),
        ("workqueue_depth", "gauge", &["controller", "name", "priority"]),
        ("workqueue_adds_total", "counter", &["controller", "name"]),
        ("workqueue_retries_total", "counter", &["controller", "name"]),
        ("workqueue_queue_duration_seconds", "histogram", &["controller", "name"]),
        ("workqueue_work_duration_seconds", "histogram", &["controller", "name"]),
        ("workqueue_unfinished_work_seconds", "gauge", &["controller", "name"]),
        ("workqueue_longest_running_processor_seconds", "gauge", &["controller", "name"]),
        ("rest_client_requests_total", "counter", &["code", "host", "method"]),
        ("leader_election_master_status", "gauge", &["name"]),
        ("process_cpu_seconds_total", "counter", &[]),
        ("process_open_fds", "gauge", &[]),
        ("process_max_fds", "gauge", &[]),
        ("process_resident_memory_bytes", "gauge", &[]),
        ("process_virtual_memory_bytes", "gauge", &[]),
        ("process_virtual_memory_max_bytes", "gauge", &[]),
        ("process_start_time_seconds", "gauge", &[]),
    ] {
        let family = families.get(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(family.kind, kind, "{name}");
        let (_, found, _) = &family.samples.last().unwrap();
        let found: Vec<&str> = found.keys().map(String::as_str).filter(|label| *label != "le").collect();
        assert_eq!(found, labels, "{name}");
    }
}

fn bounds(family: &Parsed) -> Vec<f64> {
    let mut bounds: Vec<f64> = Vec::new();
    for (name, labels, _) in &family.samples {
        if name.ends_with("_bucket") && labels.get("controller").is_none_or(|controller| controller == "network") {
            let bound = &labels["le"];
            bounds.push(if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() });
        }
    }
    bounds
}

#[test]
fn buckets_are_those_of_controller_runtime() {
    let families = parse(&Metrics::new().text().unwrap());
    let infinity = f64::INFINITY;
    assert_eq!(
        bounds(&families["controller_runtime_reconcile_time_seconds"]),
        [
            0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25,
            1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0,
            60.0, infinity
        ]
    );
    for name in ["workqueue_queue_duration_seconds", "workqueue_work_duration_seconds"] {
        let bounds = bounds(&families[name]);
        let expected = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0, infinity];
        assert_eq!(bounds.len(), expected.len(), "{name}: {bounds:?}");
        for (bound, expected) in bounds.iter().zip(expected) {
            assert!(bound == &expected || (bound - expected).abs() < expected * 1e-9, "{name}: {bound}");
        }
    }
}

#[test]
fn all_results_are_there_at_zero_from_the_start() {
    let families = parse(&Metrics::new().text().unwrap());
    let mut zeros: Vec<(&str, &str)> = Vec::new();
    for (_, labels, value) in &families["controller_runtime_reconcile_total"].samples {
        assert!(value.abs() < f64::EPSILON, "{labels:?}");
        zeros.push((&labels["controller"], &labels["result"]));
    }
    zeros.sort_unstable();
    assert_eq!(
        zeros,
        [
            ("heartbeat", "error"),
            ("heartbeat", "requeue"),
            ("heartbeat", "requeue_after"),
            ("heartbeat", "success"),
            ("network", "error"),
            ("network", "requeue"),
            ("network", "requeue_after"),
            ("network", "success"),
        ]
    );
}

#[test]
fn values_arrive() {
    let text = busy().text().unwrap();
    for line in [
        "controller_runtime_reconcile_total{controller=\"network\",result=\"success\"} 1",
        "controller_runtime_reconcile_time_seconds_bucket{le=\"0.05\",controller=\"network\"} 1",
        "controller_runtime_max_concurrent_reconciles{controller=\"network\"} 5",
        "controller_runtime_active_workers{controller=\"network\"} 0",
        "workqueue_depth{name=\"network\",controller=\"network\",priority=\"-100\"} 3",
        "workqueue_depth{name=\"network\",controller=\"network\",priority=\"0\"} 1",
        "rest_client_requests_total{code=\"200\",method=\"GET\",host=\"10.0.0.1:443\"} 1",
        "rest_client_requests_total{code=\"<error>\",method=\"PATCH\",host=\"10.0.0.1:443\"} 1",
        "leader_election_master_status{name=\"networking-calico-leader-election\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    let longest = text.lines().find_map(|line| {
        line.strip_prefix("workqueue_longest_running_processor_seconds{name=\"network\",controller=\"network\"} ")
    });
    assert!(longest.unwrap().parse::<f64>().unwrap() > 0.0);
}
