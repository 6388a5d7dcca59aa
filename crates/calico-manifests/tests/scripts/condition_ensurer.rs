//! `network-unavailable-condition-ensurer`: writes once after Felix is ready, whatever the condition says then.
//!
//! calico-node is a stand-in that asks an endpoint of ours for everything: whether Felix is ready, and whether a write of the
//! condition is accepted.

use std::collections::VecDeque;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use calico_manifests::commands::for_version;
use calico_manifests::scripts::network_unavailable_condition_ensurer;
use calico_policy::version::CalicoVersion;

use crate::skip::skip;

/// Where the images of calico-node have it.
const BASH: &str = "/bin/bash";

/// Asks the endpoint; ends as it says. A command of a release that stays after it has written stays here too.
const CALICO_NODE: &str = r#"#!/bin/bash
arguments=$*
exec 3<>/dev/tcp/127.0.0.1/$ENDPOINT_PORT
printf 'GET /%s HTTP/1.0\r\n\r\n' "${arguments// /+}" >&3
read -r _ status _ <&3
exec 3>&-
[ "$status" = 200 ] || exit 1
case $* in *complete-startup) exec sleep 1000 ;; esac
"#;

/// An endpoint that tells what it was asked and answers as told; with 200 when nothing is left to answer.
struct Endpoint {
    port: u16,
    asked: Receiver<String>,
}

impl Endpoint {
    fn start(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, asked) = channel();
        let answers = answers.iter().copied().collect();
        std::thread::spawn(move || serve(&listener, &sender, answers));
        Self { port, asked }
    }

    /// The next question; `None` where none comes for a while.
    fn next(&self, wait: Duration) -> Option<String> {
        match self.asked.recv_timeout(wait) {
            Ok(question) => Some(question),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the endpoint stopped"),
        }
    }

    fn expect(&self, questions: &[&str]) {
        for question in questions {
            assert_eq!(self.next(Duration::from_secs(60)).as_deref(), Some(*question));
        }
    }
}

fn serve(listener: &TcpListener, asked: &Sender<String>, mut answers: VecDeque<u16>) {
    for stream in listener.incoming() {
        let Some(question) = stream.ok().and_then(|stream| answer(stream, &mut answers)) else { continue };
        if asked.send(question).is_err() {
            return;
        }
    }
}

fn answer(mut stream: TcpStream, answers: &mut VecDeque<u16>) -> Option<String> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).ok()?;
    let question = line.strip_prefix("GET /")?.split(' ').next()?.to_owned();
    write!(stream, "HTTP/1.0 {} said\r\n\r\n", answers.pop_front().unwrap_or(200)).ok()?;
    Some(question)
}

/// The running script. Its stand-in for calico-node lies in a folder of its own.
struct Ensurer {
    child: Child,
    folder: std::path::PathBuf,
}

impl Ensurer {
    fn start(name: &str, tag: &str, backend: &str, endpoint: &Endpoint) -> Self {
        let folder = std::env::temp_dir().join(format!("condition-ensurer-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let program = folder.join("calico-node");
        std::fs::write(&program, CALICO_NODE).expect("a program");
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("permissions");
        let commands = for_version(&CalicoVersion::from_tag(Some(tag)));
        let script = network_unavailable_condition_ensurer(commands);
        let ours = program.to_str().expect("a path");
        let script = script.replace("'/bin/calico-node ", &format!("'{ours} "));
        let script = script.replace("'/usr/bin/calico ", &format!("'{ours} "));
        assert_eq!(script.matches(ours).count(), 2, "{script}");
        let child = Command::new(BASH)
            .args(["-c", &script])
            .envs([("CALICO_NETWORKING_BACKEND", backend), ("DELAY_SECONDS", "0"), ("RETRY_SECONDS", "0")])
            .envs([("COMMAND_SECONDS", "1"), ("ENDPOINT_PORT", &endpoint.port.to_string())])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("bash");
        Self { child, folder }
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_none()
    }

    /// Ends it as kubelet does.
    fn stop(mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new(BASH).args(["-c", &kill]).status().expect("bash").success());
        self.child.wait().expect("a status")
    }
}

impl Drop for Ensurer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const QUIET: Duration = Duration::from_secs(3);

/// Whether the script has here what it has in its image. Says so if not.
fn runs_here() -> bool {
    let tools =
        Command::new(BASH).args(["-c", "command -v sleep && command -v timeout"]).stdout(Stdio::null()).status();
    let runs = tools.is_ok_and(|status| status.success());
    if !runs {
        skip("there is no bash with `sleep` and `timeout`");
    }
    runs
}

/// It writes, once, as soon as Felix is ready; then it stays and asks for nothing, although nobody told it that the condition
/// is False: an admission policy may have kept what a route controller wrote.
fn writes_once(tag: &str, ready: &str, write: &str) {
    if !runs_here() {
        return;
    }
    let endpoint = Endpoint::start(&[503, 503, 200, 500, 200, 403]);
    let mut ensurer = Ensurer::start(tag, tag, "bird", &endpoint);
    // Not ready twice; then ready and refused; ready and refused once more; then ready and accepted.
    endpoint.expect(&[ready, ready, ready, write, ready, write, ready, write]);
    assert_eq!(endpoint.next(QUIET), None);
    assert!(ensurer.is_running());
    assert_eq!(ensurer.stop().code(), Some(0));
}

#[test]
fn a_release_whose_startup_writes_the_condition() {
    writes_once("v3.30.4", "-felix-ready", "-startup");
}

#[test]
fn a_release_whose_startup_no_longer_writes_it() {
    writes_once("v3.31.6", "-felix-ready", "-complete-startup");
}

#[test]
fn a_release_with_one_binary() {
    writes_once("v3.33.0", "component+node+health+--felix-ready", "component+node+complete-startup");
}

#[test]
fn without_a_backend_the_condition_is_somebody_elses() {
    if !runs_here() {
        return;
    }
    let endpoint = Endpoint::start(&[]);
    let mut ensurer = Ensurer::start("no-backend", "v3.31.6", "none", &endpoint);
    assert_eq!(endpoint.next(QUIET), None);
    assert!(ensurer.is_running());
    assert_eq!(ensurer.stop().code(), Some(0));
}

#[test]
fn it_ends_when_told_to_while_felix_is_not_ready() {
    if !runs_here() {
        return;
    }
    let endpoint = Endpoint::start(&[503; 1000]);
    let mut ensurer = Ensurer::start("not-ready", "v3.31.6", "vxlan", &endpoint);
    endpoint.expect(&["-felix-ready"; 3]);
    assert!(ensurer.is_running());
    assert_eq!(ensurer.stop().code(), Some(0));
}
