//! Dropping what nobody named.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Kind, Span, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "drop-cascade",
    level: Level::Error,
    summary: "`CASCADE`: more goes than the statement names",
    page: "\
## What it catches

`CASCADE` behind `DROP`, `DROP COLUMN`, `DROP CONSTRAINT` and `TRUNCATE`, of what an earlier file created.

## Why

What depends on it goes too, whatever that is in this database: foreign keys, views, columns of that type, with `TRUNCATE` the rows of other tables. Nobody
reviewed it, and in production it may be more than in development.

## Instead

Name what is to go, in order: views, then foreign keys, then the thing itself, without `CASCADE`. PostgreSQL then refuses where something was forgotten.

    DROP VIEW IF EXISTS active_users;
    ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_user_id_fkey;
    DROP TABLE IF EXISTS users;

PostgreSQL: <https://www.postgresql.org/docs/current/ddl-depend.html>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::Drop(drop) if drop.cascade => {
            let is_new = match drop.object {
                "TABLE" | "FOREIGN TABLE" => drop.names.iter().all(|name| !at.is_live(name)),
                // what hangs on a trigger, a policy, an index is next to nothing
                "TRIGGER" | "POLICY" | "RULE" | "INDEX" => true,
                object => drop.names.iter().all(|name| at.schema.is_own(object, name)),
            };
            if !is_new {
                report(at, &statement.span, "", drop.object, out);
            }
        }
        Kind::Truncate { tables, cascade: true } if tables.iter().any(|table| at.is_live(table)) => {
            report(at, &statement.span, "", "TRUNCATE", out);
        }
        Kind::AlterTable(alter) if at.is_live(&alter.name) => {
            let of = format!("ALTER TABLE {} ", alter.name);
            for (span, action) in &alter.actions {
                match action {
                    Action::DropColumn { cascade: true, .. } => report(at, span, &of, "COLUMN", out),
                    Action::DropConstraint { cascade: true, .. } => report(at, span, &of, "CONSTRAINT", out),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn report(at: &At<'_>, span: &Span, of: &str, object: &str, out: &mut Findings<'_>) {
    let text = at.text(span);
    let cut = text.to_ascii_lowercase().rfind("cascade").unwrap_or(text.len());
    let bare = text.get(..cut).unwrap_or(text).trim_end();
    let verb = if object == "TRUNCATE" {
        object.to_owned()
    } else {
        format!("DROP {object}")
    };
    out.report(
        span,
        format!("`{verb} … CASCADE`: more goes than it names"),
        "whatever depends on it in this database goes too, and nobody has reviewed that",
    )
    .help(format!(
        "name what depends on it, in order, and then without CASCADE:\n{of}{bare};"
    ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int); CREATE TYPE e AS ENUM ('a'); CREATE VIEW v AS SELECT 1;";

    #[test]
    fn what_is_not_named_goes_too() {
        for sql in [
            "DROP TABLE t CASCADE;",
            "DROP TYPE IF EXISTS e CASCADE;",
            "DROP VIEW v CASCADE;",
            "DROP SCHEMA s CASCADE;",
            "ALTER TABLE t DROP COLUMN a CASCADE;",
            "ALTER TABLE t DROP CONSTRAINT c CASCADE;",
            "TRUNCATE t CASCADE;",
        ] {
            let finding = one(&RULE, &[TABLE, sql]);
            let rewrite = finding.help.lines().last().unwrap();
            assert_eq!(rewrite, sql.replace(" CASCADE", ""));
        }
    }

    #[test]
    fn what_is_new_has_nothing_that_depends_on_it() {
        silent(
            &RULE,
            &[
                TABLE,
                "CREATE TABLE u (a int); DROP TABLE u CASCADE; CREATE VIEW w AS SELECT 1; DROP VIEW w CASCADE;",
            ],
        );
        silent(
            &RULE,
            &[
                TABLE,
                "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE CASCADE; DROP TABLE t;",
            ],
        );
    }
}
