//! Who asks.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::error::ApiError;

/// The user of a request, as admission sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name; the impersonated one where the request impersonates.
    pub name: String,
    /// The groups.
    pub groups: Vec<String>,
    /// Whether the name is that of impersonation headers.
    pub impersonated: bool,
}

impl User {
    /// A member of `system:masters`.
    pub(crate) fn admin() -> Self {
        Self { name: "system:admin".to_owned(), groups: vec!["system:masters".to_owned()], impersonated: false }
    }

    /// A user of this name who is in no special group.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), groups: vec!["system:authenticated".to_owned()], impersonated: false }
    }
}

/// The user by token and impersonation headers. Without any known token everyone is the administrator.
pub(crate) fn authenticate(headers: &HeaderMap, tokens: &BTreeMap<String, User>) -> Result<User, ApiError> {
    let user = if tokens.is_empty() {
        User::admin()
    } else {
        let token = text(headers, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        token.and_then(|token| tokens.get(token)).cloned().ok_or_else(ApiError::unauthorized)?
    };
    let Some(name) = text(headers, "impersonate-user") else { return Ok(user) };
    let groups = headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok());
    let mut groups: Vec<String> = groups.map(str::to_owned).collect();
    groups.push("system:authenticated".to_owned());
    Ok(User { name: name.to_owned(), groups, impersonated: true })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
