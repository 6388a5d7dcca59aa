//! `add-snat-rule-to-upstream-dns`: what pods ask the resolvers of the node's network is masqueraded, and stays so.

use calico_manifests::scripts::add_snat_rule_to_upstream_dns;

use crate::namespace::{available, lines, run};

/// Starts the script in the background. `rules` shows all of both families; `until N` waits until there are that many.
const HELPERS: &str = r#"
RESOLV_CONF=$(mktemp)
export RESOLV_CONF POD_CIDR=100.96.0.0/11,2001:db8:1::/56 INTERVAL_SECONDS=1
cat >$RESOLV_CONF <<end
search example.org
nameserver 10.250.0.2
nameserver 127.0.0.53
nameserver ::1
nameserver fe80::1%eth0
options ndots:5
nameserver 2001:db8:3::2
end
printf 'nameserver 10.250.0.3' >>$RESOLV_CONF
all='iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy'
rules() { for tables in $all; do $tables -t nat -S POSTROUTING 2>/dev/null | sed -n "s/^-A/$tables -A/p"; done; }
until_there_are() { for _ in $(seq 200); do [ "$(rules | wc -l)" != "$1" ] || return 0; sleep 0.1; done; rules >&2; return 1; }
start() { "$1" -c "$SCRIPT" & pid=$!; }
stop() { kill -TERM $pid; wait $pid; }
"#;

fn rule(tables: &str, pods: &str, resolver: &str, protocol: &str) -> String {
    format!(
        "{tables} -A POSTROUTING -s {pods} -d {resolver} -p {protocol} -m {protocol} --dport 53 -m comment --comment upstream-dns \
         -j MASQUERADE --random-fully"
    )
}

fn expected(flavour: &str) -> Vec<String> {
    let mut rules = Vec::new();
    for protocol in ["tcp", "udp"] {
        for resolver in ["10.250.0.2/32", "10.250.0.3/32"] {
            rules.push(rule(&format!("iptables-{flavour}"), "100.96.0.0/11", resolver, protocol));
        }
        rules.push(rule(&format!("ip6tables-{flavour}"), "2001:db8:1::/56", "2001:db8:3::2/128", protocol));
    }
    rules.sort_unstable();
    rules
}

fn rules(program: &str) -> Vec<String> {
    let output = run(&add_snat_rule_to_upstream_dns(), &format!("{HELPERS}{program}\nrm $RESOLV_CONF"));
    let lines = lines(&output).into_iter().filter(|line| !line.starts_with("added: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn each_resolver_of_the_family_of_the_pods_has_two_rules() {
    if !available() {
        return;
    }
    // The rules stay when the script is told to stop, and a second one finds them.
    let twice = "start sh; until_there_are 6; stop; start bash; sleep 2; stop; rules";
    assert_eq!(rules(twice), expected("nft"));
    let legacy = "iptables-legacy -t mangle -N KUBE-IPTABLES-HINT; start sh; until_there_are 6; stop; rules";
    assert_eq!(rules(legacy), expected("legacy"));
}

#[test]
fn what_somebody_flushes_comes_back() {
    if available() {
        let flushed = "start sh; until_there_are 6; iptables-nft -t nat -F POSTROUTING; until_there_are 6; stop; rules";
        assert_eq!(rules(flushed), expected("nft"));
    }
}

#[test]
fn rules_of_others_stay() {
    if available() {
        let before =
            "iptables-nft -t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE; start sh; until_there_are 7; stop; rules";
        let mut expected = expected("nft");
        expected.push("iptables-nft -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE".to_owned());
        expected.sort_unstable();
        assert_eq!(rules(before), expected);
    }
}

#[test]
fn a_node_without_resolvers_waits_for_some() {
    if available() {
        let none = "rm $RESOLV_CONF; start sh; sleep 1; rules; echo nameserver 10.250.0.2 >$RESOLV_CONF; until_there_are 2; stop";
        assert_eq!(rules(none), Vec::<String>::new());
    }
}
