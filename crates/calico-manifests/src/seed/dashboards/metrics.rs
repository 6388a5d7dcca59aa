//! The metrics that a dashboard may use, with their type and labels.
//!
//! Sources: Calico's documentation, pages *Monitoring Felix with Prometheus* (latest, for 3.32) and *Monitoring Typha
//! with Prometheus*; where a metric or its labels are not documented, the folder of Calico's repository that registers it;
//! for BIRD `metrics/generic_exporter.go` and `metrics/default_label_strategy.go` of
//! github.com/czerwonk/bird_exporter with `-format.new`.

use std::collections::BTreeMap;

/// What may be asked of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows: its value means nothing, its rate does.
    Counter,
    Gauge,
    /// Quantiles under its name, and the counters `_sum` and `_count`.
    Summary,
}

/// Where it is documented or registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// docs.tigera.io/calico/latest/reference/felix/prometheus
    FelixDocs,
    /// docs.tigera.io/calico/latest/reference/typha/prometheus
    TyphaDocs,
    /// A folder of github.com/projectcalico/calico.
    Calico(&'static str),
    /// github.com/czerwonk/bird_exporter
    BirdExporter,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) kind: Kind,
    /// Its own, without those that scraping adds.
    pub(super) labels: &'static [&'static str],
}

/// Labels that the ScrapeConfig gives every series. `instance` is the address of the API server for all: useless.
pub(super) const TARGET_LABELS: [&str; 3] = ["job", "node", "pod"];

const BIRD_LABELS: &[&str] = &["name", "proto", "ip_version", "import_filter", "export_filter"];

use Kind::{Counter, Gauge, Summary};
use Source::{BirdExporter, Calico, FelixDocs, TyphaDocs};

const METRICS: &[(&str, Kind, &[&str], Source)] = &[
    ("bird_protocol_prefix_export_count", Gauge, BIRD_LABELS, BirdExporter),
    ("bird_protocol_prefix_import_count", Gauge, BIRD_LABELS, BirdExporter),
    ("bird_protocol_up", Gauge, BIRD_LABELS, BirdExporter),
    ("felix_active_local_endpoints", Gauge, &[], FelixDocs),
    ("felix_active_local_policies", Gauge, &[], FelixDocs),
    ("felix_active_local_selectors", Gauge, &[], FelixDocs),
    // `type` is new; older releases have one series without it.
    ("felix_bpf_conntrack_used", Gauge, &[], Calico("felix/bpf/conntrack")),
    ("felix_bpf_dirty_dataplane_endpoints", Gauge, &[], FelixDocs),
    ("felix_bpf_happy_dataplane_endpoints", Gauge, &[], FelixDocs),
    ("felix_calc_graph_update_time_seconds", Summary, &[], FelixDocs),
    ("felix_calc_graph_updates_processed", Counter, &["type"], Calico("felix/calc")),
    ("felix_cluster_num_hosts", Gauge, &[], FelixDocs),
    ("felix_cluster_num_policies", Gauge, &[], FelixDocs),
    ("felix_cluster_num_profiles", Gauge, &[], FelixDocs),
    ("felix_cluster_num_workload_endpoints", Gauge, &[], FelixDocs),
    ("felix_exec_time_micros", Summary, &[], FelixDocs),
    ("felix_int_dataplane_apply_time_seconds", Summary, &[], FelixDocs),
    ("felix_int_dataplane_failures", Counter, &[], FelixDocs),
    ("felix_int_dataplane_messages", Counter, &["type"], Calico("felix/dataplane/linux")),
    ("felix_int_dataplane_msg_batch_size", Summary, &[], FelixDocs),
    ("felix_ipset_calls", Counter, &[], Calico("felix/ipsets")),
    ("felix_ipset_errors", Counter, &[], Calico("felix/ipsets")),
    ("felix_ipsets_calico", Gauge, &["ip_version"], Calico("felix/ipsets")),
    ("felix_iptables_restore_calls", Counter, &[], FelixDocs),
    ("felix_iptables_restore_errors", Counter, &[], FelixDocs),
    ("felix_iptables_rules", Gauge, &["ip_version", "table"], Calico("felix/iptables")),
    ("felix_iptables_save_calls", Counter, &[], FelixDocs),
    ("felix_iptables_save_errors", Counter, &[], FelixDocs),
    ("felix_label_index_num_active_selectors", Gauge, &["optimized"], FelixDocs),
    ("felix_label_index_selector_evals", Counter, &["result"], FelixDocs),
    ("felix_log_errors", Counter, &[], FelixDocs),
    ("felix_logs_dropped", Counter, &[], FelixDocs),
    ("felix_nft_errors", Counter, &[], Calico("felix/nftables")),
    ("felix_nft_list_errors", Counter, &[], Calico("felix/nftables")),
    ("felix_nft_rules", Gauge, &["ip_version", "table"], Calico("felix/nftables")),
    ("felix_resync_state", Gauge, &[], FelixDocs),
    ("felix_route_table_num_routes", Gauge, &["table"], Calico("felix/routetable")),
    // Those of the cache have the label `syncer` in new releases only, so no query may use it.
    ("typha_breadcrumb_block", Counter, &[], TyphaDocs),
    ("typha_breadcrumb_non_block", Counter, &[], TyphaDocs),
    ("typha_cache_size", Gauge, &[], TyphaDocs),
    ("typha_client_latency_secs", Summary, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_client_snapshot_send_secs", Summary, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_client_write_latency_secs", Summary, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_connections_accepted", Counter, &[], TyphaDocs),
    ("typha_connections_active", Gauge, &[], TyphaDocs),
    ("typha_connections_dropped", Counter, &[], TyphaDocs),
    ("typha_connections_grace_used", Counter, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_connections_streaming", Gauge, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_kvs_per_msg", Summary, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_log_errors", Counter, &[], TyphaDocs),
    ("typha_logs_dropped", Counter, &[], TyphaDocs),
    ("typha_ping_latency", Summary, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_snapshot_compressed_bytes", Gauge, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_snapshot_raw_bytes", Gauge, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_snapshots_generated", Counter, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_snapshots_reused", Counter, &["syncer"], Calico("typha/pkg/syncserver")),
    ("typha_updates_skipped", Counter, &[], TyphaDocs),
    ("typha_updates_total", Counter, &[], TyphaDocs),
];

/// By the name that a query writes: a summary is three of them.
pub(super) fn known() -> BTreeMap<String, Metric> {
    let mut known = BTreeMap::new();
    for &(name, kind, labels, _) in METRICS {
        known.insert(name.to_owned(), Metric { kind, labels });
        if kind == Summary {
            for counter in ["sum", "count"] {
                known.insert(format!("{name}_{counter}"), Metric { kind: Counter, labels });
            }
        }
    }
    known
}

#[test]
fn the_list_is_sorted_and_each_source_fits_its_metric() {
    let names: Vec<&str> = METRICS.iter().map(|(name, ..)| *name).collect();
    assert!(names.is_sorted_by(|left, right| left < right), "{names:?}");
    for (name, _, _, source) in METRICS {
        let component = match source {
            FelixDocs => "felix",
            TyphaDocs => "typha",
            BirdExporter => "bird",
            Calico(folder) => folder.split('/').next().unwrap(),
        };
        assert!(name.starts_with(&format!("{component}_")), "{name} from {source:?}");
    }
}
