//! Names on the command line into texts: files, directories, standard input.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::diagnostics::{Diagnostic, Source};

/// What the user named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Arguments of `-f`: files, directories, or `-`.
    pub files: Vec<PathBuf>,
    /// Arguments of `--nodes`.
    pub nodes: Vec<NodesArgument>,
}

/// An argument of `--nodes`: `[NAMESPACE=]FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodesArgument {
    /// The Network's namespace; absent where there is only one Network.
    pub namespace: Option<String>,
    /// A file, or `-`.
    pub file: PathBuf,
}

/// Cuts at the first `=` if what stands before it can be a namespace, so that `./a=b.yaml` stays a file.
impl FromStr for NodesArgument {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_namespace = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        Ok(match text.split_once('=') {
            Some((namespace, file)) if is_namespace(namespace) => {
                Self { namespace: Some(namespace.to_owned()), file: file.into() }
            }
            _ => Self { namespace: None, file: text.into() },
        })
    }
}

/// The largest input: a hundred thousand full-size nodes fit, an endless stream does not.
const LARGEST: u64 = 2 << 30;

/// From here on a JSON list is not held whole.
const LARGE: u64 = 4 << 20;

/// The files that an argument of `-f` stands for.
pub(crate) fn expand(argument: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    if is_stdin(argument) || !argument.is_dir() {
        return Ok(vec![argument.to_owned()]);
    }
    let failed = |error: io::Error| about(argument, format!("cannot list the directory: {error}"));
    let mut files = Vec::new();
    for entry in argument.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml" | "json")) && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(about(argument, "the directory holds no .yaml, .yml or .json file".to_owned()));
    }
    files.sort();
    Ok(files)
}

/// An input that was opened.
pub(crate) enum Opened {
    /// Its text.
    Whole(Source),
    /// A JSON file too large to be read whole without need.
    Large(File),
}

/// Opens one input.
pub(crate) fn open(path: &Path, stdin: &mut dyn Read) -> Result<Opened, Diagnostic> {
    if is_stdin(path) {
        return read(path, stdin, 0).map(Opened::Whole);
    }
    let failed = |error: io::Error| about(path, format!("cannot be read: {error}"));
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_file() && metadata.len() >= LARGE {
        let mut start = [0; 64];
        let length = file.read(&mut start).map_err(failed)?;
        file.rewind().map_err(failed)?;
        if start.get(..length).unwrap_or_default().trim_ascii_start().starts_with(b"{") {
            return Ok(Opened::Large(file));
        }
    }
    read(path, &mut file, metadata.len()).map(Opened::Whole)
}

/// Reads one file whole.
pub(crate) fn read_whole(path: &Path) -> Result<Source, Diagnostic> {
    let mut file = File::open(path).map_err(|error| about(path, format!("cannot be read: {error}")))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    read(path, &mut file, size)
}

/// Stands for a file that is read again only for an error.
pub(crate) fn unread(path: &Path) -> Source {
    Source::reread(name(path), path.to_owned())
}

fn read(path: &Path, input: &mut dyn Read, size: u64) -> Result<Source, Diagnostic> {
    let mut bytes = Vec::new();
    if size <= LARGEST {
        bytes.reserve_exact(usize::try_from(size).unwrap_or(0).saturating_add(1));
    }
    let read = input.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| about(path, format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(about(path, format!("is larger than {LARGEST} bytes")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name(path), text)),
        Err(error) => {
            let end = error.utf8_error().valid_up_to();
            let valid = String::from_utf8_lossy(error.as_bytes().get(..end).unwrap_or_default()).into_owned();
            let source = Source::new(name(path), valid);
            let text = "is not UTF-8 text".to_owned();
            Err(Diagnostic { excerpt: None, ..source.diagnose(Some(end..end), None, "", text) })
        }
    }
}

pub(crate) fn about(path: &Path, text: String) -> Diagnostic {
    Diagnostic { file: name(path), position: None, path: String::new(), text, excerpt: None }
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn name(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".to_owned() } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::NodesArgument;

    #[test]
    fn the_namespace_of_a_node_list_is_optional() {
        for (text, namespace, file) in [
            ("nodes.yaml", None, "nodes.yaml"),
            ("shoot--a--b=nodes.yaml", Some("shoot--a--b"), "nodes.yaml"),
            ("shoot--a--b=-", Some("shoot--a--b"), "-"),
            ("./a=b.yaml", None, "./a=b.yaml"),
            ("=nodes.yaml", None, "=nodes.yaml"),
            ("a=b=c", Some("a"), "b=c"),
        ] {
            let Ok(argument) = text.parse::<NodesArgument>();
            assert_eq!(argument.namespace.as_deref(), namespace, "{text}");
            assert_eq!(argument.file.to_str(), Some(file), "{text}");
        }
    }
}
