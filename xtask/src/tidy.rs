//! `tidy`: the rules that neither the compiler nor clippy checks.
//!
//! Each rule is a pure function of the [`Repository`]; those that need cargo as well ask it here.

mod arrows;
mod bans;
mod codes;
mod config_fields;
mod core_dependencies;
mod documents;
mod evidence;
mod exit_codes;
mod invariants;
mod lints;
mod markdown;
mod metrics;
mod reachable;
mod sources;

use crate::failure::{Failure, Problem};
use crate::repository::Repository;

type Rule = fn(&Repository) -> Result<Vec<Problem>, Failure>;

const RULES: [Rule; 15] = [
    |repository| Ok(arrows::check(&repository.packages)),
    core_dependencies::check,
    |repository| Ok(sources::module_comments(repository)),
    |repository| Ok(sources::lengths(repository, sources::LONG_FILES)),
    |repository| Ok(sources::machine_paths(repository)),
    |repository| Ok(reachable::check(repository)),
    |repository| Ok(bans::check(repository)),
    |repository| Ok(lints::check(repository)),
    documents::check,
    |repository| Ok(metrics::check(repository)),
    |repository| Ok(evidence::check(repository)),
    |repository| Ok(invariants::check(repository)),
    |repository| Ok(config_fields::check(repository)),
    |repository| Ok(exit_codes::check(repository)),
    |repository| Ok(codes::check(repository)),
];

/// Applies every rule, also after one that could not be checked.
pub(crate) fn run() -> Result<Vec<Problem>, Failure> {
    let repository = Repository::load()?;
    let mut problems = Vec::new();
    for rule in RULES {
        match rule(&repository) {
            Ok(found) => problems.extend(found),
            Err(failure) => problems.push(Problem::from(&failure)),
        }
    }
    problems.sort();
    Ok(problems)
}
