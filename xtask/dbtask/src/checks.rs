//! Read-only validation: queries that say whether a database is as it should be.
//!
//! A team's own lie in `migrations/checks/*.sql`, and not in the migration files: what holds of the data outlives the file
//! that brought it about, and may be said better later, while an applied file never changes. The rest are built in.
//!
//! A check is a query. It passes where it returns no row, or rows of a single boolean that are all true; every other row
//! says what is wrong. Each runs in a READ ONLY transaction of its own, which is rolled back, under a statement timeout; or,
//! before a file is committed, in a read-only subtransaction of the file's.

mod builtin;
mod file;

use std::time::Duration;

use dbtask_rules::MigrationFolder;
use dbtask_runner::{Error, Excerpt, SchemaHistory, Session, SqlError, SqlState, error_offset, sql_error};
use serde_json::Value;

pub(crate) use file::CheckFile;

use crate::output::duration;

/// How many rows are shown of what a check finds.
const SHOWN: usize = 5;

/// What stands before a check's query, so that its rows come as text whatever their types are, and behind it.
const BEFORE: &str = "SELECT pg_catalog.row_to_json(dbtask_row)::text FROM (\n";
const BEHIND: &str = "\n) AS dbtask_row LIMIT 6";

/// How a check ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// What it found, in words or as JSON objects; the last one may say that there are more.
    Found(Vec<String>),
    /// It could not be carried out.
    Broken(Error),
}

/// A check, and how it ended.
#[derive(Debug)]
pub(crate) struct Report {
    /// What holds when it passes.
    pub(crate) name: String,
    /// The file and the line of a team's own.
    pub(crate) file: Option<String>,
    pub(crate) outcome: Outcome,
    /// What was left out, if anything.
    pub(crate) note: Option<String>,
    /// What to do where it does not pass.
    pub(crate) help: Option<String>,
}

impl Report {
    pub(crate) fn passed(&self) -> bool {
        matches!(self.outcome, Outcome::Passed)
    }

    /// A line; below it what was found.
    pub(crate) fn describe(&self) -> String {
        let place = self.file.as_ref().map_or(String::new(), |file| format!("  {file}"));
        let state = if self.passed() { "ok" } else { "failed" };
        let mut lines = vec![format!("  {state:<6}  {}{place}", self.name)];
        match &self.outcome {
            Outcome::Passed => {}
            Outcome::Found(rows) => lines.extend(rows.iter().map(|row| format!("          {row}"))),
            Outcome::Broken(error) => lines.extend(error.to_string().lines().map(|line| format!("          {line}"))),
        }
        lines.extend(self.note.iter().map(|note| format!("          note: {note}")));
        lines.extend(self.help.iter().map(|help| format!("          help: {help}")));
        lines.join("\n")
    }
}

/// Runs all checks: the built-in ones, then the team's own in the order of their names.
pub(crate) fn run(
    session: &Session,
    folder: &MigrationFolder,
    files: &[CheckFile],
    timeout: Duration,
) -> Result<Vec<Report>, Error> {
    let runner = Runner {
        session,
        timeout,
        within: false,
    };
    all(&runner, folder, files)
}

/// Asks what [`run_within`] leaves out.
pub(crate) fn run_behind(session: &Session, timeout: Duration) -> Result<Report, Error> {
    builtin::run_behind(&Runner {
        session,
        timeout,
        within: false,
    })
}

/// As [`run`], in the transaction that is open, which goes on as if nothing had been asked; without what reads whole tables.
pub(crate) fn run_within(
    session: &Session,
    folder: &MigrationFolder,
    files: &[CheckFile],
    timeout: Duration,
) -> Result<Vec<Report>, Error> {
    let failed = |e| sql_error("failed to run the checks before the commit", &e);
    // the search_path is the database's again, not what the file made it, and a temporary table of the file's hides no other;
    // the transaction holds locks, so that waiting for others has an early end
    session
        .batch(&format!(
            "SAVEPOINT dbtask_checks;SET LOCAL search_path TO DEFAULT;\
             SELECT pg_catalog.set_config('search_path',pg_catalog.concat_ws(',',\
             nullif(pg_catalog.current_setting('search_path'),''),'pg_temp'),true);SET LOCAL lock_timeout='1s';\
             SET LOCAL statement_timeout={}",
            timeout.as_millis()
        ))
        .map_err(failed)?;
    let runner = Runner {
        session,
        timeout,
        within: true,
    };
    let reports = all(&runner, folder, files)?;
    session
        .batch("ROLLBACK TO SAVEPOINT dbtask_checks;RELEASE SAVEPOINT dbtask_checks")
        .map_err(failed)?;
    Ok(reports)
}

fn all(runner: &Runner<'_>, folder: &MigrationFolder, files: &[CheckFile]) -> Result<Vec<Report>, Error> {
    let history = SchemaHistory::read(runner.session)?;
    let mut reports = builtin::run(runner, folder, &history)?;
    for file in files {
        reports.extend(file.queries().map(|query| own(runner, file, &query)));
    }
    Ok(reports)
}

/// Runs the team's own alone, in the order of their names.
pub(crate) fn run_own(session: &Session, files: &[CheckFile], timeout: Duration) -> Vec<Report> {
    let runner = Runner {
        session,
        timeout,
        within: false,
    };
    let each = files
        .iter()
        .flat_map(|file| file.queries().map(move |query| (file, query)));
    each.map(|(file, query)| own(&runner, file, &query)).collect()
}

/// One query of a team's own.
fn own(runner: &Runner<'_>, file: &CheckFile, query: &file::Query<'_>) -> Report {
    let outcome = match refuse_other(file, query) {
        Some(error) => Outcome::Broken(error),
        None => match runner.rows(query.sql) {
            Ok(rows) => verdict(&rows),
            Err(error) => Outcome::Broken(broken(runner, file, query, &error)),
        },
    };
    Report {
        name: query.name.clone(),
        file: Some(format!("{}:{}", file.path, query.line)),
        outcome,
        note: None,
        help: None,
    }
}

/// Only a query is sent: what ends the transaction would end its being read only, too.
fn refuse_other(file: &CheckFile, query: &file::Query<'_>) -> Option<Error> {
    let queries = ["select", "with", "values", "table"];
    if queries.contains(&query.first_word().as_str()) {
        return None;
    }
    Some(
        Error::failed(format!("`{}` has a statement that is no query", query.name))
            .at(Excerpt::of_byte(&file.path, &file.text, query.start))
            .cause("a check reads only: it begins with SELECT, WITH, VALUES or TABLE")
            .help("a change belongs into a migration file: `cargo xtask db:new NAME`"),
    )
}

/// What the rows of a query say.
fn verdict(rows: &[String]) -> Outcome {
    let is_true = |row: &String| {
        let columns = serde_json::from_str::<serde_json::Map<String, Value>>(row).unwrap_or_default();
        columns.len() == 1 && columns.values().all(|value| value == &Value::Bool(true))
    };
    let wrong: Vec<String> = rows.iter().filter(|row| !is_true(row)).cloned().collect();
    if wrong.is_empty() {
        return Outcome::Passed;
    }
    Outcome::Found(shorten(wrong))
}

/// The first rows, and that there are more.
fn shorten(mut rows: Vec<String>) -> Vec<String> {
    if rows.len() > SHOWN {
        rows.truncate(SHOWN);
        rows.push("and more".to_owned());
    }
    rows
}

/// The error of a query of a team's own, at its place in the file.
fn broken(runner: &Runner<'_>, file: &CheckFile, query: &file::Query<'_>, error: &SqlError) -> Error {
    let offset = error_offset(error, query.sql, BEFORE.chars().count()).unwrap_or_default();
    runner
        .explain(&query.name, error)
        .at(Excerpt::of_byte(&file.path, &file.text, query.start + offset))
}

/// Carries out queries, each in a READ ONLY transaction of its own, or `within` the one that is open.
struct Runner<'a> {
    session: &'a Session,
    timeout: Duration,
    within: bool,
}

impl Runner<'_> {
    /// The first rows of a query, as JSON objects.
    fn rows(&self, sql: &str) -> Result<Vec<String>, SqlError> {
        let timeout = self.timeout.as_millis();
        let (begin, end) = if self.within {
            (
                "SAVEPOINT dbtask_check;SET LOCAL transaction_read_only=on",
                "ROLLBACK TO SAVEPOINT dbtask_check;RELEASE SAVEPOINT dbtask_check",
            )
        } else {
            ("BEGIN READ ONLY", "ROLLBACK")
        };
        // rows that a policy hides from this role would be overlooked: that becomes an error
        self.session.batch(&format!(
            "{begin};SET LOCAL statement_timeout={timeout};SET LOCAL row_security=off"
        ))?;
        // as one parameterless query of the extended protocol: a second statement in it is a syntax error
        let rows = self.session.query(&format!("{BEFORE}{sql}{BEHIND}"), &[]);
        let end = self.session.batch(end);
        let rows = rows?;
        end?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    fn explain(&self, name: &str, error: &SqlError) -> Error {
        let message = format!("the check `{name}` could not be carried out");
        let writes = || {
            sql_error(format!("the check `{name}` tries to write"), error)
                .help("a check reads only; a change belongs into a migration file: `cargo xtask db:new NAME`")
        };
        match error.as_db_error() {
            Some(server) if server.code() == &SqlState::READ_ONLY_SQL_TRANSACTION => writes(),
            // WITH … AS (DELETE …), inside of the query that makes its rows text
            Some(server) if server.message().contains("data-modifying") => writes(),
            Some(server) if server.code() == &SqlState::QUERY_CANCELED => Error::failed(message)
                .cause(format!("it did not end within {}", duration(self.timeout)))
                .help("give it an index or a narrower question, or more time: `--statement-timeout 5min`"),
            _ => sql_error(message, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_passed(rows: &[&str]) -> bool {
        let rows: Vec<String> = rows.iter().map(|&row| row.to_owned()).collect();
        matches!(verdict(&rows), Outcome::Passed)
    }

    #[test]
    fn no_row_passes_and_so_does_true_alone() {
        assert!(is_passed(&[]));
        assert!(is_passed(&[r#"{"ok":true}"#, r#"{"ok":true}"#]));
        for rows in [
            &[r#"{"ok":false}"#][..],
            &[r#"{"ok":null}"#],
            &[r#"{"ok":true}"#, r#"{"ok":false}"#],
            &[r#"{"id":1}"#],
            &[r#"{"a":true,"b":true}"#],
            &[r#"{"ok":"true"}"#],
            &["{}"],
        ] {
            assert!(!is_passed(rows), "{rows:?}");
        }
    }

    #[test]
    fn of_many_rows_the_first_are_shown() {
        let rows: Vec<String> = (0..6).map(|n| format!(r#"{{"id":{n}}}"#)).collect();
        let Outcome::Found(shown) = verdict(&rows) else {
            panic!("it passed")
        };
        assert_eq!((shown.len(), shown[5].as_str()), (6, "and more"));
    }
}
