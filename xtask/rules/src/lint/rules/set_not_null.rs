//! NOT NULL that reads the whole table.

use super::rewrite::{quoted, unless_constraint};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, ConstraintKind, Kind, Name, Span, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "set-not-null",
    level: Level::Error,
    summary: "`SET NOT NULL` on a table in use, without a valid CHECK that says the same",
    page: "\
## What it catches

`ALTER COLUMN … SET NOT NULL` on a table that an earlier file created, unless an earlier file proved a `CHECK (column IS NOT NULL)`; and
`ADD PRIMARY KEY USING INDEX` over columns that may be NULL, which does the same by the way.

## Why

ACCESS EXCLUSIVE while the whole table is read: nobody reads, nobody writes. Where a valid CHECK says the same, PostgreSQL reads nothing.

## Instead

In four files:

    -- 1: binds new rows only
    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'users'::regclass AND conname = 'users_email_not_null'
        ) THEN
            ALTER TABLE users ADD CONSTRAINT users_email_not_null CHECK (email IS NOT NULL) NOT VALID;
        END IF;
    END
    $$;

    -- 2: old rows get a value
    UPDATE users SET email = '' WHERE email IS NULL;

    -- 3: reads the table while everybody goes on
    ALTER TABLE users VALIDATE CONSTRAINT users_email_not_null;

    -- 4: an instant
    ALTER TABLE users ALTER COLUMN email SET NOT NULL;
    ALTER TABLE users DROP CONSTRAINT IF EXISTS users_email_not_null;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL>
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
    for (span, action) in &alter.actions {
        match action {
            Action::SetNotNull(column) => report(at, &alter.name, column, span, out),
            Action::AddConstraint(constraint) => {
                let ConstraintKind::PrimaryKey(key) = &constraint.kind else {
                    continue;
                };
                let index = key.using_index.as_ref().and_then(|index| at.schema.index(index));
                for column in index.iter().flat_map(|index| index.columns.iter().flatten()) {
                    let column = Name {
                        schema: None,
                        name: column.clone(),
                        written: quoted(column),
                    };
                    report(at, &alter.name, &column, span, out);
                }
            }
            _ => {}
        }
    }
}

fn report(at: &At<'_>, table: &Name, column: &Name, span: &Span, out: &mut Findings<'_>) {
    if let Some(known) = at.schema.table(table) {
        let is_proven = known.proves_not_null(&column.name);
        let is_column = known.column(&column.name);
        // an added column of this file, or one that is NOT NULL already, has nothing to read for
        if is_proven || is_column.is_some_and(|column| column.not_null) {
            return;
        }
        if !at.schema.knows(table) {
            return;
        }
    }
    let check = format!("{}_{}_not_null", table.name, column.name);
    let name = quoted(&check);
    let add = unless_constraint(
        table,
        &check,
        &format!("ALTER TABLE {table}\n    ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"),
    );
    out.report(
        span,
        format!("NOT NULL on `{column}` reads the whole of `{table}` while nobody can use it"),
        "it takes ACCESS EXCLUSIVE for as long as it takes to read every row, unless a valid CHECK says the same",
    )
    .help(format!(
        "in this file:\n{add}\nin the next file:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};\nin the one after it:\n\
         ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"
    ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int, b int NOT NULL);";
    const CHECK: &str = "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;";
    const VALIDATE: &str = "ALTER TABLE t VALIDATE CONSTRAINT c;";
    const SET: &str = "ALTER TABLE t ALTER COLUMN a SET NOT NULL;";

    #[test]
    fn without_a_proof_it_reads() {
        let finding = one(&RULE, &[TABLE, SET]);
        assert!(
            finding
                .help
                .contains("ADD CONSTRAINT t_a_not_null CHECK (a IS NOT NULL) NOT VALID;"),
            "{}",
            finding.help
        );
        one(&RULE, &[TABLE, CHECK, SET]);
        one(&RULE, &["ALTER TABLE older ALTER a SET NOT NULL;"]);
        one(
            &RULE,
            &[
                TABLE,
                "CREATE UNIQUE INDEX i ON t (a);",
                "ALTER TABLE t ADD PRIMARY KEY USING INDEX i;",
            ],
        );
    }

    #[test]
    fn a_proof_is_enough() {
        silent(&RULE, &[TABLE, CHECK, VALIDATE, SET]);
        silent(&RULE, &[TABLE, "ALTER TABLE t ALTER COLUMN b SET NOT NULL;"]);
        silent(&RULE, &[&format!("{TABLE} {SET}")]);
    }

    #[test]
    fn dynamic_sql_may_have_proven_it() {
        let dynamic = "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT ' || 'NULL)'; END $$;";
        silent(&RULE, &[TABLE, dynamic, SET]);
    }
}
