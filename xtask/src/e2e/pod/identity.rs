//! Who a pod is: what the securityContext of a Deployment says, as options of `setpriv`, and as the kernel tells it of a process.

use serde_json::Value;

use super::{Entrance, strange};
use crate::e2e::trouble::Trouble;

/// What the securityContext of pod and container says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    user: u32,
    group: u32,
    /// The group of mounted files, and one of the process.
    pub(super) files: u32,
}

/// The rows of `/proc/PID/status` that tell who it is.
const ROWS: [&str; 6] = ["Uid", "Gid", "Groups", "CapEff", "CapBnd", "NoNewPrivs"];

impl Identity {
    /// Of a pod that may not be root and may get no privileges, as all of ours.
    pub(super) fn of(deployment: &Value, container: &Value) -> Result<Self, Trouble> {
        let pod = deployment.pointer("/spec/template/spec/securityContext").unwrap_or(&Value::Null);
        let number = |field: &str| pod.get(field).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        let own = container.get("securityContext").unwrap_or(&Value::Null);
        let is_bare = own.get("allowPrivilegeEscalation") == Some(&Value::Bool(false))
            && own.get("readOnlyRootFilesystem") == Some(&Value::Bool(true))
            && own.pointer("/capabilities/drop/0").is_some_and(|dropped| dropped == "ALL")
            && own.pointer("/capabilities/add").is_none();
        match (number("runAsUser"), number("runAsGroup"), number("fsGroup")) {
            (Some(user), Some(group), Some(files)) if is_bare && user != 0 => Ok(Self { user, group, files }),
            _ => Err(strange("a securityContext", &serde_json::json!([pod, own]))),
        }
    }

    /// What `setpriv` is told. In a namespace of users there is nobody else to become.
    pub(super) fn options(&self, entrance: Entrance) -> Vec<String> {
        let Self { user, group, files } = self;
        let mut options: Vec<String> = match entrance {
            Entrance::Root => vec![format!("--reuid={user}"), format!("--regid={group}"), format!("--groups={files}")],
            Entrance::Users => Vec::new(),
        };
        options.extend(["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"].map(str::to_owned));
        options
    }
}

/// What the kernel says of a process, such as `Uid 0 0 0 0, …`.
pub(super) fn of_process(id: Option<u32>) -> Result<String, Trouble> {
    let id = id.ok_or_else(|| Trouble::Other("it has ended".to_owned()))?;
    let path = format!("/proc/{id}/status");
    let status = std::fs::read_to_string(&path).map_err(Trouble::machine(format!("cannot read `{path}`")))?;
    Ok(identity(&status))
}

fn identity(status: &str) -> String {
    let rows = status.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| ROWS.contains(name));
    let rows = rows.map(|(name, values)| {
        let values: Vec<&str> = values.split_whitespace().collect();
        format!("{name} {}", values.join(" "))
    });
    rows.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_pod_without_privileges_has_an_identity() {
        let deployment = |user: u32| json!({"spec": {"template": {"spec": {"securityContext": {"runAsUser": user, "runAsGroup": 2, "fsGroup": 3}}}}});
        let bare = json!({"securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
        }});
        let identity = Identity::of(&deployment(1), &bare).unwrap();
        assert_eq!(identity, Identity { user: 1, group: 2, files: 3 });
        assert_eq!(
            identity.options(Entrance::Root).join(" "),
            "--reuid=1 --regid=2 --groups=3 --bounding-set=-all --inh-caps=-all --no-new-privs"
        );
        assert_eq!(identity.options(Entrance::Users).join(" "), "--bounding-set=-all --inh-caps=-all --no-new-privs");
        assert!(Identity::of(&deployment(0), &bare).is_err());
        for (pointer, value) in [
            ("/securityContext/allowPrivilegeEscalation", json!(true)),
            ("/securityContext/readOnlyRootFilesystem", json!(false)),
            ("/securityContext/capabilities", json!({"drop": ["ALL"], "add": ["NET_ADMIN"]})),
        ] {
            let mut other = bare.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            assert!(Identity::of(&deployment(1), &other).is_err(), "{pointer}");
        }
    }

    #[test]
    fn a_process_is_told_by_the_rows_that_say_who_it_is() {
        let status =
            "Name:\tx\nUid:\t1\t1\t1\t1\nGid:\t2\t2\t2\t2\nGroups:\t3 \nCapEff:\t00\nNoNewPrivs:\t1\nThreads:\t4\n";
        assert_eq!(identity(status), "Uid 1 1 1 1, Gid 2 2 2 2, Groups 3, CapEff 00, NoNewPrivs 1");
    }
}
