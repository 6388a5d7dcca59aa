//! Recorded answers of the Go admission, over TLS. Where ours differs, it does so for a reason of `docs/deviations.md`, and as often as
//! is written here. `cargo xtask parity` compares every text of every rule; here the whole answer is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::real::skip::skip;
use crate::reviews::review;
use crate::webhook::Webhook;

/// The recorded cases; where there are none the test is skipped, which says so and is a failure in CI.
fn recorded() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/goldens");
    if folder.join("admission-golden.jsonl").is_file() {
        return Some(folder);
    }
    let text = format!("no recorded results of the Go admission in `{}`", folder.display());
    skip(&text);
    None
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_recorded_answer_is_ours_or_a_documented_deviation() {
    let Some(folder) = recorded() else { return };
    let golden: BTreeMap<String, Value> = lines(&folder.join("admission-golden.jsonl"))
        .into_iter()
        .map(|golden| (golden["id"].as_str().unwrap().to_owned(), golden))
        .collect();
    let webhook = Webhook::start().await;
    let mut connection = webhook.connect().await;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in lines(&folder.join("admission-cases.jsonl")) {
        let id = case["id"].as_str().unwrap();
        let body = review(case["operation"].as_str().unwrap(), &case["shoot"], &case["oldShoot"]).to_string();
        let answer = connection.review(body.as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "{id}");
        let response = answer.json()["response"].take();
        let go = &golden[id]["handler"];
        let ours = Said::of(&response["allowed"], &response["status"]["code"], &response["status"]["message"]);
        let theirs = Said::of(&go["allowed"], &go["code"], &go["message"]);
        *counts
            .entry(reason(&case, &theirs, &ours).unwrap_or_else(|| panic!("{id}: {theirs:?} {ours:?}")))
            .or_default() += 1;
    }
    let counts: Vec<(&str, usize)> = counts.into_iter().collect();
    assert_eq!(counts, EXPECTED);
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), golden.len());
}

const EXPECTED: [(&str, usize); 7] = [
    ("A1: nothing of ours changes, or it is being deleted", 50),
    ("A2, A3, A6: all that is wrong at once", 44),
    ("A2: the controller would refuse it", 13),
    ("A3: a list of networks", 3),
    ("A4: the path exists", 28),
    ("A6: undecodable, with a path", 27),
    ("equal", 440),
];

/// An answer: the texts of a denial are a set, since Go's order is random in places.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    allowed: bool,
    code: u64,
    texts: BTreeSet<String>,
    message: String,
}

impl Said {
    fn of(allowed: &Value, code: &Value, message: &Value) -> Self {
        let message = message.as_str().unwrap_or_default().to_owned();
        let list = message.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        // Each text begins with its path.
        let texts = match list {
            Some(list) => list.replace(", spec.", "\nspec.").split('\n').map(str::to_owned).collect(),
            None => [message.clone()].into_iter().filter(|text| !text.is_empty()).collect(),
        };
        Self { allowed: allowed.as_bool().unwrap(), code: code.as_u64().unwrap(), texts, message }
    }
}

const LIST: &str = "10.0.0.0/8,10.1.0.0/16";

/// Why both are right.
fn reason(case: &Value, go: &Said, ours: &Said) -> Option<&'static str> {
    let go_names_paths = go.texts.iter().all(|text| text.starts_with("spec."));
    if go == ours {
        return Some("equal");
    }
    let same = |pointer: &str| case["shoot"].pointer(pointer) == case["oldShoot"].pointer(pointer);
    let is_unchanged = case["oldShoot"].is_object() && ["/spec/networking", "/spec/kubernetes"].into_iter().all(same);
    let is_deleting = !case["shoot"]["metadata"]["deletionTimestamp"].is_null();
    if !go.allowed && ours.allowed {
        return if is_unchanged || is_deleting {
            Some("A1: nothing of ours changes, or it is being deleted")
        } else if go.texts.len() == 1 && go.message.contains(LIST) {
            Some("A3: a list of networks")
        } else {
            None
        };
    }
    let of_controller = |text: &String| {
        text.contains("configuration must not be specified if Shoot doesn't use")
            || text.contains("IP in IP carries IPv4 only")
    };
    if go.allowed && !ours.allowed {
        return ours.texts.iter().all(of_controller).then_some("A2: the controller would refuse it");
    }
    let repaired: BTreeSet<String> =
        go.texts.iter().map(|text| text.replace(".ipAutoDetectionMethod", ".ipAutodetectionMethod")).collect();
    if repaired == ours.texts {
        return Some("A4: the path exists");
    }
    if !go_names_paths && ours.texts.iter().any(|text| text.starts_with("spec.networking.providerConfig")) {
        return Some("A6: undecodable, with a path");
    }
    // A list of networks is no error of ours, and an error does not hide others.
    let rest: BTreeSet<String> = repaired.into_iter().filter(|text| !text.contains(LIST)).collect();
    rest.is_subset(&ours.texts).then_some("A2, A3, A6: all that is wrong at once")
}
