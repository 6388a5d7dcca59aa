//! The answer for people: a line per shoot, and how many of each there are.

use std::io::{self, Write};

use adapter_k8s::report;

use super::{Item, Outcome};
use crate::commands::columns;
use crate::commands::decide::{Answer, ItemError};
use crate::commands::fleet::{self, Tally, UNKNOWN};

const HEADINGS: [&str; 6] = ["NAMESPACE", "NAME", "IN EFFECT", "ASKED", "OUTCOME", "BECAUSE"];

pub(super) fn write(out: &mut impl Write, items: &[Item]) -> io::Result<()> {
    let rows: Vec<_> = items.iter().map(row).collect();
    columns::write(out, HEADINGS, &rows)?;
    writeln!(out)?;
    summary(out, items)
}

fn row(item: &Item) -> [String; 6] {
    let name = [item.namespace.clone(), item.name.clone()];
    let [namespace, name] = name;
    match &item.answer {
        Err(ItemError { path, text, .. }) => {
            let unknown = || UNKNOWN.to_owned();
            let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
            [namespace, name, unknown(), unknown(), "error".to_owned(), format!("{path}{text}")]
        }
        Ok(answer) => {
            let decision = &answer.decided.decision;
            let from = fleet::encapsulation(&report::family_encapsulation(decision.from));
            let asked = if answer.assumed { "no" } else { "yes" };
            let outcome = Outcome::of(decision);
            [namespace, name, from, asked.to_owned(), outcome.code().to_owned(), because(answer, outcome)]
        }
    }
}

fn because(answer: &Answer, outcome: Outcome) -> String {
    let switch = report::overlay_switch(&answer.decided.decision);
    match outcome {
        Outcome::CanSwitch => {
            let nodes = switch.nodes.unwrap_or_default();
            format!("{} of {} nodes have a route", nodes.ready, nodes.total)
        }
        Outcome::CanSwitchUnverified => switch.reason.unwrap_or_default(),
        Outcome::Blocked => {
            let nodes = fleet::blocking(switch.nodes.as_ref()).map(|nodes| format!(": {nodes}"));
            format!("{}{}", switch.reason.unwrap_or_default(), nodes.unwrap_or_default())
        }
        Outcome::NoOverlay => String::new(),
    }
}

fn summary(out: &mut impl Write, items: &[Item]) -> io::Result<()> {
    let plural = if items.len() == 1 { "Network" } else { "Networks" };
    writeln!(out, "{} {plural}", items.len())?;
    for outcome in Outcome::ALL {
        let mut count = 0;
        let mut reasons = Tally::default();
        for decision in items.iter().filter_map(Item::decision).filter(|decision| Outcome::of(decision) == outcome) {
            count += 1;
            if let Some(reason) = decision.overlay.reason() {
                reasons.add(reason);
            }
        }
        if count > 0 {
            let reasons = reasons.to_string();
            let reasons = if reasons.is_empty() { reasons } else { format!(": {reasons}") };
            writeln!(out, "  {count} {outcome}{reasons}", outcome = outcome.code())?;
        }
    }
    match items.iter().filter(|item| item.answer.is_err()).count() {
        0 => Ok(()),
        count => writeln!(out, "  {count} cannot be judged"),
    }
}
