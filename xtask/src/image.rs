//! `image`: the container images as an OCI layout, without a container daemon.
//!
//! Both images hold the same files: one static binary, the certificates of public authorities, a user, and the list of what is in
//! the binary. They differ in their entry point, because the charts pass flags only, as they do to the Go programs.

mod binary;
mod contents;
mod layout;
mod licences;
mod sbom;

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// Most bytes of the binary.
const BINARY_BUDGET: u64 = 15_000_000;
/// The user of the `nonroot` images of distroless, which the charts expect.
const USER: &str = "65532:65532";

/// An image: its name, and what it starts.
struct Image {
    name: &'static str,
    entry_point: &'static [&'static str],
}

const IMAGES: [Image; 2] = [
    Image { name: "networking-calico", entry_point: &["/networking-calico"] },
    Image { name: "admission-calico", entry_point: &["/networking-calico", "admission"] },
];

/// A processor that the images are made for, under its name in OCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
}

impl Architecture {
    fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// musl, so that the binary needs no library at run time, name resolution included.
    fn target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-musl",
            Self::Arm64 => "aarch64-unknown-linux-musl",
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Processor; may be given several times
    #[arg(long = "architecture", value_enum, default_values_t = [Architecture::Amd64])]
    architectures: Vec<Architecture>,
    /// Build every binary a second time in a clone of the last commit, and fail if its bytes differ
    #[arg(long)]
    reproduce: bool,
}

pub(crate) fn run(options: &Options) -> Result<Vec<Problem>, Failure> {
    let root = repository::root()?;
    let output = root.join("target/image");
    let mut problems = Vec::new();
    let mut platforms = Vec::new();
    let mut architectures = options.architectures.clone();
    architectures.sort_unstable();
    architectures.dedup();
    for architecture in architectures {
        let name = architecture.name();
        let built = binary::build(&root, architecture)?;
        let bytes = read(&built)?;
        println!("binary/{name}: {} bytes, budget {BINARY_BUDGET}, sha256 {}", bytes.len(), digest(&bytes));
        if bytes.len() as u64 > BINARY_BUDGET {
            problems.push(Problem::new(
                format!("binary/{name}"),
                format!("it has {} bytes and may have {BINARY_BUDGET}", bytes.len()),
            ));
        }
        if options.reproduce {
            let again = digest(&read(&binary::build(&clone(&root)?, architecture)?)?);
            if again == digest(&bytes) {
                println!("binary/{name}: built twice, the same bytes");
            } else {
                let text = format!(
                    "built again from the last commit its sha256 is {again}: commit everything, or find what makes the build differ"
                );
                problems.push(Problem::new(format!("binary/{name}"), text));
            }
        }
        let parts = licences::parts(&root, architecture.target())?;
        let files = contents::files(bytes, &parts, &licences::text(&parts)?)?;
        contents::write(&output.join(format!("root-{name}")), &files)?;
        platforms.push((architecture, files));
    }
    let about = About::of(&root)?;
    for (reference, digest) in layout::write(&output.join("oci"), &IMAGES, &platforms, &about)? {
        println!("{reference}@{digest}");
    }
    println!("an OCI layout is in {}", output.join("oci").display());
    Ok(problems)
}

/// Where an image comes from.
struct About {
    version: &'static str,
    /// The last commit.
    revision: String,
    /// When that was made: the images of one commit are equal to the byte.
    created: String,
}

impl About {
    fn of(root: &Path) -> Result<Self, Failure> {
        let log = |format: &str| {
            let mut command = Command::new("git");
            command.current_dir(root).env("TZ", "UTC");
            command.args(["log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", &format!("--format={format}")]);
            process::capture(&mut command).map(|line| line.trim().to_owned())
        };
        Ok(Self { version: env!("CARGO_PKG_VERSION"), revision: log("%H")?, created: log("%cd")? })
    }
}

/// A fresh clone of the last commit, in another folder than this one: paths must not get into the binary.
fn clone(root: &Path) -> Result<PathBuf, Failure> {
    let path = root.join("target/image/again");
    if path.exists() {
        std::fs::remove_dir_all(&path).map_err(|source| Failure::Write { path: path.clone(), source })?;
    }
    process::run(Command::new("git").args(["clone", "--quiet", "--local"]).arg(root).arg(&path))?;
    Ok(path)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|source| Failure::Read { path: path.to_owned(), source })
}

/// SHA-256 in hexadecimal.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha256() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    /// The Dockerfile is the other way to the same images.
    #[test]
    fn the_dockerfile_agrees() {
        let dockerfile = std::fs::read_to_string(repository::root().unwrap().join("Dockerfile")).unwrap();
        for Image { name, entry_point } in &IMAGES {
            assert!(dockerfile.contains(&format!(" AS {name}\n")), "{name}");
            let words = entry_point.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
            assert!(dockerfile.contains(&format!("ENTRYPOINT [{words}]\n")), "{words}");
        }
        assert!(dockerfile.contains(&format!("USER {USER}\n")));
        let toolchain = std::fs::read_to_string(repository::root().unwrap().join("rust-toolchain.toml")).unwrap();
        let version = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")).unwrap();
        assert!(dockerfile.contains(&format!("rust:{}", version.trim_end_matches(".0\""))));
    }
}
