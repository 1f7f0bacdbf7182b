//! Columns that the rows that are there cannot have.

use super::check_not_valid::strip_add;
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Generated, Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "required-column",
    level: Level::Error,
    summary: "a NOT NULL column without a default, added to a table in use",
    page: "\
## What it catches

`ADD COLUMN … NOT NULL` without a default on a table that an earlier file created.

## Why

The rows that are there have no value for it: `ERROR: column … contains null values`. On an empty development database it passes; in production
the deployment stops. Running binaries, too, insert rows without it.

## Instead

A constant default, which rewrites nothing:

    ALTER TABLE users ADD COLUMN IF NOT EXISTS plan text NOT NULL DEFAULT 'free';

Or, where each row has its own value: the column without NOT NULL, a backfill, then the steps of `set-not-null`.

PostgreSQL: <https://www.postgresql.org/docs/current/ddl-alter.html#DDL-ALTER-ADDING-A-COLUMN>
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
        let Action::AddColumn { column, .. } = action else {
            continue;
        };
        let has_value = column.default.as_ref().is_some_and(|default| !default.is_null)
            || column.identity
            || column.generated != Generated::No
            || column.ty.name.ends_with("serial")
            // a domain may have a default
            || !is_builtin(&column.ty.name);
        if !column.not_null || has_value {
            continue;
        }
        let bare = strip_add(at.text(&column.span));
        let table = &alter.name;
        out.report(
            &column.span,
            format!("the rows of `{table}` have no value for `{}`, which is NOT NULL", column.name),
            "PostgreSQL refuses it where the table has rows, as it has in production",
        )
        .help(format!(
            "give it a constant default:\nALTER TABLE {table} ADD COLUMN IF NOT EXISTS {bare} DEFAULT …;\nor add it without NOT NULL, fill it, and \
             then see `set-not-null`:\nALTER TABLE {table} ADD COLUMN IF NOT EXISTS {} {};",
            column.name, column.ty.written
        ));
    }
}

/// Types that have no default of their own.
pub(super) fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "integer"
            | "bigint"
            | "smallint"
            | "numeric"
            | "real"
            | "double precision"
            | "boolean"
            | "text"
            | "varchar"
            | "bpchar"
            | "date"
            | "time"
            | "timetz"
            | "timestamp"
            | "timestamptz"
            | "interval"
            | "uuid"
            | "json"
            | "jsonb"
            | "bytea"
            | "inet"
            | "cidr"
            | "macaddr"
            | "bit"
            | "varbit"
            | "money"
            | "xml"
            | "tsvector"
            | "tsquery"
            | "point"
            | "oid"
            | "name"
            | "serial"
            | "bigserial"
            | "smallserial"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int);";

    #[test]
    fn a_column_that_old_rows_cannot_have_is_refused() {
        let finding = one(&RULE, &[TABLE, "ALTER TABLE t ADD COLUMN b text NOT NULL;"]);
        assert!(
            finding.help.contains("ALTER TABLE t ADD COLUMN IF NOT EXISTS b text;"),
            "{}",
            finding.help
        );
        one(&RULE, &[TABLE, "ALTER TABLE t ADD b uuid PRIMARY KEY;"]);
        one(&RULE, &[TABLE, "ALTER TABLE t ADD b int NOT NULL DEFAULT NULL;"]);
    }

    #[test]
    fn one_that_has_a_value_may_come() {
        for sql in [
            "ALTER TABLE t ADD COLUMN b text NOT NULL DEFAULT '';",
            "ALTER TABLE t ADD COLUMN b bigint GENERATED ALWAYS AS IDENTITY;",
            "ALTER TABLE t ADD COLUMN b bigserial NOT NULL;",
            "ALTER TABLE t ADD COLUMN b text;",
            "CREATE TABLE u (a int); ALTER TABLE u ADD COLUMN b text NOT NULL;",
        ] {
            silent(&RULE, &[TABLE, sql]);
        }
    }
}
