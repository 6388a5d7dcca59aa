//! Watches: what exists first, where that is asked for, then every change in the order in which it was written.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::selector::Selector;
use super::stale_revision;
use crate::api::Api;
use crate::error::{ApiError, FieldProblem};
use crate::object;
use crate::request::Call;
use crate::store::{Change, ResourceKey, Unavailable};

/// One event of a watch.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) object: Arc<Value>,
}

/// A running watch.
pub(crate) struct Watch {
    api: Arc<Api>,
    call: Call,
    resource: ResourceKey,
    selector: Selector,
    /// Everything up to this revision was seen.
    position: u64,
    /// When the first change that is held back comes, because this watch lags.
    comes: Option<Instant>,
    queue: VecDeque<Event>,
    written: Receiver<u64>,
    closing: Receiver<bool>,
    end: Option<Instant>,
    bookmark: Bookmarks,
    ended: bool,
}

/// When a client is told how far it has come.
enum Bookmarks {
    Off,
    At(Instant),
}

/// How long before the end of a watch its last bookmark comes.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

impl Watch {
    /// Begins a watch. What the client must not ask for is refused; a revision that is gone is its first event.
    pub(crate) fn start(api: &Arc<Api>, call: &Call, closing: Receiver<bool>) -> Result<Self, ApiError> {
        let selector = Selector::of(call)?;
        let wants_state = call.query.get("sendInitialEvents").is_some_and(|_| call.query.flag("sendInitialEvents"));
        check_options(call)?;
        let asked = call.query.get("resourceVersion").unwrap_or_default();
        let from: Option<u64> = match asked {
            "" | "0" => None,
            text => {
                Some(text.parse().map_err(|_| ApiError::bad_request(format!("invalid resource version \"{text}\"")))?)
            }
        };
        let now = Instant::now();
        let seconds = call.query.number("timeoutSeconds").filter(|seconds| *seconds > 0);
        let end = seconds.map(|seconds| now + Duration::from_secs(seconds));
        let bookmark = if call.query.flag("allowWatchBookmarks") {
            Bookmarks::At(first_bookmark(now, api.bookmark_interval, end))
        } else {
            Bookmarks::Off
        };
        let mut watch = Self {
            written: api.store.subscribe(),
            closing,
            api: Arc::clone(api),
            call: call.clone(),
            resource: call.resource_key(),
            selector,
            position: from.unwrap_or_default(),
            comes: None,
            queue: VecDeque::new(),
            end,
            bookmark,
            ended: false,
        };
        if from.is_none() || wants_state {
            watch.queue_state(wants_state)?;
        }
        Ok(watch)
    }

    /// The next event; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.ended || *self.closing.borrow() {
                return None;
            }
            self.written.mark_unchanged();
            self.queue_changes();
            if !self.queue.is_empty() {
                continue;
            }
            let bookmark = match self.bookmark {
                Bookmarks::Off => None,
                Bookmarks::At(at) => Some(at),
            };
            tokio::select! {
                written = self.written.changed() => if written.is_err() { return None },
                () = closed(&mut self.closing) => return None,
                () = until(self.comes) => {}
                () = until(bookmark) => self.queue_bookmark(),
                () = until(self.end) => self.ended = true,
            }
        }
    }

    fn queue_state(&mut self, marks_end: bool) -> Result<(), ApiError> {
        let namespace = (!self.call.namespace.is_empty()).then_some(self.call.namespace.as_str());
        let at = stale_revision(&self.api, &self.call);
        let snapshot = self
            .api
            .store
            .list(&self.call.resource_key(), namespace, at)
            .map_err(|_| ApiError::expired("The resourceVersion for the provided watch is too old."))?;
        self.position = snapshot.revision;
        for (key, object) in snapshot.objects {
            if (self.call.name.is_empty() || key.name == self.call.name) && self.selector.matches(&object) {
                self.queue.push_back(Event { kind: "ADDED", object });
            }
        }
        if marks_end {
            let annotations = json!({"k8s.io/initial-events-end": "true"});
            self.queue.push_back(self.bookmark_event(Some(annotations)));
        }
        Ok(())
    }

    fn queue_changes(&mut self) {
        self.comes = None;
        match self.api.store.changes_after(self.position) {
            Ok(changes) => {
                for change in changes {
                    if change.written.elapsed() < self.call.lag {
                        self.comes = Some(change.written + self.call.lag);
                        break;
                    }
                    self.position = change.revision;
                    if let Some(event) = self.event(&change) {
                        self.queue.push_back(event);
                    }
                }
            }
            Err(Unavailable::TooOld(oldest)) => {
                let text = format!("too old resource version: {} ({oldest})", self.position);
                let object = Arc::new(ApiError::expired(text).to_status());
                self.queue.push_back(Event { kind: "ERROR", object });
                self.ended = true;
            }
            // The client asks for what comes later than anything yet.
            Err(Unavailable::TooNew(_)) => {}
        }
    }

    /// What a change means to this watch: an object that leaves the selection is deleted, one that enters is added.
    fn event(&self, change: &Change) -> Option<Event> {
        let concerned = change.resource == self.resource
            && (self.call.namespace.is_empty() || change.key.namespace == self.call.namespace)
            && (self.call.name.is_empty() || change.key.name == self.call.name);
        if !concerned {
            return None;
        }
        let before = change.previous.as_ref().filter(|object| self.selector.matches(object));
        let after = (!change.deleted).then_some(&change.object).filter(|object| self.selector.matches(object));
        match (before, after) {
            (None, None) => None,
            (None, Some(object)) => Some(Event { kind: "ADDED", object: Arc::clone(object) }),
            (Some(_), Some(object)) => Some(Event { kind: "MODIFIED", object: Arc::clone(object) }),
            (Some(_), None) if change.deleted => Some(Event { kind: "DELETED", object: Arc::clone(&change.object) }),
            (Some(previous), None) => {
                let mut last = Value::clone(previous);
                object::set_meta(&mut last, "resourceVersion", change.revision.to_string());
                Some(Event { kind: "DELETED", object: Arc::new(last) })
            }
        }
    }

    fn queue_bookmark(&mut self) {
        let event = self.bookmark_event(None);
        self.queue.push_back(event);
        self.bookmark = Bookmarks::At(Instant::now() + self.api.bookmark_interval);
    }

    fn bookmark_event(&self, annotations: Option<Value>) -> Event {
        let mut object = json!({
            "kind": self.call.resource.kind,
            "apiVersion": self.call.api_version(),
            "metadata": {"resourceVersion": self.position.to_string(), "creationTimestamp": null},
        });
        if let Some(annotations) = annotations {
            object::set_meta(&mut object, "annotations", annotations);
        }
        Event { kind: "BOOKMARK", object: Arc::new(object) }
    }
}

fn check_options(call: &Call) -> Result<(), ApiError> {
    let sends = call.query.get("sendInitialEvents");
    let matching = call.query.get("resourceVersionMatch");
    let refuse =
        |field: &str, text: &str| Err(ApiError::invalid_options("ListOptions", FieldProblem::forbidden(field, text)));
    match (sends, matching) {
        (None, Some(_)) => refuse(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (Some(_), None) => {
            refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }
        (Some(_), Some(other)) if other != "NotOlderThan" => {
            let supported = ["NotOlderThan".to_owned()];
            let problem = FieldProblem::unsupported("resourceVersionMatch", &Value::from(other), &supported);
            Err(ApiError::invalid_options("ListOptions", problem))
        }
        _ => Ok(()),
    }
}

fn first_bookmark(now: Instant, interval: Duration, end: Option<Instant>) -> Instant {
    let regular = now + interval;
    match end.and_then(|end| end.checked_sub(LAST_BOOKMARK)) {
        Some(last) if last > now => regular.min(last),
        _ => regular,
    }
}

/// Ends when the server stops; in memory it never does.
async fn closed(closing: &mut Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
