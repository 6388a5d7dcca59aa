//! The static binary of an image: without the demo, and the same bytes wherever it is built.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Architecture;
use crate::failure::Failure;
use crate::process;

/// The flag separator of `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\u{1f}";

/// Builds the binary of the workspace at `root`.
pub(super) fn build(root: &Path, architecture: Architecture) -> Result<PathBuf, Failure> {
    let compiler = compiler(architecture);
    if !process::exists(Command::new(compiler.program).arg("--version")) {
        return Err(Failure::ToolMissing { tool: compiler.program, remedy: compiler.remedy });
    }
    let target = architecture.target();
    let underscored = target.replace('-', "_");
    let mut command = process::cargo(root);
    command.env("CARGO_TARGET_DIR", root.join("target"));
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(root)?.join(SEPARATOR));
    command.env(format!("CC_{underscored}"), compiler.program);
    command.env(format!("CFLAGS_{underscored}"), "-ffile-prefix-map=/=/");
    if architecture != native() {
        command.env(format!("CARGO_TARGET_{}_LINKER", underscored.to_uppercase()), compiler.program);
    }
    command.args(["build", "--quiet", "--release", "--locked", "--package", "operator", "--no-default-features"]);
    process::run(command.args(["--bin", "networking-calico", "--target", target]))?;
    Ok(root.join("target").join(target).join("release/networking-calico"))
}

/// Folders of the machine get neutral names: they would be the only difference between two builds.
fn flags(root: &Path) -> Result<Vec<String>, Failure> {
    let sysroot = process::capture(Command::new("rustc").current_dir(root).args(["--print", "sysroot"]))?;
    let home = home::cargo_home()
        .map_err(|error| Failure::Decode { what: "the folder of cargo".to_owned(), reason: error.to_string() })?;
    Ok(vec![
        format!("--remap-path-prefix={}=/rust", sysroot.trim()),
        format!("--remap-path-prefix={}=/cargo", home.display()),
        format!("--remap-path-prefix={}=/networking-calico", root.display()),
    ])
}

struct Compiler {
    program: &'static str,
    remedy: &'static str,
}

/// The C compiler for the cryptography of `ring`.
fn compiler(architecture: Architecture) -> Compiler {
    match (architecture, native()) {
        (Architecture::Amd64, Architecture::Amd64) | (Architecture::Arm64, Architecture::Arm64) => {
            Compiler { program: "musl-gcc", remedy: "install the package musl-tools" }
        }
        (Architecture::Arm64, Architecture::Amd64) => Compiler {
            program: "aarch64-linux-gnu-gcc",
            remedy: "install the packages gcc-aarch64-linux-gnu and libc6-dev-arm64-cross",
        },
        (Architecture::Amd64, Architecture::Arm64) => Compiler {
            program: "x86_64-linux-gnu-gcc",
            remedy: "install the packages gcc-x86-64-linux-gnu and libc6-dev-amd64-cross",
        },
    }
}

const fn native() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::Amd64 }
}
