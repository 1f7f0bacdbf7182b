//! `-- dbtask:allow(rule): reason` above a statement.

use super::finding::{Edit, Finding, Level};
use super::policy::unknown_rule;
use super::rules;
use super::sql_file::SqlFile;
use crate::Position;
use crate::directives::{Allow, allows};
use crate::statements;

/// The escapes of a file, each with the statement below it.
pub(super) struct Escapes {
    escapes: Vec<Escape>,
}

struct Escape {
    allow: Allow,
    /// The statement below; empty where there is none.
    statement: std::ops::Range<usize>,
    used: bool,
}

impl Escapes {
    pub(super) fn of(sql: &str) -> Escapes {
        let allows = allows(sql);
        if allows.is_empty() {
            return Escapes { escapes: Vec::new() };
        }
        let statements = statements::split(sql);
        let escapes = allows
            .into_iter()
            .map(|allow| {
                let end = sql.len();
                let below = statements.iter().find(|statement| statement.end > allow.range.start);
                Escape {
                    statement: below
                        // inside of a statement a comment is above nothing
                        .filter(|statement| statement.start >= allow.range.end)
                        .cloned()
                        .unwrap_or(end..end),
                    allow,
                    used: false,
                }
            })
            .collect();
        Escapes { escapes }
    }

    /// Whether a finding is allowed; the escape counts as used.
    pub(super) fn allow(&mut self, rule: &str, at: usize) -> bool {
        let mut allowed = false;
        for escape in &mut self.escapes {
            if escape.allow.rule == rule && escape.statement.contains(&at) {
                escape.used = true;
                allowed = true;
            }
        }
        allowed
    }

    /// The escapes that name no rule, or do nothing.
    pub(super) fn findings(&self, file: SqlFile<'_>) -> Vec<Finding> {
        let finding = |escape: &Escape, message: String, help: String, edits| {
            let range = escape.allow.range.clone();
            Finding {
                rule: rules::ESCAPE.name,
                level: Level::Error,
                path: file.path.to_owned(),
                start: Position::of_byte(file.sql.as_bytes(), range.start),
                end: Position::of_byte(file.sql.as_bytes(), range.end),
                range,
                message,
                why: "an escape that does nothing hides the next finding of its kind".to_owned(),
                help,
                edits,
            }
        };
        let mut findings = Vec::new();
        for escape in self.escapes.iter().filter(|escape| !escape.used) {
            let rule = &escape.allow.rule;
            if rules::rule(rule).is_none() {
                let (message, help) = unknown_rule(rule);
                findings.push(finding(escape, message, help, Vec::new()));
            } else {
                let edit = Edit {
                    range: whole_line(file.sql, escape.allow.range.clone()),
                    replacement: String::new(),
                };
                findings.push(finding(
                    escape,
                    format!("`{rule}` has nothing against the statement below"),
                    "remove the line".to_owned(),
                    vec![edit],
                ));
            }
        }
        findings
    }
}

/// The comment with its line, where it has one to itself.
fn whole_line(sql: &str, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = sql[..range.start].rfind('\n').map_or(0, |at| at + 1);
    if !sql[start..range.start].trim().is_empty() {
        return range;
    }
    let end = sql[range.end..].find('\n').map_or(sql.len(), |at| range.end + at + 1);
    start..end
}
