//! The answer for people: a line per Network, and how many of each there are.

use std::io::{self, Write};

use adapter_k8s::time;
use calico_policy::overlay::VerdictCode;
use calico_policy::time::Timestamp;

use super::Item;
use crate::commands::columns::{self, Columns};
use crate::commands::decide::ItemError;
use crate::commands::fleet::{self, Tally, UNKNOWN};

const HEADINGS: [&str; 8] =
    ["NAMESPACE", "NAME", "IN EFFECT", "WANTED", "PHASE", "HELD FOR", "WAITING FOR", "OPERATION"];

/// Cells of a line.
pub(super) type Row = [String; 8];

pub(super) fn write(out: &mut impl Write, items: &[Item], now: Timestamp) -> io::Result<()> {
    rows(out, items, now)?;
    writeln!(out)?;
    summary(out, items, now)
}

/// Writes headings and rows; later ones fit below them.
pub(super) fn rows(out: &mut impl Write, items: &[Item], now: Timestamp) -> io::Result<Columns<8>> {
    let rows: Vec<Row> = items.iter().map(|item| row(item, now)).collect();
    columns::write(out, HEADINGS, &rows)
}

pub(super) fn row(item: &Item, now: Timestamp) -> Row {
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
    [
        item.namespace.clone(),
        item.name.clone(),
        fleet::encapsulation(&item.in_effect),
        fleet::encapsulation(&item.wanted()),
        or_unknown(item.phase().map(str::to_owned)),
        or_unknown(held_for(item, now)),
        or_unknown(waiting_for(item)),
        operation(item),
    ]
}

/// The row of a Network that is gone.
pub(super) fn removed(item: &Item) -> Row {
    let unknown = || UNKNOWN.to_owned();
    let (namespace, name) = (item.namespace.clone(), item.name.clone());
    [namespace, name, unknown(), unknown(), unknown(), unknown(), unknown(), "removed".to_owned()]
}

fn held_for(item: &Item, now: Timestamp) -> Option<String> {
    let switch = item.switch.as_ref().filter(|switch| switch.verdict.as_deref() == Some(VerdictCode::Hold.code()))?;
    let since = switch.since.as_deref()?;
    let age = time::parse(since).map_or_else(|_| since.to_owned(), |since| age(now.0.saturating_sub(since.0)));
    Some(if item.is_overdue(now) { format!("{age}, overdue") } else { age })
}

/// Seconds in the unit in which people think of them.
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7_200 => format!("{}m", seconds / 60),
        seconds @ 7_200..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn waiting_for(item: &Item) -> Option<String> {
    let switch = item.switch.as_ref()?;
    let reason = switch.reason.as_deref();
    if !item.is_held() {
        return reason.map(str::to_owned);
    }
    let nodes = fleet::blocking(switch.nodes.as_ref());
    let words: Vec<String> = reason.map(str::to_owned).into_iter().chain(nodes).collect();
    Some(words.join(": ")).filter(|words| !words.is_empty())
}

fn operation(item: &Item) -> String {
    if let Some(ItemError { path, text, .. }) = &item.error {
        let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
        return format!("error: {path}{text}");
    }
    let mut text = match &item.operation {
        Some(operation) => format!("{} {}", operation.operation_type, operation.state),
        None => UNKNOWN.to_owned(),
    };
    if !item.up_to_date {
        text.push_str(", outdated");
    }
    let mut warnings: Vec<&str> = item.warnings.iter().map(|warning| warning.code.as_str()).collect();
    warnings.dedup();
    if !warnings.is_empty() {
        text.push_str("; ");
        text.push_str(&warnings.join(", "));
    }
    text
}

fn summary(out: &mut impl Write, items: &[Item], now: Timestamp) -> io::Result<()> {
    let plural = if items.len() == 1 { "Network" } else { "Networks" };
    writeln!(out, "{} {plural}", items.len())?;
    let (mut phases, mut reasons, mut encapsulations) = (Tally::default(), Tally::default(), Tally::default());
    let (mut held, mut overdue, mut unreadable) = (0, 0, 0);
    for item in items {
        if item.error.is_some() {
            unreadable += 1;
        }
        phases.add(item.phase().unwrap_or("not reported"));
        let in_effect = fleet::encapsulation(&item.in_effect);
        encapsulations.add(if in_effect == UNKNOWN { "unknown" } else { &in_effect });
        if item.is_held() {
            held += 1;
            let reason = item.switch.as_ref().and_then(|switch| switch.reason.as_deref());
            reasons.add(reason.unwrap_or("unknown"));
        }
        if item.is_overdue(now) {
            overdue += 1;
        }
    }
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "  in effect: {encapsulations}")?;
    writeln!(out, "  phases: {phases}")?;
    if held > 0 {
        let overdue = if overdue > 0 { format!(" ({overdue} overdue)") } else { String::new() };
        writeln!(out, "  {held} held{overdue}: {reasons}")?;
    }
    if unreadable > 0 {
        writeln!(out, "  {unreadable} cannot be read")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn an_age_is_told_in_one_unit() {
        for (seconds, expected) in
            [(-5, "0s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_799, "47h"), (172_800, "2d")]
        {
            assert_eq!(age(seconds), expected);
        }
    }
}
