//! A dump: what kubectl printed about a seed and a shoot, read from files.
//!
//! Accepted are single objects, several documents, `List` and typed lists, nested or not, in YAML or JSON. An input that is not
//! understood is an error, never an absence: what is missing from a dump must be missing in the cluster.

mod decode;
mod entries;
mod input;
mod kind;
mod objects;
mod raw;
mod reader;
mod stream;
mod value;

pub use input::{Inputs, NodesArgument};
pub use kind::Kind;
pub use objects::{Completeness, Invalid, Located, Nodes, Objects, Place};
pub use raw::{RawObject, read_objects};
pub use value::{Document, read_value};

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::de::IgnoredAny;

use crate::diagnostics::{Diagnostic, Format, Source, Sources};
use crate::yaml;
use decode::{DecodeError, decode};
use reader::{NodePath, Reader, Refusal};

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Dump {
    /// The texts, for pointing into them.
    pub sources: Sources,
    /// The objects of `-f`.
    pub objects: Objects,
    /// The node lists of `--nodes`; the key is absent where no namespace was named.
    pub nodes: BTreeMap<Option<String>, Nodes>,
}

/// Reads all inputs. `stdin` stands behind `-`, which may be named once.
///
/// # Errors
/// The first input that cannot be used, with its place. A Network whose fields have the wrong type is not an error here but an
/// entry of [`Objects::invalid`], because it must not hide the others.
pub fn read(inputs: &Inputs, stdin: &mut dyn Read) -> Result<Dump, Diagnostic> {
    let mut dump = Dump::default();
    let named = inputs.files.iter().chain(inputs.nodes.iter().map(|nodes| &nodes.file));
    if named.filter(|file| input::is_stdin(file)).count() > 1 {
        return Err(input::about("-".as_ref(), "standard input can be named once only".to_owned()));
    }
    for argument in &inputs.files {
        for file in input::expand(argument)? {
            let objects = read_input(&mut dump.sources, &file, stdin)?;
            dump.objects.append(objects);
        }
    }
    for NodesArgument { namespace, file } in &inputs.nodes {
        let objects = read_input(&mut dump.sources, file, stdin)?;
        let nodes = node_list(&dump.sources, objects)?;
        if dump.nodes.insert(namespace.clone(), nodes).is_some() {
            let of = namespace.as_deref().map_or_else(String::new, |namespace| format!(" for namespace `{namespace}`"));
            return Err(input::about(file, format!("is a second node list{of}")));
        }
    }
    let twins = dump.objects.find_twins().or_else(|| dump.nodes.values().find_map(Nodes::find_twins));
    if let Some((name, first, second)) = twins {
        let first = dump.sources.name(first);
        return Err(dump.sources.diagnose(second, "metadata.name", format!("{name} was already read at {first}")));
    }
    Ok(dump)
}

/// What a file of `--nodes` says: its nodes are all there are.
fn node_list(sources: &Sources, objects: Objects) -> Result<Nodes, Diagnostic> {
    if let Some(place) = objects.first_besides_nodes() {
        let text = format!("a file of `--nodes` holds nodes only, not a {}", place.kind.name());
        return Err(sources.diagnose(place, "", text));
    }
    let Nodes { nodes, completeness } = objects.nodes;
    let completeness = match completeness {
        Completeness::Truncated { .. } => completeness,
        Completeness::NotGiven
        | Completeness::Declared
        | Completeness::TypedList
        | Completeness::List
        | Completeness::SingleDocuments => Completeness::Declared,
    };
    Ok(Nodes { nodes, completeness })
}

fn read_input(sources: &mut Sources, path: &Path, stdin: &mut dyn Read) -> Result<Objects, Diagnostic> {
    let file = match input::open(path, stdin)? {
        input::Opened::Whole(source) => return read_source(sources, source),
        input::Opened::Large(file) => file,
    };
    let reader = Reader::new(sources.len(), 0, NodePath::Streamed);
    match stream::read_list(file, reader) {
        Ok(objects) => {
            sources.push(input::unread(path));
            Ok(objects)
        }
        Err(stream::NotPlain) => read_source(sources, input::read_whole(path)?),
    }
}

fn read_source(sources: &mut Sources, source: Source) -> Result<Objects, Diagnostic> {
    let file = sources.push(source);
    let (objects, documents) = match sources.get(file).map(Source::format) {
        Some(Format::Json) => read_json(sources, file)?,
        Some(Format::Yaml) => read_yaml(sources, file)?,
        None => (Objects::default(), 0),
    };
    if documents == 0 {
        return Err(diagnose(sources, file, None, None, "holds no object".to_owned()));
    }
    Ok(objects)
}

fn read_json(sources: &Sources, file: usize) -> Result<(Objects, usize), Diagnostic> {
    let text = text_of(sources, file);
    let (mut objects, mut documents, mut start) = (Objects::default(), 0, 0);
    loop {
        let rest = text.get(start..).unwrap_or_default();
        if rest.trim_start().is_empty() {
            return Ok((objects, documents));
        }
        let (read, length) = read_document(rest, file, documents).map_err(|error| match error {
            DecodeError::Content(refusal) => refused(sources, file, documents, refusal),
            DecodeError::Syntax(error) => {
                let at = start + yaml::offset_of(rest, error.line() as u64, error.column() as u64);
                diagnose(sources, file, Some(at), None, entries::without_place(&error.to_string()))
            }
        })?;
        objects.append(read);
        documents += 1;
        start += length;
    }
}

fn read_yaml(sources: &Sources, file: usize) -> Result<(Objects, usize), Diagnostic> {
    let text = text_of(sources, file);
    let (mut objects, mut documents) = (Objects::default(), 0);
    for (document, range) in yaml::documents(text).enumerate() {
        let yaml = text.get(range.clone()).unwrap_or_default();
        let json = yaml::to_json(yaml).map_err(|error| {
            let yaml::YamlError { offset, text } = error;
            match offset {
                Some(offset) => diagnose(sources, file, Some(range.start + offset), None, text),
                None => refused(sources, file, document, Refusal { path: String::new(), kind: None, text }),
            }
        })?;
        let (read, _) = read_document(&json, file, document).map_err(|error| match error {
            DecodeError::Content(refusal) => refused(sources, file, document, refusal),
            DecodeError::Syntax(error) => {
                let text = entries::without_place(&error.to_string());
                refused(sources, file, document, Refusal { path: String::new(), kind: None, text })
            }
        })?;
        objects.append(read);
        documents = document + 1;
    }
    Ok((objects, documents))
}

/// Reads the first value of a JSON text; also yields its length.
///
/// What fails in the quick pass is read again on the careful path, which can name the field.
fn read_document(text: &str, file: usize, document: usize) -> Result<(Objects, usize), DecodeError> {
    let pass = |nodes| {
        let mut input = serde_json::Deserializer::from_str(text);
        let objects = decode(&mut input, Reader::new(file, document, nodes))?;
        Ok((objects, input.into_iter::<IgnoredAny>().byte_offset()))
    };
    match pass(NodePath::Streamed) {
        Err(DecodeError::Syntax(error)) if error.is_data() => pass(NodePath::Careful),
        result => result,
    }
}

fn text_of(sources: &Sources, file: usize) -> &str {
    sources.get(file).map_or("", Source::text)
}

fn refused(sources: &Sources, file: usize, document: usize, refusal: Refusal) -> Diagnostic {
    let Refusal { path, kind, text } = refusal;
    sources.diagnose_document(file, document, kind, &path, text)
}

fn diagnose(sources: &Sources, file: usize, at: Option<usize>, kind: Option<Kind>, text: String) -> Diagnostic {
    match sources.get(file) {
        Some(source) => source.diagnose(at.map(|at| at..at + 1), kind, "", text),
        None => Diagnostic { file: String::new(), position: None, path: String::new(), text, excerpt: None },
    }
}
