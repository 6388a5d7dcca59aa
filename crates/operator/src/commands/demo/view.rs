//! What is shown: on a terminal a picture that changes, elsewhere a line for each thing that happens.

mod changes;
mod live;
mod palette;

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub(super) use palette::Palette;

use super::scene::Scene;
use crate::cli::Story;
use live::{Live, SHOW_CURSOR};

/// The screen. May be spoken to from several tasks.
#[derive(Debug)]
pub(super) struct Screen {
    started: Instant,
    palette: Palette,
    state: Mutex<State>,
    unread: Notify,
}

#[derive(Debug)]
struct State {
    scene: Option<Scene>,
    /// Nothing where lines are written instead.
    live: Option<Live>,
    closed: bool,
}

impl Screen {
    pub(super) fn new(story: Story) -> Self {
        let terminal = io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb");
        let palette = Palette::of(&io::stdout());
        let live = terminal.then(|| Live::new(story, palette));
        let state = Mutex::new(State { scene: None, live, closed: false });
        Self { started: Instant::now(), palette, state, unread: Notify::new() }
    }

    pub(super) fn palette(&self) -> Palette {
        self.palette
    }

    /// Somebody does something.
    pub(super) fn say(&self, actor: &str, text: &str) {
        self.with(|state, elapsed| {
            state.put(self.line(elapsed, actor, text))?;
            state.draw(elapsed)
        });
    }

    /// Shows what there is to see now.
    pub(super) fn show(&self, scene: Scene) {
        self.with(|state, elapsed| {
            for change in changes::between(state.scene.as_ref(), &scene) {
                if state.live.is_none() || !Live::shows(change.actor) {
                    state.put(self.line(elapsed, change.actor, &change.text))?;
                }
            }
            state.scene = Some(scene);
            state.draw(elapsed)
        });
    }

    /// Leaves the last picture where it is; nothing is shown any more.
    pub(super) fn close(&self) {
        self.with(|state, elapsed| {
            let drawn = state.draw(elapsed);
            state.closed = true;
            if state.live.is_some() {
                write(SHOW_CURSOR)?;
            }
            drawn
        });
    }

    /// Waits until nobody can see what is shown.
    pub(super) async fn unread(&self) {
        self.unread.notified().await;
    }

    fn with(&self, act: impl FnOnce(&mut State, Duration) -> io::Result<()>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.closed && act(&mut state, self.started.elapsed()).is_err() {
            state.closed = true;
            self.unread.notify_one();
        }
    }

    fn line(&self, elapsed: Duration, actor: &str, text: &str) -> String {
        let time = self.palette.dim(&format!("{:6.1}s", elapsed.as_secs_f64()));
        format!("{time}  {}  {text}", self.palette.name(&format!("{actor:<11}")))
    }
}

impl State {
    fn put(&mut self, line: String) -> io::Result<()> {
        match &mut self.live {
            Some(live) => live.remember(line),
            None => write(&format!("{line}\n"))?,
        }
        Ok(())
    }

    fn draw(&mut self, elapsed: Duration) -> io::Result<()> {
        match &mut self.live {
            Some(live) => write(&live.frame(self.scene.as_ref(), elapsed)),
            None => Ok(()),
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
