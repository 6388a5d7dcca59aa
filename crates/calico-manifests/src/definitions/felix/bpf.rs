//! The eBPF dataplane, which replaces iptables and kube-proxy.

use crate::definitions::schema::{Field, Schema, boolean, field, integer, list, map, object, string};
use crate::definitions::shared::{duration, enabled_or_disabled, port, word};

pub(super) fn fields() -> Vec<Field> {
    [switches(), services(), connections(), map_sizes(), observation()].into_iter().flatten().collect()
}

fn switches() -> Vec<Field> {
    vec![
        field("bpfAttachType", string().one_of(["TC", "TCX"]))
            .describe("How programs hang on interfaces; TCX needs Linux 6.6."),
        field("bpfDataIfacePattern", string())
            .describe("The host's interfaces that get programs, as a regular expression."),
        field("bpfDisableGROForIfaces", string())
            .describe("Interfaces without generic receive offload, as a regular expression."),
        field("bpfDisableUnprivileged", boolean()).describe("Forbid bpf() to processes without privileges."),
        field("bpfEnabled", boolean()).describe("Use the eBPF dataplane."),
        field("bpfEnforceRPF", word(["Disabled", "Strict", "Loose"]))
            .describe("Check that packets come from where answers would go."),
        field("bpfJITHardening", string().one_of_twice(["Auto", "Strict"]))
            .describe("Auto: turn the kernel's hardening down where it would make programs too slow."),
        field("bpfL3IfacePattern", string()).describe("Interfaces without Ethernet headers, as a regular expression."),
        field("bpfRedirectToPeer", string().one_of(["Enabled", "Disabled", "L2Only"]))
            .describe("Hand packets straight into a pod's namespace."),
        field("cgroupV2Path", string()),
        field("genericXDPEnabled", boolean()).describe("XDP also on interfaces without support of their own; slow."),
        field("xdpEnabled", boolean()).describe("XDP for policies with doNotTrack in the iptables dataplane."),
        field("xdpRefreshInterval", duration()),
    ]
}

fn services() -> Vec<Field> {
    vec![
        field("bpfConnectTimeLoadBalancing", string().one_of(["TCP", "Enabled", "Disabled"]))
            .describe("For which connections a service's endpoint is chosen in connect()."),
        field("bpfConnectTimeLoadBalancingEnabled", boolean()).describe("Replaced by bpfConnectTimeLoadBalancing."),
        field("bpfDSROptoutCIDRs", list(string()))
            .describe("Clients to which answers go back by the node they came in."),
        field("bpfExcludeCIDRsFromNAT", list(string()))
            .describe("Service addresses that are not translated, such as a local DNS cache."),
        field("bpfExtToServiceConnmark", integer()),
        field("bpfExternalServiceMode", word(["Tunnel", "DSR"]))
            .describe("How answers reach clients outside: back by the first node, or directly (DSR)."),
        field("bpfHostNetworkedNATWithoutCTLB", enabled_or_disabled()),
        field("bpfKubeProxyEndpointSlicesEnabled", boolean()),
        field("bpfKubeProxyHealthzPort", integer()),
        field("bpfKubeProxyIptablesCleanupEnabled", boolean())
            .describe("Remove kube-proxy's iptables rules. Only where kube-proxy does not run."),
        field("bpfKubeProxyMinSyncPeriod", duration()),
        field("bpfPSNATPorts", port()).describe("Source ports to choose from where two clients use the same one."),
    ]
}

fn connections() -> Vec<Field> {
    let names = [
        "creationGracePeriod",
        "genericTimeout",
        "icmpTimeout",
        "tcpEstablished",
        "tcpFinsSeen",
        "tcpResetSeen",
        "tcpSynSent",
        "udpTimeout",
    ];
    let timeouts = object(names.map(|name| field(name, timeout())));
    vec![
        field("bpfConntrackMode", string().one_of(["Auto", "Userspace", "BPFProgram"]))
            .describe("Who removes connections that have timed out."),
        field("bpfConntrackTimeouts", timeouts).describe("Auto takes the kernel's own setting."),
        field("bpfForceTrackPacketsFromIfaces", list(string()))
            .describe("Interfaces whose packets Linux' own conntrack must see."),
        field("bpfHostConntrackBypass", boolean()).describe("Packets of pods skip Linux' own conntrack."),
    ]
}

fn timeout() -> Schema {
    string().pattern(r"^(([0-9]*(\.[0-9]*)?(ms|s|h|m|us)+)+|Auto)$")
}

/// Changing one recreates the map: connections or services in it are lost for a moment.
fn map_sizes() -> Vec<Field> {
    vec![
        field("bpfMapSizeConntrack", integer()),
        field("bpfMapSizeConntrackCleanupQueue", integer().minimum(1)),
        field("bpfMapSizeConntrackScaling", word(["Disabled", "DoubleIfFull"])),
        field("bpfMapSizeIPSets", integer()),
        field("bpfMapSizeIfState", integer()),
        field("bpfMapSizeNATAffinity", integer()),
        field("bpfMapSizeNATBackend", integer()),
        field("bpfMapSizeNATFrontend", integer()),
        field("bpfMapSizePerCpuConntrack", integer())
            .describe("Times the number of CPUs; wins over bpfMapSizeConntrack."),
        field("bpfMapSizeRoute", integer()),
    ]
}

fn observation() -> Vec<Field> {
    vec![
        field("bpfCTLBLogFilter", string()),
        field("bpfConntrackLogLevel", string().one_of(["Off", "Debug"])),
        field("bpfExportBufferSizeMB", integer()),
        field("bpfLogFilters", map(string())).describe("Per interface, the packets to log, as for tcpdump."),
        field("bpfLogLevel", word(["Off", "Info", "Debug"])).describe("Into the kernel's trace pipe. Costs much."),
        field("bpfPolicyDebugEnabled", boolean()).describe("Keep what `calico-node -bpf policy dump` prints."),
        field("bpfProfiling", enabled_or_disabled()),
    ]
}
