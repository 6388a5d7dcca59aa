//! `parity`: our decisions and validation beside recorded results of the Go extension.

mod definitions;

use std::path::Path;

use crate::failure::{Failure, Problem};

pub(crate) fn run(directory: &Path) -> Result<Vec<Problem>, Failure> {
    for problem in definitions::problems(directory)? {
        eprintln!("{problem}");
    }
    Err(Failure::NotBuilt(format!("not built yet: nothing compares with `{}`", directory.display())))
}
