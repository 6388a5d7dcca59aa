//! Dumps that were damaged at random: each is refused with a text, or decided with an answer that its schema describes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod support;

use std::fs;
use std::sync::LazyLock;

use calico_policy::time::Timestamp;
use gardener_api::controller_configuration::ControllerConfiguration;
use gardener_api::image_vector::ImageVector;
use jsonschema::Validator;
use operator::commands::decide::list::DecisionList;
use operator::commands::decide::{Options, decide};
use operator::diagnostics::{Diagnostic, Style};
use operator::dump::{Inputs, read};
use proptest::prelude::*;
use proptest::sample::Index;

/// The stories of `examples/`, each as one text, and what kubectl prints in other forms.
static DUMPS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut dumps = vec![
        br#"{"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [{"metadata": {"name": "b"}, "status": {"conditions": [{"type": "Ready"}]}}]}"#.to_vec(),
        br#"{"apiVersion": "v1", "items": [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "uid": "u"}}], "kind": "List"}"#.to_vec(),
        b"apiVersion: calico.networking.extensions.gardener.cloud/v1alpha1\nkind: NetworkConfig\nbackend: bird\n".to_vec(),
    ];
    for (story, _) in support::STORIES {
        let mut files: Vec<_> = fs::read_dir(support::root().join("examples").join(story))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .collect();
        files.sort();
        dumps.push(files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>().join(&b"---\n"[..]));
    }
    dumps
});

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = fs::read(support::root().join("docs/decision-list.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap()
});

static OPTIONS: LazyLock<Options> = LazyLock::new(|| Options {
    configuration: ControllerConfiguration::default(),
    image_vector: ImageVector::built_in("v0.0.0"),
    now: Timestamp(1_795_000_000),
    unobserved_guard: adapter_k8s::settings::UnobservedGuard::Reported,
    assumption: operator::commands::decide::Assumption::Nothing,
});

fn damage(bytes: &mut Vec<u8>, edit: u8, place: Index, byte: u8) {
    if bytes.is_empty() {
        return;
    }
    let at = place.index(bytes.len());
    let line = at..bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
    match edit {
        0 => bytes[at] = byte,
        1 => bytes[at] ^= 1 << (byte % 8),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(line)),
        _ => {
            let copy = bytes[line].to_vec();
            bytes.splice(at..at, copy);
        }
    }
}

fn says_something(diagnostic: &Diagnostic) {
    for style in [Style::Line, Style::Pointer, Style::ColouredPointer] {
        assert!(!diagnostic.render(style).is_empty());
    }
    assert!(!diagnostic.text.is_empty());
}

fn check(bytes: &[u8]) {
    let inputs = Inputs { files: vec!["-".into()], nodes: Vec::new() };
    let items = match read(&inputs, &mut &*bytes).and_then(|dump| decide(&dump, &OPTIONS)) {
        Ok(items) => items,
        Err(diagnostic) => return says_something(&diagnostic),
    };
    items
        .iter()
        .filter_map(|item| item.answer.as_ref().err())
        .flat_map(|error| &error.diagnostics)
        .for_each(says_something);
    let answer = serde_json::to_value(DecisionList::new(&items)).unwrap();
    let errors: Vec<String> = SCHEMA.iter_errors(&answer).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{answer:#}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_dump_is_refused_or_decided(
        dump in any::<Index>(),
        edits in prop::collection::vec((0..5_u8, any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = dump.get(&DUMPS).clone();
        for (edit, place, byte) in edits {
            damage(&mut bytes, edit, place, byte);
        }
        check(&bytes);
    }
}

#[test]
fn undamaged_dumps_are_decided() {
    let decided = |bytes: &Vec<u8>| {
        check(bytes);
        let inputs = Inputs { files: vec!["-".into()], nodes: Vec::new() };
        read(&inputs, &mut &**bytes).and_then(|dump| decide(&dump, &OPTIONS)).is_ok()
    };
    assert_eq!(DUMPS.iter().filter(|bytes| decided(bytes)).count(), support::STORIES.len());
}
