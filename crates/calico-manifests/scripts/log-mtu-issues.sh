#!/bin/sh
# Has the kernel log what was too big for a link: ICMP "fragmentation needed" and ICMPv6 "packet too big", sent by this node, or
# on the way to it or its pods. Otherwise a wrong MTU shows only in connections that hang.
#
# Ends: at once, with status 0, since a missing log must not keep calico-node from starting. The rules stay until the next boot.
# Never: decides about a packet, adds a rule twice, or floods the log: 10 lines at once, then 6 a minute.

add() { # IPTABLES MATCH...
    iptables=$1
    shift
    set -- "$@" -m limit --limit 6/minute --limit-burst 10 -j LOG --log-prefix 'mtu-issue: '
    # The raw table comes before all others, so that no accepting rule hides a packet.
    for chain in PREROUTING OUTPUT; do
        "$iptables" -w 10 -t raw -C "$chain" "$@" 2>/dev/null ||
            "$iptables" -w 10 -t raw -I "$chain" "$@" ||
            echo "$iptables: no logging in $chain" >&2
    done
}

flavour=$(iptables_flavour)
add "iptables-$flavour" -p icmp --icmp-type fragmentation-needed
add "ip6tables-$flavour" -p icmpv6 --icmpv6-type packet-too-big
exit 0
