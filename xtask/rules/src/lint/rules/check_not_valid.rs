//! Checks that read a table while nobody can use it.

use super::rewrite::{in_two_files, without};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Column, Constraint, ConstraintKind, Kind, Name, Statement};
use crate::lint::finding::Level;
use crate::lint::model::default_name;

pub(super) const RULE: Rule = Rule {
    name: "check-not-valid",
    level: Level::Error,
    summary: "a CHECK added to a table in use without `NOT VALID`",
    page: "\
## What it catches

`ADD CONSTRAINT … CHECK` without `NOT VALID` on a table that an earlier file created, and `CHECK` behind a column that is added
to one: the new column is read in all rows too.

## Why

ACCESS EXCLUSIVE while the whole table is read: nobody reads, nobody writes. With `NOT VALID` it is an instant; `VALIDATE CONSTRAINT`
reads under SHARE UPDATE EXCLUSIVE, and everybody goes on.

## Instead

In this file:

    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'orders'::regclass AND conname = 'orders_total_check'
        ) THEN
            ALTER TABLE orders
                ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;
        END IF;
    END
    $$;

In the next file:

    ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Kind::AlterTable(alter) = &statement.kind else {
        return;
    };
    if !at.is_live(&alter.name) {
        return;
    }
    for (_, action) in &alter.actions {
        match action {
            Action::AddConstraint(constraint) => report(at, &alter.name, constraint, None, out),
            Action::AddColumn { column, .. } => {
                for constraint in &column.constraints {
                    report(at, &alter.name, constraint, Some(column), out);
                }
            }
            _ => {}
        }
    }
}

fn report(at: &At<'_>, table: &Name, constraint: &Constraint, column: Option<&Column>, out: &mut Findings<'_>) {
    let ConstraintKind::Check { expression, .. } = &constraint.kind else {
        return;
    };
    if constraint.not_valid || constraint.not_enforced {
        return;
    }
    let name = match (&constraint.name, column) {
        (Some(name), _) => name.name.clone(),
        (None, Some(column)) => format!("{}_{}_check", table.name, column.name.name),
        (None, None) => default_name(&table.name, &constraint.kind),
    };
    let steps = in_two_files(table, &name, &format!("CHECK ({expression})"));
    let help = match column {
        None => steps,
        Some(column) => {
            let bare = without(at, &column.span, std::slice::from_ref(&constraint.span));
            let bare = strip_add(&bare);
            format!(
                "the column without the check first:\nALTER TABLE {table} ADD COLUMN IF NOT EXISTS {bare};\n{steps}"
            )
        }
    };
    out.report(
        &constraint.span,
        format!("the check on `{table}` reads the whole table while nobody can use it"),
        "it takes ACCESS EXCLUSIVE for as long as it takes to read every row",
    )
    .help(help);
}

/// `ADD COLUMN IF NOT EXISTS c int`: from the column's name on.
pub(super) fn strip_add(text: &str) -> &str {
    let mut rest = text;
    for word in ["add", "column", "if", "not", "exists"] {
        let (first, tail) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if first.eq_ignore_ascii_case(word) {
            rest = tail.trim_start();
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int);";

    #[test]
    fn it_is_rewritten_in_two_files_with_its_names() {
        let finding = one(&RULE, &[TABLE, "ALTER TABLE t ADD CONSTRAINT \"A pos\" CHECK (a > 0);"]);
        assert!(
            finding
                .help
                .contains("ADD CONSTRAINT \"A pos\" CHECK (a > 0) NOT VALID;"),
            "{}",
            finding.help
        );
        assert!(
            finding.help.ends_with("ALTER TABLE t VALIDATE CONSTRAINT \"A pos\";"),
            "{}",
            finding.help
        );
        let finding = one(
            &RULE,
            &[TABLE, "ALTER TABLE t ADD COLUMN b int CHECK (b > 0) DEFAULT 1;"],
        );
        assert!(
            finding
                .help
                .contains("ALTER TABLE t ADD COLUMN IF NOT EXISTS b int DEFAULT 1;\n"),
            "{}",
            finding.help
        );
        assert!(
            finding
                .help
                .contains("ADD CONSTRAINT t_b_check CHECK (b > 0) NOT VALID"),
            "{}",
            finding.help
        );
    }

    #[test]
    fn where_nothing_is_read_there_is_nothing_to_say() {
        for sql in [
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
            "CREATE TABLE u (a int); ALTER TABLE u ADD CHECK (a > 0);",
        ] {
            silent(&RULE, &[TABLE, sql]);
        }
    }
}
