//! What changed between two renderings, object by object.

use std::collections::BTreeMap;

/// The lines that differ, under the name of their object. Comments of Helm do not count.
pub(super) fn between(before: &str, after: &str) -> String {
    let (before, after) = (objects(before), objects(after));
    let mut text = String::new();
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(before), Some(after)) => text.push_str(&format!("{name}\n{}", lines(before, after))),
            (Some(_), None) => text.push_str(&format!("{name}\n- all of it\n")),
            (None, Some(after)) => text.push_str(&format!("{name}\n{}", lines(&[], after))),
            (None, None) => {}
        }
    }
    if text.is_empty() { "nothing\n".to_owned() } else { text }
}

/// The lines of each object under kind and name; of those that have both in common, one after the other.
fn objects(rendered: &str) -> BTreeMap<String, Vec<&str>> {
    let mut objects: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for document in rendered.split("\n---\n") {
        let lines: Vec<&str> = document
            .lines()
            .filter(|line| !line.starts_with('#') && *line != "---" && !line.trim().is_empty())
            .collect();
        let field = |prefix: &str| lines.iter().find_map(|line| line.strip_prefix(prefix)).unwrap_or_default();
        let name = format!("{} {}", field("kind: "), field("  name: "));
        if !lines.is_empty() {
            objects.entry(name).or_default().extend(lines);
        }
    }
    objects
}

/// A longest common subsequence keeps its lines, the others are taken away and added.
fn lines(before: &[&str], after: &[&str]) -> String {
    let width = after.len() + 1;
    let mut common = vec![0_usize; (before.len() + 1) * width];
    let at =
        |common: &[usize], left: usize, right: usize| common.get(left * width + right).copied().unwrap_or_default();
    for (left, old) in before.iter().enumerate().rev() {
        for (right, new) in after.iter().enumerate().rev() {
            let longest = if old == new {
                at(&common, left + 1, right + 1) + 1
            } else {
                at(&common, left + 1, right).max(at(&common, left, right + 1))
            };
            if let Some(cell) = common.get_mut(left * width + right) {
                *cell = longest;
            }
        }
    }
    let (mut left, mut right, mut text) = (0, 0, String::new());
    loop {
        match (before.get(left), after.get(right)) {
            (Some(old), Some(new)) if old == new => (left, right) = (left + 1, right + 1),
            (Some(old), new) if new.is_none() || at(&common, left + 1, right) >= at(&common, left, right + 1) => {
                text.push_str(&format!("- {old}\n"));
                left += 1;
            }
            (_, Some(new)) => {
                text.push_str(&format!("+ {new}\n"));
                right += 1;
            }
            (_, None) => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_changed_stand_under_their_object() {
        let before = "---\n# Source: a\nkind: A\nmetadata:\n  name: x\nspec:\n  one: 1\n  two: 2\n---\nkind: B\nmetadata:\n  name: y\n";
        let after = "---\nkind: A\nmetadata:\n  name: x\nspec:\n  one: 7\n  two: 2\n  three: 3\n---\nkind: C\nmetadata:\n  name: z\n";
        assert_eq!(
            between(before, after),
            "A x\n-   one: 1\n+   one: 7\n+   three: 3\nB y\n- all of it\nC z\n+ kind: C\n+ metadata:\n+   name: z\n"
        );
        assert_eq!(between(before, before), "nothing\n");
    }

    #[test]
    fn objects_of_one_name_in_two_namespaces_hide_nothing_of_each_other() {
        let roles = |first: &str, second: &str| {
            format!(
                "kind: R\nmetadata:\n  name: x\nspec: {first}\n---\nkind: R\nmetadata:\n  name: x\nspec: {second}\n"
            )
        };
        assert_eq!(between(&roles("1", "1"), &roles("2", "1")), "R x\n- spec: 1\n+ spec: 2\n");
        assert_eq!(between(&roles("1", "1"), &roles("1", "2")), "R x\n- spec: 1\n+ spec: 2\n");
    }
}
