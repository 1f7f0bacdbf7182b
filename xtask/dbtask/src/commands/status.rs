//! `db:status`

use clap::Args;
use dbtask_rules::{MigrationFile, RepeatableFile, Version};
use dbtask_runner::{
    Applied, Error, Kind, Plan, RepeatableRuns, RepeatableState, Repeatables, SchemaHistory, repeatable_runs,
};
use serde_json::json;

use crate::edits;
use crate::exit::Exit;
use crate::guard::Treatment;
use crate::mark::Mark;
use crate::output::{Output, count};
use crate::target::Target;
use crate::workspace::Workspace;

/// Say what is applied, pending, edited, missing, and what the database is marked as
///
/// Reads only; works on production and as a role with SELECT on the history alone.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Exit with 4 unless files and database agree (for CI and after a deployment)
    #[arg(long)]
    pub(crate) check: bool,
}

impl Status {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let plan = Plan::new(folder.files(), &history);
        // a role that may not read the journal need not, where there are no such files
        let runs = match repeatable_runs(&target.session, &history) {
            Err(_) if folder.repeatables().is_empty() => Vec::new(),
            runs => runs?,
        };
        let repeatables = Repeatables::new(folder.repeatables(), &runs);
        let pending = plan.pending.len() + repeatables.pending().len();
        let mut lines = lines(&plan);
        lines.extend(repeatable_lines(&repeatables));
        let treatment = Treatment::of(&target)?;
        let mut text = vec![target.describe()];
        text.extend(table(&lines));
        text.push(summary(&plan, pending, &treatment));
        text.push(environment(&treatment));
        // ten thousand files make 20 MB of values
        let file = |l: &Line<'_>| json!({ "version": l.version, "state": l.state, "file": l.file, "name": l.name, "applied_on": l.applied_on });
        let json = || {
            json!({
                "database": target.identity.database,
                "server": target.identity.place(),
                "server_version": target.identity.version,
                "system_identifier": target.identity.system_identifier.map(|id| id.to_string()),
                "database_oid": target.identity.oid,
                "environment": {
                    "mark": treatment.marks.mark().map(Mark::name),
                    "row": treatment.marks.row().map(|row| json!({ "mark": row.mark.name(), "by": row.by, "at": row.at })),
                    "setting": treatment.marks.setting().map(Mark::name),
                    "copied": treatment.marks.original().map(Mark::name),
                    "counts_as": treatment.counts_as.name(),
                    "because": treatment.because,
                },
                "version": plan.version().map(Version::get),
                "pending": pending,
                "consistent": plan.is_consistent(),
                "files": lines.iter().map(file).collect::<Vec<_>>(),
            })
        };
        output.result_of(&text.join("\n"), json);
        if !self.check || (pending == 0 && plan.is_consistent()) {
            return Ok(Exit::Done);
        }
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e).with_kind(Kind::Pending))?;
        Ok(Exit::Pending)
    }
}

/// One version, or one repeatable file, in one state.
struct Line<'a> {
    /// `None` for a repeatable file.
    version: Option<i32>,
    state: &'static str,
    file: Option<&'a str>,
    /// As the history, or the journal, has it; `None` where it has nothing.
    name: Option<&'a str>,
    applied_on: Option<String>,
}

impl Line<'_> {
    /// The file, or what is known of something that has none.
    fn text(&self) -> String {
        let name = self.name.unwrap_or_default();
        match (self.file, self.version) {
            (Some(path), _) => path.to_owned(),
            (None, Some(version)) => format!("version {version} `{name}`, no file"),
            (None, None) => format!("{name}, no file"),
        }
    }
}

fn lines<'a>(plan: &'a Plan<'_>) -> Vec<Line<'a>> {
    let line = |state, version, file: Option<&'a MigrationFile>, row: Option<&'a Applied>| Line {
        version: Some(version),
        state,
        file: file.map(MigrationFile::path),
        name: row.map(|row| row.name.as_str()),
        applied_on: row.map(Applied::applied_at),
    };
    let of_file = |state, file: &'a MigrationFile, row| line(state, file.version().get(), Some(file), row);
    let applied = plan.applied.iter();
    let mut lines: Vec<Line<'a>> = applied.map(|(file, row)| of_file("applied", file, Some(row))).collect();
    let edited = plan.divergent.iter();
    lines.extend(edited.map(|d| of_file("edited", d.file, Some(d.applied))));
    let missing = plan.missing.iter();
    lines.extend(missing.map(|row| line("missing", row.version, None, Some(row))));
    lines.extend(plan.out_of_order.iter().map(|file| of_file("skipped", file, None)));
    lines.extend(plan.pending.iter().map(|file| of_file("pending", file, None)));
    lines.sort_by_key(|line| line.version);
    lines
}

fn repeatable_lines<'a>(repeatables: &Repeatables<'a>) -> Vec<Line<'a>> {
    let line = |state, file: Option<&'a RepeatableFile>, runs: Option<&'a RepeatableRuns>| Line {
        version: None,
        state,
        file: file.map(RepeatableFile::path),
        name: runs.map(|runs| runs.name.as_str()),
        applied_on: runs.map(|runs| runs.last.clone()),
    };
    let files = repeatables.files.iter().map(|&(file, state)| match state {
        RepeatableState::Current(runs) => line("current", Some(file), Some(runs)),
        RepeatableState::Changed(runs) => line("changed", Some(file), Some(runs)),
        RepeatableState::New => line("pending", Some(file), None),
    });
    let vanished = repeatables.vanished.iter().map(|runs| line("gone", None, Some(runs)));
    files.chain(vanished).collect()
}

/// The lines as a table.
fn table(lines: &[Line<'_>]) -> Vec<String> {
    let names: Vec<String> = lines.iter().map(Line::text).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    lines
        .iter()
        .zip(names)
        .map(|(line, name)| match &line.applied_on {
            Some(time) => format!("  {:<7}  {name:<width$}  {time}", line.state),
            None => format!("  {:<7}  {name}", line.state),
        })
        .collect()
}

/// The last line: where the database stands and what to type.
fn summary(plan: &Plan<'_>, pending: usize, treatment: &Treatment) -> String {
    let at = plan
        .version()
        .map_or("no migration is applied".to_owned(), |v| format!("at version {v}"));
    if !plan.is_consistent() {
        return format!(
            "{at}; files and history contradict each other: `cargo xtask db:status --check` says how to mend it"
        );
    }
    match pending {
        0 => format!("{at}; nothing is pending"),
        n if treatment.counts_as == Mark::Production => format!("{at}; {} pending", count(n, "file")),
        n => format!("{at}; {} pending: type `cargo xtask db:push`", count(n, "file")),
    }
}

/// What the database counts as, and why.
fn environment(treatment: &Treatment) -> String {
    let line = format!("counts as {}: {}", treatment.counts_as.name(), treatment.because);
    treatment
        .copy()
        .into_iter()
        .fold(line, |line, copy| format!("{line}\n{copy}"))
}
