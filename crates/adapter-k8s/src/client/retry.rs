//! Which failures are worth another attempt, and when.

use std::time::Duration;

use super::error::{ApiError, Problem};

const FIRST_DELAY: Duration = Duration::from_millis(100);

/// The longest wait that happens here. A server that wants more is asked again in a later reconcile.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// How long to wait before the next attempt; `None` where there is none. `jitter` is between 0 and 1.
pub(super) fn delay(attempt: u32, attempts: u32, error: &ApiError, jitter: f64) -> Option<Duration> {
    if attempt >= attempts || !is_passing(&error.problem) {
        return None;
    }
    // Between a half and one and a half, so that requests that failed together do not come back together.
    let backoff = FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(1)).mul_f64(0.5 + jitter);
    match error.retry_after {
        Some(wanted) if wanted > LONGEST_DELAY => None,
        Some(wanted) => Some(wanted + FIRST_DELAY.mul_f64(jitter)),
        None => Some(backoff),
    }
}

/// Whether the same request may have another answer soon.
fn is_passing(problem: &Problem) -> bool {
    match problem {
        Problem::TimedOut(_) | Problem::Unreachable(_) => true,
        Problem::Refused { code, .. } => *code == 429 || *code >= 500,
        Problem::Absent
        | Problem::NotServed
        | Problem::AlreadyExists
        | Problem::Conflict(_)
        | Problem::Gone
        | Problem::Forbidden { .. }
        | Problem::Undecodable(_)
        | Problem::NotLeading(_)
        | Problem::Invalid(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::request::Verb;

    fn error(problem: Problem) -> ApiError {
        ApiError { verb: Verb::Get, object: String::new(), problem, retry_after: None }
    }

    fn refused(code: u16) -> ApiError {
        error(Problem::Refused { code, detail: String::new() })
    }

    #[test]
    fn what_passes_is_tried_four_times_with_growing_delays() {
        let millis = |attempt, jitter| delay(attempt, 4, &refused(500), jitter).map(|delay| delay.as_millis());
        assert_eq!([1, 2, 3, 4].map(|attempt| millis(attempt, 0.0)), [Some(50), Some(100), Some(200), None]);
        assert_eq!([1, 2, 3, 4].map(|attempt| millis(attempt, 1.0)), [Some(150), Some(300), Some(600), None]);
    }

    #[test]
    fn an_answer_that_will_not_change_is_taken() {
        for problem in [
            Problem::Absent,
            Problem::NotServed,
            Problem::AlreadyExists,
            Problem::Conflict(String::new()),
            Problem::Gone,
            Problem::Forbidden { code: 403, detail: String::new() },
            Problem::Undecodable(String::new()),
            Problem::Refused { code: 422, detail: String::new() },
        ] {
            assert_eq!(delay(1, 4, &error(problem.clone()), 0.5), None, "{problem:?}");
        }
        for code in [429, 500, 502, 503, 504] {
            assert!(delay(1, 4, &refused(code), 0.5).is_some(), "{code}");
        }
    }

    #[test]
    fn the_server_says_when() {
        let after = |seconds| ApiError { retry_after: Some(Duration::from_secs(seconds)), ..refused(429) };
        assert_eq!(delay(1, 4, &after(2), 0.0), Some(Duration::from_secs(2)));
        assert_eq!(delay(1, 4, &after(60), 0.0), None, "the worker has other things to do");
    }
}
