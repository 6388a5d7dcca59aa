//! The bill of materials of the binary, in CycloneDX 1.6: <https://cyclonedx.org/docs/1.6/json/>.

use serde_json::{Value, json};

use super::licences::Part;
use crate::failure::Failure;

/// No time and no serial number: the same parts give the same text.
pub(super) fn text(parts: &[Part]) -> Result<String, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "networking-calico",
                "name": "networking-calico",
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
            },
        },
        "components": parts.iter().map(component).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&bill)
        .map(|text| text + "\n")
        .map_err(|error| Failure::Decode { what: "the bill of materials".to_owned(), reason: error.to_string() })
}

fn component(part: &Part) -> Value {
    let Part { name, version, licence, .. } = part;
    let package = format!("pkg:cargo/{name}@{version}");
    json!({
        "type": "library",
        "bom-ref": package,
        "name": name,
        "version": version,
        // Old manifests separate alternatives by a slash, which SPDX does not know.
        "licenses": [{"expression": licence.replace('/', " OR ")}],
        "purl": package,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_part_is_named_by_package_url_and_licence() {
        let part = Part {
            name: "ring".to_owned(),
            version: "0.17.14".to_owned(),
            licence: "MIT/Apache-2.0".to_owned(),
            folder: PathBuf::new(),
        };
        let bill: Value = serde_json::from_str(&text(&[part]).unwrap()).unwrap();
        assert_eq!(
            bill["components"],
            json!([{
                "type": "library",
                "bom-ref": "pkg:cargo/ring@0.17.14",
                "name": "ring",
                "version": "0.17.14",
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "purl": "pkg:cargo/ring@0.17.14",
            }])
        );
    }
}
