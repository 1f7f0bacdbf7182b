//! Dropping an index while its table waits.

use super::rewrite::{qualified, quoted};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Drop, Kind, Name, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "blocking-drop-index",
    level: Level::Error,
    summary: "an index of a table in use, dropped without `CONCURRENTLY`",
    page: "\
## What it catches

`DROP INDEX` without `CONCURRENTLY`, of an index on a table that an earlier file created; and `DROP INDEX`, with or without it, of an index that a
unique or primary key has made.

## Why

It takes ACCESS EXCLUSIVE on the table, and holds it until the end of the file: nobody reads, nobody writes. The work itself is an
instant, but it queues behind the longest query on the table, and everybody else queues behind it. The index of a key goes with the key alone:
`cannot drop index … because constraint … requires it`.

## Instead

A file of its own, outside of a transaction:

    -- dbtask:no-transaction
    DROP INDEX CONCURRENTLY IF EXISTS users_email_idx;

Where it is a key's:

    ALTER TABLE users DROP CONSTRAINT IF EXISTS users_email_key;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-dropindex.html>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Kind::Drop(drop) = &statement.kind else { return };
    if drop.object != "INDEX" {
        return;
    }
    for name in &drop.names {
        of_key(at, statement, name, out);
    }
    if drop.concurrently {
        return;
    }
    let Some(index) = drop.names.iter().find(|name| is_in_use(at, drop, name)) else {
        return;
    };
    let names: Vec<String> = drop
        .names
        .iter()
        .map(|name| format!("DROP INDEX CONCURRENTLY IF EXISTS {name};"))
        .collect();
    out.report(
        &statement.span,
        format!("index `{index}` is dropped while nobody can use its table"),
        "it takes ACCESS EXCLUSIVE on the table until the end of the file",
    )
    .help(format!(
        "put it into a file of its own:\n-- dbtask:no-transaction\n{}",
        names.join("\n")
    ));
}

fn of_key(at: &At<'_>, statement: &Statement, name: &Name, out: &mut Findings<'_>) {
    let Some(index) = at.schema.index(name).filter(|index| index.of_constraint) else {
        return;
    };
    let table = qualified(&index.table);
    out.report(
        &statement.span,
        format!("index `{name}` belongs to a key of `{table}`, and goes with it alone"),
        "PostgreSQL refuses it: the constraint requires the index",
    )
    .help(format!(
        "drop the constraint:\nALTER TABLE {table} DROP CONSTRAINT IF EXISTS {};",
        quoted(&index.name)
    ));
}

fn is_in_use(at: &At<'_>, drop: &Drop, name: &Name) -> bool {
    let Some(index) = at.schema.index(name) else {
        // none that is known: with IF EXISTS there may be nothing to drop
        return !drop.if_exists;
    };
    // a partitioned one cannot be dropped concurrently
    let table = Name {
        schema: index.table.0.clone(),
        name: index.table.1.clone(),
        written: String::new(),
    };
    !index.of_constraint && at.is_live(&table) && !at.schema.table(&table).is_some_and(|table| table.partitioned)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int); CREATE INDEX t_a ON t (a);";

    #[test]
    fn an_index_in_use_goes_concurrently() {
        let finding = one(&RULE, &[TABLE, "DROP INDEX IF EXISTS t_a;"]);
        assert!(
            finding
                .help
                .ends_with("-- dbtask:no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS t_a;")
        );
        one(&RULE, &[TABLE, "DROP INDEX older_than_the_files;"]);
    }

    #[test]
    fn the_index_of_a_key_goes_with_the_key() {
        for sql in [
            "DROP INDEX IF EXISTS k;",
            "-- dbtask:no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS k;",
        ] {
            let finding = one(&RULE, &["CREATE TABLE \"T\" (a int, CONSTRAINT k UNIQUE (a));", sql]);
            assert!(
                finding.help.ends_with("ALTER TABLE \"T\" DROP CONSTRAINT IF EXISTS k;"),
                "{}",
                finding.help
            );
        }
    }

    #[test]
    fn one_that_is_new_or_may_not_be_there_may_go() {
        silent(
            &RULE,
            &["CREATE TABLE t (a int); CREATE INDEX t_a ON t (a); DROP INDEX t_a;"],
        );
        silent(&RULE, &[TABLE, "DROP INDEX IF EXISTS unknown;"]);
        silent(
            &RULE,
            &[TABLE, "-- dbtask:no-transaction\nDROP INDEX CONCURRENTLY t_a;"],
        );
    }
}
