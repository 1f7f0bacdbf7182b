//! Partitions that come and go under a lock on the whole table.

use super::rewrite::{literal, unless};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "partition-lock",
    level: Level::Warning,
    summary: "a partition made or detached under ACCESS EXCLUSIVE on the whole table",
    page: "\
## What it catches

`CREATE TABLE … PARTITION OF` and `DETACH PARTITION` without `CONCURRENTLY`, where the partitioned table was created by an earlier file.

## Why

Both take ACCESS EXCLUSIVE on the partitioned table: it is an instant, but it queues behind the longest query on any partition, and everybody else queues behind it.

## Instead

A table of its own, attached afterwards under SHARE UPDATE EXCLUSIVE:

    CREATE TABLE IF NOT EXISTS events_2026 (LIKE events INCLUDING ALL);
    DO $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'events_2026'::regclass) THEN
            ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        END IF;
    END
    $$;

And outside of a transaction:

    -- dbtask:no-transaction
    ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;

PostgreSQL: <https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let why =
        "it takes ACCESS EXCLUSIVE on the partitioned table, and queues behind the longest query on any partition";
    match &statement.kind {
        Kind::CreateTable(create) => {
            let Some(parent) = create.partition_of.as_ref().filter(|parent| at.is_live(parent)) else {
                return;
            };
            // IF NOT EXISTS on one that is there does nothing
            if create.if_not_exists && at.schema.table(&create.name).is_some() {
                return;
            }
            let text = at.text(&statement.span);
            let bounds = ["for values", "default"]
                .iter()
                .filter_map(|word| text.to_ascii_lowercase().find(word))
                .min()
                .and_then(|from| text.get(from..))
                .unwrap_or("FOR VALUES …");
            let name = &create.name;
            let attach = unless(
                &format!(
                    "SELECT FROM pg_inherits WHERE inhrelid = {}::regclass",
                    literal(&name.written)
                ),
                &format!("ALTER TABLE {parent} ATTACH PARTITION {name} {bounds}"),
            );
            out.report(&statement.span, format!("partition `{name}` is made while nobody can use `{parent}`"), why)
                .help(format!(
                    "make it apart, then attach it:\nCREATE TABLE IF NOT EXISTS {name} (LIKE {parent} INCLUDING ALL);\n{attach}"
                ));
        }
        Kind::AlterTable(alter) if at.is_live(&alter.name) => {
            for (span, action) in &alter.actions {
                let Action::Detach {
                    partition,
                    concurrently: false,
                    finalize: false,
                } = action
                else {
                    continue;
                };
                out.report(span, format!("partition `{partition}` is detached while nobody can use `{}`", alter.name), why)
                    .help(format!(
                        "put it into a file of its own:\n-- dbtask:no-transaction\nALTER TABLE {} DETACH PARTITION {partition} CONCURRENTLY;",
                        alter.name
                    ));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const PARENT: &str = "CREATE TABLE p (a int) PARTITION BY RANGE (a);";

    #[test]
    fn on_a_table_in_use_it_is_made_apart() {
        let finding = one(
            &RULE,
            &[
                PARENT,
                "CREATE TABLE IF NOT EXISTS c PARTITION OF p FOR VALUES FROM (1) TO (2);",
            ],
        );
        assert!(
            finding
                .help
                .contains("        ALTER TABLE p ATTACH PARTITION c FOR VALUES FROM (1) TO (2);\n    END IF;"),
            "{}",
            finding.help
        );
        one(&RULE, &[PARENT, "ALTER TABLE p DETACH PARTITION c;"]);
    }

    #[test]
    fn on_a_new_one_it_may_be_made_at_once() {
        silent(&RULE, &[&format!("{PARENT} CREATE TABLE c PARTITION OF p DEFAULT;")]);
        silent(
            &RULE,
            &[PARENT, "ALTER TABLE p ATTACH PARTITION c FOR VALUES FROM (1) TO (2);"],
        );
        silent(
            &RULE,
            &[
                PARENT,
                "-- dbtask:no-transaction\nALTER TABLE p DETACH PARTITION c CONCURRENTLY;",
            ],
        );
    }
}
