//! What would be written for one Network of a dump: the part that `render` and `diff` have in common.

use adapter_k8s::bundle::{self, Definitions};
use calico_manifests::{Objects, Plan, RenderError};
use calico_policy::OverlayVerdict;
use calico_policy::decision::Bundle;

use super::decide::{self, Answer, Item};
use super::{Ending, complain, definitions, note};
use crate::cli::{AsIf, DumpArguments, RenderingArguments};
use crate::diagnostics::Diagnostic;
use crate::dump::Dump;

/// What would be written.
pub(super) struct Rendering {
    /// Where it came from.
    pub(super) dump: Dump,
    /// `metadata.namespace` of the Network.
    pub(super) namespace: String,
    /// `metadata.name` of the Network.
    pub(super) name: String,
    /// Which bundle it is.
    pub(super) shows: Shows,
    /// What was rendered.
    pub(super) plan: Plan,
    /// The objects for the shoot, except [`definitions`](Self::definitions).
    pub(super) objects: Objects,
    /// Calico's definitions.
    pub(super) definitions: Definitions,
}

impl Rendering {
    /// Every object for the shoot, the definitions among them.
    pub(super) fn whole(&self) -> Result<Objects, RenderError> {
        let mut objects = self.objects.clone();
        for definition in self.definitions.objects() {
            objects.add(&definition)?;
        }
        Ok(objects)
    }
}

/// Which bundle is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// What the configuration asks for.
    Target,
    /// The same, and what stays until the switch is verified.
    FirstOfTwo,
    /// The same, with the encapsulation in effect.
    Held,
    /// What the configuration asks for, although a switch is held.
    TargetOfHold,
}

impl Shows {
    /// The stable name.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Target | Self::FirstOfTwo | Self::TargetOfHold => "Target",
            Self::Held => "Held",
        }
    }
}

/// Reads, decides and renders. Whatever there is to say about it is said on standard error.
///
/// # Errors
/// How the command ends where there is nothing to show.
pub(super) fn of(dump: &DumpArguments, arguments: &RenderingArguments) -> Result<Rendering, Ending> {
    let invalid = |diagnostic: Diagnostic| {
        complain(&diagnostic);
        Ending::Invalid
    };
    let definitions = definitions::read(arguments.crds.as_deref()).map_err(invalid)?;
    let (dump, items) = decide::read(dump).ok_or(Ending::Invalid)?;
    let item = only(items).map_err(invalid)?;
    let Item { namespace, name, answer } = item;
    // What is wrong with it has been said.
    let answer = answer.map_err(|_| Ending::Invalid)?;
    let Some((shows, dataplane)) = shown(&answer, arguments.as_if) else {
        note(&frozen(&answer));
        return Err(Ending::Held);
    };
    match shows {
        Shows::Target => {}
        Shows::FirstOfTwo => note(
            "note: calico-kube-controllers stay until the overlay switch is verified, and go with a second bundle; `--as-if proceed` \
             shows that one",
        ),
        Shows::Held => note(&format!(
            "note: the overlay switch is held ({}); shown is what would be applied now, with the encapsulation in effect; \
             `--as-if proceed` shows the target",
            reason(&answer)
        )),
        Shows::TargetOfHold => note(&format!(
            "note: the overlay switch is held ({}); shown is the target, which would not be applied now",
            reason(&answer)
        )),
    }
    let plan = answer.decided.plan(dataplane, &answer.network, &answer.shoot);
    let objects = bundle::objects(&plan, &definitions).map_err(|error| {
        note(&format!("error: {error}; please report it"));
        Ending::Invalid
    })?;
    Ok(Rendering { namespace, name, shows, plan, objects, definitions, dump })
}

fn shown(answer: &Answer, as_if: Option<AsIf>) -> Option<(Shows, &calico_policy::dataplane::Dataplane)> {
    let decision = &answer.decided.decision;
    match (as_if, decision.bundle) {
        (Some(AsIf::Proceed), Bundle::Held | Bundle::Frozen) => Some((Shows::TargetOfHold, &decision.target)),
        (Some(AsIf::Proceed), Bundle::Target) => Some((Shows::Target, &decision.target)),
        (None, Bundle::Target) => answer
            .decided
            .dataplane()
            .map(|due| (if *due == decision.target { Shows::Target } else { Shows::FirstOfTwo }, due)),
        (None, Bundle::Held) => answer.decided.dataplane().map(|held| (Shows::Held, held)),
        (None, Bundle::Frozen) => None,
    }
}

fn reason(answer: &Answer) -> String {
    answer.decided.decision.overlay.reason().unwrap_or_default().to_owned()
}

fn frozen(answer: &Answer) -> String {
    let decision = &answer.decided.decision;
    let why = match (&answer.decided.inexpressible, &decision.overlay) {
        (Some(inexpressible), _) => format!("a bundle rendered now would not keep what is in effect: {inexpressible}"),
        (None, OverlayVerdict::Hold(_)) => decision.overlay.message(),
        (None, _) => String::new(),
    };
    format!(
        "note: the bundle is frozen and nothing would be written ({}): {why}; `--as-if proceed` shows the target",
        reason(answer)
    )
}

/// The one Network that is meant.
fn only(mut items: Vec<Item>) -> Result<Item, Diagnostic> {
    let names: Vec<String> = items.iter().map(|item| format!("{}/{}", item.namespace, item.name)).collect();
    match (items.pop(), items.is_empty()) {
        (Some(item), true) => Ok(item),
        _ => Err(about_the_input(format!(
            "there are several Networks, name one with `--network NAMESPACE/NAME`: {}",
            names.join(", ")
        ))),
    }
}

pub(super) fn about_the_input(text: String) -> Diagnostic {
    Diagnostic { file: "input".to_owned(), position: None, path: String::new(), text, excerpt: None }
}
