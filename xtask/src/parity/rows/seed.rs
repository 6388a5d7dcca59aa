//! The objects of the seed.

use super::super::input::at;
use super::super::seed::DEPLOYED;
use super::super::{Case, Part};
use super::{Expects, Row, Value, only_if};

pub(super) const ROWS: &[Row] = &[Row {
    id: "D7",
    part: Part::Seed,
    rule: "no exporter",
    go: "BIRD is scraped whether or not its exporter is deployed, and still after it was switched off",
    ours: "the ScrapeConfig of BIRD is there if and only if the exporter is",
    why: "each job watches the shoot's API server, even where it can find nothing",
    expects: Expects::Values(|case, field| {
        only_if(field == "ScrapeConfig/shoot-calico-bird" && !has_exporter(case), DEPLOYED, Value::Null)
    }),
    count: 527,
}];

/// Asked for, and not left out because calico-node is non-privileged.
fn has_exporter(case: &Case) -> bool {
    let is_on = |pointer: &str| at(&case.input, pointer) == &Value::Bool(true);
    let privileged = !is_on("/featureGates/NonPrivilegedCalicoNode") || is_on("/networkConfig/ebpfDataplane/enabled");
    is_on("/networkConfig/birdExporter/enabled") && privileged
}
