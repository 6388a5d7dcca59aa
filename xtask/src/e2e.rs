//! `e2e`: stories on real API servers. etcd and kube-apiserver for seed and shoot, the binary as a process with the rights that it has in
//! a seed, and around it the world of `fake-apiserver`: gardenlet, gardener-resource-manager, machines with calico-node, a route writer.
//!
//! Each story ends with literals that are read back from the API servers. All along a monitor writes down what happens, and fails the
//! run where encapsulation went while a counted node had no route.

mod access;
mod audit;
mod calico;
mod child;
mod client_go;
mod controller;
mod detour;
mod journal;
mod landscape;
mod lane;
mod matrix;
mod monitor;
mod pod;
mod rendered;
mod scene;
mod servers;
mod services;
mod stage;
mod stories;
mod trouble;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use tokio::time::timeout;

use crate::charts::{self, Helm};
use crate::envtest::{self, Release};
use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;
use lane::{Charts, Lane, Settings};
use stage::{Findings, Stage};
use stories::Story;
use trouble::Trouble;

/// Arguments of `e2e`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Tell only this story; may be repeated
    #[arg(long, value_name = "NAME", value_enum, hide_possible_values = true)]
    story: Vec<Story>,
    /// List the stories and do nothing else
    #[arg(long)]
    list: bool,
    /// The binary; without this it is built with the release profile
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Release of Kubernetes
    #[arg(long, value_enum, default_value_t)]
    kubernetes: Release,
    /// How many stories are told at once, each on servers of its own
    #[arg(long, default_value_t = 2, value_name = "NUMBER")]
    lanes: u8,
}

/// How a story went.
struct Told {
    story: Story,
    findings: Findings,
    took: Duration,
}

const CLIENT_GO_MODULE: &str = "k8s.io/client-go";
/// How long a story may take: longer than gardenlet and every other wait in it, which can say what is missing.
const STORY_WITHIN: Duration = Duration::from_secs(300);

impl Arguments {
    /// Every story, as a change must pass them.
    pub(crate) fn all() -> Self {
        Self { story: Vec::new(), list: false, binary: None, kubernetes: Release::default(), lanes: 2 }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<Problem>, Failure> {
    if arguments.list {
        print!("{}", list());
        return Ok(Vec::new());
    }
    let root = repository::root()?;
    let assets = envtest::provide(arguments.kubernetes)?;
    check_release(arguments.kubernetes, &assets)?;
    let program = match &arguments.binary {
        Some(path) => path.canonicalize().map_err(|source| Failure::Read { path: path.clone(), source })?,
        None => build(&root)?,
    };
    let (definitions, whose) = landscape::definitions(&root)?;
    let chosen: Vec<Story> =
        if arguments.story.is_empty() { Story::value_variants().to_vec() } else { arguments.story.clone() };
    let charts = chosen.iter().any(|story| story.installs_charts()).then(|| charts(&root)).transpose()?;
    let needs_client_go = chosen.contains(&Story::ClientGo);
    let client_go = needs_client_go.then(|| envtest::program(&root, "client-go", CLIENT_GO_MODULE, ".")).transpose()?;
    let release = arguments.kubernetes;
    let settings = Settings { program, assets: assets.clone(), client_go, release, root, definitions, charts };
    let folder = settings.root.join("target/e2e").join(std::process::id().to_string());
    let started = Instant::now();
    println!("{} stories, with {whose} definitions in the seed", chosen.len());
    let mut problems = tell(settings, chosen, arguments.lanes, &folder)?;
    if arguments.story.is_empty() && arguments.kubernetes == Release::V1_36 {
        problems.extend(matrix::run(&assets)?);
    }
    println!("{:.0} s", started.elapsed().as_secs_f64());
    if problems.is_empty() {
        // What the servers stored is nobody's business any more.
        let _ = std::fs::remove_dir_all(&folder);
    } else {
        println!("logs: {}", folder.display());
    }
    Ok(problems)
}

/// A folder that was named by the environment may hold another release than the one that is asked for.
fn check_release(release: Release, assets: &Path) -> Result<(), Failure> {
    let said = process::capture(Command::new(assets.join("kube-apiserver")).arg("--version"))?;
    let expected = match release {
        Release::V1_36 => "Kubernetes v1.36.",
        Release::V1_34 => "Kubernetes v1.34.",
    };
    if said.starts_with(expected) {
        return Ok(());
    }
    let what = format!("`{}`", assets.join("kube-apiserver").display());
    Err(Failure::Decode { what, reason: format!("it is `{}`, not {expected}x", said.trim()) })
}

/// One line per story, with what it is about.
fn list() -> String {
    let values = Story::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
    values
        .map(|value| format!("{:<28} {}\n", value.get_name(), value.get_help().cloned().unwrap_or_default()))
        .collect()
}

/// Built and downloaded before a story is told, which has not the time for that.
fn charts(root: &Path) -> Result<Charts, Failure> {
    Ok(Charts { helm: Helm::provide(root)?, definitions: charts::definitions(root)? })
}

/// The binary as it is delivered.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    process::run(process::cargo(root).args(["build", "--locked", "--release", "--package", "operator"]))?;
    Ok(repository::target(root).join("release/networking-calico"))
}

fn tell(settings: Settings, chosen: Vec<Story>, lanes: u8, folder: &Path) -> Result<Vec<Problem>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime =
        runtime.map_err(|source| Failure::Start { command: "the runtime of the stories".to_owned(), source })?;
    let count = chosen.len();
    let queue = Arc::new(Mutex::new(VecDeque::from(chosen)));
    let settings = Arc::new(settings);
    let problems = runtime.block_on(async {
        let lanes: Vec<_> = (0..lanes.max(1))
            .take(count)
            .map(|number| {
                let folder = folder.join(format!("lane-{number}"));
                tokio::spawn(tell_on_lane(Arc::clone(&settings), folder, Arc::clone(&queue)))
            })
            .collect();
        let mut problems = Vec::new();
        for lane in lanes {
            match lane.await {
                Ok(Ok(found)) => problems.extend(found),
                Ok(Err(trouble)) => problems.push(Problem::new("e2e", trouble.to_string())),
                Err(panic) => problems.push(Problem::new("e2e", format!("a lane ended early: {panic}"))),
            }
        }
        problems
    });
    let left = queue.lock().unwrap_or_else(PoisonError::into_inner).len();
    if left > 0 && problems.is_empty() {
        return Ok(vec![Problem::new("e2e", format!("{left} stories were not told"))]);
    }
    Ok(problems)
}

async fn tell_on_lane(
    settings: Arc<Settings>,
    folder: PathBuf,
    queue: Arc<Mutex<VecDeque<Story>>>,
) -> Result<Vec<Problem>, Trouble> {
    let mut lane = Lane::open(settings, &folder).await?;
    let mut problems = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(story) = next else { return Ok(problems) };
        let started = Instant::now();
        let findings = tell_one(&mut lane, story).await;
        let told = Told { story, findings, took: started.elapsed() };
        println!("{}", told.line());
        problems.extend(told.problems());
    }
}

/// Tells one story to its end, whatever happens.
async fn tell_one(lane: &mut Lane, story: Story) -> Findings {
    let mut stage = match Stage::build(lane, &name(story)).await {
        Ok(stage) => stage,
        Err(trouble) => {
            return Findings { problems: vec![format!("at the beginning: {trouble}")], ..Findings::default() };
        }
    };
    let ended = timeout(STORY_WITHIN, stories::play(story, &mut stage)).await;
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(trouble)) => stage.findings.problems.push(trouble.to_string()),
        Err(_) => {
            let (within, seen) = (STORY_WITHIN.as_secs(), stage.last_seen());
            stage.findings.problems.push(format!("not over after {within} s; last seen: {seen}"));
        }
    }
    stage.strike().await
}

impl Told {
    fn line(&self) -> String {
        let Findings { checks, notes, skipped, .. } = &self.findings;
        let outcome = match skipped {
            _ if !self.problems().is_empty() => "FAILED",
            Some(_) => "SKIPPED",
            None => "ok",
        };
        let besides: Vec<String> = skipped.iter().chain(notes).map(|note| format!("; {note}")).collect();
        let (name, took) = (name(self.story), self.took.as_secs_f64());
        format!("{name:<28} {outcome:<7} {checks:>3} checks in {took:>5.1} s{}", besides.concat())
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.findings.problems.iter().map(|found| Problem::new(name(self.story), found)).collect();
        if self.findings.checks == 0 && self.findings.skipped.is_none() {
            problems.push(Problem::new(name(self.story), "nothing was checked"));
        }
        problems
    }
}

fn name(story: Story) -> String {
    story.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(findings: Findings) -> (String, Vec<String>) {
        let told = Told { story: Story::Go, findings, took: Duration::from_millis(1_500) };
        (told.line(), told.problems().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_story_that_checks_nothing_has_failed_unless_it_was_skipped() {
        let (line, problems) =
            told(Findings { checks: 3, notes: vec!["2 removals".to_owned()], ..Findings::default() });
        assert_eq!(line, "go                           ok        3 checks in   1.5 s; 2 removals");
        assert_eq!(problems, [""; 0]);
        let (line, problems) = told(Findings::default());
        assert_eq!(line, "go                           FAILED    0 checks in   1.5 s");
        assert_eq!(problems, ["go: nothing was checked"]);
        let (line, problems) = told(Findings { skipped: Some("no recordings".to_owned()), ..Findings::default() });
        assert_eq!(line, "go                           SKIPPED   0 checks in   1.5 s; no recordings");
        assert_eq!(problems, [""; 0]);
    }
}
