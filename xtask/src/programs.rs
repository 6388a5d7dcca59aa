//! The commands and flags that our programs really have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::failure::Failure;
use crate::process;

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

/// What the `networking-calico` binary says in its help texts.
pub(crate) fn networking_calico(root: &Path) -> Result<Program, Failure> {
    from_help_of(&mut |path| {
        let mut command = process::cargo(root);
        command.args(["run", "--quiet", "--locked", "--package", "operator", "--"]);
        command.args(path).arg("--help");
        process::capture(&mut command)
    })
}

fn from_help_of(help: &mut dyn FnMut(&[String]) -> Result<String, Failure>) -> Result<Program, Failure> {
    fn descend(
        path: &mut Vec<String>,
        help: &mut dyn FnMut(&[String]) -> Result<String, Failure>,
    ) -> Result<Program, Failure> {
        let (flags, names) = read_help(&help(path)?);
        let mut commands = BTreeMap::new();
        for name in names {
            // clap's own `help` repeats the whole tree.
            if name == "help" {
                commands.insert(name, Program::default());
                continue;
            }
            path.push(name.clone());
            commands.insert(name, descend(path, help)?);
            path.pop();
        }
        Ok(Program { flags, commands })
    }
    descend(&mut Vec::new(), help)
}

/// The flags and the names of subcommands in one help text of clap.
fn read_help(text: &str) -> (BTreeSet<String>, Vec<String>) {
    let mut flags = BTreeSet::new();
    let mut commands = Vec::new();
    let mut heading = "";
    for line in text.lines() {
        if !line.starts_with(' ') && line.ends_with(':') {
            heading = line;
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let Some(first) = line.split_whitespace().next() else {
            continue;
        };
        if heading == "Commands:" && indent == 2 {
            commands.push(first.to_owned());
        } else if heading != "Commands:" && (2..=6).contains(&indent) && first.starts_with('-') {
            let definition = line.trim_start().split("  ").next().unwrap_or_default();
            for word in definition.split([' ', ',', '=', '[']).filter(|word| word.len() > 1 && word.starts_with('-')) {
                flags.insert(word.to_owned());
            }
        }
    }
    (flags, commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = "\
Decides things

Usage: networking-calico [OPTIONS] [COMMAND]

Commands:
  decide  Both decisions, from dumps --not-a-flag
  help    Print this message or the help of the given subcommand(s)

Options:
      --metrics-bind-address <ADDRESS>  Where metrics are served
  -h, --help                            Print help (see more with '--help')
";
    const DECIDE: &str = "\
Usage: networking-calico decide [OPTIONS]

Options:
  -f, --file <FILE>
          A file, as in `decide -f dump.yaml --wrong`

      --color[=<WHEN>]
          Colours
";

    #[test]
    fn help_texts_give_flags_and_commands() {
        let program = from_help_of(&mut |path| match path {
            [] => Ok(TOP.to_owned()),
            [command] if command == "decide" => Ok(DECIDE.to_owned()),
            other => panic!("unexpected call for {other:?}"),
        })
        .unwrap();
        let flags: Vec<&str> = program.flags.iter().map(String::as_str).collect();
        assert_eq!(flags, ["--help", "--metrics-bind-address", "-h"]);
        assert_eq!(program.commands.keys().collect::<Vec<_>>(), ["decide", "help"]);
        let flags: Vec<&str> = program.commands["decide"].flags.iter().map(String::as_str).collect();
        assert_eq!(flags, ["--color", "--file", "-f"]);
    }

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
