//! Bytes of a request to the text of an answer. Total: whatever comes in, JSON comes out.

use calico_policy::embedding::{Answer, Request};
use calico_policy::resolve::ResolveError;
use serde::Serialize;

/// The most bytes of a request: a shoot of 100,000 nodes fits four times.
pub const MAXIMUM_LENGTH: usize = 64 << 20;

/// What is answered where a defect of ours let nothing else be answered.
pub(crate) const INTERNAL: &str = concat!(
    r#"{"decision":null,"error":{"kind":"Internal","#,
    r#""text":"a defect of calico-policy stopped this call; please report it with the request"}}"#
);

/// One of the two is null.
#[derive(Serialize)]
struct Response<'a> {
    decision: Option<Answer<'a>>,
    error: Option<Error>,
}

#[derive(Serialize)]
struct Error {
    kind: ErrorKind,
    text: String,
}

/// Why there is no decision. Serialised by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ErrorKind {
    /// The address of the request is NULL.
    NullRequest,
    /// The request is longer than [`MAXIMUM_LENGTH`].
    TooLarge,
    /// The request is not UTF-8.
    NotUtf8,
    /// The request is not JSON, or not of its schema.
    InvalidRequest,
    /// The shoot has IPv6, and its status names no pod network for it yet: try again later.
    Ipv6PodCidrUnknown,
    /// The shoot owner turned kube-proxy off without turning the eBPF dataplane on.
    KubeProxyDisabledWithoutEbpf,
    /// A defect of ours.
    Internal,
}

impl ErrorKind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 7] = [
        Self::NullRequest,
        Self::TooLarge,
        Self::NotUtf8,
        Self::InvalidRequest,
        Self::Ipv6PodCidrUnknown,
        Self::KubeProxyDisabledWithoutEbpf,
        Self::Internal,
    ];
}

/// Answers a request. Its length is not judged here.
#[must_use]
pub fn answer(request: &[u8]) -> String {
    let text = match std::str::from_utf8(request) {
        Ok(text) => text,
        Err(error) => {
            return failed(
                ErrorKind::NotUtf8,
                format!("the request is not UTF-8 from byte {} on", error.valid_up_to()),
            );
        }
    };
    let request: Request = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(error) => return failed(ErrorKind::InvalidRequest, error.to_string()),
    };
    match request.decide() {
        Ok(decision) => written(&Response { decision: Some(Answer::from(&decision)), error: None }),
        Err(error) => {
            let kind = match error {
                ResolveError::Ipv6PodCidrUnknown => ErrorKind::Ipv6PodCidrUnknown,
                ResolveError::KubeProxyDisabledWithoutEbpf => ErrorKind::KubeProxyDisabledWithoutEbpf,
            };
            failed(kind, error.to_string())
        }
    }
}

pub(crate) fn null_request() -> String {
    failed(ErrorKind::NullRequest, "the request is a null pointer".to_owned())
}

pub(crate) fn too_large(length: usize) -> String {
    failed(ErrorKind::TooLarge, format!("the request has {length} bytes, more than {MAXIMUM_LENGTH}"))
}

fn failed(kind: ErrorKind, text: String) -> String {
    written(&Response { decision: None, error: Some(Error { kind, text }) })
}

fn written(response: &Response<'_>) -> String {
    // Only a key that is no text could fail, and there is none: every key is a field or a code.
    serde_json::to_string(response).unwrap_or_else(|_| INTERNAL.to_owned())
}
