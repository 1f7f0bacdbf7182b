//! What PostgreSQL would refuse.

use super::{At, Check, Findings, Rule};
use crate::lint::finding::Level;
use crate::lint::parse::ProblemKind;

pub(super) const RULE: Rule = Rule {
    name: "syntax",
    level: Level::Error,
    summary: "a statement that PostgreSQL cannot read",
    page: "\
## What it catches

Text that is no SQL: a typing error, a missing parenthesis, a statement that ends before it has begun (`ALTER TABLE t;`).
The bodies of SQL functions, of PL/pgSQL functions and of `DO` blocks are read too.

## Why

PostgreSQL refuses the whole file, and the deployment stops where it is.

## Instead

Correct the text at the caret. The parser knows the syntax of PostgreSQL 14 to 19; in the end only a server decides. Where
the parser is wrong, say so above the statement:

    -- dbtask:allow(syntax): PostgreSQL 16 takes it

PostgreSQL: <https://www.postgresql.org/docs/current/sql-commands.html>
",
    check: Check::File(check),
};

fn check(at: &At<'_>, out: &mut Findings<'_>) {
    for problem in &at.parsed.problems {
        if problem.kind == ProblemKind::Syntax {
            out.report(
                &problem.span,
                format!("syntax error: {}", problem.message),
                "PostgreSQL refuses the file, and the deployment stops there",
            )
            .help("correct it, or look the statement up: `\\h` in psql, https://www.postgresql.org/docs/current/sql-commands.html");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, one, silent};
    use super::RULE;

    #[test]
    fn an_error_has_its_line_and_column() {
        let finding = one(&RULE, &["SELECT 1;\nCREATE TABLE t (\n    id bigint,,\n);"]);
        assert_eq!((finding.start.line, finding.start.column), (3, 15), "{finding:#?}");
    }

    #[test]
    fn one_statement_spoils_no_other() {
        assert_eq!(found(&RULE, &["SELEC 1; SELECT 2; DROP TABLE; SELECT 3"]).len(), 2);
    }

    #[test]
    fn bodies_are_read() {
        one(
            &RULE,
            &["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELEC 1 $$;"],
        );
        one(
            &RULE,
            &["CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETRUN 1; END $$;"],
        );
        let finding = one(&RULE, &["DO $$\nBEGIN\n  ALTER TABEL t ADD a int;\nEND\n$$;"]);
        assert_eq!(finding.start.line, 3);
        silent(
            &RULE,
            &["CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS $$ return 1 $$;"],
        );
    }
}
