//! `demo`, each story as a person would start it: the whole binary with its controller as a process, over HTTP.

#![cfg(feature = "demo")]
#![expect(clippy::expect_used, reason = "a test may fail by panicking, in its helpers too")]

#[path = "../../fake-apiserver/tests/kubectl/program.rs"]
mod program;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .args(["demo", "--fast"])
        .args(arguments)
        // Whoever runs this test may have a cluster of their own.
        .env("KUBECONFIG", "/nonexistent")
        .output()
        .expect("runs")
}

/// Runs a story, expects it to end as it should, and returns what it found.
fn ends_well(story: &str) -> Vec<String> {
    let output = demo(&["--story", story]);
    let shown = String::from_utf8(output.stdout).expect("is text");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{shown}\n{said}");
    assert_eq!(said, "", "nothing to complain about");
    assert!(!shown.contains('\x1b'), "no colours and no cursor in a pipe");
    let (_, found) = shown.split_once("read back over HTTP:\n").expect("says what was read back");
    found.lines().map(|line| line.trim_start().to_owned()).collect()
}

fn has(found: &[String], expected: &[&str]) {
    for line in expected {
        assert!(found.iter().any(|found| found == line), "`{line}` is not in {found:#?}");
    }
}

#[test]
fn the_overlay_goes_once_every_node_has_its_route() {
    has(
        &ends_well("switch"),
        &[
            "ok last operation: Reconcile Succeeded 100 %",
            "ok phase of the switch: Done",
            "ok mode of the pool in the shoot: Never",
            "ok nodes with a route: 6",
            "ok calico-node was replaced on each node only after the last route was there: yes",
            "ok backend of calico-node: none",
            "the story `switch` ended as it should",
        ],
    );
}

#[test]
fn nothing_moves_while_nobody_knows_what_is_in_effect() {
    has(
        &ends_well("unreadable"),
        &[
            "ok verdict: Hold",
            "ok reason: CurrentStateUnreadable",
            "ok bundle: Frozen",
            "ok mode of the pool in the shoot: Always",
            "ok generation of the bundle: 1",
            "ok the status says why: yes",
            "ok nodes with a route: 6",
        ],
    );
}

#[test]
fn without_policies_the_overlay_goes_unverified_and_an_event_says_so() {
    has(
        &ends_well("no-policy"),
        &["ok mode of the pool in the shoot: Never", "ok an Event says that nothing was verified: yes"],
    );
}

#[test]
fn a_shoot_that_sleeps_keeps_its_overlay_until_it_wakes_up() {
    has(
        &ends_well("hibernated"),
        &[
            "ok reason: Hibernated",
            "ok mode of the pool in the shoot: Always",
            "ok last operation: Reconcile Succeeded 100 %",
            "ok phase of the switch: Done",
            "ok mode of the pool in the shoot: Never",
        ],
    );
}

#[test]
fn the_ebpf_dataplane_takes_its_privileges() {
    has(
        &ends_well("ebpf"),
        &[
            "ok privilege mode: NonPrivileged",
            "ok calico-node is privileged in the shoot: false",
            "ok privilege mode: Privileged (EbpfDataplane)",
            "ok calico-node is privileged in the shoot: true",
        ],
    );
}

#[test]
fn a_hold_survives_the_move_to_another_seed() {
    has(
        &ends_well("restore"),
        &[
            "ok reason: RoutesMissing",
            "ok last operation: Restore Succeeded 100 %",
            "ok mode of the pool in the shoot: Never",
            "ok calico-node was replaced on each node only after the last route was there: yes",
            "ok the Network is gone from the old seed: yes",
            "ok the bundle is gone from the old seed: yes",
        ],
    );
}

#[test]
fn deletion_leaves_nothing_behind() {
    has(
        &ends_well("delete"),
        &[
            "ok the Network is gone: yes",
            "ok ManagedResources: 0",
            "ok Secrets of the bundle: 0",
            "ok DaemonSets in the shoot: 0",
            "ok definitions in the shoot: 0",
        ],
    );
}

#[test]
fn a_story_that_is_not_told_is_a_usage_error() {
    assert_eq!(demo(&["--story", "none"]).status.code(), Some(2));
}

#[test]
fn who_has_seen_enough_ends_it_without_a_complaint() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .arg("demo")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("is piped")).read_line(&mut first).expect("says something");
    assert!(first.contains("Kubernetes 1.36.2 listens at http://127.0.0.1:"), "{first}");
    let output = child.wait_with_output().expect("ends by itself");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

/// The commands that it prints work as they are; Ctrl-C ends it, and nothing is left.
#[test]
fn what_is_kept_can_be_looked_at_with_kubectl() {
    let Some(kubectl) = program::kubectl() else { return };
    let mut child = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
        .args(["demo", "--fast", "--keep"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let lines = BufReader::new(child.stdout.take().expect("is piped")).lines().map(|line| line.expect("is text"));
    let shown: Vec<String> = lines.take_while(|line| !line.contains("log of the controller")).collect();
    let commands: Vec<Vec<&str>> = shown
        .iter()
        .filter_map(|line| line.trim_start().strip_prefix("kubectl "))
        .map(|command| command.split_whitespace().collect())
        .collect();
    let [seed, shoot] = commands.as_slice() else { panic!("prints two commands: {shown:#?}") };
    let cache = tempfile::tempdir().expect("is made");
    for (arguments, expected) in [
        (seed, ["network.extensions.gardener.cloud/world", "extension-networking-calico-config", "OverlaySwitchDone"]),
        (shoot, ["node/ip-10-250-0-4", "daemonset.apps/calico-node", "default-ipv4-ippool"]),
    ] {
        let output =
            Command::new(&kubectl).args(arguments).arg("--cache-dir").arg(cache.path()).output().expect("runs");
        let (found, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
        for text in expected {
            assert!(found.contains(text), "`{text}` is not in what {arguments:?} shows:\n{found}");
        }
    }
    dumps_are_made_as_the_documents_say(&kubectl, seed, shoot);
    // The shell's own: not every machine has a program of this name.
    let interrupted = Command::new("/bin/sh").args(["-c", &format!("kill -INT {}", child.id())]).status();
    assert!(interrupted.expect("runs").success());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    let kubeconfig = Path::new(seed.get(1).expect("has a kubeconfig"));
    assert!(kubeconfig.ends_with("seed.kubeconfig") && !kubeconfig.exists(), "{}", kubeconfig.display());
}

/// Runs the commands under "Dumps", word for word, on the shoot of the demo.
fn dumps_are_made_as_the_documents_say(kubectl: &Path, seed: &[&str], shoot: &[&str]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let page = std::fs::read_to_string(page).expect("is there");
    let (_, section) = page.split_once("\n## Dumps\n").expect("has the section");
    let (_, commands) = section.split_once("```sh\n").expect("has commands");
    let (commands, _) = commands.split_once("```").expect("has an end");
    let folder = tempfile::tempdir().expect("is made");
    let [seed, shoot] = [seed, shoot].map(|words| *words.get(1).expect("has a kubeconfig"));
    std::fs::copy(shoot, folder.path().join("shoot.yaml")).expect("is copied");
    let programs =
        [kubectl, Path::new(env!("CARGO_BIN_EXE_networking-calico"))].map(|path| path.parent().expect("a folder"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = programs.map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-euc", &commands.replace("shoot--foo--bar", "shoot--demo--world")])
        .current_dir(folder.path())
        .env("PATH", std::env::join_paths(path).expect("can be joined"))
        .env("KUBECONFIG", seed)
        .env("KUBECACHEDIR", folder.path().join("cache"))
        .output()
        .expect("runs");
    let (shown, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "{shown}");
    for line in [
        "  overlay          Unchanged: no encapsulation that is in effect would be removed",
        "  calico-node      its pods would stay",
    ] {
        assert!(shown.lines().any(|other| other == line), "{line}\nis not in\n{shown}");
    }
}
