//! The settings of Felix, the agent that programs routes and policies on every node.
//!
//! Each can also be given to one node by an environment variable `FELIX_<NAME>`, which wins over the object. Grouped by
//! what they are about; what an absent setting means is in Calico's documentation.

mod bpf;
mod packet_filter;

use super::definition::{Definition, Scope};
use super::schema::{Field, boolean, field, integer, list, object, string};
use super::shared::{duration, enabled_or_disabled, host_port, port, word};

pub(super) fn felix_configuration() -> Definition {
    let groups = [
        bpf::fields(),
        packet_filter::fields(),
        workloads_and_hosts(),
        encapsulation(),
        wireguard(),
        routes(),
        translation(),
        flow_logs(),
        logging(),
        metrics_and_health(),
        process(),
        surroundings(),
        debugging(),
    ];
    Definition::calico(
        "FelixConfiguration",
        "felixconfigurations",
        Scope::Cluster,
        "Settings of Felix. The object default applies to all nodes, node.<name> to one; the environment wins over both.",
        [field("spec", object(groups.into_iter().flatten()))],
    )
}

fn workloads_and_hosts() -> Vec<Field> {
    vec![
        field("allowIPIPPacketsFromWorkloads", boolean()).describe("Pods may send IPIP themselves."),
        field("allowVXLANPacketsFromWorkloads", boolean()).describe("Pods may send VXLAN themselves."),
        field("defaultEndpointToHostAction", word(["Drop", "Accept", "Return"]))
            .describe("What happens to traffic from a pod to its node. Return: the rules of the node decide."),
        field("endpointReportingDelay", duration()),
        field("endpointReportingEnabled", boolean()),
        field("endpointStatusPathPrefix", string())
            .describe("Where Felix tells the CNI plugin that a pod's policies are in place."),
        field("externalNodesList", list(string()))
            .describe("Hosts outside of the cluster that may send encapsulated packets."),
        field("failsafeInboundHostPorts", list(host_port())).describe("Ports of the host that no policy closes."),
        field("failsafeOutboundHostPorts", list(host_port()))
            .describe("Ports that the host reaches whatever policies say."),
        field("interfaceExclude", string())
            .describe("Interfaces that Felix leaves alone; /…/ is a regular expression."),
        field("interfacePrefix", string()).describe("How names of pod interfaces begin, on the side of the host."),
        field("workloadSourceSpoofing", word(["Disabled", "Any"]))
            .describe("Any: pods may ask for foreign source addresses."),
    ]
}

fn encapsulation() -> Vec<Field> {
    vec![
        field("ipipEnabled", boolean()).describe("Keep an IPIP device. By default: if a pool uses IPIP."),
        field("ipipMTU", integer()).describe("Found from the host's interfaces if 0 or absent."),
        field("mtuIfacePattern", string()).describe("The host's interfaces whose MTU counts, as a regular expression."),
        field("requireMTUFile", boolean()).describe("The CNI plugin waits until Felix has found the MTU."),
        field("vxlanEnabled", boolean()).describe("Keep a VXLAN device. By default: if a pool uses VXLAN."),
        field("vxlanMTU", integer()).describe("Found from the host's interfaces if 0 or absent."),
        field("vxlanMTUV6", integer()),
        field("vxlanPort", integer()).describe("UDP; 4789 unless set."),
        field("vxlanVNI", integer()).describe("4096 unless set."),
    ]
}

fn wireguard() -> Vec<Field> {
    vec![
        field("wireguardEnabled", boolean()).describe("Encrypt IPv4 traffic between pods of different nodes."),
        field("wireguardEnabledV6", boolean()).describe("Encrypt IPv6 traffic between pods of different nodes."),
        field("wireguardHostEncryptionEnabled", boolean()).describe("Encrypt traffic of the nodes themselves, too."),
        field("wireguardInterfaceName", string()),
        field("wireguardInterfaceNameV6", string()),
        field("wireguardKeepAlive", duration()),
        field("wireguardListeningPort", integer()).describe("UDP; 51820 unless set."),
        field("wireguardListeningPortV6", integer()).describe("UDP; 51821 unless set."),
        field("wireguardMTU", integer()),
        field("wireguardMTUV6", integer()),
        field("wireguardRoutingRulePriority", integer()),
        field("wireguardThreadingEnabled", boolean()).describe("Spread the work over several CPUs."),
    ]
}

fn routes() -> Vec<Field> {
    let table_range = || object([field("max", integer()).required(), field("min", integer()).required()]);
    vec![
        field("deviceRouteProtocol", integer())
            .describe("The protocol number on Felix' routes, by which it knows them again."),
        field("deviceRouteSourceAddress", string()),
        field("deviceRouteSourceAddressIPv6", string()),
        field("ipForwarding", enabled_or_disabled()).describe("Disabled: leave the host's forwarding switches alone."),
        field("programClusterRoutes", enabled_or_disabled())
            .describe("Enabled: Felix, not BIRD, writes the routes to pods of other nodes where a pool has no VXLAN."),
        field("removeExternalRoutes", boolean()).describe("Remove foreign routes from pod interfaces."),
        field("routeRefreshInterval", duration()),
        field("routeSource", word(["WorkloadIPs", "CalicoIPAM"])).describe("From what Felix derives VXLAN routes."),
        field("routeSyncDisabled", boolean()).describe("Felix writes no routes; something else has to."),
        field("routeTableRange", table_range()).describe("Replaced by routeTableRanges."),
        field("routeTableRanges", list(table_range())).describe("Numbers of routing tables that Felix may use."),
    ]
}

fn translation() -> Vec<Field> {
    vec![
        field("floatingIPs", enabled_or_disabled()).describe("Whether pods may have floating addresses by annotation."),
        field("kubeNodePortRanges", list(port())).describe("Node ports that policies before DNAT treat as forwarded."),
        field("natOutgoingAddress", string())
            .describe("The source of traffic that leaves the pools; the node's if absent."),
        field("natOutgoingExclusions", string().one_of(["IPPoolsOnly", "IPPoolsAndHostIPs"]))
            .describe("Destinations to which the source stays as it is."),
        field("natPortRange", port()).describe("The source ports that translation may choose."),
        field("serviceLoopPrevention", word(["Drop", "Reject", "Disabled"])).describe(
            "Stops packets to unused service addresses that would go back and forth between node and gateway.",
        ),
    ]
}

fn flow_logs() -> Vec<Field> {
    vec![
        field("flowLogsCollectorDebugTrace", boolean()),
        field("flowLogsFlushInterval", duration()),
        field("flowLogsGoldmaneServer", string()).describe("Where flows are sent: host:port, or a unix socket."),
        field("flowLogsLocalReporter", string().one_of(["Disabled", "Enabled"])),
        field("flowLogsPolicyEvaluationMode", string().one_of(["None", "Continuous"]))
            .describe("Continuous: judge running connections anew when policies change."),
    ]
}

fn logging() -> Vec<Field> {
    let severity = || word(["Trace", "Debug", "Info", "Warning", "Error", "Fatal"]);
    vec![
        field("logActionRateLimit", string().pattern(r"^[1-9]\d{0,3}/(?:second|minute|hour|day)$"))
            .describe("How often rules with action Log may log, such as 10/second."),
        field("logActionRateLimitBurst", integer().range(0, 9999)),
        field("logDebugFilenameRegex", string()),
        field("logFilePath", string()),
        field("logPrefix", string().pattern("^([a-zA-Z0-9%: /_-])*$"))
            .describe("Before each line of rules with action Log."),
        field("logSeverityFile", severity()),
        field("logSeverityScreen", severity()),
        field("logSeveritySys", severity()),
    ]
}

fn metrics_and_health() -> Vec<Field> {
    let timeout = object([field("name", string()).required(), field("timeout", string()).required()]);
    vec![
        field("dataplaneWatchdogTimeout", string()).describe("Replaced by healthTimeoutOverrides."),
        field("healthEnabled", boolean()).describe("Serve /liveness and /readiness."),
        field("healthHost", string()),
        field("healthPort", integer()),
        field("healthTimeoutOverrides", list(timeout))
            .describe("How long a part of Felix may be silent before it counts as dead."),
        field("prometheusGoMetricsEnabled", boolean()),
        field("prometheusMetricsEnabled", boolean()),
        field("prometheusMetricsHost", string()),
        field("prometheusMetricsPort", integer()),
        field("prometheusProcessMetricsEnabled", boolean()),
        field("prometheusWireGuardMetricsEnabled", boolean()),
        field("reportingInterval", duration()),
        field("reportingTTL", duration()),
        field("usageReportingEnabled", boolean()).describe("Report version and cluster size to Calico's makers."),
        field("usageReportingInitialDelay", duration()),
        field("usageReportingInterval", duration()),
    ]
}

fn process() -> Vec<Field> {
    let overrides = string().pattern("^([a-zA-Z0-9-_]+=(true|false|),)*([a-zA-Z0-9-_]+=(true|false|))?$");
    vec![
        field("dataplaneDriver", string()),
        field("featureDetectOverride", overrides)
            .describe("Contradicts what Felix finds out about the kernel: name=true,…"),
        field("featureGates", string().pattern("^([a-zA-Z0-9-_]+=([^=]+),)*([a-zA-Z0-9-_]+=([^=]+))?$")),
        field("goGCThreshold", integer()),
        field("goMaxProcs", integer()),
        field("goMemoryLimitMB", integer()),
        field("interfaceRefreshInterval", duration()),
        field("netlinkTimeout", duration()),
        field("useInternalDataplaneDriver", boolean()),
    ]
}

/// What is outside of Felix: the cloud, OpenStack, Windows, other processes.
fn surroundings() -> Vec<Field> {
    vec![
        field("awsSrcDstCheck", string().one_of(["DoNothing", "Enable", "Disable"]))
            .describe("What to do with the check of AWS that drops packets with addresses of pods."),
        field("metadataAddr", string()).describe("Of the OpenStack metadata service."),
        field("metadataPort", integer()),
        field("openstackRegion", string()),
        field("policySyncPathPrefix", string())
            .describe("Where sidecars find the socket for application layer policy."),
        field("sidecarAccelerationEnabled", boolean()),
        field("windowsManageFirewallRules", enabled_or_disabled()),
    ]
}

fn debugging() -> Vec<Field> {
    vec![
        field("debugDisableLogDropping", boolean()),
        field("debugHost", string()),
        field("debugMemoryProfilePath", string()),
        field("debugPort", integer()),
        field("debugSimulateCalcGraphHangAfter", duration()),
        field("debugSimulateDataplaneApplyDelay", duration()),
        field("debugSimulateDataplaneHangAfter", duration()),
    ]
}
