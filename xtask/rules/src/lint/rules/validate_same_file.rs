//! Validating under the lock that `NOT VALID` was to keep short.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Action, Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "validate-same-file",
    level: Level::Error,
    summary: "a constraint validated in the file that added it `NOT VALID`",
    page: "\
## What it catches

`VALIDATE CONSTRAINT` in the same transaction as the `ADD CONSTRAINT … NOT VALID`, on a table that an earlier file created.

## Why

A lock lasts until the end of the transaction. `VALIDATE` alone reads the table under SHARE UPDATE EXCLUSIVE, and everybody goes on; in the
same transaction it reads under the ACCESS EXCLUSIVE (or SHARE ROW EXCLUSIVE, for a foreign key) that adding took. The two steps are then one, and as bad.

## Instead

`VALIDATE CONSTRAINT` in the next file:

    ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;

PostgreSQL: <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Kind::AlterTable(alter) = &statement.kind else {
        return;
    };
    if !at.is_live(&alter.name) || !at.in_transaction() {
        return;
    }
    for (span, action) in &alter.actions {
        let Action::Validate(constraint) = action else { continue };
        let added_here = at.earlier().iter().chain([statement]).any(|earlier| {
            matches!(&earlier.kind, Kind::AlterTable(other) if other.name.name == alter.name.name
                && other.actions.iter().any(|(_, action)| matches!(action,
                    Action::AddConstraint(added) if added.not_valid
                        && added.name.as_ref().is_some_and(|name| name.name == constraint.name))))
        });
        if added_here {
            out.report(
                span,
                format!("`{constraint}` is validated in the file that adds it"),
                "the lock that adding took lasts until the end of the file: the whole table is read under it",
            )
            .help(format!(
                "put it into the next file:\nALTER TABLE {} VALIDATE CONSTRAINT {constraint};",
                alter.name
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    const TABLE: &str = "CREATE TABLE t (a int);";
    const ADD: &str = "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;";
    const VALIDATE: &str = "ALTER TABLE t VALIDATE CONSTRAINT c;";

    #[test]
    fn the_two_steps_are_two_files() {
        one(&RULE, &[TABLE, &format!("{ADD} {VALIDATE}")]);
        one(
            &RULE,
            &[
                TABLE,
                &format!("DO $$ BEGIN IF true THEN {ADD} END IF; END $$; {VALIDATE}"),
            ],
        );
        silent(&RULE, &[TABLE, ADD, VALIDATE]);
    }

    #[test]
    fn apart_from_a_transaction_they_are_apart() {
        silent(&RULE, &[TABLE, &format!("-- dbtask:no-transaction\n{ADD} {VALIDATE}")]);
        silent(&RULE, &[&format!("{TABLE} {ADD} {VALIDATE}")]);
    }
}
