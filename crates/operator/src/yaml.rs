//! YAML as Kubernetes reads it: turned into JSON first, then decoded (as `sigs.k8s.io/yaml` does).
//!
//! The only module that knows the YAML library. YAML 1.1 scalars (`yes`, `0777`) mean what they mean to kubectl, a key given twice
//! is an error, and aliases are limited far below what a bomb needs: kubectl never writes one.

use std::ops::Range;

use serde::de::DeserializeSeed;
use serde_saphyr::{MergeKeyPolicy, Options};

mod json;
mod locate;

use json::Root;
pub(crate) use locate::locate;

/// What is wrong with a text that is not YAML, and where (byte offset into that text).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) offset: Option<usize>,
    pub(crate) text: String,
}

/// The documents of a stream as byte ranges, one after the other; ranges without content are left out.
///
/// A line that starts with `---` or `...` ends a document even inside a scalar, so that no parser is needed to cut.
pub(crate) fn documents(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut lines = text.split_inclusive('\n');
    let (mut start, mut offset, mut ended) = (0, 0, false);
    let cut = std::iter::from_fn(move || {
        for line in lines.by_ref() {
            let at = offset;
            offset += line.len();
            let next = match marker(line) {
                Some(Marker::Start) => at,
                Some(Marker::End) => offset,
                None => continue,
            };
            return Some(std::mem::replace(&mut start, next)..at);
        }
        (!std::mem::replace(&mut ended, true)).then_some(start..offset)
    });
    cut.filter(|range| text.get(range.clone()).is_some_and(has_content))
}

/// One document as JSON text, key order kept.
pub(crate) fn to_json(document: &str) -> Result<String, YamlError> {
    let mut json = Vec::with_capacity(document.len());
    let mut found = None;
    let read = serde_saphyr::with_deserializer_from_str_with_options(document, options(), |deserializer| {
        Root { json: &mut json, found: &mut found }.deserialize(deserializer)
    });
    match (read, found) {
        (_, Some(found)) => {
            return Err(YamlError { offset: None, text: format!("expected a Kubernetes object, found {found}") });
        }
        (Err(error), None) => return Err(describe(document, &error)),
        (Ok(()), None) => {}
    }
    String::from_utf8(json).map_err(|error| YamlError { offset: None, text: error.to_string() })
}

/// A line between documents.
enum Marker {
    /// `---`, which belongs to the document that it starts.
    Start,
    /// `...`, which belongs to none.
    End,
}

fn marker(line: &str) -> Option<Marker> {
    let rest = line.get(3..)?;
    if !(rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) {
        return None;
    }
    match line.get(..3)? {
        "---" => Some(Marker::Start),
        "..." => Some(Marker::End),
        _ => None,
    }
}

fn has_content(document: &str) -> bool {
    document.lines().any(|line| {
        let line = line.strip_prefix("---").unwrap_or(line).trim_start();
        !line.is_empty() && !line.starts_with('#')
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            // Whatever a file holds without aliases is bounded by its size, which is limited elsewhere.
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_total_comment_bytes: usize::MAX,
            max_buffered_comment_events: 10_000,
            max_documents: 2,
            // No object in use comes near; more would need a larger stack than a thread has.
            max_depth: 64,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_merge_keys: 1_000,
            max_recorded_anchor_events: 100_000,
        },
        merge_keys: MergeKeyPolicy::Merge,
        legacy_octal_numbers: true,
        ignore_binary_tag_for_string: true,
        emit_comments: false,
        with_snippet: false,
    }
}

fn describe(document: &str, error: &serde_saphyr::Error) -> YamlError {
    let location = error.location().filter(|location| location.line() > 0);
    let offset = location.map(|location| match location.span().byte_offset() {
        Some(offset) => usize::try_from(offset).unwrap_or(document.len()),
        None => offset_of(document, location.line(), location.column()),
    });
    let text = error.without_snippet().to_string();
    // The library repeats the place in its text; the one in the whole file is what counts.
    let text = match text.rfind(" at line ") {
        Some(end) if offset.is_some() => text.get(..end).unwrap_or(&text).to_owned(),
        _ => text,
    };
    // A hint for whoever calls the library.
    let text = text.split(", set DuplicateKeyPolicy").next().unwrap_or(&text);
    YamlError { offset, text: format!("is not YAML: {text}") }
}

/// The byte offset of a line and a column, both counted from 1, the column in characters.
pub(crate) fn offset_of(text: &str, line: u64, column: u64) -> usize {
    let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(skipped).map(str::len).sum();
    let column = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = text.get(start..).unwrap_or_default();
    start + line.char_indices().nth(column).map_or(line.len(), |(offset, _)| offset)
}

#[cfg(test)]
mod tests {
    use super::{documents, locate, to_json};

    #[test]
    fn scalars_mean_what_kubectl_takes_them_for() {
        let json =
            to_json("a: yes\nb: 'yes'\nc: 0777\nd: 1.5\ne:\nf: ~\ng: 2026-11-02T07:12:31Z\n1: x\nh: [a, 1]\ni: {}\n")
                .unwrap();
        assert_eq!(
            json,
            r#"{"a":true,"b":"yes","c":511,"d":1.5,"e":null,"f":null,"g":"2026-11-02T07:12:31Z","1":"x","h":["a",1],"i":{}}"#
        );
    }

    #[test]
    fn documents_are_cut_at_markers_and_empty_ones_left_out() {
        let text = "# only a comment\n---\na: 1\n---\n\n--- # none\n---\r\nb: |\r\n  ---\r\n...\n---not: a marker\n";
        let cut: Vec<&str> = documents(text).map(|range| &text[range]).collect();
        assert_eq!(cut, ["---\na: 1\n", "---\r\nb: |\r\n  ---\r\n", "---not: a marker\n"]);
        assert!(documents("").next().is_none() && documents("---\n").next().is_none());
    }

    #[test]
    fn errors_carry_their_place() {
        for (text, offset, expected) in [
            ("a: 1\na: 2\n", 5, "duplicate"),
            ("a:\n\t- b\n", 4, "tab"),
            ("a: [1, 2\n", 3, "unclosed"),
            ("a: *nobody\n", 3, "anchor"),
        ] {
            let error = to_json(text).unwrap_err();
            assert_eq!(error.offset, Some(offset), "{text:?}: {}", error.text);
            assert!(error.text.contains(expected) && !error.text.contains(" at line "), "{text:?}: {}", error.text);
        }
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(to_json(&bomb).unwrap_err().offset.is_some());
    }

    #[test]
    fn finds_the_deepest_place_on_a_path() {
        let text = "spec:\n  list:\n  - a\n  - name: b\n  x.y/z: 1\n";
        for (path, expected) in [
            ("spec.list[0]", "a"),
            ("spec.list[1].name", "b"),
            ("spec.list[7].name", "list"),
            ("spec.x.y/z", "1"),
            ("spec[x.y/z]", "1"),
            ("spec.none.below", "spec"),
            ("spec.list", "list"),
        ] {
            assert_eq!(locate(text, path).map(|range| &text[range]), Some(expected), "{path}");
        }
    }
}
