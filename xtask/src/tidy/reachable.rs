//! Every Rust file is compiled by something.
//!
//! Cargo, rustc and clippy are silent about a file that no `mod` names: it rots unseen. The walk starts at the targets
//! of `cargo metadata` (libraries, binaries, tests, benches, examples, build scripts) and follows `mod` declarations as
//! rustc resolves them, whatever their `cfg`.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use crate::failure::Problem;
use crate::repository::Repository;

pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let roots = repository.packages.iter().flat_map(|package| &package.targets).filter_map(|target| {
        target.src_path.strip_prefix(&repository.root).ok().map(|path| path.to_string_lossy().into_owned())
    });
    from_roots(repository, roots)
}

fn from_roots(repository: &Repository, roots: impl Iterator<Item = String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut compiled = BTreeSet::new();
    let mut open: Vec<SourceFile> = roots.map(SourceFile::root).collect();
    while let Some(file) = open.pop() {
        let Some(text) = repository.texts.get(&file.path) else {
            continue;
        };
        if !compiled.insert(file.path.clone()) {
            continue;
        }
        match syn::parse_file(text) {
            Ok(syntax) => {
                let mut walk = Walk { repository, file: &file, inline: Vec::new(), found: Vec::new() };
                walk.visit_file(&syntax);
                open.append(&mut walk.found);
            }
            Err(error) => problems.push(Problem::new(
                &file.path,
                format!("cannot be parsed, so its modules cannot be followed: {error}"),
            )),
        }
    }
    problems.extend(
        repository
            .rust_sources()
            .filter(|(path, _)| !compiled.contains(*path))
            .map(|(path, _)| Problem::new(path, "nothing compiles this file: declare it with `mod`, or delete it")),
    );
    problems
}

/// A file together with the folder in which its `mod name;` are looked for.
struct SourceFile {
    path: String,
    children: String,
}

impl SourceFile {
    /// A crate root or a `mod.rs`: its modules are beside it.
    fn root(path: String) -> Self {
        let children = folder(&path).to_owned();
        Self { path, children }
    }

    /// `name.rs`: its modules are in `name/`.
    fn named(path: String) -> Self {
        let children = path.strip_suffix(".rs").unwrap_or(&path).to_owned();
        Self { path, children }
    }
}

struct Walk<'a> {
    repository: &'a Repository,
    file: &'a SourceFile,
    /// The inline modules around the current item.
    inline: Vec<InlineModule>,
    found: Vec<SourceFile>,
}

struct InlineModule {
    name: String,
    path: Option<String>,
}

impl Visit<'_> for Walk<'_> {
    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        let name = module.ident.to_string().trim_start_matches("r#").to_owned();
        let path = path_attribute(&module.attrs);
        if module.content.is_some() {
            self.inline.push(InlineModule { name, path });
            visit::visit_item_mod(self, module);
            self.inline.pop();
            return;
        }
        if let Some(path) = path {
            // A file that `#[path]` names resolves its own modules as a `mod.rs` does.
            self.found.push(SourceFile::root(join(&self.path_base(), &path)));
            return;
        }
        let base = self.name_base();
        let beside = join(&base, &format!("{name}.rs"));
        if self.repository.texts.contains_key(&beside) {
            self.found.push(SourceFile::named(beside));
        } else {
            self.found.push(SourceFile::root(join(&base, &format!("{name}/mod.rs"))));
        }
    }

    fn visit_macro(&mut self, called: &syn::Macro) {
        if called.path.is_ident("include")
            && let Ok(path) = called.parse_body::<syn::LitStr>()
        {
            self.found.push(SourceFile::root(join(folder(&self.file.path), &path.value())));
        }
    }
}

impl Walk<'_> {
    /// Where `mod name;` is looked for here.
    fn name_base(&self) -> String {
        self.inside(self.file.children.clone(), &self.inline)
    }

    /// What a `#[path]` is relative to here: the file's folder, but within inline modules the folder of these.
    fn path_base(&self) -> String {
        if self.inline.is_empty() { folder(&self.file.path).to_owned() } else { self.name_base() }
    }

    fn inside(&self, start: String, modules: &[InlineModule]) -> String {
        let mut base = start;
        for (depth, InlineModule { name, path }) in modules.iter().enumerate() {
            base = match path {
                Some(path) if depth == 0 => join(folder(&self.file.path), path),
                Some(path) => join(&base, path),
                None => join(&base, name),
            };
        }
        base
    }
}

/// The value of `#[path = "…"]`, also within `#[cfg_attr(…, path = "…")]`.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) => path_value(pair),
        syn::Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let nested = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(nested).ok()?.iter().skip(1).find_map(|meta| match meta {
                syn::Meta::NameValue(pair) => path_value(pair),
                syn::Meta::Path(_) | syn::Meta::List(_) => None,
            })
        }
        syn::Meta::Path(_) | syn::Meta::List(_) => None,
    })
}

fn path_value(pair: &syn::MetaNameValue) -> Option<String> {
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &pair.value else {
        return None;
    };
    pair.path.is_ident("path").then(|| path.value())
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below a folder, with `.` and `..` resolved.
fn join(folder: &str, path: &str) -> String {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(roots: &[&str], files: &[(&str, &str)], unreached: &[&str]) {
        let repository = Repository::of(files);
        let places: Vec<String> = from_roots(&repository, roots.iter().map(|root| (*root).to_owned()))
            .into_iter()
            .map(|problem| problem.place)
            .collect();
        assert_eq!(places, unreached);
    }

    #[test]
    fn a_file_that_no_mod_names_is_found() {
        check(
            &["src/lib.rs", "tests/laws.rs"],
            &[
                ("src/lib.rs", "mod named;"),
                ("src/named.rs", ""),
                ("src/forgotten.rs", "not even Rust {"),
                ("tests/laws.rs", ""),
                ("tests/common/mod.rs", ""),
            ],
            &["src/forgotten.rs", "tests/common/mod.rs"],
        );
    }

    #[test]
    fn both_layouts_of_nested_modules_are_followed() {
        check(
            &["src/lib.rs"],
            &[
                ("src/lib.rs", "mod new; mod old;"),
                ("src/new.rs", "mod leaf;"),
                ("src/new/leaf.rs", ""),
                ("src/old/mod.rs", "mod leaf;"),
                ("src/old/leaf.rs", ""),
                ("src/leaf.rs", ""),
            ],
            &["src/leaf.rs"],
        );
    }

    #[test]
    fn modules_behind_a_cfg_count() {
        check(
            &["src/lib.rs"],
            &[
                ("src/lib.rs", "#[cfg(test)] mod tests; #[cfg(feature = \"serde\")] pub mod wire;"),
                ("src/tests.rs", ""),
                ("src/wire.rs", ""),
            ],
            &[],
        );
    }

    #[test]
    fn inline_modules_are_folders() {
        check(
            &["src/lib.rs"],
            &[
                ("src/lib.rs", "mod a { mod b; } mod c;"),
                ("src/a/b.rs", ""),
                ("src/c.rs", "mod d { mod e; }"),
                ("src/c/d/e.rs", ""),
                ("src/d/e.rs", ""),
            ],
            &["src/d/e.rs"],
        );
    }

    #[test]
    fn path_attributes_are_followed() {
        check(
            &["src/lib.rs", "tests/it.rs"],
            &[
                ("src/lib.rs", "#[path = \"odd/name.rs\"] mod a; mod b;"),
                ("src/odd/name.rs", "mod below;"),
                ("src/odd/below.rs", ""),
                ("src/b.rs", "#[cfg_attr(unix, path = \"unix.rs\")] mod system; mod i { #[path = \"p.rs\"] mod q; }"),
                ("src/unix.rs", ""),
                ("src/b/i/p.rs", ""),
                ("tests/it.rs", "#[path = \"../shared/fixtures.rs\"] mod fixtures;"),
                ("shared/fixtures.rs", ""),
            ],
            &[],
        );
    }

    #[test]
    fn a_mod_in_a_function_and_an_included_file_count() {
        check(
            &["benches/b.rs"],
            &[
                ("benches/b.rs", "fn main() { mod inner; } include!(\"table.rs\");"),
                ("benches/inner.rs", ""),
                ("benches/table.rs", ""),
            ],
            &[],
        );
    }

    #[test]
    fn a_mod_in_a_comment_or_a_string_declares_nothing() {
        check(
            &["src/lib.rs"],
            &[("src/lib.rs", "// mod a;\n/* mod a; */ const TEXT: &str = \"mod a;\";"), ("src/a.rs", "")],
            &["src/a.rs"],
        );
    }

    #[test]
    fn a_root_that_does_not_parse_is_a_problem_of_its_own() {
        check(&["src/lib.rs"], &[("src/lib.rs", "\nmod {")], &["src/lib.rs"]);
    }
}
