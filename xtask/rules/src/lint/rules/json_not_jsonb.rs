//! `json` where `jsonb` is meant.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Column, Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "json-not-jsonb",
    level: Level::Warning,
    summary: "a `json` column, which has no equality and no index",
    page: "\
## What it catches

A new column of type `json`.

## Why

`json` has no equality: `SELECT DISTINCT` and `GROUP BY` over it fail, also in a query that was there before the column; no index reaches into it, and
each access parses the text again. Changing the type later rewrites the table.

## Instead

    ALTER TABLE events ADD COLUMN IF NOT EXISTS payload jsonb;

`json` is right where the text has to come back byte for byte: then say so with `dbtask:allow(json-not-jsonb)`.

PostgreSQL: <https://www.postgresql.org/docs/current/datatype-json.html>
",
    check: Check::Statement(check),
};

fn check(_: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let columns: Vec<&Column> = match &statement.kind {
        Kind::CreateTable(create) if !create.temporary => create.columns.iter().collect(),
        Kind::AlterTable(alter) => {
            let added = alter.actions.iter().filter_map(|(_, action)| match action {
                Action::AddColumn { column, .. } => Some(column),
                _ => None,
            });
            added.collect()
        }
        _ => return,
    };
    for column in columns {
        if column.ty.name != "json" || column.ty.schema.is_some() {
            continue;
        }
        let array = if column.ty.array { "[]" } else { "" };
        out.report(
            &column.type_span,
            format!("`{}` is json, which has no equality and no index", column.name),
            "`SELECT DISTINCT` over it fails, each access parses the text, and changing it later rewrites the table",
        )
        .help(format!("{} jsonb{array}", column.name))
        .edit(column.type_span.clone(), format!("jsonb{array}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, one, silent};
    use super::RULE;

    #[test]
    fn json_becomes_jsonb() {
        assert_eq!(
            fixed(&RULE, &["CREATE TABLE t (a json NOT NULL);"]),
            "CREATE TABLE t (a jsonb NOT NULL);"
        );
        one(&RULE, &["ALTER TABLE t ADD COLUMN a JSON[];"]);
        silent(
            &RULE,
            &["CREATE TABLE t (a jsonb, b text); CREATE TEMP TABLE x (a json);"],
        );
    }
}
