//! The overlay switch: which shoots switch now, what holds them, and does the extension work at all?
//!
//! For the seed's Plutono. The seed's Prometheus keeps its own label `namespace`, the one of the pod, and calls ours
//! `exported_namespace`.

use super::model::{Dashboard, Fold, Form, Limits, Monitoring, Panel, Query, Row, Unit, Variable, query};

/// The dashboard.
#[must_use]
pub fn dashboard() -> Dashboard {
    Dashboard {
        uid: "calico-overlay-switch-dashboard",
        title: "Calico Overlay Switch",
        description: "Shoots whose overlay is being turned off. A shoot has series of its own only while its switch is open; the status of \
                      its Network names the nodes.",
        monitoring: Monitoring::Seed,
        variables: vec![Variable { name: "Shoot", label: "exported_namespace", metric: "calico_overlay_switch_nodes" }],
        rows: vec![fleet(), shoots(), decisions(), extension()],
    }
}

fn number(title: &'static str, shows: &'static str, act: &'static str, limits: Limits, expr: &'static str) -> Panel {
    Panel { title, shows, act, form: Form::Number, unit: Unit::Count, limits, queries: vec![query("", expr)] }
}

fn lines(title: &'static str, shows: &'static str, act: &'static str, unit: Unit, query: Query) -> Panel {
    Panel { title, shows, act, form: Form::Lines, unit, limits: Limits::None, queries: vec![query] }
}

fn fleet() -> Row {
    Row {
        title: "Fleet",
        fold: Fold::Open,
        panels: vec![
            number(
                "Held",
                "Shoots whose overlay stays until every node has its route.",
                "A wait is normal for minutes. *Held for* shows since when and why.",
                Limits::None,
                r#"sum(calico_overlay_switches{phase=~"Guarding|Cleaning|AwaitingRoutes"})"#,
            ),
            number(
                "Overdue",
                "Held shoots that are past their deadline.",
                "Nothing is forced. Look at the reason under *Held for* and act on it.",
                Limits::Critical(1.0),
                r#"sum(calico_overlay_switch_warnings{code="HoldOverdue"}) or vector(0)"#,
            ),
            number(
                "Switching",
                "Shoots whose nodes lose their encapsulation now.",
                "Leave them alone: nodes roll one after the other.",
                Limits::None,
                r#"sum(calico_overlay_switches{phase=~"Switching|Verifying"})"#,
            ),
            number(
                "Wrong after the switch",
                "Warnings of shoots without overlay: a node has lost its route, or Calico spoke for it again.",
                "Pods of that node are cut off, or its machine will be deleted: look at the route controller and the guard.",
                Limits::Critical(1.0),
                r#"sum(calico_overlay_switch_warnings{code=~"NodeLostRoute|CalicoConditionCameBack"}) or vector(0)"#,
            ),
        ],
    }
}

fn shoots() -> Row {
    Row {
        title: "Shoots",
        fold: Fold::Open,
        panels: vec![
            lines(
                "Held for",
                "For how long each switch has been held, by its reason.",
                "`docs/operations.md` says for each reason who must act and on what.",
                Unit::Seconds,
                query(
                    "{{exported_namespace}} {{reason}}",
                    r#"max by (exported_namespace, reason) (calico_overlay_switch_hold_seconds{exported_namespace=~"$Shoot"})"#,
                ),
            ),
            lines(
                "Nodes that wait",
                "Nodes that are not ready for the switch, by their class.",
                "`NoRouteCreated` for minutes: their machines are replaced after 10. Others wait for the route controller.",
                Unit::Count,
                query(
                    "{{exported_namespace}} {{class}}",
                    r#"sum by (exported_namespace, class) (calico_overlay_switch_nodes{exported_namespace=~"$Shoot", class!="RouteCreated"}) > 0"#,
                ),
            ),
        ],
    }
}

fn decisions() -> Row {
    Row {
        title: "Decisions",
        fold: Fold::Open,
        panels: vec![
            lines(
                "Verdicts",
                "Decisions per second by verdict and reason.",
                "`ProceedUnverified` is a switch without a look at routes: find out whether that is meant.",
                Unit::PerSecond,
                query(
                    "{{verdict}} {{reason}}",
                    "sum by (verdict, reason) (rate(calico_overlay_switch_total[$__rate_interval]))",
                ),
            ),
            lines(
                "Watches of nodes",
                "Held shoots, by what became of the watch of their nodes.",
                "`failed` and `queued` shoots are polled: they go on some seconds later. Many failed: look at the network policies of \
                 the extension's namespace.",
                Unit::Count,
                query("{{state}}", "sum by (state) (calico_overlay_switch_node_watches)"),
            ),
            lines(
                "Privilege mode",
                "Networks by the mode of calico-node and what forces it.",
                "Nothing by itself.",
                Unit::Count,
                query("{{mode}} {{because}}", "sum by (mode, because) (calico_node_privilege_mode)"),
            ),
        ],
    }
}

fn extension() -> Row {
    Row {
        title: "Extension",
        fold: Fold::Open,
        panels: vec![
            number(
                "Leaders",
                "Replicas that lead.",
                "One is right. None: no Network is reconciled; look at the pods.",
                Limits::None,
                r#"sum(leader_election_master_status{name="networking-calico-leader-election"})"#,
            ),
            lines(
                "Reconciles",
                "Reconciles of Networks per second, by their result.",
                "Errors: the status of the Networks says what and whose they are.",
                Unit::PerSecond,
                query(
                    "{{result}}",
                    r#"sum by (result) (rate(controller_runtime_reconcile_total{app_kubernetes_io_name="gardener-extension-networking-calico", controller="network"}[$__rate_interval]))"#,
                ),
            ),
            lines(
                "Requests",
                "Requests per second by the code of the answer, to the seed and to shoots.",
                "`<error>` is no answer at all, 429 an API server that is overloaded, 403 a missing permission.",
                Unit::PerSecond,
                query(
                    "{{code}}",
                    r#"sum by (code) (rate(rest_client_requests_total{app_kubernetes_io_name="gardener-extension-networking-calico"}[$__rate_interval]))"#,
                ),
            ),
        ],
    }
}
