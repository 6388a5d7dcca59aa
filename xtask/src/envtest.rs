//! `envtest`: `etcd` and `kube-apiserver` for the checks that need a real API server, and `kubectl` for those of ours.
//!
//! They come from the folder that `KUBEBUILDER_ASSETS` names, as for any Kubernetes project; where it is not set they are built from
//! their Go modules, pinned by the `go.mod` and `go.sum` files in `xtask/envtest`, and kept in `target`. A folder of servers alone
//! is enough where there is a `kubectl` on the path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Problem};
use crate::process;
use crate::repository;

/// The variable that names the folder, as the Kubernetes projects name it.
const ASSETS: &str = "KUBEBUILDER_ASSETS";
const KUBECTL: &str = "kubectl";
const ETCD_SOURCES: &str = "xtask/envtest/etcd";
const ETCD_MODULE: &str = "go.etcd.io/etcd/server/v3";
const KUBERNETES_MODULE: &str = "k8s.io/kubernetes";

/// Which API server is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Release {
    /// Serves the policies of the guard as v1
    #[default]
    #[value(name = "1.36")]
    V1_36,
    /// Serves them as v1beta1, behind a feature gate and a runtimeConfig entry
    #[value(name = "1.34")]
    V1_34,
}

impl Release {
    fn folder(self) -> &'static str {
        match self {
            Self::V1_36 => "kube-apiserver-1.36",
            Self::V1_34 => "kube-apiserver-1.34",
        }
    }
}

pub(crate) fn run(release: Release) -> Result<Vec<Problem>, Failure> {
    let assets = provide(release)?;
    // Quoted: whoever evaluates this may live in a folder with a space.
    println!("export {ASSETS}='{}'", assets.display());
    let is_given = std::env::var_os(ASSETS).is_some();
    let is_there = assets.join(KUBECTL).is_file()
        || is_given && process::exists(Command::new(KUBECTL).args(["version", "--client"]));
    if !is_there {
        let folder = built(release)?;
        build(
            &sources(release)?,
            "k8s.io/kubernetes/cmd/kubectl",
            &version_flags(&version(release)?),
            &folder.join(KUBECTL),
        )?;
        if is_given {
            println!("export PATH='{}':\"$PATH\"", folder.display());
        }
    }
    Ok(Vec::new())
}

/// The folder that holds both programs. Builds them on the first call, which takes minutes; later calls are cheap.
pub(crate) fn provide(release: Release) -> Result<PathBuf, Failure> {
    if let Some(folder) = std::env::var_os(ASSETS) {
        return given(PathBuf::from(folder));
    }
    let assets = built(release)?;
    build(&repository::root()?.join(ETCD_SOURCES), ETCD_MODULE, "", &assets.join("etcd"))?;
    let flags = version_flags(&version(release)?);
    build(&sources(release)?, "k8s.io/kubernetes/cmd/kube-apiserver", &flags, &assets.join("kube-apiserver"))?;
    Ok(assets)
}

/// The folder for what is built here. The versions are part of its name, so that a changed pin is never answered by an old program.
fn built(release: Release) -> Result<PathBuf, Failure> {
    let root = repository::root()?;
    let etcd = required_version(&root.join(ETCD_SOURCES), ETCD_MODULE)?;
    let folder = root.join("target/envtest").join(format!("kubernetes-{}-etcd-{etcd}", version(release)?));
    fs::create_dir_all(&folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
    Ok(folder)
}

fn sources(release: Release) -> Result<PathBuf, Failure> {
    Ok(repository::root()?.join("xtask/envtest").join(release.folder()))
}

fn version(release: Release) -> Result<String, Failure> {
    required_version(&sources(release)?, KUBERNETES_MODULE)
}

/// A Go program of `xtask/<name>`, built on the first call.
pub(crate) fn program(root: &Path, name: &str, module: &str, package: &str) -> Result<PathBuf, Failure> {
    let sources = root.join("xtask").join(name);
    let version = required_version(&sources, module)?;
    let folder = root.join("target").join(name);
    fs::create_dir_all(&folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
    // The version is part of the name, so that a changed pin is never answered by an old program.
    let program = folder.join(format!("{name}-{version}"));
    if package == "." && is_older(&program, &sources.join("main.go")) {
        let _ = fs::remove_file(&program);
    }
    build(&sources, package, "", &program)?;
    Ok(program)
}

fn given(folder: PathBuf) -> Result<PathBuf, Failure> {
    for program in ["etcd", "kube-apiserver"] {
        let path = folder.join(program);
        fs::metadata(&path).map_err(|source| Failure::Read { path, source })?;
    }
    Ok(folder)
}

/// Builds a Go program unless it is there.
pub(crate) fn build(module: &Path, package: &str, flags: &str, program: &Path) -> Result<(), Failure> {
    if program.is_file() {
        return Ok(());
    }
    if !process::exists(Command::new("go").arg("version")) {
        return Err(Failure::ToolMissing {
            tool: "go",
            remedy: "install Go; for `etcd`, `kube-apiserver` and `kubectl` it is enough that KUBEBUILDER_ASSETS names a folder with them",
        });
    }
    eprintln!("building {package}, once: this takes minutes");
    // Under another name first: what a killed build leaves must not be taken for the program.
    let unfinished = program.with_extension("unfinished");
    let mut command = Command::new("go");
    command.current_dir(module).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly -buildvcs=false");
    command.args(["build", "-trimpath", "-ldflags", &format!("-s -w {flags}"), "-o"]).arg(&unfinished).arg(package);
    process::run(&mut command)?;
    fs::rename(&unfinished, program).map_err(|source| Failure::Write { path: program.to_owned(), source })
}

fn is_older(program: &Path, source: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    matches!((changed(program), changed(source)), (Ok(program), Ok(source)) if program < source)
}

/// Without these a program reports v0.0.0, and nothing that depends on its version works.
fn version_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let variable = "-X k8s.io/component-base/version";
    format!("{variable}.gitVersion={version} {variable}.gitMajor={major} {variable}.gitMinor={minor}")
}

/// The version of a module that a `go.mod` requires.
pub(crate) fn required_version(folder: &Path, module: &str) -> Result<String, Failure> {
    let path = folder.join("go.mod");
    let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
    version_in(&text, module).ok_or_else(|| Failure::Decode {
        what: format!("`{}`", path.display()),
        reason: format!("it requires no version of `{module}`"),
    })
}

fn version_in(go_mod: &str, module: &str) -> Option<String> {
    go_mod.lines().find_map(|line| {
        let mut words = line.trim().trim_start_matches("require ").split_whitespace();
        (words.next() == Some(module)).then(|| words.next().map(str::to_owned)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_required_module() {
        let text =
            "module x\n\nrequire go.etcd.io/etcd/server/v3 v3.6.16\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n";
        assert_eq!(version_in(text, ETCD_MODULE).as_deref(), Some("v3.6.16"));
        assert_eq!(version_in(text, KUBERNETES_MODULE).as_deref(), Some("v1.36.3"));
        assert_eq!(version_in(text, "go.etcd.io/etcd"), None);
    }

    #[test]
    fn a_built_server_knows_its_version() {
        let variable = "-X k8s.io/component-base/version";
        assert_eq!(
            version_flags("v1.36.3"),
            format!("{variable}.gitVersion=v1.36.3 {variable}.gitMajor=1 {variable}.gitMinor=36")
        );
    }
}
