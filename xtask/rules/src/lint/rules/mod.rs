//! The rules: one a file, with its page and its tests. A rule's name stands in its own file, and nowhere else.

mod alter_type;
mod blocking_drop_index;
mod blocking_index;
mod check_not_valid;
mod concurrently_in_transaction;
mod drop_cascade;
mod drop_data;
mod dynamic_sql;
mod enum_value_used;
mod escape;
mod fk_not_valid;
mod fk_sequence;
mod fk_type_mismatch;
mod fk_without_index;
mod identifier_too_long;
mod json_not_jsonb;
mod long_lock;
mod not_analysed;
mod not_idempotent;
mod own_transaction;
mod partition_lock;
mod rename;
mod required_column;
mod rewrite;
mod rewrite_default;
mod session_state;
mod set_not_null;
mod syntax;
mod target_version;
mod unique_under_lock;
mod validate_same_file;

pub(super) use self::escape::RULE as ESCAPE;

use super::ast::{Name, Span, Statement};
use super::finding::{Edit, Finding, Level};
use super::model::Schema;
use super::parse::Parsed;
use super::policy::Policy;
use super::sql_file::SqlFile;
use crate::Position;
use crate::nearest::nearest;

/// All rules, by name.
pub const RULES: &[&Rule] = &[
    &alter_type::RULE,
    &blocking_drop_index::RULE,
    &blocking_index::RULE,
    &check_not_valid::RULE,
    &concurrently_in_transaction::RULE,
    &drop_cascade::RULE,
    &drop_data::RULE,
    &dynamic_sql::RULE,
    &enum_value_used::RULE,
    &escape::RULE,
    &fk_not_valid::RULE,
    &fk_sequence::RULE,
    &fk_type_mismatch::RULE,
    &fk_without_index::RULE,
    &identifier_too_long::RULE,
    &json_not_jsonb::RULE,
    &long_lock::RULE,
    &not_analysed::RULE,
    &not_idempotent::RULE,
    &own_transaction::RULE,
    &partition_lock::RULE,
    &rename::RULE,
    &required_column::RULE,
    &rewrite_default::RULE,
    &session_state::RULE,
    &set_not_null::RULE,
    &syntax::RULE,
    &target_version::RULE,
    &unique_under_lock::RULE,
    &validate_same_file::RULE,
];

/// The rule of that name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}

/// The rule whose name is nearest to a mistyped one, where one is near.
pub fn nearest_rule(name: &str) -> Option<&'static Rule> {
    nearest(name, RULES.iter().map(|rule| rule.name)).and_then(rule)
}

/// One rule of the policy.
#[derive(Debug)]
pub struct Rule {
    /// The name, as `policy.toml` and `dbtask:allow` write it.
    pub name: &'static str,
    /// What happens to its findings where `policy.toml` says nothing.
    pub level: Level,
    /// What it is against, in one line.
    pub summary: &'static str,
    /// The page, in Markdown: what it catches, the lock or the loss, the page of PostgreSQL's manual that it rests
    /// on, and what to write instead.
    pub page: &'static str,
    pub(super) check: Check,
}

/// How a rule looks at a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// At each statement, with the schema before it.
    Statement(fn(&At<'_>, &Statement, &mut Findings<'_>)),
    /// Once, with the schema behind it.
    File(fn(&At<'_>, &mut Findings<'_>)),
}

/// Where a rule looks: a place in a file, and what is known there.
pub(super) struct At<'a> {
    pub file: SqlFile<'a>,
    pub parsed: &'a Parsed,
    /// The statement's number in the file.
    pub index: usize,
    pub schema: &'a Schema,
    pub policy: &'a Policy,
}

impl At<'_> {
    /// Whether the file is one transaction.
    pub(super) fn in_transaction(&self) -> bool {
        self.file.in_transaction
    }

    /// Whether the table was there before this file.
    pub(super) fn is_live(&self, table: &Name) -> bool {
        self.schema.is_live(table)
    }

    /// A piece of the file.
    pub(super) fn text(&self, span: &Span) -> &str {
        self.file.sql.get(span.clone()).unwrap_or_default()
    }

    /// The statements before this one.
    pub(super) fn earlier(&self) -> &[Statement] {
        &self.parsed.statements[..self.index]
    }

    /// The statements behind this one.
    pub(super) fn later(&self) -> &[Statement] {
        self.parsed.statements.get(self.index + 1..).unwrap_or_default()
    }
}

/// A finding in the making.
pub(super) struct Draft {
    pub rule: &'static Rule,
    pub span: Span,
    message: String,
    why: String,
    help: String,
    edits: Vec<Edit>,
}

impl Draft {
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Draft {
        self.help = help.into();
        self
    }

    /// A change that does away with it.
    pub(super) fn edit(&mut self, range: Span, replacement: impl Into<String>) -> &mut Draft {
        self.edits.push(Edit {
            range,
            replacement: replacement.into(),
        });
        self
    }

    /// The finding, unless the policy allows it.
    pub(in crate::lint) fn finish(self, file: SqlFile<'_>, policy: &Policy) -> Option<Finding> {
        let level = policy.level(self.rule);
        let text = file.sql.as_bytes();
        (level != Level::Allow).then(|| Finding {
            rule: self.rule.name,
            level,
            path: file.path.to_owned(),
            start: Position::of_byte(text, self.span.start),
            end: Position::of_byte(text, self.span.end),
            range: self.span,
            message: self.message,
            why: self.why,
            help: help_in(file, self.help),
            edits: self.edits,
        })
    }
}

/// What to write, where the file that it is about is a repeatable one: steps, and what is without a transaction, have
/// their place in the numbered ones.
fn help_in(file: SqlFile<'_>, help: String) -> String {
    let is_elsewhere = help.contains("-- dbtask:no-transaction") || help.contains("next file");
    if file.is_repeatable() && is_elsewhere {
        format!(
            "a repeatable file is one transaction and has no next one: do it in numbered files, `cargo xtask db:new NAME`\n{help}"
        )
    } else {
        help
    }
}

/// Takes the findings of one rule.
pub(super) struct Findings<'a> {
    rule: &'static Rule,
    drafts: &'a mut Vec<Draft>,
}

impl<'a> Findings<'a> {
    pub(in crate::lint) fn new(rule: &'static Rule, drafts: &'a mut Vec<Draft>) -> Findings<'a> {
        Findings { rule, drafts }
    }

    /// Reports what is wrong, and why that hurts.
    pub(super) fn report(&mut self, span: &Span, message: impl Into<String>, why: impl Into<String>) -> &mut Draft {
        let at = self.drafts.len();
        self.drafts.push(Draft {
            rule: self.rule,
            span: span.clone(),
            message: message.into(),
            why: why.into(),
            help: String::new(),
            edits: Vec::new(),
        });
        &mut self.drafts[at]
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! What the rules' tests share: a history of texts, and what one rule has against the last of them.

    use super::Rule;
    use crate::lint::{Finding, Policy, lint_files};
    use crate::{FileName, MigrationFile};

    pub(in crate::lint) fn history(texts: &[&str]) -> Vec<MigrationFile> {
        let file = |(number, text): (usize, &&str)| {
            let name = FileName::parse(format!("V{:05}__x.sql", number + 1)).unwrap();
            MigrationFile::of_text(name, (*text).to_owned()).unwrap()
        };
        texts.iter().enumerate().map(file).collect()
    }

    /// The findings of a rule in the last text.
    pub(in crate::lint) fn found_under(policy: &Policy, rule: &'static Rule, texts: &[&str]) -> Vec<Finding> {
        let files = history(texts);
        let last = files.last().unwrap().path().to_owned();
        let report = lint_files(&files, &[], policy);
        let is_its = |finding: &Finding| finding.path == last && finding.rule == rule.name;
        report.findings.into_iter().filter(is_its).collect()
    }

    pub(in crate::lint) fn found(rule: &'static Rule, texts: &[&str]) -> Vec<Finding> {
        found_under(&Policy::default(), rule, texts)
    }

    /// The one finding of a rule in the last text.
    pub(in crate::lint) fn one(rule: &'static Rule, texts: &[&str]) -> Finding {
        let mut findings = found(rule, texts);
        assert_eq!(findings.len(), 1, "{texts:?}: {findings:#?}");
        findings.remove(0)
    }

    /// The rule has nothing against the last text.
    pub(in crate::lint) fn silent(rule: &'static Rule, texts: &[&str]) {
        let findings = found(rule, texts);
        assert!(findings.is_empty(), "{texts:?}: {findings:#?}");
    }

    /// The last text once the edits of its findings are made.
    pub(in crate::lint) fn fixed(rule: &'static Rule, texts: &[&str]) -> String {
        let mut text = (*texts.last().unwrap()).to_owned();
        let mut edits: Vec<_> = found(rule, texts)
            .into_iter()
            .flat_map(|finding| finding.edits)
            .collect();
        edits.sort_by_key(|edit| edit.range.start);
        for edit in edits.into_iter().rev() {
            text.replace_range(edit.range, &edit.replacement);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_in_order_and_have_their_pages() {
        let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for rule in RULES {
            assert!(
                !rule.summary.ends_with('.') && rule.summary.len() < 110,
                "{}",
                rule.name
            );
            for part in ["What it catches", "Why", "Instead"] {
                assert!(rule.page.contains(&format!("## {part}\n")), "{}: {part}", rule.name);
            }
        }
    }
}
