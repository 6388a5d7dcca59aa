//! `looked-at`: somebody in support looks at a seed with an open switch. The role is the one that the extension's chart brings along for
//! people, bound to an account that may do nothing else.

use std::path::Path;

use fake_apiserver::world::routes::AtFirst;
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::{hold, is_native};
use crate::e2e::landscape::{self, NAME};
use crate::e2e::pod;
use crate::e2e::rendered;
use crate::e2e::scene::text;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

const NAMESPACE: &str = "support";
const ACCOUNT: &str = "reader";
const ROLE: &str = "gardener-extension-networking-calico-reader";

/// What a command said.
struct Said {
    code: Option<i32>,
    answer: Value,
    besides: String,
}

pub(super) async fn looked_at(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let kubeconfig = bind(stage).await?;
    let token = pod::token(&stage.lane.seed, NAMESPACE, ACCOUNT).await?;
    let client = stage.lane.seed.client_by(&token)?;
    let file = stage.lane.folder.join("reader.kubeconfig");
    std::fs::write(&file, kubeconfig).map_err(Trouble::machine("cannot write a kubeconfig"))?;

    stage.install(MACHINES).await?;
    let meant = format!("{}/{NAME}", stage.namespace());
    let calm = "Idle Unchanged - Target Ipip(Always) None";
    let status = ask(stage, &file, &["status"]).await?;
    checked(stage, "status before the switch", &status, 0, calm);
    let plan = ask(stage, &file, &["plan"]).await?;
    let would_wait = "Blocked false AwaitingRoutes Hold RoutesMissing 4 0";
    planned(stage, "plan before the switch", &plan, 3, would_wait);

    hold(stage).await?;
    let open = "AwaitingRoutes Hold RoutesMissing Held Ipip(Always) 4 NoCondition";
    for arguments in
        [&["status"][..], &["status", "--open"], &["status", "--bundles"], &["status", "--network", &meant]]
    {
        let said = ask(stage, &file, arguments).await?;
        checked(stage, &arguments.join(" "), &said, 0, open);
    }
    let plan = ask(stage, &file, &["plan"]).await?;
    planned(stage, "plan in the hold", &plan, 3, "Blocked true AwaitingRoutes Hold RoutesMissing 4 0");
    let decision = ask(stage, &file, &["decide", "--network", &meant]).await?;
    stage.check("decide in the hold", format!("{:?} {}", decision.code, decision.besides), "Some(3) ");

    // Looking is all that the account may do.
    let network = format!("/apis/extensions.gardener.cloud/v1alpha1/namespaces/{}/networks/{NAME}", stage.namespace());
    let secrets = "/api/v1/secrets".to_owned();
    for (method, path) in [(Method::DELETE, network), (Method::GET, secrets)] {
        let what = format!("{method} {path}");
        let (code, _) = rendered::send(&client, method, &path, "application/json", &Value::Null).await?;
        stage.check(&what, code, 403);
    }

    stage.start_routes(AtFirst::Silence, &[]).await;
    is_native(stage, "Reconcile Succeeded 100", MACHINES).await?;
    let status = ask(stage, &file, &["status"]).await?;
    checked(stage, "status after the switch", &status, 0, "Done Unchanged - Target None None");
    let plan = ask(stage, &file, &["plan"]).await?;
    stage.check("plan after the switch", text(&plan.answer, "/items/0/outcome"), "NoOverlay");
    stage.check("exit code of plan", format!("{:?}", plan.code), "Some(0)");
    Ok(())
}

/// Brings the role along and binds it to an account: a kubeconfig for it.
async fn bind(stage: &mut Stage<'_>) -> Result<String, Trouble> {
    let objects = stage.render("extension", &json!({}))?;
    let role = objects.iter().find(|object| text(object, "/metadata/name") == ROLE);
    let role = role.ok_or_else(|| Trouble::Other(format!("the chart has no `{ROLE}`")))?.clone();
    landscape::namespace(&stage.seed(), NAMESPACE, &json!({})).await?;
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE},
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": ROLE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    });
    rendered::apply(&stage.lane.seed.client(), &[role, account, binding]).await?;
    let token = pod::token(&stage.lane.seed, NAMESPACE, ACCOUNT).await?;
    Ok(stage.lane.seed.kubeconfig_of(&json!({"token": token})))
}

/// Runs a command of the binary, whose answer is JSON.
async fn ask(stage: &Stage<'_>, kubeconfig: &Path, arguments: &[&str]) -> Result<Said, Trouble> {
    let mut command = Command::new(&stage.lane.settings.program);
    command.args(arguments).args(["-o", "json", "--kubeconfig"]).arg(kubeconfig).env_clear();
    let output = command.output().await.map_err(Trouble::machine("cannot run a command"))?;
    let answer = serde_json::from_slice(&output.stdout);
    let besides = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer = answer.map_err(|error| Trouble::Other(format!("{arguments:?}: {error}: {besides}")))?;
    Ok(Said { code: output.status.code(), answer, besides })
}

/// What `status` says: the switch, what is in effect, and how many nodes are waited for, of which class.
fn checked(stage: &mut Stage<'_>, what: &str, said: &Said, code: i32, expected: &str) {
    let item = said.answer.pointer("/items/0").unwrap_or(&Value::Null);
    let waiting = item.pointer("/overlaySwitch/waitingFor").and_then(Value::as_array);
    let nodes = match waiting.map(Vec::as_slice) {
        None | Some([]) => "None".to_owned(),
        Some(nodes) => {
            let class = nodes.first().map(|node| text(node, "/class")).unwrap_or_default();
            format!("{} {class}", nodes.len())
        }
    };
    let found = format!("{} {} {nodes}", switch(item, "bundle"), text(item, "/encapsulation/inEffect/ipv4"));
    stage.check(what, found, expected);
    ended(stage, what, said, code);
}

/// What `plan` says: the outcome, whether the switch is asked for, why it would wait, for how many nodes, and how many are ready.
fn planned(stage: &mut Stage<'_>, what: &str, said: &Said, code: i32, expected: &str) {
    let item = said.answer.pointer("/items/0").unwrap_or(&Value::Null);
    let value = |pointer: &str| item.pointer(pointer).unwrap_or(&Value::Null).to_string();
    let found = format!(
        "{} {} {} {} {}",
        text(item, "/outcome"),
        value("/asked"),
        switch(item, ""),
        value("/overlaySwitch/nodes/total"),
        value("/overlaySwitch/nodes/ready")
    );
    stage.check(what, found, expected);
    ended(stage, what, said, code);
}

fn ended(stage: &mut Stage<'_>, what: &str, said: &Said, code: i32) {
    let items = said.answer.get("items").and_then(Value::as_array).map_or(0, Vec::len);
    stage.check(&format!("Networks in {what}"), items, 1);
    stage.check(&format!("end of {what}"), format!("{:?} {}", said.code, said.besides), format!("Some({code}) "));
}

/// Phase, verdict and reason, and one field more.
fn switch(item: &Value, more: &str) -> String {
    let word = |field: &str| match text(item, &format!("/overlaySwitch/{field}")) {
        "" => "-".to_owned(),
        word => word.to_owned(),
    };
    let fields = ["phase", "verdict", "reason", more];
    fields.into_iter().filter(|field| !field.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}
