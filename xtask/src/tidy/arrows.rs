//! Which of our crates may use which: dependencies point one way.

use std::collections::BTreeSet;

use crate::failure::Problem;
use crate::repository::{Dependency, DependencyKind, Package};

/// A crate and those of ours that it may use in a normal or build dependency.
struct Layer {
    package: &'static str,
    may_use: &'static [&'static str],
}

/// The whole architecture. A crate that is not here fails until somebody decides where it belongs.
const LAYERS: [Layer; 8] = [
    Layer { package: "calico-policy", may_use: &[] },
    Layer { package: "gardener-api", may_use: &[] },
    Layer { package: "fake-apiserver", may_use: &[] },
    Layer { package: "calico-manifests", may_use: &["calico-policy"] },
    Layer { package: "calico-policy-c", may_use: &["calico-policy"] },
    Layer { package: "adapter-k8s", may_use: &["calico-policy", "gardener-api", "calico-manifests"] },
    Layer {
        package: "operator",
        may_use: &["calico-policy", "gardener-api", "fake-apiserver", "calico-manifests", "adapter-k8s"],
    },
    Layer {
        package: "xtask",
        may_use: &["calico-policy", "gardener-api", "fake-apiserver", "calico-manifests", "adapter-k8s", "operator"],
    },
];

/// Arrows that must be behind a feature: the image is built without them.
const OPTIONAL_ARROWS: [(&str, &str); 1] = [("operator", "fake-apiserver")];

pub(crate) fn check(packages: &[Package]) -> Vec<Problem> {
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut problems = Vec::new();
    for package in packages {
        let Some(layer) = layer_of(&package.name) else {
            problems.push(Problem::new(
                &package.name,
                "this crate has no place in the architecture: add it to `LAYERS` in xtask/src/tidy/arrows.rs",
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| ours.contains(dependency.name.as_str())) {
            problems.extend(judge(layer, dependency));
        }
    }
    problems
}

fn judge(layer: &Layer, dependency: &Dependency) -> Option<Problem> {
    let edge = format!("{} -> {}", layer.package, dependency.name);
    match dependency.kind {
        // Dev-dependencies are free, but no test of a lower crate may need a higher one.
        Some(DependencyKind::Dev) => layer_of(&dependency.name)
            .is_some_and(|other| uses(other, layer.package))
            .then(|| Problem::new(edge, "a test of the lower crate needs the higher one: move it up")),
        None | Some(DependencyKind::Build) if !layer.may_use.contains(&dependency.name.as_str()) => {
            let allowed = if layer.may_use.is_empty() { "none of ours".to_owned() } else { layer.may_use.join(", ") };
            Some(Problem::new(
                edge,
                format!("this arrow is not in the architecture; {} may use {allowed}", layer.package),
            ))
        }
        None | Some(DependencyKind::Build) => {
            let must_be_optional = OPTIONAL_ARROWS.contains(&(layer.package, dependency.name.as_str()));
            (must_be_optional && !dependency.optional)
                .then(|| Problem::new(edge, "this dependency must be optional: the image is built without it"))
        }
    }
}

fn layer_of(package: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.package == package)
}

/// Whether a crate may use another, directly or through a third.
fn uses(layer: &Layer, package: &str) -> bool {
    layer.may_use.iter().any(|used| *used == package || layer_of(used).is_some_and(|used| uses(used, package)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<DependencyKind>, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            dependencies: dependencies
                .iter()
                .map(|&(name, kind, optional)| Dependency { name: name.to_owned(), kind, optional })
                .collect(),
            targets: Vec::new(),
            features: std::collections::BTreeMap::new(),
        }
    }

    fn edges(packages: &[Package]) -> Vec<String> {
        check(packages).into_iter().map(|problem| problem.place).collect()
    }

    /// Every pair of crates, against the table of the architecture written out as a matrix.
    #[test]
    fn every_arrow_is_allowed_or_named() {
        const NAMES: [&str; 8] = [
            "calico-policy",
            "gardener-api",
            "fake-apiserver",
            "calico-manifests",
            "calico-policy-c",
            "adapter-k8s",
            "operator",
            "xtask",
        ];
        // Row uses column.
        const ALLOWED: [[u8; 8]; 8] = [
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 0, 0, 0, 0],
            [1, 1, 0, 1, 0, 0, 0, 0],
            [1, 1, 1, 1, 0, 1, 0, 0],
            [1, 1, 1, 1, 0, 1, 1, 0],
        ];
        for (row, from) in NAMES.iter().enumerate() {
            for (column, to) in NAMES.iter().enumerate() {
                let mut packages = vec![package(from, &[(to, None, true)])];
                if from != to {
                    packages.push(package(to, &[]));
                }
                let expected = if ALLOWED[row][column] == 1 { vec![] } else { vec![format!("{from} -> {to}")] };
                assert_eq!(edges(&packages), expected, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn a_build_dependency_is_judged_like_a_normal_one() {
        let packages = [
            package("gardener-api", &[("calico-policy", Some(DependencyKind::Build), false)]),
            package("calico-policy", &[]),
        ];
        assert_eq!(edges(&packages), ["gardener-api -> calico-policy"]);
    }

    #[test]
    fn a_dev_dependency_may_go_sideways_but_not_up() {
        let sideways = [
            package("gardener-api", &[("calico-policy", Some(DependencyKind::Dev), false)]),
            package("calico-policy", &[]),
        ];
        assert_eq!(edges(&sideways), [""; 0]);
        let up =
            [package("calico-policy", &[("operator", Some(DependencyKind::Dev), false)]), package("operator", &[])];
        assert_eq!(edges(&up), ["calico-policy -> operator"]);
    }

    #[test]
    fn the_demo_server_must_be_optional() {
        let of =
            |optional| [package("operator", &[("fake-apiserver", None, optional)]), package("fake-apiserver", &[])];
        assert_eq!(edges(&of(true)), [""; 0]);
        assert_eq!(edges(&of(false)), ["operator -> fake-apiserver"]);
    }

    #[test]
    fn a_crate_without_a_place_fails() {
        assert_eq!(edges(&[package("utils", &[])]), ["utils"]);
    }

    #[test]
    fn foreign_crates_are_not_judged_here() {
        assert_eq!(edges(&[package("gardener-api", &[("serde", None, false)])]), [""; 0]);
    }
}
