//! The exit codes.

use std::process::ExitCode;

use dbtask_runner::Kind;

/// How a command ended, for the shell and for CI. A signal ends a command with 128 + its number, as shells have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It was tried and did not work.
    Failed = 1,
    /// What was typed, or set, cannot be used.
    Usage = 2,
    /// A guard refused; nothing was changed.
    Refused = 3,
    /// Something is pending or differs (`--check`).
    Pending = 4,
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Exit {
        match kind {
            Kind::Failed => Exit::Failed,
            Kind::Usage => Exit::Usage,
            Kind::Refused => Exit::Refused,
            Kind::Pending => Exit::Pending,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
