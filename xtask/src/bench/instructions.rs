//! Figures that are instructions: the same on every run, and hardly different from one processor to the next.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Figures, Group, executable, release_binary};
use crate::callgrind;
use crate::failure::Failure;
use crate::process;
use crate::repository;

/// Input shapes of the verdict bench, each for the figure that it belongs to.
const SHAPES: &[(&str, &str)] = &[
    ("verdict/ready-instructions", "ready"),
    ("verdict/blocking-instructions", "blocking"),
    ("verdict/blocking-instructions", "blocking-backwards"),
    ("verdict/blocking-instructions", "by-calico"),
    ("verdict/blocking-instructions", "by-calico-shuffled"),
    ("verdict/blocking-instructions", "excluded"),
];

/// Of the release binary, which must have been built.
pub(super) fn of_start(root: &Path) -> Result<Figures, Failure> {
    let millions = count(root, &release_binary(root), &["--version"], None)?;
    Ok(Figures::from([("binary/start-instructions".to_owned(), millions)]))
}

/// Of one decision, worst of the shapes, and whether they grow with the number of nodes only.
pub(super) fn of_verdicts(root: &Path) -> Result<Figures, Failure> {
    let program = executable(root, Group::Verdict)?;
    let mut figures = Figures::new();
    let mut growth = 0_f64;
    for (figure, shape) in SHAPES {
        let count = |nodes| count(root, &program, &["--once", shape, nodes], Some("*verdict::measured*"));
        let (few, many) = (count("5000")?, count("100000")?);
        growth = growth.max(many / few / 20.0);
        let worst = figures.entry((*figure).to_owned()).or_insert(0.0);
        *worst = worst.max(few);
    }
    figures.insert("verdict/instructions-growth".to_owned(), growth);
    Ok(figures)
}

/// Of one rendering.
pub(super) fn of_rendering(root: &Path) -> Result<Figures, Failure> {
    let program = executable(root, Group::Render)?;
    let millions = count(root, &program, &["--once"], Some("*render::measured*"))?;
    Ok(Figures::from([("render/instructions".to_owned(), millions)]))
}

/// Of reading a dump, beside those that `serde_json` needs to skip it.
pub(super) fn of_reading(root: &Path) -> Result<Figures, Failure> {
    let program = executable(root, Group::Dump)?;
    let dump = scratch(root)?.join("nodes.json").display().to_string();
    process::capture(Command::new(&program).args(["--write", &dump, "1000"]))?;
    let count = |side| count(root, &program, &["--once", side, &dump], Some("*dump::measured*"));
    Ok(Figures::from([("dump/json-instructions".to_owned(), count("ours")? / count("least")?)]))
}

/// Of one call from C for a shoot of 5,000 nodes.
pub(super) fn of_calls(root: &Path) -> Result<Figures, Failure> {
    let program = executable(root, Group::Embedding)?;
    let millions = count(root, &program, &["--once", "5000"], Some("*embedding::measured*"))?;
    Ok(Figures::from([("embedding/instructions".to_owned(), millions)]))
}

/// Millions of instructions.
fn count(root: &Path, program: &Path, arguments: &[&str], within: Option<&str>) -> Result<f64, Failure> {
    let instructions = callgrind::instructions(program, arguments, within, &scratch(root)?)?;
    #[allow(clippy::cast_precision_loss)]
    Ok(instructions as f64 / 1e6)
}

fn scratch(root: &Path) -> Result<PathBuf, Failure> {
    let scratch = repository::target(root).join("callgrind");
    std::fs::create_dir_all(&scratch).map_err(|source| Failure::Write { path: scratch.clone(), source })?;
    Ok(scratch)
}
