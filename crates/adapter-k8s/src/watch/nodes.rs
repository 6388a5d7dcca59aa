//! The nodes of one shoot, watched from the moment of a survey: whether what a survey would find has changed since.
//!
//! Nothing is listed here: the survey is the list, and a watch that has ended goes on from the next one. Of a node only its UID and its
//! class are kept, so a heartbeat is no change.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use calico_policy::nodes::{CountedRoutes, EvidenceRules, NodeClass, NodeFacts, NodeName, NodeUid, classify};
use futures::StreamExt as _;
use gardener_api::node::Node;
use kube::core::WatchEvent;

use crate::client::resource::NODES;
use crate::client::watch::Events;
use crate::client::{ApiClient, ApiError, Request};
use crate::facts::node;

/// Seconds after which the API server ends a watch, and somebody else may have its place.
pub const LASTS: u16 = 240;

/// A watch of the nodes of a shoot. It holds the shoot's client, and with it the connection.
pub struct NodeWatch {
    events: Events<Node>,
    seen: SeenNodes,
    /// Keeps the client in use.
    _shoot: ApiClient,
}

/// What a survey would find in all nodes, in a few bytes: equal where none has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SurveyDigest(u64);

/// What a watch has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A node came, went, was made anew, or is in another class; some nodes have no route.
    SomeWait,
    /// The same, and every node has a route: most likely the last one is there.
    NoneWaits,
    /// The API server has ended the watch, as it does after a while.
    Ended,
}

impl NodeWatch {
    /// Begins where a survey ended: these are its nodes, and `resource_version` its point in time.
    ///
    /// # Errors
    /// [`ApiError`], where the API server refuses.
    pub async fn begin(shoot: &ApiClient, nodes: &[NodeFacts], resource_version: &str) -> Result<Self, ApiError> {
        let lasts = LASTS.to_string();
        let query = [("watch", "true"), ("resourceVersion", resource_version), ("timeoutSeconds", &lasts)];
        let events = shoot.watch(Request::list(&NODES, "").with_query(&query)).await?;
        Ok(Self { events, seen: SeenNodes::of(nodes), _shoot: shoot.clone() })
    }

    /// Waits for the next change that a survey would see. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`ApiError`] where the watch broke, and nothing will come any more.
    pub async fn next(&mut self) -> Result<News, ApiError> {
        while let Some(event) = self.events.next().await {
            let changed = match event? {
                WatchEvent::Added(node) | WatchEvent::Modified(node) => self.seen.put(&node),
                WatchEvent::Deleted(node) => self.seen.remove(&node),
                WatchEvent::Bookmark(_) | WatchEvent::Error(_) => false,
            };
            if changed {
                return Ok(if self.seen.waiting == 0 { News::NoneWaits } else { News::SomeWait });
            }
        }
        Ok(News::Ended)
    }

    /// What a survey would find, as far as this watch has told.
    #[must_use]
    pub const fn digest(&self) -> SurveyDigest {
        self.seen.digest
    }
}

impl SurveyDigest {
    /// Of what a survey has found.
    #[must_use]
    pub fn of(nodes: &[NodeFacts]) -> Self {
        nodes.iter().fold(Self::default(), |digest, node| digest.with(&node.name, &Seen::of(node)))
    }

    fn with(self, name: &NodeName, seen: &Seen) -> Self {
        Self(self.0.wrapping_add(hash(name, seen)))
    }

    fn without(self, name: &NodeName, seen: &Seen) -> Self {
        Self(self.0.wrapping_sub(hash(name, seen)))
    }
}

fn hash(name: &NodeName, seen: &Seen) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, seen).hash(&mut hasher);
    hasher.finish()
}

/// What was last seen of all nodes.
#[derive(Debug, Default)]
struct SeenNodes {
    nodes: BTreeMap<NodeName, Seen>,
    /// How many of them have no route.
    waiting: usize,
    /// Of all of them.
    digest: SurveyDigest,
}

/// What a survey sees of a node.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Seen {
    uid: NodeUid,
    /// By each set of rules that a survey may apply; none where the node makes no sense.
    classes: Option<[NodeClass; 3]>,
}

/// How old a route is tells no change of a node.
const RULES: [EvidenceRules; 3] = [
    EvidenceRules::Off,
    EvidenceRules::On { dual_stack: false, routes: CountedRoutes::OfAnyAge },
    EvidenceRules::On { dual_stack: true, routes: CountedRoutes::OfAnyAge },
];

impl SeenNodes {
    fn of(nodes: &[NodeFacts]) -> Self {
        let mut seen = Self::default();
        for node in nodes {
            seen.replace(node.name.clone(), Some(Seen::of(node)));
        }
        seen
    }

    /// Whether that was news.
    fn put(&mut self, node: &Node) -> bool {
        let seen = node::facts(node)
            .map_or_else(|_| Seen { uid: NodeUid(node.uid.as_ref().into()), classes: None }, |node| Seen::of(&node));
        self.replace(NodeName(node.name.as_ref().into()), Some(seen))
    }

    /// Whether that was news.
    fn remove(&mut self, node: &Node) -> bool {
        self.replace(NodeName(node.name.as_ref().into()), None)
    }

    fn replace(&mut self, name: NodeName, new: Option<Seen>) -> bool {
        if self.nodes.get(&name) == new.as_ref() {
            return false;
        }
        let waits = |seen: &Option<Seen>| usize::from(seen.as_ref().is_some_and(Seen::waits));
        let more = waits(&new);
        if let Some(old) = self.nodes.get(&name) {
            self.digest = self.digest.without(&name, old);
        }
        if let Some(new) = &new {
            self.digest = self.digest.with(&name, new);
        }
        let old = match new {
            Some(seen) => self.nodes.insert(name, seen),
            None => self.nodes.remove(&name),
        };
        self.waiting = (self.waiting + more).saturating_sub(waits(&old));
        true
    }
}

impl Seen {
    fn of(node: &NodeFacts) -> Self {
        Self { uid: node.uid.clone(), classes: Some(RULES.map(|rules| classify(node, rules))) }
    }

    /// By the mildest rules: whether that is enough is for the survey to say.
    fn waits(&self) -> bool {
        !matches!(self.classes, Some([NodeClass::RouteCreated, ..]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;
    use crate::client::{Problem, RateLimit, Unobserved};

    fn node(name: &str, uid: &str, reason: &str, heartbeat: &Value) -> Value {
        let mut conditions = vec![json!({"type": "Ready", "status": "True"})];
        if !reason.is_empty() {
            conditions.push(json!({
                "type": "NetworkUnavailable", "status": "False", "reason": reason,
                "lastTransitionTime": "2026-11-26T10:00:00Z", "lastHeartbeatTime": heartbeat,
            }));
        }
        json!({
            "metadata": {"name": name, "uid": uid, "creationTimestamp": "2026-11-26T09:00:00Z"},
            "spec": {"podCIDRs": ["100.96.0.0/24"]}, "status": {"conditions": conditions},
        })
    }

    fn line(kind: &str, object: &Value) -> String {
        format!("{}\n", json!({"type": kind, "object": object}))
    }

    /// A shoot that answers each request with one of these, and what it was asked.
    fn shoot(answers: Vec<(u16, String)>) -> (ApiClient, Arc<Mutex<Vec<String>>>) {
        let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let queries = Arc::clone(&asked);
        let service = tower::service_fn(move |request: http::Request<Body>| {
            queries.lock().unwrap().push(request.uri().to_string());
            let (code, text) = answers.lock().unwrap().pop_front().expect("one request more than there are answers");
            async move { http::Response::builder().status(code).body(Body::from(text.into_bytes())) }
        });
        let client = kube::Client::new(service, "default");
        (ApiClient::new(client, "shoot", RateLimit::none(), Arc::new(Unobserved)), asked)
    }

    fn facts(value: Value) -> NodeFacts {
        node::facts(&serde_json::from_value(value).unwrap()).unwrap()
    }

    /// What is heard of these events after a survey that found `a` with a route and `b` without.
    async fn news(events: &[String]) -> Vec<Result<News, Problem>> {
        let (client, _) = shoot(vec![(200, events.concat())]);
        let survey =
            [facts(node("a", "1", "RouteCreated", &Value::Null)), facts(node("b", "2", "CalicoIsUp", &Value::Null))];
        let mut watch = NodeWatch::begin(&client, &survey, "7").await.unwrap();
        let mut heard = Vec::new();
        loop {
            let news = watch.next().await.map_err(|error| error.problem);
            let last = matches!(news, Err(_) | Ok(News::Ended));
            heard.push(news);
            if last {
                return heard;
            }
        }
    }

    #[tokio::test]
    async fn it_begins_where_the_survey_ended() {
        let (client, asked) = shoot(vec![(200, String::new())]);
        let mut watch = NodeWatch::begin(&client, &[], "7").await.unwrap();
        assert_eq!(watch.next().await.unwrap(), News::Ended);
        assert_eq!(*asked.lock().unwrap(), ["/api/v1/nodes?watch=true&resourceVersion=7&timeoutSeconds=240"]);
    }

    #[tokio::test]
    async fn a_heartbeat_is_no_news_and_another_class_is() {
        let b = |reason, heartbeat: &str| node("b", "2", reason, &json!(heartbeat));
        let mut events: Vec<String> =
            (0..1_000).map(|_| line("MODIFIED", &b("CalicoIsUp", "2026-11-26T10:01:00Z"))).collect();
        assert_eq!(news(&events).await, [Ok(News::Ended)]);
        events.push(line("MODIFIED", &b("RouteCreated", "2026-11-26T10:01:00Z")));
        events.push(line("MODIFIED", &b("RouteCreated", "2026-11-26T10:02:00Z")));
        events.push(line("MODIFIED", &b("CalicoIsUp", "2026-11-26T10:02:00Z")));
        assert_eq!(news(&events).await, [Ok(News::NoneWaits), Ok(News::SomeWait), Ok(News::Ended)]);
    }

    #[tokio::test]
    async fn who_comes_goes_or_is_made_anew_is_news() {
        let events = [
            line("ADDED", &node("c", "3", "", &Value::Null)),
            line("DELETED", &node("b", "2", "CalicoIsUp", &Value::Null)),
            line("DELETED", &node("c", "3", "", &Value::Null)),
            line("DELETED", &node("c", "3", "", &Value::Null)),
            line("MODIFIED", &node("a", "9", "RouteCreated", &Value::Null)),
            line("BOOKMARK", &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"resourceVersion": "9"}})),
        ];
        assert_eq!(
            news(&events).await,
            [Ok(News::SomeWait), Ok(News::SomeWait), Ok(News::NoneWaits), Ok(News::NoneWaits), Ok(News::Ended)]
        );
    }

    #[tokio::test]
    async fn a_node_that_makes_no_sense_has_no_route() {
        let mut senseless = node("b", "2", "RouteCreated", &Value::Null);
        senseless["metadata"]["creationTimestamp"] = json!("yesterday");
        let events = [line("MODIFIED", &senseless), line("MODIFIED", &senseless)];
        assert_eq!(news(&events).await, [Ok(News::SomeWait), Ok(News::Ended)]);
    }

    #[tokio::test]
    async fn a_watch_that_breaks_says_how() {
        let gone = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"});
        assert_eq!(news(&[line("ERROR", &gone)]).await, [Err(Problem::Gone)]);
        let [Err(Problem::Undecodable(_))] = news(&["nonsense\n".to_owned()]).await[..] else {
            panic!("no JSON is no event")
        };
        let (client, _) = shoot(vec![(403, r#"{"kind": "Status", "code": 403, "message": "no"}"#.to_owned())]);
        let refused = NodeWatch::begin(&client, &[], "7").await.map(|_| ()).unwrap_err();
        assert_eq!(refused.problem, Problem::Forbidden { code: 403, detail: "no".to_owned() });
    }

    #[test]
    fn what_is_counted_is_what_waits() {
        let mut seen = SeenNodes::of(&[]);
        assert_eq!(seen.waiting, 0);
        let parsed = |value: Value| serde_json::from_value::<Node>(value).unwrap();
        seen.put(&parsed(node("a", "1", "", &Value::Null)));
        seen.put(&parsed(node("b", "2", "", &Value::Null)));
        seen.put(&parsed(node("a", "1", "CalicoIsUp", &Value::Null)));
        assert_eq!(seen.waiting, 2);
        seen.put(&parsed(node("a", "1", "RouteCreated", &Value::Null)));
        seen.remove(&parsed(node("b", "2", "", &Value::Null)));
        assert_eq!(seen.waiting, 0);
    }

    #[test]
    fn a_watch_and_a_survey_of_the_same_nodes_have_one_digest() {
        let parsed = |value: &Value| serde_json::from_value::<Node>(value.clone()).unwrap();
        let [a, b, routed, recreated] =
            [("a", "1", ""), ("b", "2", "CalicoIsUp"), ("b", "2", "RouteCreated"), ("b", "3", "CalicoIsUp")]
                .map(|(name, uid, reason)| node(name, uid, reason, &Value::Null));
        let survey =
            |nodes: &[&Value]| SurveyDigest::of(&nodes.iter().map(|node| facts((*node).clone())).collect::<Vec<_>>());
        let mut seen = SeenNodes::of(&[facts(b.clone()), facts(a.clone())]);
        assert_eq!(seen.digest, survey(&[&a, &b]));
        for (now, others) in [(&routed, [&b, &recreated]), (&recreated, [&b, &routed]), (&b, [&routed, &recreated])] {
            seen.put(&parsed(now));
            assert_eq!(seen.digest, survey(&[&a, now]));
            for other in others {
                assert_ne!(seen.digest, survey(&[&a, other]), "{now} {other}");
            }
        }
        seen.put(&parsed(&node("b", "2", "CalicoIsUp", &json!("2026-11-26T10:02:00Z"))));
        assert_eq!(seen.digest, survey(&[&b, &a]), "a heartbeat changes nothing");
        seen.remove(&parsed(&b));
        assert_eq!(seen.digest, survey(&[&a]));
        seen.remove(&parsed(&a));
        assert_eq!(seen.digest, SurveyDigest::default());
    }
}
