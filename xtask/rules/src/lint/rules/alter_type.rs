//! Type changes that rewrite the table.

use super::rewrite::{qualified, quoted};
use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, AlterTable, Kind, Name, Statement, Type};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "alter-type",
    level: Level::Error,
    summary: "a type change that rewrites a table in use",
    page: "\
## What it catches

`ALTER COLUMN … TYPE` on a table that an earlier file created, unless the old type is known from the files and PostgreSQL need not touch the rows:
`varchar(n)` to a longer one, to `varchar` or `text`; `text` to `varchar`; `numeric(p, s)` to more digits of the same scale, or to `numeric`; `varbit`, `timestamp`,
`timestamptz`, `time`, `interval` to a higher precision; `cidr` to `inet`. And any type change of a column that a view reads.

## Why

ACCESS EXCLUSIVE while the whole table is written anew, with all its indexes: nobody reads, nobody writes. `int` to `bigint` is such a change. Running
binaries, too, may not take the new type. Under a view PostgreSQL refuses the change, also one that would touch no row: `cannot alter type of a column used by
a view or rule`.

## Instead

A new column beside the old one, in steps: add it, let the service write both, backfill in batches, read the new one, drop the old one in a later release.

    ALTER TABLE orders ADD COLUMN IF NOT EXISTS id_new bigint;

Around a view, in one file: `DROP VIEW IF EXISTS`, the change, `CREATE VIEW` again, with its privileges.

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Kind::AlterTable(alter) = &statement.kind else {
        return;
    };
    under_view(at, statement, alter, out);
    if !at.is_live(&alter.name) {
        return;
    }
    for (span, action) in &alter.actions {
        let Action::SetType { column, ty, using } = action else {
            continue;
        };
        let old = old_type(at, &alter.name, column);
        if let Some(old) = old {
            let plain = using.as_deref().is_none_or(|using| is_plain_cast(using, column, ty));
            if plain && keeps_rows(old, ty) {
                continue;
            }
        } else if at.schema.table(&alter.name).is_some() && !at.schema.knows(&alter.name) {
            // dynamic SQL may have changed the type before
            continue;
        }
        let from = old.map_or_else(String::new, |old| format!(" from `{}`", old.written));
        let table = &alter.name;
        let new = format!("{}_new", column.name);
        out.report(
            span,
            format!("`{column}`{from} to `{}` writes the whole of `{table}` anew", ty.written),
            "it takes ACCESS EXCLUSIVE for as long as it takes to write the table and all its indexes anew",
        )
        .help(format!(
            "a new column beside the old one; the service writes both, a script fills old rows in batches, a later release drops `{column}`:\n\
             ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {} {};",
            quoted(&new),
            ty.written
        ));
    }
}

fn under_view(at: &At<'_>, statement: &Statement, alter: &AlterTable, out: &mut Findings<'_>) {
    for (span, action) in &alter.actions {
        let Action::SetType { column, .. } = action else {
            continue;
        };
        let Some(view) = at.schema.view_on(&alter.name, &column.name).map(qualified) else {
            continue;
        };
        out.report(
            span,
            format!("the type of `{column}` is changed while view `{view}` reads it"),
            "PostgreSQL refuses it: cannot alter type of a column used by a view or rule",
        )
        .help(format!(
            "in this order, in one file:\nDROP VIEW IF EXISTS {view};\n{};\nCREATE VIEW {view} AS …",
            at.text(&statement.span)
        ));
    }
}

fn old_type<'a>(at: &'a At<'_>, table: &Name, column: &Name) -> Option<&'a Type> {
    let known = at.schema.table(table).filter(|_| at.schema.knows(table))?;
    known.column(&column.name).map(|column| &column.ty)
}

/// `USING column::type` says what PostgreSQL does by itself.
fn is_plain_cast(using: &str, column: &Name, ty: &Type) -> bool {
    let squeezed = |text: &str| {
        text.chars()
            .filter(|c| !c.is_whitespace() && !"()\"".contains(*c))
            .collect::<String>()
    };
    let using = squeezed(using).to_lowercase();
    let column = squeezed(&column.written).to_lowercase();
    let ty = squeezed(&ty.written).to_lowercase();
    using == column || using == format!("{column}::{ty}") || using == format!("cast{column}as{ty}")
}

/// Whether PostgreSQL leaves the rows as they are. Measured by `relfilenode` on PostgreSQL 15.
fn keeps_rows(old: &Type, new: &Type) -> bool {
    if old.array != new.array || old.schema != new.schema {
        return false;
    }
    let (from, to) = (old.arguments.as_slice(), new.arguments.as_slice());
    // no longest length is longer than any
    let grows = || match (from.first(), to.first()) {
        (_, None) => true,
        (Some(from), Some(to)) => to >= from,
        (None, Some(_)) => false,
    };
    match (old.name.as_str(), new.name.as_str()) {
        ("varchar" | "text", "text") | ("cidr", "inet") => true,
        ("text", "varchar") => to.is_empty(),
        ("varchar", "varchar")
        | ("varbit", "varbit")
        | ("timestamp", "timestamp")
        | ("timestamptz", "timestamptz")
        | ("time", "time")
        | ("timetz", "timetz")
        | ("interval", "interval") => grows(),
        ("numeric", "numeric") => match (from, to) {
            (_, []) => true,
            ([], _) => false,
            (from, to) => to[0] >= from[0] && to.get(1).unwrap_or(&0) == from.get(1).unwrap_or(&0),
        },
        (from_name, to_name) => from_name == to_name && from == to,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    fn change(from: &str, to: &str) -> [String; 2] {
        [
            format!("CREATE TABLE t (a {from});"),
            format!("ALTER TABLE t ALTER COLUMN a TYPE {to};"),
        ]
    }

    #[test]
    fn what_was_measured_to_rewrite_is_found() {
        for (from, to) in [
            ("int", "bigint"),
            ("varchar(10)", "varchar(5)"),
            ("varchar", "varchar(10)"),
            ("numeric(10, 2)", "numeric(12, 3)"),
            ("text", "integer USING a::integer"),
            ("varchar(10)", "text USING upper(a)"),
            ("text", "text[] USING string_to_array(a, ',')"),
            ("timestamp", "timestamptz"),
            ("char(3)", "text"),
        ] {
            let [create, alter] = change(from, to);
            one(&RULE, &[&create, &alter]);
        }
        one(&RULE, &["ALTER TABLE older ALTER a TYPE bigint;"]);
    }

    const VIEWED: &str = "CREATE TABLE t (a varchar(10), b text, c text); CREATE TABLE u (a text, d text);";

    #[test]
    fn a_view_is_in_the_way() {
        let change = "ALTER TABLE t ALTER COLUMN a TYPE text;";
        for view in [
            "CREATE VIEW v AS SELECT a FROM t;",
            "CREATE VIEW v AS SELECT b FROM t WHERE t.a = 'x';",
            "CREATE MATERIALIZED VIEW v AS SELECT * FROM t;",
            "CREATE VIEW v AS SELECT x.b FROM (SELECT t.b, max(a) FROM t GROUP BY b) AS x;",
        ] {
            let finding = one(&RULE, &[VIEWED, view, change]);
            assert_eq!(finding.message, "the type of `a` is changed while view `v` reads it");
            one(&RULE, &[VIEWED, &format!("{view} {change}")]);
            let kind = if view.contains("MATERIALIZED") {
                "MATERIALIZED VIEW"
            } else {
                "VIEW"
            };
            silent(
                &RULE,
                &[VIEWED, view, &format!("DROP {kind} IF EXISTS v; {change} {view}")],
            );
        }
        one(
            &RULE,
            &[
                VIEWED,
                "CREATE VIEW v AS SELECT t.b FROM t JOIN u ON t.c = u.d;",
                "ALTER TABLE t RENAME c TO e;",
                "ALTER TABLE t ALTER e TYPE varchar;",
            ],
        );
    }

    #[test]
    fn a_view_that_need_not_read_the_column_is_not() {
        let change = "ALTER TABLE t ALTER COLUMN a TYPE text;";
        for view in [
            "CREATE VIEW v AS SELECT b, count(*) FROM t GROUP BY b;",
            "CREATE VIEW v AS SELECT u.a FROM t JOIN u ON t.b = u.d;",
            "CREATE VIEW v AS SELECT a FROM unknown, t;",
            "CREATE VIEW v AS SELECT f.a FROM t, f(t.b);",
            "CREATE VIEW v AS SELECT b AS a FROM t ORDER BY a;",
            "CREATE VIEW v AS SELECT a.b FROM t AS a;",
            "CREATE VIEW v AS SELECT a(b) FROM t;",
            "CREATE VIEW v AS SELECT x.* FROM (SELECT b FROM t) AS x;",
            "CREATE VIEW v AS SELECT a FROM t; DROP VIEW v;",
            "CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT b FROM t;",
            "CREATE VIEW w AS SELECT a FROM t; CREATE VIEW v AS SELECT * FROM w; DROP VIEW w CASCADE;",
        ] {
            silent(&RULE, &[VIEWED, view, change]);
        }
        let new = "ALTER TABLE t ADD COLUMN n varchar(10);";
        silent(
            &RULE,
            &[
                VIEWED,
                "CREATE VIEW v AS SELECT * FROM t;",
                new,
                "ALTER TABLE t ALTER n TYPE text;",
            ],
        );
    }

    #[test]
    fn what_was_measured_to_keep_the_rows_is_not() {
        for (from, to) in [
            ("varchar(10)", "varchar(20)"),
            ("varchar(10)", "text"),
            ("character varying(10)", "text USING a::text"),
            ("text", "varchar"),
            ("numeric(10, 2)", "numeric(12, 2)"),
            ("numeric(10, 2)", "numeric"),
            ("timestamptz(3)", "timestamptz"),
            ("int", "integer"),
            ("cidr", "inet"),
        ] {
            let [create, alter] = change(from, to);
            silent(&RULE, &[&create, &alter]);
        }
        silent(&RULE, &["CREATE TABLE t (a int); ALTER TABLE t ALTER a TYPE bigint;"]);
    }
}
