//! How many of many questions are answered, told to somebody who watches.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// No more often is anything told.
const INTERVAL: Duration = Duration::from_millis(100);

/// Tells on standard error, where that is a terminal, and takes away what it told at its end.
pub(super) struct Progress {
    total: usize,
    state: Option<Mutex<State>>,
}

struct State {
    done: usize,
    told: Instant,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        let watched = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb");
        let state = || Mutex::new(State { done: 0, told: Instant::now() });
        Self { total, state: watched.then(state) }
    }

    /// One more is answered.
    pub(super) fn step(&self) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.done += 1;
        if state.told.elapsed() >= INTERVAL {
            state.told = Instant::now();
            tell(&format!("\r{} of {} Networks", state.done, self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.state.is_some() {
            tell("\r\x1b[K");
        }
    }
}

/// Nobody is left to tell if that fails.
fn tell(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
