//! `db:plan`

use std::path::PathBuf;

use clap::Args;
use dbtask_rules::MigrationFile;
use dbtask_rules::lint::{Finding, lint};
use dbtask_runner::{Error, Plan as Pending, SchemaHistory, Script};
use serde_json::{Value, json};

use crate::edits;
use crate::exit::Exit;
use crate::facts::Facts;
use crate::forecast::{Forecast, Lock, Size, Step, Way};
use crate::output::{Output, bytes, count, duration, thousands};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Say what a pending file would do on this server, statement by statement
///
/// Which locks it takes on which tables, how large those are, what it rewrites and reads from end to end, who is in its way
/// at this moment, and, where views, foreign keys or the like hang on what it changes, the order to do it in, written out.
/// Locks are measured, on a throwaway database (as for db:rehearse) that the applied files were brought to; the target is
/// only read. Works on production. Exit code 4 where the file cannot be applied as it is.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The file, such as migrations/V00014__add_users.sql
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Plan {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let plan = Pending::new(folder.files(), &history);
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e))?;
        let (before, file) = self.choose(&plan)?;
        let policy = workspace.read_policy()?;
        let mut lints = lint(&folder, &policy).findings;
        lints.retain(|finding| finding.path == file.path());
        let live = Facts::read(&target.session)?;
        let shadow = Shadow::create(&target, workspace, output)?;
        for note in shadow.install_extensions(&target, folder.files())? {
            output.note(&note);
        }
        shadow.check_reach([Script::from(file)])?;
        let applied: Vec<MigrationFile> = plan.applied.iter().map(|(file, _)| (*file).clone()).collect();
        let bring = |files: &[MigrationFile]| {
            shadow
                .apply(files)
                .map_err(|e| e.context("failed to bring the throwaway database to where the file begins"))
        };
        bring(&applied)?;
        let drifts = live.difference(&shadow.schema_for(&target)?).len();
        bring(&[applied, before].concat())?;
        let forecast = Forecast::make(&target.session, shadow.session(), file)?;
        let report = Report {
            target: &target,
            file,
            forecast,
            lints,
            drifts,
            fingerprint: live.fingerprint(),
        };
        output.result(&report.text(), &report.json());
        Ok(match report.forecast.way {
            None => Exit::Done,
            Some(_) => Exit::Pending,
        })
    }

    /// The file among the pending ones, and those that go before it.
    fn choose<'a>(&self, plan: &Pending<'a>) -> Result<(Vec<MigrationFile>, &'a MigrationFile), Error> {
        let name = self.file.file_name().unwrap_or_default();
        let is_it = |file: &MigrationFile| name == file.name().to_string().as_str();
        if let Some(n) = plan.pending.iter().position(|file| is_it(file)) {
            let before = plan.pending[..n].iter().map(|file| (*file).clone()).collect();
            return Ok((before, plan.pending[n]));
        }
        let shown = self.file.display();
        if plan.applied.iter().any(|(file, _)| is_it(file)) {
            return Err(Error::refused(format!("`{shown}` is applied already")).state("nothing was changed"));
        }
        let pending: Vec<&str> = plan.pending.iter().map(|file| file.path()).collect();
        Err(
            Error::usage(format!("`{shown}` is none of the migration files")).help(match pending.len() {
                0 => "nothing is pending; `cargo xtask db:new NAME` makes the next file".to_owned(),
                _ => format!("pending: {}", pending.join(", ")),
            }),
        )
    }
}

/// Everything that is said about a file.
struct Report<'a> {
    target: &'a Target,
    file: &'a MigrationFile,
    forecast: Forecast,
    lints: Vec<Finding>,
    /// How many differences there are between the schema and what the applied files make.
    drifts: usize,
    fingerprint: String,
}

impl Report<'_> {
    fn text(&self) -> String {
        let Report {
            target, file, forecast, ..
        } = self;
        let transaction = if file.directives().no_transaction {
            "each by itself"
        } else {
            "one transaction"
        };
        let n = count(forecast.steps.len(), "statement");
        let mut lines = vec![
            target.describe(),
            format!("{}: {n}, {transaction}", file.path()),
            String::new(),
        ];
        for (step, number) in forecast.steps.iter().zip(1..) {
            lines.push(format!("  {number:>2}  line {}: {}", step.line, step.text));
            lines.extend(effects(step, forecast).iter().map(|effect| format!("      {effect}")));
        }
        if let Some(way) = &forecast.way {
            lines.push(String::new());
            lines.extend(order(way, forecast.steps.last()));
        }
        lines.push(String::new());
        if forecast.activity.is_empty() {
            lines.push("nobody is in the way at this moment".to_owned());
        } else {
            lines.push("in the way at this moment:".to_owned());
            let shown = forecast
                .activity
                .iter()
                .map(|a| format!("  {}: {}", a.kind, a.description));
            lines.extend(shown);
        }
        lines.extend(
            self.lints
                .iter()
                .map(|finding| format!("{}: {}", finding.level, finding.diagnostic())),
        );
        if self.drifts > 0 {
            lines.push(format!(
                "note: the schema here is not what the applied files make of an empty database: {} ({})",
                count(self.drifts, "difference"),
                "what was measured may differ, too"
            ));
        }
        lines.push(format!("fingerprint of the schema: {}", self.fingerprint));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let Report {
            target, file, forecast, ..
        } = self;
        let lock = |lock: &Lock| json!({ "table": lock.table, "mode": lock.mode.to_string() });
        let step = |step: &Step| {
            json!({
                "line": step.line,
                "statement": step.text,
                "locks": step.locks.iter().map(lock).collect::<Vec<_>>(),
                "rewrites": step.rewritten,
                "reads_all": step.scanned,
                "sampled": step.is_alone,
                "fails": step.failed,
            })
        };
        let size = |size: &Size| {
            json!({
                "table": size.table,
                "bytes": size.bytes,
                "rows": size.rows,
                "seconds_to_read": size.scan.map(|d| d.as_secs_f64()),
            })
        };
        json!({
            "database": target.identity.database,
            "file": file.path(),
            "transaction": !file.directives().no_transaction,
            "statements": forecast.steps.iter().map(step).collect::<Vec<_>>(),
            "tables": forecast.sizes.iter().map(size).collect::<Vec<_>>(),
            "order": forecast.way.as_ref().map(|way| json!({
                "because": way.because,
                "before": way.before,
                "behind": way.behind,
                "later": way.later,
                "doubts": way.doubts,
            })),
            "in_the_way": forecast.activity.iter().map(|a| json!({ "kind": a.kind, "what": a.description })).collect::<Vec<_>>(),
            "lints": self.lints.iter().map(|finding| json!({
                "rule": finding.rule,
                "level": finding.level.to_string(),
                "line": finding.start.line,
                "message": finding.message,
                "why": finding.why,
                "help": finding.help,
            })).collect::<Vec<_>>(),
            "differences_from_files": self.drifts,
            "fingerprint": self.fingerprint,
        })
    }
}

/// What a statement does to tables that others use.
fn effects(step: &Step, forecast: &Forecast) -> Vec<String> {
    let how = if step.is_alone {
        " (seen from a second connection: it is its own transaction)"
    } else {
        ""
    };
    let mut effects: Vec<String> = step
        .locks
        .iter()
        .map(|lock| {
            let size = forecast
                .size(&lock.table)
                .map_or(String::new(), |size| format!(", {}", measure(size)));
            format!("{} on {}{size}: {}{how}", lock.mode, lock.table, lock.keeps_out())
        })
        .collect();
    for (tables, what) in [(&step.rewritten, "rewrites"), (&step.scanned, "reads all of")] {
        for table in tables {
            let time = forecast.size(table).and_then(|size| size.scan);
            let time = time.map_or(String::new(), |time| {
                let times = if what == "rewrites" {
                    ", and a rewrite several times that"
                } else {
                    ""
                };
                format!(": reading it takes about {} here{times}", duration(time))
            });
            effects.push(format!("{what} {table}{time}"));
        }
    }
    if step.failed {
        effects.push("fails as it is".to_owned());
    } else if effects.is_empty() && step.is_behind_locks {
        effects.push("takes no lock beyond those that earlier statements hold".to_owned());
    } else if effects.is_empty() {
        effects.push("touches no table that was there before".to_owned());
    }
    effects
}

fn measure(size: &Size) -> String {
    match size.rows {
        Some(rows) => format!("{}, about {} rows", bytes(size.bytes), thousands(rows)),
        None => format!("{}, never analysed", bytes(size.bytes)),
    }
}

/// The order in which it goes.
fn order(way: &Way, step: Option<&Step>) -> Vec<String> {
    let mut lines = vec![
        format!("in the way of the last statement: {}", way.because),
        "in this order it goes (tried on the throwaway database):".to_owned(),
    ];
    let change = step.map_or(String::new(), |step| format!("-- line {}: {}", step.line, step.text));
    lines.extend(way.before.iter().map(|sql| format!("  {sql};")));
    lines.push(format!("  {change}"));
    lines.extend(way.behind.iter().map(|sql| format!("  {sql};")));
    if !way.later.is_empty() {
        lines.push("  -- in the next file, which keeps nobody out:".to_owned());
        lines.extend(way.later.iter().map(|sql| format!("  {sql};")));
    }
    lines.push("owners, privileges and comments of what is dropped go with it: put those back, too".to_owned());
    lines.extend(way.doubts.iter().map(|doubt| format!("does not go as it is: {doubt}")));
    lines
}
