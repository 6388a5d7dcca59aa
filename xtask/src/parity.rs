//! `parity`: our decisions and validation beside recorded results of the Go extension.

use std::path::Path;

use crate::failure::{Failure, Problem};

pub(crate) fn run(directory: &Path) -> Result<Vec<Problem>, Failure> {
    Err(Failure::NotBuilt(format!("not built yet: nothing compares with `{}`", directory.display())))
}
