//! Where certificates are kept: in a Secret that all replicas share, or in a folder of one that runs by itself.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use adapter_k8s::client::{ApiClient, ApiError};
use adapter_k8s::lease::Leadership;
use adapter_k8s::{read, write};
use tokio::fs;

use super::certificates::Certificates;

/// Where certificates are kept.
#[derive(Clone, Debug)]
pub enum Store {
    /// In a Secret.
    Secret {
        /// The cluster.
        client: ApiClient,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// In a folder, one file per entry.
    Folder(PathBuf),
}

/// What was kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Tells whether it has changed; for a folder it is always the same.
    pub version: String,
    /// Secret.
    pub entries: BTreeMap<String, Vec<u8>>,
}

/// Why certificates could not be read or kept. Never holds any.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The API server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The folder.
    #[error("--webhook-config-cert-dir: `{}` cannot be used", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Store {
    /// What is kept; `None` where it is proven that nothing is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(&self) -> Result<Option<Kept>, StoreError> {
        match self {
            Self::Secret { client, namespace, name } => {
                let read = read::certificates::certificates(client, namespace, name).await?;
                Ok(read.map(|read| Kept { version: read.resource_version, entries: read.entries }))
            }
            Self::Folder(folder) => {
                let mut entries = BTreeMap::new();
                for name in Certificates::ENTRIES {
                    let path = folder.join(name);
                    match fs::read(&path).await {
                        Ok(bytes) => {
                            entries.insert((*name).to_owned(), bytes);
                        }
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(source) => return Err(StoreError::File { path, source }),
                    }
                }
                Ok((!entries.is_empty()).then(|| Kept { version: String::new(), entries }))
            }
        }
    }

    /// Keeps the first certificates, whoever leads: only one of several replicas can.
    ///
    /// # Errors
    /// [`StoreError`]; a conflict where another replica was first: read again.
    pub async fn create(&self, certificates: &Certificates) -> Result<(), StoreError> {
        match self {
            Self::Secret { client, namespace, name } => {
                Ok(write::certificates::create(client, namespace, name, &certificates.entries()).await?)
            }
            Self::Folder(folder) => write_folder(folder, certificates).await,
        }
    }

    /// Keeps other certificates in the place of those of this version, as the leader, and says which version they have.
    ///
    /// # Errors
    /// [`StoreError`]; a conflict where somebody else wrote in the meantime: read again.
    pub async fn replace(
        &self,
        leadership: &Leadership,
        version: &str,
        certificates: &Certificates,
    ) -> Result<String, StoreError> {
        match self {
            Self::Secret { client, namespace, name } => {
                let client = client.writing_under(leadership.clone());
                let entries = certificates.entries();
                Ok(write::certificates::replace(&client, namespace, name, version, &entries).await?)
            }
            Self::Folder(folder) => write_folder(folder, certificates).await.map(|()| String::new()),
        }
    }
}

impl StoreError {
    /// Whether somebody else wrote in the meantime.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        match self {
            Self::Api(error) => error.is_conflict(),
            Self::File { .. } => false,
        }
    }
}

async fn write_folder(folder: &Path, certificates: &Certificates) -> Result<(), StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| StoreError::File { path, source }
    };
    fs::create_dir_all(folder).await.map_err(failed(folder))?;
    let entries = certificates.entries();
    for name in Certificates::ENTRIES {
        let path = folder.join(name);
        match entries.get(*name) {
            Some(bytes) => {
                // Under another name until it is whole and only ours.
                let unfinished = folder.join(format!(".{name}"));
                fs::write(&unfinished, b"").await.map_err(failed(&unfinished))?;
                let only_ours = std::fs::Permissions::from_mode(0o600);
                fs::set_permissions(&unfinished, only_ours).await.map_err(failed(&unfinished))?;
                fs::write(&unfinished, bytes).await.map_err(failed(&unfinished))?;
                fs::rename(&unfinished, &path).await.map_err(failed(&path))?;
            }
            None => match fs::remove_file(&path).await {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::File { path, source });
                }
                Ok(()) | Err(_) => {}
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use calico_policy::time::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_folder_keeps_what_was_kept_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::Folder(folder.path().join("certificates"));
        assert!(store.read().await.unwrap().is_none());

        let start = Timestamp(1_800_000_000);
        let hosts = ["x.example".to_owned()];
        let first = Certificates::new(&hosts, &[], start).unwrap();
        let second = first.renew(&hosts, &[], Timestamp(start.0 + 20 * 86_400)).unwrap();
        store.create(&second).await.unwrap();
        assert!(Certificates::from_entries(&store.read().await.unwrap().unwrap().entries).unwrap() == second);
        store.replace(&Leadership::always(), "", &first).await.unwrap();
        assert!(Certificates::from_entries(&store.read().await.unwrap().unwrap().entries).unwrap() == first);

        let mut names = Vec::new();
        for file in std::fs::read_dir(folder.path().join("certificates")).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
            names.push(file.file_name().into_string().unwrap());
        }
        names.sort_unstable();
        assert_eq!(names, ["bundle.crt", "ca.crt", "ca.key", "state.json", "tls.crt", "tls.key"]);
    }
}
