//! The JSON schema of what a program asks the embedded core.

use calico_policy::encapsulation::{Backend, Encapsulation, IpFamily, Pool, PoolMode};
use calico_policy::intent::{AutoscalingMode, DeprecatedField, IpamType, ServiceLoopPrevention};
use calico_policy::nodes::NodeClass;
use calico_policy::phase::Phase;
use calico_policy::reading::ReadFailureKind;
use serde_json::{Value, json};

use super::json_schema::{
    codes, definition, described, document, flag, list, nullable, object, object_with_optional, one_of, text,
};
use crate::failure::Failure;

pub(crate) fn schema() -> Result<String, Failure> {
    let request = object([
        ("settings", described("What the landscape operator configured.", settings())),
        ("shoot", described("What is known of the shoot.", shoot())),
        ("intent", described("What the shoot owner asked for.", intent())),
        ("observed", described("What was seen.", observed())),
        ("previous", described("What the last status said of the switch.", reading(definition("SwitchStatus")))),
        ("now", described("The time that counts as now.", definition("Time"))),
    ]);
    let description = "What `calico_policy_decide` is asked. A key that may be null may be left out as well; no other may, and no \
                       unknown one may be there.";
    document("Request", description, request, definitions())
}

fn definitions() -> Value {
    let never_evidence =
        "Was not read, or not completely: it permits nothing. Never puts the content of a Secret into `detail`.";
    json!({
        "Time": described(
            "Seconds since 1970-01-01T00:00:00Z.",
            json!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX}),
        ),
        "Seconds": json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
        "Unreadable": described(never_evidence, object([
            ("Unreadable", object([("kind", codes!(ReadFailureKind)), ("detail", text())])),
        ])),
        "Cidr": object([("family", codes!(IpFamily)), ("text", text())]),
        "Encapsulations": described("Null where the shoot lacks the family.", object_with_optional([], [
            ("ipv4", nullable(codes!(Encapsulation))),
            ("ipv6", nullable(codes!(Encapsulation))),
        ])),
        "SwitchStatus": object_with_optional([("phase", codes!(Phase))], [("since", nullable(definition("Time")))]),
        "FamilyIntent": object_with_optional([], [
            ("pool", nullable(codes!(Pool))),
            ("mode", nullable(codes!(PoolMode))),
            ("autoDetectionMethod", nullable(text())),
        ]),
        "ObservedDataplane": observed_dataplane(),
        "ObservedPool": object([
            ("pool", codes!(Pool)),
            ("mode", codes!(PoolMode)),
            ("source", literals(&["Variable", "Object"])),
        ]),
        "Verification": literals(&["Require", "Skip"]),
        "Node": node(),
    })
}

fn settings() -> Value {
    let tag = "The tag of the calico-node image that would be applied; null where it has none.";
    object_with_optional(
        [
            ("nonPrivilegedCalicoNode", described("The feature gate.", flag())),
            ("seamlessOverlaySwitch", described("The feature gate.", flag())),
            (
                "overlaySwitch",
                object([
                    ("profile", literals(&["Default", "Strict"])),
                    ("whenUnguarded", literals(&["Proceed", "Hold"])),
                    ("implicitRemovals", literals(&["Report", "Hold"])),
                    ("routeVerification", definition("Verification")),
                    ("podRoutes", definition("Verification")),
                    ("routeWriterGraceSeconds", definition("Seconds")),
                    ("progressWindowSeconds", definition("Seconds")),
                    ("deadlineSeconds", definition("Seconds")),
                    ("pollIntervalSeconds", definition("Seconds")),
                    ("excludeNodeClasses", list(&codes!(NodeClass))),
                    ("oldEvidence", literals(&["Counts", "IsWrittenAgain"])),
                    ("guard", literals(&["Disabled", "WhereObserved", "Always"])),
                ]),
            ),
        ],
        [("calicoTag", described(tag, nullable(text())))],
    )
}

fn shoot() -> Value {
    let version = json!({"type": "string", "pattern": r"^v?[0-9]{1,19}(\.[0-9]{1,19}){0,2}([-+~][\s\S]*)?$"});
    object([
        ("kubernetesVersion", version),
        (
            "apiServer",
            object([
                ("mutatingAdmissionPolicyGate", flag()),
                ("runtimeConfigV1beta1", flag()),
                ("runtimeConfigV1alpha1", flag()),
            ]),
        ),
        ("kubeProxy", literals(&["Enabled", "Nftables", "Disabled"])),
        ("verticalPodAutoscaler", flag()),
        ("providerType", text()),
        ("hibernationEnabled", flag()),
        ("dualStackMigrationPending", flag()),
        (
            "nodeCidrs",
            object_with_optional([("status", list(&definition("Cidr")))], [("spec", nullable(definition("Cidr")))]),
        ),
        ("podCidrs", list(&definition("Cidr"))),
    ])
}

fn intent() -> Value {
    let ipam = object_with_optional([], [("type", nullable(codes!(IpamType))), ("cidr", nullable(text()))]);
    let overlay = object([("enabled", flag()), ("createPodRoutes", flag())]);
    let break_glass =
        "The reason in the annotation skip-route-check; null without one. Lets this switch go ahead unverified.";
    object_with_optional(
        [
            ("ipFamilies", list(&codes!(IpFamily))),
            ("ipam", ipam),
            ("ipv4", definition("FamilyIntent")),
            ("ipv6", definition("FamilyIntent")),
            ("vxlan", flag()),
            ("ebpf", flag()),
            ("wireguard", flag()),
            ("birdExporter", flag()),
            ("multus", object([("enabled", flag()), ("installCniPlugins", flag())])),
            ("deprecatedFields", list(&codes!(DeprecatedField))),
        ],
        [
            ("backend", nullable(codes!(Backend))),
            ("ipv6SourceNat", nullable(flag())),
            ("overlay", nullable(overlay)),
            ("typha", nullable(flag())),
            ("vethMtu", nullable(text())),
            ("snatToUpstreamDns", nullable(flag())),
            ("serviceLoopPrevention", nullable(codes!(ServiceLoopPrevention))),
            ("autoscaling", nullable(codes!(AutoscalingMode))),
            ("breakGlass", described(break_glass, nullable(text()))),
        ],
    )
}

fn observed() -> Value {
    let sources = object([
        ("bundle", described("Absent: there is no ManagedResource.", reading(definition("ObservedDataplane")))),
        ("live", reading(definition("ObservedDataplane"))),
        ("record", reading(definition("Encapsulations"))),
        ("history", literals(&["NeverInstalled", "Installed"])),
    ]);
    let guard = ["Effective", "NotEffective", "ExistsLongEnough", "NotProvenYet", "NotObserved"];
    object_with_optional(
        [
            ("sources", described("What tells the encapsulation in effect.", sources)),
            ("nodes", described("All nodes of the shoot, or unreadable.", reading(list(&definition("Node"))))),
            ("nodeList", literals(&["Complete", "AssumedComplete"])),
            ("guard", literals(&guard)),
            ("rollout", literals(&["NotObserved", "Written", "Applied", "RolledOut"])),
        ],
        [("operationRequested", nullable(definition("Time")))],
    )
}

fn observed_dataplane() -> Value {
    let ipam = object([("type", codes!(IpamType)), ("ranges", list(&text()))]);
    object_with_optional(
        [],
        [
            ("backend", nullable(codes!(Backend))),
            ("ipv4", nullable(definition("ObservedPool"))),
            ("ipv6", nullable(definition("ObservedPool"))),
            ("felixIpip", nullable(flag())),
            ("felixVxlan", nullable(flag())),
            ("ipam", nullable(ipam)),
            ("vethMtu", nullable(text())),
            ("kubeControllers", described("Whether they run; null where nobody looked.", nullable(flag()))),
        ],
    )
}

fn node() -> Value {
    let reasons = ["RouteCreated", "NoRouteCreated", "CalicoIsUp", "CalicoIsDown", "Other"];
    let condition = object_with_optional(
        [("status", literals(&["True", "False", "Unknown"])), ("reason", literals(&reasons))],
        [("lastTransition", nullable(definition("Time"))), ("lastHeartbeat", nullable(definition("Time")))],
    );
    let network_unavailable = json!({"oneOf": [literals(&["Missing", "Several"]), object([("One", condition)])]});
    object_with_optional(
        [
            ("name", text()),
            ("uid", text()),
            ("deleting", flag()),
            ("readiness", literals(&["Ready", "NotReady", "NotReported"])),
            ("podCidrs", object([("ipv4", flag()), ("ipv6", flag())])),
            (
                "networkUnavailable",
                described("The entries of this type in the node's conditions.", network_unavailable),
            ),
        ],
        [("created", nullable(definition("Time")))],
    )
}

/// Known, proven absent, or not readable.
fn reading(known: Value) -> Value {
    json!({"oneOf": [{"const": "Absent"}, object([("Known", known)]), definition("Unreadable")]})
}

/// The members of an enum that has no codes. The tests of `calico-policy-c` compare them with what is read.
fn literals(members: &[&'static str]) -> Value {
    one_of(members.iter().copied())
}
