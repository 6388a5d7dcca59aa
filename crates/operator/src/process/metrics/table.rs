//! Every series that is exposed: the source of the registries and of `docs/metrics.md`.

/// A series.
#[derive(Debug, PartialEq, Eq)]
pub struct Series {
    /// The name, as dashboards write it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
    /// Who else exposes it.
    pub origin: Origin,
}

/// What a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
}

/// Who else exposes a series of this name, which makes it readable for existing dashboards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// controller-runtime and client-go.
    ControllerRuntime,
    /// Prometheus' client libraries.
    ClientLibraries,
    /// Nobody.
    Ours,
}

impl Series {
    /// The name without what marks a counter.
    #[must_use]
    pub fn family_name(&self) -> &'static str {
        match self.kind {
            Kind::Counter => self.name.strip_suffix("_total").unwrap_or(self.name),
            Kind::Gauge | Kind::Histogram => self.name,
        }
    }
}

impl Kind {
    /// The word of the text format.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Origin {
    /// The heading in the documentation.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ControllerRuntime => "Of controller-runtime",
            Self::ClientLibraries => "Of Prometheus' client libraries",
            Self::Ours => "Ours",
        }
    }
}

macro_rules! series {
    ($(#[$doc:meta])* $table:ident: $($constant:ident = $kind:ident $name:literal $labels:expr, $origin:ident, $help:literal;)*) => {
        $(pub(crate) static $constant: Series = Series {
            name: $name,
            kind: Kind::$kind,
            labels: &$labels,
            help: $help,
            origin: Origin::$origin,
        };)*

        $(#[$doc])*
        pub static $table: &[&Series] = &[$(&$constant),*];
    };
}

series! {
    /// Those of `run`, as they are documented.
    TABLE:
    RECONCILE_TOTAL = Counter "controller_runtime_reconcile_total" ["controller", "result"], ControllerRuntime,
        "Reconciles by their result: error, requeue, requeue_after, success";
    RECONCILE_ERRORS = Counter "controller_runtime_reconcile_errors_total" ["controller"], ControllerRuntime,
        "Reconciles that failed";
    TERMINAL_RECONCILE_ERRORS = Counter "controller_runtime_terminal_reconcile_errors_total" ["controller"], ControllerRuntime,
        "Reconciles that failed and are not tried again: there are none, every failure is tried again";
    RECONCILE_PANICS = Counter "controller_runtime_reconcile_panics_total" ["controller"], ControllerRuntime,
        "Reconciles that panicked; only the object is affected";
    RECONCILE_TIMEOUTS = Counter "controller_runtime_reconcile_timeouts_total" ["controller"], ControllerRuntime,
        "Reconciles that used up their time";
    RECONCILE_TIME = Histogram "controller_runtime_reconcile_time_seconds" ["controller"], ControllerRuntime,
        "How long a reconcile took";
    MAX_CONCURRENT_RECONCILES = Gauge "controller_runtime_max_concurrent_reconciles" ["controller"], ControllerRuntime,
        "How many reconciles may run at once";
    ACTIVE_WORKERS = Gauge "controller_runtime_active_workers" ["controller"], ControllerRuntime,
        "How many reconciles are running";
    DEPTH = Gauge "workqueue_depth" ["name", "controller", "priority"], ControllerRuntime,
        "Keys that are due and wait for a worker; those of the first list have priority -100";
    ADDS = Counter "workqueue_adds_total" ["name", "controller"], ControllerRuntime,
        "Keys that became due";
    RETRIES = Counter "workqueue_retries_total" ["name", "controller"], ControllerRuntime,
        "Keys that wait out a back-off";
    QUEUE_DURATION = Histogram "workqueue_queue_duration_seconds" ["name", "controller"], ControllerRuntime,
        "How long a key was due before a worker took it";
    WORK_DURATION = Histogram "workqueue_work_duration_seconds" ["name", "controller"], ControllerRuntime,
        "How long a worker was busy with a key";
    UNFINISHED_WORK = Gauge "workqueue_unfinished_work_seconds" ["name", "controller"], ControllerRuntime,
        "For how long all running workers together have been busy with their keys";
    LONGEST_RUNNING_PROCESSOR = Gauge "workqueue_longest_running_processor_seconds" ["name", "controller"], ControllerRuntime,
        "For how long the slowest running worker has been busy with its key";
    REST_CLIENT_REQUESTS = Counter "rest_client_requests_total" ["code", "method", "host"], ControllerRuntime,
        "Requests to API servers, each attempt by itself; the code is `<error>` where no answer came";
    LEADER_ELECTION_MASTER_STATUS = Gauge "leader_election_master_status" ["name"], ControllerRuntime,
        "1 if this process holds the Lease of this name";
    PROCESS_CPU = Counter "process_cpu_seconds_total" [], ClientLibraries,
        "CPU time of the process";
    PROCESS_OPEN_FDS = Gauge "process_open_fds" [], ClientLibraries,
        "Open file descriptors";
    PROCESS_MAX_FDS = Gauge "process_max_fds" [], ClientLibraries,
        "The limit of file descriptors";
    PROCESS_RESIDENT_MEMORY = Gauge "process_resident_memory_bytes" [], ClientLibraries,
        "Resident memory";
    PROCESS_VIRTUAL_MEMORY = Gauge "process_virtual_memory_bytes" [], ClientLibraries,
        "Virtual memory";
    PROCESS_VIRTUAL_MEMORY_MAX = Gauge "process_virtual_memory_max_bytes" [], ClientLibraries,
        "The limit of virtual memory, -1 if there is none";
    PROCESS_START_TIME = Gauge "process_start_time_seconds" [], ClientLibraries,
        "When the process was started, as Unix time";
    PROCESS_NETWORK_RECEIVE = Counter "process_network_receive_bytes_total" [], ClientLibraries,
        "Bytes received over IP in the network namespace of the process";
    PROCESS_NETWORK_TRANSMIT = Counter "process_network_transmit_bytes_total" [], ClientLibraries,
        "Bytes sent over IP in the network namespace of the process";
    OVERLAY_SWITCHES = Gauge "calico_overlay_switches" ["phase"], Ours,
        "Networks by the phase of their overlay switch";
    OVERLAY_SWITCH_NODES = Gauge "calico_overlay_switch_nodes" ["namespace", "class"], Ours,
        "Nodes of a shoot by their class, while its switch is open";
    OVERLAY_SWITCH_HOLD = Gauge "calico_overlay_switch_hold_seconds" ["namespace", "reason"], Ours,
        "For how long a switch has been held, while it is";
    OVERLAY_SWITCH_WARNINGS = Gauge "calico_overlay_switch_warnings" ["namespace", "code"], Ours,
        "1 while the last decision warns of this; only CalicoConditionCameBack, HoldOverdue and NodeLostRoute";
    OVERLAY_SWITCH_TOTAL = Counter "calico_overlay_switch_total" ["verdict", "reason"], Ours,
        "Decisions about the overlay; no reason where encapsulation is not removed or every node has its route";
    OVERLAY_SWITCH_NODE_WATCHES = Gauge "calico_overlay_switch_node_watches" ["state"], Ours,
        "Shoots whose switch is held, by what became of the watch of their nodes: watched, queued, failed; the last two are polled";
    NODE_PRIVILEGE_MODE = Gauge "calico_node_privilege_mode" ["mode", "because"], Ours,
        "Networks by the privilege mode of their nodes";
}

series! {
    /// Those that only `admission` has, as they are documented.
    WEBHOOK:
    WEBHOOK_LATENCY = Histogram "controller_runtime_webhook_latency_seconds" ["webhook"], ControllerRuntime,
        "How long a review took, from the head of the request on";
    WEBHOOK_REQUESTS = Counter "controller_runtime_webhook_requests_total" ["webhook", "code"], ControllerRuntime,
        "Requests by the code of HTTP: a denied Shoot is a 200";
    WEBHOOK_IN_FLIGHT = Gauge "controller_runtime_webhook_requests_in_flight" ["webhook"], ControllerRuntime,
        "Requests that are not answered yet";
    WEBHOOK_PANICS = Counter "controller_runtime_webhook_panics_total" [], ControllerRuntime,
        "Reviews that panicked; they are answered with 500";
    CERTIFICATE_READS = Counter "certwatcher_read_certificate_total" [], ControllerRuntime,
        "Looks at the certificate that is to be served";
    CERTIFICATE_READ_ERRORS = Counter "certwatcher_read_certificate_errors_total" [], ControllerRuntime,
        "Looks that failed, or found what cannot be served; the certificate before stays in use";
}

/// Everything that `admission` exposes.
pub static ADMISSION: &[&Series] = &[
    &WEBHOOK_LATENCY,
    &WEBHOOK_REQUESTS,
    &WEBHOOK_IN_FLIGHT,
    &WEBHOOK_PANICS,
    &CERTIFICATE_READS,
    &CERTIFICATE_READ_ERRORS,
    &REST_CLIENT_REQUESTS,
    &LEADER_ELECTION_MASTER_STATUS,
    &PROCESS_CPU,
    &PROCESS_OPEN_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_RESIDENT_MEMORY,
    &PROCESS_VIRTUAL_MEMORY,
    &PROCESS_VIRTUAL_MEMORY_MAX,
    &PROCESS_START_TIME,
    &PROCESS_NETWORK_RECEIVE,
    &PROCESS_NETWORK_TRANSMIT,
];
