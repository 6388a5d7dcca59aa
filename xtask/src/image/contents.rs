//! The files of an image.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::licences::Part;
use super::sbom;
use crate::failure::Failure;

/// A file of an image.
pub(super) struct File {
    pub(super) mode: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) layer: Layer,
}

/// Files that change at different times lie in different layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// Changes with the certificates of public authorities.
    Base,
    /// Changes with every release.
    Program,
}

/// All files by their path, without a leading slash.
pub(super) fn files(binary: Vec<u8>, parts: &[Part], licences: &str) -> Result<BTreeMap<String, File>, Failure> {
    let text = |layer, text: &str| File { mode: 0o644, bytes: text.as_bytes().to_vec(), layer };
    let passwd = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n";
    Ok(BTreeMap::from([
        ("etc/group".to_owned(), text(Layer::Base, "root:x:0:\nnonroot:x:65532:\n")),
        ("etc/passwd".to_owned(), text(Layer::Base, passwd)),
        ("etc/ssl/certs/ca-certificates.crt".to_owned(), text(Layer::Base, &authorities())),
        ("networking-calico".to_owned(), File { mode: 0o755, bytes: binary, layer: Layer::Program }),
        ("usr/share/doc/networking-calico/licences.txt".to_owned(), text(Layer::Program, licences)),
        ("usr/share/doc/networking-calico/sbom.cdx.json".to_owned(), text(Layer::Program, &sbom::text(parts)?)),
    ]))
}

/// The certificates that Mozilla trusts, as PEM.
fn authorities() -> String {
    let mut text = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(certificate);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

/// Writes the files into a folder, from which the Dockerfile copies them.
pub(super) fn write(folder: &Path, files: &BTreeMap<String, File>) -> Result<(), Failure> {
    for (path, File { mode, bytes, .. }) in files {
        let path = folder.join(path);
        let failed = |source| Failure::Write { path: path.clone(), source };
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        fs::write(&path, bytes).map_err(failed)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificates_are_pem_with_short_lines() {
        let text = authorities();
        let count = text.matches("-----BEGIN CERTIFICATE-----\n").count();
        assert!(count > 100, "{count}");
        assert_eq!(text.matches("-----END CERTIFICATE-----\n").count(), count);
        assert!(text.lines().all(|line| line.len() <= 64));
        // A certificate is a DER sequence with a length of two bytes.
        assert_eq!(text.matches("-----BEGIN CERTIFICATE-----\nMII").count(), count);
    }
}
