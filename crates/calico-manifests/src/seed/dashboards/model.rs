//! What a dashboard says, without how Plutono spells it.
//!
//! A panel cannot be made without a sentence on what it shows and one on what to do about it: a curve that nobody knows
//! how to act upon is not worth its place.

/// One dashboard. `to_json` (in the module `json`) turns it into what Plutono reads.
#[derive(Debug)]
pub struct Dashboard {
    /// Part of its address: bookmarks and links from elsewhere hold it.
    pub(super) uid: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) monitoring: Monitoring,
    pub(super) variables: Vec<Variable>,
    pub(super) rows: Vec<Row>,
}

/// Whose Plutono shows a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Monitoring {
    /// That of a shoot, with the metrics of its Calico.
    Shoot,
    /// That of the seed, with the metrics of this extension.
    Seed,
}

/// A drop-down of label values; several can be chosen, and all are at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable {
    /// Queries use it as `label=~"$name"`.
    pub(super) name: &'static str,
    /// The values are those that this label …
    pub(super) label: &'static str,
    /// … has in this metric.
    pub(super) metric: &'static str,
}

/// Panels under a heading.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) fold: Fold,
    pub(super) panels: Vec<Panel>,
}

/// Whether a row shows its panels when the dashboard is opened. A folded row does not run its queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Open,
    /// For what most shoots do not use.
    Folded,
}

/// One picture.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    /// What the figures are.
    pub(super) shows: &'static str,
    /// What a person should do about them, and when.
    pub(super) act: &'static str,
    pub(super) form: Form,
    pub(super) unit: Unit,
    pub(super) limits: Limits,
    pub(super) queries: Vec<Query>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The latest value, large.
    Number,
    /// One line per series.
    Lines,
    /// Series on top of each other, where their sum means something.
    Areas,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number of things.
    Count,
    PerSecond,
    Seconds,
    Microseconds,
    Bytes,
    /// 0 to 1, shown as 0 % to 100 %.
    Share,
}

impl Unit {
    /// Plutono's identifier.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::PerSecond => "ops",
            Self::Seconds => "s",
            Self::Microseconds => "µs",
            Self::Bytes => "bytes",
            Self::Share => "percentunit",
        }
    }
}

/// Where a figure becomes a reason to look, or to act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limits {
    /// There is no such value: it depends on the cluster.
    None,
    /// At and above this, something is wrong.
    Critical(f64),
    /// At and above the first, look; at and above the second, act.
    Raised(f64, f64),
}

/// A PromQL expression and what its series are called. Empty for the only series of a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    pub(super) expr: &'static str,
    pub(super) legend: &'static str,
}

pub(super) fn query(legend: &'static str, expr: &'static str) -> Query {
    Query { expr, legend }
}
