//! The arguments of `demo`.

use clap::{Args, ValueEnum};

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArguments {
    /// What happens.
    #[arg(long, value_enum, default_value_t = Story::Switch)]
    pub story: Story,
    /// Hurry: seconds instead of a minute. For scripts; a person sees little.
    #[arg(long)]
    pub fast: bool,
    /// Leave the servers running at the end and print their kubeconfigs, until interrupted.
    #[arg(long)]
    pub keep: bool,
    /// Decides names, and the order in which routes appear and nodes roll.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

/// A story with its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Story {
    /// The overlay is turned off: it stays until every node has its route, and then goes node by node.
    Switch,
    /// What is in effect cannot be read when the overlay is turned off: nothing is touched.
    Unreadable,
    /// The shoot has no admission policies: the overlay goes without waiting, and an Event says so.
    NoPolicy,
    /// The shoot sleeps when its overlay is turned off: the switch waits until it wakes up.
    Hibernated,
    /// calico-node runs without privileges until the eBPF dataplane is turned on.
    Ebpf,
    /// The control plane moves to another seed in the middle of a hold: the overlay stays there, too.
    Restore,
    /// The shoot is deleted: nothing of Calico is left.
    Delete,
}

impl Story {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Switch, Self::Unreadable, Self::NoPolicy, Self::Hibernated, Self::Ebpf, Self::Restore, Self::Delete];

    /// As `--story` spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Unreadable => "unreadable",
            Self::NoPolicy => "no-policy",
            Self::Hibernated => "hibernated",
            Self::Ebpf => "ebpf",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_are_spelled_as_the_command_line_does() {
        for story in Story::ALL {
            assert_eq!(Story::from_str(story.name(), false), Ok(story));
        }
        assert_eq!(Story::value_variants(), Story::ALL);
    }
}
