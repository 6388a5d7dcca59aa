//! Methods by which calico-node finds the address of its node.

use super::field_error::FieldError;
use super::go_text::quote;
use super::{cidr, go_regexp};

const OPTIONS: &str = "can-reach cidr first-found interface kubernetes-internal-ip skip-interface";
/// The text of Kubernetes for a name that is no DNS subdomain.
const NOT_A_SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
     start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// What is wrong with a method; `None` where nothing is.
///
/// `cidr=` takes a list of networks here, as Calico does; the Go extension takes one (contract A3).
pub(super) fn check(path: &str, method: &str) -> Option<FieldError> {
    let (option, parameter) = match method.split_once('=') {
        Some((option, parameter)) => (option, Some(parameter)),
        None => (method, None),
    };
    let invalid = |detail: String| Some(FieldError::invalid(path, method, detail));
    match option {
        "first-found" | "kubernetes-internal-ip" => {
            parameter.and_then(|_| invalid(format!("option {option} does not take a parameter")))
        }
        "cidr" | "can-reach" | "interface" | "skip-interface" => {
            let Some(parameter) = parameter.filter(|parameter| !parameter.is_empty()) else {
                return invalid(format!("option {option} requires a parameter"));
            };
            match option {
                "cidr" => parameter
                    .split(',')
                    .find_map(cidr::strict)
                    .map(|detail| FieldError::invalid(path, parameter, detail)),
                "can-reach" => can_reach(path, parameter).and_then(invalid),
                _ => go_regexp::check(parameter)
                    .err()
                    .and_then(|error| invalid(format!("invalid regex for option {option}: {error}"))),
            }
        }
        _ => invalid(format!("invalid option {}, supported options are [{OPTIONS}]", quote(option))),
    }
}

fn can_reach(path: &str, parameter: &str) -> Option<String> {
    let no_ip = FieldError::invalid(path, parameter, cidr::strict_ip(parameter)?);
    let no_name = subdomain_problem(parameter)?;
    Some(format!("parameter for can-reach must be a valid IP address or DNS name: [{no_ip}], [{no_name}]"))
}

/// What is wrong with a text as a DNS subdomain of RFC 1123; `None` where nothing is. Texts of Kubernetes.
pub(super) fn subdomain_problem(text: &str) -> Option<String> {
    let problems = [(text.len() > 253, "must be no more than 253 bytes"), (!is_subdomain(text), NOT_A_SUBDOMAIN)];
    let found: Vec<&str> = problems.into_iter().filter_map(|(is_wrong, problem)| is_wrong.then_some(problem)).collect();
    (!found.is_empty()).then(|| found.join(" "))
}

/// Whether a text of any length has the form of a DNS subdomain in lower case.
fn is_subdomain(text: &str) -> bool {
    let is_label = |label: &str| {
        let alphanumeric =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = label.as_bytes();
        alphanumeric(bytes.first())
            && alphanumeric(bytes.last())
            && bytes.iter().all(|byte| *byte == b'-' || alphanumeric(Some(byte)))
    };
    text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_methods() {
        for method in [
            "first-found",
            "kubernetes-internal-ip",
            "cidr=10.0.0.0/8",
            "cidr=10.0.0.0/8,2001:db8::/32",
            "can-reach=10.0.0.1",
            "can-reach=example.com",
            "can-reach=2001:db8::1",
            "interface=eth.*",
            r"skip-interface=eth\d+",
            "interface=a{1000}",
        ] {
            assert_eq!(check("p", method), None, "{method}");
        }
    }

    #[test]
    fn refused_methods() {
        for (method, value, detail) in [
            ("first-found=x", "first-found=x", "option first-found does not take a parameter"),
            ("first-found=", "first-found=", "option first-found does not take a parameter"),
            ("cidr", "cidr", "option cidr requires a parameter"),
            ("cidr=", "cidr=", "option cidr requires a parameter"),
            ("cidr=10.0.0.1/8", "10.0.0.1/8", "must not have bits set beyond the prefix length"),
            ("interface=", "interface=", "option interface requires a parameter"),
            (
                "interface=a{1001}",
                "interface=a{1001}",
                "invalid regex for option interface: error parsing regexp: invalid repeat count: `{1001}`",
            ),
            (
                "=x",
                "=x",
                "invalid option \"\", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]",
            ),
        ] {
            assert_eq!(check("p", method), Some(FieldError::invalid("p", value, detail)), "{method}");
        }
        for method in ["interface=(", "interface=(?=x)", "skip-interface=*", "can-reach=a..b", "can-reach=EXAMPLE.com"]
        {
            assert!(check("p", method).is_some(), "{method}");
        }
    }
}
