//! `db:plan`

use clap::Args;
use dbtask_rules::lint::{Finding, lint};
use dbtask_rules::{MigrationFile, MigrationFolder};
use dbtask_runner::{Error, Migrations, Plan as Pending, Repeatables, SchemaHistory, repeatable_runs};
use serde_json::{Value, json};

use crate::edits;
use crate::exit::Exit;
use crate::facts::Facts;
use crate::forecast::{Forecast, Lock, Size, Step, Way};
use crate::named::{self, File};
use crate::output::{Output, bytes, count, duration, thousands};
use crate::rehearse::{Start, There};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Say what a pending file would do on this server, statement by statement
///
/// Which locks it takes on which tables, how large those are, what it rewrites and reads from end to end, who is in its way
/// at this moment, and, where views, foreign keys or the like hang on what it changes, the order to do it in, written out.
/// Locks are measured, on a throwaway database (as for db:rehearse) that was brought to where the file begins: what is
/// pending and goes before it is applied there. The target is only read. Works on production. Exit code 4 where the file
/// cannot be applied as it is.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The file, by path, name or version, such as migrations/V00014__add_users.sql; also R__NAME.sql
    #[arg(value_name = "FILE")]
    file: String,
}

impl Plan {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let plan = Pending::new(folder.files(), &history);
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e))?;
        let runs = repeatable_runs(&target.session, &history)?;
        let standing = Repeatables::new(folder.repeatables(), &runs);
        let file = &self.choose(&folder, &plan, &standing)?;
        let policy = workspace.read_policy()?;
        let mut lints = lint(&folder, &policy).findings;
        lints.retain(|finding| finding.path == file.path());
        let live = Facts::read(&target.session)?;
        let shadow = Shadow::create(&target, workspace, output)?;
        shadow.check_reach([file.script()])?;
        let applied: Vec<MigrationFile> = plan.applied.iter().map(|(file, _)| (*file).clone()).collect();
        let there = There::new(applied, &standing, workspace);
        Start::Files.prepare(&shadow, &target, &there, workspace, output)?;
        let drifts = live.difference(&shadow.schema_for(&target)?).len();
        bring(&shadow, there.numbered(), &before(file, &plan, &standing))?;
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

    /// The file, where it is pending.
    fn choose(&self, folder: &MigrationFolder, plan: &Pending<'_>, standing: &Repeatables<'_>) -> Result<File, Error> {
        let mut files = named::find(std::slice::from_ref(&self.file), folder)?;
        named::refuse_applied(&files, plan)?;
        named::refuse_current(&files, standing)?;
        Ok(files.swap_remove(0))
    }
}

/// What is pending and goes before the file.
fn before(file: &File, plan: &Pending<'_>, standing: &Repeatables<'_>) -> Vec<File> {
    let pending = named::pending(plan, standing).into_iter();
    pending.take_while(|other| other.path() != file.path()).collect()
}

/// Brings the throwaway database from where the target is to where the file begins.
fn bring(shadow: &Shadow, applied: &[MigrationFile], before: &[File]) -> Result<(), Error> {
    let (mut numbered, mut repeatable) = (applied.to_vec(), Vec::new());
    for file in before {
        match file {
            File::Versioned(file) => numbered.push(file.clone()),
            File::Repeatable(file) => repeatable.push(file.clone()),
        }
    }
    shadow
        .apply(Migrations {
            versioned: &numbered,
            repeatable: &repeatable,
        })
        .map_err(|e| e.context("failed to bring the throwaway database to where the file begins"))
}

/// Everything that is said about a file.
struct Report<'a> {
    target: &'a Target,
    file: &'a File,
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
        let transaction = if file.in_transaction() {
            "one transaction"
        } else {
            "each by itself"
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
            "transaction": file.in_transaction(),
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
        None => format!("{}, without statistics of its rows", bytes(size.bytes)),
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
