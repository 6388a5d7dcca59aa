//! A pod of a Deployment, without a node: arguments and environment as they stand there, mounts at their paths, and the token that
//! gardener-resource-manager mounts for its ServiceAccount.
//!
//! The file system of the pod is a folder: the binary, what is mounted, and of this machine the system's libraries, `/proc` and `/dev`,
//! all of it read-only. It is entered by a mount namespace of its own, as the user and with the capabilities that the Deployment says.
//! Otherwise than on a node: the image is not pulled, its binary is the one under test; the network is that of this machine, which is
//! why ports are values of the chart; and the API server is at its address on loopback, not at that of a Service. Where this is not run
//! by root, it stays the user who runs it.
//!
//! Nor is the seccomp profile applied. `RuntimeDefault` is a list that container runtimes carry in themselves and resolve by capabilities,
//! kernel and architecture; a filter of that name made from a copy of it would be our list, not theirs.

mod identity;

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use fake_apiserver::world::{Kind, kinds};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, sleep};

use self::identity::Identity;
use super::controller::{Controller, Launch};
use super::rendered::send;
use super::scene::text;
use super::servers::Server;
use super::stage::Stage;
use super::trouble::Trouble;

/// A pod that is to be started.
pub(super) struct Pod<'a> {
    pub(super) cluster: &'a Server,
    pub(super) deployment: &'a Value,
    /// What the image starts the binary with, before the arguments of the Deployment.
    pub(super) entry_point: &'a [&'a str],
    /// The binary under test.
    pub(super) program: &'a Path,
    /// Where its file system is put; what lies beside it has the same name with another ending.
    pub(super) root: PathBuf,
}

/// A pod that runs.
pub(super) struct Running {
    pub(super) controller: Controller,
    readiness: (u16, String),
    metrics: u16,
}

/// Where gardener-resource-manager mounts the token of a ServiceAccount that has no token by itself.
const TOKEN_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_LIVES: u32 = 43_200;
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
const OK: u16 = 200;

const CONTAINER: &str = "/spec/template/spec/containers/0";
/// Of files that are mounted: a kubelet gives them to the group of the pod.
const READABLE_BY_GROUP: u32 = 0o440;

/// Enters the file system of the pod, and becomes who it is to be: `sh -c SCRIPT pod ROOT PROGRAM OPTIONS… ARGUMENTS…`, with options of
/// `setpriv`.
const ENTER: &str = r#"
set -eu
root=$1 program=$2
shift 2
mount --bind "$root" "$root"
for folder in bin lib lib64 usr proc dev; do
    [ -e "/$folder" ] || continue
    mkdir -p "$root/$folder"
    mount --rbind "/$folder" "$root/$folder"
done
: >"$root/networking-calico"
mount --bind "$program" "$root/networking-calico"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$(command -v setpriv)" "$@"
"#;

/// Whether this machine lets us make a mount namespace.
pub(super) fn is_possible() -> bool {
    entrance().is_some()
}

/// How a mount namespace is made here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entrance {
    /// By root, who may also become somebody else.
    Root,
    /// By anybody, in a namespace of users that knows nobody else.
    Users,
}

impl Entrance {
    /// The options of `unshare`.
    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Root => &["--mount"],
            Self::Users => &["--user", "--map-root-user", "--mount"],
        }
    }
}

/// The one that works: root needs no namespace of users, and where root lives in a container may not make one.
fn entrance() -> Option<Entrance> {
    static FOUND: OnceLock<Option<Entrance>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        [Entrance::Root, Entrance::Users].into_iter().find(|way| {
            let mut probe = std::process::Command::new("unshare");
            crate::process::exists(probe.args(way.options()).arg("true"))
        })
    })
}

impl Pod<'_> {
    /// Puts everything in its place and starts it.
    pub(super) async fn start(&self) -> Result<Running, Trouble> {
        let container = self.at(CONTAINER)?;
        let entrance = entrance().ok_or_else(|| Trouble::Other("no mount namespace can be made here".to_owned()))?;
        let identity = Identity::of(self.deployment, container)?;
        self.mount_volumes(container).await?;
        if self.deployment.pointer("/spec/template/spec/automountServiceAccountToken") != Some(&Value::Bool(false)) {
            self.mount_token().await?;
        }
        let launch = Launch {
            program: PathBuf::from("unshare"),
            arguments: self.arguments(container, entrance, &identity)?,
            environment: self.environment(container)?,
            log: self.root.with_extension("log"),
        };
        let readiness = container.pointer("/readinessProbe/httpGet").unwrap_or(&Value::Null);
        let metrics = self.at("/spec/template/metadata/annotations")?;
        Ok(Running {
            readiness: (port(readiness.get("port"))?, text(readiness, "/path").to_owned()),
            metrics: port(metrics.get("prometheus.io/port"))?,
            controller: launch.start()?,
        })
    }

    fn arguments(&self, container: &Value, entrance: Entrance, identity: &Identity) -> Result<Vec<String>, Trouble> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let mut arguments = words(entrance.options());
        arguments.extend(words(&["sh", "-c", ENTER, "pod"]));
        arguments.extend([self.root.display().to_string(), self.program.display().to_string()]);
        arguments.extend(identity.options(entrance));
        arguments.push("/networking-calico".to_owned());
        arguments.extend(words(self.entry_point));
        let given = container.get("args").and_then(Value::as_array).into_iter().flatten();
        for argument in given {
            arguments.push(argument.as_str().ok_or_else(|| strange("an argument", argument))?.to_owned());
        }
        Ok(arguments)
    }

    fn environment(&self, container: &Value) -> Result<Vec<(String, String)>, Trouble> {
        let (host, port) = self.cluster.host_and_port()?;
        // What a kubelet adds.
        let mut all = vec![
            ("KUBERNETES_SERVICE_HOST".to_owned(), host.to_owned()),
            ("KUBERNETES_SERVICE_PORT".to_owned(), port.to_owned()),
        ];
        for variable in container.get("env").and_then(Value::as_array).into_iter().flatten() {
            let value = match (variable.get("value"), text(variable, "/valueFrom/fieldRef/fieldPath")) {
                (Some(Value::String(value)), _) => value,
                (None, "metadata.namespace") => self.namespace(),
                _ => return Err(strange("a variable", variable)),
            };
            all.push((text(variable, "/name").to_owned(), value.to_owned()));
        }
        Ok(all)
    }

    /// Puts the volumes, as they are in the cluster, where the container mounts them.
    async fn mount_volumes(&self, container: &Value) -> Result<(), Trouble> {
        let volumes = self.deployment.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
        for mount in container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten() {
            let name = text(mount, "/name");
            let volume = volumes.into_iter().flatten().find(|volume| text(volume, "/name") == name);
            let volume = volume.ok_or_else(|| strange("a mount without a volume", mount))?;
            let folder = text(mount, "/mountPath");
            if let Some(source) = volume.get("configMap") {
                self.put(folder, &kinds::CONFIG_MAP, text(source, "/name"), source.get("items")).await?;
            } else if let Some(source) = volume.get("secret") {
                self.put(folder, &kinds::SECRET, text(source, "/secretName"), source.get("items")).await?;
            } else if let Some(sources) = volume.pointer("/projected/sources").and_then(Value::as_array) {
                for source in sources {
                    let secret = source.get("secret").ok_or_else(|| strange("a source", source))?;
                    self.put(folder, &kinds::SECRET, text(secret, "/name"), secret.get("items")).await?;
                }
            } else {
                return Err(strange("a volume", volume));
            }
        }
        Ok(())
    }

    /// The entries of a ConfigMap or Secret as files; all of them, or those that are named, under other names.
    async fn put(&self, folder: &str, kind: &Kind, name: &str, items: Option<&Value>) -> Result<(), Trouble> {
        let object = self.cluster.cluster().get(kind, self.namespace(), name).await?;
        let object = object.ok_or_else(|| Trouble::Other(format!("{} `{name}` is mounted and missing", kind.kind)))?;
        let data = object.get("data").and_then(Value::as_object);
        let wanted: Vec<(&str, &str)> = match items.and_then(Value::as_array) {
            None => data.into_iter().flatten().map(|(key, _)| (key.as_str(), key.as_str())).collect(),
            Some(items) => items.iter().map(|item| (text(item, "/key"), text(item, "/path"))).collect(),
        };
        for (key, file) in wanted {
            let value = data.and_then(|data| data.get(key)?.as_str());
            // For this a kubelet waits for ever.
            let missing = || Trouble::Other(format!("{} `{name}` is mounted and has no `{key}`", kind.kind));
            let value = value.ok_or_else(missing)?;
            let bytes = if *kind == kinds::SECRET {
                let decoded = base64::engine::general_purpose::STANDARD.decode(value);
                decoded.map_err(|error| Trouble::Other(format!("Secret `{name}`, `{key}`: {error}")))?
            } else {
                value.as_bytes().to_vec()
            };
            self.write(folder, file, &bytes)?;
        }
        Ok(())
    }

    async fn mount_token(&self) -> Result<(), Trouble> {
        let account = text(self.deployment, "/spec/template/spec/serviceAccountName");
        let token = token(self.cluster, self.namespace(), account).await?;
        let namespace = self.namespace().as_bytes();
        let files =
            [("token", token.as_bytes()), ("ca.crt", self.cluster.certificate().as_bytes()), ("namespace", namespace)];
        files.into_iter().try_for_each(|(file, bytes)| self.write(TOKEN_FOLDER, file, bytes))
    }

    fn write(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let folder = self.root.join(folder.trim_start_matches('/'));
        let file = folder.join(name);
        let cannot = || Trouble::machine(format!("cannot write `{}`", file.display()));
        std::fs::create_dir_all(&folder).map_err(cannot())?;
        std::fs::write(&file, bytes).map_err(cannot())?;
        if entrance() == Some(Entrance::Root) {
            let group = Identity::of(self.deployment, self.at(CONTAINER)?)?.files;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(READABLE_BY_GROUP)).map_err(cannot())?;
            chown(&file, None, Some(group)).map_err(cannot())?;
        }
        Ok(())
    }

    fn namespace(&self) -> &str {
        text(self.deployment, "/metadata/namespace")
    }

    fn at(&self, pointer: &str) -> Result<&Value, Trouble> {
        self.deployment.pointer(pointer).ok_or_else(|| strange("a Deployment", self.deployment))
    }
}

impl Running {
    /// Waits until its readiness probe succeeds.
    pub(super) async fn ready(&mut self) -> Result<(), Trouble> {
        let started = Instant::now();
        let (port, path) = self.readiness.clone();
        loop {
            self.controller.still_runs()?;
            let answer = get(port, &path).await;
            if answer.as_ref().is_some_and(|(code, _)| *code == OK) {
                return Ok(());
            }
            if started.elapsed() > READY_WITHIN {
                let seen = format!("{answer:?}: {}", self.controller.log());
                return Err(Trouble::InVain { what: "readiness".to_owned(), seen });
            }
            sleep(LOOK).await;
        }
    }

    /// Waits until a line is among its metrics.
    pub(super) async fn exposes(&mut self, line: &str) -> Result<(), Trouble> {
        let started = Instant::now();
        loop {
            self.controller.still_runs()?;
            let answer = get(self.metrics, "/metrics").await;
            if answer.as_ref().is_some_and(|(_, body)| body.lines().any(|found| found == line)) {
                return Ok(());
            }
            if started.elapsed() > READY_WITHIN {
                return Err(Trouble::InVain { what: line.to_owned(), seen: format!("{answer:?}") });
            }
            sleep(LOOK).await;
        }
    }
}

/// Whether the kernel says of the process what the Deployment says of the pod: user and groups, capabilities that it has and could ever
/// get, and that it gets no more.
pub(super) fn is_as_the_deployment_says(stage: &mut Stage<'_>, running: &Running) -> Result<(), Trouble> {
    let found = identity::of_process(running.controller.id())?;
    let none = "CapEff 0000000000000000, CapBnd 0000000000000000, NoNewPrivs 1";
    match entrance() {
        Some(Entrance::Root) => {
            let nonroot = "Uid 65532 65532 65532 65532, Gid 65532 65532 65532 65532, Groups 65532";
            stage.check("the pod", found, format!("{nonroot}, {none}"));
        }
        _ => stage.note(format!("not run by root, so the pod is {found}")),
    }
    Ok(())
}

/// A token of a ServiceAccount, as gardener-resource-manager and kubelets ask for one.
pub(super) async fn token(cluster: &Server, namespace: &str, account: &str) -> Result<String, Trouble> {
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": TOKEN_LIVES},
    });
    let (code, answer) = send(&cluster.client(), Method::POST, &path, "application/json", &request).await?;
    match text(&answer, "/status/token") {
        "" => Err(Trouble::Other(format!("no token for `{account}`: {code} {}", text(&answer, "/message")))),
        token => Ok(token.to_owned()),
    }
}

fn port(value: Option<&Value>) -> Result<u16, Trouble> {
    let number = match value {
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64().and_then(|number| u16::try_from(number).ok()),
        None => None,
    };
    number.ok_or_else(|| Trouble::Other(format!("{value:?} is no port")))
}

fn strange(what: &str, value: &Value) -> Trouble {
    Trouble::Other(format!("{what} that no pod of ours has had before: {value}"))
}

/// Code and body of an answer on loopback; `None` where there is none.
async fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
