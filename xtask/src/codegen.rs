//! `codegen`: files that are made from code, so that they cannot contradict it.
//!
//! To add one: a function that returns its whole content, and a line in [`GENERATED`].

mod c_header;
mod cluster_roles;
mod command_reference;
mod decision_list;
pub(crate) mod deviations;
mod embedding_request;
mod embedding_response;
pub(crate) mod failures;
mod json_schema;
mod list_schema;
mod metrics;
mod non_privileged;
mod plan_list;
mod registration;
mod runbook;
mod status_codes;
mod status_list;
mod stored_bundle;

use calico_manifests::definitions;
use calico_manifests::seed::dashboards;
use clap::CommandFactory;

use crate::failure::{Failure, Problem};
use crate::repository;

/// What to do with a generated file that differs from the committed one.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// Replace it.
    Write,
    /// Report it.
    Check,
}

struct Generated {
    path: &'static str,
    content: fn() -> Result<String, Failure>,
}

const GENERATED: &[Generated] = &[
    Generated { path: "docs/cli.md", content: || Ok(command_reference::page(operator::cli::command())) },
    Generated {
        path: "crates/calico-manifests/generated/calico-crds.yaml",
        content: || Ok(definitions::generate_yaml(&definitions::calico())),
    },
    Generated {
        path: "crates/calico-manifests/generated/multus-crds.yaml",
        content: || Ok(definitions::generate_yaml(&[definitions::multus()])),
    },
    Generated { path: "docs/decision-list.schema.json", content: decision_list::schema },
    Generated { path: "docs/embedding-request.schema.json", content: embedding_request::schema },
    Generated { path: "docs/embedding-response.schema.json", content: embedding_response::schema },
    Generated { path: "crates/calico-policy-c/include/calico_policy.h", content: c_header::header },
    Generated { path: "docs/plan-list.schema.json", content: plan_list::schema },
    Generated { path: "docs/status-list.schema.json", content: status_list::schema },
    Generated { path: "docs/deviations.md", content: || Ok(deviations::page()) },
    Generated { path: "docs/failures.md", content: || Ok(failures::page()) },
    Generated {
        path: "crates/calico-manifests/generated/calico-bird-dashboard.json",
        content: || Ok(dashboards::generate_json(&dashboards::bird())),
    },
    Generated {
        path: "crates/calico-manifests/generated/calico-felix-dashboard.json",
        content: || Ok(dashboards::generate_json(&dashboards::felix())),
    },
    Generated {
        path: "crates/calico-manifests/generated/calico-typha-dashboard.json",
        content: || Ok(dashboards::generate_json(&dashboards::typha())),
    },
    Generated {
        path: "charts/gardener-extension-networking-calico/cluster-role-rules.yaml",
        content: || Ok(cluster_roles::controller()),
    },
    Generated {
        path: "charts/gardener-extension-networking-calico/reader-rules.yaml",
        content: || Ok(cluster_roles::reader()),
    },
    Generated {
        path: "charts/gardener-extension-networking-calico/dashboards/overlay-switch.json",
        content: || Ok(dashboards::generate_json(&dashboards::overlay_switch())),
    },
    // After what they pack.
    Generated { path: "charts/examples/controller-registration.yaml", content: registration::controller_registration },
    Generated { path: "charts/examples/extension.yaml", content: registration::extension },
    Generated { path: "docs/metrics.md", content: || Ok(metrics::page()) },
    Generated { path: "docs/operations.md", content: runbook::page },
    Generated { path: "examples/up-to-date/bundle.yaml", content: stored_bundle::text },
    Generated { path: "docs/non-privileged.md", content: || Ok(non_privileged::page()) },
    Generated { path: "docs/xtask.md", content: || Ok(command_reference::page(crate::Arguments::command())) },
];

pub(crate) fn run(mode: Mode) -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let mut problems = Vec::new();
    for Generated { path, content } in GENERATED {
        let expected = match content() {
            Ok(expected) => expected,
            Err(failure) => {
                problems.push(Problem::new(*path, failure.to_string()));
                continue;
            }
        };
        let file = root.join(path);
        let committed = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(Failure::Read { path: file, source }),
        };
        match (difference(committed.as_deref(), &expected), mode) {
            (None, _) => {}
            (Some(difference), Mode::Check) => {
                problems.push(Problem::new(
                    *path,
                    format!("{difference}; run `cargo xtask codegen` and commit the result"),
                ));
            }
            (Some(_), Mode::Write) => {
                let write = |text: &str| {
                    file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                    std::fs::write(&file, text)
                };
                write(&expected).map_err(|source| Failure::Write { path: file.clone(), source })?;
                println!("wrote {path}");
            }
        }
    }
    Ok(problems)
}

/// Where a committed file first differs from what it should be.
fn difference(committed: Option<&str>, expected: &str) -> Option<String> {
    let Some(committed) = committed else {
        return Some("is missing".to_owned());
    };
    if committed == expected {
        return None;
    }
    let mut ours = committed.lines();
    let mut theirs = expected.lines();
    for number in 1.. {
        return Some(match (ours.next(), theirs.next()) {
            (Some(ours), Some(theirs)) if ours == theirs => continue,
            (Some(ours), Some(theirs)) => {
                format!("is stale from line {number}: has `{ours}`, should have `{theirs}`")
            }
            (Some(ours), None) => {
                format!("is stale from line {number}: has `{ours}`, should end there")
            }
            (None, Some(theirs)) => {
                format!("is stale from line {number}: ends there, should have `{theirs}`")
            }
            (None, None) => "is stale: line endings differ".to_owned(),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_where_and_what() {
        assert_eq!(difference(Some("a\nb\n"), "a\nb\n"), None);
        assert_eq!(difference(None, "a\n").unwrap(), "is missing");
        assert_eq!(difference(Some("a\nb\n"), "a\nc\n").unwrap(), "is stale from line 2: has `b`, should have `c`");
        assert_eq!(difference(Some("a\nb\n"), "a\n").unwrap(), "is stale from line 2: has `b`, should end there");
        assert_eq!(difference(Some("a\n"), "a\nb\n").unwrap(), "is stale from line 2: ends there, should have `b`");
        assert_eq!(difference(Some("a\r\n"), "a\n").unwrap(), "is stale: line endings differ");
    }

    #[test]
    fn no_two_generators_write_the_same_file() {
        let mut paths: Vec<&str> = GENERATED.iter().map(|generated| generated.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), GENERATED.len());
    }
}
