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
    let program = r#"mkdir /tmp/bin.$$; ln -s "$(command -v grep)" "$(command -v sh)" /tmp/bin.$$
PATH=/tmp/bin.$$ sh -c "$SCRIPT" 2>&1 | grep -c 'no logging in'
rm -r /tmp/bin.$$"#;
    assert_eq!(lines(&run(&log_mtu_issues(), program)), ["4"]);
}
