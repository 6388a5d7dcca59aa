//! Metrics and documents: every series is documented, and no document names one of controller-runtime's that we do not expose.
//! Names that are ours alone are checked with everything else that a document says.

use std::collections::BTreeSet;

use operator::process::metrics::table::{TABLE, WEBHOOK};

use crate::failure::Problem;
use crate::repository::Repository;

/// Where all of them are listed.
const PAGE: &str = "docs/metrics.md";

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
    judge(&names, documents.map(|(path, text)| (path.as_str(), text.as_str())))
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
    fn a_metric_that_is_not_documented_is_found() {
        let found = problems(&[(PAGE, "`calico_overlay_switches`")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`workqueue_queue_duration_seconds`"), "{found:?}");
    }
}
