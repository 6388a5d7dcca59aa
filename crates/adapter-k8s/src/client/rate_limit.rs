//! The client-side rate limit: `clientConnection.qps` and `.burst`, as client-go applies them.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// A bucket of tokens, one per request, that fills with a constant rate. Whoever finds it empty waits for its turn.
#[derive(Debug)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Negative where requests wait.
    tokens: f64,
    at: Instant,
}

impl RateLimit {
    /// `qps` requests per second and up to `burst` at once. Not positive: no limit.
    #[must_use]
    pub fn new(qps: f32, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        Self { per_second: f64::from(qps), burst, state: Mutex::new(State { tokens: burst, at: Instant::now() }) }
    }

    /// Every request goes at once.
    #[must_use]
    pub fn none() -> Self {
        Self::new(0.0, 1)
    }

    /// Waits for a token. Tokens are given out in the order in which they were asked for.
    pub async fn acquire(&self) {
        if self.per_second > 0.0 {
            let wait = self.reserve(Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
    }

    fn reserve(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let gained = now.saturating_duration_since(state.at).as_secs_f64() * self.per_second;
        *state = State { tokens: (state.tokens + gained).min(self.burst) - 1.0, at: now };
        if state.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-state.tokens / self.per_second) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_then_one_by_one() {
        let limit = RateLimit::new(10.0, 3);
        let started = Instant::now();
        for _ in 0..3 {
            limit.acquire().await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        limit.acquire().await;
        assert!(started.elapsed() >= SECOND / 10, "{:?}", started.elapsed());
        for _ in 0..9 {
            limit.acquire().await;
        }
        assert!(started.elapsed() >= SECOND && started.elapsed() < SECOND + SECOND / 10, "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_bucket_holds_no_more_than_the_burst() {
        let limit = RateLimit::new(10.0, 2);
        tokio::time::sleep(100 * SECOND).await;
        let started = Instant::now();
        for _ in 0..3 {
            limit.acquire().await;
        }
        assert!(started.elapsed() >= SECOND / 10, "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        let limit = RateLimit::new(-1.0, 0);
        let started = Instant::now();
        for _ in 0..1000 {
            limit.acquire().await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
