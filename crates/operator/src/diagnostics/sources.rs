//! The texts of the inputs, and how a path inside an object becomes a line and a column.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Diagnostic, Excerpt, Position};
use crate::dump::{Kind, Place};
use crate::{json, path, yaml};

/// The inputs in the order they were read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One input.
pub struct Source {
    name: String,
    /// Where to read the text again if it was not kept.
    path: PathBuf,
    text: OnceLock<String>,
}

/// How an input is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One or more JSON values.
    Json,
    /// One or more YAML documents.
    Yaml,
}

/// Longer lines are not shown: a whole file may be one.
const LONGEST_LINE: usize = 400;

/// Words that make a text whose kinds are unknown too delicate to be shown.
const DELICATE: [&str; 7] = ["Secret", "secret", "kubeconfig", "PRIVATE KEY", "client-key", "token", "password"];

impl Source {
    /// An input whose text is at hand.
    pub fn new(name: impl Into<String>, text: String) -> Self {
        Self { name: name.into(), path: PathBuf::new(), text: without_mark(text).into() }
    }

    /// A file too large to be kept: read again only if something has to be said about it.
    pub(crate) fn reread(name: String, path: PathBuf) -> Self {
        Self { name, path, text: OnceLock::new() }
    }

    /// A path, or `<stdin>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text without a byte order mark; empty where a file can no longer be read.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| without_mark(std::fs::read_to_string(&self.path).unwrap_or_default()))
    }

    /// As kubectl decides: JSON starts with a brace, anything else is YAML.
    pub fn format(&self) -> Format {
        if self.text().trim_start().starts_with(['{', '[']) { Format::Json } else { Format::Yaml }
    }

    /// A diagnostic on a byte range of the text. `kind` is what the place belongs to, where that is known.
    pub(crate) fn diagnose(
        &self,
        range: Option<Range<usize>>,
        kind: Option<Kind>,
        path: &str,
        text: String,
    ) -> Diagnostic {
        let (position, excerpt) = match range {
            Some(range) => self.show(range, kind),
            None => (None, None),
        };
        Diagnostic { file: self.name.clone(), position, path: path.to_owned(), text, excerpt }
    }

    fn show(&self, range: Range<usize>, kind: Option<Kind>) -> (Option<Position>, Option<Box<Excerpt>>) {
        let start = floor_char_boundary(self.text(), range.start);
        let end = floor_char_boundary(self.text(), range.end).max(start);
        let (before, after) = self.text().split_at(start);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line_end = after.find('\n').map_or(self.text().len(), |length| start + length);
        let line = self.text().get(line_start..line_end).unwrap_or_default().trim_end_matches('\r');
        let head = self.text().get(line_start..start).unwrap_or_default();
        let position = Position { line: before.matches('\n').count() + 1, column: head.chars().count() + 1 };
        let may_show = match kind {
            Some(Kind::Secret) => false,
            // Two objects may share a line of JSON.
            Some(_) => !line.contains("Secret"),
            None => !DELICATE.iter().any(|word| self.text().contains(word)),
        };
        let excerpt = (may_show && line.len() <= LONGEST_LINE).then(|| {
            let from = (start - line_start).min(line.len());
            Box::new(Excerpt { line: line.to_owned(), highlight: from..(end - line_start).clamp(from, line.len()) })
        });
        (Some(position), excerpt)
    }
}

impl Sources {
    pub(crate) fn push(&mut self, source: Source) -> usize {
        self.files.push(source);
        self.files.len() - 1
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The input with this number.
    pub fn get(&self, file: usize) -> Option<&Source> {
        self.files.get(file)
    }

    /// Says something about `path` of the object at `place`: `spec.providerConfig.ipv4.mode`, `spec.ipFamilies[0]`.
    ///
    /// Points at the value, or at the key of an object or list, or else at the deepest parent that exists.
    pub fn diagnose(&self, place: &Place, path: &str, text: impl Into<String>) -> Diagnostic {
        let path = path::join(&place.item, path);
        self.diagnose_document(place.file, place.document, Some(place.kind), &path, text.into())
    }

    /// As [`Sources::diagnose`] with a path from the root of the document.
    pub(crate) fn diagnose_document(
        &self,
        file: usize,
        document: usize,
        kind: Option<Kind>,
        path: &str,
        text: String,
    ) -> Diagnostic {
        let Some(source) = self.files.get(file) else {
            return Diagnostic { file: String::new(), position: None, path: path.to_owned(), text, excerpt: None };
        };
        source.diagnose(source.locate(document, path), kind, path, text)
    }

    /// `file:line:column` of an object.
    pub(crate) fn name(&self, place: &Place) -> String {
        let diagnostic = self.diagnose(place, "metadata.name", "");
        match diagnostic.position {
            Some(Position { line, column }) => format!("{}:{line}:{column}", diagnostic.file),
            None => diagnostic.file,
        }
    }
}

impl Source {
    /// The byte range of `path` in a document; of the document's start where nothing of the path exists.
    fn locate(&self, document: usize, path: &str) -> Option<Range<usize>> {
        let (document, locate): (_, fn(&str, &str) -> _) = match self.format() {
            Format::Json => (json::document(self.text(), document), json::locate),
            Format::Yaml => (yaml::documents(self.text()).nth(document)?, yaml::locate),
        };
        let text = self.text().get(document.clone())?;
        let content = document.start + first_content(text);
        let Some(found) = (!path.is_empty()).then(|| locate(text, path)).flatten() else {
            return Some(content..content + 1);
        };
        Some(document.start + found.start..document.start + found.end)
    }
}

/// Shows the name only: the text may hold Secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name)
    }
}

fn without_mark(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    text
}

/// Skips the marker, comments and empty lines at the start of a YAML document.
fn first_content(text: &str) -> usize {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        if !(content.is_empty() || content.starts_with('#') || content.starts_with("---")) {
            return offset + (line.len() - content.len());
        }
        offset += line.len();
    }
    0
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::{Source, Sources};
    use crate::dump::{Kind, Place};

    fn check(text: &str, kind: Kind, item: &str, path: &str, expected: &str, excerpt: Option<&str>) {
        let mut sources = Sources::default();
        let file = sources.push(Source::new("a.yaml", text.to_owned()));
        let place = Place { file, document: 0, item: item.into(), kind };
        let diagnostic = sources.diagnose(&place, path, "is wrong");
        assert_eq!(diagnostic.to_string(), expected);
        let shown = diagnostic.excerpt.as_ref().map(|excerpt| &excerpt.line[excerpt.highlight.clone()]);
        assert_eq!(shown, excerpt);
    }

    #[test]
    fn points_into_yaml_and_json() {
        let yaml = "# a list\nitems:\n- kind: Network\n  spec:\n    ipFamilies: [IPv4, 'IPv9']\r\n";
        check(
            yaml,
            Kind::Network,
            "items[0]",
            "spec.ipFamilies[1]",
            "a.yaml:5:24: items[0].spec.ipFamilies[1]: is wrong",
            Some("'IPv9'"),
        );
        check(yaml, Kind::Network, "items[0]", "spec.mode", "a.yaml:4:3: items[0].spec.mode: is wrong", Some("spec"));
        check(yaml, Kind::Network, "", "nothing", "a.yaml:2:1: nothing: is wrong", Some("i"));
        let json = "\n{\n  \"items\": [\n    {\"spec\": {\"ä\": 1, \"mode\": \"No\"}}\n  ]\n}\n";
        check(
            json,
            Kind::Network,
            "items[0]",
            "spec.mode",
            "a.yaml:4:31: items[0].spec.mode: is wrong",
            Some("\"No\""),
        );
        check(json, Kind::Network, "items[7]", "spec", "a.yaml:3:4: items[7].spec: is wrong", Some("items"));
        check(" [[[", Kind::Network, "", "", "a.yaml:1:2: is wrong", Some("["));
    }

    #[test]
    fn shows_no_line_of_a_secret() {
        let yaml = "kind: Secret\ndata:\n  a: c2VjcmV0\n";
        check(yaml, Kind::Secret, "", "data.a", "a.yaml:3:6: data.a: is wrong", None);
        let json = r#"{"items": [{"kind": "Secret", "data": {"a": "c2VjcmV0"}}, {"kind": "Network", "spec": 1}]}"#;
        check(json, Kind::Network, "items[1]", "spec", "a.yaml:1:87: items[1].spec: is wrong", None);
    }

    #[test]
    fn control_characters_and_endless_texts_do_not_reach_the_terminal() {
        let source = Source::new("a\u{1b}[2J.yaml", String::new());
        let text = source.diagnose(None, None, "", "\u{7}".to_owned()).to_string();
        assert_eq!(text, "a\\u{1b}[2J.yaml: \\u{7}");
        let text = source.diagnose(None, None, "", "ä".repeat(1_001)).to_string();
        assert_eq!(text, format!("a\\u{{1b}}[2J.yaml: {}…", "ä".repeat(1_000)));
    }
}
