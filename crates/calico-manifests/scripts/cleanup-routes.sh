#!/bin/sh
# Removes the routes to other nodes' pods that an earlier calico-node left in the main table, IPv4 and IPv6: BIRD keeps its
# routes when it stops, and with the overlay off nobody would ever replace them.
#
# Ends: once no such route has come back for QUIET_SECONDS, because a BIRD that is still dying puts them back at its next scan;
# after LIMIT_SECONDS at the latest. Always with status 0: calico-node must start even if something else keeps adding routes.
# Never: touches a route of anybody else, the route to a pod on this node, a device or an address. tunl0 stays as it is,
# because it decapsulates what other nodes still send.
#
# BIRD_ROUTES: which of BIRD's go. `all`; `tunnel` where BIRD goes on without an overlay, whose routes must last until it has
# started again; `none` where its tunnels go on.
# FELIX_FAMILIES: the families whose routes of Felix go, of `4 6`: those that Felix no longer encapsulates.

# Protocol numbers, because /etc/iproute2 may lack the names. 80 is what Felix writes unless told otherwise.
bird=12
felix=80

bird_routes() { # FAMILY
    case ${BIRD_ROUTES:-all} in
        all) ip -oneline "-$1" route show table main proto "$bird" ;;
        # An error means that there is no such device.
        tunnel) ip -oneline "-$1" route show table main proto "$bird" dev tunl0 2>/dev/null ;;
    esac
}

# Routes to other nodes and blocks of addresses that nobody uses. A route that only names a device leads to a pod of this node:
# it is Felix' own even now, in clusters that give pods' routes the same protocol number.
felix_routes() { # FAMILY
    case " ${FELIX_FAMILIES-4 6} " in *" $1 "*) ;; *) return ;; esac
    ip -oneline "-$1" route show table main proto "$felix" |
        grep -E '^(blackhole|prohibit|throw|unreachable) | via '
}

# Deletes the routes that the lines of `ip route show` on standard input describe, and prints one line for each.
delete() { # FAMILY PROTOCOL
    while read -r route; do
        echo "removing IPv$1 route: $route" >&2
        identity=$(identity "$route")
        # It may be gone by now. If it is not, the next round finds it again.
        # shellcheck disable=SC2086 # words of `ip route`, none of them a file name pattern
        ip "-$1" route del $identity proto "$2" 2>/dev/null
        echo removed
    done
}

# What tells the kernel which route is meant. The rest of the line describes (`linkdown`) or is missing from the line (`proto`).
# A route with several next hops goes as a whole.
identity() { # ROUTE
    # shellcheck disable=SC2086 # one argument per word
    set -- $1
    words=$1
    case $1 in blackhole | prohibit | throw | unreachable) words="$1 $2" ;; esac
    while [ $# -gt 1 ]; do
        case $1 in
            nexthop) break ;;
            via | dev | metric) words="$words $1 $2" ;;
        esac
        shift
    done
    echo "$words"
}

remove() {
    for family in 4 6; do
        bird_routes "$family" | delete "$family" "$bird"
        felix_routes "$family" | delete "$family" "$felix"
    done
}

set -f
quiet=0
waited=0
while :; do
    if [ -n "$(remove)" ]; then quiet=0; fi
    [ "$quiet" -lt "${QUIET_SECONDS:-5}" ] || exit 0
    if [ "$waited" -ge "${LIMIT_SECONDS:-60}" ]; then
        echo "routes keep coming back; calico-node starts nevertheless" >&2
        exit 0
    fi
    sleep 1
    quiet=$((quiet + 1))
    waited=$((waited + 1))
done
