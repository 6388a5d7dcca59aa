//! The server as a tower service.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::sync::watch::Receiver;
use tower::Service;

use crate::answer::Body;
use crate::api::Api;
use crate::dispatch;

/// Answers requests in memory. Clones are the same server.
#[derive(Clone, Debug)]
pub struct ApiService {
    api: Arc<Api>,
    /// Becomes true when watches shall end.
    closing: Receiver<bool>,
}

impl ApiService {
    pub(super) fn new(api: Arc<Api>, closing: Receiver<bool>) -> Self {
        Self { api, closing }
    }
}

impl<B> Service<Request<B>> for ApiService
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<Body>;
    /// A fault broke the connection, or the client broke off its request.
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let api = Arc::clone(&self.api);
        let closing = self.closing.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let content = body.collect().await.map_err(io::Error::other)?.to_bytes();
            dispatch::answer(&api, &head, &content, closing).await
        })
    }
}
