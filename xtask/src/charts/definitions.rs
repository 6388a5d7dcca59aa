//! The definitions of other projects' kinds that the charts have objects of, from the Go modules that `xtask/definitions` pins.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::envtest;
use crate::failure::Failure;
use crate::process;

/// A module, and the files in it.
const FILES: [(&str, &[&str]); 3] = [
    (
        "github.com/fluent/fluent-operator/v3",
        &[
            "config/crd/bases/fluentbit.fluent.io_clusterfilters.yaml",
            "config/crd/bases/fluentbit.fluent.io_clusterparsers.yaml",
        ],
    ),
    (
        "github.com/prometheus-operator/prometheus-operator",
        &["example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"],
    ),
    ("k8s.io/autoscaler/vertical-pod-autoscaler", &["deploy/vpa-v1-crd-gen.yaml"]),
];

/// All of them. Downloads the modules on the first call; Go compares them with their checksums in any.
pub(crate) fn definitions(root: &Path) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for (module, files) in FILES {
        let folder = downloaded(&root.join("xtask/definitions"), module)?;
        for file in files {
            let path = Path::new(&folder).join(file);
            let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
            for document in text.split("\n---\n").filter(|document| document.contains("kind: CustomResourceDefinition"))
            {
                let definition = serde_saphyr::from_str(document);
                all.push(definition.map_err(|error| undecodable(&path.display().to_string(), error.to_string()))?);
            }
        }
    }
    Ok(all)
}

/// Where the sources of a module are.
fn downloaded(pins: &Path, module: &str) -> Result<String, Failure> {
    let version = envtest::required_version(pins, module)?;
    let mut command = Command::new("go");
    command.current_dir(pins).env("GOFLAGS", "-mod=readonly");
    command.args(["mod", "download", "-json", &format!("{module}@{version}")]);
    if !process::exists(Command::new("go").arg("version")) {
        return Err(Failure::ToolMissing { tool: "go", remedy: "install Go" });
    }
    let said = process::capture(&mut command)?;
    let answer: Value = serde_json::from_str(&said).map_err(|error| undecodable(module, error.to_string()))?;
    let folder = answer.get("Dir").and_then(Value::as_str).map(str::to_owned);
    folder.ok_or_else(|| undecodable(module, format!("no folder in {said}")))
}

fn undecodable(what: &str, reason: String) -> Failure {
    Failure::Decode { what: format!("`{what}`"), reason }
}
