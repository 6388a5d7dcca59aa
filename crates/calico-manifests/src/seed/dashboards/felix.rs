//! Felix: does every node do what the datastore says, and how long does it take?

mod packet_filter;

use super::model::{Dashboard, Fold, Form, Limits, Monitoring, Panel, Row, Unit, Variable, query};

/// The dashboard.
#[must_use]
pub fn dashboard() -> Dashboard {
    Dashboard {
        uid: "calico-felix-dashboard",
        title: "Calico Felix",
        description: "Felix runs in every calico-node and programs policies, routes and interfaces of its node.",
        monitoring: Monitoring::Shoot,
        variables: vec![Variable { name: "Node", label: "node", metric: "felix_resync_state" }],
        rows: vec![
            health(),
            dataplane(),
            calculation(),
            size(),
            packet_filter::iptables(),
            packet_filter::nftables(),
            packet_filter::ebpf(),
            process(),
        ],
    }
}

fn health() -> Row {
    Row {
        title: "Health",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Nodes without metrics",
                shows: "Nodes that Calico knows and of which no Felix is scraped, whatever is chosen above.",
                act: "If it stays above zero: `kubectl -n kube-system get pods -l k8s-app=calico-node -o wide`, and look at \
                      the nodes without a running pod. If all pods run, the VPN to the shoot or the scrape is the problem.",
                form: Form::Number,
                unit: Unit::Count,
                limits: Limits::Critical(1.0),
                queries: vec![query("", "clamp_min(max(felix_cluster_num_hosts) - count(felix_resync_state), 0)")],
            },
            Panel {
                title: "Nodes not in sync",
                shows: "Nodes whose Felix waits for the datastore or reads it anew. They keep their last state: new pods \
                        and policies do not work there yet.",
                act: "If it lasts for more than a few minutes: look at Typha's dashboard, then at the log of calico-node.",
                form: Form::Number,
                unit: Unit::Count,
                limits: Limits::Critical(1.0),
                queries: vec![query("", r#"count(felix_resync_state{node=~"$Node"} != 3) or vector(0)"#)],
            },
            Panel {
                title: "Failed updates in the time range",
                shows: "How often Felix could not apply an update to its node. It tries again.",
                act: "A few during a restart are normal. If it grows: find the node below, and the reason in the log of its \
                      calico-node.",
                form: Form::Number,
                unit: Unit::Count,
                limits: Limits::Raised(1.0, 100.0),
                queries: vec![query("", r#"sum(increase(felix_int_dataplane_failures{node=~"$Node"}[$__range]))"#)],
            },
            Panel {
                title: "Slowest node",
                shows: "99th percentile of the time to apply an update, on the node where it is longest.",
                act: "Above a second new pods wait for their network: see *Time to apply an update*, and whether rules or \
                      routes of that node are many.",
                form: Form::Number,
                unit: Unit::Seconds,
                limits: Limits::Raised(1.0, 10.0),
                queries: vec![query(
                    "",
                    r#"max(felix_int_dataplane_apply_time_seconds{quantile="0.99", node=~"$Node"})"#,
                )],
            },
            Panel {
                title: "Nodes by state",
                shows: "How many nodes wait for the datastore, read it anew, or are in sync.",
                act: "All nodes leaving *in sync* together means Typha or the API server; one node means that node.",
                form: Form::Areas,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![
                    query("in sync", r#"count(felix_resync_state{node=~"$Node"} == 3)"#),
                    query("reading anew", r#"count(felix_resync_state{node=~"$Node"} == 2)"#),
                    query("waiting for the datastore", r#"count(felix_resync_state{node=~"$Node"} == 1)"#),
                ],
            },
            Panel {
                title: "Failed updates",
                shows: "Updates per second that a node's Felix could not apply and will try again; nodes without any are left out.",
                act: "Read the log of calico-node on the node that stands out; another program that rewrites rules or routes \
                      there is the usual cause.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"sum by (node) (rate(felix_int_dataplane_failures{node=~"$Node"}[$__rate_interval])) > 0"#,
                )],
            },
        ],
    }
}

fn dataplane() -> Row {
    Row {
        title: "Dataplane",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Time to apply an update",
                shows: "Mean over the chosen nodes, and the 99th percentile of the five slowest.",
                act: "If one node is slow, look at its load and at its number of rules. If all are, look at *Messages to the \
                      dataplane* for the kind of change that comes so often.",
                form: Form::Lines,
                unit: Unit::Seconds,
                limits: Limits::Raised(1.0, 10.0),
                queries: vec![
                    query(
                        "mean",
                        r#"sum(rate(felix_int_dataplane_apply_time_seconds_sum{node=~"$Node"}[$__rate_interval])) / sum(rate(felix_int_dataplane_apply_time_seconds_count{node=~"$Node"}[$__rate_interval]))"#,
                    ),
                    query(
                        "{{node}}",
                        r#"topk(5, felix_int_dataplane_apply_time_seconds{quantile="0.99", node=~"$Node"})"#,
                    ),
                ],
            },
            Panel {
                title: "Messages to the dataplane",
                shows: "Changes per second that Felix hands to its dataplane, by type.",
                act: "Endpoint messages follow the churn of pods. A high rate without churn is a controller that rewrites \
                      objects: find it in the audit log.",
                form: Form::Areas,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![query(
                    "{{type}}",
                    r#"sum by (type) (rate(felix_int_dataplane_messages{node=~"$Node"}[$__rate_interval]))"#,
                )],
            },
            Panel {
                title: "Messages per batch",
                shows: "90th percentile of the messages that Felix takes at once, on the five nodes where it is highest. It is \
                        at most 100.",
                act: "Near 100 for long means that the node does not keep up: more CPU for calico-node, or fewer changes.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::Raised(50.0, 100.0),
                queries: vec![query(
                    "{{node}}",
                    r#"topk(5, felix_int_dataplane_msg_batch_size{quantile="0.9", node=~"$Node"})"#,
                )],
            },
            Panel {
                title: "Routes",
                shows: "Routes that Felix manages itself, on the ten nodes with most: its own pods, and with VXLAN those of \
                        other nodes.",
                act: "With VXLAN, all nodes have about as many. A node with far fewer misses others: restart its \
                      calico-node and keep the log.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"topk(10, sum by (node) (felix_route_table_num_routes{node=~"$Node"}))"#,
                )],
            },
        ],
    }
}

fn calculation() -> Row {
    Row {
        title: "Calculation",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Updates from the datastore",
                shows: "Changes per second that all chosen nodes process, by type. Each change reaches every node.",
                act: "Divide by the number of nodes for the rate of changes. A type that dominates names what changes so often.",
                form: Form::Areas,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![query(
                    "{{type}}",
                    r#"sum by (type) (rate(felix_calc_graph_updates_processed{node=~"$Node"}[$__rate_interval]))"#,
                )],
            },
            Panel {
                title: "Time per update",
                shows: "99th percentile of the time to work out what a change means for the node, on the five slowest.",
                act: "Above 0.1 s, look at the selectors that are not optimised.",
                form: Form::Lines,
                unit: Unit::Seconds,
                limits: Limits::Raised(0.1, 1.0),
                queries: vec![query(
                    "{{node}}",
                    r#"topk(5, felix_calc_graph_update_time_seconds{quantile="0.99", node=~"$Node"})"#,
                )],
            },
            Panel {
                title: "Selectors of policies",
                shows: "Selectors that Felix keeps up to date, on the node with most of them; optimised ones look only at \
                        endpoints that can match.",
                act: "Each one that is not optimised is compared with every endpoint of the cluster: with more than a \
                      handful, rewrite them to start from a label with a given value.",
                form: Form::Areas,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![
                    query(
                        "optimised",
                        r#"max(felix_label_index_num_active_selectors{optimized="true", node=~"$Node"})"#,
                    ),
                    query(
                        "not optimised",
                        r#"max(felix_label_index_num_active_selectors{optimized="false", node=~"$Node"})"#,
                    ),
                ],
            },
            Panel {
                title: "Comparisons of selectors",
                shows: "How often per second a selector is compared with an endpoint, by result.",
                act: "Many times more *no match* than *match* means that the selectors are not optimised well: see the panel \
                      beside this one.",
                form: Form::Areas,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query(
                        "match",
                        r#"sum(rate(felix_label_index_selector_evals{result="true", node=~"$Node"}[$__rate_interval]))"#,
                    ),
                    query(
                        "no match",
                        r#"sum(rate(felix_label_index_selector_evals{result="false", node=~"$Node"}[$__rate_interval]))"#,
                    ),
                ],
            },
        ],
    }
}

fn size() -> Row {
    let number = |title, shows, act, expr| Panel {
        title,
        shows,
        act,
        form: Form::Number,
        unit: Unit::Count,
        limits: Limits::None,
        queries: vec![query("", expr)],
    };
    Row {
        title: "Size",
        fold: Fold::Open,
        panels: vec![
            number(
                "Nodes",
                "Nodes that Calico knows.",
                "It must be the number of the shoot's nodes. More: objects of deleted nodes were left behind.",
                "max(felix_cluster_num_hosts)",
            ),
            number(
                "Pod endpoints",
                "Pods that Calico connects, in the whole cluster.",
                "Nothing by itself: compare with the running pods without `hostNetwork`.",
                "max(felix_cluster_num_workload_endpoints)",
            ),
            number(
                "Policies",
                "Network policies of all kinds, in the whole cluster.",
                "Nothing by itself: a jump tells which time to look at.",
                "max(felix_cluster_num_policies)",
            ),
            number(
                "Profiles",
                "Profiles in the whole cluster: one per namespace and one per service account.",
                "Nothing by itself: compare with the number of namespaces and service accounts.",
                "max(felix_cluster_num_profiles)",
            ),
            Panel {
                title: "Endpoints per node",
                shows: "Endpoints on the ten nodes with most of them.",
                act: "A node at its limit of pods takes no more: see the kubelet's `maxPods` and the size of the node's pod \
                      network.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query("{{node}}", r#"topk(10, felix_active_local_endpoints{node=~"$Node"})"#)],
            },
            Panel {
                title: "Policies and selectors in use on a node",
                shows: "On the node with most of them. Only these cost anything.",
                act: "If updates are slow and these are in the thousands, make policies select fewer pods.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![
                    query("policies", r#"max(felix_active_local_policies{node=~"$Node"})"#),
                    query("selectors", r#"max(felix_active_local_selectors{node=~"$Node"})"#),
                ],
            },
        ],
    }
}

fn process() -> Row {
    Row {
        title: "Process",
        fold: Fold::Folded,
        panels: vec![
            Panel {
                title: "Time to start a command",
                shows: "99th percentile of the time to fork and start a child process, on the five slowest nodes.",
                act: "Above 100 ms the node is short of CPU or memory: see *Node Details*.",
                form: Form::Lines,
                unit: Unit::Microseconds,
                limits: Limits::Raised(100_000.0, 1_000_000.0),
                queries: vec![query("{{node}}", r#"topk(5, felix_exec_time_micros{quantile="0.99", node=~"$Node"})"#)],
            },
            Panel {
                title: "Lost log lines",
                shows: "Lines per second that Felix could not write.",
                act: "Other figures may have causes that no log tells: look at the container runtime's log driver first.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query("dropped", r#"sum(rate(felix_logs_dropped{node=~"$Node"}[$__rate_interval]))"#),
                    query("failed", r#"sum(rate(felix_log_errors{node=~"$Node"}[$__rate_interval]))"#),
                ],
            },
        ],
    }
}
