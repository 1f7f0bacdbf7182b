//! Foreign keys that read a table under locks on two.

use super::rewrite::{definition, in_two_files};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Constraint, ConstraintKind, Kind, Name, Statement};
use crate::lint::finding::Level;
use crate::lint::model::default_name;

pub(super) const RULE: Rule = Rule {
    name: "fk-not-valid",
    level: Level::Error,
    summary: "a foreign key added to a table in use without `NOT VALID`",
    page: "\
## What it catches

`ADD FOREIGN KEY` without `NOT VALID` on a table that an earlier file created, and a column that is added with a default and
`REFERENCES`. (A column that is added empty refers to nothing, and nothing is read.)

## Why

The whole table is read, each row looked up in the other, under SHARE ROW EXCLUSIVE on **both**: nobody writes to either until that
is done. With `NOT VALID` the lock is the same and lasts an instant; `VALIDATE CONSTRAINT` reads under SHARE UPDATE EXCLUSIVE, and everybody goes on.

## Instead

In this file:

    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'orders'::regclass AND conname = 'orders_user_id_fkey'
        ) THEN
            ALTER TABLE orders
                ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
        END IF;
    END
    $$;

In the next file:

    ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;

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
            Action::AddConstraint(constraint) => report(at, &alter.name, constraint, out),
            Action::AddColumn { column, .. } if column.default.as_ref().is_some_and(|default| !default.is_null) => {
                for constraint in &column.constraints {
                    report(at, &alter.name, constraint, out);
                }
            }
            _ => {}
        }
    }
}

fn report(at: &At<'_>, table: &Name, constraint: &Constraint, out: &mut Findings<'_>) {
    let ConstraintKind::ForeignKey { columns, table: to, .. } = &constraint.kind else {
        return;
    };
    if constraint.not_valid || constraint.not_enforced {
        return;
    }
    // a partitioned table takes NOT VALID from PostgreSQL 18 on
    if at.schema.table(table).is_some_and(|table| table.partitioned) {
        return;
    }
    let name = constraint
        .name
        .as_ref()
        .map_or_else(|| default_name(&table.name, &constraint.kind), |name| name.name.clone());
    let written = definition(at, &constraint.span, constraint.name.is_some());
    let definition = if written.to_ascii_lowercase().starts_with("references") {
        let column = columns.first().map_or("", |column| column.written.as_str());
        format!("FOREIGN KEY ({column}) {written}")
    } else {
        written.to_owned()
    };
    out.report(
        &constraint.span,
        format!("the foreign key from `{table}` to `{to}` reads the whole table while nobody can write to either"),
        "it takes SHARE ROW EXCLUSIVE on both tables for as long as it takes to look every row up",
    )
    .help(in_two_files(table, &name, &definition));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLES: &str = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint, user_id bigint);";

    #[test]
    fn it_is_rewritten_in_two_files_with_its_names() {
        let add =
            "ALTER TABLE orders ADD CONSTRAINT by_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;";
        let finding = one(&RULE, &[TABLES, add]);
        assert_eq!(
            finding.help,
            "in this file:\nDO $$\nBEGIN\n    IF NOT EXISTS (\n        SELECT FROM pg_constraint\n        \
             WHERE conrelid = 'orders'::regclass AND conname = 'by_user'\n    ) THEN\n        ALTER TABLE orders\n            \
             ADD CONSTRAINT by_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID;\n    END IF;\nEND\n$$;\n\
             in the next file:\nALTER TABLE orders VALIDATE CONSTRAINT by_user;"
        );
        let guarded = format!("DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN {add} END IF; END $$;");
        one(&RULE, &[TABLES, &guarded]);
        let finding = one(
            &RULE,
            &[
                TABLES,
                "ALTER TABLE orders ADD COLUMN a bigint DEFAULT 1 REFERENCES users;",
            ],
        );
        assert!(
            finding
                .help
                .contains("ADD CONSTRAINT orders_a_fkey FOREIGN KEY (a) REFERENCES users NOT VALID"),
            "{}",
            finding.help
        );
    }

    #[test]
    fn where_nothing_is_read_there_is_nothing_to_say() {
        for sql in [
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
            "ALTER TABLE orders ADD COLUMN a bigint REFERENCES users;",
            "CREATE TABLE t (a bigint); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES users;",
        ] {
            silent(&RULE, &[TABLES, sql]);
        }
    }
}
