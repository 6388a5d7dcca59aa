//! Would this query show anything? What a PromQL expression asks for beside the metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::label::Matcher;
use promql_parser::parser::token::{T_BOTTOMK, T_LAND, T_LOR, T_LUNLESS, T_TOPK};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{self, Expr, LabelModifier, VectorSelector};

use super::metrics::{Kind, Metric, TARGET_LABELS};

pub(super) type Known = BTreeMap<String, Metric>;
pub(super) type Labels = BTreeSet<String>;

/// Functions that make sense of a counter, and only of a counter.
const FOR_COUNTERS: [&str; 2] = ["rate", "increase"];

/// The metrics of an expression, and the labels that its result has.
///
/// Fails for what shows nothing or nonsense: no PromQL, a metric or label that does not exist, a counter without a rate, a
/// rate of something else, a summary without a quantile.
pub(super) fn inspect(expr: &str, known: &Known) -> Result<(BTreeSet<String>, Labels), String> {
    // Plutono fills these in; any duration will do here.
    let filled = expr.replace("$__rate_interval", "5m").replace("$__range", "1h");
    let parsed = parser::parse(&filled)?;
    let mut metrics = BTreeSet::new();
    let labels = result(&parsed, known, &mut metrics)?;
    Ok((metrics, labels))
}

fn result(expr: &Expr, known: &Known, metrics: &mut BTreeSet<String>) -> Result<Labels, String> {
    match expr {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Labels::new()),
        Expr::Paren(inner) => result(&inner.expr, known, metrics),
        Expr::Unary(inner) => result(&inner.expr, known, metrics),
        Expr::VectorSelector(selector) => selected(selector, None, known, metrics),
        Expr::Call(call) => match call.args.args.first().map(AsRef::as_ref) {
            Some(Expr::MatrixSelector(range)) => selected(&range.vs, Some(call.func.name), known, metrics),
            Some(first) => {
                for further in call.args.args.iter().skip(1) {
                    result(further, known, metrics)?;
                }
                result(first, known, metrics)
            }
            None => Ok(Labels::new()),
        },
        Expr::Aggregate(aggregation) => {
            let within = result(&aggregation.expr, known, metrics)?;
            let op = aggregation.op.id();
            match &aggregation.modifier {
                None if op == T_TOPK || op == T_BOTTOMK => Ok(within),
                None => Ok(Labels::new()),
                Some(LabelModifier::Include(by)) => among(&by.labels, &within),
                Some(LabelModifier::Exclude(_)) => Err("`without` hides which labels are left: use `by`".to_owned()),
            }
        }
        Expr::Binary(binary) => {
            let left = result(&binary.lhs, known, metrics)?;
            let right = result(&binary.rhs, known, metrics)?;
            let op = binary.op.id();
            let on = match binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref()) {
                Some(LabelModifier::Include(on)) => {
                    among(&on.labels, &left)?;
                    Some(among(&on.labels, &right)?)
                }
                Some(LabelModifier::Exclude(_)) => return Err("`ignoring` hides what is compared: use `on`".to_owned()),
                None => None,
            };
            let vectors = [&binary.lhs, &binary.rhs].map(|side| side.value_type() == ValueType::Vector);
            let keeps_left = op == T_LAND || op == T_LUNLESS || op == T_LOR;
            match (vectors, on) {
                ([false, _], _) => Ok(right),
                ([true, false], _) => Ok(left),
                ([true, true], _) if op == T_LOR => Ok(left),
                ([true, true], None) if left != right => Err(format!("{left:?} never matches {right:?}")),
                ([true, true], Some(on)) if !keeps_left => Ok(on),
                ([true, true], _) => Ok(left),
            }
        }
        Expr::MatrixSelector(_) => Err("a range outside a function".to_owned()),
        Expr::Subquery(_) | Expr::Extension(_) => Err("too clever for a dashboard".to_owned()),
    }
}

fn selected(
    selector: &VectorSelector,
    function: Option<&str>,
    known: &Known,
    metrics: &mut BTreeSet<String>,
) -> Result<Labels, String> {
    let name = selector.name.clone().ok_or("a selector without a metric")?;
    let metric = known.get(&name).ok_or_else(|| format!("`{name}` does not exist"))?;
    let rated = function.is_some_and(|function| FOR_COUNTERS.contains(&function));
    if rated != (metric.kind == Kind::Counter) {
        return Err(format!("`{name}` is a {:?}, read through {function:?}", metric.kind));
    }
    let mut labels: Labels = metric.labels.iter().chain(&TARGET_LABELS).map(|label| (*label).to_owned()).collect();
    let asked = || selector.matchers.matchers.iter().chain(selector.matchers.or_matchers.iter().flatten());
    if metric.kind == Kind::Summary {
        labels.insert("quantile".to_owned());
        // Calico's summaries have these three.
        let quantile = |it: &Matcher| it.name == "quantile" && ["0.5", "0.9", "0.99"].contains(&it.value.as_str());
        if !asked().any(quantile) {
            return Err(format!("`{name}` needs a quantile that exists"));
        }
    }
    among(&asked().map(|matcher| matcher.name.clone()).collect::<Vec<_>>(), &labels)?;
    metrics.insert(name);
    Ok(labels)
}

fn among(wanted: &[String], existing: &Labels) -> Result<Labels, String> {
    match wanted.iter().find(|label| !existing.contains(*label)) {
        Some(missing) => Err(format!("no label `{missing}`, only {existing:?}")),
        None => Ok(wanted.iter().cloned().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::dashboards::metrics;

    fn labels(expr: &str) -> Vec<String> {
        inspect(expr, &metrics::known()).unwrap().1.into_iter().collect()
    }

    #[test]
    fn the_labels_of_a_result_are_known() {
        assert_eq!(labels("felix_resync_state"), ["job", "node", "pod"]);
        assert_eq!(labels("count(felix_resync_state == 3) or vector(0)"), Vec::<String>::new());
        assert_eq!(labels("topk(3, sum by (node) (felix_resync_state))"), ["node"]);
        assert_eq!(labels(r#"typha_ping_latency{quantile="0.99"}"#), ["job", "node", "pod", "quantile", "syncer"]);
        assert_eq!(labels("bird_protocol_up == bool 0 and on (name) bird_protocol_prefix_import_count").len(), 8);
        assert_eq!(labels("sum by (node) (rate(felix_exec_time_micros_sum[$__rate_interval]))"), ["node"]);
    }

    #[test]
    fn what_would_show_nothing_is_refused() {
        for (expr, because) in [
            ("sum by (node) (felix_resync_state", "unclosed left parenthesis"),
            ("felix_resync_states", "`felix_resync_states` does not exist"),
            (r#"felix_resync_state{instance="a"}"#, "no label `instance`"),
            ("max by (type) (felix_resync_state)", "no label `type`"),
            ("sum by (pod) (sum by (node) (felix_resync_state))", "no label `pod`"),
            ("felix_log_errors", "`felix_log_errors` is a Counter"),
            ("rate(felix_resync_state[5m])", "`felix_resync_state` is a Gauge"),
            ("max(felix_exec_time_micros)", "needs a quantile"),
            (r#"max(felix_exec_time_micros{quantile="0.95"})"#, "needs a quantile"),
            ("felix_resync_state / sum(felix_resync_state)", "never matches"),
            ("bird_protocol_up and on (syncer) bird_protocol_up", "no label `syncer`"),
            ("sum without (node) (felix_resync_state)", "`without`"),
        ] {
            let error = inspect(expr, &metrics::known()).expect_err(expr).to_lowercase();
            assert!(error.contains(&because.to_lowercase()), "{expr}: {error}");
        }
    }
}
