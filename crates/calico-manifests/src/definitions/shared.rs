//! Parts of schemas that more than one kind uses.

use super::schema::{Schema, boolean, field, int_or_string, integer, list, map, object, string};

/// Kubernetes' `LabelSelector`.
///
/// The Kubernetes version that a definition was generated with decides whether its lists are marked: see
/// [`label_selector_with_atomic_lists`].
pub(super) fn label_selector() -> Schema {
    selector(|schema| schema)
}

/// [`label_selector`] as generated from a newer Kubernetes, which marks its lists as atomic.
pub(super) fn label_selector_with_atomic_lists() -> Schema {
    selector(Schema::atomic)
}

fn selector(lists: fn(Schema) -> Schema) -> Schema {
    let requirement = object([
        field("key", string()).required(),
        field("operator", string()).required().describe("In, NotIn, Exists or DoesNotExist."),
        field("values", lists(list(string()))),
    ]);
    object([field("matchExpressions", lists(list(requirement))), field("matchLabels", map(string()))]).atomic()
}

/// Kubernetes' `SecretKeySelector`: one key of a Secret.
pub(super) fn secret_key() -> Schema {
    object([field("key", string()).required(), field("name", string().default("")), field("optional", boolean())])
        .atomic()
}

/// A protocol by its IANA number or by its name.
pub(super) fn protocol() -> Schema {
    number_or_text()
}

/// A port number, a range `from:to`, or the name of a port.
pub(super) fn port() -> Schema {
    number_or_text()
}

/// Calico's own integer-or-string, which also states a pattern that everything matches.
fn number_or_text() -> Schema {
    int_or_string().pattern("^.*")
}

/// A port of the host that stays reachable whatever policies say.
pub(super) fn host_port() -> Schema {
    object([
        field("net", string()).describe("Only for traffic with this network; everything if empty."),
        field("port", integer()).required(),
        field("protocol", string()),
    ])
}

/// A duration, or several in a row, or nothing.
///
/// The two backslashes are Calico's: the expression asks for a backslash where it means a decimal point, so that `1.5s`
/// is refused.
pub(super) fn duration() -> Schema {
    string().pattern(r"^([0-9]+(\\.[0-9]+)?(ms|s|m|h))*$")
}

/// One of these words in upper or lower case, or nothing.
pub(super) fn word<const N: usize>(words: [&str; N]) -> Schema {
    string().pattern(format!("^(?i)({})?$", words.join("|")))
}

/// A switch that Calico spells in words.
pub(super) fn enabled_or_disabled() -> Schema {
    string().one_of(["Enabled", "Disabled"])
}
