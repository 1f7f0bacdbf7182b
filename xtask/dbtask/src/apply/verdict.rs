//! What the checks say of a file: what failed before it is told, and not held against it.

use dbtask_runner::Error;

use crate::checks::{Outcome, Report};
use crate::output::count;

/// How the checks ended before the first file.
pub(super) struct Before(Vec<(String, Outcome)>);

impl Before {
    pub(super) fn new(reports: Vec<Report>) -> Before {
        let ends = reports.into_iter().map(|report| (report.name, report.outcome));
        Before(ends.collect())
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = &str> {
        let failed = self.0.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Passed));
        failed.map(|(name, _)| name.as_str())
    }

    /// Those that fail now and count. One that could not even be carried out before, such as on a column that is to come, must
    /// not find anything behind the last file; in between, a later file may be what brings it about.
    pub(super) fn worse<'a>(&self, now: &'a [Report], is_last: bool) -> Vec<&'a Report> {
        let counts = |report: &&Report| {
            let before = self.0.iter().find(|(name, _)| *name == report.name).map(|(_, o)| o);
            match (before, &report.outcome) {
                (_, Outcome::Passed)
                | (Some(Outcome::Found(_)), Outcome::Found(_))
                | (Some(Outcome::Broken(_)), Outcome::Broken(_)) => false,
                (Some(Outcome::Broken(_)), Outcome::Found(_)) => is_last,
                (Some(Outcome::Passed | Outcome::Found(_)) | None, _) => true,
            }
        };
        now.iter().filter(counts).collect()
    }
}

/// The error for checks that fail because of the file.
pub(super) fn objection(path: &str, worse: &[&Report], what: &str) -> Option<Error> {
    let error = Error::failed(format!(
        "`{path}` {what}: {} failed that did not before",
        count(worse.len(), "check")
    ));
    let error = worse.iter().fold(error, |error, report| {
        error.cause(report.describe().trim_start().to_owned())
    });
    (!worse.is_empty()).then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, outcome: Outcome) -> Report {
        Report {
            name: name.to_owned(),
            file: None,
            outcome,
            note: None,
            help: None,
        }
    }

    fn found() -> Outcome {
        Outcome::Found(vec!["a row".to_owned()])
    }

    fn broken() -> Outcome {
        Outcome::Broken(Error::failed("no such column"))
    }

    #[test]
    fn what_failed_before_does_not_count_unless_it_fails_in_another_way() {
        let worse = |before: Outcome, now: Outcome, is_last| {
            let before = Before::new(vec![report("c", before)]);
            before.worse(&[report("c", now)], is_last).len()
        };
        for is_last in [false, true] {
            assert_eq!(worse(Outcome::Passed, Outcome::Passed, is_last), 0);
            assert_eq!(worse(Outcome::Passed, found(), is_last), 1);
            assert_eq!(worse(Outcome::Passed, broken(), is_last), 1);
            assert_eq!(worse(found(), found(), is_last), 0);
            assert_eq!(worse(found(), broken(), is_last), 1);
            assert_eq!(worse(broken(), broken(), is_last), 0);
            assert_eq!(worse(broken(), found(), is_last), usize::from(is_last));
        }
        assert_eq!(Before::new(Vec::new()).worse(&[report("c", found())], false).len(), 1);
    }
}
