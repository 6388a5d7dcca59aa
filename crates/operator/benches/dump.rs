//! Reading a dump of 5,000 full-size nodes, beside the least that any JSON reader must do, and refusing junk of the same size.
//!
//! Prints one `figure NAME VALUE` per line for `cargo xtask bench`, which knows the budgets. The time includes reading the file
//! and is taken as a ratio within one run, so it does not depend on the machine; memory is the peak of a process that does
//! nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use operator::diagnostics::Diagnostic;
use operator::dump::{Dump, Inputs, read};
use serde::de::IgnoredAny;

const NODES: usize = 5_000;
/// So many that some of them meet a quiet moment.
const ROUNDS: usize = 40;

/// What makes a reader keep most per byte: more values, or deeper ones, than any dump has.
const JUNK: [&str; 3] = ["{}", "[", "{\"a\":"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [mode, file] if mode == "--alone" => {
            let (result, time) = timed(|| read_file(file.as_ref()));
            let nodes = result.map_or(0, |dump| dump.objects.nodes.nodes.len());
            println!("{nodes} {} {}", time.as_micros(), peak_kib());
        }
        // For callgrind: a file that is written outside of it, and one pass over that.
        [mode, file, nodes] if mode == "--write" => {
            fs::write(file, support::nodes_json(nodes.parse().unwrap())).unwrap();
        }
        [mode, side, file] if mode == "--once" => once(side, file.as_ref()),
        arguments if arguments.iter().any(|argument| argument == "--bench") => measure(NODES, ROUNDS),
        // As a test: the bench itself works.
        _ => measure(20, 1),
    }
}

/// What callgrind counts: `ours` or `least`.
fn once(side: &str, file: &Path) {
    if side == "ours" {
        assert!(!measured::ours(file).unwrap().objects.nodes.nodes.is_empty());
    } else {
        measured::least(&fs::read(file).unwrap());
    }
}

/// The two sides as functions of their own, which callgrind finds by name.
mod measured {
    use super::{Diagnostic, Dump, IgnoredAny, Path, read_file};

    #[inline(never)]
    pub(crate) fn ours(file: &Path) -> Result<Dump, Diagnostic> {
        read_file(file)
    }

    #[inline(never)]
    pub(crate) fn least(bytes: &[u8]) {
        serde_json::from_slice::<IgnoredAny>(bytes).unwrap();
    }
}

fn measure(nodes: usize, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (json, yaml, junk) =
        (folder.path().join("nodes.json"), folder.path().join("nodes.yaml"), folder.path().join("junk.json"));
    fs::write(&json, support::nodes_json(nodes)).unwrap();
    fs::write(&yaml, support::nodes_yaml(nodes)).unwrap();

    let bytes = fs::read(&json).unwrap();
    let (mut ours, mut least) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        least = least.min(timed(|| measured::least(&bytes)).1);
        let (dump, time) = timed(|| measured::ours(&json));
        assert_eq!(dump.unwrap().objects.nodes.nodes.len(), nodes);
        ours = ours.min(time);
    }
    drop(bytes);
    println!("{nodes} nodes, {:.1} MB of JSON: {:.1} ms", size_of(&json) / 1e6, millis(ours));
    println!("serde_json to IgnoredAny: {:.1} ms", millis(least));
    println!("figure dump/json-time {}", ours.as_secs_f64() / least.as_secs_f64());
    println!("figure dump/json-memory {}", alone(&json, nodes).1);

    let (time, memory) = alone(&yaml, nodes);
    println!("the same as {:.1} MB of YAML: {time:.0} ms", size_of(&yaml) / 1e6);
    println!("figure dump/yaml-time {}", time / millis(ours));
    println!("figure dump/yaml-memory {memory}");

    let length = usize::try_from(fs::metadata(&json).unwrap().len()).unwrap();
    let refused = JUNK.map(|unit| {
        fs::write(&junk, unit.repeat(length / unit.len())).unwrap();
        alone(&junk, 0).1
    });
    println!("figure dump/junk-memory {}", refused.into_iter().fold(0.0, f64::max));
}

fn read_file(file: &Path) -> Result<Dump, Diagnostic> {
    read(&Inputs { files: vec![file.to_owned()], nodes: Vec::new() }, &mut std::io::empty())
}

/// Milliseconds of a process that only reads `file`, and its peak memory in sizes of the file.
fn alone(file: &Path, nodes: usize) -> (f64, f64) {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--alone").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    assert_eq!(text.split_whitespace().next(), Some(nodes.to_string().as_str()));
    (numbers[1] / 1e3, numbers[2] * 1024.0 / size_of(file))
}

/// Time on the processor where the system tells it, so that a busy machine does not blur the ratio; else wall time.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (start, on_processor) = (Instant::now(), processor_time());
    let result = work();
    let time = match (on_processor, processor_time()) {
        (Some(before), Some(after)) if after > before => after - before,
        _ => start.elapsed(),
    };
    (result, time)
}

fn processor_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[allow(clippy::cast_precision_loss)]
fn size_of(file: &Path) -> f64 {
    fs::metadata(file).unwrap().len() as f64
}

/// The process' peak resident set; zero where the system does not tell.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
