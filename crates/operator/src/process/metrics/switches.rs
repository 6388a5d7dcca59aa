//! What was decided: how many Networks stand where, and for how long which switch has been held.
//!
//! The series with a namespace exist only while that shoot's switch is open, so their number stays small.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use calico_policy::Decision;
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::OverlayVerdict;
use calico_policy::phase::Phase;
use calico_policy::warning::WarningCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::table::Series;
use super::{Labels, register as register_series, table};
use crate::controller::{NetworkKey, WatchCounts};

/// What somebody should be woken up for. Other warnings are in the status only: a series for each would be there for good.
const WARNINGS: [WarningCode; 3] =
    [WarningCode::CalicoConditionCameBack, WarningCode::HoldOverdue, WarningCode::NodeLostRoute];

/// Remembers the last decision about each Network.
#[derive(Debug)]
pub struct SwitchMetrics {
    decisions: Family<Labels, Counter>,
    watches: Family<Labels, Gauge>,
    last: Mutex<BTreeMap<NetworkKey, Last>>,
}

/// What is exposed of the last decision about a Network.
#[derive(Clone, Debug)]
struct Last {
    phase: Phase,
    mode: &'static str,
    because: &'static str,
    nodes: BTreeMap<NodeClass, usize>,
    held: Option<Held>,
    warnings: Vec<WarningCode>,
}

#[derive(Clone, Debug)]
struct Held {
    reason: String,
    since: i64,
}

impl SwitchMetrics {
    /// A decision was made.
    pub fn decided(&self, key: &NetworkKey, decision: &Decision) {
        let (verdict, reason) = (decision.overlay.kind().code(), decision.overlay.reason().unwrap_or_default());
        self.decisions.get_or_create(&vec![("verdict", verdict.to_owned()), ("reason", reason.to_owned())]).inc();
        let open = !matches!(decision.phase, Phase::Idle | Phase::Done);
        let held = match &decision.overlay {
            OverlayVerdict::Hold(hold) => Some(Held { reason: reason.to_owned(), since: hold.since.0 }),
            OverlayVerdict::Unchanged | OverlayVerdict::Proceed(_) | OverlayVerdict::ProceedUnverified(_) => None,
        };
        let survey = decision.survey.as_ref().filter(|_| open);
        let last = Last {
            phase: decision.phase,
            mode: decision.privilege.mode.code(),
            because: decision.privilege.mode.because().map_or("", |because| because.code()),
            nodes: survey
                .map(|survey| survey.by_class.iter().map(|(class, nodes)| (*class, *nodes)).collect())
                .unwrap_or_default(),
            held,
            warnings: decision
                .warnings
                .iter()
                .map(|warning| warning.code)
                .filter(|code| WARNINGS.contains(code))
                .collect(),
        };
        self.lock().insert(key.clone(), last);
    }

    /// A Network is gone, or no longer ours.
    pub fn forgotten(&self, key: &NetworkKey) {
        self.lock().remove(key);
    }

    /// The nodes of so many shoots are watched, wait for it, or could not be.
    pub fn watching(&self, counts: WatchCounts) {
        let WatchCounts { watched, queued, failed } = counts;
        for (state, shoots) in [("watched", watched), ("queued", queued), ("failed", failed)] {
            let shoots = i64::try_from(shoots).unwrap_or(i64::MAX);
            self.watches.get_or_create(&vec![("state", state.to_owned())]).set(shoots);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NetworkKey, Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Registers the series.
pub(super) fn register(registry: &mut Registry) -> Arc<SwitchMetrics> {
    let decisions = Family::default();
    register_series(registry, &table::OVERLAY_SWITCH_TOTAL, decisions.clone());
    let watches = Family::default();
    register_series(registry, &table::OVERLAY_SWITCH_NODE_WATCHES, watches.clone());
    let switches = Arc::new(SwitchMetrics { decisions, watches, last: Mutex::default() });
    switches.watching(WatchCounts::default());
    registry.register_collector(Box::new(Arc::clone(&switches)));
    switches
}

impl Collector for SwitchMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
        for (series, values) in values(&self.lock(), now) {
            let mut family = super::text::family(&mut encoder, series)?;
            for (labels, value) in values {
                ConstGauge::<f64>::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

type Values = BTreeMap<Labels, f64>;

/// The values of the gauges at this Unix time.
fn values(last: &BTreeMap<NetworkKey, Last>, now: f64) -> [(&'static Series, Values); 5] {
    let (mut phases, mut nodes, mut holds, mut modes) = (Values::new(), Values::new(), Values::new(), Values::new());
    let mut warnings = Values::new();
    for phase in Phase::ALL {
        phases.insert(vec![("phase", phase.code().to_owned())], 0.0);
    }
    for (key, last) in last {
        let namespace = || ("namespace", key.namespace.clone());
        *phases.entry(vec![("phase", last.phase.code().to_owned())]).or_default() += 1.0;
        *modes.entry(vec![("mode", last.mode.to_owned()), ("because", last.because.to_owned())]).or_default() += 1.0;
        for (class, count) in &last.nodes {
            let count = u32::try_from(*count).map_or(f64::from(u32::MAX), f64::from);
            *nodes.entry(vec![namespace(), ("class", class.code().to_owned())]).or_default() += count;
        }
        if let Some(held) = &last.held {
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into a double")]
            let seconds = (now - held.since as f64).max(0.0);
            holds.insert(vec![namespace(), ("reason", held.reason.clone())], seconds);
        }
        for code in &last.warnings {
            warnings.insert(vec![namespace(), ("code", code.code().to_owned())], 1.0);
        }
    }
    [
        (&table::OVERLAY_SWITCHES, phases),
        (&table::OVERLAY_SWITCH_NODES, nodes),
        (&table::OVERLAY_SWITCH_HOLD, holds),
        (&table::OVERLAY_SWITCH_WARNINGS, warnings),
        (&table::NODE_PRIVILEGE_MODE, modes),
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use calico_policy::time::Timestamp;
    use gardener_api::controller_configuration::ControllerConfiguration;
    use gardener_api::image_vector::ImageVector;

    use super::*;
    use crate::commands::decide::{Options, decide as decide_dump};
    use crate::dump::{self, Inputs};

    /// 2026-11-24T10:00:00Z.
    const NOW: i64 = 1_795_514_400;

    /// Tells the metrics about the story `held`: two of six nodes have no route.
    pub(in crate::process::metrics) fn decide(metrics: &SwitchMetrics) {
        tell(metrics, &key(), "held", NOW);
    }

    /// The same about another Network, held for longer than its deadline.
    pub(in crate::process::metrics) fn decide_overdue(metrics: &SwitchMetrics) {
        tell(metrics, &late(), "no-route-writer", NOW + 60 * 60);
    }

    fn tell(metrics: &SwitchMetrics, key: &NetworkKey, story: &str, now: i64) {
        let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(story);
        let inputs = Inputs { files: vec![story], nodes: Vec::new() };
        let dump = dump::read(&inputs, &mut std::io::empty()).unwrap();
        let options = Options {
            configuration: ControllerConfiguration::default(),
            image_vector: ImageVector::built_in("0"),
            now: Timestamp(now),
            unobserved_guard: adapter_k8s::settings::UnobservedGuard::Reported,
            assumption: crate::commands::decide::Assumption::Nothing,
        };
        let items = decide_dump(&dump, &options).unwrap();
        metrics.decided(key, items[0].decision().unwrap());
    }

    #[test]
    fn each_held_shoot_is_watched_or_it_says_why_not() {
        let metrics = crate::process::metrics::Metrics::new();
        metrics.switches.watching(WatchCounts { watched: 100, queued: 7, failed: 2 });
        let text = metrics.text().unwrap();
        for (state, shoots) in [("watched", 100), ("queued", 7), ("failed", 2)] {
            let line = format!("calico_overlay_switch_node_watches{{state=\"{state}\"}} {shoots}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
    }

    fn key() -> NetworkKey {
        NetworkKey { namespace: "shoot--foo--bar".to_owned(), name: "bar".to_owned() }
    }

    fn late() -> NetworkKey {
        NetworkKey { namespace: "shoot--foo--late".to_owned(), name: "late".to_owned() }
    }

    /// Label values and value of every sample, per series.
    fn seen(metrics: &SwitchMetrics, now: f64) -> Vec<(&'static str, Vec<(String, f64)>)> {
        let seen = values(&metrics.lock(), now).into_iter().map(|(series, values)| {
            let samples = values.into_iter().filter(|(_, value)| *value != 0.0).map(|(labels, value)| {
                let labels: Vec<String> = labels.into_iter().map(|(_, value)| value).collect();
                (labels.join(","), value)
            });
            (series.name, samples.collect())
        });
        seen.collect()
    }

    #[test]
    fn a_hold_past_its_deadline_has_its_series() {
        let metrics = register(&mut Registry::default());
        decide_overdue(&metrics);
        let warnings =
            || seen(&metrics, 0.0).into_iter().find(|(name, _)| *name == "calico_overlay_switch_warnings").unwrap().1;
        assert_eq!(warnings(), [("shoot--foo--late,HoldOverdue".to_owned(), 1.0)]);
        metrics.forgotten(&late());
        assert_eq!(warnings(), []);
    }

    #[test]
    fn an_open_switch_has_its_series_until_the_network_is_gone() {
        let metrics = register(&mut Registry::default());
        decide(&metrics);
        let sample = |labels: &str, value: f64| (labels.to_owned(), value);
        assert_eq!(
            seen(&metrics, 1_795_514_490.0),
            [
                ("calico_overlay_switches", vec![sample("AwaitingRoutes", 1.0)]),
                (
                    "calico_overlay_switch_nodes",
                    vec![
                        sample("shoot--foo--bar,NoCondition", 1.0),
                        sample("shoot--foo--bar,RouteCreated", 4.0),
                        sample("shoot--foo--bar,WrittenByCalico", 1.0),
                    ]
                ),
                ("calico_overlay_switch_hold_seconds", vec![sample("shoot--foo--bar,RoutesMissing", 90.0)]),
                ("calico_overlay_switch_warnings", vec![]),
                ("calico_node_privilege_mode", vec![sample("Privileged,GateDisabled", 1.0)]),
            ]
        );
        decide(&metrics);
        let decisions = vec![("verdict", "Hold".to_owned()), ("reason", "RoutesMissing".to_owned())];
        assert_eq!(metrics.decisions.get_or_create(&decisions).get(), 2);
        metrics.forgotten(&key());
        assert!(seen(&metrics, 0.0).iter().all(|(_, samples)| samples.is_empty()));
    }
}
