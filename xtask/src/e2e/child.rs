//! A program that runs beside this one, with its output in a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child as Process, Command};
use tokio::time::timeout;

use super::trouble::Trouble;

/// A running program. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    log: PathBuf,
}

/// How much of its output is shown where it ended by itself.
const LAST_LINES: usize = 5;

impl Child {
    /// Starts it; what it prints is added to the file.
    pub(super) fn start(mut command: Command, log: &Path) -> Result<Self, Trouble> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let open = File::options().create(true).append(true).open(log);
        let sink = open.map_err(Trouble::machine(format!("cannot write `{}`", log.display())))?;
        let copy = sink.try_clone().map_err(Trouble::machine("cannot share a file"))?;
        command.stdin(Stdio::null()).stdout(sink).stderr(copy).kill_on_drop(true);
        // What a terminal sends to this program is not for those that it has started.
        command.process_group(0);
        let process = command.spawn().map_err(Trouble::machine(format!("cannot start `{name}`")))?;
        Ok(Self { process, log: log.to_owned() })
    }

    /// The process; `None` where it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Ends it as a crash does, and waits until it is gone.
    pub(super) async fn kill(mut self) -> Result<(), Trouble> {
        self.process.kill().await.map_err(Trouble::machine("cannot kill a program"))
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Trouble> {
        let pid = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Trouble::Other(format!("it has ended: {}", self.last_lines())))?;
        kill_process(pid, signal).map_err(|errno| Trouble::Other(format!("cannot send a signal: {errno}")))
    }

    /// Waits until it ends.
    pub(super) async fn ended(&mut self, within: Duration) -> Result<ExitStatus, Trouble> {
        match timeout(within, self.process.wait()).await {
            Ok(status) => status.map_err(Trouble::machine("cannot wait for a program")),
            Err(_) => Err(Trouble::InVain { what: "the end of a program".to_owned(), seen: self.last_lines() }),
        }
    }

    /// Fails where it has ended by itself.
    pub(super) fn still_runs(&mut self) -> Result<(), Trouble> {
        match self.process.try_wait().map_err(Trouble::machine("cannot look after a program"))? {
            None => Ok(()),
            Some(status) => {
                let log = self.log.display();
                Err(Trouble::Other(format!("ended by itself with {status}, see {log}: {}", self.last_lines())))
            }
        }
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(super) fn log_file(&self) -> &Path {
        &self.log
    }

    fn last_lines(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join(" | ")
    }
}
