//! Reads the fields of one object and remembers which exist, so that the rest can be reported as unknown.

use super::document::Document;
use super::error::{DecodeError, DecodeErrorKind, DecodeErrors};

/// Identity of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeMeta {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    /// Whether a document without the two fields is refused.
    pub(crate) required: bool,
}

/// The fields of one object. Absent and `null` are the same, as in Go.
pub(crate) struct Fields<'d, 'e> {
    path: String,
    entries: &'d [(String, Document)],
    known: Vec<&'static str>,
    errors: &'e mut Vec<DecodeError>,
}

impl<'d> Fields<'d, '_> {
    /// Reads a whole document. `None` where it is `null`.
    pub(crate) fn read_document<T>(
        document: &'d Document,
        type_meta: TypeMeta,
        read: impl FnOnce(&mut Fields<'d, '_>) -> T,
    ) -> Result<Option<T>, DecodeErrors> {
        let mut errors = Vec::new();
        let value = read_object(document, String::new(), &mut errors, |fields| {
            fields.type_meta(type_meta);
            read(fields)
        });
        DecodeErrors::check(value, errors)
    }

    /// Path of a field below the document.
    pub(crate) fn path_of(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Adds an error at a field.
    pub(crate) fn error(&mut self, name: &str, kind: DecodeErrorKind) {
        let path = self.path_of(name);
        self.errors.push(DecodeError { path, kind });
    }

    /// The value of a field, unless it is absent or `null`.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'d Document> {
        self.known.push(name);
        let (_, value) = self.entries.iter().find(|(key, _)| key == name)?;
        (*value != Document::Null).then_some(value)
    }

    /// A string.
    pub(crate) fn string(&mut self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Document::String(text) => Some(text.clone()),
            other => self.wrong_type(name, "string", other),
        }
    }

    /// A boolean.
    pub(crate) fn bool(&mut self, name: &'static str) -> Option<bool> {
        match self.value(name)? {
            Document::Bool(value) => Some(*value),
            other => self.wrong_type(name, "boolean", other),
        }
    }

    /// A block with fields of its own.
    pub(crate) fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Fields<'d, '_>) -> T) -> Option<T> {
        let document = self.value(name)?;
        read_object(document, self.path_of(name), self.errors, read)
    }

    /// A block whose keys are data. `read` gets the path of each entry.
    pub(crate) fn entries<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&str, &'d Document) -> Result<T, DecodeErrorKind>,
    ) -> Option<Vec<(String, T)>> {
        let document = self.value(name)?;
        let path = self.path_of(name);
        let Document::Object(entries) = document else {
            return self.wrong_type(name, "object", document);
        };
        report_duplicates(&path, entries, self.errors);
        let mut values = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            match read(key, value) {
                Ok(value) => values.push((key.clone(), value)),
                Err(kind) => self.errors.push(DecodeError { path: join(&path, key), kind }),
            }
        }
        Some(values)
    }

    fn type_meta(&mut self, expected: TypeMeta) {
        // The empty string counts as missing, as in Go.
        let api_version = self.string("apiVersion").filter(|text| !text.is_empty());
        let kind = self.string("kind").filter(|text| !text.is_empty());
        let is_wrong = |found: Option<&str>, right: &str| found.map_or(expected.required, |found| found != right);
        if is_wrong(api_version.as_deref(), expected.api_version) {
            let kind = DecodeErrorKind::WrongApiVersion { found: api_version, expected: expected.api_version };
            self.error("apiVersion", kind);
        }
        if is_wrong(kind.as_deref(), expected.kind) {
            self.error("kind", DecodeErrorKind::WrongKind { found: kind, expected: expected.kind });
        }
    }

    fn wrong_type<T>(&mut self, name: &str, expected: &'static str, found: &Document) -> Option<T> {
        self.error(name, DecodeErrorKind::WrongType { expected, found: found.type_name() });
        None
    }

    fn finish(self) {
        report_duplicates(&self.path, self.entries, self.errors);
        for (key, _) in self.entries {
            if !self.known.contains(&key.as_str()) {
                let kind = DecodeErrorKind::UnknownField { expected: self.known.clone() };
                self.errors.push(DecodeError { path: join(&self.path, key), kind });
            }
        }
    }
}

/// Joins two parts of a path; either may be empty.
fn join(base: &str, below: &str) -> String {
    match (base.is_empty(), below.is_empty()) {
        (true, _) => below.to_owned(),
        (_, true) => base.to_owned(),
        _ => format!("{base}.{below}"),
    }
}

fn read_object<'d, T>(
    document: &'d Document,
    path: String,
    errors: &mut Vec<DecodeError>,
    read: impl FnOnce(&mut Fields<'d, '_>) -> T,
) -> Option<T> {
    match document {
        Document::Null => None,
        Document::Object(entries) => {
            let mut fields = Fields { path, entries, known: Vec::new(), errors };
            let value = read(&mut fields);
            fields.finish();
            Some(value)
        }
        other => {
            let kind = DecodeErrorKind::WrongType { expected: "object", found: other.type_name() };
            errors.push(DecodeError { path, kind });
            None
        }
    }
}

fn report_duplicates(path: &str, entries: &[(String, Document)], errors: &mut Vec<DecodeError>) {
    let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for (key, _) in entries {
        let times = seen.entry(key).or_default();
        *times += 1;
        if *times == 2 {
            errors.push(DecodeError { path: join(path, key), kind: DecodeErrorKind::DuplicateField });
        }
    }
}
