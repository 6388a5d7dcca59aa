//! Networks in CIDR notation, strictly as Kubernetes wants new ones, or loosely as Go parses them.

use std::net::IpAddr;

use ipnet::IpNet;

const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

const NOT_AN_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

/// What is wrong with a network by the strict rules; `None` where nothing is.
pub(super) fn strict(text: &str) -> Option<String> {
    let invalid = || Some(NOT_A_CIDR.to_owned());
    let Some((address, length)) = text.split_once('/') else { return invalid() };
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return invalid();
    }
    let (Some(ip), Ok(bits)) = (ip_with_zeros(address), without_leading_zeros(length).parse::<u8>()) else {
        return invalid();
    };
    let Ok(network) = IpNet::new(ip, bits) else { return invalid() };
    if address.parse::<IpAddr>().is_err() || length != without_leading_zeros(length) {
        return Some("must not have leading 0s in IP or prefix length".to_owned());
    }
    if is_mapped(ip) {
        return Some("must not have an IPv4-mapped IPv6 address".to_owned());
    }
    if network.network() != ip {
        return Some("must not have bits set beyond the prefix length".to_owned());
    }
    let canonical = network.to_string();
    (canonical != text).then(|| format!("must be in canonical form (\"{canonical}\")"))
}

/// What is wrong with an address by the strict rules; `None` where nothing is.
pub(super) fn strict_ip(text: &str) -> Option<String> {
    let Some(ip) = ip_with_zeros(text) else { return Some(NOT_AN_IP.to_owned()) };
    if text.parse::<IpAddr>().is_err() {
        return Some("must not have leading 0s".to_owned());
    }
    if is_mapped(ip) {
        return Some("must not be an IPv4-mapped IPv6 address".to_owned());
    }
    let canonical = ip.to_string();
    (canonical != text).then(|| format!("must be in canonical form (\"{canonical}\")"))
}

/// Reads a network as Go's `net.ParseCIDR`: host bits are allowed, leading zeros in the address are not.
pub(super) fn loose(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    let ip: IpAddr = address.parse().ok()?;
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    IpNet::new(ip, digits.then(|| length.parse().ok())??).ok()
}

/// Reads an address in which numbers may have leading zeros, as Kubernetes does for old fields.
fn ip_with_zeros(text: &str) -> Option<IpAddr> {
    let is_zero_padded = |part: &str| part.len() > 1 && part.starts_with('0');
    if !text.split(['.', ':']).any(is_zero_padded) {
        return text.parse().ok();
    }
    let stripped: String = text
        .split_inclusive(['.', ':'])
        .map(|part| {
            let digits = part.trim_end_matches(['.', ':']);
            let separator = part.get(digits.len()..).unwrap_or_default();
            format!("{}{separator}", without_leading_zeros(digits))
        })
        .collect();
    stripped.parse().ok()
}

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

fn without_leading_zeros(part: &str) -> &str {
    let trimmed = part.trim_start_matches('0');
    if trimmed.is_empty() && !part.is_empty() { "0" } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_rules() {
        for (text, expected) in [
            ("10.0.0.0/8", None),
            ("2001:db8::/32", None),
            ("0.0.0.0/0", None),
            ("", Some(NOT_A_CIDR)),
            ("10.0.0.0", Some(NOT_A_CIDR)),
            (" 10.0.0.0/8", Some(NOT_A_CIDR)),
            ("10.0.0.0/33", Some(NOT_A_CIDR)),
            ("10.0.0.0/-1", Some(NOT_A_CIDR)),
            ("10.0.0.0/+8", Some(NOT_A_CIDR)),
            ("fe80::1%eth0/64", Some(NOT_A_CIDR)),
            ("usePodCidrIPv6", Some(NOT_A_CIDR)),
            ("010.0.0.0/8", Some("must not have leading 0s in IP or prefix length")),
            ("2001:00db8::/32", Some("must not have leading 0s in IP or prefix length")),
            ("10.0.0.0/08", Some("must not have leading 0s in IP or prefix length")),
            ("::ffff:10.0.0.0/104", Some("must not have an IPv4-mapped IPv6 address")),
            ("10.0.0.1/8", Some("must not have bits set beyond the prefix length")),
            ("2001:DB8::/32", Some("must be in canonical form (\"2001:db8::/32\")")),
            ("2001:0db8::/32", Some("must be in canonical form (\"2001:db8::/32\")")),
        ] {
            assert_eq!(strict(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn loose_rules() {
        for (text, expected) in [
            ("10.0.0.1/8", true),
            ("010.0.0.0/8", false),
            ("10.0.0.0/33", false),
            ("bogus", false),
            ("2001:db8::5/56", true),
        ] {
            assert_eq!(loose(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn strict_addresses() {
        for (text, expected) in [
            ("10.0.0.1", None),
            ("2001:db8::1", None),
            ("256.0.0.1", Some(NOT_AN_IP)),
            ("", Some(NOT_AN_IP)),
            ("fe80::1%eth0", Some(NOT_AN_IP)),
            ("10.0.0.01", Some("must not have leading 0s")),
            ("::ffff:10.0.0.1", Some("must not be an IPv4-mapped IPv6 address")),
            ("2001:DB8::1", Some("must be in canonical form (\"2001:db8::1\")")),
        ] {
            assert_eq!(strict_ip(text).as_deref(), expected, "{text}");
        }
    }
}
