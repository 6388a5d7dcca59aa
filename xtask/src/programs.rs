//! The commands and flags that our programs really have.

use std::collections::{BTreeMap, BTreeSet};

/// A command with its flags (`--file`, `-f`) and its subcommands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) flags: BTreeSet<String>,
    pub(crate) commands: BTreeMap<String, Program>,
}

impl Program {
    /// All flags of this command and of those below it.
    pub(crate) fn all_flags(&self) -> BTreeSet<&str> {
        let mut flags: BTreeSet<&str> = self.flags.iter().map(String::as_str).collect();
        for command in self.commands.values() {
            flags.extend(command.all_flags());
        }
        flags
    }
}

/// What a clap definition says.
pub(crate) fn from_clap(mut command: clap::Command) -> Program {
    // Without this, global flags and `--help` are not there yet.
    command.build();
    of_built(&command)
}

fn of_built(command: &clap::Command) -> Program {
    let mut flags = BTreeSet::new();
    for argument in command.get_arguments() {
        flags
            .extend(argument.get_long_and_visible_aliases().unwrap_or_default().iter().map(|long| format!("--{long}")));
        flags.extend(
            argument.get_short_and_visible_aliases().unwrap_or_default().iter().map(|short| format!("-{short}")),
        );
    }
    let commands =
        command.get_subcommands().map(|command| (command.get_name().to_owned(), of_built(command))).collect();
    Program { flags, commands }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clap_definition_gives_flags_of_every_level() {
        let command = clap::Command::new("p")
            .arg(clap::Arg::new("config").long("config").short('c').global(true))
            .subcommand(clap::Command::new("decide").arg(clap::Arg::new("file").long("file").visible_alias("dump")));
        let program = from_clap(command);
        assert!(program.flags.contains("--config"));
        let decide = &program.commands["decide"];
        for flag in ["--file", "--dump", "--config", "-c", "--help", "-h"] {
            assert!(decide.flags.contains(flag), "{flag} is missing in {decide:?}");
        }
    }
}
