//! The checks that hold for every database.

use std::fmt::Write as _;

use dbtask_rules::{MigrationFile, MigrationFolder, statements};
use dbtask_runner::{Error, Plan, SchemaHistory, SqlError, sql_error};
use serde_json::{Map, Value};

use super::{Outcome, Report, Runner, shorten};

const INVALID_INDEXES: &str = include_str!("builtin/invalid_indexes.sql");
const UNVALIDATED: &str = include_str!("builtin/unvalidated.sql");
const SEQUENCES: &str = include_str!("builtin/sequences.sql");

/// How many sequences one query looks at.
const BATCH: usize = 50;

pub(super) fn run(
    runner: &Runner<'_>,
    folder: &MigrationFolder,
    history: &SchemaHistory,
) -> Result<Vec<Report>, Error> {
    let unvalidated = objects(runner, UNVALIDATED)?;
    let mut reports = vec![
        agreement(folder, history),
        invalid_indexes(runner)?,
        validated(&unvalidated, folder, history),
    ];
    // it reads whole tables, and what the open transaction did to them may keep everybody else out
    if !runner.within {
        reports.push(orphans(runner, &unvalidated));
    }
    reports.push(sequences(runner)?);
    Ok(reports)
}

/// The one that is not asked within a transaction.
pub(super) fn run_behind(runner: &Runner<'_>) -> Result<Report, Error> {
    Ok(orphans(runner, &objects(runner, UNVALIDATED)?))
}

fn report(name: &str, found: Vec<String>, help: &str) -> Report {
    let passed = found.is_empty();
    Report {
        name: name.to_owned(),
        file: None,
        outcome: if passed {
            Outcome::Passed
        } else {
            Outcome::Found(shorten(found))
        },
        note: None,
        help: (!passed).then(|| help.to_owned()),
    }
}

type Object = Map<String, Value>;

/// The rows of a query of ours over the catalog, which is small whatever the tables hold.
fn objects(runner: &Runner<'_>, sql: &str) -> Result<Vec<Object>, Error> {
    let failed = |e: &SqlError| sql_error("failed to read the catalog", e);
    let sql = format!("SELECT pg_catalog.row_to_json(r)::text FROM ({sql}) AS r");
    let rows = runner.session.query(&sql, &[]).map_err(|e| failed(&e))?;
    rows.iter()
        .map(|row| {
            let text: &str = row.try_get(0).map_err(|e| failed(&e))?;
            serde_json::from_str(text)
                .map_err(|e| Error::failed("the server's JSON cannot be read").cause(e.to_string()))
        })
        .collect()
}

fn text<'a>(object: &'a Object, column: &str) -> &'a str {
    object.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// What is pending is no contradiction: `db:status --check` speaks of that.
fn agreement(folder: &MigrationFolder, history: &SchemaHistory) -> Report {
    let plan = Plan::new(folder.files(), history);
    let edited = plan
        .divergent
        .iter()
        .map(|d| format!("`{}` was edited after it was applied", d.file.path()));
    let missing = plan
        .missing
        .iter()
        .map(|row| format!("version {} `{}` is applied, and has no file", row.version, row.name));
    let skipped = plan
        .out_of_order
        .iter()
        .map(|file| format!("`{}` was overtaken by a higher version", file.path()));
    report(
        "history and files agree",
        edited.chain(missing).chain(skipped).collect(),
        "`cargo xtask db:status --check` says how to mend it",
    )
}

fn invalid_indexes(runner: &Runner<'_>) -> Result<Report, Error> {
    let found = objects(runner, INVALID_INDEXES)?;
    let found = found
        .iter()
        .map(|o| format!("{} of {}", text(o, "index"), text(o, "table")));
    Ok(report(
        "no index is INVALID",
        found.collect(),
        "in a `-- dbtask:no-transaction` file: `DROP INDEX CONCURRENTLY IF EXISTS …`, then build it again",
    ))
}

/// A constraint that the newest file added NOT VALID is validated by the next one; those of earlier files were forgotten.
fn validated(unvalidated: &[Object], folder: &MigrationFolder, history: &SchemaHistory) -> Report {
    let newest = folder
        .files()
        .iter()
        .find(|file| Some(file.version()) == history.version());
    let to_come = folder
        .files()
        .iter()
        .filter(|file| Some(file.version()) > history.version());
    let texts: Vec<&str> = newest.into_iter().chain(to_come).map(MigrationFile::sql).collect();
    let is_spoken_of = |name: &str| texts.iter().any(|sql| statements::mentions(sql, name));
    let (waiting, left): (Vec<&Object>, Vec<_>) = unvalidated.iter().partition(|o| is_spoken_of(text(o, "name")));
    let found = left
        .iter()
        .map(|o| format!("{} of {}", text(o, "name"), text(o, "table")))
        .collect();
    let mut report = report(
        "no constraint of an earlier file is left NOT VALID",
        found,
        "in the next file: `ALTER TABLE … VALIDATE CONSTRAINT …`",
    );
    if !waiting.is_empty() {
        let names: Vec<&str> = waiting.iter().map(|o| text(o, "name")).collect();
        report.note = Some(format!("to be validated by the next file: {}", names.join(", ")));
    }
    report
}

/// Rows that contradict a constraint which is NOT VALID yet, each constraint in a query of its own.
fn orphans(runner: &Runner<'_>, unvalidated: &[Object]) -> Report {
    let (mut found, mut broken) = (Vec::new(), None);
    for constraint in unvalidated {
        let sql = text(constraint, "contradicting");
        if sql.is_empty() {
            continue;
        }
        let name = text(constraint, "name");
        match runner.rows(sql) {
            Ok(rows) => found.extend(
                shorten(rows)
                    .iter()
                    .map(|row| format!("{name} of {}: {row}", text(constraint, "table"))),
            ),
            Err(error) => {
                broken = broken.or_else(|| Some(runner.explain(&format!("no row contradicts {name}"), &error)));
            }
        }
    }
    let mut report = report(
        "no row contradicts a constraint that is NOT VALID yet",
        found,
        "clean these rows up before VALIDATE CONSTRAINT",
    );
    if let (Some(error), true) = (broken, report.passed()) {
        report.outcome = Outcome::Broken(error);
    }
    report
}

/// The next number of a sequence must not be in its column already.
fn sequences(runner: &Runner<'_>) -> Result<Report, Error> {
    let all = objects(runner, SEQUENCES)?;
    let is = |o: &Object, column: &str| o.get(column) == Some(&Value::Bool(true));
    let (fast, slow): (Vec<&Object>, Vec<_>) = all.iter().partition(|o| is(o, "fast"));
    let (readable, hidden): (Vec<&Object>, Vec<_>) = fast.into_iter().partition(|o| is(o, "readable"));
    let mut found: Vec<String> = hidden
        .iter()
        .map(|o| {
            format!(
                "{} and {} may not be read by this role",
                text(o, "sequence"),
                text(o, "table")
            )
        })
        .collect();
    let mut broken = None;
    for batch in readable.chunks(BATCH) {
        let parts: Vec<&str> = batch.iter().map(|o| text(o, "behind")).collect();
        match runner.rows(&parts.join("\nUNION ALL\n")) {
            Ok(rows) => found.extend(rows.iter().map(|row| behind(row))),
            Err(error) => broken = Some(runner.explain("every sequence is ahead of its column", &error)),
        }
    }
    let mut report = report(
        "every sequence is ahead of its column",
        found,
        "`SELECT setval('SEQUENCE', (SELECT max(COLUMN) FROM TABLE))`; a role that reads only needs SELECT on both",
    );
    if let (Some(error), true) = (broken, report.passed()) {
        report.outcome = Outcome::Broken(error);
    }
    if !slow.is_empty() {
        let mut note = "not looked at, for want of an index:".to_owned();
        for o in slow {
            let _ = write!(note, " {}.{}", text(o, "table"), text(o, "column"));
        }
        report.note = Some(note);
    }
    Ok(report)
}

/// A row of a sequence that is behind, in words.
fn behind(row: &str) -> String {
    let object: Object = serde_json::from_str(row).unwrap_or_default();
    let number = |column: &str| object.get(column).map(ToString::to_string).unwrap_or_default();
    format!(
        "{} gives {} next, and {} has {} already",
        text(&object, "sequence"),
        number("next"),
        text(&object, "column"),
        number("extreme")
    )
}
