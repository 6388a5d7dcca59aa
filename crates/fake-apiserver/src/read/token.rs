//! The token with which a list is continued: opaque to clients, readable for us.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::store::ObjectKey;

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The revision of the first page; nothing for a list that gave up being consistent.
    pub(crate) revision: Option<u64>,
    /// The last object of the page before.
    pub(crate) after: ObjectKey,
}

impl Token {
    pub(crate) fn encode(&self) -> String {
        let value = json!({
            "v": "meta.k8s.io/v1",
            "rv": self.revision.map_or(-1, |revision| i64::try_from(revision).unwrap_or(i64::MAX)),
            "namespace": self.after.namespace,
            "name": self.after.name,
        });
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    pub(crate) fn decode(text: &str) -> Result<Self, ApiError> {
        let invalid = || ApiError::bad_request("continue key is not valid");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        let field = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(invalid);
        let revision = value.get("rv").and_then(Value::as_i64).ok_or_else(invalid)?;
        Ok(Self {
            revision: u64::try_from(revision).ok(),
            after: ObjectKey { namespace: field("namespace")?, name: field("name")? },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back() {
        for revision in [Some(7), None] {
            let token = Token { revision, after: ObjectKey { namespace: "a".to_owned(), name: "b".to_owned() } };
            assert_eq!(Token::decode(&token.encode()), Ok(token));
        }
        assert_eq!(Token::decode("nonsense").unwrap_err().code, 400);
    }
}
