//! Foreign keys whose own side has no index.

use super::rewrite::quoted;
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Constraint, ConstraintKind, Kind, Name};
use crate::lint::finding::Level;
use crate::lint::model::Index;

pub(super) const RULE: Rule = Rule {
    name: "fk-without-index",
    level: Level::Warning,
    summary: "a foreign key whose columns no index begins with",
    page: "\
## What it catches

A foreign key that the file adds, where at the end of the file no index begins with its columns (in any order).

## Why

PostgreSQL indexes the side that is referred to, and not the side that refers. Each `DELETE` there, and each change of the key, then reads this whole table,
row by row of the other, under its locks.

## Instead

    CREATE INDEX IF NOT EXISTS orders_user_id_idx ON orders (user_id);

In the same file where the table is new, else in one with `-- dbtask:no-transaction` and `CONCURRENTLY`.

PostgreSQL: <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>
",
    check: Check::File(check),
};

fn check(at: &At<'_>, out: &mut Findings<'_>) {
    for statement in &at.parsed.statements {
        match &statement.kind {
            Kind::CreateTable(create) if !create.temporary && create.partition_of.is_none() => {
                let inline = create.columns.iter().flat_map(|column| &column.constraints);
                inline
                    .chain(&create.constraints)
                    .for_each(|constraint| look(at, &create.name, constraint, out));
            }
            Kind::AlterTable(alter) => {
                for (_, action) in &alter.actions {
                    match action {
                        Action::AddConstraint(constraint) => look(at, &alter.name, constraint, out),
                        Action::AddColumn { column, .. } => {
                            column
                                .constraints
                                .iter()
                                .for_each(|constraint| look(at, &alter.name, constraint, out));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn look(at: &At<'_>, table: &Name, constraint: &Constraint, out: &mut Findings<'_>) {
    let ConstraintKind::ForeignKey { columns, table: to, .. } = &constraint.kind else {
        return;
    };
    // of a table that the file drops or renames again, or that no file made, the indexes are not known
    if !at.schema.knows(table) {
        return;
    }
    let key = at.schema.resolve(table);
    let wanted: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if at.schema.indexes_of(&key).any(|index| begins_with(index, &wanted)) {
        return;
    }
    let written: Vec<&str> = columns.iter().map(|column| column.written.as_str()).collect();
    let name = quoted(&format!("{}_{}_idx", table.name, wanted.join("_")));
    let list = written.join(", ");
    let index = if at.is_live(table) {
        format!(
            "in a file of its own:\n-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({list});"
        )
    } else {
        format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({list});")
    };
    out.report(
        &constraint.span,
        format!("no index of `{table}` begins with `{list}`, which refers to `{to}`"),
        format!("each DELETE in `{to}` reads the whole of `{table}`"),
    )
    .help(index);
}

/// Whether the index serves a search for all of the columns.
fn begins_with(index: &Index, wanted: &[&str]) -> bool {
    let head: Vec<&str> = index
        .columns
        .iter()
        .take(wanted.len())
        .map_while(Option::as_deref)
        .collect();
    // who looks for a value looks for no NULL
    let has_all = !index.partial || index.filled.as_deref().is_some_and(|column| wanted.contains(&column));
    has_all && head.len() == wanted.len() && wanted.iter().all(|column| head.contains(column))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY);";

    #[test]
    fn the_referring_side_has_no_index_by_itself() {
        let finding = one(
            &RULE,
            &[USERS, "CREATE TABLE orders (user_id bigint REFERENCES users);"],
        );
        assert_eq!(
            finding.help,
            "CREATE INDEX IF NOT EXISTS orders_user_id_idx ON orders (user_id);"
        );
        one(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (u bigint);",
                "ALTER TABLE o ADD FOREIGN KEY (u) REFERENCES users NOT VALID;",
            ],
        );
        one(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (u bigint REFERENCES users, b int, UNIQUE (b, u));",
            ],
        );
        one(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (u bigint REFERENCES users, b int); CREATE INDEX ON o (u) WHERE b > 0;",
            ],
        );
    }

    #[test]
    fn an_index_that_begins_with_it_is_enough() {
        silent(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (u bigint REFERENCES users); CREATE INDEX ON o (u, lower('a'));",
            ],
        );
        silent(
            &RULE,
            &[USERS, "CREATE TABLE o (u bigint REFERENCES users PRIMARY KEY);"],
        );
        silent(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (u bigint REFERENCES users); CREATE INDEX i ON o (u) WHERE (u IS NOT NULL);",
            ],
        );
        silent(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (u bigint); CREATE INDEX i ON o (u);",
                "ALTER TABLE o ADD FOREIGN KEY (u) REFERENCES users NOT VALID;",
            ],
        );
        silent(
            &RULE,
            &[
                USERS,
                "ALTER TABLE older ADD FOREIGN KEY (u) REFERENCES users NOT VALID;",
            ],
        );
    }
}
