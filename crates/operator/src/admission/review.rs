//! One AdmissionReview, from its bytes to the bytes of its answer. Pure: no clock, no I/O.

use std::borrow::Cow;
use std::fmt;

use adapter_k8s::shoot_warnings::{self, Landscape};
use gardener_api::cluster::Shoot;
use gardener_api::validation::{FieldError, validate_shoot};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The versions of AdmissionReview that are understood; the answer has the version of the question.
pub const VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/// Judges Shoots. Calling it twice with the same bytes gives the same answer.
#[derive(Clone, Debug)]
pub struct Reviewer {
    landscape: Landscape,
}

/// What to send back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The code of HTTP: 200, or 400 where the body is no AdmissionReview.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// What was decided, for the log; `None` where there was nothing to decide.
    pub denial: Option<Denial>,
}

/// A Shoot that was not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What its owner is told.
    pub message: String,
}

/// Why a body is no AdmissionReview that can be answered. For whoever sent it.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// No JSON, or not of the form of an AdmissionReview.
    #[error("the body is no AdmissionReview: {0}")]
    Json(#[source] serde_json::Error),
    /// Another kind or version.
    #[error("the body is `{kind}` of `{api_version}`: expected AdmissionReview of admission.k8s.io/v1 or v1beta1")]
    Kind {
        /// What it says it is.
        kind: String,
        /// Of which version.
        api_version: String,
    },
    /// There is no request in it.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// The request cannot be answered without its name.
    #[error("the request has no uid")]
    NoUid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Kind<'a>,
    #[serde(borrow)]
    sub_resource: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default)]
    group: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` of `{}`", self.kind, self.group)
    }
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Admitted {
        warnings: Vec<String>,
    },
    Denied {
        message: String,
    },
    /// It cannot be judged: neither yes nor no, and whoever asked must not take it for a yes.
    Unreadable {
        message: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewAnswer<'a> {
    api_version: &'a str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    status: Status<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Reviewer {
    /// Judges by the rules of this landscape.
    #[must_use]
    pub const fn new(landscape: Landscape) -> Self {
        Self { landscape }
    }

    /// Answers the body of a request.
    #[must_use]
    pub fn answer(&self, body: &[u8]) -> Answer {
        match self.review(body) {
            Ok(answer) => answer,
            Err(malformed) => {
                Answer { status: 400, body: failure(400, "BadRequest", &malformed.to_string()), denial: None }
            }
        }
    }

    fn review(&self, body: &[u8]) -> Result<Answer, Malformed> {
        let Review { api_version, kind, request } = serde_json::from_slice(body).map_err(Malformed::Json)?;
        if kind != "AdmissionReview" || !VERSIONS.contains(&&*api_version) {
            return Err(Malformed::Kind { kind: kind.into_owned(), api_version: api_version.into_owned() });
        }
        let request = request.ok_or(Malformed::NoRequest)?;
        if request.uid.is_empty() {
            return Err(Malformed::NoUid);
        }
        let judgement = self.judge(&request);
        let (allowed, status) = match &judgement {
            Judgement::Admitted { .. } => (true, Status { code: 200, reason: None, message: None }),
            Judgement::Denied { message } => {
                (false, Status { code: 403, reason: Some("Forbidden"), message: Some(message) })
            }
            Judgement::Unreadable { message } => {
                (false, Status { code: 400, reason: Some("BadRequest"), message: Some(message) })
            }
        };
        let warnings = match &judgement {
            Judgement::Admitted { warnings } => warnings.clone(),
            Judgement::Denied { .. } | Judgement::Unreadable { .. } => Vec::new(),
        };
        let response = Response { uid: &request.uid, allowed, status, warnings };
        let answer = ReviewAnswer { api_version: &api_version, kind: "AdmissionReview", response };
        let body = serde_json::to_vec(&answer).map_err(Malformed::Json)?;
        let denial = match judgement {
            Judgement::Admitted { .. } => None,
            Judgement::Denied { message } | Judgement::Unreadable { message } => Some(Denial {
                namespace: request.namespace.unwrap_or_default().into_owned(),
                name: request.name.unwrap_or_default().into_owned(),
                message,
            }),
        };
        Ok(Answer { status: 200, body, denial })
    }

    fn judge(&self, request: &Request<'_>) -> Judgement {
        if request.kind.group != "core.gardener.cloud" || request.kind.kind != "Shoot" {
            let message = format!("expected Shoot of core.gardener.cloud, not {}", request.kind);
            return Judgement::Unreadable { message };
        }
        // The registration asks for neither; nothing in them is ours to judge.
        let is_of_a_part = request.sub_resource.as_deref().is_some_and(|part| !part.is_empty());
        if is_of_a_part || !["CREATE", "UPDATE"].contains(&&*request.operation) {
            return Judgement::Admitted { warnings: Vec::new() };
        }
        let (shoot, old) = match (shoot("object", request.object), shoot("oldObject", request.old_object)) {
            (Ok(Some(shoot)), Ok(old)) => (shoot, old),
            (Ok(None), _) => return Judgement::Unreadable { message: "the request has no object".to_owned() },
            (Err(message), _) | (_, Err(message)) => return Judgement::Unreadable { message },
        };
        let errors = validate_shoot(&shoot, old.as_ref());
        if errors.is_empty() {
            Judgement::Admitted { warnings: shoot_warnings::warnings(&self.landscape, &shoot, old.as_ref()) }
        } else {
            Judgement::Denied { message: message(&errors) }
        }
    }
}

/// A failure as API servers write it, so that an API server quotes its message.
#[must_use]
pub fn failure(code: u16, reason: &str, message: &str) -> Vec<u8> {
    let status = serde_json::json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code,
    });
    status.to_string().into_bytes()
}

fn shoot(field: &str, raw: Option<&RawValue>) -> Result<Option<Shoot>, String> {
    let decode = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|error| error.to_string());
    raw.map(decode).transpose().map_err(|error| format!("request.{field} is no Shoot: {error}"))
}

/// The text of a denial, as Kubernetes joins errors: one alone, several in brackets, none twice.
fn message(errors: &[FieldError]) -> String {
    let mut texts: Vec<String> = Vec::with_capacity(errors.len());
    for text in errors.iter().map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [text] => text.clone(),
        texts => format!("[{}]", texts.join(", ")),
    }
}

#[cfg(test)]
mod tests;
