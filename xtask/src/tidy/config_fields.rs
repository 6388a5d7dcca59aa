//! Which dotted field names (`overlaySwitch.deadline`) the serialised types of our crates have.
//!
//! Read from the sources, not from a list: a field that is renamed in the code is missing here at once.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use crate::failure::Problem;
use crate::repository::Repository;

/// Where a landscape operator reads what each field does.
const OPERATIONS: &str = "docs/operations.md";
/// Sections of the ControllerConfiguration, and the structs that they are read into.
const SECTIONS: [(&str, &str); 2] =
    [("clientConnection", "RawClientConnection"), ("overlaySwitch", "RawOverlaySwitch")];
/// How the names of such structs begin.
const AS_READ: &str = "Raw";

/// The structs of a set of sources: name to fields, each with the type names that occur in it.
#[derive(Debug, Default)]
pub(crate) struct ConfigFields {
    structs: BTreeMap<String, Vec<Field>>,
}

#[derive(Debug)]
struct Field {
    name: String,
    types: BTreeSet<String>,
}

/// Every field of the ControllerConfiguration is explained.
pub(crate) fn check(repository: &Repository) -> Vec<Problem> {
    let fields = ConfigFields::of(repository);
    let page = repository.texts.get(OPERATIONS).map_or("", String::as_str);
    let spans: BTreeSet<&str> = page.split('`').skip(1).step_by(2).collect();
    let explained = |section: &str, name: &str| {
        spans.iter().any(|span| {
            *span == name || span.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) == Some(name)
        })
    };
    let mut problems = Vec::new();
    for (section, structure) in SECTIONS {
        let names = fields.leaves(structure);
        if names.is_empty() {
            problems.push(Problem::new(section, format!("no struct `{structure}` has a field")));
        }
        let silent = names.iter().filter(|name| !explained(section, name));
        problems.extend(silent.map(|name| Problem::new(OPERATIONS, format!("does not explain `{section}.{name}`"))));
    }
    problems
}

impl ConfigFields {
    /// The dotted names below a struct that have no fields of their own.
    fn leaves(&self, structure: &str) -> BTreeSet<String> {
        let mut leaves = BTreeSet::new();
        for field in self.structs.get(structure).into_iter().flatten() {
            let types = field.types.iter().filter(|name| name.starts_with(AS_READ));
            let below: BTreeSet<String> = types.flat_map(|name| self.leaves(name)).collect();
            if below.is_empty() {
                leaves.insert(field.name.clone());
            }
            leaves.extend(below.into_iter().map(|name| format!("{}.{name}", field.name)));
        }
        leaves
    }

    pub(crate) fn of(repository: &Repository) -> Self {
        let mut fields = Self::default();
        for (_, text) in repository.rust_sources().filter(|(path, _)| path.starts_with("crates/")) {
            // A file that does not parse is a finding of the rule about reachable files.
            if let Ok(file) = syn::parse_file(text) {
                fields.visit_file(&file);
            }
        }
        fields
    }

    /// Whether some struct has the first name as a field, whose type has the second, and so on.
    pub(crate) fn has(&self, dotted: &str) -> bool {
        let names: Vec<&str> = dotted.split('.').collect();
        self.structs.keys().any(|start| self.has_below(start, &names))
    }

    fn has_below(&self, start: &str, names: &[&str]) -> bool {
        let Some((name, rest)) = names.split_first() else {
            return true;
        };
        let fields = self.structs.get(start).map(Vec::as_slice).unwrap_or_default();
        fields
            .iter()
            .filter(|field| field.name == *name)
            .any(|field| rest.is_empty() || field.types.iter().any(|below| self.has_below(below, rest)))
    }
}

impl<'ast> Visit<'ast> for ConfigFields {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let rename_all = serde_value(&item.attrs, "rename_all");
        let fields = item.fields.iter().filter_map(|field| {
            let ident = field.ident.as_ref()?.to_string();
            let ident = ident.trim_start_matches("r#");
            let name = serde_value(&field.attrs, "rename").unwrap_or_else(|| match rename_all.as_deref() {
                Some("camelCase") => camel_case(ident),
                _ => ident.to_owned(),
            });
            let mut types = TypeNames::default();
            types.visit_type(&field.ty);
            Some(Field { name, types: types.0 })
        });
        self.structs.entry(item.ident.to_string()).or_default().extend(fields);
        visit::visit_item_struct(self, item);
    }
}

#[derive(Default)]
struct TypeNames(BTreeSet<String>);

impl<'ast> Visit<'ast> for TypeNames {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0.insert(segment.ident.to_string());
        visit::visit_path_segment(self, segment);
    }
}

/// The text of `#[serde(KEY = "…")]`.
fn serde_value(attributes: &[syn::Attribute], key: &str) -> Option<String> {
    let mut value = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Keys of other forms end the parse of this attribute; what was found before stays.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.input.peek(syn::Token![=]) {
                let expression: syn::Expr = meta.value()?.parse()?;
                if meta.path.is_ident(key)
                    && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = expression
                {
                    value = Some(text.value());
                }
            } else if meta.input.peek(syn::token::Paren) {
                meta.parse_nested_meta(|inner| {
                    let _: syn::Expr = inner.value()?.parse()?;
                    Ok(())
                })?;
            }
            Ok(())
        });
    }
    value
}

/// `when_unguarded` as serde's `camelCase` spells it.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct ControllerConfiguration { pub overlay_switch: Option<OverlaySwitchConfiguration> }
        #[serde(default, rename_all = "camelCase")]
        pub struct OverlaySwitchConfiguration {
            pub when_unguarded: WhenUnguarded,
            #[serde(rename = "exclude", default)] pub exclude_node_classes: Vec<String>,
            pub guard: Box<Guard>,
        }
        mod inner { pub struct Guard { pub enabled: bool } }
        struct Status { overlay_switch: String }
    "#;

    #[test]
    fn a_field_that_nobody_explains_is_named() {
        let read = r#"
            #[serde(rename_all = "camelCase")] struct RawClientConnection { qps: f32, content_type: String }
            #[serde(rename_all = "camelCase")]
            struct RawOverlaySwitch { when_unguarded: Other, guard: Option<RawGuard>, deadline: Other }
            struct RawGuard { enabled: bool }
            struct Other { hidden: bool }
        "#;
        let page = "`clientConnection.qps`, `overlaySwitch.deadline`, `whenUnguarded`; enabled, `enabled`";
        let files = [("crates/gardener-api/src/c.rs", read), (OPERATIONS, page)];
        let shown: Vec<String> = check(&Repository::of(&files)).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "docs/operations.md: does not explain `clientConnection.contentType`",
                "docs/operations.md: does not explain `overlaySwitch.guard.enabled`",
            ]
        );
    }

    #[test]
    fn dotted_names_follow_the_types() {
        let repository = Repository::of(&[("crates/gardener-api/src/c.rs", SOURCE)]);
        let fields = ConfigFields::of(&repository);
        for there in
            ["overlaySwitch", "overlaySwitch.whenUnguarded", "overlaySwitch.exclude", "overlaySwitch.guard.enabled"]
        {
            assert!(fields.has(there), "{there}");
        }
        for missing in [
            "overlaySwitch.when_unguarded",
            "overlaySwitch.excludeNodeClasses",
            "overlaySwitch.guard.protect",
            "overlaySwitch.enabled",
            "guard.overlaySwitch",
        ] {
            assert!(!fields.has(missing), "{missing}");
        }
    }
}
