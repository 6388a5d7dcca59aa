//! Running other programs.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Cargo as it was called for this run, so that the pinned toolchain stays in charge.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` names this package in the environment, by which cargo-machete believes that it was not called by cargo.
    command.current_dir(root).env_remove("CARGO_PKG_NAME");
    command
}

/// Runs a program whose output goes to the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    let status =
        command.stdin(Stdio::null()).status().map_err(|source| Failure::Start { command: line.clone(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Command { command: line, status: status.to_string(), output: String::new() })
}

/// Runs a program and returns what it printed; what it said on standard error is part of the failure.
pub(crate) fn capture(command: &mut Command) -> Result<String, Failure> {
    let line = line(command);
    let output =
        command.stdin(Stdio::null()).output().map_err(|source| Failure::Start { command: line.clone(), source })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let output_text = if said.trim().is_empty() { String::new() } else { format!(":\n{}", said.trim_end()) };
        return Err(Failure::Command { command: line, status: output.status.to_string(), output: output_text });
    }
    String::from_utf8(output.stdout)
        .map_err(|error| Failure::Decode { what: format!("the output of `{line}`"), reason: error.to_string() })
}

/// Whether a program can be started at all.
pub(crate) fn exists(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_else(|| command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
