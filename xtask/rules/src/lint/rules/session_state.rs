//! What a file does to its session.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Call, Kind, Session, Statement};
use crate::lint::finding::Level;
use crate::lint::parse::ProblemKind;

pub(super) const RULE: Rule = Rule {
    name: "session-state",
    level: Level::Error,
    summary: "what outlives the file or only psql understands: `SET` without `LOCAL`, `\\` commands, `COPY FROM STDIN`",
    page: "\
## What it catches

`SET` and `set_config(…, false)` without `LOCAL`, `SET ROLE`, `SET SESSION AUTHORIZATION`, `DISCARD`, `LISTEN`, `PREPARE`, `pg_advisory_unlock_all()`; psql's own
commands (`\\connect`, `\\i`); and `COPY … FROM STDIN`, whose rows only psql sends. In a file with `-- dbtask:no-transaction`, where `SET LOCAL` does nothing, `SET` is right.

## Why

What a file sets for its session reaches whatever comes after it there: the next file, the history row, with psql the rest of the release. `search_path`
set to nothing is the usual one, at the head of what pg_dump writes. psql's commands are a syntax error to the server.

## Instead

`SET LOCAL`, which ends with the file:

    SET LOCAL statement_timeout = '30s';

Rows: `INSERT … ON CONFLICT DO NOTHING`, or a script.

PostgreSQL: <https://www.postgresql.org/docs/current/sql-set.html>
",
    check: Check::File(check),
};

const WHY: &str = "it outlives the file: whatever runs in the same session afterwards meets it";

fn check(at: &At<'_>, out: &mut Findings<'_>) {
    for problem in &at.parsed.problems {
        if problem.kind == ProblemKind::Backslash {
            let command = problem.message.split_whitespace().next().unwrap_or("\\");
            let why = "to the server it is a syntax error";
            out.report(&problem.span, format!("`{command}` is a command of psql's"), why)
                .help("take the line out");
        }
    }
    for statement in &at.parsed.statements {
        look(at, statement, out);
    }
}

fn look(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    match &statement.kind {
        Kind::CopyFromStdin(table) => {
            out.report(
                &statement.span,
                format!("the rows of `{table}` come from psql"),
                "nobody but psql sends the rows of `COPY … FROM STDIN`",
            )
            .help(format!(
                "write them as `INSERT INTO {table} … ON CONFLICT DO NOTHING`, or load them with a script"
            ));
        }
        Kind::Session(session) if at.in_transaction() && !is_local(session) => {
            let text = at.text(&statement.span);
            let finding = out.report(&statement.span, format!("`{}` outlives the file", head(session)), WHY);
            match session.clause_at {
                Some(place) => {
                    let local = text
                        .get(3..)
                        .map_or_else(String::new, |rest| format!("SET LOCAL{rest};"));
                    finding.help(format!("set it for this file alone:\n{local}"));
                    if !statement.in_block {
                        finding.edit(place..place, " LOCAL");
                    }
                }
                None => {
                    finding.help("take it out, or set what this file needs with `SET LOCAL`");
                }
            }
        }
        _ => {}
    }
    if at.in_transaction() {
        for call in statement.calls.iter().filter(|call| outlives(call)) {
            out.report(&call.span, format!("`{}` outlives the file", call.name), WHY)
                .help(match call.name.name.as_str() {
                    "set_config" => format!(
                        "set it for this file alone: `set_config({}, {}, true)`",
                        call.arguments.first().map_or("…", String::as_str),
                        call.arguments.get(1).map_or("…", String::as_str)
                    ),
                    _ => "take it out: the runner holds a lock of its own, which this releases".to_owned(),
                });
        }
    }
}

fn is_local(session: &Session) -> bool {
    session.local
        // these only take back what was set
        || session.verb == "RESET" || session.verb == "DEALLOCATE" || session.verb == "UNLISTEN"
        || session.verb == "SET" && session.parameter.is_none() && session.clause_at.is_none()
}

fn head(session: &Session) -> String {
    match &session.parameter {
        Some(parameter) => format!("{} {parameter}", session.verb),
        None => session.verb.clone(),
    }
}

fn outlives(call: &Call) -> bool {
    match call.name.name.as_str() {
        "set_config" => call
            .arguments
            .get(2)
            .is_some_and(|local| matches!(local.to_ascii_lowercase().as_str(), "false" | "'f'" | "'false'")),
        "pg_advisory_unlock_all" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, one, silent};
    use super::RULE;

    #[test]
    fn what_outlives_the_file_is_found() {
        for sql in [
            "SET search_path = '';",
            "SET ROLE owner;",
            "SET SESSION work_mem = '1GB';",
            "SELECT pg_catalog.set_config('search_path', '', false);",
            "SELECT pg_advisory_unlock_all();",
            "DISCARD ALL;",
            "LISTEN x;",
            "COPY t FROM STDIN;",
            "\\connect production\nSELECT 1;",
            "DO $$ BEGIN PERFORM set_config('a.b', 'c', false); END $$;",
        ] {
            one(&RULE, &[sql]);
        }
        assert_eq!(
            fixed(&RULE, &["SET lock_timeout = '1s';"]),
            "SET LOCAL lock_timeout = '1s';"
        );
    }

    #[test]
    fn what_ends_with_it_is_not() {
        for sql in [
            "SET LOCAL search_path = a;",
            "SELECT set_config('a.b', 'c', true);",
            "SET CONSTRAINTS ALL DEFERRED;",
            "RESET ALL;",
            "-- dbtask:no-transaction\nSET statement_timeout = 0;",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql SET search_path = '' AS 'SELECT 1';",
            "COPY t FROM '/tmp/x.csv';",
        ] {
            silent(&RULE, &[sql]);
        }
    }
}
