//! What cannot work is said at once, with exit code 1.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::replica::command;

fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yaml"), config).unwrap();
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n\
        clusters: [{name: k, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: u, user: {}}]\n";
    std::fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
    folder
}

/// Exit code and standard error.
fn run(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The error in the last line of the log.
fn refusal(folder: &Path, flags: &[&str]) -> String {
    let (code, log) = run(command(folder).args(flags));
    assert_eq!(code, 1, "{log}");
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap_or_else(|_| panic!("no JSON: {log}"));
    assert_eq!((last["level"].as_str(), last["msg"].as_str()), (Some("error"), Some("the process ends")));
    last["error"].as_str().unwrap().to_owned()
}

#[test]
fn what_cannot_work_is_refused_with_its_reason() {
    let good = folder("");
    assert_eq!(
        refusal(good.path(), &["--heartbeat-renew-interval-seconds=0"]),
        "--heartbeat-renew-interval-seconds must be greater than 0"
    );
    assert_eq!(
        refusal(good.path(), &["--heartbeat-namespace="]),
        "no namespace for the heartbeat: set --heartbeat-namespace or LEADER_ELECTION_NAMESPACE"
    );
    let nowhere = refusal(good.path(), &["--kubeconfig=/nowhere/kubeconfig"]);
    assert!(nowhere.starts_with("kubeconfig `/nowhere/kubeconfig` cannot be used: "), "{nowhere}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = refusal(good.path(), &[&format!("--metrics-bind-address={}", taken.local_addr().unwrap())]);
    assert!(refused.starts_with("cannot listen at --metrics-bind-address: "), "{refused}");
    let bad = folder("kind: ConfigMap\n");
    let refused = refusal(bad.path(), &[]);
    assert!(
        refused.starts_with("--config-file cannot be used: ") && refused.contains("apiVersion: missing"),
        "{refused}"
    );
}

#[test]
fn a_bad_overwrite_of_the_image_vector_is_a_plain_error() {
    let good = folder("");
    let images = good.path().join("images.yaml");
    std::fs::write(&images, "images: [{name: calico-node, tag: v1}]\n").unwrap();
    let (code, log) = run(command(good.path()).env("IMAGEVECTOR_OVERWRITE", &images));
    assert_eq!(code, 1);
    assert!(log.contains("IMAGEVECTOR_OVERWRITE cannot be used: ") && !log.contains("panic"), "{log}");
}

#[test]
fn usage_is_an_error_like_any_other_and_the_version_is_none() {
    let binary = env!("CARGO_BIN_EXE_networking-calico");
    let (code, text) = run(Command::new(binary).arg("--no-such-flag"));
    assert_eq!(code, 1);
    assert!(text.contains("--no-such-flag"), "{text}");
    let (code, text) = run(Command::new(binary).args(["--config-file=x", "--log-level=loud"]));
    assert_eq!((code, text.as_str()), (1, "error: invalid --log-level: loud: expected info, debug or error\n"));
    let output = Command::new(binary).arg("--version").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("networking-calico v{}\n", env!("CARGO_PKG_VERSION"))
    );
}
