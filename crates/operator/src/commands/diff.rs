//! `diff`: what would change in the shoot.

use std::collections::BTreeMap;
use std::io::{self, Write};

use calico_manifests::RenderError;
use serde_json::Value;

use super::rendering::{self, Rendering};
use super::{Ending, complain, note};
use crate::cli::DiffArguments;

mod answer;
mod compare;
mod normal;
mod previous;
mod roll;

use answer::Diff;
use compare::{Difference, differences};
use previous::Identity;
use roll::CalicoNode;

/// Runs the command.
///
/// # Errors
/// Only where the answer cannot be written.
pub fn run(arguments: &DiffArguments, out: &mut impl Write) -> io::Result<Ending> {
    let rendering = match rendering::of(&arguments.dump, &arguments.rendering) {
        Ok(rendering) => rendering,
        Err(ending) => return Ok(ending),
    };
    let before = match previous::read(&rendering, arguments.against.as_deref()) {
        Ok(before) => before,
        Err(diagnostic) => {
            complain(&diagnostic);
            return Ok(Ending::Invalid);
        }
    };
    let after = match written(&rendering) {
        Ok(after) => after,
        Err(defect) => {
            note(&format!("error: {defect}; please report it"));
            return Ok(Ending::Invalid);
        }
    };
    let diff = Diff {
        namespace: rendering.namespace,
        name: rendering.name,
        bundle: rendering.shows.code(),
        calico_node: roll::calico_node(&before, &after),
        changes: changes(&before, &after),
        unchanged: 0,
    };
    let unchanged = after.len() - diff.changes.iter().filter(|change| change.what != What::Removed).count();
    let diff = Diff { unchanged, ..diff };
    answer::write(out, &diff, arguments.output)?;
    Ok(if diff.changes.is_empty() { Ending::Fine } else { Ending::Changed })
}

/// Objects by what gardener-resource-manager takes for their identity.
type ByIdentity = BTreeMap<Identity, Value>;

/// What would happen to one object.
struct Change {
    identity: Identity,
    what: What,
}

#[derive(PartialEq)]
enum What {
    Added,
    Removed,
    Changed(Difference),
}

fn written(rendering: &Rendering) -> Result<ByIdentity, RenderError> {
    let objects = rendering.whole()?;
    Ok(objects.iter().map(|(key, object)| (Identity::from(key.clone()), object.clone())).collect())
}

/// Sorted by identity.
fn changes(before: &ByIdentity, after: &ByIdentity) -> Vec<Change> {
    let removed =
        before.keys().filter(|identity| !after.contains_key(identity)).map(|identity| (identity, What::Removed));
    let others = after.iter().filter_map(|(identity, object)| match before.get(identity) {
        None => Some((identity, What::Added)),
        Some(before) => {
            let difference = differences(&normal::form(before), &normal::form(object), compare::Prose::of(object));
            (!difference.is_empty()).then_some((identity, What::Changed(difference)))
        }
    });
    let mut changes: Vec<Change> =
        removed.chain(others).map(|(identity, what)| Change { identity: identity.clone(), what }).collect();
    changes.sort_by(|left, right| left.identity.cmp(&right.identity));
    changes
}
