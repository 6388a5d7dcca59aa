//! Faults on demand: rules say which requests go wrong, and how.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use crate::request::Verb;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The request is refused with this code and never looked at.
    Status {
        /// The HTTP status code.
        code: u16,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u32>,
    },
    /// The request waits before it is looked at.
    Latency(Duration),
    /// The request is done, then the connection breaks before the answer.
    LostResponse,
    /// The connection breaks before the request is looked at.
    ConnectionReset,
    /// A watch breaks after so many events; other requests are left alone.
    DroppedWatch {
        /// Events that still arrive.
        after: usize,
    },
    /// A read or the start of a watch is served from the state so many revisions ago; writes are left alone.
    StaleRead {
        /// Revisions to go back; at most to the oldest that is kept.
        revisions: u64,
    },
    /// A read is served from the state so long ago, and a watch tells of each change so long after it: by a server that lags behind the
    /// others; writes are left alone.
    Lag(Duration),
}

/// A rule: an effect and the requests that it hits. Without any restriction it hits every request, always.
#[derive(Clone, Debug)]
pub struct Fault {
    effect: Effect,
    verb: Option<Verb>,
    writes_only: bool,
    group: Option<String>,
    resource: Option<String>,
    subresource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    user_agent: Option<String>,
    skip: usize,
    times: Option<usize>,
    turns: Option<usize>,
    probability: Option<f64>,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) verb: Verb,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) user_agent: &'a str,
}

/// The rules of a server.
#[derive(Debug)]
pub struct Faults(Mutex<State>);

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    random: Rng,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    /// Requests that matched so far, hit or not.
    seen: usize,
    hits: usize,
}

impl Fault {
    /// A rule with this effect.
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            verb: None,
            writes_only: false,
            group: None,
            resource: None,
            subresource: None,
            namespace: None,
            name: None,
            user_agent: None,
            skip: 0,
            times: None,
            turns: None,
            probability: None,
        }
    }

    /// Refuses with this code.
    pub fn status(code: u16) -> Self {
        Self::new(Effect::Status { code, retry_after: None })
    }

    /// Refuses with 429 and a `Retry-After` of so many seconds.
    pub fn too_many_requests(retry_after: u32) -> Self {
        Self::new(Effect::Status { code: 429, retry_after: Some(retry_after) })
    }

    /// Only requests with this verb.
    #[must_use]
    pub fn verb(self, verb: Verb) -> Self {
        Self { verb: Some(verb), ..self }
    }

    /// Only requests that may change something.
    #[must_use]
    pub fn writes(self) -> Self {
        Self { writes_only: true, ..self }
    }

    /// Only this API group; empty for the core group.
    #[must_use]
    pub fn group(self, group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..self }
    }

    /// Only this resource, by its plural name.
    #[must_use]
    pub fn resource(self, plural: &str) -> Self {
        Self { resource: Some(plural.to_owned()), ..self }
    }

    /// Only this subresource; empty for the main resource.
    #[must_use]
    pub fn subresource(self, subresource: &str) -> Self {
        Self { subresource: Some(subresource.to_owned()), ..self }
    }

    /// Only this namespace.
    #[must_use]
    pub fn namespace(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// Only objects of this name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// Only clients whose user agent starts so.
    #[must_use]
    pub fn user_agent(self, prefix: &str) -> Self {
        Self { user_agent: Some(prefix.to_owned()), ..self }
    }

    /// Spares the first so many requests that match.
    #[must_use]
    pub fn skip(self, requests: usize) -> Self {
        Self { skip: requests, ..self }
    }

    /// Hits at most so many requests.
    #[must_use]
    pub fn times(self, requests: usize) -> Self {
        Self { times: Some(requests), ..self }
    }

    /// Hits so many requests that match, spares as many, and so on: clients that move between two servers.
    #[must_use]
    pub fn in_turns(self, requests: usize) -> Self {
        Self { turns: Some(requests.max(1)), ..self }
    }

    /// Hits a request that matches with this probability, by the seed of the server.
    #[must_use]
    pub fn probability(self, probability: f64) -> Self {
        Self { probability: Some(probability), ..self }
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let applies = match self.effect {
            Effect::DroppedWatch { .. } => subject.verb == Verb::Watch,
            Effect::StaleRead { .. } | Effect::Lag(_) => !subject.verb.writes(),
            _ => true,
        };
        applies
            && self.verb.is_none_or(|verb| verb == subject.verb)
            && (!self.writes_only || subject.verb.writes())
            && is(&self.group, subject.group)
            && is(&self.resource, subject.resource)
            && is(&self.subresource, subject.subresource)
            && is(&self.namespace, subject.namespace)
            && is(&self.name, subject.name)
            && self.user_agent.as_deref().is_none_or(|prefix| subject.user_agent.starts_with(prefix))
    }
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(State { rules: Vec::new(), random: Rng::with_seed(seed) }))
    }

    /// Adds a rule. All rules that match a request take effect, in the order in which they were added.
    pub fn add(&self, fault: Fault) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.rules.push(Rule { fault, seen: 0, hits: 0 });
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.clear();
    }

    /// How many requests were hit by the rules that are in force.
    pub fn hits(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.iter().map(|rule| rule.hits).sum()
    }

    /// What goes wrong with this request.
    pub(crate) fn effects(&self, subject: &Subject<'_>) -> Vec<Effect> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { rules, random } = &mut *state;
        let mut effects = Vec::new();
        for rule in rules.iter_mut().filter(|rule| rule.fault.matches(subject)) {
            rule.seen += 1;
            let in_range = rule.seen > rule.fault.skip && rule.fault.times.is_none_or(|times| rule.hits < times);
            let after = rule.seen.saturating_sub(rule.fault.skip + 1);
            let in_turn = rule.fault.turns.is_none_or(|turns| (after / turns).is_multiple_of(2));
            if in_range && in_turn && rule.fault.probability.is_none_or(|probability| random.f64() < probability) {
                rule.hits += 1;
                effects.push(rule.fault.effect.clone());
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(verb: Verb, name: &str) -> Subject<'_> {
        Subject {
            verb,
            group: "",
            resource: "secrets",
            subresource: "",
            namespace: "a",
            name,
            user_agent: "networking-calico/1",
        }
    }

    #[test]
    fn a_rule_hits_what_it_names_as_often_as_it_says() {
        let faults = Faults::new(1);
        faults.add(Fault::status(500).verb(Verb::Get).name("x").skip(1).times(2));
        let hits = |verb, name| faults.effects(&subject(verb, name)).len();
        assert_eq!(hits(Verb::Get, "y"), 0);
        assert_eq!(hits(Verb::Patch, "x"), 0);
        assert_eq!([0; 5].map(|_| hits(Verb::Get, "x")), [0, 1, 1, 0, 0]);
        assert_eq!(faults.hits(), 2);
    }

    #[test]
    fn a_rule_takes_turns() {
        let faults = Faults::new(1);
        faults.add(Fault::status(500).in_turns(2).skip(1));
        let hits = || faults.effects(&subject(Verb::Get, "x")).len();
        assert_eq!([(); 9].map(|()| hits()), [0, 1, 1, 0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn stale_reads_and_dropped_watches_leave_others_alone() {
        let faults = Faults::new(1);
        faults.add(Fault::new(Effect::StaleRead { revisions: 1 }));
        faults.add(Fault::new(Effect::Lag(Duration::from_secs(1))));
        faults.add(Fault::new(Effect::DroppedWatch { after: 0 }));
        let count = |verb| faults.effects(&subject(verb, "x")).len();
        assert_eq!((count(Verb::Update), count(Verb::Get), count(Verb::Watch)), (0, 2, 3));
    }
}
