//! The kernel's packet filter, through iptables or nftables, and the IP sets that both use.

use crate::definitions::schema::{Field, boolean, field, int32, integer, string};
use crate::definitions::shared::{duration, word};

pub(super) fn fields() -> Vec<Field> {
    let allow = || word(["Accept", "Return"]);
    let deny = || word(["Drop", "Reject"]);
    vec![
        field("chainInsertMode", word(["Insert", "Append"]))
            .describe("Whether Calico's rules come before or after those of others."),
        field("disableConntrackInvalidCheck", boolean()),
        field("ipsetsRefreshInterval", duration()),
        field("iptablesBackend", word(["Auto", "Legacy", "NFT"])).describe("Has to be the one that kube-proxy uses."),
        field("iptablesFilterAllowAction", allow()).describe("Return: rules of others may still drop the packet."),
        field("iptablesFilterDenyAction", deny()),
        field("iptablesLockFilePath", string()),
        field("iptablesLockProbeInterval", duration()),
        field("iptablesLockTimeout", duration()),
        field("iptablesMangleAllowAction", allow()),
        field("iptablesMarkMask", int32()).describe("The bits of packet marks that Felix may use."),
        field("iptablesNATOutgoingInterfaceFilter", string()),
        field("iptablesPostWriteCheckInterval", duration()),
        field("iptablesRefreshInterval", duration()).describe("How often rules are checked for changes by others."),
        field("ipv6Support", boolean()),
        field("maxIpsetSize", integer()),
        field("nftablesFilterAllowAction", allow()),
        field("nftablesFilterDenyAction", deny()),
        field("nftablesMangleAllowAction", allow()),
        field("nftablesMarkMask", int32()).describe("The bits of packet marks that Felix may use."),
        field("nftablesMode", string().one_of(["Disabled", "Enabled", "Auto"]))
            .describe("Use nftables instead of iptables. kube-proxy has to do the same."),
        field("nftablesRefreshInterval", string()),
    ]
}
