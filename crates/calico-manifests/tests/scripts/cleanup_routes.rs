//! `cleanup-routes`: routes of BIRD (protocol 12) and Felix (protocol 80) go, of both families; everything else stays.

use calico_manifests::scripts::{BirdRoutes, FelixRoutes, RouteCleanup, cleanup_routes};

use crate::namespace::{available, lines, run};

/// A node with its own network, a tunnel, a pod, and a gateway to other nodes. The tunnel is no real one: only its name counts.
const NODE: &str = "
ip link set lo up
for device in eth0 tunl0 cali1; do ip link add $device type bridge; ip link set $device up; done
ip address add 10.250.0.5/24 dev eth0
ip address add 100.96.5.1/32 dev tunl0
ip -6 address add 2001:db8:3::5/64 dev eth0 nodad
ip route add default via 10.250.0.1
ip -6 route add default via 2001:db8:3::1
";

/// What neither BIRD nor Felix wrote for other nodes.
const OTHERS: &str = "
ip route add 100.96.7.0/24 via 10.250.0.7 proto static
ip route add 100.96.8.0/24 via 10.250.0.8
ip route add 100.96.5.9/32 dev cali1 proto 80 scope link
ip route add 100.96.9.0/24 via 10.250.0.9 proto 12 table 77
ip -6 route add 2001:db8:1:7::/64 via 2001:db8:3::7 proto static
ip -6 route add 2001:db8:1:5::9/128 dev cali1 proto 80
";

/// What they wrote for other nodes: plain, with a metric, with two next hops, through the tunnel, and blocks nobody uses.
const BIRD: &str = "
ip route add 100.96.1.0/24 via 10.250.0.6 proto 12
ip route add 100.96.1.0/24 via 10.250.0.7 proto 12 metric 50
ip route add 100.96.2.0/24 proto 12 nexthop via 10.250.0.6 nexthop via 10.250.0.7
ip route add blackhole 100.96.5.0/24 proto 12
ip -6 route add 2001:db8:1:1::/64 via 2001:db8:3::6 proto 12
ip -6 route add blackhole 2001:db8:1:5::/64 proto 12
";
const BIRD_THROUGH_TUNNEL: &str = "
ip route add 100.96.3.0/24 via 10.250.0.6 dev tunl0 proto 12 onlink
";
const FELIX: &str = "
ip route add 100.96.4.0/24 via 10.250.0.6 proto 80
ip route add unreachable 100.96.6.0/24 proto 80
ip -6 route add 2001:db8:1:4::/64 via 2001:db8:3::6 proto 80
ip -6 route add blackhole 2001:db8:1:6::/64 proto 80
";

/// The routes that are left after the script, besides the kernel's own: as `ip -N` writes them, which knows no names of protocols
/// and shows a blackhole as type 6, something unreachable as type 7. Checks that no device and no address has gone.
fn left(cleanup: RouteCleanup) -> Vec<String> {
    let program = format!(
        r#"{NODE}{OTHERS}
addresses() {{ ip -oneline address show | grep -v fe80; }}
before=$(addresses)
{BIRD}{BIRD_THROUGH_TUNNEL}{FELIX}
QUIET_SECONDS=1 sh -c "$SCRIPT" 2>/dev/null
[ "$before" = "$(addresses)" ]
for family in 4 6; do
    ip -N -oneline -$family route show table all | grep -v 'proto 2\b' | sed 's/linkdown//g; s/\\//g; s/[[:space:]][[:space:]]*/ /g'
done
"#
    );
    lines(&run(&cleanup_routes(cleanup), &program)).into_iter().map(str::to_owned).collect()
}

const STAY: [&str; 8] = [
    "100.96.5.9 dev cali1 proto 80 scope 253",
    "100.96.7.0/24 via 10.250.0.7 dev eth0 proto 4",
    "100.96.8.0/24 via 10.250.0.8 dev eth0",
    "100.96.9.0/24 via 10.250.0.9 dev eth0 table 77 proto 12",
    "2001:db8:1:5::9 dev cali1 proto 80 metric 1024 pref medium",
    "2001:db8:1:7::/64 via 2001:db8:3::7 dev eth0 proto 4 metric 1024 pref medium",
    "default via 10.250.0.1 dev eth0",
    "default via 2001:db8:3::1 dev eth0 metric 1024 pref medium",
];
const FELIX_IPV4: [&str; 2] = ["100.96.4.0/24 via 10.250.0.6 dev eth0 proto 80", "7 100.96.6.0/24 proto 80"];
const FELIX_IPV6: [&str; 2] = [
    "2001:db8:1:4::/64 via 2001:db8:3::6 dev eth0 proto 80 metric 1024 pref medium",
    "6 2001:db8:1:6::/64 dev lo proto 80 metric 1024 pref medium",
];
const BIRD_PLAIN: [&str; 6] = [
    "100.96.1.0/24 via 10.250.0.6 dev eth0 proto 12",
    "100.96.1.0/24 via 10.250.0.7 dev eth0 proto 12 metric 50",
    "100.96.2.0/24 proto 12 nexthop via 10.250.0.6 dev eth0 weight 1 nexthop via 10.250.0.7 dev eth0 weight 1",
    "6 100.96.5.0/24 proto 12",
    "2001:db8:1:1::/64 via 2001:db8:3::6 dev eth0 proto 12 metric 1024 pref medium",
    "6 2001:db8:1:5::/64 dev lo proto 12 metric 1024 pref medium",
];
const BIRD_TUNNEL: &str = "100.96.3.0/24 via 10.250.0.6 dev tunl0 proto 12 onlink";

fn expect(bird: BirdRoutes, felix: FelixRoutes, also: &[&[&str]]) {
    let mut expected: Vec<&str> = STAY.iter().chain(also.iter().copied().flatten()).copied().collect();
    expected.sort_unstable();
    assert_eq!(left(RouteCleanup { bird, felix }), expected, "{bird:?} {felix:?}");
}

#[test]
fn without_a_backend_all_routes_to_other_nodes_go() {
    if available() {
        expect(BirdRoutes::All, FelixRoutes::Both, &[]);
    }
}

#[test]
fn with_bird_only_what_leads_through_the_tunnel_goes() {
    if available() {
        expect(BirdRoutes::ThroughTunnel, FelixRoutes::Both, &[&BIRD_PLAIN]);
        expect(BirdRoutes::None, FelixRoutes::Both, &[&BIRD_PLAIN, &[BIRD_TUNNEL]]);
    }
}

#[test]
fn felix_keeps_the_families_that_it_still_encapsulates() {
    if available() {
        expect(BirdRoutes::All, FelixRoutes::OnlyIpv4, &[&FELIX_IPV6]);
        expect(BirdRoutes::All, FelixRoutes::OnlyIpv6, &[&FELIX_IPV4]);
        expect(BirdRoutes::All, FelixRoutes::None, &[&FELIX_IPV4, &FELIX_IPV6]);
    }
}

/// A BIRD that is still dying scans its table once more, four seconds after its routes have gone: within the default of five.
#[test]
fn what_a_dying_bird_puts_back_goes_as_well() {
    if !available() {
        return;
    }
    let script = cleanup_routes(RouteCleanup { bird: BirdRoutes::All, felix: FelixRoutes::Both });
    let program = format!(
        r#"{NODE}
route() {{ ip route $1 100.96.1.0/24 via 10.250.0.6 proto 12; ip -6 route $1 2001:db8:1:1::/64 via 2001:db8:3::6 proto 12; }}
route add
dying() {{
    while ip route show proto 12 | grep -q .; do sleep 0.1; done
    sleep 4
    route add
}}
dying &
bash -c "$SCRIPT" 2>&1 | grep -c 'removing IPv4'
wait
ip route show proto 12
ip -6 route show proto 12
"#
    );
    assert_eq!(lines(&run(&script, &program)), ["2"]);
}

#[test]
fn a_bird_that_never_dies_does_not_keep_calico_node_from_starting() {
    if !available() {
        return;
    }
    let script = cleanup_routes(RouteCleanup { bird: BirdRoutes::All, felix: FelixRoutes::Both });
    let program = format!(
        r#"{NODE}
while :; do ip route replace 100.96.1.0/24 via 10.250.0.6 proto 12; sleep 0.1; done &
QUIET_SECONDS=3 LIMIT_SECONDS=4 sh -c "$SCRIPT" 2>&1 | tail -n 1
kill %1
"#
    );
    assert_eq!(lines(&run(&script, &program)), ["routes keep coming back; calico-node starts nevertheless"]);
}

#[test]
fn a_node_without_a_tunnel_has_nothing_to_clean() {
    if !available() {
        return;
    }
    let script = cleanup_routes(RouteCleanup { bird: BirdRoutes::ThroughTunnel, felix: FelixRoutes::Both });
    assert_eq!(run(&script, r#"QUIET_SECONDS=1 sh -c "$SCRIPT" 2>&1"#), "");
}
