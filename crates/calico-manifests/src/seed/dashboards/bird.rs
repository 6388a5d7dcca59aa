//! BIRD: are the BGP sessions up, and do routes come through them?
//!
//! Of the exporter's metrics the ScrapeConfig keeps few, so these panels use no others. The uptime of a session is kept
//! but not shown: it needs a time format that Calico's configuration of BIRD does not set.

use super::model::{Dashboard, Fold, Form, Limits, Monitoring, Panel, Row, Unit, Variable, query};

/// The dashboard.
#[must_use]
pub fn dashboard() -> Dashboard {
    Dashboard {
        // Not speaking, but in bookmarks and links since the dashboard exists.
        uid: "ZFX1vGuHk",
        title: "Calico BIRD",
        description: "BIRD exchanges the routes of pod networks between nodes. The figures come from the exporter beside \
                      calico-node, which `birdExporter.enabled` of the NetworkConfig switches on: without it, or with the \
                      backend `none` or `vxlan`, this dashboard is empty. IPv4 only.",
        monitoring: Monitoring::Shoot,
        variables: vec![Variable { name: "Node", label: "node", metric: "bird_protocol_up" }],
        rows: vec![health(), sessions(), routes()],
    }
}

fn health() -> Row {
    let number = |title, shows, act, limits, expr| Panel {
        title,
        shows,
        act,
        form: Form::Number,
        unit: Unit::Count,
        limits,
        queries: vec![query("", expr)],
    };
    Row {
        title: "Health",
        fold: Fold::Open,
        panels: vec![
            number(
                "Nodes with metrics",
                "Nodes whose BIRD the exporter can ask, whatever is chosen above.",
                "Fewer than the shoot has nodes: look at the container `bird-exporter` of calico-node on the others.",
                Limits::None,
                "count(count by (node) (bird_protocol_up))",
            ),
            number(
                "Sessions up",
                "BGP sessions that exchange routes, counted from both ends.",
                "In a full mesh each node has one to every other. Fewer: see *Sessions down*.",
                Limits::None,
                r#"sum(bird_protocol_up{proto="BGP", node=~"$Node"})"#,
            ),
            number(
                "Sessions down",
                "BGP sessions that are configured and not established, counted from each end.",
                "Short ones are nodes that come or go. Lasting ones: TCP port 179 between the two nodes is blocked, or one \
                 has the wrong address; `birdcl show protocols` in calico-node tells which.",
                Limits::Critical(1.0),
                r#"count(bird_protocol_up{proto="BGP", node=~"$Node"} == 0) or vector(0)"#,
            ),
            number(
                "Sessions without routes",
                "BGP sessions that are up and import nothing.",
                "Pods behind that peer cannot be reached through it: check that the peer has a pod network, and that no BGP \
                 filter takes its routes.",
                Limits::Critical(1.0),
                r#"count((bird_protocol_prefix_import_count{proto="BGP", node=~"$Node"} == 0) and on (node, pod, name, ip_version) (bird_protocol_up{proto="BGP", node=~"$Node"} == 1)) or vector(0)"#,
            ),
        ],
    }
}

fn sessions() -> Row {
    Row {
        title: "Sessions",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Sessions down by node",
                shows: "BGP sessions of each node that are not established; nodes without any are left out.",
                act: "One node with many: that node. Many nodes with one: the peer that they have in common.",
                form: Form::Areas,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"sum by (node) (bird_protocol_up{proto="BGP", node=~"$Node"} == bool 0) > 0"#,
                )],
            },
            Panel {
                title: "Sessions that change state",
                shows: "How often sessions of a node went up or down between two points of the curve.",
                act: "Peaks are rollouts of calico-node. Steady change: a node under load or a lossy network; routes come and \
                      go with it.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"sum by (node) (changes(bird_protocol_up{proto="BGP", node=~"$Node"}[$__rate_interval])) > 0"#,
                )],
            },
            Panel {
                title: "Protocols down",
                shows: "All of BIRD's protocols that are not up, by kind.",
                act: "`Kernel` or `Direct` down on a node means that BIRD cannot write or read its routes: restart calico-node \
                      there and keep its log.",
                form: Form::Areas,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{proto}} IPv{{ip_version}}",
                    r#"sum by (proto, ip_version) (bird_protocol_up{node=~"$Node"} == bool 0)"#,
                )],
            },
        ],
    }
}

fn routes() -> Row {
    Row {
        title: "Routes",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Routes learned",
                shows: "Routes that each node imports through BGP, for the ten nodes with fewest.",
                act: "All nodes of a mesh learn about as many. One that learns fewer cannot reach some pods: look at its \
                      sessions.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"bottomk(10, sum by (node) (bird_protocol_prefix_import_count{proto="BGP", node=~"$Node"}))"#,
                )],
            },
            Panel {
                title: "Routes announced",
                shows: "Routes that each node exports, summed over its BGP sessions, for the ten nodes with fewest.",
                act: "Zero on a node with pods: nobody learns where they are. See whether it has a pod network and an IPAM \
                      block.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"bottomk(10, sum by (node) (bird_protocol_prefix_export_count{proto="BGP", node=~"$Node"}))"#,
                )],
            },
            Panel {
                title: "Routes written to the kernel",
                shows: "Routes that BIRD hands to the kernel, for the ten nodes with fewest.",
                act: "It should follow *Routes learned*. After the overlay was switched off it falls to what BIRD still has to \
                      do; routes that stay behind are removed by calico-node's `cleanup-routes`.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "{{node}}",
                    r#"bottomk(10, sum by (node) (bird_protocol_prefix_export_count{proto="Kernel", node=~"$Node"}))"#,
                )],
            },
        ],
    }
}
