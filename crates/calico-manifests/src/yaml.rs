//! JSON values as block-style YAML: one way to write each value, so that equal objects give equal bytes.
//!
//! A string is written plain only where no YAML 1.1 or 1.2 reader could take it for anything else, as a literal block
//! where it has several ordinary lines, and quoted otherwise. No string can thereby become structure.

use std::fmt::Write as _;

use serde_json::Value;

/// Words that some YAML reader takes for a boolean or for null.
const RESERVED: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// One document, keys in the order of the value's map, ending in a line feed.
#[must_use]
pub fn document(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(&mut text, fields, 0, false),
        Value::Array(items) if !items.is_empty() => sequence(&mut text, items, 0),
        scalar => {
            inline(&mut text, scalar, 0);
            text.push('\n');
        }
    }
    text
}

/// Several documents, each after a `---` line.
#[must_use]
pub fn stream<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    values.into_iter().fold(String::new(), |mut text, value| {
        text.push_str("---\n");
        text.push_str(&document(value));
        text
    })
}

/// `continues`: the first key stands behind the dash of a list item.
fn mapping(text: &mut String, fields: &serde_json::Map<String, Value>, indent: usize, continues: bool) {
    let mut continues = continues;
    for (key, value) in fields {
        if !continues {
            pad(text, indent);
        }
        continues = false;
        scalar_string(text, key);
        text.push(':');
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                text.push('\n');
                mapping(text, fields, indent + 2, false);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                sequence(text, items, indent);
            }
            scalar => {
                text.push(' ');
                inline(text, scalar, indent + 2);
                text.push('\n');
            }
        }
    }
}

/// Items stand at the indentation of the key that holds them, as kubectl prints lists.
fn sequence(text: &mut String, items: &[Value], indent: usize) {
    for item in items {
        pad(text, indent);
        match item {
            Value::Object(fields) if !fields.is_empty() => {
                text.push_str("- ");
                mapping(text, fields, indent + 2, true);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push_str("-\n");
                sequence(text, items, indent + 2);
            }
            scalar => {
                text.push_str("- ");
                inline(text, scalar, indent + 2);
                text.push('\n');
            }
        }
    }
}

/// A value that needs no lines of its own below; without the final line feed.
fn inline(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(string) if is_literal_block(string) => literal_block(text, string, indent),
        Value::String(string) => scalar_string(text, string),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            // Scalars, `[]` and `{}` are written as in JSON.
            let _ = write!(text, "{value}");
        }
    }
}

/// Several lines, none of which a literal block would change.
fn is_literal_block(string: &str) -> bool {
    let body = string.strip_suffix('\n').unwrap_or(string);
    body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| {
            !line.ends_with([' ', '\t']) && line.chars().all(|character| character == '\t' || is_verbatim(character))
        })
}

fn literal_block(text: &mut String, string: &str, indent: usize) {
    let (mark, body) = match string.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", string),
    };
    // At the top of a document a block needs no indentation, but it may have it.
    let indent = indent.max(2);
    text.push_str(mark);
    for line in body.split('\n') {
        text.push('\n');
        if !line.is_empty() {
            pad(text, indent);
            text.push_str(line);
        }
    }
}

fn scalar_string(text: &mut String, string: &str) {
    if is_plain(string) {
        text.push_str(string);
        return;
    }
    text.push('"');
    for character in string.chars() {
        let code = u32::from(character);
        let _ = match character {
            '"' => write!(text, "\\\""),
            '\\' => write!(text, "\\\\"),
            '\n' => write!(text, "\\n"),
            '\t' => write!(text, "\\t"),
            character if is_verbatim(character) => write!(text, "{character}"),
            _ if code <= 0xff => write!(text, "\\x{code:02x}"),
            _ if code <= 0xffff => write!(text, "\\u{code:04x}"),
            _ => write!(text, "\\U{code:08x}"),
        };
    }
    text.push('"');
}

/// Text that reads the same in every YAML: it starts with a letter, so it is no number, date, indicator or merge key.
fn is_plain(string: &str) -> bool {
    string.starts_with(|first: char| first.is_ascii_alphabetic())
        && !string.ends_with(' ')
        && string.chars().all(|character| character.is_ascii_alphanumeric() || " -_./,;()'+=".contains(character))
        && !RESERVED.contains(&string.to_ascii_lowercase().as_str())
}

/// Not a control character, line separator, byte order mark or anything else that a reader may refuse or change.
fn is_verbatim(character: char) -> bool {
    matches!(character, ' '..='~') || character.is_alphanumeric()
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn nested_values_read_as_kubectl_prints_them() {
        let value = json!({"a": {"b": [1, "x", {"c": true, "d": []}, [2]]}, "e": null, "f": {}});
        let expected = "a:\n  b:\n  - 1\n  - x\n  - c: true\n    d: []\n  -\n    - 2\ne: null\nf: {}\n";
        assert_eq!(document(&value), expected);
    }

    #[test]
    fn a_string_that_could_be_something_else_is_quoted() {
        for (string, expected) in [
            ("plain text, with a comma", "plain text, with a comma\n"),
            ("", "\"\"\n"),
            ("1", "\"1\"\n"),
            ("0x1f", "\"0x1f\"\n"),
            ("No", "\"No\"\n"),
            ("null", "\"null\"\n"),
            ("a: b", "\"a: b\"\n"),
            ("a #b", "\"a #b\"\n"),
            ("- a", "\"- a\"\n"),
            ("{{ a }}", "\"{{ a }}\"\n"),
            ("end ", "\"end \"\n"),
            (" \"q\" \\", "\" \\\"q\\\" \\\\\"\n"),
            ("\u{85}\u{2028}\u{feff}", "\"\\x85\\u2028\\ufeff\"\n"),
            ("\u{1f600}", "\"\\U0001f600\"\n"),
            ("ä: 1", "\"ä: 1\"\n"),
            ("\r\0", "\"\\x0d\\x00\"\n"),
        ] {
            assert_eq!(document(&json!(string)), expected, "{string:?}");
        }
    }

    #[test]
    fn ordinary_lines_become_a_block_and_others_stay_quoted() {
        let block = json!({"a": ["one\n  two\n\nthree\n", "no\nend"]});
        assert_eq!(document(&block), "a:\n- |\n  one\n    two\n\n  three\n- |-\n  no\n  end\n");
        for string in ["\n", "a\n\n", " a\nb", "a \nb", "a\r\nb", "\ta\nb", "a\nb\u{2028}"] {
            assert!(document(&json!(string)).starts_with('"'), "{string:?}");
        }
    }

    #[test]
    fn documents_are_separated() {
        assert_eq!(stream([&json!({"a": 1}), &json!({"b": 2})]), "---\na: 1\n---\nb: 2\n");
        assert_eq!(stream([]), "");
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-z:#\\-?|>&*!%@`'\"{}\\[\\], \t\n~=<.0-9_+]{0,12}",
            prop::sample::select(RESERVED.to_vec()).prop_map(str::to_owned),
        ];
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(text.clone(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back_the_same(value in value()) {
            let text = document(&value);
            let read: Value = serde_saphyr::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
            prop_assert_eq!(&read, &value, "{}", text);
        }
    }
}
