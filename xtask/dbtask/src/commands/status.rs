//! `db:status`

use clap::Args;
use dbtask_rules::{MigrationFile, Version};
use dbtask_runner::{Applied, Error, Kind, Plan, SchemaHistory};
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
        let lines = lines(&plan);
        let treatment = Treatment::of(&target)?;
        let mut text = vec![target.describe()];
        text.extend(table(&lines));
        text.push(summary(&plan, &treatment));
        text.push(environment(&treatment));
        let files: Vec<_> = lines
            .iter()
            .map(|l| json!({ "version": l.version, "state": l.state, "file": l.file, "applied_on": l.row.map(Applied::applied_at) }))
            .collect();
        let json = json!({
            "database": target.identity.database,
            "server": target.place(),
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
            "pending": plan.pending.len(),
            "consistent": plan.is_consistent(),
            "files": files,
        });
        output.result(&text.join("\n"), &json);
        if !self.check || (plan.pending.is_empty() && plan.is_consistent()) {
            return Ok(Exit::Done);
        }
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e).with_kind(Kind::Pending))?;
        Ok(Exit::Pending)
    }
}

/// One version, in one state.
struct Line<'a> {
    version: i32,
    state: &'static str,
    file: Option<&'a str>,
    row: Option<&'a Applied>,
}

impl Line<'_> {
    /// The file, or what the history says of a version that has none.
    fn name(&self) -> String {
        match (self.file, self.row) {
            (Some(path), _) => path.to_owned(),
            (None, row) => format!("version {} `{}`, no file", self.version, row.map_or("", |r| &r.name)),
        }
    }
}

fn lines<'a>(plan: &'a Plan<'_>) -> Vec<Line<'a>> {
    let of_file = |state, file: &'a MigrationFile, row| Line {
        version: file.version().get(),
        state,
        file: Some(file.path()),
        row,
    };
    let missing = |row: &&'a Applied| Line {
        version: row.version,
        state: "missing",
        file: None,
        row: Some(*row),
    };
    let mut lines: Vec<Line<'a>> = plan
        .applied
        .iter()
        .map(|(file, row)| of_file("applied", file, Some(row)))
        .collect();
    lines.extend(
        plan.divergent
            .iter()
            .map(|d| of_file("edited", d.file, Some(d.applied))),
    );
    lines.extend(plan.missing.iter().map(missing));
    lines.extend(plan.out_of_order.iter().map(|file| of_file("skipped", file, None)));
    lines.extend(plan.pending.iter().map(|file| of_file("pending", file, None)));
    lines.sort_by_key(|line| line.version);
    lines
}

/// The lines as a table.
fn table(lines: &[Line<'_>]) -> Vec<String> {
    let names: Vec<String> = lines.iter().map(Line::name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    lines
        .iter()
        .zip(names)
        .map(|(line, name)| match line.row {
            Some(row) => format!("  {:<7}  {name:<width$}  {}", line.state, row.applied_at()),
            None => format!("  {:<7}  {name}", line.state),
        })
        .collect()
}

/// The last line: where the database stands and what to type.
fn summary(plan: &Plan<'_>, treatment: &Treatment) -> String {
    let at = plan
        .version()
        .map_or("no migration is applied".to_owned(), |v| format!("at version {v}"));
    if !plan.is_consistent() {
        return format!(
            "{at}; files and history contradict each other: `cargo xtask db:status --check` says how to mend it"
        );
    }
    match plan.pending.len() {
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
