//! Values inside texts, quoted as Go quotes them.

/// A text as Go's `%q` prints it.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            printable if is_printable(printable) => quoted.push(printable),
            other => quoted.push_str(&match u32::from(other) {
                code @ (..=0x1f | 0x7f) => format!("\\x{code:02x}"),
                code @ ..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    quoted.push('"');
    quoted
}

/// Texts as Go's `%q` prints a list of them.
pub(super) fn quote_list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", quoted.join(" "))
}

/// A value as Go's JSON encoder prints it: it escapes what HTML could take for markup.
pub(super) fn json(value: &serde_json::Value) -> String {
    let mut escaped = String::new();
    for character in value.to_string().chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// Letters, marks, digits, punctuation, symbols and the plain space. Rust escapes exactly the others, except that it also escapes
/// a mark that begins a text, so the character is put behind another.
fn is_printable(character: char) -> bool {
    let text: String = ['a', character].iter().collect();
    character == '\'' || text.escape_debug().eq(text.chars())
}

#[cfg(test)]
mod tests {
    use super::{json, quote, quote_list};

    #[test]
    fn texts_as_go_quotes_them() {
        for (text, quoted) in [
            ("", r#""""#),
            ("it's <a>", r#""it's <a>""#),
            ("\"\\", r#""\"\\""#),
            ("\n\t\r\u{7}\u{8}\u{b}\u{c}", r#""\n\t\r\a\b\v\f""#),
            ("\0\u{1f}\u{7f}", r#""\x00\x1f\x7f""#),
            ("é٣🦀e\u{301}", "\"é٣🦀e\u{301}\""),
            ("\u{a0}\u{200b}\u{2028}\u{e0001}", r#""\u00a0\u200b\u2028\U000e0001""#),
        ] {
            assert_eq!(quote(text), quoted, "{text:?}");
        }
        assert_eq!(quote_list(&["IPv4".to_owned(), "IPv6".to_owned()]), r#"["IPv4" "IPv6"]"#);
    }

    #[test]
    fn json_as_go_encodes_it() {
        assert_eq!(json(&serde_json::json!(["a<b", "c&d"])), r#"["a\u003cb","c\u0026d"]"#);
    }
}
