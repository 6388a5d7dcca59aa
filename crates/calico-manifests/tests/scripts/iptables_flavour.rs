//! `iptables-flavour`: rules are written where kubelet writes its own.

use calico_manifests::scripts::log_mtu_issues;

use crate::namespace::{available, run};

/// The function alone, from in front of a script that uses it.
fn flavour(before: &str) -> String {
    let script = log_mtu_issues();
    let (function, _) = script.split_once("\n# Has the kernel log").expect("the function comes first");
    let function = function.strip_suffix("#!/bin/sh").expect("a script follows");
    let program = format!(
        "{before}\nread_tables() {{ cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null || :; }}\n\
         tables=$(read_tables)\nsh -c \"$SCRIPT\niptables_flavour\"\n[ \"$tables\" = \"$(read_tables)\" ]"
    );
    run(function, &program).trim().to_owned()
}

#[test]
fn it_is_the_one_of_kubelet() {
    if !available() {
        return;
    }
    for (before, expected) in [
        ("", "nft"),
        ("iptables-nft -t mangle -N KUBE-IPTABLES-HINT", "nft"),
        ("ip6tables-nft -t mangle -N KUBE-IPTABLES-HINT", "nft"),
        ("iptables-legacy -t mangle -N KUBE-IPTABLES-HINT", "legacy"),
        ("ip6tables-legacy -t mangle -N KUBE-IPTABLES-HINT", "legacy"),
        ("iptables-legacy -t mangle -N KUBE-KUBELET-CANARY", "legacy"),
        ("iptables-legacy -t mangle -N SOMETHING-ELSE", "nft"),
        ("iptables-legacy -t nat -N KUBE-IPTABLES-HINT", "nft"),
        // A node whose kubelet was switched over: what it uses now is newer than what it left.
        ("iptables-legacy -t mangle -N KUBE-KUBELET-CANARY; iptables-nft -t mangle -N KUBE-IPTABLES-HINT", "nft"),
    ] {
        assert_eq!(flavour(before), expected, "{before}");
    }
}
