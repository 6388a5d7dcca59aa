//! Reading a dump of 5,000 full-size nodes, beside the least that any JSON reader must do.
//!
//! The figure includes reading the file. Prints each figure beside its budget and fails where one is over. The ratio is taken within one run, so it does not depend on
//! the machine; memory is the peak of a process that does nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench speaks to its caller and may stop anywhere"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use operator::dump::{Dump, Inputs, read};
use serde::de::IgnoredAny;

const NODES: usize = 5_000;
const ROUNDS: usize = 15;
const LARGEST_RATIO: f64 = 1.5;
const LARGEST_MEMORY: f64 = 1.2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [mode, file] if mode == "--read" => {
            let (dump, time) = timed(|| read_file(file.as_ref()));
            println!("{} {} {}", dump.objects.nodes.nodes.len(), time.as_micros(), peak_kib());
            ExitCode::SUCCESS
        }
        arguments if arguments.iter().any(|argument| argument == "--bench") => measure(NODES, ROUNDS),
        // As a test: the bench itself works.
        _ => {
            measure(20, 1);
            ExitCode::SUCCESS
        }
    }
}

fn measure(nodes: usize, rounds: usize) -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let (json, yaml) = (folder.path().join("nodes.json"), folder.path().join("nodes.yaml"));
    fs::write(&json, support::nodes_json(nodes)).unwrap();
    fs::write(&yaml, support::nodes_yaml(nodes)).unwrap();

    let bytes = fs::read(&json).unwrap();
    let (mut ours, mut least) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        least = least.min(timed(|| serde_json::from_slice::<IgnoredAny>(&bytes).unwrap()).1);
        let (dump, time) = timed(|| read_file(&json));
        assert_eq!(dump.objects.nodes.nodes.len(), nodes);
        ours = ours.min(time);
    }
    drop(bytes);
    let size = size_of(&json);
    let ratio = ours.as_secs_f64() / least.as_secs_f64();
    println!("{nodes} nodes, JSON {:.1} MB, read and decoded: {:.1} ms", size / 1e6, millis(ours));
    println!("serde_json to IgnoredAny: {:.1} ms", millis(least));
    println!("ratio: {ratio:.2} (budget {LARGEST_RATIO})");
    let (time, kib) = alone(&json, nodes);
    let memory = kib * 1024.0 / size;
    println!("alone: {time:.1} ms, peak {:.1} MB = {memory:.2} x the file (budget {LARGEST_MEMORY})", kib / 976.6);
    let yaml_size = size_of(&yaml);
    let (time, kib) = alone(&yaml, nodes);
    println!(
        "the same as YAML, {:.1} MB: {time:.0} ms ({:.0} x JSON), peak {:.2} x the file (no budget)",
        yaml_size / 1e6,
        time / millis(ours),
        kib * 1024.0 / yaml_size
    );
    if ratio <= LARGEST_RATIO && memory <= LARGEST_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read_file(file: &Path) -> Dump {
    read(&Inputs { files: vec![file.to_owned()], nodes: Vec::new() }, &mut std::io::empty()).unwrap()
}

/// Milliseconds and peak KiB of a process that only reads `file`.
fn alone(file: &Path, nodes: usize) -> (f64, f64) {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--read").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    assert_eq!(text.split_whitespace().next(), Some(nodes.to_string().as_str()));
    (numbers[1] / 1e3, numbers[2])
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
