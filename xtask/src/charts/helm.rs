//! Helm, which renders the charts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::cases::{CHARTS, Case, Chart, Expected};
use crate::envtest;
use crate::failure::Failure;
use crate::process;

const MODULE: &str = "helm.sh/helm/v4";
const PACKAGE: &str = "helm.sh/helm/v4/cmd/helm";
/// The API server that the charts are rendered for, unless a case names another.
const KUBERNETES: &str = "1.36.3";

/// Helm, built.
#[derive(Debug)]
pub(crate) struct Helm {
    program: PathBuf,
    root: PathBuf,
}

impl Helm {
    /// Builds it on the first call.
    pub(crate) fn provide(root: &Path) -> Result<Self, Failure> {
        Ok(Self { program: envtest::program(root, "helm", MODULE, PACKAGE)?, root: root.to_owned() })
    }

    /// The objects of every chart in every case that is not refused, each with a name for it.
    pub(crate) fn every_case(&self, file: &Path) -> Result<Vec<(String, Vec<Value>)>, Failure> {
        let mut all = Vec::new();
        for chart in CHARTS {
            for case in chart.cases.iter().filter(|case| matches!(case.expected, Expected::Difference)) {
                let rendered = self.template(chart, case.values, case.kubernetes.unwrap_or(KUBERNETES), file)?;
                all.push((format!("{}, case `{}`", chart.path, case.name), decode(chart.name, &rendered)?));
            }
        }
        Ok(all)
    }

    /// The objects of a chart, by its name in `xtask/charts`, in the order in which Helm applies them. `file` is where the values are put.
    pub(crate) fn objects(&self, chart: &str, values: &Value, file: &Path) -> Result<Vec<Value>, Failure> {
        let found = CHARTS.iter().find(|known| known.name == chart);
        let found = found.ok_or_else(|| undecodable(chart, "there is none of this name".to_owned()))?;
        let rendered = self.template(found, &values.to_string(), KUBERNETES, file)?;
        decode(chart, &rendered)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn lint(&self, chart: &Chart) -> Result<(), Failure> {
        process::capture(self.command().args(["lint", "--strict", chart.path])).map(|_| ())
    }

    pub(super) fn render(&self, chart: &Chart, case: &Case) -> Result<String, Failure> {
        let file = self.root.join("target/helm/values.yaml");
        self.template(chart, case.values, case.kubernetes.unwrap_or(KUBERNETES), &file)
    }

    fn template(&self, chart: &Chart, values: &str, kubernetes: &str, file: &Path) -> Result<String, Failure> {
        fs::write(file, values).map_err(|source| Failure::Write { path: file.to_owned(), source })?;
        let mut command = self.command();
        command.args(["template", chart.release, chart.path, "--namespace", chart.namespace]);
        command.args(["--kube-version", kubernetes, "--values"]).arg(file);
        process::capture(&mut command)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.root);
        // Nothing of the person who runs this.
        for (variable, folder) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            command.env(variable, self.root.join("target/helm").join(folder));
        }
        command
    }
}

fn decode(chart: &str, rendered: &str) -> Result<Vec<Value>, Failure> {
    // Only whole lines: certificates end in dashes, too.
    let documents = rendered.split("\n---\n").filter(|text| text.lines().any(|line| line.starts_with("kind: ")));
    documents.map(|text| serde_saphyr::from_str(text).map_err(|error| undecodable(chart, error.to_string()))).collect()
}

fn undecodable(chart: &str, reason: String) -> Failure {
    Failure::Decode { what: format!("the chart `{chart}`"), reason }
}
