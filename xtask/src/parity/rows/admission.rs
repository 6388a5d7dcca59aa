//! Admission, and in the dataplane what the controller refuses by the same rules.

use serde_json::Value;

use super::super::input::{at, text};
use super::super::{Case, Part};
use super::admission_texts as texts;
use super::{Expects, Pair, Row, only_if, pair};

const A2_GO: &str = "admission accepts what the controller refuses to render";
const A2_OURS: &str = "one set of rules: refused at admission as well, with the path";
const A2_WHY: &str = "what is admitted must work";
const A3_GO: &str = "one network only behind `cidr=`";
const A3_OURS: &str = "a list, as Calico and the controller itself use it";
const A6_GO: &str = "a provider config that cannot be decoded is refused without a path";
const A6_OURS: &str = "every error of the document with its path";
const A6_WHY: &str = "one round of repair instead of several";

const IPV4_BLOCK: &str = "IPv4 configuration must not be specified if Shoot doesn't use IPv4 networking";
const IPV6_BLOCK: &str = "IPv6 configuration must not be specified if Shoot doesn't use IPv6 networking";
const KUBE_PROXY: &str =
    "Disabling kube-proxy is forbidden in conjunction with calico without running in ebpf dataplane";
const LIST: &str = "10.0.0.0/8,10.1.0.0/16";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "A7",
        part: Part::Admission,
        rule: "not for this extension",
        go: "the validator alone refuses, or dereferences nil for, shoots that its filter keeps away",
        ours: "the filter belongs to the validation",
        why: "a validator must not crash on what a filter might let through",
        expects: Expects::Texts {
            applies: |case, field| field == "validate" && text(&case.input, "/shoot/spec/networking/type") != "calico",
            texts: texts::FILTERED,
        },
        count: 7,
    },
    Row {
        id: "A1",
        part: Part::Admission,
        rule: "unchanged: the answer",
        go: "refuses every update of a shoot whose stored configuration is bad, the removal of a finalizer included",
        ours: "an update that leaves networking, kube-proxy and workers alone is admitted",
        why: "a stored shoot must stay deletable",
        expects: Expects::Values(|case, field| only_if(field == "allowed" && unchanged(case), false, true)),
        count: 50,
    },
    Row {
        id: "A1",
        part: Part::Admission,
        rule: "unchanged: the texts",
        go: "validates every update of such a shoot",
        ours: "says nothing of what does not change",
        why: "a stored shoot must stay deletable",
        expects: Expects::Texts {
            applies: |case, field| field == "validate" && unchanged(case),
            texts: texts::UNCHANGED,
        },
        count: 66,
    },
    Row {
        id: "A2",
        part: Part::Admission,
        rule: "the answer",
        go: A2_GO,
        ours: A2_OURS,
        why: A2_WHY,
        expects: Expects::Values(|case, field| {
            only_if(field == "allowed" && !refused_by_controller(case).is_empty(), true, false)
        }),
        count: 13,
    },
    Row {
        id: "A2",
        part: Part::Admission,
        rule: "the texts",
        go: A2_GO,
        ours: A2_OURS,
        why: A2_WHY,
        expects: Expects::Values(|case, field| {
            let texts = if field == "allowed" { Vec::new() } else { refused_by_controller(case) };
            texts.into_iter().map(|text| pair(Value::Null, text)).collect()
        }),
        count: 83,
    },
    Row {
        id: "A2",
        part: Part::Dataplane,
        rule: "beside other errors",
        go: "the controller names it only when everything else is in order",
        ours: A2_OURS,
        why: A2_WHY,
        expects: Expects::Values(|case, field| {
            let texts = if field == "refused" { refused_by_controller(case) } else { Vec::new() };
            texts.into_iter().map(|text| pair(Value::Null, text)).collect()
        }),
        count: 22,
    },
    Row {
        id: "A2",
        part: Part::Dataplane,
        rule: "alone",
        go: "the controller refuses while it computes the values of its chart",
        ours: A2_OURS,
        why: A2_WHY,
        expects: Expects::Values(|case, field| if field == "refused" { refused_by_both(case) } else { Vec::new() }),
        count: 6,
    },
    Row {
        id: "A2",
        part: Part::Dataplane,
        rule: "kube-proxy not reached",
        go: "the controller looks at kube-proxy before it computes the values that it then refuses",
        ours: "a configuration that is refused is not resolved any further",
        why: A2_WHY,
        expects: Expects::Values(|case, field| {
            let applies = field == "refused" && kube_proxy_forbidden(case) && !refused_by_controller(case).is_empty();
            only_if(applies, format!("spec.kubernetes.kubeProxy.enabled: Forbidden: {KUBE_PROXY}"), Value::Null)
        }),
        count: 1,
    },
    Row {
        id: "A3",
        part: Part::Admission,
        rule: "the answer",
        go: A3_GO,
        ours: A3_OURS,
        why: "Calico takes lists",
        expects: Expects::Values(|case, field| {
            only_if(field == "allowed" && !methods_with_list(case).is_empty(), false, true)
        }),
        count: 3,
    },
    Row {
        id: "A3",
        part: Part::Admission,
        rule: "the texts",
        go: A3_GO,
        ours: A3_OURS,
        why: "Calico takes lists",
        expects: Expects::Values(|case, field| if field == "allowed" { Vec::new() } else { lists_refused(case) }),
        count: 10,
    },
    Row {
        id: "A3",
        part: Part::Dataplane,
        rule: "in the controller",
        go: A3_GO,
        ours: A3_OURS,
        why: "Calico takes lists",
        expects: Expects::Values(|case, field| if field == "refused" { lists_refused(case) } else { Vec::new() }),
        count: 1,
    },
    Row {
        id: "A4",
        part: Part::Admission,
        rule: "at admission",
        go: "names a path that does not exist: `ipAutoDetectionMethod`",
        ours: "names the field: `ipAutodetectionMethod`",
        why: "the path must exist",
        expects: Expects::Texts {
            applies: |case, _| {
                at(&case.input, "/shoot/spec/networking/providerConfig/ipAutodetectionMethod").is_string()
            },
            texts: texts::PATH_OF_METHOD,
        },
        count: 65,
    },
    Row {
        id: "A4",
        part: Part::Dataplane,
        rule: "in the controller",
        go: "names a path that does not exist: `ipAutoDetectionMethod`",
        ours: "names the field: `ipAutodetectionMethod`",
        why: "the path must exist",
        expects: Expects::Texts {
            applies: |case, _| at(&case.input, "/networkConfig/ipAutodetectionMethod").is_string(),
            texts: texts::PATH_OF_METHOD_IN_CONTROLLER,
        },
        count: 3,
    },
    Row {
        id: "A6",
        part: Part::Admission,
        rule: "undecodable",
        go: A6_GO,
        ours: A6_OURS,
        why: A6_WHY,
        expects: Expects::Texts {
            applies: |case, field| field == "config" || field == "validate" && !unchanged(case),
            texts: texts::UNDECODABLE,
        },
        count: 62,
    },
    Row {
        id: "A6",
        part: Part::Dataplane,
        rule: "undecodable, in the controller",
        go: A6_GO,
        ours: A6_OURS,
        why: A6_WHY,
        expects: Expects::Texts { applies: |_, field| field == "refused", texts: texts::UNDECODABLE_IN_CONTROLLER },
        count: 13,
    },
    Row {
        id: "A6",
        part: Part::Admission,
        rule: "hidden groups",
        go: "the first group of errors hides the others",
        ours: "all errors at once",
        why: A6_WHY,
        expects: Expects::Texts {
            applies: |case, field| field == "validate" && !unchanged(case),
            texts: texts::HIDDEN,
        },
        count: 35,
    },
    Row {
        id: "N2",
        part: Part::Dataplane,
        rule: "wording in the controller",
        go: "refuses with a text of its own, or of a library",
        ours: "refuses the same with a text that says what was read",
        why: "the texts of a controller are no interface, its refusals are",
        expects: Expects::Texts { applies: |_, field| field == "refused", texts: texts::WORDING_IN_CONTROLLER },
        count: 13,
    },
];

/// Networking, kube-proxy and workers are those of the stored shoot.
fn unchanged(case: &Case) -> bool {
    let same = |pointer: &str| {
        at(&case.input, &format!("/shoot/spec/{pointer}")) == at(&case.input, &format!("/oldShoot/spec/{pointer}"))
    };
    at(&case.input, "/oldShoot").is_object() && same("networking") && same("kubernetes/kubeProxy") && same("provider")
}

/// The configuration, the families, and the path of the configuration in the case.
fn config(case: &Case) -> (&Value, Vec<&str>, &'static str) {
    let at_admission = at(&case.input, "/shoot/spec/networking/providerConfig");
    let (config, families, base) = if at_admission.is_object() {
        (at_admission, "/shoot/spec/networking/ipFamilies", "spec.networking.providerConfig")
    } else {
        (at(&case.input, "/networkConfig"), "/network/ipFamilies", "spec.providerConfig")
    };
    let families = at(&case.input, families).as_array().into_iter().flatten().filter_map(Value::as_str);
    (config, families.collect(), base)
}

/// What the rendering of the Go extension refuses of a configuration, in our words.
fn refused_by_controller(case: &Case) -> Vec<String> {
    let (config, families, base) = config(case);
    let uses = |family: &str| families.contains(&family) || families.is_empty() && family == "IPv4";
    let mut texts = Vec::new();
    if at(config, "/ipv4").is_object() && !uses("IPv4") {
        texts.push(format!("{base}.ipv4: Forbidden: {IPV4_BLOCK}"));
    }
    if text(config, "/ipv6/pool") == "ipip" {
        texts.push(format!("{base}.ipv6.pool: Invalid value: \"ipip\": IP in IP carries IPv4 only, use \"vxlan\""));
    }
    if at(config, "/ipv6").is_object() && !uses("IPv6") {
        texts.push(format!("{base}.ipv6: Forbidden: {IPV6_BLOCK}"));
    }
    texts
}

/// The first of them as the Go extension says it, beside all of them as we say it.
fn refused_by_both(case: &Case) -> Vec<Pair> {
    let texts = refused_by_controller(case);
    let go = if texts.iter().any(|text| text.ends_with(IPV4_BLOCK)) {
        IPV4_BLOCK
    } else if texts.iter().any(|text| text.ends_with(IPV6_BLOCK)) {
        IPV6_BLOCK
    } else {
        "unsupported value for ipv6 pool: ipip"
    };
    only_if(!texts.is_empty(), format!("error when generating calico config: {go}"), texts.join("; "))
}

fn kube_proxy_forbidden(case: &Case) -> bool {
    let (config, ..) = config(case);
    at(&case.input, "/shoot/spec/kubernetes/kubeProxy/enabled") == &Value::Bool(false)
        && at(config, "/ebpfDataplane/enabled") != &Value::Bool(true)
}

/// The fields whose autodetection method is a list of networks, as the Go extension spells them.
fn methods_with_list(case: &Case) -> Vec<&'static str> {
    let (config, ..) = config(case);
    let list = format!("cidr={LIST}");
    let fields = [
        ("/ipv4/autoDetectionMethod", "ipv4.autoDetectionMethod"),
        ("/ipv6/autoDetectionMethod", "ipv6.autoDetectionMethod"),
        ("/ipAutodetectionMethod", "ipAutoDetectionMethod"),
    ];
    fields.into_iter().filter(|(pointer, _)| text(config, pointer) == list).map(|(_, name)| name).collect()
}

fn lists_refused(case: &Case) -> Vec<Pair> {
    let (.., base) = config(case);
    let go = |name| {
        format!(
            "{base}.{name}: Invalid value: \"{LIST}\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
        )
    };
    methods_with_list(case).into_iter().map(|name| pair(go(name), Value::Null)).collect()
}
