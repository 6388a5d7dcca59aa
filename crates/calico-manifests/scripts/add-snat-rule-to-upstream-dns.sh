#!/bin/sh
# Masquerades what pods ask the resolvers of the node's network: without an overlay a query leaves with the pod's own address,
# which many of these resolvers do not answer.
#
# Ends: never by itself, because it puts back what somebody flushed; at once when told to stop. The rules stay, because pods go on
# asking while calico-node is replaced.
# Never: changes or removes a rule, adds one twice, or masquerades anything but port 53 of a resolver of this node.
#
# POD_CIDR: the networks of the pods, comma-separated, of either family.
# RESOLV_CONF: where the resolvers are. A pod with the host's network has the node's own list there.

networks() {
    IFS=,
    # shellcheck disable=SC2086 # one argument per network
    set -- ${POD_CIDR:-}
    printf '%s\n' "$@"
}

resolvers() {
    while read -r keyword address _ || [ -n "$keyword" ]; do
        case $keyword:$address in
            # What the node itself serves does not pass POSTROUTING; a zone is not part of an address.
            nameserver: | nameserver:127.* | nameserver:::1 | nameserver:*%*) ;;
            nameserver:*) echo "$address" ;;
        esac
        keyword=
    done <"${RESOLV_CONF:-/etc/resolv.conf}"
}

iptables_for() { # FLAVOUR ADDRESS
    case $2 in *:*) echo "ip6tables-$1" ;; *) echo "iptables-$1" ;; esac
}

masquerade() { # IPTABLES NETWORK RESOLVER PROTOCOL
    iptables=$1
    set -- -s "$2" -d "$3" -p "$4" --dport 53 -m comment --comment upstream-dns -j MASQUERADE --random-fully
    "$iptables" -w 10 -t nat -C POSTROUTING "$@" 2>/dev/null && return
    "$iptables" -w 10 -t nat -A POSTROUTING "$@" && echo "added: $*"
}

trap 'exit 0' TERM INT
set -f
while :; do
    flavour=$(iptables_flavour)
    for network in $(networks); do
        iptables=$(iptables_for "$flavour" "$network")
        for resolver in $(resolvers); do
            [ "$iptables" = "$(iptables_for "$flavour" "$resolver")" ] || continue
            masquerade "$iptables" "$network" "$resolver" udp
            masquerade "$iptables" "$network" "$resolver" tcp
        done
    done
    # In the background, so that a signal interrupts the wait.
    sleep "${INTERVAL_SECONDS:-60}" &
    wait "$!"
done
