//! Settings of calico-kube-controllers, and those it reports to run with.

use super::definition::{Definition, Scope};
use super::schema::{Schema, field, int32, integer, list, map, object, string};

pub(super) fn kube_controllers_configuration() -> Definition {
    let status = object([
        field("environmentVars", map(string())).describe("Variables of the process that override the specification."),
        field("runningConfig", configuration()).describe("What is in effect."),
    ]);
    Definition::calico(
        "KubeControllersConfiguration",
        "kubecontrollersconfigurations",
        Scope::Cluster,
        "How calico-kube-controllers runs. Only the object default is read.",
        [field("spec", configuration()), field("status", status)],
    )
}

fn configuration() -> Schema {
    object([
        field("controllers", controllers()).required().describe("A controller that is not listed does not run."),
        field("debugProfilePort", int32()).describe("Serves Go profiles on localhost."),
        field("etcdV3CompactionPeriod", string()),
        field("healthChecks", string()),
        field("logSeverityScreen", string()),
        field("prometheusMetricsPort", integer()).describe("0: no metrics. 9094 unless set."),
    ])
}

fn controllers() -> Schema {
    let load_balancer = object([field("assignIPs", string().default("AllServices"))
        .describe("AllServices, or RequestedServicesOnly: those with an annotation of Calico.")]);
    object([
        field("loadBalancer", load_balancer).describe("Gives addresses of pools to Services of type LoadBalancer."),
        field("namespace", periodic()),
        field("node", node()).describe("Cleans up after deleted nodes and looks for leaked addresses."),
        field("policy", periodic()),
        field("serviceAccount", periodic()),
        field("workloadEndpoint", periodic()),
    ])
}

fn periodic() -> Schema {
    object([field("reconcilerPeriod", string())])
}

fn node() -> Schema {
    let template = object([
        field("generateName", string().max_length(253)).describe("Suffix of the names."),
        field("interfaceCIDRs", list(string())).describe("Which addresses of a node are expected."),
        field("interfacePattern", string()).describe("Which interfaces of a node get an endpoint."),
        field("labels", map(string())),
        field("nodeSelector", string()),
    ]);
    let host_endpoint = object([
        field("autoCreate", string()).describe("Enabled: keep a HostEndpoint for every node."),
        field("createDefaultHostEndpoint", string()).describe("Also the one for all interfaces, beside the templates."),
        field("templates", list(template)),
    ]);
    object([
        field("hostEndpoint", host_endpoint),
        field("leakGracePeriod", string()).describe("How long an address may look leaked before it is released."),
        field("reconcilerPeriod", string()),
        field("syncLabels", string()),
    ])
}
