//! Typha: do all nodes get the changes of the datastore, and how late?

use super::model::{Dashboard, Fold, Form, Limits, Monitoring, Panel, Query, Row, Unit, Variable, query};

/// The dashboard.
#[must_use]
pub fn dashboard() -> Dashboard {
    Dashboard {
        uid: "calico-typha-dashboard",
        title: "Calico Typha",
        description: "Typha reads the datastore once and sends its changes to all nodes. Clients are the calico-nodes, each \
                      with one connection per kind of data (*syncer*).",
        monitoring: Monitoring::Shoot,
        variables: vec![
            Variable { name: "Pod", label: "pod", metric: "typha_connections_active" },
            Variable { name: "Syncer", label: "syncer", metric: "typha_connections_streaming" },
        ],
        rows: vec![health(), connections(), delivery(), breadcrumbs(), datastore(), snapshots(), process()],
    }
}

fn health() -> Row {
    let number = |title, shows, act, unit, limits, expr| Panel {
        title,
        shows,
        act,
        form: Form::Number,
        unit,
        limits,
        queries: vec![query("", expr)],
    };
    Row {
        title: "Health",
        fold: Fold::Open,
        panels: vec![
            number(
                "Typha pods",
                "Pods of Typha that are scraped, whatever is chosen above.",
                "Compare with the replicas of the Deployment `calico-typha`. None: no node learns of any change; look at the \
                 pods' events.",
                Unit::Count,
                Limits::None,
                "count(typha_connections_active)",
            ),
            number(
                "Nodes connected",
                "Felixes that receive changes.",
                "Fewer than the shoot has nodes: the missing ones keep their last state. Felix' dashboard names them.",
                Unit::Count,
                Limits::None,
                r#"sum(typha_connections_streaming{syncer="felix", pod=~"$Pod"})"#,
            ),
            number(
                "Slowest clients",
                "99th percentile of how far clients are behind the datastore, at the pod where it is longest.",
                "Above a second for long: the network to the nodes, or too little CPU for Typha; see *Delivery*.",
                Unit::Seconds,
                Limits::Raised(1.0, 10.0),
                r#"max(typha_client_latency_secs{quantile="0.99", pod=~"$Pod", syncer=~"$Syncer"})"#,
            ),
            number(
                "Connections dropped in the time range",
                "Connections that Typha ended to spread clients over its pods.",
                "Normal after pods were added or replaced. Steady: the number of Typha pods keeps changing; look at its \
                 autoscaler.",
                Unit::Count,
                Limits::None,
                r#"sum(increase(typha_connections_dropped{pod=~"$Pod"}[$__range]))"#,
            ),
        ],
    }
}

fn connections() -> Row {
    Row {
        title: "Connections",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Connections by pod",
                shows: "Open connections of each pod of Typha, those still in the handshake included.",
                act: "Pods should have about as many each. If one has most, delete it: its clients connect to the others.",
                form: Form::Areas,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query("{{pod}}", r#"sum by (pod) (typha_connections_active{pod=~"$Pod"})"#)],
            },
            Panel {
                title: "Connections that receive changes",
                shows: "Connections after the handshake, by kind of data.",
                act: "A kind that falls alone points at the part of calico-node that reads it: `felix`, or BGP, tunnel and \
                      status for the others.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{syncer}}",
                    r#"sum by (syncer) (typha_connections_streaming{pod=~"$Pod", syncer=~"$Syncer"})"#,
                )],
            },
            Panel {
                title: "Connections made and dropped",
                shows: "Connections per second that Typha accepted, and that it dropped to spread the clients.",
                act: "Accepted ones without restarts of calico-node are clients that lose their connection: look for \
                      *Grace period used*, network policies and the nodes' load.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query("accepted", r#"sum(rate(typha_connections_accepted{pod=~"$Pod"}[$__rate_interval]))"#),
                    query("dropped", r#"sum(rate(typha_connections_dropped{pod=~"$Pod"}[$__rate_interval]))"#),
                ],
            },
            Panel {
                title: "Grace period used",
                shows: "Clients per second that needed the extra time after their first snapshot.",
                act: "More than a few: snapshots are large or clients slow. More CPU for Typha, or more of its pods.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![query(
                    "{{syncer}}",
                    r#"sum by (syncer) (rate(typha_connections_grace_used{pod=~"$Pod", syncer=~"$Syncer"}[$__rate_interval]))"#,
                )],
            },
        ],
    }
}

fn delivery() -> Row {
    let seconds = |title, shows, act, limits, query: Query| Panel {
        title,
        shows,
        act,
        form: Form::Lines,
        unit: Unit::Seconds,
        limits,
        queries: vec![query],
    };
    Row {
        title: "Delivery",
        fold: Fold::Open,
        panels: vec![
            seconds(
                "Clients behind the datastore",
                "99th percentile of how old the state of clients is.",
                "Policies take that long to reach a node. Above a second for long: compare with the writes and pings beside \
                 and below.",
                Limits::Raised(1.0, 10.0),
                query(
                    "{{pod}} {{syncer}}",
                    r#"typha_client_latency_secs{quantile="0.99", pod=~"$Pod", syncer=~"$Syncer"}"#,
                ),
            ),
            seconds(
                "Time per write",
                "99th percentile of the time that a write to a client takes.",
                "High while pings are fast: the clients do not read in time, so look at the nodes' CPU.",
                Limits::Raised(1.0, 10.0),
                query(
                    "{{pod}} {{syncer}}",
                    r#"typha_client_write_latency_secs{quantile="0.99", pod=~"$Pod", syncer=~"$Syncer"}"#,
                ),
            ),
            seconds(
                "Round trip of pings",
                "99th percentile of the time from ping to answer.",
                "High for all pods: the network between nodes. High for one: that pod's node.",
                Limits::Raised(1.0, 10.0),
                query("{{pod}} {{syncer}}", r#"typha_ping_latency{quantile="0.99", pod=~"$Pod", syncer=~"$Syncer"}"#),
            ),
            seconds(
                "Time for the first snapshot",
                "99th percentile of the time to send a new client everything.",
                "A node starts that much later. It grows with the cluster: see *Size of snapshots*.",
                Limits::Raised(10.0, 60.0),
                query(
                    "{{pod}} {{syncer}}",
                    r#"typha_client_snapshot_send_secs{quantile="0.99", pod=~"$Pod", syncer=~"$Syncer"}"#,
                ),
            ),
        ],
    }
}

fn breadcrumbs() -> Row {
    Row {
        title: "Breadcrumbs (batches of changes that clients follow)",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Share fetched late",
                shows: "Share of the breadcrumbs that were there already when a client came for them. A client that keeps up \
                        waits for the next one.",
                act: "Near 100 % for long: clients do not keep up. Take it together with *Clients behind the datastore*.",
                form: Form::Lines,
                unit: Unit::Share,
                limits: Limits::Raised(0.5, 0.9),
                queries: vec![query(
                    "{{pod}}",
                    r#"sum by (pod) (rate(typha_breadcrumb_non_block{pod=~"$Pod"}[$__rate_interval])) / (sum by (pod) (rate(typha_breadcrumb_non_block{pod=~"$Pod"}[$__rate_interval])) + sum by (pod) (rate(typha_breadcrumb_block{pod=~"$Pod"}[$__rate_interval])))"#,
                )],
            },
            Panel {
                title: "Changes per message",
                shows: "90th percentile of the changes sent in one message.",
                act: "Nothing by itself: high together with late clients means many changes at once; look at *Updates*.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{pod}} {{syncer}}",
                    r#"typha_kvs_per_msg{quantile="0.9", pod=~"$Pod", syncer=~"$Syncer"}"#,
                )],
            },
        ],
    }
}

fn datastore() -> Row {
    Row {
        title: "Datastore",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Updates",
                shows: "Changes per second that Typha got from the API server, and those of them that mean nothing to Calico.",
                act: "Sent ones are multiplied by the number of nodes: if they rise without a change of the workload, find \
                      the writer in the audit log.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query("received", r#"sum(rate(typha_updates_total{pod=~"$Pod"}[$__rate_interval]))"#),
                    query("skipped", r#"sum(rate(typha_updates_skipped{pod=~"$Pod"}[$__rate_interval]))"#),
                ],
            },
            Panel {
                title: "Objects held",
                shows: "Key/value pairs in the memory of each pod of Typha.",
                act: "Pods must agree. One that differs for minutes has lost its watch: delete it.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query("{{pod}}", r#"sum by (pod) (typha_cache_size{pod=~"$Pod"})"#)],
            },
        ],
    }
}

fn snapshots() -> Row {
    Row {
        title: "Snapshots for new clients",
        fold: Fold::Folded,
        panels: vec![
            Panel {
                title: "Snapshots made and shared",
                shows: "Snapshots per second that were made, and that were taken from a client that asked just before.",
                act: "Many at once are a rollout of calico-node. Without one, look at *Connections made and dropped*.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query(
                        "made",
                        r#"sum(rate(typha_snapshots_generated{pod=~"$Pod", syncer=~"$Syncer"}[$__rate_interval]))"#,
                    ),
                    query(
                        "shared",
                        r#"sum(rate(typha_snapshots_reused{pod=~"$Pod", syncer=~"$Syncer"}[$__rate_interval]))"#,
                    ),
                ],
            },
            Panel {
                title: "Size of snapshots",
                shows: "Size of the last snapshot by kind of data, before and after compression.",
                act: "It is sent once per node: with thousands of nodes, plan for it before a rollout of calico-node.",
                form: Form::Lines,
                unit: Unit::Bytes,
                limits: Limits::None,
                queries: vec![
                    query(
                        "{{syncer}}",
                        r#"max by (syncer) (typha_snapshot_raw_bytes{pod=~"$Pod", syncer=~"$Syncer"})"#,
                    ),
                    query(
                        "{{syncer}} compressed",
                        r#"max by (syncer) (typha_snapshot_compressed_bytes{pod=~"$Pod", syncer=~"$Syncer"})"#,
                    ),
                ],
            },
        ],
    }
}

fn process() -> Row {
    Row {
        title: "Process",
        fold: Fold::Folded,
        panels: vec![Panel {
            title: "Lost log lines",
            shows: "Lines per second that Typha could not write.",
            act: "Other figures may have causes that no log tells: look at the container runtime's log driver first.",
            form: Form::Lines,
            unit: Unit::PerSecond,
            limits: Limits::None,
            queries: vec![
                query("dropped", r#"sum(rate(typha_logs_dropped{pod=~"$Pod"}[$__rate_interval]))"#),
                query("failed", r#"sum(rate(typha_log_errors{pod=~"$Pod"}[$__rate_interval]))"#),
            ],
        }],
    }
}
