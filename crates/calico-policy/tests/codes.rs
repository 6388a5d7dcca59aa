//! The spelling of every closed set: users, dashboards and other programs rely on it, so each is a literal here. With the
//! feature `serde`, each is also written and read by that spelling.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use calico_policy::admission_policy::GuardApi;
use calico_policy::caveats::Caveat;
use calico_policy::decision::Bundle;
use calico_policy::encapsulation::{Backend, Encapsulation, IpFamily, Pool, PoolMode};
use calico_policy::guard::GuardState;
use calico_policy::intent::{AutoscalingMode, DeprecatedField, IpamType, ServiceLoopPrevention};
use calico_policy::nodes::NodeClass;
use calico_policy::overlay::{Actor, HoldReason, UnverifiedReason, VerdictCode};
use calico_policy::phase::Phase;
use calico_policy::privilege::PrivilegedBecause;
use calico_policy::reading::ReadFailureKind;
use calico_policy::warning::WarningCode;

/// What a closed set must be able to do; serialisation only where the feature asks for it.
#[cfg(feature = "serde")]
trait Member: Copy + Debug + Display + FromStr + PartialEq + serde::Serialize + serde::de::DeserializeOwned {}
#[cfg(feature = "serde")]
impl<T: Copy + Debug + Display + FromStr + PartialEq + serde::Serialize + serde::de::DeserializeOwned> Member for T {}

#[cfg(not(feature = "serde"))]
trait Member: Copy + Debug + Display + FromStr + PartialEq {}
#[cfg(not(feature = "serde"))]
impl<T: Copy + Debug + Display + FromStr + PartialEq> Member for T {}

fn spelled<T: Member>(members: &[T], expected: &[&str]) {
    let seen: Vec<String> = members.iter().map(ToString::to_string).collect();
    assert_eq!(seen, expected);
    for (member, code) in members.iter().zip(expected) {
        assert!(T::from_str(code).is_ok_and(|read| read == *member), "{code}");
        serialised(member, code);
    }
    assert!(T::from_str("no such code").is_err());
}

#[cfg(feature = "serde")]
fn serialised<T: Member>(member: &T, code: &str) {
    let text = serde_json::to_string(member).expect("a text");
    assert_eq!(text, format!("\"{code}\""));
    assert_eq!(serde_json::from_str::<T>(&text).expect("a member"), *member);
    assert!(serde_json::from_str::<T>("\"no such code\"").is_err());
}

#[cfg(not(feature = "serde"))]
fn serialised<T: Member>(_: &T, _: &str) {}

#[test]
fn verdict_and_reasons() {
    spelled(VerdictCode::ALL, &["Unchanged", "Proceed", "ProceedUnverified", "Hold"]);
    spelled(
        UnverifiedReason::ALL,
        &[
            "GateDisabled",
            "AdmissionPolicyUnavailable",
            "FirstInstallation",
            "NoNodes",
            "BreakGlass",
            "NoRouteController",
            "PodRoutesByCalico",
            "OverlayNotDisabledExplicitly",
        ],
    );
    spelled(
        HoldReason::ALL,
        &[
            "RoutesMissing",
            "NoRouteWriter",
            "CurrentStateUnreadable",
            "NodesUnreadable",
            "ShootUnreachable",
            "GuardNotEffective",
            "AdmissionPolicyUnavailable",
            "OverlayNotDisabledExplicitly",
            "Hibernated",
        ],
    );
    spelled(Actor::ALL, &["ShootOwner", "LandscapeOperator", "Nobody", "Us"]);
}

#[test]
fn phase_bundle_and_guard() {
    spelled(
        Phase::ALL,
        &["Idle", "Guarding", "Cleaning", "AwaitingRoutes", "Switching", "Verifying", "Done", "Reverting"],
    );
    spelled(Bundle::ALL, &["Target", "Held", "Frozen"]);
    spelled(
        GuardState::ALL,
        &["Effective", "NotEffective", "Unknown", "NotObserved", "Impossible", "Disabled", "NotNeeded"],
    );
    spelled(GuardApi::ALL, &["v1", "v1beta1", "v1alpha1"]);
}

#[test]
fn nodes() {
    spelled(
        NodeClass::ALL,
        &[
            "RouteCreated",
            "NoCondition",
            "WrittenByCalico",
            "NoRouteCreated",
            "OtherReason",
            "NoPodCidr",
            "Deleting",
            "NotReady",
            "Stale",
        ],
    );
}

#[test]
fn dataplane() {
    spelled(IpFamily::ALL, &["IPv4", "IPv6"]);
    spelled(Encapsulation::ALL, &["None", "Ipip(Always)", "Ipip(CrossSubnet)", "Vxlan(Always)", "Vxlan(CrossSubnet)"]);
    spelled(Backend::ALL, &["bird", "none", "vxlan"]);
    spelled(Pool::ALL, &["ipip", "vxlan"]);
    spelled(PoolMode::ALL, &["Always", "CrossSubnet", "Never", "Off"]);
    spelled(IpamType::ALL, &["host-local", "calico-ipam"]);
    spelled(ServiceLoopPrevention::ALL, &["Disabled", "Drop", "Reject"]);
    spelled(AutoscalingMode::ALL, &["cluster-proportional", "vpa", "static"]);
    spelled(DeprecatedField::ALL, &["ipip", "ipAutodetectionMethod"]);
}

#[test]
fn privilege() {
    spelled(PrivilegedBecause::ALL, &["GateDisabled", "EbpfDataplane"]);
    spelled(
        Caveat::ALL,
        &[
            "FeaturesAfterV321",
            "IptablesRefusesSuid",
            "NoSuidBits",
            "CommandsRemoved",
            "CalicoVersionUnknown",
            "WireguardHostEncryption",
            "Ipv6AcceptRa",
            "NftablesUnproven",
            "BirdExporterLeftOut",
            "PrivilegedInitContainers",
            "WholeHostDirectories",
        ],
    );
}

#[test]
fn warnings() {
    spelled(
        WarningCode::ALL,
        &[
            "GuardApiMismatch",
            "GuardNotObserved",
            "PoolSettingWithoutEffect",
            "FelixDisagreesWithPool",
            "EvidenceOld",
            "NodesExcluded",
            "CompletenessAssumed",
            "DeprecatedField",
            "BundleNotApplied",
            "NodeLostRoute",
            "CalicoConditionCameBack",
            "JoinerWithoutRoute",
            "SwitchNotVerified",
            "EncapsulationAssumed",
            "IpamChanges",
            "OverlayNotDisabledExplicitly",
            "EncapsulationStarts",
            "EncapsulationProtocolChanges",
            "HoldOverdue",
            "PreviousStatusUnreadable",
            "BreakGlassUsed",
            "BreakGlassWithoutReason",
        ],
    );
}

#[test]
fn read_failures() {
    spelled(ReadFailureKind::ALL, &["NotGiven", "Refused", "Unreachable", "Incomplete", "Undecodable"]);
}
