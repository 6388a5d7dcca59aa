//! A C program calls the library, linked with each of its two forms.
//!
//! Needs a C compiler by the name `cc`, which Rust itself links with where it is not told otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

#[path = "../../fake-apiserver/tests/support/skip.rs"]
mod skip;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// The library that cargo has just built beside this test.
fn library(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folders = program.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).filter(|library| library.is_file());
    found.max_by_key(|library| library.metadata().unwrap().modified().unwrap()).expect("cargo builds both forms")
}

#[test]
fn a_c_program_decides_with_the_static_library_and_with_the_shared_one() {
    if Command::new("cc").arg("--version").output().is_err() {
        return skip::skip("no `cc` on this machine, so no C program calls the library");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["libcalico_policy_c.a", "libcalico_policy_c.so"] {
        let (library, program) = (library(name), folder.path().join(name).with_extension(""));
        let mut compiler = Command::new("cc");
        compiler.args(["-Wall", "-Wextra", "-Werror"]).arg(format!("-I{CRATE}/include"));
        compiler.arg(format!("{CRATE}/c/decide.c")).arg(&library).arg("-o").arg(&program);
        let compiled = compiler.output().unwrap();
        assert!(compiled.status.success(), "{name}: {}", String::from_utf8_lossy(&compiled.stderr));
        for (request, expected) in [
            (Path::new(CRATE).join("tests/cases/ready.request.json"), "\"verdict\":\"Proceed\""),
            (PathBuf::from("/dev/null"), "\"kind\":\"InvalidRequest\""),
        ] {
            let mut command = Command::new(&program);
            command.env("LD_LIBRARY_PATH", library.parent().unwrap());
            let output = command.stdin(File::open(request).unwrap()).output().unwrap();
            let answer = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && answer.contains(expected), "{name}: {answer}");
            assert!(answer.ends_with("}\n"), "{name}: {answer}");
        }
    }
}
