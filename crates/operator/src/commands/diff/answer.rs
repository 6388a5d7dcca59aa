//! The answer: for people and for scripts.

use std::io::{self, Write};

use gardener_api::network_status::API_VERSION;
use serde::Serialize;
use serde_json::Value;

use super::compare::{Difference, Field, FieldChange};
use super::{CalicoNode, Change, What};
use crate::cli::Output;
use crate::diagnostics::Printable;

/// Everything that would change.
pub(super) struct Diff {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) bundle: &'static str,
    pub(super) changes: Vec<Change>,
    pub(super) unchanged: usize,
    pub(super) calico_node: CalicoNode,
}

/// So many fields of an object are listed for people.
const MOST_FIELDS: usize = 20;
/// So many characters of a value are.
const LONGEST_VALUE: usize = 60;

pub(super) fn write(out: &mut impl Write, diff: &Diff, output: Output) -> io::Result<()> {
    match output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, &item(diff))?;
            writeln!(out)
        }
        Output::Table => table(out, diff),
    }
}

fn table(out: &mut impl Write, diff: &Diff) -> io::Result<()> {
    let Diff { namespace, name, bundle, changes, unchanged, calico_node } = diff;
    writeln!(out, "Network {namespace}/{name}")?;
    line(out, "bundle", bundle)?;
    for Change { identity, what } in changes {
        line(out, label(what), &identity.to_string())?;
        let What::Changed(Difference { fields, descriptions }) = what else { continue };
        let hidden = identity.kind == "Secret";
        for field in fields.iter().take(MOST_FIELDS) {
            line(out, "", &sentence(field, hidden))?;
        }
        if fields.len() > MOST_FIELDS {
            line(out, "", &format!("and {} more, which `-o json` lists", fields.len() - MOST_FIELDS))?;
        }
        if *descriptions > 0 {
            line(out, "", &format!("{descriptions} descriptions"))?;
        }
    }
    let count = |is: fn(&What) -> bool| changes.iter().filter(|change| is(&change.what)).count();
    let summary = format!(
        "{} added, {} removed, {} changed, {unchanged} unchanged",
        count(|what| matches!(what, What::Added)),
        count(|what| matches!(what, What::Removed)),
        count(|what| matches!(what, What::Changed(_))),
    );
    line(out, "objects", &summary)?;
    match calico_node {
        CalicoNode::Starts => line(out, "calico-node", "its pods would start"),
        CalicoNode::Stays => line(out, "calico-node", "its pods would stay"),
        CalicoNode::Rolls(because) => {
            line(out, "calico-node", "its pods would be replaced, a few nodes at a time, because of")?;
            for path in because.iter().take(MOST_FIELDS) {
                line(out, "", path)?;
            }
            match because.len().saturating_sub(MOST_FIELDS) {
                0 => Ok(()),
                more => line(out, "", &format!("and {more} more, which `-o json` lists")),
            }
        }
    }
}

fn label(what: &What) -> &'static str {
    match what {
        What::Added => "added",
        What::Removed => "removed",
        What::Changed(_) => "changed",
    }
}

fn sentence(field: &Field, hidden: bool) -> String {
    let shown = |value: &Value| if hidden { "…".to_owned() } else { shown(value) };
    let path = if field.path.is_empty() { "the object" } else { &field.path };
    match &field.change {
        FieldChange::Added(value) => format!("{path}: added {}", shown(value)),
        FieldChange::Removed(value) => format!("{path}: removed {}", shown(value)),
        FieldChange::Changed(before, after) => format!("{path}: {} -> {}", shown(before), shown(after)),
        FieldChange::Reordered => format!("{path}: another order"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.lines().count() > 1 => format!("(a text of {} lines)", text.lines().count()),
        value => {
            let text = value.to_string();
            match text.char_indices().nth(LONGEST_VALUE) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}

fn line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {label:<16} {}", Printable(text))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiffItem<'a> {
    api_version: &'static str,
    kind: &'static str,
    namespace: &'a str,
    name: &'a str,
    bundle: &'static str,
    changes: Vec<ChangeItem<'a>>,
    unchanged: usize,
    calico_node: CalicoNodeItem<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeItem<'a> {
    change: &'static str,
    object: ObjectItem<'a>,
    fields: Vec<FieldItem<'a>>,
    descriptions: usize,
}

#[derive(Serialize)]
struct ObjectItem<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
struct FieldItem<'a> {
    path: &'a str,
    change: &'static str,
    from: Option<&'a Value>,
    to: Option<&'a Value>,
}

#[derive(Serialize)]
struct CalicoNodeItem<'a> {
    pods: &'static str,
    because: &'a [String],
}

fn item(diff: &Diff) -> DiffItem<'_> {
    let Diff { namespace, name, bundle, changes, unchanged, calico_node } = diff;
    DiffItem {
        api_version: API_VERSION,
        kind: "BundleDiff",
        namespace,
        name,
        bundle,
        changes: changes.iter().map(change_item).collect(),
        unchanged: *unchanged,
        calico_node: match calico_node {
            CalicoNode::Starts => CalicoNodeItem { pods: "Start", because: &[] },
            CalicoNode::Stays => CalicoNodeItem { pods: "Stay", because: &[] },
            CalicoNode::Rolls(because) => CalicoNodeItem { pods: "Roll", because },
        },
    }
}

fn change_item(change: &Change) -> ChangeItem<'_> {
    let identity = &change.identity;
    let (change, fields, descriptions) = match &change.what {
        What::Added => ("Added", Vec::new(), 0),
        What::Removed => ("Removed", Vec::new(), 0),
        What::Changed(Difference { fields, descriptions }) => {
            let hidden = identity.kind == "Secret";
            ("Changed", fields.iter().map(|field| field_item(field, hidden)).collect(), *descriptions)
        }
    };
    let object = ObjectItem {
        group: &identity.group,
        kind: &identity.kind,
        namespace: identity.namespace.as_deref(),
        name: &identity.name,
    };
    ChangeItem { change, object, fields, descriptions }
}

fn field_item(field: &Field, hidden: bool) -> FieldItem<'_> {
    let (change, from, to): (_, Option<&Value>, Option<&Value>) = match &field.change {
        FieldChange::Added(_) if hidden => ("Added", None, None),
        FieldChange::Removed(_) if hidden => ("Removed", None, None),
        FieldChange::Changed(..) if hidden => ("Changed", None, None),
        FieldChange::Added(to) => ("Added", None, Some(to)),
        FieldChange::Removed(from) => ("Removed", Some(from), None),
        FieldChange::Changed(from, to) => ("Changed", Some(from), Some(to)),
        FieldChange::Reordered => ("Reordered", None, None),
    };
    FieldItem { path: &field.path, change, from, to }
}
