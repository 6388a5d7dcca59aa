//! What both sides say about configurations that at least one of them refuses, text by text.

use super::Text;

/// The fields that may stand at the top of a NetworkConfig.
macro_rules! fields {
    () => {
        "`apiVersion`, `kind`, `backend`, `ipam`, `ipv4`, `ipv6`, `typha`, `vethMTU`, `ebpfDataplane`, `overlay`, `snatToUpstreamDNS`, `autoScaling`, `vxlan`, `ipip`, `ipAutodetectionMethod`, `wireguardEncryption`, `birdExporter`, `multus`, `serviceLoopPrevention`"
    };
}

/// Of updates that leave alone what is validated.
#[rustfmt::skip] // One line per text.
pub(super) const UNCHANGED: &[(usize, Text)] = &[
    (1, Text::OnlyGo(r#"couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#)),
    (1, Text::OnlyGo(r#"couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#)),
    (1, Text::OnlyGo("json: cannot unmarshal number into Go struct field NetworkConfig.vethMTU of type string")),
    (1, Text::OnlyGo(r#"no kind "NetworkConfig" is registered for version "a/v1" in scheme "pkg/runtime/scheme.go:111""#)),
    (1, Text::OnlyGo(r#"no kind "X" is registered for version "calico.networking.extensions.gardener.cloud/v1alpha1" in scheme "pkg/runtime/scheme.go:111""#)),
    (1, Text::OnlyGo("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")),
    (6, Text::OnlyGo("spec.kubernetes.kubeProxy.enabled: Forbidden: Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane")),
    (1, Text::OnlyGo(r#"spec.networking.ipFamilies: Invalid value: ["IPv4","IPv4"]: ipFamilies (["IPv4" "IPv4"]) cannot have duplicate entries"#)),
    (1, Text::OnlyGo(r#"spec.networking.ipFamilies: Invalid value: ["IPv4","IPv6","IPv4"]: ipFamilies (["IPv4" "IPv6" "IPv4"]) cannot have more than two entries"#)),
    (1, Text::OnlyGo(r#"spec.networking.ipFamilies: Invalid value: ["IPv5"]: ipFamilies (["IPv5"]) must be a subset of ["IPv4", "IPv6"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.ipFamilies: Invalid value: ["ipv4"]: ipFamilies (["ipv4"]) must be a subset of ["IPv4", "IPv6"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.nodes: Invalid value: "b": nodes is not a valid CIDR: "b""#)),
    (1, Text::OnlyGo(r#"spec.networking.nodes: Invalid value: "bogus": nodes is not a valid CIDR: "bogus""#)),
    (1, Text::OnlyGo(r#"spec.networking.pods: Invalid value: "a": pods is not a valid CIDR: "a""#)),
    (1, Text::OnlyGo(r#"spec.networking.pods: Invalid value: "bogus": pods is not a valid CIDR: "bogus""#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.autoScaling.mode: Invalid value: "x": unsupported value "x" for mode, supported values are ["cluster-proportional", "vpa", "static"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.autoScaling.resources.node.cpu: Invalid value: "0": CPU resource must be specified and cannot be zero"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.backend: Invalid value: "": unsupported value "" for backend, supported values are ["bird", "none", "vxlan"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.backend: Invalid value: "BIRD": unsupported value "BIRD" for backend, supported values are ["bird", "none", "vxlan"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.backend: Invalid value: "ipip": unsupported value "ipip" for backend, supported values are ["bird", "none", "vxlan"]"#)),
    (4, Text::OnlyGo(r#"spec.networking.providerConfig.backend: Invalid value: "x": unsupported value "x" for backend, supported values are ["bird", "none", "vxlan"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "": method cannot be empty"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: " 10.0.0.0/8": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "10.0.0.0/-1": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "2001:0db8::/32": must be in canonical form ("2001:db8::/32")"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "2001:DB8::/32": must be in canonical form ("2001:db8::/32")"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "2001:db8:0:0::/64": must be in canonical form ("2001:db8::/64")"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "fe80::1%eth0/64": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "usePodCidrIPv6": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.cidr: Invalid value: "z": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (2, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.type: Invalid value: "calico-ipam": IPAM type "calico-ipam" is only supported for IPv4 single-stack shoots, use "host-local" instead"#)),
    (4, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.type: Invalid value: "x": unsupported value "x" for type, supported values are ["calico-ipam", "host-local"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipam.type: Invalid value: "y": unsupported value "y" for type, supported values are ["calico-ipam", "host-local"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipip: Invalid value: "x": unsupported value "x" for ipip, supported values are ["Always", "Never", "CrossSubnet", "Off"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipv4.autoDetectionMethod: Invalid value: "a": invalid option "a", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipv4.mode: Invalid value: "m": unsupported value "m" for mode, supported values are ["Always", "Never", "CrossSubnet", "Off"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipv4.pool: Invalid value: "p": unsupported value "p" for pool, supported values are ["ipip", "vxlan"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipv6.autoDetectionMethod: Invalid value: "a": invalid option "a", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipv6.mode: Invalid value: "m": unsupported value "m" for mode, supported values are ["Always", "Never", "CrossSubnet", "Off"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.ipv6.pool: Invalid value: "p": unsupported value "p" for pool, supported values are ["ipip", "vxlan"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.serviceLoopPrevention: Invalid value: "x": unsupported value "x" for serviceLoopPrevention, supported values are ["Disabled", "Drop", "Reject"]"#)),
    (1, Text::OnlyGo(r#"spec.networking.providerConfig.vethMTU: Invalid value: "": MTU cannot be empty"#)),
    (1, Text::OnlyGo(r#"spec.networking.services: Invalid value: "bogus": services is not a valid CIDR: "bogus""#)),
    (1, Text::OnlyGo(r#"spec.networking.services: Invalid value: "c": services is not a valid CIDR: "c""#)),
    (1, Text::OnlyGo(r#"strict decoding error: unknown field "b", unknown field "a""#)),
    (1, Text::OnlyGo(r#"strict decoding error: unknown field "nope""#)),
];

/// At admission: a provider config that cannot be decoded.
#[rustfmt::skip] // One line per text.
pub(super) const UNDECODABLE: &[(usize, Text)] = &[
    (2, Text::Both(r#"couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#, ": expected object, found array")),
    (1, Text::Both(r#"couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#, "spec.networking.providerConfig: Invalid value: expected object, found array")),
    (2, Text::Both(r#"couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#, ": expected object, found string")),
    (1, Text::Both(r#"couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#, "spec.networking.providerConfig: Invalid value: expected object, found string")),
    (1, Text::Both("json: cannot unmarshal number into Go struct field NetworkConfig.vethMTU of type string", "spec.networking.providerConfig.vethMTU: Invalid value: expected string, found number")),
    (2, Text::Both("json: cannot unmarshal number into Go struct field NetworkConfig.vethMTU of type string", "vethMTU: expected string, found number")),
    (2, Text::Both(r#"no kind "NetworkConfig" is registered for version "a/v1" in scheme "pkg/runtime/scheme.go:111""#, "apiVersion: apiVersion `a/v1` is not `calico.networking.extensions.gardener.cloud/v1alpha1`")),
    (1, Text::Both(r#"no kind "NetworkConfig" is registered for version "a/v1" in scheme "pkg/runtime/scheme.go:111""#, "spec.networking.providerConfig.apiVersion: Invalid value: apiVersion `a/v1` is not `calico.networking.extensions.gardener.cloud/v1alpha1`")),
    (2, Text::Both(r#"no kind "X" is registered for version "calico.networking.extensions.gardener.cloud/v1alpha1" in scheme "pkg/runtime/scheme.go:111""#, "kind: kind `X` is not `NetworkConfig`")),
    (1, Text::Both(r#"no kind "X" is registered for version "calico.networking.extensions.gardener.cloud/v1alpha1" in scheme "pkg/runtime/scheme.go:111""#, "spec.networking.providerConfig.kind: Invalid value: kind `X` is not `NetworkConfig`")),
    (2, Text::Both("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'", "autoScaling.resources.node.cpu: invalid value `abc`: quantities are a number with an optional suffix such as m, k, Ki, M, Mi, G, Gi, T, Ti, P, Pi, E, Ei or an exponent")),
    (1, Text::Both("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'", "spec.networking.providerConfig.autoScaling.resources.node.cpu: Invalid value: invalid value `abc`: quantities are a number with an optional suffix such as m, k, Ki, M, Mi, G, Gi, T, Ti, P, Pi, E, Ei or an exponent")),
    (2, Text::Both(r#"strict decoding error: unknown field "b", unknown field "a""#, concat!("a: unknown field, expected one of ", fields!(), "; b: unknown field, expected one of ", fields!()))),
    (1, Text::Both(r#"strict decoding error: unknown field "b", unknown field "a""#, concat!("spec.networking.providerConfig.a: Invalid value: unknown field, expected one of ", fields!(), "; spec.networking.providerConfig.b: Invalid value: unknown field, expected one of ", fields!()))),
    (2, Text::Both(r#"strict decoding error: unknown field "nope""#, concat!("nope: unknown field, expected one of ", fields!()))),
    (1, Text::Both(r#"strict decoding error: unknown field "nope""#, concat!("spec.networking.providerConfig.nope: Invalid value: unknown field, expected one of ", fields!()))),
    (19, Text::Both(r#"strict decoding error: unknown field "unknownField""#, concat!("spec.networking.providerConfig.unknownField: Invalid value: unknown field, expected one of ", fields!()))),
    (19, Text::Both(r#"strict decoding error: unknown field "unknownField""#, concat!("unknownField: unknown field, expected one of ", fields!()))),
];

/// In the controller: the same.
#[rustfmt::skip] // One line per text.
pub(super) const UNDECODABLE_IN_CONTROLLER: &[(usize, Text)] = &[
    (1, Text::Both("converting (v1alpha1.NetworkStatus) to (v1alpha1.NetworkConfig): unknown conversion", "spec.providerConfig.kind: Invalid value: kind `NetworkStatus` is not `NetworkConfig`")),
    (1, Text::Both("json: cannot unmarshal number into Go struct field NetworkConfig.vethMTU of type string", "spec.providerConfig.vethMTU: Invalid value: expected string, found number")),
    (1, Text::Both(r#"no kind "NetworkConfig" is registered for version "calico.networking.extensions.gardener.cloud/v1" in scheme "pkg/runtime/scheme.go:111""#, "spec.providerConfig.apiVersion: Invalid value: apiVersion `calico.networking.extensions.gardener.cloud/v1` is not `calico.networking.extensions.gardener.cloud/v1alpha1`")),
    (1, Text::Both(r#"strict decoding error: duplicate field "backend""#, "spec.providerConfig.backend: Invalid value: field given more than once")),
    (1, Text::Both(r#"strict decoding error: unknown field "Backend""#, concat!("spec.providerConfig.Backend: Invalid value: unknown field, expected one of ", fields!()))),
    (1, Text::Both(r#"strict decoding error: unknown field "nope""#, concat!("spec.providerConfig.nope: Invalid value: unknown field, expected one of ", fields!()))),
    (1, Text::Both(r#"strict decoding error: unknown field "overlay.x""#, "spec.providerConfig.overlay.x: Invalid value: unknown field, expected one of `enabled`, `createPodRoutes`")),
    (6, Text::Both(r#"strict decoding error: unknown field "unknownField""#, concat!("spec.providerConfig.unknownField: Invalid value: unknown field, expected one of ", fields!()))),
];

/// The path of `ipAutodetectionMethod`, at admission.
#[rustfmt::skip] // One line per text.
pub(super) const PATH_OF_METHOD: &[(usize, Text)] = &[
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: " first-found": invalid option " first-found", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: " first-found": invalid option " first-found", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (5, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "": method cannot be empty"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "": method cannot be empty"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "10.0.0.0/8=x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "10.0.0.0/8=x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "=": invalid option "", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "=": invalid option "", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (4, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "=x": invalid option "", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "=x": invalid option "", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "FIRST-FOUND": invalid option "FIRST-FOUND", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "FIRST-FOUND": invalid option "FIRST-FOUND", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "bogus": invalid option "bogus", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "bogus": invalid option "bogus", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
    (6, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "can-reach=": option can-reach requires a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "can-reach=": option can-reach requires a parameter"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "can-reach=EXAMPLE.com": parameter for can-reach must be a valid IP address or DNS name: [spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "EXAMPLE.com": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)], [a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "can-reach=EXAMPLE.com": parameter for can-reach must be a valid IP address or DNS name: [spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "EXAMPLE.com": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)], [a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')]"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "can-reach=_bad_": parameter for can-reach must be a valid IP address or DNS name: [spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "_bad_": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)], [a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "can-reach=_bad_": parameter for can-reach must be a valid IP address or DNS name: [spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "_bad_": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)], [a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')]"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "can-reach=a..b": parameter for can-reach must be a valid IP address or DNS name: [spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "a..b": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)], [a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')]"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "can-reach=a..b": parameter for can-reach must be a valid IP address or DNS name: [spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "a..b": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)], [a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')]"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "cidr": option cidr requires a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "cidr": option cidr requires a parameter"#)),
    (6, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "cidr=": option cidr requires a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "cidr=": option cidr requires a parameter"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "first-found=": option first-found does not take a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "first-found=": option first-found does not take a parameter"#)),
    (6, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "first-found=x": option first-found does not take a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "first-found=x": option first-found does not take a parameter"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "interface": option interface requires a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "interface": option interface requires a parameter"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "interface=": option interface requires a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "interface=": option interface requires a parameter"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "interface=(": invalid regex for option interface: error parsing regexp: missing closing ): `(`"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "interface=(": invalid regex for option interface: error parsing regexp: missing closing ): `(`"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "interface=(?=x)": invalid regex for option interface: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "interface=(?=x)": invalid regex for option interface: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "interface=[a-": invalid regex for option interface: error parsing regexp: missing closing ]: `[a-`"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "interface=[a-": invalid regex for option interface: error parsing regexp: missing closing ]: `[a-`"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "interface=a{1001}": invalid regex for option interface: error parsing regexp: invalid repeat count: `{1001}`"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "interface=a{1001}": invalid regex for option interface: error parsing regexp: invalid repeat count: `{1001}`"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "kubernetes-internal-ip=x": option kubernetes-internal-ip does not take a parameter"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "kubernetes-internal-ip=x": option kubernetes-internal-ip does not take a parameter"#)),
    (2, Text::Both(r#"spec.networking.providerConfig.ipAutoDetectionMethod: Invalid value: "skip-interface=*": invalid regex for option skip-interface: error parsing regexp: missing argument to repetition operator: `*`"#, r#"spec.networking.providerConfig.ipAutodetectionMethod: Invalid value: "skip-interface=*": invalid regex for option skip-interface: error parsing regexp: missing argument to repetition operator: `*`"#)),
];

/// The same in the controller.
#[rustfmt::skip] // One line per text.
pub(super) const PATH_OF_METHOD_IN_CONTROLLER: &[(usize, Text)] = &[
    (2, Text::Both(r#"spec.providerConfig.ipAutoDetectionMethod: Invalid value: "": method cannot be empty"#, r#"spec.providerConfig.ipAutodetectionMethod: Invalid value: "": method cannot be empty"#)),
    (1, Text::Both(r#"spec.providerConfig.ipAutoDetectionMethod: Invalid value: "bogus": invalid option "bogus", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#, r#"spec.providerConfig.ipAutodetectionMethod: Invalid value: "bogus": invalid option "bogus", supported options are [can-reach cidr first-found interface kubernetes-internal-ip skip-interface]"#)),
];

/// What the Go extension says only in the next round.
#[rustfmt::skip] // One line per text.
pub(super) const HIDDEN: &[(usize, Text)] = &[
    (33, Text::OnlyOurs("spec.kubernetes.kubeProxy.enabled: Forbidden: Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane")),
    (1, Text::OnlyOurs(r#"spec.networking.ipFamilies: Invalid value: ["IPv4","IPv6","IPv4"]: ipFamilies (["IPv4" "IPv6" "IPv4"]) cannot have duplicate entries"#)),
    (1, Text::OnlyOurs(r#"spec.networking.providerConfig.backend: Invalid value: "x": unsupported value "x" for backend, supported values are ["bird", "none", "vxlan"]"#)),
];

/// Of shoots that never get to the validator.
#[rustfmt::skip] // One line per text.
pub(super) const FILTERED: &[(usize, Text)] = &[
    (2, Text::OnlyGo("runtime error: invalid memory address or nil pointer dereference")),
    (3, Text::OnlyGo(r#"spec.networking.type: Invalid value: "cilium": networking type "cilium" is not supported"#)),
    (2, Text::OnlyGo("spec.networking.type: Required value: networking type is required")),
];

/// In the controller: the same refusal in other words.
#[rustfmt::skip] // One line per text.
pub(super) const WORDING_IN_CONTROLLER: &[(usize, Text)] = &[
    (8, Text::Both(
        "spec.kubernetes.kubeProxy.enabled: Forbidden: Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane",
        "Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane",
    )),
    (2, Text::Both("invalid CIDR address: bogus", "`bogus` is not a network in CIDR notation")),
    (1, Text::Both("failed to parse shoot Kubernetes version : invalid semantic version", "parse the Kubernetes version of the shoot: `` is not a version")),
    (1, Text::Both("failed to parse shoot Kubernetes version 1.34.1.2: invalid semantic version", "parse the Kubernetes version of the shoot: `1.34.1.2` is not a version")),
    (1, Text::Both("failed to parse shoot Kubernetes version abc: invalid semantic version", "parse the Kubernetes version of the shoot: `abc` is not a version")),
];
