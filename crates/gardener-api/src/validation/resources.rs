//! Fixed resource requests: `autoScaling.resources`.

use std::cmp::Ordering;

use super::field_error::FieldError;
use crate::quantity::Quantity;

/// Countable resources of Kubernetes besides everything with a `/` in its name.
const WHOLE_NUMBERS: [&str; 9] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// The errors of one component's requests.
pub(super) fn check(path: &str, requests: &[(String, String)]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, text) in requests {
        let path = format!("{path}.{name}");
        let Ok(quantity) = Quantity::parse(text) else {
            errors.push(FieldError::invalid(path, text, "must be a quantity"));
            continue;
        };
        // Go names the canonical form, not what the user wrote.
        let value = quantity.to_string();
        let mut invalid = |detail: String| errors.push(FieldError::invalid(path.as_str(), value.as_str(), detail));
        let label = match name.as_str() {
            "cpu" => Some("CPU"),
            "memory" => Some("Memory"),
            _ => None,
        };
        match (label, quantity.sign()) {
            (None, _) => invalid(format!("Unsupported resource: {name}")),
            (Some(label), Ordering::Equal) => invalid(format!("{label} resource must be specified and cannot be zero")),
            (Some(label), Ordering::Less) => invalid(format!("{label} resource must be positive")),
            (Some(_), Ordering::Greater) => {}
        }
        if quantity.sign() == Ordering::Less {
            invalid("must be greater than or equal to 0".to_owned());
        }
        if is_counted(name) && !quantity.is_whole() {
            invalid("must be an integer".to_owned());
        }
    }
    errors
}

/// Kubernetes counts these in whole numbers; names without a domain, or of its own, are otherwise amounts.
fn is_counted(name: &str) -> bool {
    let is_extended = name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.");
    is_extended || WHOLE_NUMBERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        for (name, text, expected) in [
            ("cpu", "100m", &[][..]),
            ("memory", "1.5Gi", &[]),
            ("cpu", "0", &["CPU resource must be specified and cannot be zero"]),
            ("memory", "-1Mi", &["Memory resource must be positive", "must be greater than or equal to 0"]),
            ("gpu", "1", &["Unsupported resource: gpu"]),
            ("example.com/gpu", "1500m", &["Unsupported resource: example.com/gpu", "must be an integer"]),
            ("pods", "1500m", &["Unsupported resource: pods", "must be an integer"]),
        ] {
            let errors = check("r", &[(name.to_owned(), text.to_owned())]);
            let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
            assert_eq!(details, expected, "{name} {text}");
        }
    }
}
