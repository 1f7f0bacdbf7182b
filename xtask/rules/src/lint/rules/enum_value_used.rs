//! A new enum value, used before it is committed.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{AlterWhat, Kind, Name, Statement, Text};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "enum-value-used",
    level: Level::Error,
    summary: "a value added to an enum and used in the same file",
    page: "\
## What it catches

`ALTER TYPE … ADD VALUE 'x'` of an enum that an earlier file created, and `'x'` used as a value of it later in the same file: cast to it, or in a statement on
a table that has a column of it.

## Why

PostgreSQL refuses: `unsafe use of new value … of enum type`. A new value can be used once it is committed.

## Instead

`ADD VALUE` in one file, and what uses the value in the next:

    ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine';

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    if !at.in_transaction() {
        return;
    }
    for earlier in at.earlier() {
        let Kind::Alter(alter) = &earlier.kind else { continue };
        let (Some(name), AlterWhat::AddValue { value, .. }) = (&alter.name, &alter.what) else {
            continue;
        };
        // of a type that this transaction made, all values are safe
        if at.schema.enum_created(name) == Some(at.schema.file()) {
            continue;
        }
        let used = statement
            .strings
            .iter()
            .find(|text| text.value == *value && is_of(at, statement, text, name));
        if let Some(text) = used {
            out.report(
                &text.span,
                format!("'{value}' is used in the file that adds it to `{name}`"),
                "PostgreSQL refuses it: `unsafe use of new value`; it can be used once it is committed",
            )
            .help(format!(
                "put this statement into the next file:\n{};",
                at.text(&statement.span)
            ));
        }
    }
}

/// Whether the string is a value of the enum, as far as can be told for certain.
fn is_of(at: &At<'_>, statement: &Statement, text: &Text, name: &Name) -> bool {
    match &text.cast {
        Some(cast) => cast.name == name.name,
        None => statement
            .relations
            .iter()
            .filter_map(|relation| at.schema.table(relation))
            .any(|table| table.columns.iter().any(|column| column.ty.name == name.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TYPE: &str = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood); CREATE TABLE u (a text);";
    const ADD: &str = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine';";

    #[test]
    fn a_new_value_waits_for_the_next_file() {
        for sql in [
            "UPDATE t SET m = 'fine' WHERE m = 'sad';",
            "INSERT INTO t VALUES ('fine');",
            "SELECT 'fine'::mood;",
            "ALTER TABLE t ALTER COLUMN m SET DEFAULT 'fine';",
        ] {
            one(&RULE, &[TYPE, &format!("{ADD} {sql}")]);
            silent(&RULE, &[TYPE, ADD, sql]);
            silent(&RULE, &[TYPE, &format!("-- dbtask:no-transaction\n{ADD} {sql}")]);
        }
    }

    #[test]
    fn a_string_that_may_be_anything_is_none() {
        silent(&RULE, &[TYPE, &format!("{ADD} UPDATE u SET a = 'fine';")]);
        silent(
            &RULE,
            &[TYPE, &format!("{ADD} ALTER TYPE mood ADD VALUE 'good' AFTER 'fine';")],
        );
        silent(
            &RULE,
            &["CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b'; SELECT 'b'::e;"],
        );
    }
}
