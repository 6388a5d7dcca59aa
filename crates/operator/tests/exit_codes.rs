//! Every exit code of every command, as the table says, made to happen.

#![cfg(feature = "demo")]
#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use operator::cli::Cli;
use operator::ending::{ENDINGS, Ending};

/// A command line, run at the root of the repository, and how it ends.
const CASES: [(&str, u8); 32] = [
    ("run --version", 0),
    ("run --config-file=none.yaml --heartbeat-namespace=garden", 1),
    ("admission --version", 0),
    ("admission --config-file=none.yaml", 1),
    ("demo --story ebpf --fast", 0),
    ("demo --story none", 2),
    ("decide -f examples/ready", 0),
    ("decide -f examples/held", 3),
    ("decide -f none.yaml", 1),
    ("decide", 2),
    ("render -f examples/held", 0),
    ("render -f examples/unreadable-bundle", 3),
    ("render -f none.yaml", 1),
    ("render", 2),
    ("diff -f examples/up-to-date", 0),
    ("diff -f examples/unreadable-bundle --against examples/up-to-date", 3),
    ("diff -f examples/ready", 4),
    ("diff -f none.yaml", 1),
    ("diff", 2),
    ("validate -f examples/ready/network.yaml", 0),
    ("validate -f none.yaml", 1),
    ("validate", 2),
    ("status -f examples/fleet", 0),
    ("status -f none.yaml", 1),
    ("status --now yesterday", 2),
    ("plan -f examples/ready", 0),
    ("plan -f examples/held", 3),
    ("plan -f none.yaml", 1),
    ("plan --now yesterday", 2),
    ("completion bash", 0),
    ("completion bash > /dev/full", 1),
    ("completion none", 2),
];

/// Shown elsewhere: a demo that does not end as it should is interrupted, or meets a server that is gone.
const ELSEWHERE: [(&str, Ending); 1] = [("demo", Ending::Invalid)];

#[test]
fn every_exit_code_of_the_table_happens_and_no_other() {
    let mut seen: BTreeMap<&str, BTreeSet<u8>> = BTreeMap::new();
    for (line, expected) in CASES {
        let words: Vec<&str> = line.split_whitespace().take_while(|word| *word != ">").collect();
        let command = *words.first().expect("a command");
        assert_eq!(code(&words, line.ends_with("> /dev/full")), Some(i32::from(expected)), "{line}");
        seen.entry(command).or_default().insert(expected);
    }
    for (command, ending) in ELSEWHERE {
        seen.entry(command).or_default().insert(ending.code());
    }
    let table = ENDINGS.map(|(command, endings)| (command, endings.iter().map(|ending| ending.code()).collect()));
    assert_eq!(seen, BTreeMap::from(table));
}

#[test]
fn the_table_has_every_command() {
    let table: BTreeSet<&str> = ENDINGS.iter().map(|(command, _)| *command).collect();
    let cli = Cli::command();
    let commands: BTreeSet<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(table, commands);
}

fn code(words: &[&str], full: bool) -> Option<i32> {
    let out = if full { File::create("/dev/full").expect("can be opened").into() } else { Stdio::null() };
    let status = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .args(words)
        .stdout(out)
        .stderr(Stdio::null())
        .status();
    status.expect("runs").code()
}
