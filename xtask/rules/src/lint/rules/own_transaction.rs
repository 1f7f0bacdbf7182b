//! Transactions of a file's own.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Kind, Statement};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "own-transaction",
    level: Level::Error,
    summary: "`BEGIN`, `COMMIT` or `ROLLBACK` in a file",
    page: "\
## What it catches

`BEGIN`, `START TRANSACTION`, `COMMIT`, `END`, `ROLLBACK`, `ABORT` and `PREPARE TRANSACTION`, also as statements of a `DO` block.

## Why

A file and its row in the history are one transaction. A `COMMIT` of the file's own leaves work applied that is not recorded;
a `ROLLBACK` reports success with the work lost. The runner refuses such a file before anything is written.

## Instead

Take them out. What has to be committed apart goes into a file of its own; what cannot run in a transaction goes into a file
whose first line is `-- dbtask:no-transaction`.

PostgreSQL: <https://www.postgresql.org/docs/current/sql-begin.html>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Kind::Transaction(word) = &statement.kind else {
        return;
    };
    let word = word.to_ascii_uppercase();
    let finding = out.report(
        &statement.span,
        format!("`{word}` in a file"),
        "the runner makes the file and its row in the history one transaction; with one of its own, work is applied and \
         not recorded, or recorded and lost",
    );
    finding.help(format!(
        "take `{word}` out; what has to be committed apart goes into a file of its own"
    ));
    if !statement.in_block {
        let mut range = statement.span.clone();
        let rest = at.file.sql.get(range.end..).unwrap_or_default();
        range.end += usize::from(rest.starts_with(';'));
        finding.edit(range, "");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, found, silent};
    use super::RULE;

    #[test]
    fn both_ends_are_found_and_can_be_taken_out() {
        assert_eq!(found(&RULE, &["BEGIN;\nSELECT 1;\nCOMMIT;"]).len(), 2);
        assert_eq!(fixed(&RULE, &["BEGIN;\nSELECT 1;\nEND;"]), "\nSELECT 1;\n");
        assert_eq!(
            found(&RULE, &["DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;"]).len(),
            1
        );
    }

    #[test]
    fn a_block_and_a_savepoint_are_none() {
        silent(
            &RULE,
            &["DO $$ BEGIN NULL; END $$; SAVEPOINT a; ROLLBACK TO a; RELEASE a;"],
        );
        silent(
            &RULE,
            &["CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;"],
        );
    }
}
