//! What Felix writes into the kernel: iptables, nftables or eBPF, of which a shoot uses one.

use super::super::model::{Fold, Form, Limits, Panel, Row, Unit, query};

pub(super) fn iptables() -> Row {
    Row {
        title: "iptables and IP sets",
        fold: Fold::Open,
        panels: vec![
            Panel {
                title: "Failed commands",
                shows: "Commands per second that failed; Felix repeats them.",
                act: "The log of calico-node has the command's own message. Version conflicts of iptables on the node and \
                      missing kernel modules are the usual causes.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query(
                        "iptables-restore",
                        r#"sum(rate(felix_iptables_restore_errors{node=~"$Node"}[$__rate_interval]))"#,
                    ),
                    query("iptables-save", r#"sum(rate(felix_iptables_save_errors{node=~"$Node"}[$__rate_interval]))"#),
                    query("ipset", r#"sum(rate(felix_ipset_errors{node=~"$Node"}[$__rate_interval]))"#),
                ],
            },
            Panel {
                title: "Commands",
                shows: "Commands per second on all chosen nodes.",
                act: "`iptables-save` without changes is Felix checking the tables. If it dominates, another program keeps \
                      changing them.",
                form: Form::Areas,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query(
                        "iptables-restore",
                        r#"sum(rate(felix_iptables_restore_calls{node=~"$Node"}[$__rate_interval]))"#,
                    ),
                    query("iptables-save", r#"sum(rate(felix_iptables_save_calls{node=~"$Node"}[$__rate_interval]))"#),
                    query("ipset", r#"sum(rate(felix_ipset_calls{node=~"$Node"}[$__rate_interval]))"#),
                ],
            },
            Panel {
                title: "Rules",
                shows: "Rules of Calico per table, on the node with most of them.",
                act: "Each packet of a new connection walks through some of them. With ten thousands, fewer or simpler \
                      policies help.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "IPv{{ip_version}} {{table}}",
                    r#"max by (ip_version, table) (felix_iptables_rules{node=~"$Node"})"#,
                )],
            },
            Panel {
                title: "IP sets",
                shows: "IP sets of Calico, on the node with most of them.",
                act: "One set per selector in use: if it grows without new policies, look for policies that are made per pod.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "IPv{{ip_version}}",
                    r#"max by (ip_version) (felix_ipsets_calico{node=~"$Node"})"#,
                )],
            },
        ],
    }
}

pub(super) fn nftables() -> Row {
    Row {
        title: "nftables (shoots whose kube-proxy uses it)",
        fold: Fold::Folded,
        panels: vec![
            Panel {
                title: "Failed nft calls",
                shows: "Calls per second that failed; Felix repeats them.",
                act: "The log of calico-node has the kernel's message.",
                form: Form::Lines,
                unit: Unit::PerSecond,
                limits: Limits::None,
                queries: vec![
                    query("change", r#"sum(rate(felix_nft_errors{node=~"$Node"}[$__rate_interval]))"#),
                    query("list", r#"sum(rate(felix_nft_list_errors{node=~"$Node"}[$__rate_interval]))"#),
                ],
            },
            Panel {
                title: "nft rules",
                shows: "Rules of Calico per table, on the node with most of them.",
                act: "As for iptables: with ten thousands, fewer or simpler policies help.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![query(
                    "IPv{{ip_version}} {{table}}",
                    r#"max by (ip_version, table) (felix_nft_rules{node=~"$Node"})"#,
                )],
            },
        ],
    }
}

pub(super) fn ebpf() -> Row {
    Row {
        title: "eBPF (shoots that use it)",
        fold: Fold::Folded,
        panels: vec![
            Panel {
                title: "Endpoints",
                shows: "Interfaces whose programs are in place, and those that were left half done after a failure.",
                act: "*Failed* must be zero. If not, the log of calico-node names the interface and the verifier's message.",
                form: Form::Areas,
                unit: Unit::Count,
                limits: Limits::None,
                queries: vec![
                    query("in place", r#"sum(felix_bpf_happy_dataplane_endpoints{node=~"$Node"})"#),
                    query("failed", r#"sum(felix_bpf_dirty_dataplane_endpoints{node=~"$Node"})"#),
                ],
            },
            Panel {
                title: "Connections tracked",
                shows: "Entries of the connection table at its last sweep, on the five nodes with most of them.",
                act: "The limit is `bpfMapSizeConntrack`, 512000 unless set: raise it in the FelixConfiguration before it is \
                      reached.",
                form: Form::Lines,
                unit: Unit::Count,
                limits: Limits::Raised(400_000.0, 512_000.0),
                queries: vec![query("{{node}}", r#"topk(5, sum by (node) (felix_bpf_conntrack_used{node=~"$Node"}))"#)],
            },
        ],
    }
}
