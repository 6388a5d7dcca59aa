//! The part of the runbook that explains the codes of the status and of Events, a table for each set.
//!
//! Whoever adds a code must say here what it means, or this does not compile.

use std::fmt::Display;

use adapter_k8s::lease::LEADER_ELECTION;
use calico_policy::decision::Bundle;
use calico_policy::guard::GuardState;
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{Actor, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::privilege::{NodePrivilege, PrivilegedBecause};
use operator::commands::plan::Outcome;
use operator::controller::events::{NODES, UNVERIFIED, phase_reason};

const INTRODUCTION: &str = "\
### What the codes mean

`status.providerStatus` of a Network is made of them, and so are the answers of `decide`, `status` and `plan`, the labels of metrics and the
reasons of Events. Reasons and warnings follow below, caveats are in [non-privileged.md](non-privileged.md).
";

/// The section, with an empty line at its end.
pub(super) fn section() -> String {
    let modes = [NodePrivilege::NonPrivileged, NodePrivilege::Privileged(PrivilegedBecause::GateDisabled)];
    let because = PrivilegedBecause::ALL.iter().map(|because| (because, because.sentence()));
    let classes = NodeClass::ALL.iter().map(|class| (class, class.sentence()));
    let tables = [
        table("verdict", VerdictCode::ALL.iter().map(|code| (code, verdict(*code)))),
        table("phase", Phase::ALL.iter().map(|code| (code, phase(*code)))),
        table("bundle", Bundle::ALL.iter().map(|code| (code, bundle(*code)))),
        table("guard state", GuardState::ALL.iter().map(|code| (code, guard(*code)))),
        table("node class", classes),
        table("actor", Actor::ALL.iter().map(|code| (code, actor(*code)))),
        table("mode", modes.iter().map(|mode| (mode.code(), privilege(*mode)))),
        table("because", because),
        table("outcome of `plan`", Outcome::ALL.iter().map(|code| (code.code(), outcome(*code)))),
        events(),
    ];
    format!("{INTRODUCTION}{}", tables.concat())
}

fn table<C: Display>(name: &str, rows: impl Iterator<Item = (C, &'static str)>) -> String {
    let rows = rows.map(|(code, meaning)| format!("| `{code}` | {meaning} |\n"));
    format!("\n| {name} | meaning |\n|---|---|\n{}", rows.collect::<String>())
}

/// Events of the phases are named in the order in which a switch goes through them.
fn events() -> String {
    let phases = Phase::ALL.iter().map(|phase| match phase {
        Phase::Idle => format!("| `{}` | Network | no switch is open any more |\n", phase_reason(*phase)),
        phase => format!("| `{}` | Network | the switch has come to phase `{phase}` |\n", phase_reason(*phase)),
    });
    format!(
        "\n| reason of an Event | at | meaning |\n|---|---|---|\n{}\
         | `{NODES}` | Network | it waits for other nodes than before; at most once a minute |\n\
         | `{UNVERIFIED}` | Network | the annotation skip-route-check let it go ahead, for the reason in the message |\n\
         | `{LEADER_ELECTION}` | Lease | a replica leads, or has stopped leading |\n",
        phases.collect::<String>()
    )
}

const fn verdict(code: VerdictCode) -> &'static str {
    match code {
        VerdictCode::Unchanged => "no encapsulation that is in effect would go",
        VerdictCode::Proceed => "it goes: every node that counts has its route",
        VerdictCode::ProceedUnverified => "it goes without a look at routes; the reason says why",
        VerdictCode::Hold => "it stays; the reason says why",
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "no switch is open",
        Phase::Guarding => "held: the guard is not effective yet",
        Phase::Cleaning => "held: conditions that Calico wrote are being deleted",
        Phase::AwaitingRoutes => "held: nodes have no route yet",
        Phase::Switching => "the bundle without encapsulation is written, and not applied yet",
        Phase::Verifying => "it is applied; calico-node rolls, and routes must stay",
        Phase::Done => "every node runs without encapsulation",
        Phase::Reverting => "the overlay is to stay after all; the guard is taken away",
    }
}

const fn bundle(bundle: Bundle) -> &'static str {
    match bundle {
        Bundle::Target => "what was asked for is written",
        Bundle::Held => "what was asked for is written, with the encapsulation in effect",
        Bundle::Frozen => "nothing is written: what is in effect is unknown, or cannot be written down",
    }
}

const fn guard(state: GuardState) -> &'static str {
    match state {
        GuardState::Effective => "it keeps Calico from overwriting the condition",
        GuardState::NotEffective => "it does not, or is not there",
        GuardState::Unknown => "it is there, and whether it has an effect could not be tried",
        GuardState::NotObserved => "nobody looked",
        GuardState::Impossible => "no version of its API fits the shoot",
        GuardState::Disabled => "`overlaySwitch.guard.enabled` is `false`",
        GuardState::NotNeeded => "no switch is open",
    }
}

const fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::ShootOwner => "the owner of the shoot must act",
        Actor::LandscapeOperator => "the operator of the landscape must act",
        Actor::Nobody => "nobody, it resolves by itself",
        Actor::Us => "the authors of this extension must act: report it",
    }
}

const fn privilege(mode: NodePrivilege) -> &'static str {
    match mode {
        NodePrivilege::NonPrivileged => "the long-lived container of calico-node has no privileges and is not root",
        NodePrivilege::Privileged(_) => "it is privileged and root",
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::CanSwitch => "every node has a route: the encapsulation could go now",
        Outcome::CanSwitchUnverified => "it could go now without a look at routes; the reason says why",
        Outcome::Blocked => "it would stay; the reason says why",
        Outcome::NoOverlay => "there is no encapsulation that could go",
    }
}
