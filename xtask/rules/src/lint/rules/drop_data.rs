//! What cannot be brought back.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Kind, Name, Span, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "drop-data",
    level: Level::Error,
    summary: "data goes for good: `DROP TABLE`, `DROP COLUMN`, `TRUNCATE`, `DELETE` and `UPDATE` without WHERE",
    page: "\
## What it catches

`DROP TABLE`, `DROP COLUMN`, `DROP SCHEMA`, `DROP TYPE`, `DROP DATABASE`, `TRUNCATE`, and `DELETE` or `UPDATE` of every row, of what an earlier file created.
`DROP TABLE IF EXISTS t; CREATE TABLE t …` is one too: the second run deletes what came in after the first.

## Why

There is no way back but the backup, and a release that is rolled back needs what it had. Running binaries fail at once on a table or a column that
is gone. An `UPDATE` of every row keeps them all locked until the file is done, and writes the table twice.

## Instead

Take away in a later release than the one that stops using it, and say so:

    -- dbtask:allow(drop-data): unused since release 42; backup of 2026-03-01
    ALTER TABLE users DROP COLUMN IF EXISTS nickname;

For rows: a WHERE that says which, or a script that goes in batches.

PostgreSQL: <https://www.postgresql.org/docs/current/sql-droptable.html>
",
    check: Check::Statement(check),
};

const GONE: &str = "there is no way back but the backup, and running binaries that use it fail at once";

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::Drop(drop) => match drop.object {
            "TABLE" | "FOREIGN TABLE" => {
                let foreign = drop.object == "FOREIGN TABLE";
                for name in drop.names.iter().filter(|name| !foreign && is_lost(at, name)) {
                    gone(&statement.span, &format!("table `{name}`"), at, statement, out);
                }
            }
            "SCHEMA" | "TYPE" => {
                // what no file made, and need not be there, is dropped so that it can be made
                let may_be_none = |name: &Name| drop.if_exists && at.schema.created(drop.object, name).is_none();
                let is_own = |name: &Name| at.schema.is_own(drop.object, name);
                for name in drop.names.iter().filter(|name| !is_own(name) && !may_be_none(name)) {
                    let what = if drop.object == "TYPE" { "type" } else { "schema" };
                    gone(&statement.span, &format!("{what} `{name}`"), at, statement, out);
                }
            }
            _ => {}
        },
        Kind::Alone("DROP DATABASE") => gone(&statement.span, "the database", at, statement, out),
        Kind::AlterTable(alter) if at.is_live(&alter.name) => {
            for (span, action) in &alter.actions {
                let Action::DropColumn { column, if_exists, .. } = action else {
                    continue;
                };
                let known = at
                    .schema
                    .table(&alter.name)
                    .and_then(|table| table.column(&column.name));
                let own = known.is_some_and(|column| column.created == at.schema.file());
                let complete = at.schema.table(&alter.name).is_some_and(|table| !table.more_columns)
                    && at.schema.knows(&alter.name);
                let never_was = known.is_none() && *if_exists && complete;
                if !own && !never_was {
                    gone(
                        span,
                        &format!("column `{column}` of `{}`", alter.name),
                        at,
                        statement,
                        out,
                    );
                }
            }
        }
        Kind::Truncate { tables, .. } => {
            for table in tables.iter().filter(|table| at.is_live(table)) {
                gone(&statement.span, &format!("all rows of `{table}`"), at, statement, out);
            }
        }
        Kind::Change(change) if !change.limited && at.is_live(&change.table) => {
            let (what, help) = if change.verb == "DELETE" {
                (
                    format!("every row of `{}` is deleted", change.table),
                    "say which rows: `WHERE …`",
                )
            } else {
                (
                    format!("every row of `{}` is changed", change.table),
                    "say which rows are still to be changed, so that a second run finds none: `WHERE …`; on a big table let a script go in batches",
                )
            };
            let why = "there is no way back but the backup; all rows stay locked until the file is done";
            out.report(&statement.span, what, why).help(help);
        }
        _ => {}
    }
}

/// Whether a table that is dropped may have had rows.
fn is_lost(at: &At<'_>, name: &Name) -> bool {
    if at.schema.table(name).is_some() {
        return at.is_live(name);
    }
    // no file made it: then it was there before them, or `DROP TABLE` would not stand here. One that a file dropped is
    // lost already; one that is made temporary below is cleared away for that
    let is_scratch = at.later().iter().any(
        |later| matches!(&later.kind, Kind::CreateTable(create) if create.name.name == name.name && create.temporary),
    );
    at.is_live(name) && !is_scratch && !at.schema.is_gone(name)
}

fn gone(span: &Span, what: &str, at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let text = at.text(&statement.span);
    out.report(span, format!("{what} goes for good"), GONE).help(format!(
        "do it a release after the last one that uses it, and say so:\n-- dbtask:allow(drop-data): unused since …\n{text};"
    ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, one, silent};
    use super::RULE;

    const TABLES: &str =
        "CREATE SCHEMA s; CREATE TYPE e AS ENUM ('x'); CREATE TABLE t (a int, b int); CREATE TABLE u (a int);";

    #[test]
    fn what_was_there_before_is_lost() {
        for sql in [
            "DROP TABLE IF EXISTS t;",
            "DROP TABLE older_than_the_files;",
            "DROP TABLE IF EXISTS older_than_the_files;",
            "ALTER TABLE t DROP COLUMN IF EXISTS b;",
            "ALTER TABLE t DROP b;",
            "TRUNCATE t;",
            "DELETE FROM t;",
            "UPDATE t SET b = 1;",
            "DROP SCHEMA s;",
            "DROP TYPE IF EXISTS e;",
            "DROP DATABASE d;",
            "DROP TABLE IF EXISTS fresh; CREATE TABLE fresh (a int);",
            "DO $$ BEGIN DELETE FROM t; END $$;",
            "DELETE FROM t WHERE true;",
            "UPDATE t SET b = 1 WHERE (1 = 1);",
            "WITH gone AS (DELETE FROM t RETURNING a) SELECT count(*) FROM gone;",
        ] {
            one(&RULE, &[TABLES, sql]);
        }
        assert_eq!(found(&RULE, &[TABLES, "DROP TABLE t, u;"]).len(), 2);
    }

    #[test]
    fn what_is_new_or_named_row_by_row_is_not() {
        for sql in [
            "CREATE TABLE x (a int); DROP TABLE x;",
            "CREATE TEMP TABLE x (a int); TRUNCATE x; DELETE FROM x; DROP TABLE x;",
            "DELETE FROM t WHERE a = 1;",
            "UPDATE t SET b = u.a FROM u WHERE u.a = t.a;",
            "DELETE FROM t USING u WHERE u.a = t.a;",
            "DELETE FROM t WHERE a = 1 OR true IS NULL;",
            "WITH moved AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT a FROM moved;",
            "WITH some AS (UPDATE t SET b = 2 WHERE a = 1 RETURNING a) SELECT a FROM some;",
            "DROP TABLE IF EXISTS scratch; CREATE TEMPORARY TABLE scratch (a int);",
            "ALTER TABLE t DROP COLUMN IF EXISTS never_was;",
            "DROP SCHEMA IF EXISTS never_was; DROP TYPE IF EXISTS never_was;",
            "DROP VIEW v;",
        ] {
            silent(&RULE, &[TABLES, sql]);
        }
        // what is gone cannot be lost again
        silent(&RULE, &[TABLES, "DROP TABLE t;", "DROP TABLE IF EXISTS t;"]);
    }
}
