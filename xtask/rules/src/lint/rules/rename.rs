//! Names that running binaries use.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, AlterWhat, Kind, Name, Span, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "rename",
    level: Level::Error,
    summary: "a table, a column or a view in use gets another name",
    page: "\
## What it catches

`RENAME TO`, `RENAME COLUMN` and `SET SCHEMA` of a table or a view, and `ALTER TYPE … RENAME VALUE`, of what an earlier file created. A table that is renamed
while the same file makes a view of its old name is none.

## Why

Old and new binaries run at the same time during a deployment, and one of the two looks for a name that is not there. Rolling the release back fails as well.

## Instead

For a column: a new one beside it, written by the service together with the old one, a backfill, and the old one dropped in a later release.

For a table: a view of the old name in the same file, which simple statements can also write to:

    DO $$
    BEGIN
        IF to_regclass('accounts') IS NULL THEN
            ALTER TABLE users RENAME TO accounts;
        END IF;
    END
    $$;
    CREATE OR REPLACE VIEW users AS SELECT * FROM accounts;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS>
",
    check: Check::Statement(check),
};

const WHY: &str = "binaries that run during the deployment, or after a rollback, look for the old name";

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::AlterTable(alter) if at.is_live(&alter.name) => {
            for (span, action) in &alter.actions {
                let table = &alter.name;
                match action {
                    Action::RenameTable(to) => rename_table(at, span, table, to, out),
                    Action::SetSchema(schema) => {
                        let to = Name {
                            schema: Some(schema.clone()),
                            name: table.name.clone(),
                            written: format!("{schema}.{}", table.name),
                        };
                        rename_table(at, span, table, &to, out);
                    }
                    Action::RenameColumn { from, to } => {
                        let known = at.schema.table(table).and_then(|table| table.column(&from.name));
                        if known.is_none_or(|column| column.created < at.schema.file()) {
                            column(
                                span,
                                table,
                                from,
                                to,
                                known.map(|column| column.ty.written.as_str()),
                                out,
                            );
                        }
                    }
                    _ => {}
                }
            }
        }
        Kind::Alter(alter) => {
            let Some(name) = &alter.name else { return };
            if !matches!(alter.object, "VIEW" | "MATERIALIZED VIEW" | "TYPE") || at.schema.is_own(alter.object, name) {
                return;
            }
            match &alter.what {
                AlterWhat::RenameTo(_) | AlterWhat::SetSchema if alter.object != "TYPE" && !remade(at, name) => {
                    out.report(&statement.span, format!("view `{name}` gets another name"), WHY)
                        .help(format!(
                            "make a new view of the new name beside it, and drop `{name}` in a later release"
                        ));
                }
                AlterWhat::RenameColumn(from) => {
                    out.report(&statement.span, format!("column `{from}` of view `{name}` gets another name"), WHY)
                        .help("add the column under its new name to the view (`CREATE OR REPLACE VIEW` adds at the end), and drop the old one in a later release");
                }
                AlterWhat::RenameValue { from, to } => {
                    out.report(&statement.span, format!("value '{from}' of `{name}` gets another name"), WHY)
                        .help(format!("add the new value, let the service take both, and change the rows:\nALTER TYPE {name} ADD VALUE IF NOT EXISTS '{to}';"));
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// Whether the file makes something of the old name.
fn remade(at: &At<'_>, name: &Name) -> bool {
    at.later().iter().any(|later| match &later.kind {
        Kind::Create(create) => create.name.as_ref().is_some_and(|made| made.name == name.name),
        Kind::CreateTable(create) => create.name.name == name.name,
        Kind::AlterTable(alter) => alter
            .actions
            .iter()
            .any(|(_, action)| matches!(action, Action::RenameTable(to) if to.name == name.name)),
        _ => false,
    })
}

fn rename_table(at: &At<'_>, span: &Span, table: &Name, to: &Name, out: &mut Findings<'_>) {
    if remade(at, table) {
        return;
    }
    out.report(span, format!("table `{table}` gets another name"), WHY).help(format!(
        "keep the old name as a view, in this file, and drop it in a later release:\nCREATE OR REPLACE VIEW {table} AS SELECT * FROM {to};"
    ));
}

fn column(span: &Span, table: &Name, from: &Name, to: &Name, ty: Option<&str>, out: &mut Findings<'_>) {
    out.report(span, format!("column `{from}` of `{table}` gets another name"), WHY).help(format!(
        "a new column beside it; the service writes both, a script fills old rows, a later release drops `{from}`:\n\
         ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {to} {};",
        ty.unwrap_or("…")
    ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS a; CREATE TYPE e AS ENUM ('x');";

    #[test]
    fn names_in_use_stay() {
        for sql in [
            "ALTER TABLE t RENAME TO u;",
            "ALTER TABLE t RENAME COLUMN a TO b;",
            "ALTER TABLE t RENAME a TO b;",
            "ALTER TABLE t SET SCHEMA s;",
            "ALTER VIEW v RENAME TO w;",
            "ALTER TYPE e RENAME VALUE 'x' TO 'y';",
        ] {
            one(&RULE, &[TABLE, sql]);
        }
        let finding = one(&RULE, &[TABLE, "ALTER TABLE t RENAME a TO b;"]);
        assert!(
            finding.help.ends_with("ALTER TABLE t ADD COLUMN IF NOT EXISTS b int;"),
            "{}",
            finding.help
        );
    }

    #[test]
    fn names_that_nobody_uses_may_change() {
        for sql in [
            "CREATE TABLE u (a int); ALTER TABLE u RENAME TO w; ALTER TABLE w RENAME a TO b;",
            "ALTER TABLE t RENAME TO u; CREATE OR REPLACE VIEW t AS SELECT * FROM u;",
            "ALTER TABLE t RENAME CONSTRAINT c TO d;",
            "ALTER INDEX i RENAME TO j;",
            "ALTER TABLE t ADD COLUMN b int; ALTER TABLE t RENAME b TO c;",
            "ALTER TYPE e RENAME TO e_old;",
        ] {
            silent(&RULE, &[TABLE, sql]);
        }
    }
}
