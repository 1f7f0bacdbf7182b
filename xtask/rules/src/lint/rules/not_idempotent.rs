//! Statements that cannot run a second time.

use super::rewrite::{literal, quoted, unless, unless_constraint};
use super::{At, Check, Draft, Findings, Rule};
use crate::lint::ast::{
    Action, Alter, AlterTable, AlterWhat, Constraint, Create, CreateIndex, CreateTable, Drop, Guard, Insert, Kind,
    Name, Source, Span, Statement,
};
use crate::lint::finding::Level;
use crate::lint::model::default_name;

pub(super) const RULE: Rule = Rule {
    name: "not-idempotent",
    level: Level::Error,
    summary: "a statement that fails, or does more, when it runs a second time",
    page: "\
## What it catches

`CREATE` and `ADD COLUMN` without `IF NOT EXISTS` or `OR REPLACE`, `DROP` without `IF EXISTS`, and what has no such clause without a guard: `ADD CONSTRAINT`, `CREATE TYPE`,
`CREATE POLICY`, `RENAME`. An `INSERT` without `ON CONFLICT`, or without a condition on what is there already.

Guards are: the clause; a `DROP … IF EXISTS` of the same object right above; a `DO` block that runs it under an `IF`, or catches its error.

## Why

A file is run again: after a failure half-way in one without a transaction, on a copy, on a staging database where somebody was faster. What ran must then
be passed over. `INSERT` doubles its rows, or fails on a key.

## Instead

    CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);
    ALTER TABLE users ADD COLUMN IF NOT EXISTS email text;
    DROP VIEW IF EXISTS active_users;
    INSERT INTO plans (name) VALUES ('free') ON CONFLICT DO NOTHING;

    DO $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('mood')) THEN
            CREATE TYPE mood AS ENUM ('sad', 'fine');
        END IF;
    END
    $$;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-createtable.html>
",
    check: Check::Statement(check),
};

const WHY: &str = "a second run fails on it, and everything behind it does not happen";

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    if statement.guard == Guard::Conditional {
        return;
    }
    match &statement.kind {
        Kind::CreateTable(create) => create_table(at, statement, create, out),
        Kind::CreateIndex(create) => create_index(at, statement, create, out),
        Kind::AlterTable(alter) => alter_table(at, statement, alter, out),
        Kind::Create(create) => create_object(at, statement, create, out),
        Kind::Drop(drop) => drop_object(statement, drop, out),
        Kind::Alter(alter) => alter_object(at, statement, alter, out),
        Kind::Insert(insert) => insert_rows(at, statement, insert, out),
        _ => {}
    }
}

/// Whether an earlier statement of the file dropped the very same, if it was there.
fn is_dropped_above(at: &At<'_>, object: &str, name: &Name, on: Option<&Name>) -> bool {
    at.earlier().iter().any(|earlier| {
        matches!(&earlier.kind, Kind::Drop(drop) if drop.object == object && drop.if_exists
            && drop.names.iter().any(|dropped| dropped.name == name.name)
            && on.is_none_or(|on| drop.on.as_ref().is_none_or(|other| other.name == on.name)))
            // with the table all that is on it is gone
            || matches!((&earlier.kind, on), (Kind::Drop(drop), Some(on)) if drop.object == "TABLE" && drop.if_exists
                && drop.names.iter().any(|dropped| dropped.name == on.name))
            || matches!(&earlier.kind, Kind::Drop(drop) if drop.object == "SCHEMA" && drop.if_exists && drop.cascade
                && drop.names.iter().any(|dropped| Some(&dropped.name) == name.schema.as_ref()))
    })
}

fn with_clause(finding: &mut Draft, at: &At<'_>, statement: &Statement, place: usize, clause: &str) {
    let text = at.text(&statement.span);
    let Some(offset) = place
        .checked_sub(statement.span.start)
        .filter(|offset| *offset <= text.len())
    else {
        return;
    };
    let (Some(head), Some(tail)) = (text.get(..offset), text.get(offset..)) else {
        return;
    };
    // what is long is not pasted whole
    let tail = match tail.find('(') {
        Some(open) if tail.len() > 200 => format!("{} (…)", tail[..open].trim_end()),
        _ => tail.to_owned(),
    };
    finding.help(format!("{head}{clause} {tail};"));
    if !statement.in_block {
        finding.edit(place..place, format!("{clause} "));
    }
}

fn create_table(at: &At<'_>, statement: &Statement, create: &CreateTable, out: &mut Findings<'_>) {
    let object = if create.foreign { "FOREIGN TABLE" } else { "TABLE" };
    if create.if_not_exists || create.temporary || is_dropped_above(at, object, &create.name, None) {
        return;
    }
    let finding = out.report(
        &statement.span,
        format!("`CREATE {object} {}` fails when it is there already", create.name),
        WHY,
    );
    with_clause(finding, at, statement, create.clause_at, "IF NOT EXISTS");
}

fn create_index(at: &At<'_>, statement: &Statement, create: &CreateIndex, out: &mut Findings<'_>) {
    if create.if_not_exists || at.schema.table(&create.table).is_some_and(|table| table.temporary) {
        return;
    }
    let Some(name) = &create.name else {
        let columns: Vec<&str> = create
            .columns
            .iter()
            .map(|column| column.as_deref().unwrap_or("expr"))
            .collect();
        let name = quoted(&format!("{}_{}_idx", create.table.name, columns.join("_")));
        let unique = if create.unique { "UNIQUE " } else { "" };
        let concurrently = if create.concurrently { "CONCURRENTLY " } else { "" };
        out.report(
            &statement.span,
            "an index without a name comes once more with each run",
            "a second run builds a second one beside it",
        )
        .help(format!(
            "give it a name:\nCREATE {unique}INDEX {concurrently}IF NOT EXISTS {name} {};",
            create.rest
        ));
        return;
    };
    if is_dropped_above(at, "INDEX", name, Some(&create.table)) {
        return;
    }
    let finding = out.report(
        &statement.span,
        format!("`CREATE INDEX {name}` fails when it is there already"),
        WHY,
    );
    with_clause(finding, at, statement, create.clause_at, "IF NOT EXISTS");
}

fn alter_table(at: &At<'_>, statement: &Statement, alter: &AlterTable, out: &mut Findings<'_>) {
    let table = &alter.name;
    if at.schema.table(table).is_some_and(|table| table.temporary) {
        return;
    }
    for (span, action) in &alter.actions {
        if let Some((message, place, clause)) = missing_clause(action) {
            let text = at.text(span);
            let finding = out.report(span, message, WHY);
            let offset = place.saturating_sub(span.start);
            if let (Some(head), Some(tail)) = (text.get(..offset), text.get(offset..)) {
                finding.help(format!("ALTER TABLE {table} {head}{clause} {tail};"));
            }
            if !statement.in_block {
                finding.edit(place..place, format!("{clause} "));
            }
        } else if let Action::AddConstraint(constraint) = action {
            add_constraint(at, statement, alter, (span, constraint), out);
        } else if let Some((query, what)) = done_already(table, action) {
            renamed(at, statement, &query, &what, out);
        }
    }
}

/// What an action with a clause for it says without: the message, the place of the clause, the clause.
fn missing_clause(action: &Action) -> Option<(String, usize, &'static str)> {
    Some(match action {
        Action::AddColumn {
            if_not_exists: false,
            clause_at,
            column,
        } => (
            format!("`ADD COLUMN {}` fails when it is there already", column.name),
            *clause_at,
            "IF NOT EXISTS",
        ),
        Action::DropColumn {
            if_exists: false,
            clause_at,
            column,
            ..
        } => (
            format!("`DROP COLUMN {column}` fails when it is gone already"),
            *clause_at,
            "IF EXISTS",
        ),
        Action::DropConstraint {
            if_exists: false,
            clause_at,
            name,
            ..
        } => (
            format!("`DROP CONSTRAINT {name}` fails when it is gone already"),
            *clause_at,
            "IF EXISTS",
        ),
        _ => return None,
    })
}

/// For an action without a clause: the query that finds it done, and what it is called.
fn done_already(table: &Name, action: &Action) -> Option<(String, String)> {
    let table = literal(&table.written);
    let column = |name: &Name| {
        format!(
            "SELECT FROM pg_attribute WHERE attrelid = {table}::regclass AND attname = {}",
            literal(&name.name)
        )
    };
    Some(match action {
        Action::RenameTable(to) => (
            format!("SELECT FROM pg_class WHERE oid = to_regclass({})", literal(&to.written)),
            format!("`RENAME TO {to}`"),
        ),
        Action::RenameColumn { from, to } => (
            format!("{} AND NOT attisdropped", column(to)),
            format!("`RENAME {from}`"),
        ),
        Action::RenameConstraint { from, to } => (
            format!(
                "SELECT FROM pg_constraint WHERE conrelid = {table}::regclass AND conname = {}",
                literal(&to.name)
            ),
            format!("`RENAME CONSTRAINT {from}`"),
        ),
        Action::AddIdentity(name) => (
            format!("{} AND attidentity <> ''", column(name)),
            "`ADD GENERATED … AS IDENTITY`".to_owned(),
        ),
        Action::Attach(partition) => (
            format!(
                "SELECT FROM pg_inherits WHERE inhrelid = {}::regclass AND inhparent = {table}::regclass",
                literal(&partition.written)
            ),
            format!("`ATTACH PARTITION {partition}`"),
        ),
        _ => return None,
    })
}

fn add_constraint(
    at: &At<'_>,
    statement: &Statement,
    alter: &AlterTable,
    (span, constraint): (&Span, &Constraint),
    out: &mut Findings<'_>,
) {
    let table = &alter.name;
    let known = constraint
        .name
        .as_ref()
        .map_or_else(|| default_name(&table.name, &constraint.kind), |name| name.name.clone());
    if is_constraint_dropped_above(at, statement, alter, &known) {
        return;
    }
    let text = at.text(span);
    let text = match (&constraint.name, text.split_once(char::is_whitespace)) {
        // the guard has to know the name
        (None, Some((add, rest))) => format!("{add} CONSTRAINT {} {}", quoted(&known), rest.trim_start()),
        _ => text.to_owned(),
    };
    let add = format!("ALTER TABLE {table}\n    {text}");
    out.report(
        span,
        format!("constraint `{known}` fails when it is there already"),
        WHY,
    )
    .help(format!(
        "ask the catalog first:\n{}",
        unless_constraint(table, &known, &add)
    ));
}

/// A statement that a second run finds done, with the question that tells.
fn renamed(at: &At<'_>, statement: &Statement, query: &str, what: &str, out: &mut Findings<'_>) {
    out.report(&statement.span, format!("{what} fails when it is done already"), WHY)
        .help(format!(
            "ask the catalog first:\n{}",
            unless(query, at.text(&statement.span))
        ));
}

fn is_constraint_dropped_above(at: &At<'_>, statement: &Statement, alter: &AlterTable, name: &str) -> bool {
    let drops = |other: &AlterTable| {
        other.name.name == alter.name.name
            && other.actions.iter().any(|(_, action)| {
                matches!(action, Action::DropConstraint { name: dropped, if_exists: true, .. } if dropped.name == name)
            })
    };
    let same = matches!(&statement.kind, Kind::AlterTable(own) if drops(own));
    same || at.earlier().iter().any(|earlier| match &earlier.kind {
        Kind::AlterTable(other) => drops(other),
        Kind::Drop(drop) => {
            drop.object == "TABLE" && drop.if_exists && drop.names.iter().any(|n| n.name == alter.name.name)
        }
        // a table that the file makes, unless it is there, is a matter of its own
        _ => false,
    })
}

fn create_object(at: &At<'_>, statement: &Statement, create: &Create, out: &mut Findings<'_>) {
    if create.or_replace || create.if_not_exists {
        return;
    }
    let object = create.object;
    let Some(name) = &create.name else { return };
    if is_dropped_above(at, object, name, create.on.as_ref()) || is_temporary(at.text(&statement.span)) {
        return;
    }
    let finding = out.report(
        &statement.span,
        format!("`CREATE {object} {name}` fails when it is there already"),
        WHY,
    );
    match object {
        "VIEW" | "FUNCTION" | "PROCEDURE" | "AGGREGATE" | "RULE" | "LANGUAGE" | "TRANSFORM" => {
            let text = at.text(&statement.span);
            let line = text.lines().next().unwrap_or(text);
            let rest = line.get("create".len()..).unwrap_or_default();
            finding.help(format!("CREATE OR REPLACE{rest} …"));
            if !statement.in_block {
                finding.edit(create.replace_at..create.replace_at, " OR REPLACE");
            }
        }
        "SCHEMA" | "SEQUENCE" | "EXTENSION" | "MATERIALIZED VIEW" | "SERVER" | "STATISTICS" | "COLLATION"
        | "FOREIGN TABLE" | "USER MAPPING" => with_clause(finding, at, statement, create.clause_at, "IF NOT EXISTS"),
        "TRIGGER" => {
            let on = create.on.as_ref().map_or("…", |on| on.written.as_str());
            finding.help(format!(
                "drop it first:\nDROP TRIGGER IF EXISTS {name} ON {on};\n{};",
                at.text(&statement.span)
            ));
        }
        "POLICY" => {
            let on = create.on.as_ref().map_or("…", |on| on.written.as_str());
            finding.help(format!(
                "drop it first, in this file:\nDROP POLICY IF EXISTS {name} ON {on};\n{};",
                at.text(&statement.span)
            ));
        }
        "TYPE" | "DOMAIN" => {
            let query = format!("SELECT FROM pg_type WHERE oid = to_regtype({})", literal(&name.written));
            finding.help(format!(
                "ask the catalog first:\n{}",
                unless(&query, at.text(&statement.span))
            ));
        }
        "ROLE" | "USER" | "GROUP" => {
            let query = format!("SELECT FROM pg_roles WHERE rolname = {}", literal(&name.name));
            finding.help(format!(
                "ask the catalog first:\n{}",
                unless(&query, at.text(&statement.span))
            ));
        }
        "PUBLICATION" => {
            let query = format!("SELECT FROM pg_publication WHERE pubname = {}", literal(&name.name));
            finding.help(format!(
                "ask the catalog first:\n{}",
                unless(&query, at.text(&statement.span))
            ));
        }
        _ => {
            finding.help(format!(
                "put `DROP {object} IF EXISTS {name}` above it, or a DO block that asks the catalog around it"
            ));
        }
    }
}

fn is_temporary(text: &str) -> bool {
    let mut words = text.split_whitespace().skip(1);
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("temp") || word.eq_ignore_ascii_case("temporary"))
}

fn drop_object(statement: &Statement, drop: &Drop, out: &mut Findings<'_>) {
    if drop.if_exists || drop.object == "OWNED" {
        return;
    }
    let object = drop.object;
    let names: Vec<&str> = drop.names.iter().map(|name| name.written.as_str()).collect();
    let names = names.join(", ");
    let concurrently = if drop.concurrently { "CONCURRENTLY " } else { "" };
    let on = drop.on.as_ref().map_or_else(String::new, |on| format!(" ON {on}"));
    let finding = out.report(
        &statement.span,
        format!("`DROP {object} {names}` fails when it is gone already"),
        WHY,
    );
    finding.help(format!("DROP {object} {concurrently}IF EXISTS {names}{on};"));
    if !statement.in_block {
        finding.edit(drop.clause_at..drop.clause_at, "IF EXISTS ");
    }
}

fn alter_object(at: &At<'_>, statement: &Statement, alter: &Alter, out: &mut Findings<'_>) {
    let Some(name) = &alter.name else { return };
    match &alter.what {
        AlterWhat::AddValue {
            if_not_exists: false,
            clause_at,
            value,
        } => {
            let finding = out.report(
                &statement.span,
                format!("`ADD VALUE '{value}'` fails when it is there already"),
                WHY,
            );
            with_clause(finding, at, statement, *clause_at, "IF NOT EXISTS");
        }
        AlterWhat::RenameTo(to) => {
            let to_written = match &name.schema {
                Some(schema) => format!("{}.{}", quoted(schema), to.written),
                None => to.written.clone(),
            };
            let query = match alter.object {
                "INDEX" | "VIEW" | "MATERIALIZED VIEW" | "SEQUENCE" => {
                    format!("SELECT FROM pg_class WHERE oid = to_regclass({})", literal(&to_written))
                }
                "TYPE" | "DOMAIN" => format!("SELECT FROM pg_type WHERE oid = to_regtype({})", literal(&to_written)),
                "SCHEMA" => format!("SELECT FROM pg_namespace WHERE nspname = {}", literal(&to.name)),
                "ROLE" | "USER" => format!("SELECT FROM pg_roles WHERE rolname = {}", literal(&to.name)),
                _ => return,
            };
            renamed(at, statement, &query, &format!("`RENAME TO {to}`"), out);
        }
        AlterWhat::RenameValue { to, .. } => {
            let query = format!(
                "SELECT FROM pg_enum WHERE enumtypid = {}::regtype AND enumlabel = {}",
                literal(&name.written),
                literal(to)
            );
            renamed(at, statement, &query, "`RENAME VALUE`", out);
        }
        _ => {}
    }
}

fn insert_rows(at: &At<'_>, statement: &Statement, insert: &Insert, out: &mut Findings<'_>) {
    if insert.on_conflict || insert.source == Source::GuardedSelect {
        return;
    }
    let table = &insert.table;
    if at.schema.table(table).is_some_and(|table| table.temporary) || is_emptied_above(at, table) {
        return;
    }
    out.report(
        &statement.span,
        format!("a second run inserts the rows of `{table}` again"),
        "they are there twice then, or the file fails on a key",
    )
    .help(
        "add `ON CONFLICT DO NOTHING` where a key tells the rows apart, else `INSERT … SELECT … WHERE NOT EXISTS (…)`",
    );
}

/// Whether the file took the rows out before it puts them in.
fn is_emptied_above(at: &At<'_>, table: &Name) -> bool {
    at.earlier().iter().any(|earlier| match &earlier.kind {
        Kind::Truncate { tables, .. } => tables.iter().any(|other| other.name == table.name),
        Kind::Change(change) => change.verb == "DELETE" && change.table.name == table.name,
        Kind::Drop(drop) => drop.object == "TABLE" && drop.names.iter().any(|other| other.name == table.name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, found, one, silent};
    use super::RULE;

    #[test]
    fn what_has_a_clause_gets_it() {
        for (sql, with) in [
            ("CREATE TABLE t (a int);", "CREATE TABLE IF NOT EXISTS t (a int);"),
            (
                "CREATE UNIQUE INDEX i ON t (a);",
                "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a);",
            ),
            (
                "ALTER TABLE t ADD COLUMN a int, ADD b int;",
                "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ADD IF NOT EXISTS b int;",
            ),
            (
                "ALTER TABLE t DROP COLUMN a, DROP CONSTRAINT c;",
                "ALTER TABLE t DROP COLUMN IF EXISTS a, DROP CONSTRAINT IF EXISTS c;",
            ),
            ("DROP TABLE a, b;", "DROP TABLE IF EXISTS a, b;"),
            ("DROP FUNCTION f(int);", "DROP FUNCTION IF EXISTS f(int);"),
            ("CREATE VIEW v AS SELECT 1;", "CREATE OR REPLACE VIEW v AS SELECT 1;"),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
                "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            ),
            ("CREATE EXTENSION pgcrypto;", "CREATE EXTENSION IF NOT EXISTS pgcrypto;"),
            ("CREATE SCHEMA s;", "CREATE SCHEMA IF NOT EXISTS s;"),
            ("CREATE SEQUENCE s;", "CREATE SEQUENCE IF NOT EXISTS s;"),
            (
                "CREATE MATERIALIZED VIEW v AS SELECT 1;",
                "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1;",
            ),
            (
                "ALTER TYPE e ADD VALUE 'x';",
                "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x';",
            ),
        ] {
            assert_eq!(fixed(&RULE, &[sql]), with);
            silent(&RULE, &[with]);
        }
    }

    #[test]
    fn what_has_none_is_guarded_by_the_catalog() {
        for (sql, help) in [
            (
                "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
                "WHERE conrelid = 't'::regclass AND conname = 'c'",
            ),
            ("ALTER TABLE t ADD UNIQUE (a);", "ADD CONSTRAINT t_a_key UNIQUE (a);"),
            (
                "CREATE TYPE s.e AS ENUM ('a');",
                "SELECT FROM pg_type WHERE oid = to_regtype('s.e')",
            ),
            (
                "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
                "DROP TRIGGER IF EXISTS x ON t;",
            ),
            ("CREATE POLICY p ON t USING (true);", "DROP POLICY IF EXISTS p ON t;"),
            ("CREATE ROLE r;", "SELECT FROM pg_roles WHERE rolname = 'r'"),
            ("ALTER TABLE t RENAME COLUMN a TO b;", "attname = 'b'"),
            (
                "CREATE INDEX ON t (a, lower(b));",
                "CREATE INDEX IF NOT EXISTS t_a_expr_idx ON t (a, lower(b));",
            ),
            ("INSERT INTO t VALUES (1);", "ON CONFLICT DO NOTHING"),
            ("INSERT INTO t SELECT 1;", "WHERE NOT EXISTS"),
        ] {
            let finding = one(&RULE, &[sql]);
            assert!(finding.help.contains(help), "{sql}: {}", finding.help);
        }
    }

    #[test]
    fn guards_are_seen() {
        for sql in [
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'e') THEN CREATE TYPE e AS ENUM ('a'); END IF; END $$;",
            "DO $$ BEGIN CREATE TYPE e AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
            "DROP TRIGGER IF EXISTS x ON t; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
            "DROP POLICY IF EXISTS p ON t; CREATE POLICY p ON t USING (true);",
            "DROP TYPE IF EXISTS e; CREATE TYPE e AS ENUM ('a');",
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS c, ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
            "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING;",
            "INSERT INTO t SELECT 1 WHERE NOT EXISTS (SELECT FROM t);",
            "CREATE TEMP TABLE x (a int); CREATE INDEX ON x (a); INSERT INTO x VALUES (1);",
            "DELETE FROM t WHERE a = 1; INSERT INTO t VALUES (1);",
            "ALTER TABLE t ALTER COLUMN a SET NOT NULL, ENABLE ROW LEVEL SECURITY; COMMENT ON TABLE t IS 'x'; GRANT SELECT ON t TO r;",
        ] {
            silent(&RULE, &[sql]);
        }
        assert_eq!(found(&RULE, &["DROP TRIGGER IF EXISTS x ON u; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"]).len(), 1);
    }
}
