//! The request that opens a watch: limited, counted and bound to be answered in time like any other.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use kube::core::WatchEvent;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use super::{ApiClient, ApiError, Attempt, Outcome, Problem, Request, chain, problem};

/// The events of a watch, until the API server ends it.
pub(crate) type Events<T> = BoxStream<'static, Result<WatchEvent<T>, ApiError>>;

impl ApiClient {
    /// Opens a watch. It is not tried again.
    ///
    /// # Errors
    /// [`ApiError`], where the watch is refused; afterwards each event can be one, and then it is the last that counts.
    pub(crate) async fn watch<T>(&self, request: Request) -> Result<Events<T>, ApiError>
    where
        T: Clone + DeserializeOwned + Send + 'static,
    {
        self.0.rate_limit.acquire().await;
        let started = Instant::now();
        let deadline = self.0.patience.deadline;
        let http = request.to_http().map_err(|error| request.error(Problem::Invalid(error.to_string())))?;
        let result = match timeout(deadline, self.0.client.request_events::<T>(http)).await {
            Ok(Ok(events)) => Ok(events),
            Ok(Err(error)) => Err(failure(&request, &error)),
            Err(_) => Err(request.error(Problem::TimedOut(deadline))),
        };
        let outcome = match &result {
            Ok(_) => Outcome::Answered(200),
            Err(error) => error.outcome(),
        };
        self.0.observer.observe(&Attempt {
            verb: request.verb,
            host: &self.0.host,
            outcome,
            elapsed: started.elapsed(),
        });
        Ok(result?
            .map(move |event| match event {
                Ok(WatchEvent::Error(status)) => {
                    Err(request.error(problem(status.code, &status.reason, status.message.clone())))
                }
                Ok(event) => Ok(event),
                Err(error) => Err(failure(&request, &error)),
            })
            .boxed())
    }
}

fn failure(request: &Request, error: &kube::Error) -> ApiError {
    request.error(match error {
        kube::Error::Api(status) => problem(status.code, &status.reason, status.message.clone()),
        kube::Error::SerdeError(error) => Problem::Undecodable(error.to_string()),
        error => Problem::Unreachable(chain(error)),
    })
}
