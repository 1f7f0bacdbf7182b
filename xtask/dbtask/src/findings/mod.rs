//! The findings of the SQL policy, as people and machines read them.

mod github;
mod sarif;
mod text;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use dbtask_rules::MigrationFolder;
use dbtask_rules::lint::{Edit, Finding, Level};
use serde_json::{Value, json};

use crate::output::count;

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: each with its place in the file
    Text,
    /// Workflow commands, which GitHub shows beside the lines of a pull request
    Github,
    /// SARIF 2.1.0, which code scanning services and editors read
    Sarif,
}

/// The findings in a format; `all` of them in full, where the format would abridge.
pub(crate) fn render(format: Format, findings: &[&Finding], folder: &MigrationFolder, all: bool) -> String {
    match format {
        Format::Text => text::render(findings, folder, all),
        Format::Github => github::render(findings),
        Format::Sarif => sarif::render(findings),
    }
}

/// How many errors and how many warnings there are.
pub(crate) fn counts(findings: &[&Finding]) -> (usize, usize) {
    let of = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    (of(Level::Error), of(Level::Warning))
}

/// `2 errors, 1 warning`.
pub(crate) fn summary(findings: &[&Finding]) -> String {
    match counts(findings) {
        (0, 0) => "no findings".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// The colour of a level.
pub(crate) fn level_style(level: Level) -> Style {
    match level {
        Level::Error => AnsiColor::Red.on_default().bold(),
        Level::Warning => AnsiColor::Yellow.on_default().bold(),
        Level::Allow => Style::new().dimmed(),
    }
}

/// A finding as an object; offsets are bytes, lines and columns (in characters) count from 1.
pub(crate) fn to_json(finding: &Finding) -> Value {
    let edit = |edit: &Edit| json!({ "start": edit.range.start, "end": edit.range.end, "text": edit.replacement });
    json!({
        "rule": finding.rule,
        "level": finding.level.to_string(),
        "file": finding.path,
        "line": finding.start.line,
        "column": finding.start.column,
        "end_line": finding.end.line,
        "end_column": finding.end.column,
        "message": finding.message,
        "why": finding.why,
        "help": finding.help,
        "edits": finding.edits.iter().map(edit).collect::<Vec<_>>(),
    })
}
