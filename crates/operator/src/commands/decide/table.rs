//! The answer for people: the verdict, why, who must act, what would change it, and the blocking nodes by class.

use std::collections::BTreeMap;
use std::io::{self, Write};

use adapter_k8s::decide::Decided;
use adapter_k8s::time;
use calico_policy::Decision;
use calico_policy::caveats::TABLE;
use calico_policy::encapsulation::{Encapsulation, IpFamily};
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{Actor, OverlayVerdict};
use calico_policy::survey::Survey;

use super::{Item, ItemError};

/// Writes one block per Network.
pub(super) fn write(out: &mut impl Write, items: &[Item]) -> io::Result<()> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "Network {}/{}", item.namespace, item.name)?;
        match &item.answer {
            Ok(answer) => write_decision(out, &answer.decided)?,
            Err(ItemError { text, .. }) => line(out, "invalid", text)?,
        }
    }
    Ok(())
}

fn write_decision(out: &mut impl Write, decided: &Decided) -> io::Result<()> {
    let Decided { decision, release: _, inexpressible } = decided;
    let mode = decision.privilege.mode;
    let privilege = match mode.because() {
        Some(because) => format!("{} ({because}): {}", mode.code(), because.sentence()),
        None => format!("{}: calico-node runs non-privileged and non-root", mode.code()),
    };
    line(out, "privilege", &privilege)?;
    for row in TABLE.iter().filter(|row| decision.privilege.caveats.contains(&row.caveat)) {
        line(out, "", &format!("caveat {}: {}", row.caveat, row.meaning))?;
    }

    let reason = decision.overlay.reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
    line(out, "overlay", &format!("{}{reason}: {}", decision.overlay.kind().code(), decision.overlay.message()))?;
    line(out, "encapsulation", &encapsulation(decision))?;
    line(out, "who must act", actor(decision.overlay.actor()))?;
    if let OverlayVerdict::Hold(hold) = &decision.overlay {
        line(out, "would change it", hold.reason.remedy())?;
        line(
            out,
            "held since",
            &format!("{}, overdue after {}", time::format(hold.since), time::format(hold.deadline)),
        )?;
    }
    line(out, "phase", &format!("{}, bundle {}", decision.phase, decision.bundle))?;
    if let Some(inexpressible) = inexpressible {
        line(
            out,
            "frozen because",
            &format!("a bundle rendered now would not keep what is in effect: {inexpressible}"),
        )?;
    }
    let api = decision.guard.api.map(|api| format!(" (admissionregistration.k8s.io/{api})")).unwrap_or_default();
    line(out, "guard", &format!("{}{api}", decision.guard.state))?;
    if let Some(survey) = &decision.survey {
        write_nodes(out, survey)?;
    }
    for warning in &decision.warnings {
        line(out, "warning", &format!("{}: {}", warning.code, warning.message))?;
    }
    Ok(())
}

fn encapsulation(decision: &Decision) -> String {
    let target = decision.target.encapsulations();
    let shown = |encapsulation: Option<Encapsulation>| encapsulation.map_or("unknown", Encapsulation::code);
    let families = IpFamily::ALL.iter().filter_map(|family| {
        let to = target.family(*family)?;
        let from = decision.from.family(*family);
        Some(if from == Some(to) { format!("{family} {to}") } else { format!("{family} {} -> {to}", shown(from)) })
    });
    families.collect::<Vec<_>>().join(", ")
}

const fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::ShootOwner => "the shoot owner",
        Actor::LandscapeOperator => "the landscape operator",
        Actor::Nobody => "nobody",
        Actor::Us => "the authors of this software: please report it",
    }
}

fn write_nodes(out: &mut impl Write, survey: &Survey) -> io::Result<()> {
    line(out, "nodes", &format!("{} of {} have a route", survey.ready(), survey.total))?;
    let mut named: BTreeMap<NodeClass, Vec<&str>> = BTreeMap::new();
    for node in &survey.waiting_for {
        named.entry(node.class).or_default().push(&node.name.0);
    }
    for (class, count) in survey.by_class.iter().filter(|(class, _)| **class != NodeClass::RouteCreated) {
        let names = named.get(class).map(|names| names.join(", ")).unwrap_or_default();
        let more = if named.get(class).map_or(0, Vec::len) < *count && !names.is_empty() { ", …" } else { "" };
        line(out, "", &format!("{count} {class}: {names}{more} ({})", class.sentence()))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {label:<16} {text}")
}
