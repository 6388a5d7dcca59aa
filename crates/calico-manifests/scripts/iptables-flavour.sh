#!/bin/sh
# What the scripts that write packet filter rules begin with.
#
# `iptables_flavour` prints `nft` or `legacy`: what kubelet uses on this node. Rules of both live side by side in the kernel, so
# those of the wrong flavour would be invisible to whoever looks for them, and a kernel may offer only one. kubelet marks its
# flavour with a chain in the mangle table: KUBE-IPTABLES-HINT since Kubernetes 1.24, KUBE-KUBELET-CANARY before (KEP-3178).
#
# Never: writes a rule, or looks into a table of the legacy flavour that is not loaded, since looking would load it.

has_kubelet_chain() { # SAVE-COMMAND
    "$1" -t mangle 2>/dev/null | grep -qE '^:(KUBE-IPTABLES-HINT|KUBE-KUBELET-CANARY) '
}

has_legacy_mangle() { # LIST-OF-TABLES
    grep -qx mangle "/proc/net/$1" 2>/dev/null
}

iptables_flavour() {
    if has_kubelet_chain iptables-nft-save || has_kubelet_chain ip6tables-nft-save; then
        echo nft
    elif has_legacy_mangle ip_tables_names && has_kubelet_chain iptables-legacy-save; then
        echo legacy
    elif has_legacy_mangle ip6_tables_names && has_kubelet_chain ip6tables-legacy-save; then
        echo legacy
    else
        echo nft
    fi
}
