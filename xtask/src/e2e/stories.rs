//! The stories: what happens to the landscape, and what must be found at the end. What the controller does is its own affair.

mod accidents;
mod admitted;
mod admitted_by_service;
mod churn;
mod client_go;
mod go;
mod installed;
mod life;
mod looked_at;
mod moves;
mod recorded;
mod second_thoughts;
mod server_errors;
mod switch;
mod unreadable;
mod upgrade;

use super::scene::Scene;
use super::stage::Stage;
use super::trouble::Trouble;
use crate::envtest::Release;

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Story {
    /// A shoot is created, reconciled and deleted
    Life,
    /// A shoot that cannot be reached is deleted by force
    ForceDelete,
    /// The overlay goes while calico-node starts and stops on every node, in every phase
    Switch,
    /// The overlay goes although the route writer says at first that there is no route; the provider has a guard of its own
    ColdStart,
    /// With the feature gate off the overlay goes before there is a route: the monitor must see it
    Ungated,
    /// The overlay goes from a shoot without nodes
    ZeroNodes,
    /// While a switch is held nodes join, leave, and come again under their names
    Churn,
    /// The API servers of shoot and seed crash and come back, in a hold and right after the last route
    ServerCrash,
    /// The controller is killed in every phase and started again
    Killed,
    /// The leader hangs in a hold, another replica ends the switch, and the old one must not write when it goes on
    LeaderChange,
    /// A replica with client-go's election and one of ours take turns at one Lease
    ClientGo,
    /// The Secrets cannot be read
    UnreadableSecret,
    /// The ManagedResources cannot be read
    UnreadableManagedResource,
    /// The nodes cannot be read
    UnreadableNodes,
    /// In a hold the API server of the shoot answers with errors only, then not at all, then well again
    ServerErrors,
    /// The overlay is turned on again in a hold, after the route writer has tainted nodes
    CalledOff,
    /// The shoot is hibernated in a hold and wakes up
    Hibernated,
    /// The control plane moves in a hold, with our record
    Restore,
    /// The control plane moves in a hold, and our record is lost
    RestoreWithoutRecord,
    /// The Go extension was started again in a hold, and then we
    Go,
    /// A shoot of the Go extension is taken over, and given back to it
    Upgrade,
    /// The extension's chart is installed, and a pod of its Deployment serves a shoot with the rights of its ServiceAccount
    Installed,
    /// In a hold and around it, `status`, `plan` and `decide` look at the seed with the role for people
    LookedAt,
    /// The charts of the admission are installed, and an API server asks a pod of the Deployment about Shoots
    Admitted,
    /// The same where garden and runtime cluster are one: its API server finds the pod by a Service
    AdmittedByService,
}

impl Story {
    /// Whether Helm is needed.
    pub(super) fn installs_charts(self) -> bool {
        matches!(self, Self::Installed | Self::LookedAt | Self::Admitted | Self::AdmittedByService)
    }
}

/// Tells a story.
pub(super) async fn play(story: Story, stage: &mut Stage<'_>) -> Result<(), Trouble> {
    match story {
        Story::Life => life::life(stage).await,
        Story::ForceDelete => life::force_delete(stage).await,
        Story::Switch => switch::provoked(stage).await,
        Story::ColdStart => switch::cold_start(stage).await,
        Story::Ungated => switch::ungated(stage).await,
        Story::ZeroNodes => switch::zero_nodes(stage).await,
        Story::Churn => churn::churn(stage).await,
        Story::ServerCrash => accidents::server_crash(stage).await,
        Story::Killed => accidents::killed(stage).await,
        Story::LeaderChange => accidents::leader_change(stage).await,
        Story::ClientGo => client_go::client_go(stage).await,
        Story::UnreadableSecret => unreadable::secret(stage).await,
        Story::UnreadableManagedResource => unreadable::managed_resource(stage).await,
        Story::UnreadableNodes => unreadable::nodes(stage).await,
        Story::ServerErrors => server_errors::server_errors(stage).await,
        Story::CalledOff => second_thoughts::called_off(stage).await,
        Story::Hibernated => second_thoughts::hibernated(stage).await,
        Story::Restore => moves::with_record(stage).await,
        Story::RestoreWithoutRecord => moves::without_record(stage).await,
        Story::Go => go::go(stage).await,
        Story::Upgrade => upgrade::upgrade(stage).await,
        Story::Installed => installed::installed(stage).await,
        Story::Admitted => admitted::admitted(stage).await,
        Story::AdmittedByService => admitted_by_service::admitted_by_service(stage).await,
        Story::LookedAt => looked_at::looked_at(stage).await,
    }
}

/// A switch that waits for routes, with the guard in force.
async fn hold(stage: &mut Stage<'_>) -> Result<Scene, Trouble> {
    stage.turn_overlay_off().await?;
    stage.until_held("AwaitingRoutes Hold RoutesMissing Held").await
}

/// The overlay is as it was.
fn is_overlaid(stage: &mut Stage<'_>, scene: &Scene) {
    stage.check("pool", &scene.pool, "Always");
}

/// The guard is in force, in the version that this release serves.
fn is_guarded(stage: &mut Stage<'_>, scene: &Scene) {
    let effective = match stage.lane.settings.release {
        Release::V1_36 => "Effective v1",
        Release::V1_34 => "Effective v1beta1",
    };
    stage.check("guard", &scene.guard, effective);
}

/// The overlay is gone from every node, each of which has a route.
async fn is_native(stage: &mut Stage<'_>, operation: &str, nodes: u8) -> Result<Scene, Trouble> {
    stage.until_done().await?;
    let scene = stage.until("the operation has ended", |scene| scene.operation == operation).await?;
    let read = stage.look().await?;
    stage.check("last operation", &scene.operation, operation);
    stage.check("switch", &read.switch, "Done Unchanged - Target");
    stage.check("encapsulation", &read.encapsulation, "None -> None");
    stage.check("pool", &read.pool, "Never");
    stage.check("nodes", &read.nodes, format!("{nodes} RouteCreated"));
    stage.check("calico-node", &read.rollout, format!("{nodes}/{nodes}"));
    stage.check("bundle", &read.applied, "True ApplySucceeded");
    Ok(read)
}
