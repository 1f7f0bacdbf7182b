//! What cannot run in a transaction.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "concurrently-in-transaction",
    level: Level::Error,
    summary: "a statement that cannot run in a transaction, in a file that is one",
    page: "\
## What it catches

`CREATE INDEX CONCURRENTLY`, `DROP INDEX CONCURRENTLY`, `REINDEX … CONCURRENTLY`, `DETACH PARTITION … CONCURRENTLY`, `VACUUM`,
`CREATE DATABASE`, `DROP DATABASE`, `CREATE TABLESPACE`, `DROP TABLESPACE`, `ALTER SYSTEM`, in a file without
`-- dbtask:no-transaction`; and the same statements in a `DO` block, which is always in a transaction.

## Why

PostgreSQL answers `ERROR: … cannot run inside a transaction block`, and the deployment stops.

## Instead

A file of its own, whose first line takes it out of the transaction:

    -- dbtask:no-transaction
    CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);

PostgreSQL: <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Some(what) = alone(&statement.kind) else { return };
    if !at.in_transaction() && !statement.in_block {
        return;
    }
    let why = "PostgreSQL refuses it: `cannot run inside a transaction block`";
    let finding = out.report(&statement.span, format!("`{what}` cannot run in a transaction"), why);
    let text = at.text(&statement.span);
    finding.help(format!(
        "put it into a file of its own:\n-- dbtask:no-transaction\n{text};"
    ));
    if at.parsed.statements.len() == 1 {
        finding.edit(0..0, "-- dbtask:no-transaction\n");
    }
}

fn alone(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::CreateIndex(index) if index.concurrently => "CREATE INDEX CONCURRENTLY",
        Kind::Drop(drop) if drop.concurrently => "DROP INDEX CONCURRENTLY",
        Kind::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        Kind::Vacuum => "VACUUM",
        Kind::Cluster(None) => "CLUSTER of all tables",
        Kind::Alone(words) => words,
        Kind::AlterTable(alter)
            if alter
                .actions
                .iter()
                .any(|(_, action)| matches!(action, Action::Detach { concurrently: true, .. })) =>
        {
            "DETACH PARTITION … CONCURRENTLY"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, one, silent};
    use super::RULE;

    #[test]
    fn it_goes_into_a_file_of_its_own() {
        for sql in [
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);",
            "DROP INDEX CONCURRENTLY IF EXISTS i;",
            "REINDEX INDEX CONCURRENTLY i;",
            "ALTER TABLE p DETACH PARTITION c CONCURRENTLY;",
            "VACUUM t;",
            "ALTER SYSTEM SET work_mem = '1GB';",
            "CREATE DATABASE d;",
        ] {
            one(&RULE, &[sql]);
            silent(&RULE, &[&fixed(&RULE, &[sql])]);
        }
    }

    #[test]
    fn a_block_is_always_in_a_transaction() {
        one(
            &RULE,
            &["-- dbtask:no-transaction\nDO $$ BEGIN EXECUTE 'VACUUM t'; END $$;"],
        );
    }

    #[test]
    fn what_only_sounds_like_it_may_stay() {
        silent(
            &RULE,
            &["REFRESH MATERIALIZED VIEW CONCURRENTLY v; REINDEX INDEX i; CREATE INDEX i ON t (a);"],
        );
    }
}
