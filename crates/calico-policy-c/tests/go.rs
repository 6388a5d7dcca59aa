//! A Go program calls the library: its own tests, and the command that it contains.
//!
//! Needs Go and gcc. Without them it is skipped, loudly; with `CI=true` that is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

#[path = "../../fake-apiserver/tests/support/skip.rs"]
mod skip;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder with the static library that cargo has just built beside this test.
fn library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let newest = program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("libcalico_policy_c.a"))
        .filter(|library| library.is_file())
        .max_by_key(|library| library.metadata().unwrap().modified().unwrap());
    newest.expect("cargo builds the static library with its tests").parent().unwrap().to_owned()
}

fn go() -> Option<Command> {
    for program in ["go", "gcc"] {
        let present = Command::new(program)
            .arg(if program == "go" { "version" } else { "--version" })
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !present {
            skip::skip(&format!("no `{program}` on this machine, so no Go program calls the library"));
            return None;
        }
    }
    let mut command = Command::new("go");
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
        .env("CGO_ENABLED", "1")
        // The static library by its name: the shared one beside it would have to be found again at run time.
        .env("CGO_LDFLAGS", format!("-L{} -l:libcalico_policy_c.a", library().display()))
        // Nothing is fetched: the module has no dependency, and the Go that is here must do.
        .envs([("GOFLAGS", "-mod=readonly"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local")]);
    Some(command)
}

#[test]
fn a_go_program_decides_as_recorded() {
    let Some(mut go) = go() else { return };
    // Go does not see that the library changed, so nothing of an earlier run may count.
    let output = go.args(["test", "-count=1", "-v", "."]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for test in ["DecisionsAreThoseOfTheRecordedCases", "BadInputIsAnswered", "ManyGoroutines", "Version"] {
        assert!(text.contains(&format!("--- PASS: Test{test} ")), "{test} did not run: {text}");
    }
}

#[test]
fn the_command_answers_on_standard_output() {
    for (request, code, expected) in
        [("ready", 0, "\"verdict\":\"Proceed\""), ("no-dataplane", 1, "Ipv6PodCidrUnknown")]
    {
        let Some(mut go) = go() else { return };
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("decide");
        let built = go.arg("build").arg("-o").arg(&program).arg("./cmd/decide").output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let request = format!("{}/tests/cases/{request}.request.json", env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(&program).stdin(std::fs::File::open(request).unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert!(String::from_utf8_lossy(&output.stdout).contains(expected));
    }
}
