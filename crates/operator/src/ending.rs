//! How the program ends: every exit code, and which command ends with which.

use std::process::ExitCode;

/// How a command ended, in the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// 0.
    Fine,
    /// 3: an overlay switch is held; or nothing may be written.
    Held,
    /// 4: something would change.
    Changed,
    /// 1: an input is invalid, or the command failed.
    Invalid,
    /// 2: the command line makes no sense.
    Misused,
}

/// Each command with what it may end with. Documents say the same of each, and tests make each of them happen.
pub const ENDINGS: [(&str, &[Ending]); 10] = [
    // Whoever starts the Go programs knows no other codes.
    ("run", &[Ending::Fine, Ending::Invalid]),
    ("admission", &[Ending::Fine, Ending::Invalid]),
    ("demo", &[Ending::Fine, Ending::Invalid, Ending::Misused]),
    ("decide", &[Ending::Fine, Ending::Held, Ending::Invalid, Ending::Misused]),
    ("render", &[Ending::Fine, Ending::Held, Ending::Invalid, Ending::Misused]),
    ("diff", &[Ending::Fine, Ending::Held, Ending::Changed, Ending::Invalid, Ending::Misused]),
    ("validate", &[Ending::Fine, Ending::Invalid, Ending::Misused]),
    ("status", &[Ending::Fine, Ending::Invalid, Ending::Misused]),
    ("plan", &[Ending::Fine, Ending::Held, Ending::Invalid, Ending::Misused]),
    ("completion", &[Ending::Fine, Ending::Invalid, Ending::Misused]),
];

impl Ending {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Held => 3,
            Self::Changed => 4,
            Self::Invalid => 1,
            Self::Misused => 2,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending.code())
    }
}
