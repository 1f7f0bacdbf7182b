//! The team's own read-only checks, held against the throwaway database before and after each file.

use std::time::Duration;

use dbtask_runner::Session;

use super::Rehearsed;
use crate::checks::{self, CheckFile, Outcome, Report};

/// The longest that one query may take, as `db:check` has it by itself.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The checks that passed so far. What failed from the start says nothing about a file.
pub(crate) struct Validation<'a> {
    files: &'a [CheckFile],
    /// The places of the queries that passed, as reports name them.
    passed: Vec<Option<String>>,
}

impl<'a> Validation<'a> {
    /// Runs the checks on what the files are applied to.
    pub(crate) fn begin(session: &Session, files: &'a [CheckFile]) -> Validation<'a> {
        let reports = checks::run_own(session, files, TIMEOUT);
        let passed = reports.into_iter().filter(Report::passed).map(|report| report.file);
        Validation {
            files,
            passed: passed.collect(),
        }
    }

    /// Runs them again; one that does not pass any more is a reason why the file is not proven.
    pub(crate) fn after(&mut self, session: &Session, rehearsed: &mut Rehearsed) {
        // a file that failed was rolled back, or is the reason already
        if self.passed.is_empty() || rehearsed.first.error.is_some() {
            return;
        }
        for report in checks::run_own(session, self.files, TIMEOUT) {
            if report.passed() || !self.passed.contains(&report.file) {
                continue;
            }
            rehearsed.reasons.push(reason(&report));
            self.passed.retain(|place| *place != report.file);
        }
    }
}

fn reason(report: &Report) -> String {
    let (how, what) = match &report.outcome {
        Outcome::Broken(error) => ("cannot be carried out", super::words(error)),
        Outcome::Found(rows) => ("fails", rows.join(", ")),
        Outcome::Passed => ("passes", String::new()),
    };
    let place = report.file.as_deref().unwrap_or_default();
    format!(
        "the check `{}` ({place}) passes before it and {how} after it: {what}",
        report.name
    )
}
