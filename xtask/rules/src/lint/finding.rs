//! What a lint reports.

use std::fmt;
use std::ops::Range;

use crate::{Diagnostic, Position};

/// What happens to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is not reported.
    Allow,
    /// It is reported, and the build goes on.
    Warning,
    /// The build fails.
    Error,
}

impl Level {
    /// The level of that name: `error`, `warning` or `allow`.
    pub fn parse(name: &str) -> Option<Level> {
        Some(match name {
            "error" => Level::Error,
            "warning" => Level::Warning,
            "allow" => Level::Allow,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Allow => "allow",
        })
    }
}

/// A change of the file that does away with a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub range: Range<usize>,
    /// What comes in their place.
    pub replacement: String,
}

/// One thing that the policy has against a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What is to happen: never [`Level::Allow`].
    pub level: Level,
    /// The file, relative to the workspace root.
    pub path: String,
    /// The bytes of the file that it is about.
    pub range: Range<usize>,
    /// Where they begin.
    pub start: Position,
    /// The position behind them.
    pub end: Position,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Why that hurts: the lock, or the loss.
    pub why: String,
    /// What to write instead; several lines where it is a statement to be pasted.
    pub help: String,
    /// The edits that do away with it, where a machine can make them.
    pub edits: Vec<Edit>,
}

impl Finding {
    /// The compact form that a build script prints.
    pub fn diagnostic(&self) -> Diagnostic {
        let help = self.help.replace('\n', "\n        ");
        Diagnostic {
            path: self.path.clone(),
            position: Some(self.start),
            message: format!("{} [{}]\n  why: {}", self.message, self.rule, self.why),
            help: Some(help),
        }
    }
}

/// All findings, in the order of the files, of the places in them, of the rules' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Errors and warnings.
    pub findings: Vec<Finding>,
}
