//! Foreign keys narrower than what they refer to.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Constraint, ConstraintKind, Kind, Name};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "fk-type-mismatch",
    level: Level::Warning,
    summary: "a foreign key column narrower than the key that it refers to",
    page: "\
## What it catches

A foreign key column of `integer` or `smallint` (or a shorter `varchar`) that refers to a `bigint` (or a longer one).

## Why

It works until the key grows past what the column holds: then every insert fails with `integer out of range`, and widening the column rewrites the table.

## Instead

The type of the key:

    user_id bigint REFERENCES users (id)

PostgreSQL: <https://www.postgresql.org/docs/current/datatype-numeric.html>
",
    check: Check::File(check),
};

fn check(at: &At<'_>, out: &mut Findings<'_>) {
    for statement in &at.parsed.statements {
        match &statement.kind {
            Kind::CreateTable(create) => {
                let inline = create.columns.iter().flat_map(|column| &column.constraints);
                inline
                    .chain(&create.constraints)
                    .for_each(|constraint| look(at, &create.name, constraint, out));
            }
            Kind::AlterTable(alter) => {
                for (_, action) in &alter.actions {
                    match action {
                        Action::AddConstraint(constraint) => look(at, &alter.name, constraint, out),
                        Action::AddColumn { column, .. } => {
                            column
                                .constraints
                                .iter()
                                .for_each(|constraint| look(at, &alter.name, constraint, out));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn look(at: &At<'_>, table: &Name, constraint: &Constraint, out: &mut Findings<'_>) {
    let ConstraintKind::ForeignKey {
        columns,
        table: to,
        to: to_columns,
    } = &constraint.kind
    else {
        return;
    };
    if !at.schema.knows(table) || !at.schema.knows(to) {
        return;
    }
    let (Some(own), Some(other)) = (at.schema.table(table), at.schema.table(to)) else {
        return;
    };
    let keys = if to_columns.is_empty() {
        other.primary_key().unwrap_or_default()
    } else {
        to_columns.iter().map(|column| column.name.clone()).collect()
    };
    for (column, key) in columns.iter().zip(&keys) {
        let (Some(own), Some(key)) = (own.column(&column.name), other.column(key)) else {
            continue;
        };
        let (Some(mine), Some(theirs)) = (width(&own.ty.name), width(&key.ty.name)) else {
            continue;
        };
        if mine < theirs {
            let wide = ["smallint", "integer", "bigint"][theirs];
            out.report(
                &constraint.span,
                format!(
                    "`{column}` is {}, and refers to `{}` of `{to}`, which is {wide}",
                    own.ty.written, key.name
                ),
                "once the key grows past it every insert fails, and widening the column rewrites the table",
            )
            .help(format!("{column} {wide}"));
        }
    }
}

fn width(name: &str) -> Option<usize> {
    Some(match name {
        "smallint" | "smallserial" => 0,
        "integer" | "serial" => 1,
        "bigint" | "bigserial" => 2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const USERS: &str = "CREATE TABLE users (id bigserial PRIMARY KEY);";

    #[test]
    fn a_narrower_column_is_found() {
        let finding = one(&RULE, &[USERS, "CREATE TABLE o (user_id int REFERENCES users);"]);
        assert_eq!(
            finding.message,
            "`user_id` is int, and refers to `id` of `users`, which is bigint"
        );
        one(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (a smallint);",
                "ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES users (id) NOT VALID;",
            ],
        );
    }

    #[test]
    fn the_same_width_or_more_is_right() {
        silent(
            &RULE,
            &[
                USERS,
                "CREATE TABLE o (user_id int8 REFERENCES users (id), b text REFERENCES unknown);",
            ],
        );
        silent(
            &RULE,
            &["CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p bigint REFERENCES p);"],
        );
    }
}
