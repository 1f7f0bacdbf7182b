//! The exit codes.

use std::process::ExitCode;

use dbtask_runner::Kind;

/// How a command ended, for the shell and for CI. A signal ends a command with 128 + its number, as shells have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked: 0.
    Done,
    /// It was tried and did not work: 1.
    Failed,
    /// What was typed, or set, cannot be used: 2.
    Usage,
    /// A guard refused; nothing was changed: 3.
    Refused,
    /// Something is pending or differs (`--check`), or is not proven: 4.
    Pending,
    /// A signal stopped it: 128 + its number.
    Interrupted(u8),
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Exit {
        match kind {
            Kind::Failed => Exit::Failed,
            Kind::Usage => Exit::Usage,
            Kind::Refused => Exit::Refused,
            Kind::Pending => Exit::Pending,
            Kind::Interrupted { signal } => Exit::Interrupted(u8::try_from(signal).unwrap_or(0)),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Pending => 4,
            Exit::Interrupted(signal) => 128 + signal,
        })
    }
}
