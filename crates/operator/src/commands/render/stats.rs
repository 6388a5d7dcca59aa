//! The sizes of a bundle.

use std::io::{self, Write};

use adapter_k8s::bundle::{Bundle, CONFIG_KEY, DEFINITIONS_KEY};
use serde::Serialize;

use super::Rendering;
use crate::cli::ObjectOutput;

/// Sizes in bytes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    namespace: String,
    name: String,
    bundle: &'static str,
    /// Objects, the definitions among them.
    objects: usize,
    definitions: usize,
    secret: String,
    config_yaml: usize,
    crds_yaml_br: usize,
    /// Of the definitions before compression.
    crds_yaml: usize,
    /// Of all values, which is what Kubernetes limits to 1 MiB.
    total: usize,
}

/// What the Go extension stores for a shoot of which nothing was asked.
const GO: usize = 352_890;

pub(super) fn write(
    out: &mut impl Write,
    rendering: &Rendering,
    bundle: &Bundle,
    output: ObjectOutput,
) -> io::Result<()> {
    let stats = of(rendering, bundle);
    match output {
        ObjectOutput::Json => {
            serde_json::to_writer_pretty(&mut *out, &stats)?;
            writeln!(out)
        }
        ObjectOutput::Yaml => {
            let Stats { namespace, name, bundle, objects, definitions, secret, .. } = &stats;
            writeln!(out, "Network {namespace}/{name}")?;
            let mut line = |label: &str, text: String| writeln!(out, "  {label:<16} {text}");
            line("bundle", (*bundle).to_owned())?;
            line("objects", format!("{objects}, {definitions} of them definitions"))?;
            line(CONFIG_KEY, bytes(stats.config_yaml))?;
            line(DEFINITIONS_KEY, format!("{}, {} uncompressed", bytes(stats.crds_yaml_br), bytes(stats.crds_yaml)))?;
            line("Secret", format!("{} in {secret} (the Go extension: {})", bytes(stats.total), bytes(GO)))
        }
    }
}

fn of(rendering: &Rendering, bundle: &Bundle) -> Stats {
    let size = |key| bundle.secret.data().get(key).map_or(0, |value| value.len());
    let definitions = rendering.definitions.objects().len();
    let multus = rendering.objects.iter().filter(|(key, _)| key.kind == "CustomResourceDefinition").count();
    Stats {
        namespace: rendering.namespace.clone(),
        name: rendering.name.clone(),
        bundle: rendering.shows.code(),
        objects: rendering.objects.len() + definitions,
        definitions: definitions + multus,
        secret: bundle.secret.name().to_owned(),
        config_yaml: size(CONFIG_KEY),
        crds_yaml_br: size(DEFINITIONS_KEY),
        crds_yaml: rendering.definitions.yaml().len(),
        total: bundle.secret.size(),
    }
}

/// `67,350 bytes`.
fn bytes(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + " bytes"
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            ["7", "352890", "1048576"].map(|count| bytes(count.parse().unwrap())),
            ["7 bytes", "352,890 bytes", "1,048,576 bytes"]
        );
    }
}
