//! The stories of `examples/`, run by the binary with the command of their README.

#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]
#![allow(dead_code, reason = "no test needs everything here")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The stories and the exit code of each, so that a story that is lost, or that nobody reviewed, is noticed.
pub(crate) const STORIES: [(&str, i32); 18] = [
    ("backend-none", 0),
    ("break-glass", 0),
    ("dual-stack", 3),
    ("ebpf-overrides-gate", 0),
    ("first-installation", 0),
    ("held", 3),
    ("hibernated", 3),
    ("no-route-writer", 3),
    ("non-privileged", 0),
    ("policy-api-unavailable", 0),
    ("policy-version-mismatch", 3),
    ("pool-variable-without-effect", 0),
    ("ready", 0),
    ("restore-with-record", 3),
    ("restore-without-record", 3),
    ("unreadable-bundle", 3),
    ("up-to-date", 0),
    ("zero-nodes", 0),
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The arguments after `cargo run -q --` in the README of a story.
pub(crate) fn arguments(story: &str) -> Vec<String> {
    let file = root().join("examples").join(story).join("README.md");
    let readme = std::fs::read_to_string(file).expect("the story has a README");
    let command =
        readme.lines().find_map(|line| line.strip_prefix("cargo run -q -- ")).expect("the README has a command");
    command.split_whitespace().map(str::to_owned).collect()
}

/// Runs the binary at the root of the repository: its exit code and its answer.
pub(crate) fn run(arguments: &[String]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("runs");
    (output.status.code().expect("ends by itself"), String::from_utf8(output.stdout).expect("is text"))
}

/// Runs the binary at the root of the repository: its exit code, its answer, and what it said besides.
pub(crate) fn run_and_listen(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("is text");
    (output.status.code().expect("ends by itself"), text(output.stdout), text(output.stderr))
}

/// The arguments of the command of `examples/fleet/README.md` that begins with this word.
pub(crate) fn fleet_arguments(command: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("examples/fleet/README.md")).expect("the story has a README");
    let commands = readme.lines().filter_map(|line| line.strip_prefix("cargo run -q -- "));
    let mut commands = commands.map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    commands.find(|words| words.first().is_some_and(|word| word == command)).expect("the README has the command")
}

/// Compares with a reviewed file, or with `UPDATE_SNAPSHOTS` rewrites it.
pub(crate) fn assert_as_reviewed(file: &str, seen: &str) {
    let path = root().join(file);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().expect("is in a folder")).expect("can be made");
        std::fs::write(&path, seen).expect("can be written");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), seen, "{file} differs");
}

/// Checks an answer against a committed schema.
pub(crate) fn assert_valid(schema: &str, definition: Option<&str>, answer: &serde_json::Value) {
    let text = std::fs::read_to_string(root().join("docs").join(schema)).expect("the schema is committed");
    let mut schema: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    if let Some(definition) = definition {
        let definitions = schema.get_mut("$defs").expect("the schema has definitions").take();
        schema = serde_json::json!({"$ref": format!("#/$defs/{definition}"), "$defs": definitions});
    }
    assert!(jsonschema::meta::is_valid(&schema), "the schema itself is no JSON schema");
    let schema = jsonschema::validator_for(&schema).expect("the schema compiles");
    let errors: Vec<String> =
        schema.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
