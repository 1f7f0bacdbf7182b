//! `db:check`

use std::time::Duration;

use clap::Args;
use dbtask_runner::Error;
use serde_json::{Value, json};

use crate::checks::{self, CheckFile, Outcome, Report};
use crate::exit::Exit;
use crate::output::{Output, count};
use crate::target::Target;
use crate::typed::parse_duration;
use crate::workspace::Workspace;

/// Ask whether the database is as it should be
///
/// Built in: history and files agree, no index is INVALID, no constraint of an earlier file is left NOT VALID, no row
/// contradicts one that is, every sequence is ahead of its column. Yours are the queries in migrations/checks/*.sql: one
/// passes that returns no row, or nothing but true. Each runs in a READ ONLY transaction that is rolled back; one that
/// tries to write fails. Reads only; works on production.
///
/// Ends with exit code 4 unless all pass.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The longest that one query may take, such as 30s or 5min
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    statement_timeout: Duration,
}

impl Check {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let files = CheckFile::read_all(workspace)?;
        let target = Target::open(workspace, output)?;
        let reports = checks::run(&target.session, &folder, &files, self.statement_timeout)?;
        let failed = reports.iter().filter(|report| !report.passed()).count();
        let mut text = vec![target.describe()];
        text.extend(reports.iter().map(Report::describe));
        text.push(match failed {
            0 => format!("{} passed", count(reports.len(), "check")),
            n => format!("{} of {} failed", n, count(reports.len(), "check")),
        });
        let json = json!({
            "database": target.identity.database,
            "passed": failed == 0,
            "checks": reports.iter().map(to_json).collect::<Vec<_>>(),
        });
        output.result(&text.join("\n"), &json);
        Ok(if failed == 0 { Exit::Done } else { Exit::Pending })
    }
}

fn to_json(report: &Report) -> Value {
    let (state, rows, error) = match &report.outcome {
        Outcome::Passed => ("passed", Vec::new(), None),
        Outcome::Found(rows) => ("failed", rows.clone(), None),
        Outcome::Broken(error) => ("broken", Vec::new(), Some(error.to_string())),
    };
    json!({
        "name": report.name,
        "file": report.file,
        "state": state,
        "rows": rows,
        "error": error,
        "note": report.note,
        "help": report.help,
    })
}
