//! `networking-calico admission` as a process.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fake_apiserver::{Server, Serving, User};
use operator::admission::registration::authorities;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::client::{Connection, Time};
use crate::reviews::{network_config, review, shoot};
use crate::roles::{rules, used};

const NAME: &str = "gardener-extension-admission-calico";
const HOST: &str = "gardener-extension-admission-calico.garden";

struct Cluster {
    server: Server,
    serving: Serving,
}

impl Cluster {
    async fn start() -> Self {
        let server = Server::builder().namespace("garden").token("t", User::named("admission")).build().unwrap();
        let serving = server.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        Self { server, serving }
    }

    fn webhooks(&self) -> Option<Value> {
        let group = "admissionregistration.k8s.io";
        let stored = self.server.stored(group, "validatingwebhookconfigurations", "", NAME)?;
        Some(stored["webhooks"].clone())
    }

    fn has_secret(&self) -> bool {
        self.server.stored("", "secrets", "garden", &format!("{NAME}-certificates")).is_some()
    }

    fn holder(&self) -> Option<String> {
        let lease =
            self.server.stored("coordination.k8s.io", "leases", "garden", "admission-calico-leader-election")?;
        lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
    }
}

struct Process {
    child: Child,
    folder: TempDir,
}

impl Process {
    fn start(target: &Cluster, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), target.serving.kubeconfig("garden", Some("t"))).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_networking-calico"))
            .env_clear()
            .envs(environment.iter().copied())
            .arg("admission")
            .arg(format!("--kubeconfig={}", folder.path().join("kubeconfig").display()))
            .args(["--webhook-config-server-host=127.0.0.1", "--webhook-config-server-port=0"])
            .args(["--webhook-config-namespace=garden", "--leader-election-namespace=garden"])
            .args(["--health-bind-address=127.0.0.1:0", "--metrics-bind-address=127.0.0.1:0"])
            .args(flags)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn address(&self, part: &str) -> Option<std::net::SocketAddr> {
        let line = |line: &str| serde_json::from_str::<Value>(line).ok().filter(|line| line["msg"] == part);
        self.log().lines().find_map(line)?["address"].as_str()?.parse().ok()
    }

    async fn get(&self, part: &str, path: &str) -> Option<(u16, String)> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.address(part)?).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    async fn ready(&mut self) {
        self.until("readiness", async |process| {
            process.get("health endpoint", "/readyz").await.is_some_and(|(code, _)| code == 200)
        })
        .await;
    }

    async fn until(&mut self, what: &str, mut so: impl AsyncFnMut(&Self) -> bool) {
        for _ in 0..600 {
            if so(self).await {
                return;
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "ended before {what}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {what}: {}", self.log());
    }

    async fn end(&mut self, signal: &str) -> i32 {
        // The shell's own: not every machine has a program of this name.
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("ends by itself");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it does not end: {}", self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn refuses(process: &Process, webhooks: &Value, host: &str) {
    let bundle = authorities(webhooks).concat();
    let address = process.address("webhook server").unwrap();
    let mut connection = Connection::open(address, host, &bundle, &Time::now()).await.unwrap();
    let bad = review("CREATE", &shoot(&network_config(&json!({"backend": "x"}))), &Value::Null);
    let answer = connection.review(bad.to_string().as_bytes()).await.unwrap();
    assert_eq!(answer.json()["response"]["status"]["code"], 403);
}

const SERVICE: [&str; 1] = ["--webhook-config-mode=service"];

#[tokio::test]
async fn replicas_register_answer_and_hand_over() {
    let cluster = Cluster::start().await;
    let mut first = Process::start(&cluster, &SERVICE, &[]);
    first.ready().await;
    first.until("registration", async |_| cluster.webhooks().is_some()).await;
    refuses(&first, &cluster.webhooks().unwrap(), HOST).await;

    let mut second = Process::start(&cluster, &SERVICE, &[]);
    second.ready().await;
    refuses(&second, &cluster.webhooks().unwrap(), HOST).await;
    let holder = cluster.holder();
    assert_ne!(holder, None);

    let (_, metrics) = first.get("metrics endpoint", "/metrics").await.unwrap();
    for line in [
        "controller_runtime_webhook_requests_total{webhook=\"/webhooks/validate\",code=\"200\"} 1",
        "leader_election_master_status{name=\"admission-calico-leader-election\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no {line} in {metrics}");
    }
    assert!(first.log().contains("\"msg\":\"denied\""), "{}", first.log());

    assert_eq!(first.end("TERM").await, 0, "{}", first.log());
    second.until("hand-over", async |_| cluster.holder().is_some_and(|now| Some(now) != holder)).await;
    refuses(&second, &cluster.webhooks().unwrap(), HOST).await;
    assert_eq!(second.end("INT").await, 0, "{}", second.log());
    assert!(!second.log().contains("PRIVATE KEY"));
}

#[tokio::test]
async fn certificates_and_lease_stay_in_the_source_cluster() {
    let (garden, runtime) = (Cluster::start().await, Cluster::start().await);
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::write(&source, runtime.serving.kubeconfig("runtime", Some("t"))).unwrap();
    let mode = ["--webhook-config-mode=url", &format!("--webhook-config-url={HOST}")];
    let environment = [("SOURCE_CLUSTER", "enabled"), ("SOURCE_KUBECONFIG", source.to_str().unwrap())];
    let mut process = Process::start(&garden, &mode, &environment);
    process.ready().await;
    process.until("registration", async |_| garden.webhooks().is_some()).await;
    let webhooks = garden.webhooks().unwrap();
    assert_eq!(webhooks[0]["clientConfig"]["url"], format!("https://{HOST}/webhooks/validate"));
    refuses(&process, &webhooks, HOST).await;
    assert!(runtime.has_secret() && !garden.has_secret());
    assert!(runtime.holder().is_some() && garden.holder().is_none());
    assert!(runtime.webhooks().is_none());
    assert_eq!(process.end("TERM").await, 0, "{}", process.log());
}

#[tokio::test]
async fn the_roles_allow_what_is_asked_for_and_nothing_else() {
    let (garden, runtime) = (Cluster::start().await, Cluster::start().await);
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::write(&source, runtime.serving.kubeconfig("runtime", Some("t"))).unwrap();
    let flags =
        ["--webhook-config-mode=url", &format!("--webhook-config-url={HOST}"), &format!("--leader-election-id={NAME}")];
    let environment = [("SOURCE_CLUSTER", "enabled"), ("SOURCE_KUBECONFIG", source.to_str().unwrap())];
    let mut first = Process::start(&garden, &flags, &environment);
    first.ready().await;
    first.until("registration", async |_| garden.webhooks().is_some()).await;

    // Somebody else writes a registration by which nobody of us is trusted, and damages what is kept.
    let group = "admissionregistration.k8s.io";
    let stored = garden.server.stored(group, "validatingwebhookconfigurations", "", NAME).unwrap();
    let mut registration = Value::clone(&stored);
    registration["webhooks"][0]["clientConfig"]["caBundle"] = json!("");
    registration["webhooks"][0]["timeoutSeconds"] = json!(3);
    garden.server.restore(registration).unwrap();
    let mut second = Process::start(&garden, &flags, &environment);
    second.ready().await;
    let stored = runtime.server.stored("", "secrets", "garden", &format!("{NAME}-certificates")).unwrap();
    let mut kept = Value::clone(&stored);
    kept["data"]["tls.crt"] = json!("AAAA");
    runtime.server.restore(kept).unwrap();
    assert_eq!(first.end("TERM").await, 0, "{}", first.log());
    second.until("repair", async |_| garden.webhooks().is_some_and(|found| found[0]["timeoutSeconds"] == 10)).await;
    refuses(&second, &garden.webhooks().unwrap(), HOST).await;
    assert_eq!(second.end("TERM").await, 0, "{}", second.log());

    for (cluster, chart) in [(&garden, "admission-application"), (&runtime, "admission-runtime")] {
        let rules = rules(chart);
        assert_eq!(used(&rules, &cluster.server.requests()), rules, "{chart}");
    }
}

#[tokio::test]
async fn without_a_namespace_certificates_are_kept_in_a_folder() {
    let cluster = Cluster::start().await;
    let folder = tempfile::tempdir().unwrap();
    let certificates = folder.path().join("certificates");
    let folder_flag = format!("--webhook-config-cert-dir={}", certificates.display());
    let flags = [
        "--webhook-config-namespace=",
        "--webhook-config-mode=url",
        "--webhook-config-url=127.0.0.1",
        "--leader-election=false",
        &folder_flag,
    ];
    let mut process = Process::start(&cluster, &flags, &[]);
    process.ready().await;
    process.until("registration", async |_| cluster.webhooks().is_some()).await;
    refuses(&process, &cluster.webhooks().unwrap(), "127.0.0.1").await;
    assert!(!cluster.has_secret() && cluster.holder().is_none());
    let kept = std::fs::read_to_string(certificates.join("tls.crt")).unwrap();
    assert_eq!(process.end("TERM").await, 0, "{}", process.log());

    let mut again = Process::start(&cluster, &flags, &[]);
    again.ready().await;
    assert_eq!(std::fs::read_to_string(certificates.join("tls.crt")).unwrap(), kept, "they are used again");
    refuses(&again, &cluster.webhooks().unwrap(), "127.0.0.1").await;
}

#[tokio::test]
async fn what_cannot_work_ends_with_one_and_says_why() {
    let cluster = Cluster::start().await;
    for (flags, reason) in [
        (vec!["--webhook-config-mode=x"], "invalid --webhook-config-mode: `x`: expected service, url or url-service"),
        (vec!["--webhook-config-mode=url"], "--webhook-config-mode=url needs --webhook-config-url"),
        (vec!["--webhook-config-server-host=no host"], "cannot listen at --webhook-config-server-port"),
        (vec!["--kubeconfig=/nowhere"], "kubeconfig `/nowhere` cannot be used"),
    ] {
        let mut process = Process::start(&cluster, &flags, &[]);
        let mut code = None;
        for _ in 0..300 {
            code = process.child.try_wait().unwrap().and_then(|status| status.code());
            if code.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(code, Some(1), "{flags:?}");
        assert!(process.log().contains(reason), "{flags:?}: {}", process.log());
    }
}
