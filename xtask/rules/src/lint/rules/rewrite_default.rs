//! Columns whose arrival rewrites the table.

use super::check_not_valid::strip_add;
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Column, Generated, Kind, Name, Statement, Volatility};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "rewrite-default",
    level: Level::Error,
    summary: "a column that rewrites a table in use: a volatile default, serial, identity, `GENERATED … STORED`",
    page: "\
## What it catches

On a table that an earlier file created: `ADD COLUMN` with a default that is another one for each row (`gen_random_uuid()`, `random()`,
`clock_timestamp()`, `nextval()`), with `serial` or an identity, with `GENERATED … STORED`, or of a domain that checks its values; and `SET TABLESPACE`,
`SET LOGGED`, `SET ACCESS METHOD`, `CLUSTER`. Functions of your own count as what the file that made them says, `VOLATILE` where it says nothing.

## Why

ACCESS EXCLUSIVE while the whole table is written anew, with all its indexes: nobody reads, nobody writes. A constant default, and `now()`, which is
one value for the whole statement, are kept beside the table and rewrite nothing.

## Instead

The column empty, its default for new rows, then a backfill in batches for old ones:

    ALTER TABLE users ADD COLUMN IF NOT EXISTS token uuid;
    ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
",
    check: Check::Statement(check),
};

const WHY: &str = "it takes ACCESS EXCLUSIVE for as long as it takes to write the table and all its indexes anew";

/// The functions of PostgreSQL and its extensions that are volatile and are seen in defaults
/// (`pg_proc.provolatile = 'v'`).
const VOLATILE: [&str; 14] = [
    "clock_timestamp",
    "gen_random_bytes",
    "gen_random_uuid",
    "nextval",
    "random",
    "setseed",
    "timeofday",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuid_generate_v7",
    "uuidv4",
    "uuidv7",
    "gen_ulid",
];

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::AlterTable(alter) if at.is_live(&alter.name) => {
            for (span, action) in &alter.actions {
                match action {
                    Action::AddColumn { column, .. } => report(at, &alter.name, column, out),
                    Action::Rewrite(words) => {
                        out.report(span, format!("`{words}` writes the whole of `{}` anew", alter.name), WHY)
                            .help("do it in a maintenance window, or with a tool that copies the table beside the old one (pg_repack)");
                    }
                    _ => {}
                }
            }
        }
        Kind::Cluster(Some(table)) if at.is_live(table) => {
            out.report(
                &statement.span,
                format!("`CLUSTER` writes the whole of `{table}` anew"),
                WHY,
            )
            .help("do it in a maintenance window, or with a tool that copies the table beside the old one (pg_repack)");
        }
        _ => {}
    }
}

fn report(at: &At<'_>, table: &Name, column: &Column, out: &mut Findings<'_>) {
    let Some(cause) = cause(at, column) else { return };
    let name = &column.name;
    let message = format!("`{name}` rewrites the whole of `{table}`: {cause}");
    let ty = column.ty.written.to_ascii_lowercase();
    let plain = match column.ty.name.as_str() {
        "serial" => "integer",
        "bigserial" => "bigint",
        "smallserial" => "smallint",
        _ => &ty,
    };
    let empty = format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {plain};");
    let help = match &column.default {
        Some(default) => format!(
            "empty first, with the default for new rows, then a backfill in batches:\n{empty}\nALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {};",
            default.written
        ),
        None if column.generated == Generated::Stored => {
            format!("empty, kept by the service or a trigger in new rows, then a backfill in batches:\n{empty}")
        }
        None if column.identity || column.ty.name.ends_with("serial") => format!(
            "empty first, numbered by a sequence in new rows, then a backfill in batches:\n{empty}\nCREATE SEQUENCE IF NOT EXISTS {table}_{name}_seq \
             OWNED BY {table}.{name};\nALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval('{table}_{name}_seq');"
        ),
        None => format!(
            "the column with the domain's base type, then its check as a constraint of the table, NOT VALID:\nALTER TABLE {table} ADD COLUMN IF NOT EXISTS {};",
            strip_add(at.text(&column.span))
        ),
    };
    out.report(&column.span, message, WHY).help(help);
}

fn cause(at: &At<'_>, column: &Column) -> Option<String> {
    if let Some(call) = column
        .default
        .iter()
        .flat_map(|default| &default.calls)
        .find(|call| is_volatile(at, call))
    {
        return Some(format!("`{}()` is another value for each row", call.written));
    }
    let ty = Name {
        schema: column.ty.schema.clone(),
        name: column.ty.name.clone(),
        written: String::new(),
    };
    if column.identity {
        Some("each row gets its number".to_owned())
    } else if column.ty.name.ends_with("serial") {
        Some(format!("`{}` numbers each row", column.ty.name))
    } else if column.generated == Generated::Stored {
        Some("a stored column is computed for each row".to_owned())
    } else if at.schema.is_checking_domain(&ty) {
        Some(format!("the domain `{}` checks each row", column.ty.written))
    } else {
        None
    }
}

fn is_volatile(at: &At<'_>, call: &Name) -> bool {
    match at.schema.volatility(&call.name) {
        Some(volatility) => volatility == Volatility::Volatile,
        None => VOLATILE.contains(&call.name.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int); CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                         CREATE FUNCTION steady() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN d AS int CHECK (VALUE > 0);";

    #[test]
    fn what_is_another_value_for_each_row_rewrites() {
        for sql in [
            "ALTER TABLE t ADD COLUMN b uuid DEFAULT gen_random_uuid();",
            "ALTER TABLE t ADD COLUMN b uuid NOT NULL DEFAULT public.uuid_generate_v4();",
            "ALTER TABLE t ADD COLUMN b bigserial;",
            "ALTER TABLE t ADD COLUMN b bigint GENERATED ALWAYS AS IDENTITY;",
            "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) STORED;",
            "ALTER TABLE t ADD COLUMN b int DEFAULT mine();",
            "ALTER TABLE t ADD COLUMN b d;",
            "ALTER TABLE t SET UNLOGGED;",
            "CLUSTER t USING i;",
        ] {
            one(&RULE, &[TABLE, sql]);
        }
        let finding = one(&RULE, &[TABLE, "ALTER TABLE t ADD b uuid DEFAULT gen_random_uuid();"]);
        assert!(finding.help.ends_with("ALTER TABLE t ADD COLUMN IF NOT EXISTS b uuid;\nALTER TABLE t ALTER COLUMN b SET DEFAULT gen_random_uuid();"), "{}", finding.help);
    }

    #[test]
    fn one_value_for_all_rewrites_nothing() {
        for sql in [
            "ALTER TABLE t ADD COLUMN b timestamptz NOT NULL DEFAULT now();",
            "ALTER TABLE t ADD COLUMN b int NOT NULL DEFAULT 5;",
            "ALTER TABLE t ADD COLUMN b int DEFAULT steady();",
            "ALTER TABLE t ADD COLUMN b int DEFAULT from_an_extension();",
            "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) VIRTUAL;",
            "CREATE TABLE u (a int); ALTER TABLE u ADD COLUMN b bigserial;",
        ] {
            silent(&RULE, &[TABLE, sql]);
        }
    }
}
