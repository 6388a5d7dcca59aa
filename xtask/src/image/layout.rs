//! Images in the OCI image layout: <https://github.com/opencontainers/image-spec>, version 1.1.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde::Serialize;
use serde_json::{Value, json};

use super::contents::{File, Layer};
use super::{About, Architecture, Image, USER, digest};
use crate::failure::Failure;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// How one blob names another.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Value>,
}

/// Writes the layout anew, and returns each image's reference and digest.
pub(super) fn write(
    folder: &Path,
    images: &[Image],
    platforms: &[(Architecture, BTreeMap<String, File>)],
    about: &About,
) -> Result<Vec<(String, String)>, Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|source| Failure::Write { path: folder.to_owned(), source })?;
    }
    let blobs = Blobs { folder: folder.join("blobs/sha256") };
    fs::create_dir_all(&blobs.folder).map_err(|source| Failure::Write { path: blobs.folder.clone(), source })?;
    let layers: Vec<(Architecture, Vec<Stored>)> = platforms
        .iter()
        .map(|(architecture, files)| Ok((*architecture, blobs.layers(files)?)))
        .collect::<Result<_, Failure>>()?;
    let mut references = Vec::new();
    let mut manifests = Vec::new();
    for image in images {
        let mut platforms = Vec::new();
        for (architecture, layers) in &layers {
            let platform = Some(json!({"architecture": architecture.name(), "os": "linux"}));
            platforms.push(Descriptor { platform, ..blobs.manifest(image, *architecture, layers, about)? });
        }
        let reference = format!("{}:{}", image.name, about.version);
        let annotations = Some(json!({"org.opencontainers.image.ref.name": reference}));
        let descriptor = Descriptor { annotations, ..blobs.json(INDEX, &index(&platforms))? };
        references.push((reference, descriptor.digest.clone()));
        manifests.push(descriptor);
    }
    store(&folder.join("index.json"), index(&manifests).to_string().as_bytes())?;
    store(&folder.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok(references)
}

fn index(manifests: &[Descriptor]) -> Value {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
}

/// A layer: how a manifest names it, and the digest of what it is when unpacked.
struct Stored {
    descriptor: Descriptor,
    unpacked: String,
}

struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    fn layers(&self, files: &BTreeMap<String, File>) -> Result<Vec<Stored>, Failure> {
        let layers: BTreeSet<Layer> = files.values().map(|file| file.layer).collect();
        layers
            .into_iter()
            .map(|layer| {
                let archive = archive(files.iter().filter(|(_, file)| file.layer == layer))
                    .and_then(|archive| Ok((compress(&archive)?, archive)));
                let (packed, unpacked) =
                    archive.map_err(|source| Failure::Write { path: self.folder.clone(), source })?;
                Ok(Stored { descriptor: self.put(LAYER, &packed)?, unpacked: format!("sha256:{}", digest(&unpacked)) })
            })
            .collect()
    }

    fn manifest(
        &self,
        image: &Image,
        architecture: Architecture,
        layers: &[Stored],
        about: &About,
    ) -> Result<Descriptor, Failure> {
        let labels = json!({
            "org.opencontainers.image.title": image.name,
            "org.opencontainers.image.version": about.version,
            "org.opencontainers.image.revision": about.revision,
            "org.opencontainers.image.licenses": "Apache-2.0",
        });
        let step = json!({"created": about.created, "created_by": "cargo xtask image"});
        let configuration = json!({
            "architecture": architecture.name(),
            "os": "linux",
            "created": about.created,
            "config": {
                "User": USER,
                "Entrypoint": image.entry_point,
                "WorkingDir": "/",
                "Env": ["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
                "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| &layer.unpacked).collect::<Vec<_>>()},
            "history": vec![step; layers.len()],
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.json(CONFIGURATION, &configuration)?,
            "layers": layers.iter().map(|layer| &layer.descriptor).collect::<Vec<_>>(),
        });
        self.json(MANIFEST, &manifest)
    }

    fn json(&self, media_type: &'static str, content: &Value) -> Result<Descriptor, Failure> {
        self.put(media_type, content.to_string().as_bytes())
    }

    fn put(&self, media_type: &'static str, bytes: &[u8]) -> Result<Descriptor, Failure> {
        let digest = digest(bytes);
        store(&self.folder.join(&digest), bytes)?;
        let digest = format!("sha256:{digest}");
        Ok(Descriptor { media_type, digest, size: bytes.len(), platform: None, annotations: None })
    }
}

fn store(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|source| Failure::Write { path: path.to_owned(), source })
}

/// A tar archive of the files with their folders: no times, no owners, sorted.
fn archive<'a>(files: impl Iterator<Item = (&'a String, &'a File)>) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut folders = BTreeSet::new();
    for (path, file) in files {
        let parents: Vec<&Path> =
            Path::new(path).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
        for folder in parents.into_iter().rev() {
            if folders.insert(folder.to_owned()) {
                let mut header = header(0o755, 0);
                header.set_entry_type(tar::EntryType::Directory);
                builder.append_data(&mut header, folder.join(""), io::empty())?;
            }
        }
        builder.append_data(&mut header(file.mode, file.bytes.len() as u64), path, file.bytes.as_slice())?;
    }
    builder.into_inner()
}

fn header(mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn files() -> BTreeMap<String, File> {
        let file = |mode, text: &str, layer| File { mode, bytes: text.as_bytes().to_vec(), layer };
        BTreeMap::from([
            ("etc/ssl/certs/ca-certificates.crt".to_owned(), file(0o644, "certificates", Layer::Base)),
            ("networking-calico".to_owned(), file(0o755, "program", Layer::Program)),
        ])
    }

    fn layout(folder: &Path) -> Vec<(String, String)> {
        let images = [Image { name: "n", entry_point: &["/networking-calico"] }];
        let about = About { version: "1.2.3", revision: "abc".to_owned(), created: "2026-11-27T00:00:00Z".to_owned() };
        write(folder, &images, &[(Architecture::Amd64, files()), (Architecture::Arm64, files())], &about).unwrap()
    }

    fn read(folder: &Path, descriptor: &Value) -> Vec<u8> {
        let name = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        let bytes = fs::read(folder.join("blobs/sha256").join(name)).unwrap();
        assert_eq!(digest(&bytes), name);
        assert_eq!(descriptor["size"], bytes.len());
        bytes
    }

    fn read_json(folder: &Path, descriptor: &Value) -> Value {
        serde_json::from_slice(&read(folder, descriptor)).unwrap()
    }

    #[test]
    fn every_blob_is_found_from_the_index_down_to_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        layout(folder);
        let top: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
        assert_eq!(top["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "n:1.2.3");
        let index = read_json(folder, &top["manifests"][0]);
        let platforms: Vec<&str> =
            (0..2).map(|at| index["manifests"][at]["platform"]["architecture"].as_str().unwrap()).collect();
        assert_eq!(platforms, ["amd64", "arm64"]);
        let manifest = read_json(folder, &index["manifests"][1]);
        let configuration = read_json(folder, &manifest["config"]);
        assert_eq!(configuration["architecture"], "arm64");
        assert_eq!(configuration["config"]["User"], "65532:65532");
        assert_eq!(configuration["config"]["Entrypoint"], json!(["/networking-calico"]));
        let mut paths = Vec::new();
        for (at, layer) in manifest["layers"].as_array().unwrap().iter().enumerate() {
            let mut unpacked = Vec::new();
            GzDecoder::new(read(folder, layer).as_slice()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(configuration["rootfs"]["diff_ids"][at], format!("sha256:{}", digest(&unpacked)));
            for entry in tar::Archive::new(unpacked.as_slice()).entries().unwrap() {
                let entry = entry.unwrap();
                let mode = entry.header().mode().unwrap();
                paths.push(format!("{mode:o} {}", entry.path().unwrap().display()));
            }
        }
        assert_eq!(
            paths,
            [
                "755 etc/",
                "755 etc/ssl/",
                "755 etc/ssl/certs/",
                "644 etc/ssl/certs/ca-certificates.crt",
                "755 networking-calico"
            ]
        );
    }

    #[test]
    fn the_same_files_give_the_same_digest() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(layout(first.path()), layout(second.path()));
    }
}
