//! `db:status`

use clap::Args;
use dbtask_rules::Version;
use dbtask_runner::{Error, Kind, Plan, SchemaHistory};
use serde_json::json;

use crate::exit::Exit;
use crate::output::{Output, count};
use crate::target::Target;
use crate::workspace::Workspace;

/// Say what is applied, pending, edited, missing
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
        let plan = Plan::new(folder.files(), &history)?;
        let lines = lines(&plan);
        let mut text = vec![target.describe()];
        text.extend(lines.iter().map(|line| format!("  {:<9}  {}", line.state, line.what)));
        text.push(summary(&plan));
        let files: Vec<_> = lines
            .iter()
            .map(|l| json!({ "version": l.version, "state": l.state, "file": l.file, "applied_on": l.applied_on }))
            .collect();
        let json = json!({
            "database": target.identity.database,
            "server": target.place(),
            "server_version": target.identity.version,
            "system_identifier": target.identity.system_identifier.map(|id| id.to_string()),
            "database_oid": target.identity.oid,
            "version": plan.version().map(Version::get),
            "pending": plan.pending.len(),
            "consistent": plan.is_consistent(),
            "files": files,
        });
        output.result(&text.join("\n"), &json);
        if !self.check || (plan.pending.is_empty() && plan.is_consistent()) {
            return Ok(Exit::Done);
        }
        plan.check().map_err(|e| e.with_kind(Kind::Pending))?;
        Ok(Exit::Pending)
    }
}

/// One version, in one state.
struct Line {
    version: i32,
    state: &'static str,
    what: String,
    file: Option<String>,
    applied_on: Option<String>,
}

fn lines(plan: &Plan<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |version: i32, state, file: Option<&str>, name: &str, at: Option<String>| {
        let what = match (&at, state) {
            (Some(at), "missing") => format!("version {version} `{name}`, applied {at}, has no file"),
            (Some(at), "edited") => format!("{name}  after it was applied {at}"),
            (Some(at), _) => format!("{name}  {at}"),
            (None, _) => name.to_owned(),
        };
        lines.push(Line {
            version,
            state,
            what,
            file: file.map(str::to_owned),
            applied_on: at,
        });
    };
    for (file, row) in &plan.applied {
        add(
            row.version,
            "applied",
            Some(file.path()),
            file.path(),
            Some(row.applied_at()),
        );
    }
    for d in &plan.divergent {
        add(
            d.applied.version,
            "edited",
            Some(d.file.path()),
            d.file.path(),
            Some(d.applied.applied_at()),
        );
    }
    for row in &plan.missing {
        add(row.version, "missing", None, &row.name, Some(row.applied_at()));
    }
    for file in &plan.out_of_order {
        add(file.version().get(), "skipped", Some(file.path()), file.path(), None);
    }
    for pending in &plan.pending {
        add(
            pending.file.version().get(),
            "pending",
            Some(pending.file.path()),
            pending.file.path(),
            None,
        );
    }
    lines.sort_by_key(|line| line.version);
    lines
}

/// The last line: where the database stands and what to type.
fn summary(plan: &Plan<'_>) -> String {
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
        n => format!("{at}; {} pending: type `cargo xtask db:push`", count(n, "file")),
    }
}
