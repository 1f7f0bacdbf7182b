//! Indexes that keep writers out while they are built.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{CreateIndex, Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "blocking-index",
    level: Level::Error,
    summary: "an index on a table in use, built while nobody can write to it",
    page: "\
## What it catches

`CREATE INDEX` without `CONCURRENTLY`, and `REINDEX` without it, on a table that an earlier file created. A table of the same file
has no rows and no users yet. An index `ON ONLY` a partitioned table has nothing to build.

## Why

`CREATE INDEX` takes SHARE: everybody reads, nobody writes, until the whole table was read and sorted. Measured on PostgreSQL 15.
`REINDEX` keeps even readers from that index.

## Instead

A file of its own, outside of a transaction:

    -- dbtask:no-transaction
    CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);

On a partitioned table: the index `ON ONLY` the parent, one `CONCURRENTLY` on each partition, then `ALTER INDEX … ATTACH PARTITION`.

PostgreSQL: <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>
",
    check: Check::Statement(check),
};

const WHY: &str = "it takes SHARE on the table: nobody writes there until the whole table was read and sorted";

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::CreateIndex(index) if !index.concurrently && at.is_live(&index.table) => {
            create(at, statement, index, out);
        }
        Kind::Reindex {
            concurrently: false,
            table: Some(name),
            is_table,
        } => {
            let live = if *is_table {
                at.is_live(name)
            } else {
                at.schema
                    .index(name)
                    .is_none_or(|index| index.created < at.schema.file())
            };
            if live {
                let words = if *is_table { "TABLE" } else { "INDEX" };
                out.report(
                    &statement.span,
                    format!("`{name}` is built anew while nobody can write to its table"),
                    WHY,
                )
                .help(format!(
                    "put it into a file of its own:\n-- dbtask:no-transaction\nREINDEX {words} CONCURRENTLY {name};"
                ));
            }
        }
        _ => {}
    }
}

fn create(at: &At<'_>, statement: &Statement, index: &CreateIndex, out: &mut Findings<'_>) {
    let partitioned = at.schema.table(&index.table).is_some_and(|table| table.partitioned);
    if partitioned && index.only {
        return;
    }
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name.as_ref().map_or_else(
        || {
            let columns: Vec<&str> = index
                .columns
                .iter()
                .map(|column| column.as_deref().unwrap_or("expr"))
                .collect();
            format!("{}_{}_idx", index.table.name, columns.join("_"))
        },
        |name| name.written.clone(),
    );
    let rest = &index.rest;
    let help = if partitioned {
        format!(
            "on a partitioned table, in steps:\nCREATE {unique}INDEX IF NOT EXISTS {name} ON ONLY {}\nthen one \
             `CREATE INDEX CONCURRENTLY` on each partition in a file that begins with -- dbtask:no-transaction, and \
             `ALTER INDEX {name} ATTACH PARTITION …` for each",
            rest.trim_start_matches("ON").trim_start_matches("on").trim()
        )
    } else {
        format!(
            "put it into a file of its own:\n-- dbtask:no-transaction\nCREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {name} {rest};"
        )
    };
    let message = format!(
        "an index on `{}`, which is in use, is built while nobody can write to it",
        index.table
    );
    let finding = out.report(&statement.span, message, WHY);
    finding.help(help);
    if !at.in_transaction() && !statement.in_block && !partitioned {
        finding.edit(index.concurrently_at..index.concurrently_at, " CONCURRENTLY");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE users (id bigint, email text);";

    #[test]
    fn an_index_on_a_table_in_use_is_rewritten_with_its_names() {
        let finding = one(
            &RULE,
            &[
                TABLE,
                "CREATE UNIQUE INDEX IF NOT EXISTS u_idx ON users (lower(email)) WHERE id > 0;",
            ],
        );
        let help = "-- dbtask:no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u_idx ON users (lower(email)) WHERE id > 0;";
        assert!(finding.help.ends_with(help), "{}", finding.help);
        one(&RULE, &[TABLE, "CREATE INDEX ON older_than_the_files (a);"]);
        one(
            &RULE,
            &[
                TABLE,
                "DO $$ BEGIN IF true THEN CREATE INDEX i ON users (email); END IF; END $$;",
            ],
        );
        one(&RULE, &[TABLE, "REINDEX TABLE users;"]);
    }

    #[test]
    fn outside_of_a_transaction_the_word_is_enough() {
        let texts = [TABLE, "-- dbtask:no-transaction\nCREATE INDEX i ON users (email);"];
        assert!(fixed(&RULE, &texts).ends_with("CREATE INDEX CONCURRENTLY i ON users (email);"));
    }

    #[test]
    fn a_new_table_has_no_users() {
        silent(
            &RULE,
            &[
                "CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE TEMP TABLE s AS SELECT 1 a; CREATE INDEX j ON s (a);",
            ],
        );
        silent(
            &RULE,
            &[
                TABLE,
                "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY i ON users (email);",
            ],
        );
        silent(
            &RULE,
            &[
                "CREATE TABLE p (a int) PARTITION BY LIST (a);",
                "CREATE INDEX i ON ONLY p (a);",
            ],
        );
        silent(
            &RULE,
            &[
                TABLE,
                "CREATE MATERIALIZED VIEW v AS SELECT 1 a; CREATE UNIQUE INDEX i ON v (a);",
            ],
        );
    }
}
