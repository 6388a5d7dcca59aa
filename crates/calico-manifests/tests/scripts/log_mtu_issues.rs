//! `log-mtu-issues`: one rule per chain and family, in the flavour of kubelet, however often it runs.

use calico_manifests::scripts::log_mtu_issues;

use crate::namespace::{available, lines, run};

const LIMIT: &str = "-m limit --limit 6/min --limit-burst 10 -j LOG --log-prefix \"mtu-issue: \"";

fn rules(before: &str) -> Vec<String> {
    let program = format!(
        r#"{before}
sh -c "$SCRIPT"; bash -c "$SCRIPT"
for tables in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    $tables -t raw -S 2>/dev/null | sed -n "s/  */ /g; s/^-A/$tables -A/p"
done
"#
    );
    lines(&run(&log_mtu_issues(), &program)).into_iter().map(str::to_owned).collect()
}

fn expected(flavour: &str) -> Vec<String> {
    let rule = |family: &str, chain: &str, what: &str| format!("{family}tables-{flavour} -A {chain} {what} {LIMIT}");
    let ipv4 = "-p icmp -m icmp --icmp-type 3/4";
    let ipv6 = "-p ipv6-icmp -m icmp6 --icmpv6-type 2";
    vec![
        rule("ip6", "OUTPUT", ipv6),
        rule("ip6", "PREROUTING", ipv6),
        rule("ip", "OUTPUT", ipv4),
        rule("ip", "PREROUTING", ipv4),
    ]
}

#[test]
fn each_chain_gets_one_rule() {
    if available() {
        assert_eq!(rules(""), expected("nft"));
        assert_eq!(rules("iptables-legacy -t mangle -N KUBE-IPTABLES-HINT"), expected("legacy"));
    }
}

#[test]
fn a_node_that_cannot_log_starts_all_the_same() {
    if !available() {
        return;
    }
    // Nothing but the shell and grep, and no program that writes rules.
    let program = r#"bin=$(mktemp -d); ln -s "$(command -v grep)" "$(command -v sh)" $bin
PATH=$bin sh -c "$SCRIPT" 2>&1 | grep -c 'no logging in'
rm -r $bin"#;
    assert_eq!(lines(&run(&log_mtu_issues(), program)), ["4"]);
}

/// A node whose gateway cannot pass on what is larger than 1300 bytes: what the gateway sends about it meets a rule there, and
/// another one on the node.
#[test]
fn what_is_too_big_for_a_link_meets_a_rule() {
    if !available() {
        return;
    }
    let program = r#"
mount -t tmpfs tmpfs /run
ip netns add gateway
ip link add eth0 type veth peer name eth1 netns gateway
ip address add 10.250.0.5/24 dev eth0
ip -6 address add 2001:db8:3::5/64 dev eth0 nodad
ip link set eth0 up
ip netns exec gateway bash -e -c '
    ip link add narrow type bridge
    ip link set narrow mtu 1300
    for device in lo narrow eth1; do ip link set $device up; done
    ip address add 10.250.0.1/24 dev eth1
    ip address add 10.0.0.1/24 dev narrow
    ip -6 address add 2001:db8:3::1/64 dev eth1 nodad
    ip -6 address add 2001:db8:4::1/64 dev narrow nodad
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    sh -c "$SCRIPT"'
ip route add default via 10.250.0.1
ip -6 route add default via 2001:db8:3::1
sh -c "$SCRIPT"
met() { # CHAIN COMMAND...
    chain=$1; shift
    for tables in iptables-nft ip6tables-nft; do "$@" $tables -t raw -vnxL $chain; done | grep -c '^ *[1-9][0-9]* .* LOG '
}
for _ in $(seq 50); do
    for to in 10.0.0.9 2001:db8:4::9; do
        ip route flush cache; ip -6 route flush cache
        head -c 1400 /dev/zero 2>/dev/null >/dev/udp/$to/9 || :
    done
    sleep 0.2
    on_node=$(met PREROUTING command || :)
    on_gateway=$(met OUTPUT ip netns exec gateway || :)
    [ "$on_node $on_gateway" != '2 2' ] || break
done
echo "node $on_node, gateway $on_gateway"
"#;
    assert_eq!(lines(&run(&log_mtu_issues(), program)), ["node 2, gateway 2"]);
}
