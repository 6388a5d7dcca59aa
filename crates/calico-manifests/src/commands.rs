//! The commands of calico-node that differ between releases of Calico: one table, keyed by release.

use calico_policy::encapsulation::Backend;
use calico_policy::version::{CalicoRelease, CalicoVersion};

/// How to ask the programs of one line of releases for what calico-node's containers need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeCommands {
    /// Health checks, without the checks.
    health: &'static [&'static str],
    /// Arguments for live Felix and live BIRD.
    live: [&'static str; 2],
    /// Arguments for ready Felix and ready BIRD.
    ready: [&'static str; 2],
    /// The preStop hook of calico-node.
    pub shutdown: &'static [&'static str],
    /// The init container that prepares host directories for a calico-node that is not root.
    pub hostpath_init: &'static [&'static str],
    /// The init container that prepares the node for eBPF.
    pub ebpf_bootstrap: &'static [&'static str],
    /// The init container that installs the CNI plugin.
    pub install_cni: &'static [&'static str],
    /// Writes the node condition `NetworkUnavailable=False`.
    pub write_condition: &'static [&'static str],
    /// What that command does then.
    pub after_write: AfterWrite,
}

/// What the command that writes the node condition does after it has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterWrite {
    /// It ends.
    Ends,
    /// It may stay for ever. Where it cannot write, it ends with an error within 30 s.
    Stays,
}

/// A line of releases with the same commands.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The first of them.
    pub from: CalicoRelease,
    /// Their commands.
    pub commands: NodeCommands,
    /// Where the difference to the row before comes from.
    pub source: &'static str,
}

const OPTIONS: NodeCommands = NodeCommands {
    health: &["/bin/calico-node"],
    live: ["-felix-live", "-bird-live"],
    ready: ["-felix-ready", "-bird-ready"],
    shutdown: &["/bin/calico-node", "-shutdown"],
    hostpath_init: &["sh", "-c", "calico-node -hostpath-init"],
    ebpf_bootstrap: &["calico-node", "-init", "-best-effort"],
    install_cni: &["/opt/cni/bin/install"],
    write_condition: &["/bin/calico-node", "-startup"],
    after_write: AfterWrite::Ends,
};

/// Every line of releases, oldest first.
pub const TABLE: &[Row] = &[
    Row { from: CalicoRelease::new(0, 0, 0), commands: OPTIONS, source: "the image of calico-node" },
    Row {
        from: CalicoRelease::new(3, 31, 0),
        commands: NodeCommands {
            write_condition: &["/bin/calico-node", "-complete-startup"],
            after_write: AfterWrite::Stays,
            ..OPTIONS
        },
        source: "projectcalico/calico#10866: the condition waits for Felix and BIRD, so `-startup` no longer writes it",
    },
    Row {
        from: CalicoRelease::new(3, 33, 0),
        commands: NodeCommands {
            health: &["/usr/bin/calico", "component", "node", "health"],
            live: ["--felix-live", "--bird-live"],
            ready: ["--felix-ready", "--bird-ready"],
            shutdown: &["/usr/bin/calico", "component", "node", "shutdown"],
            hostpath_init: &["/usr/bin/calico", "component", "node", "hostpath-init"],
            ebpf_bootstrap: &["/usr/bin/calico", "component", "node", "init", "--best-effort"],
            install_cni: &["/usr/bin/calico", "component", "cni", "install"],
            write_condition: &["/usr/bin/calico", "component", "node", "complete-startup"],
            after_write: AfterWrite::Stays,
        },
        source: "projectcalico/calico, `node/pkg/node/command.go`: one binary with sub-commands",
    },
];

/// The commands of a release. An image whose tag names none, for instance because it has only a digest, gets those of the
/// release that we ship, v3.31: it most likely is that release from elsewhere, and the caveat `CalicoVersionUnknown` is reported.
#[must_use]
pub fn for_version(version: &CalicoVersion) -> &'static NodeCommands {
    const SHIPPED: CalicoRelease = CalicoRelease::new(3, 31, 0);
    let release = match version {
        CalicoVersion::Known(release) => *release,
        CalicoVersion::NoTag | CalicoVersion::Unrecognised(_) => SHIPPED,
    };
    // The first row is from 0.0.0 on, so there always is one.
    TABLE.iter().rev().find(|row| row.from <= release).map_or(&OPTIONS, |row| &row.commands)
}

impl NodeCommands {
    /// The liveness probe of calico-node. BIRD counts where it runs.
    #[must_use]
    pub fn liveness(&self, backend: Backend) -> Vec<&'static str> {
        self.checks(self.live, backend)
    }

    /// The readiness probe of calico-node. BIRD counts where it runs.
    #[must_use]
    pub fn readiness(&self, backend: Backend) -> Vec<&'static str> {
        self.checks(self.ready, backend)
    }

    /// Whether Felix is ready, asked from another container of the pod.
    #[must_use]
    pub fn felix_is_ready(&self) -> Vec<&'static str> {
        self.checks(self.ready, Backend::None)
    }

    fn checks(&self, [felix, bird]: [&'static str; 2], backend: Backend) -> Vec<&'static str> {
        let mut command = self.health.to_vec();
        command.push(felix);
        match backend {
            Backend::Bird => command.push(bird),
            Backend::Vxlan | Backend::None => {}
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(tag: &str) -> &'static NodeCommands {
        for_version(&CalicoVersion::from_tag(Some(tag)))
    }

    #[test]
    fn each_line_of_releases_writes_the_condition_in_its_own_way() {
        for (tag, expected, after) in [
            ("v3.21.0", "/bin/calico-node -startup", AfterWrite::Ends),
            ("v3.30.9", "/bin/calico-node -startup", AfterWrite::Ends),
            ("v3.31.0", "/bin/calico-node -complete-startup", AfterWrite::Stays),
            ("v3.31.6", "/bin/calico-node -complete-startup", AfterWrite::Stays),
            ("v3.32.1", "/bin/calico-node -complete-startup", AfterWrite::Stays),
            ("v3.33.0", "/usr/bin/calico component node complete-startup", AfterWrite::Stays),
            ("v4.0.0", "/usr/bin/calico component node complete-startup", AfterWrite::Stays),
        ] {
            let NodeCommands { write_condition, after_write, .. } = commands(tag);
            assert_eq!((write_condition.join(" ").as_str(), *after_write), (expected, after), "{tag}");
        }
    }

    #[test]
    fn an_image_without_a_release_gets_the_commands_of_the_shipped_one() {
        assert_eq!(for_version(&CalicoVersion::NoTag), commands("v3.31.6"));
        assert_eq!(for_version(&CalicoVersion::from_tag(Some("latest"))), commands("v3.31.6"));
    }

    #[test]
    fn probes_ask_for_bird_where_it_runs() {
        let shipped = commands("v3.31.6");
        assert_eq!(shipped.liveness(Backend::Bird), ["/bin/calico-node", "-felix-live", "-bird-live"]);
        assert_eq!(shipped.readiness(Backend::Bird), ["/bin/calico-node", "-felix-ready", "-bird-ready"]);
        for backend in [Backend::None, Backend::Vxlan] {
            assert_eq!(shipped.liveness(backend), ["/bin/calico-node", "-felix-live"]);
            assert_eq!(shipped.readiness(backend), ["/bin/calico-node", "-felix-ready"]);
        }
        assert_eq!(
            commands("v3.33.0").readiness(Backend::Bird),
            ["/usr/bin/calico", "component", "node", "health", "--felix-ready", "--bird-ready"]
        );
    }

    /// Each command of the images before and after they became one, as a whole.
    #[test]
    fn every_command_is_the_one_of_its_image() {
        let of = |tag| {
            let NodeCommands { shutdown, hostpath_init, ebpf_bootstrap, install_cni, write_condition, .. } =
                commands(tag);
            let felix_is_ready = commands(tag).felix_is_ready().join(" ");
            let fixed = [shutdown, hostpath_init, ebpf_bootstrap, install_cni, write_condition];
            fixed.map(|command| command.join(" ")).into_iter().chain([felix_is_ready]).collect::<Vec<_>>()
        };
        let before = [
            "/bin/calico-node -shutdown",
            "sh -c calico-node -hostpath-init",
            "calico-node -init -best-effort",
            "/opt/cni/bin/install",
        ];
        assert_eq!(
            of("v3.30.9"),
            [&before[..], &["/bin/calico-node -startup", "/bin/calico-node -felix-ready"]].concat()
        );
        assert_eq!(
            of("v3.32.1"),
            [&before[..], &["/bin/calico-node -complete-startup", "/bin/calico-node -felix-ready"]].concat()
        );
        assert_eq!(
            of("v3.33.0"),
            [
                "/usr/bin/calico component node shutdown",
                "/usr/bin/calico component node hostpath-init",
                "/usr/bin/calico component node init --best-effort",
                "/usr/bin/calico component cni install",
                "/usr/bin/calico component node complete-startup",
                "/usr/bin/calico component node health --felix-ready",
            ]
        );
    }

    #[test]
    fn the_table_is_complete_and_in_order() {
        assert_eq!(TABLE.first().map(|row| row.from), Some(CalicoRelease::new(0, 0, 0)));
        assert!(TABLE.is_sorted_by(|earlier, later| earlier.from < later.from));
    }
}
