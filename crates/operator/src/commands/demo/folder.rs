//! A folder of our own for kubeconfigs and logs. Only its owner may look into it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::DemoError;

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes one that was not there.
    pub(super) fn new() -> Result<Self, DemoError> {
        let failed = |source| DemoError::Machine { what: "cannot make a folder for temporary files", source };
        for attempt in 0..100 {
            let path = std::env::temp_dir().join(format!("networking-calico-demo-{}-{attempt}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::ErrorKind::AlreadyExists.into()))
    }

    /// Writes a file in it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, DemoError> {
        let path = self.0.join(name);
        fs::write(&path, text)
            .map_err(|source| DemoError::Machine { what: "cannot write a temporary file", source })?;
        Ok(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it with everything in it. What cannot be removed stays.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
