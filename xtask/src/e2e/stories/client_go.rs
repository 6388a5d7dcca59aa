//! `client-go`: a replica with client-go's election and one of ours take turns at one Lease, as in a landscape that goes from the Go
//! extension to this one, or back. Who does not hold it does nothing.

use std::time::Duration;

use calico_policy::time::Timestamp;
use fake_apiserver::world::kinds;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::e2e::client_go::{ClientGo, LEASE_DURATION};
use crate::e2e::controller::{Election, LEASE_NAME, LEASE_NAMESPACE};
use crate::e2e::landscape::NAME;
use crate::e2e::lane::LEASE;
use crate::e2e::scene::text;
use crate::e2e::stage::{MACHINES, Stage};
use crate::e2e::trouble::Trouble;

const WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn client_go(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let mut theirs = ClientGo::start(stage, "go-first")?;
    theirs.says("leads").await?;
    stage.start_controller(Election::On)?;
    stage.start_machines(MACHINES);
    let requested = stage.deploy().await?;
    waits_for(stage, "go-first").await?;
    let held = renewed_twice(stage, "go-first").await?;
    stage.check("transitions", transitions(&held), 0);
    let network = stage.seed().get(&kinds::NETWORK, stage.namespace(), NAME).await?.unwrap_or_default();
    stage.check("request", text(&network, "/metadata/annotations/gardener.cloud~1operation"), "reconcile");
    stage.check("finalizers", network.pointer("/metadata/finalizers").is_some(), false);
    stage.check("status", network.pointer("/status").is_some(), false);

    // It crashes: its lease is respected to the end.
    theirs.kill().await?;
    let ours = lease(stage, "ours holds the Lease", |lease| holder(lease) != "go-first").await?;
    let end = time(&held, "/spec/renewTime")?.0.saturating_add_unsigned(LEASE_DURATION.as_secs());
    stage.check("waited for its end", time(&ours, "/spec/acquireTime")?.0 >= end, true);
    stage.check("transitions", transitions(&ours), 1);
    stage.gardenlet.wait_until_ready(&requested).await?;

    let me = holder(&ours).to_owned();
    let mut theirs = ClientGo::start(stage, "go-second")?;
    theirs.says(&format!("sees {me}")).await?;
    let held = renewed_twice(stage, &me).await?;
    stage.check("transitions", transitions(&held), 1);
    stage.check("client-go leads beside us", theirs.has_said("leads"), false);

    // Ours gives it back: nobody waits for the end of a lease.
    for controller in stage.controllers.drain(..) {
        controller.stop().await?;
    }
    let released = lease(stage, "the Lease", |_| true).await?;
    stage.check("still ours", holder(&released) == me, false);
    theirs.says("leads").await?;
    let held = renewed_twice(stage, "go-second").await?;
    stage.check("transitions", transitions(&held), 2);

    // And so does client-go.
    stage.start_controller(Election::On)?;
    waits_for(stage, "go-second").await?;
    let requested = stage.deploy().await?;
    theirs.stop().await?;
    let ours = lease(stage, "ours holds the Lease again", |lease| !["", "go-second"].contains(&holder(lease))).await?;
    stage.check("transitions", transitions(&ours), 3);
    stage.check("lease duration", text_of(&ours, "/spec/leaseDurationSeconds"), "15");
    stage.gardenlet.wait_until_ready(&requested).await?;
    let scene = stage.until("the operation has ended", |scene| scene.operation == "Reconcile Succeeded 100").await?;
    stage.check("pool", &scene.pool, "Always");
    Ok(())
}

/// Waits until ours says that it waits for this holder.
async fn waits_for(stage: &mut Stage<'_>, holder: &str) -> Result<(), Trouble> {
    let started = Instant::now();
    loop {
        let Some(controller) = stage.controllers.last_mut() else {
            return Err(Trouble::Other("no controller runs".to_owned()));
        };
        controller.still_runs()?;
        let log = controller.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut waits = lines.filter(|line| line.get("msg").is_some_and(|said| said == "waiting for the lease"));
        if waits.any(|line| line.get("holder").is_some_and(|named| named == holder)) {
            return Ok(());
        }
        if started.elapsed() > WITHIN {
            return Err(Trouble::InVain { what: format!("ours waits for `{holder}`"), seen: log });
        }
        sleep(LOOK).await;
    }
}

/// Waits until a holder has renewed twice: whoever wanted to take the Lease from it would have.
async fn renewed_twice(stage: &Stage<'_>, of: &str) -> Result<Value, Trouble> {
    let mut found = lease(stage, of, |lease| holder(lease) == of).await?;
    for _ in 0..2 {
        let before = text(&found, "/spec/renewTime").to_owned();
        found = lease(stage, "a renewal", |lease| text(lease, "/spec/renewTime") != before).await?;
    }
    if holder(&found) == of {
        return Ok(found);
    }
    Err(Trouble::Other(format!("`{}` took the Lease from `{of}`", holder(&found))))
}

/// Waits until the Lease is like this.
async fn lease(stage: &Stage<'_>, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value, Trouble> {
    let started = Instant::now();
    loop {
        let found = stage.seed().get(&LEASE, LEASE_NAMESPACE, LEASE_NAME).await?.unwrap_or_default();
        if is_so(&found) {
            return Ok(found);
        }
        if started.elapsed() > WITHIN {
            return Err(Trouble::InVain { what: what.to_owned(), seen: found.to_string() });
        }
        sleep(LOOK).await;
    }
}

fn holder(lease: &Value) -> &str {
    text(lease, "/spec/holderIdentity")
}

fn transitions(lease: &Value) -> String {
    text_of(lease, "/spec/leaseTransitions")
}

fn text_of(lease: &Value, pointer: &str) -> String {
    lease.pointer(pointer).unwrap_or(&Value::Null).to_string()
}

fn time(lease: &Value, pointer: &str) -> Result<Timestamp, Trouble> {
    let text = text(lease, pointer);
    adapter_k8s::time::parse(text).map_err(|error| Trouble::Other(format!("`{text}` is no time: {error}")))
}
