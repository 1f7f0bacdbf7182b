//! Keys that foreign keys refer to.

use super::rewrite::{quoted, unless_constraint};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, ConstraintKind, Kind, Span, Statement};
use crate::lint::finding::Level;
use crate::lint::model::{ForeignKey, Key};

pub(super) const RULE: Rule = Rule {
    name: "fk-sequence",
    level: Level::Error,
    summary: "a key or a table goes while foreign keys refer to it",
    page: "\
## What it catches

`DROP CONSTRAINT` of a unique or primary key, `DROP INDEX` of a unique index, `DROP COLUMN` of a key and `DROP TABLE`, while foreign keys that earlier
files made (on other tables) still refer to it.

## Why

PostgreSQL refuses: `cannot drop … because other objects depend on it`. With `CASCADE` it drops the foreign keys too, and nothing makes them again.

## Instead

In this order, in one file: drop the foreign keys, change the key, make the foreign keys again `NOT VALID`; in the next file validate them.

    ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_user_id_fkey;
    ALTER TABLE users DROP CONSTRAINT IF EXISTS users_pkey;
    -- the new key: its index is there already, of an earlier file
    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'users'::regclass AND conname = 'users_id_key'
        ) THEN
            ALTER TABLE users ADD CONSTRAINT users_id_key UNIQUE USING INDEX users_id_key;
        END IF;
    END
    $$;
    -- the foreign key again, under another name: a second run does not drop it
    DO $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'orders'::regclass AND conname = 'orders_user_fkey'
        ) THEN
            ALTER TABLE orders
                ADD CONSTRAINT orders_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
        END IF;
    END
    $$;

PostgreSQL: <https://www.postgresql.org/docs/current/ddl-depend.html>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::AlterTable(alter) => {
            let table = at.schema.resolve(&alter.name);
            let Some(known) = at.schema.table(&alter.name) else {
                return;
            };
            for (span, action) in &alter.actions {
                match action {
                    Action::DropConstraint { name, .. } => {
                        let Some(constraint) = known.constraint(&name.name) else {
                            continue;
                        };
                        let (ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_)) = &constraint.kind else {
                            continue;
                        };
                        let Some(index) = at.schema.index(name) else { continue };
                        let columns: Vec<String> = index.columns.iter().flatten().cloned().collect();
                        key_goes(at, span, &table, &name.name, &columns, out);
                    }
                    Action::DropColumn { column, .. } => {
                        let all: Vec<&ForeignKey> = at
                            .schema
                            .foreign_keys
                            .to(&table)
                            .filter(|fk| fk.from != table && fk.to_columns.contains(&column.name))
                            .collect();
                        report(at, span, &format!("column `{column}` of `{}`", alter.name), &all, out);
                    }
                    _ => {}
                }
            }
        }
        Kind::Drop(drop) if drop.object == "INDEX" => {
            for name in &drop.names {
                let Some(index) = at.schema.index(name).filter(|index| index.unique && !index.partial) else {
                    continue;
                };
                let columns: Option<Vec<String>> = index.columns.iter().cloned().collect();
                key_goes(
                    at,
                    &statement.span,
                    &index.table,
                    &index.name,
                    &columns.unwrap_or_default(),
                    out,
                );
            }
        }
        Kind::Drop(drop) if drop.object == "TABLE" => {
            let going: Vec<Key> = drop.names.iter().map(|name| at.schema.resolve(name)).collect();
            for name in &drop.names {
                let table = at.schema.resolve(name);
                let all: Vec<&ForeignKey> = at
                    .schema
                    .foreign_keys
                    .to(&table)
                    .filter(|fk| !going.contains(&fk.from))
                    .collect();
                report(at, &statement.span, &format!("table `{name}`"), &all, out);
            }
        }
        _ => {}
    }
}

fn key_goes(at: &At<'_>, span: &Span, table: &Key, name: &str, columns: &[String], out: &mut Findings<'_>) {
    // with two keys on the same columns nobody can tell which one a foreign key hangs on
    if columns.is_empty() || at.schema.has_other_key(table, columns, name) {
        return;
    }
    let all: Vec<&ForeignKey> = at.schema.references(table, columns).collect();
    report(at, span, &format!("key `{name}`"), &all, out);
}

fn report(at: &At<'_>, span: &Span, what: &str, all: &[&ForeignKey], out: &mut Findings<'_>) {
    let Some(first) = all.first() else { return };
    let list = |names: &[String]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let drops: Vec<String> = all
        .iter()
        .map(|fk| {
            format!(
                "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {};",
                fk.from_written,
                quoted(&fk.name)
            )
        })
        .collect();
    let again: Vec<String> = all
        .iter()
        .map(|fk| {
            // under its old name a second run would drop it again
            let name = format!("{}_2", fk.name);
            let table = crate::lint::ast::Name {
                schema: fk.from.0.clone(),
                name: fk.from.1.clone(),
                written: fk.from_written.clone(),
            };
            let add = format!(
                "ALTER TABLE {table}\n    ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) NOT VALID",
                quoted(&name),
                list(&fk.columns),
                fk.to_written,
                list(&fk.to_columns)
            );
            unless_constraint(&table, &name, &add)
        })
        .collect();
    let more = match all.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let statement = at
        .parsed
        .statements
        .get(at.index)
        .map_or("", |statement| at.text(&statement.span));
    out.report(
        span,
        format!("{what} goes while `{}` of `{}`{more} refers to it", first.name, first.from_written),
        "PostgreSQL refuses it: other objects depend on it; with CASCADE the foreign keys are gone, and nothing makes them again",
    )
    .help(format!(
        "in this order: drop the foreign keys\n{}\nchange the key\n{statement};\nand, where they are to stay, make them again on the new key, to be validated in the next file\n{}",
        drops.join("\n"),
        again.join("\n")
    ));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLES: &str = "CREATE TABLE p (id int PRIMARY KEY, code text, CONSTRAINT p_code UNIQUE (code)); \
                          CREATE TABLE c (code text CONSTRAINT by_code REFERENCES p (code), p_id int REFERENCES p);";

    #[test]
    fn a_key_that_is_referred_to_goes_in_order() {
        let finding = one(&RULE, &[TABLES, "ALTER TABLE p DROP CONSTRAINT p_code;"]);
        assert_eq!(finding.message, "key `p_code` goes while `by_code` of `c` refers to it");
        assert!(
            finding.help.starts_with(
                "in this order: drop the foreign keys\nALTER TABLE c DROP CONSTRAINT IF EXISTS by_code;\n"
            )
        );
        assert!(
            finding
                .help
                .contains("FOREIGN KEY (code) REFERENCES p (code) NOT VALID"),
            "{}",
            finding.help
        );
        one(&RULE, &[TABLES, "ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE;"]);
        one(&RULE, &[TABLES, "ALTER TABLE p DROP COLUMN code;"]);
        one(&RULE, &[TABLES, "DROP TABLE p;"]);
        one(
            &RULE,
            &[
                "CREATE TABLE p (a int); CREATE UNIQUE INDEX i ON p (a); CREATE TABLE c (a int REFERENCES p (a));",
                "DROP INDEX i;",
            ],
        );
    }

    #[test]
    fn in_order_it_is_right() {
        silent(
            &RULE,
            &[
                TABLES,
                "ALTER TABLE c DROP CONSTRAINT by_code; ALTER TABLE p DROP CONSTRAINT p_code;",
            ],
        );
        silent(&RULE, &[TABLES, "DROP TABLE c, p;"]);
        silent(&RULE, &[TABLES, "DROP TABLE c; DROP TABLE p;"]);
        silent(
            &RULE,
            &[
                TABLES,
                "CREATE UNIQUE INDEX other ON p (code);",
                "ALTER TABLE p DROP CONSTRAINT p_code;",
            ],
        );
        silent(
            &RULE,
            &[
                "CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);",
                "ALTER TABLE tree DROP COLUMN up; DROP TABLE tree;",
            ],
        );
    }
}
