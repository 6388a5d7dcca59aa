//! A list that is read page by page: complete and of one point in time, or not at all.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::{ApiClient, ApiError, Problem, Request, Resource};

/// How often a list is begun anew where its continuation has expired.
const RESTARTS: u32 = 3;

/// A complete list.
pub(super) struct Listed<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// The point in time, as the API server counts it.
    pub(super) resource_version: String,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMeta,
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PageMeta {
    resource_version: String,
    r#continue: Option<String>,
}

/// Reads all objects of a kind in the cluster, at most `limit` per request, and takes each for itself as soon as its page is there.
///
/// # Errors
/// What the API server says, what `take` says, or [`Problem::Undecodable`] where the answer has no items, which is not the same as
/// zero of them.
pub(super) async fn list<T: DeserializeOwned, U, E: From<ApiError>>(
    client: &ApiClient,
    resource: &'static Resource,
    limit: &str,
    take: impl Fn(T) -> Result<U, E>,
) -> Result<Listed<U>, E> {
    let mut restarts = 0;
    let (mut items, mut token) = (Vec::new(), String::new());
    loop {
        let mut request = Request::list(resource, "").with_query(&[("limit", limit)]);
        if !token.is_empty() {
            request = request.with_query(&[("continue", &token)]);
        }
        let Page::<T> { metadata, items: page } = match client.json(&request).await {
            Err(ApiError { problem: Problem::Gone, .. }) if restarts < RESTARTS => {
                restarts += 1;
                items.clear();
                token.clear();
                continue;
            }
            page => page?,
        };
        let no_items = || request.error(Problem::Undecodable("it holds no list".to_owned()));
        for item in page.ok_or_else(no_items)? {
            items.push(take(item)?);
        }
        match metadata.r#continue.filter(|token| !token.is_empty()) {
            Some(next) => token = next,
            None => return Ok(Listed { items, resource_version: metadata.resource_version }),
        }
    }
}
