//! Metrics and documents: every series is documented, and no document names one of controller-runtime's that we do not expose.
//! Names that are ours alone are checked with everything else that a document says. What the charts query is looked at as well, and
//! every alert must be in the documents.

use std::collections::BTreeSet;

use operator::process::metrics::table::{TABLE, WEBHOOK};

use crate::failure::Problem;
use crate::repository::Repository;

/// Where all of them are listed.
const PAGE: &str = "docs/metrics.md";

/// Where alerts are explained.
const OPERATIONS: &str = "docs/operations.md";

/// How foreign names begin. A word that begins so and is no series is a mistake.
const PREFIXES: [&str; 7] = [
    "certwatcher_",
    "controller_runtime_",
    "leader_election_master",
    "process_cpu_",
    "process_resident_",
    "rest_client_",
    "workqueue_",
];

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let names: BTreeSet<&str> = TABLE.iter().chain(WEBHOOK).map(|series| series.name).collect();
    let documents = repository.texts.iter().filter(|(path, _)| path.ends_with(".md"));
    let mut problems = judge(&names, documents.map(|(path, text)| (path.as_str(), text.as_str())));
    let queries = repository.texts.iter().filter(|(path, _)| {
        path.starts_with("charts/") && (path.contains("/alerts/") || path.contains("/dashboards/"))
    });
    let operations = repository.texts.get(OPERATIONS).map_or("", String::as_str);
    for (path, text) in queries {
        problems.extend(judge_queries(&names, path, text, operations));
    }
    problems
}

/// Queries of the charts: only series that are exposed, and alerts that the documents explain.
fn judge_queries(names: &BTreeSet<&str>, path: &str, text: &str, operations: &str) -> Vec<Problem> {
    let ours = |word: &str| word.starts_with("calico_") || PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    let unknown = words(text).filter(|word| ours(word) && !names.contains(without_suffix(word, names)));
    let unknown = unknown.map(|word| Problem::new(path, format!("queries `{word}`, which is not exposed")));
    let alerts = text.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let silent = alerts.filter(|alert| !operations.contains(&format!("| {alert} |")));
    let silent = silent.map(|alert| Problem::new(path, format!("alert `{alert}` is not in {OPERATIONS}")));
    unknown.chain(silent).collect()
}

fn judge<'a>(names: &BTreeSet<&str>, documents: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut missing = names.clone();
    for (path, text) in documents {
        for word in words(text) {
            if path == PAGE {
                missing.remove(word);
            }
            if PREFIXES.iter().any(|prefix| word.starts_with(prefix)) && !names.contains(without_suffix(word, names)) {
                problems.push(Problem::new(path, format!("names the metric `{word}`, which is not exposed")));
            }
        }
    }
    problems.extend(missing.into_iter().map(|name| Problem::new(PAGE, format!("does not name the metric `{name}`"))));
    problems
}

/// The series of a histogram have names of their own.
fn without_suffix<'a>(word: &'a str, names: &BTreeSet<&str>) -> &'a str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .filter_map(|suffix| word.strip_suffix(suffix))
        .find(|family| names.contains(family))
        .unwrap_or(word)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.contains('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(documents: &[(&str, &str)]) -> Vec<String> {
        let names = ["calico_overlay_switches", "workqueue_queue_duration_seconds"].into();
        judge(&names, documents.iter().copied()).iter().map(ToString::to_string).collect()
    }

    const COMPLETE: (&str, &str) = (PAGE, "| `calico_overlay_switches` | and `workqueue_queue_duration_seconds` |");

    #[test]
    fn a_document_may_name_what_is_exposed() {
        let other = ("docs/operations.md", "`rate(workqueue_queue_duration_seconds_bucket[5m])` and some_word");
        assert_eq!(problems(&[COMPLETE, other]), Vec::<String>::new());
    }

    #[test]
    fn a_metric_that_is_not_exposed_is_found() {
        let found = problems(&[COMPLETE, ("README.md", "watch `workqueue_depht`")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("README.md") && found[0].contains("`workqueue_depht`"), "{found:?}");
    }

    #[test]
    fn a_chart_queries_what_is_exposed_and_its_alerts_are_explained() {
        let names = ["calico_overlay_switches", "workqueue_queue_duration_seconds"].into();
        let judged = |text: &str| {
            let problems = judge_queries(&names, "charts/x/alerts/a.yaml", text, "| Known | critical |");
            problems.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            judged("- alert: Known\n  expr: sum(calico_overlay_switches{phase=\"x\"}) > 0"),
            Vec::<String>::new()
        );
        assert_eq!(judged("expr: rate(workqueue_queue_duration_seconds_bucket[5m])"), Vec::<String>::new());
        assert!(judged("expr: calico_overlay_swiches")[0].contains("`calico_overlay_swiches`"));
        assert!(judged("- alert: Unknown")[0].contains("`Unknown`"));
    }

    #[test]
    fn a_metric_that_is_not_documented_is_found() {
        let found = problems(&[(PAGE, "`calico_overlay_switches`")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`workqueue_queue_duration_seconds`"), "{found:?}");
    }
}
