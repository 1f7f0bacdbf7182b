//! Keys whose index is built while nobody can use the table.

use super::rewrite::{quoted, unless_constraint};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Constraint, ConstraintKind, Key, Kind, Name, Statement};
use crate::lint::finding::Level;
use crate::lint::model::default_name;

pub(super) const RULE: Rule = Rule {
    name: "unique-under-lock",
    level: Level::Error,
    summary: "a unique or primary key whose index is built while nobody can use the table",
    page: "\
## What it catches

`ADD UNIQUE`, `ADD PRIMARY KEY` and `ADD EXCLUDE` on a table that an earlier file created, unless `USING INDEX` gives them an index that is there already;
and a column that is added as `UNIQUE` or `PRIMARY KEY`.

## Why

ACCESS EXCLUSIVE while the whole table is read and the index is built: nobody reads, nobody writes.

## Instead

The index first, in a file of its own:

    -- dbtask:no-transaction
    CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email_key ON users (email);

In the next file the constraint, which takes the index over in an instant:

    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'users'::regclass AND conname = 'users_email_key'
        ) THEN
            ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
        END IF;
    END
    $$;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX>
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
            Action::AddConstraint(constraint) => report(&alter.name, constraint, out),
            Action::AddColumn { column, .. } => {
                for constraint in &column.constraints {
                    report(&alter.name, constraint, out);
                }
            }
            _ => {}
        }
    }
}

const WHY: &str = "it takes ACCESS EXCLUSIVE for as long as it takes to read the table and build the index";

fn report(table: &Name, constraint: &Constraint, out: &mut Findings<'_>) {
    let (what, key): (_, &Key) = match &constraint.kind {
        ConstraintKind::Unique(key) => ("UNIQUE", key),
        ConstraintKind::PrimaryKey(key) => ("PRIMARY KEY", key),
        ConstraintKind::Exclude => {
            out.report(
                &constraint.span,
                format!("the exclusion constraint on `{table}` is built while nobody can use it"),
                WHY,
            )
            .help("there is no way to add it without that lock: do it in a maintenance window, or on a new table");
            return;
        }
        _ => return,
    };
    if key.using_index.is_some() {
        return;
    }
    let name = constraint
        .name
        .as_ref()
        .map_or_else(|| default_name(&table.name, &constraint.kind), |name| name.name.clone());
    let columns: Vec<&str> = key.columns.iter().map(|column| column.written.as_str()).collect();
    let written = quoted(&name);
    let add = unless_constraint(
        table,
        &name,
        &format!("ALTER TABLE {table} ADD CONSTRAINT {written} {what} USING INDEX {written}"),
    );
    out.report(
        &constraint.span,
        format!("the index of {what} on `{table}` is built while nobody can use it"),
        WHY,
    )
    .help(format!(
        "the index in a file of its own:\n-- dbtask:no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {written} ON {table} ({});\n\
         in the next file:\n{add}",
        columns.join(", ")
    ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int, \"B\" int);";

    #[test]
    fn the_index_comes_first() {
        let finding = one(&RULE, &[TABLE, "ALTER TABLE t ADD UNIQUE (a, \"B\");"]);
        assert!(
            finding
                .help
                .contains("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"t_a_B_key\" ON t (a, \"B\");"),
            "{}",
            finding.help
        );
        one(&RULE, &[TABLE, "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a);"]);
        one(&RULE, &[TABLE, "ALTER TABLE t ADD COLUMN c text UNIQUE;"]);
        one(&RULE, &[TABLE, "ALTER TABLE t ADD EXCLUDE USING gist (a WITH =);"]);
    }

    #[test]
    fn with_an_index_that_is_there_it_is_an_instant() {
        silent(&RULE, &[TABLE, "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;"]);
        silent(&RULE, &["CREATE TABLE t (a int); ALTER TABLE t ADD UNIQUE (a);"]);
    }
}
