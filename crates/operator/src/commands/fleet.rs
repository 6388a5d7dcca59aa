//! What `status` and `plan` have in common: which Networks are ours, many questions at once, and how far they are.

mod progress;

use std::collections::BTreeMap;

use adapter_k8s::read::networks::{ListedNetwork, NetworkUnreadable};
use calico_policy::encapsulation::IpFamily;
use futures::StreamExt as _;
use gardener_api::network::Network;
use gardener_api::network_status::{FamilyEncapsulation, NodeCounts};
use gardener_api::validation::ErrorKind;

use super::decide::{ItemError, ItemErrorKind};
use super::{note, seed};
use crate::diagnostics::Diagnostic;
use crate::dump::Dump;
use progress::Progress;

/// The type of our Networks.
const NETWORK_TYPE: &str = "calico";
/// Networks that are asked about at the same time. Each may hold a connection to its shoot.
const AT_ONCE: usize = 32;

/// Leaves the Networks of other extensions out, and says so. One that cannot be read might be ours.
pub(super) fn ours(networks: Vec<ListedNetwork>) -> Vec<ListedNetwork> {
    let mut others = Others::default();
    let ours =
        networks.into_iter().filter(|listed| listed.network.as_ref().map_or(true, |network| others.lets(network)));
    let ours = ours.collect();
    others.tell();
    ours
}

/// Whether a Network is ours. One that cannot be read might be.
pub(super) fn is_ours(listed: &ListedNetwork) -> bool {
    listed.network.as_ref().map_or(true, |network| is_our_type(&network.spec.network_type))
}

// Without a type it is nobody's, and its own error says so.
fn is_our_type(kind: &str) -> bool {
    kind == NETWORK_TYPE || kind.is_empty()
}

/// The same with the Networks of a dump.
pub(super) fn keep_ours(dump: &mut Dump) {
    let mut others = Others::default();
    dump.objects.networks.retain(|located| others.lets(&located.value));
    others.tell();
}

/// Networks of other extensions, by type.
#[derive(Default)]
struct Others(BTreeMap<String, usize>);

impl Others {
    fn lets(&mut self, network: &Network) -> bool {
        let kind = &network.spec.network_type;
        let ours = is_our_type(kind);
        if !ours {
            *self.0.entry(kind.clone()).or_default() += 1;
        }
        ours
    }

    fn tell(self) {
        for (kind, count) in self.0 {
            let plural = if count == 1 { "Network" } else { "Networks" };
            note(&format!("note: {count} {plural} of type {kind} ignored"));
        }
    }
}

/// A Network of a seed that cannot be understood.
pub(super) fn unreadable(namespace: &str, name: &str, unreadable: NetworkUnreadable) -> ItemError {
    let NetworkUnreadable { path, text } = unreadable;
    let diagnostic = seed::about(&format!("{namespace}/{name}"), text.clone());
    let diagnostics = vec![Diagnostic { path: path.clone(), ..diagnostic }];
    ItemError { path, kind: ItemErrorKind::Field(ErrorKind::Invalid), text, diagnostics }
}

/// Asks about each, several at a time. The answers come in no order.
pub(super) async fn each<T, A>(about: Vec<T>, ask: impl AsyncFn(T) -> A) -> Vec<A> {
    let progress = Progress::new(about.len());
    let (ask, told) = (&ask, &progress);
    let asking = futures::stream::iter(about).map(|about| async move {
        let answer = ask(about).await;
        told.step();
        answer
    });
    asking.buffer_unordered(AT_ONCE).collect().await
}

/// Encapsulation by family, for people.
pub(super) fn encapsulation(encapsulation: &FamilyEncapsulation) -> String {
    let FamilyEncapsulation { ipv4, ipv6 } = encapsulation;
    let families = [(IpFamily::Ipv4, ipv4), (IpFamily::Ipv6, ipv6)];
    let known = families.into_iter().filter_map(|(family, code)| Some(format!("{family} {}", code.as_ref()?)));
    let known: Vec<String> = known.collect();
    if known.is_empty() { UNKNOWN.to_owned() } else { known.join(", ") }
}

/// What stands where nothing is known.
pub(super) const UNKNOWN: &str = "-";

/// Which nodes block, for people; nothing where none does.
pub(super) fn blocking(nodes: Option<&NodeCounts>) -> Option<String> {
    let nodes = nodes.filter(|nodes| !nodes.by_class.is_empty())?;
    let classes: Vec<String> = nodes.by_class.iter().map(|(class, count)| format!("{count} {class}")).collect();
    let missing = nodes.total.saturating_sub(nodes.ready);
    Some(format!("{missing} of {} nodes ({})", nodes.total, classes.join(", ")))
}

/// Counts by word, most first.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub(super) fn add(&mut self, word: &str) {
        *self.0.entry(word.to_owned()).or_default() += 1;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words: Vec<(&String, &usize)> = self.0.iter().collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let words: Vec<String> = words.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let family = |ipv4: Option<&str>, ipv6: Option<&str>| {
            encapsulation(&FamilyEncapsulation { ipv4: ipv4.map(str::to_owned), ipv6: ipv6.map(str::to_owned) })
        };
        assert_eq!(family(None, None), "-");
        assert_eq!(family(Some("Ipip(Always)"), None), "IPv4 Ipip(Always)");
        assert_eq!(family(Some("None"), Some("Vxlan(Always)")), "IPv4 None, IPv6 Vxlan(Always)");
    }

    #[test]
    fn nodes_with_a_route_block_nothing() {
        let counts = |ready, by_class: &[(&str, usize)]| NodeCounts {
            total: 6,
            ready,
            by_class: by_class.iter().map(|(class, count)| ((*class).to_owned(), *count)).collect(),
            joiners: 0,
        };
        assert_eq!(blocking(Some(&counts(6, &[]))), None);
        assert_eq!(blocking(None), None);
        assert_eq!(
            blocking(Some(&counts(3, &[("NoCondition", 2), ("WrittenByCalico", 1)]))).unwrap(),
            "3 of 6 nodes (2 NoCondition, 1 WrittenByCalico)"
        );
    }

    #[tokio::test]
    async fn every_question_is_answered_once() {
        let mut answers = each((0..100).collect(), async |number: i32| number * 2).await;
        answers.sort_unstable();
        assert_eq!(answers, (0..100).map(|number| number * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_tally_names_the_most_frequent_first() {
        let mut tally = Tally::default();
        ["b", "a", "c", "a"].iter().for_each(|word| tally.add(word));
        assert_eq!(tally.to_string(), "2 a, 1 b, 1 c");
    }
}
