//! YAML as gardener-resource-manager reads it: a stream of documents, each turned into JSON first.

use serde_json::Value;

/// A document that is not YAML, or holds a key twice. Never shows the document: it may come from a Secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("document {document} is not valid YAML (line {line} of it)")]
pub struct YamlError {
    /// Its number, from 1.
    pub document: usize,
    /// The line within the document, from 1; 0 where unknown.
    pub line: u64,
}

/// The documents of a stream, split at lines that start with `---`: by YAML's grammar such a line cannot be content.
pub(crate) fn documents(stream: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(stream);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let is_marker = line
                .strip_prefix("---")
                .is_some_and(|after| after.starts_with(char::is_whitespace) || after.is_empty());
            if is_marker {
                let document = text.get(..start);
                rest = text.get(start + line.len()..);
                return document;
            }
            start += line.len();
        }
        rest = None;
        Some(text)
    })
}

/// One document as JSON; `Null` where it is empty.
pub(crate) fn to_json(document: usize, text: &str) -> Result<Value, YamlError> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Value::Null);
    }
    let options = serde_saphyr::options! { budget: None, legacy_octal_numbers: true };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| YamlError { document, line: error.location().map_or(0, |location| location.line()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_markers_only() {
        let stream = "---\na: 1\n--- \nb: |\n  ---\n  x\n---\n";
        assert_eq!(documents(stream).collect::<Vec<_>>(), ["", "a: 1\n", "b: |\n  ---\n  x\n", ""]);
        assert_eq!(documents("a: ---b\n").collect::<Vec<_>>(), ["a: ---b\n"]);
    }

    #[test]
    fn errors_name_the_line_and_show_nothing() {
        let error = to_json(3, "a: 1\nb: [secret\n").unwrap_err();
        assert_eq!(error.document, 3);
        assert!(!error.to_string().contains("secret"));
        assert!(to_json(1, "a: 1\na: 2\n").is_err());
    }

    #[test]
    fn an_empty_document_is_null() {
        assert_eq!(to_json(1, "# nothing\n\n").unwrap(), Value::Null);
    }
}
