//! `db:baseline`

use clap::Args;
use dbtask_rules::{MigrationFile, MigrationFolder, RepeatableFile, Version};
use dbtask_runner::{Baseline as Plan, Error, MigrationLock, Options, SchemaHistory, record};
use serde_json::json;

use crate::exit::Exit;
use crate::output::{Output, count};
use crate::takeover::{Foreign, Tool};
use crate::target::Target;
use crate::typed::parse_version;
use crate::workspace::Workspace;
use crate::{catalog, confirm, guard};

/// Adopt a database that has its schema already
///
/// Every file up to and including VERSION is recorded in the history as applied, all in one transaction; nothing of
/// them is executed. db:push then applies what is above. Says first what would be recorded, and asks for the
/// database's name. Repeatable files are not recorded: the next db:push carries them out.
///
/// With --from the history of another tool says which files are applied: by order, and by description where that tool
/// keeps one (sqlx, Flyway). It is left as it is; Flyway's repeatable migrations are passed over. Where it does not
/// tell for certain, this is refused.
///
/// Refused (exit code 3) on a database that has a history already, or is empty; and on production: one that is marked so
/// (db:mark), or that nobody marked and is not on this machine. To adopt that one, have its owner mark it development
/// for the moment.
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    /// The last version that is applied already, such as 7 or V00007
    #[arg(value_name = "VERSION", value_parser = parse_version, required_unless_present = "from", conflicts_with = "from")]
    version: Option<Version>,
    /// Take over the history of another tool
    #[arg(long, value_name = "TOOL")]
    from: Option<Tool>,
    /// Say what would be recorded, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm without being asked: the name of the database
    #[arg(long, value_name = "DATABASE")]
    yes: Option<String>,
}

impl Baseline {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let files = folder.files();
        let target = Target::open_direct(workspace, output)?;
        if self.dry_run {
            let (plan, foreign) = self.plan(&target, files, &SchemaHistory::read(&target.session)?)?;
            let shown = if plan.recorded.is_empty() {
                nothing_to_do(&target)
            } else {
                describe(&plan, foreign.as_ref(), &folder, &target)?
            };
            return Ok(report(&target, &plan, &folder, &shown, true, output));
        }
        let _ = guard::development_only(&target, "db:baseline")?;
        let lock = MigrationLock::take(&target.session, Options::default().lock_wait, &mut |holder| {
            output.waiting(&holder.description);
        })?;
        let condition = guard::development_only(&target, "db:baseline")?.condition;
        let history = SchemaHistory::read(&target.session)?;
        let (plan, foreign) = self.plan(&target, files, &history)?;
        if plan.recorded.is_empty() {
            return Ok(report(&target, &plan, &folder, &nothing_to_do(&target), false, output));
        }
        output.text(&describe(&plan, foreign.as_ref(), &folder, &target)?);
        confirm::by_name(&target.identity.database, self.yes.as_deref(), &self.typed())?;
        record(&target.session, &lock, plan.recorded, &history, Some(&condition))?;
        Ok(report(
            &target,
            &plan,
            &folder,
            &done(&plan, &folder, &target),
            false,
            output,
        ))
    }

    /// What would be recorded, and the other tool's history where it says so.
    fn plan<'a>(
        &self,
        target: &Target,
        files: &'a [MigrationFile],
        history: &SchemaHistory,
    ) -> Result<(Plan<'a>, Option<Foreign>), Error> {
        let foreign = self.from.map(|tool| Foreign::read(&target.session, tool)).transpose()?;
        let last = match &foreign {
            Some(foreign) => foreign.pair(files)?.last().map(|(_, file)| file.version()),
            None => self.version,
        };
        let last = last.ok_or_else(|| Error::usage("neither VERSION nor `--from` is given"))?;
        let plan = Plan::new(files, history, last)?;
        if catalog::is_empty(&target.session)? {
            return Err(
                Error::refused(format!("there is nothing to adopt: {} is empty", target.describe()))
                    .state("nothing was changed")
                    .help("to build its schema from the files type `cargo xtask db:push`"),
            );
        }
        Ok((plan, foreign))
    }

    /// The command, to be typed again.
    fn typed(&self) -> String {
        match (self.from, self.version) {
            (Some(tool), _) => format!("db:baseline --from {}", tool.name()),
            (None, Some(version)) => format!("db:baseline {version}"),
            (None, None) => "db:baseline VERSION".to_owned(),
        }
    }
}

/// What would be recorded, row by row where another tool has rows, and what stays pending.
fn describe(
    plan: &Plan<'_>,
    foreign: Option<&Foreign>,
    folder: &MigrationFolder,
    target: &Target,
) -> Result<String, Error> {
    let pairs = foreign
        .map(|foreign| foreign.pair(folder.files()))
        .transpose()?
        .unwrap_or_default();
    let from = foreign.map_or(String::new(), |f| {
        format!(", as {}'s `{}` has it", f.tool.name(), f.table)
    });
    let mut lines = vec![format!(
        "This records {} as applied, and executes none, in {}{from}:",
        count(plan.recorded.len(), "file"),
        target.describe()
    )];
    for file in plan.recorded {
        let row = pairs.iter().find(|(_, of)| of.version() == file.version());
        let row = row.map_or(String::new(), |(row, _)| format!("  from {}", row.describe()));
        lines.push(format!("  record   {}{row}", file.path()));
    }
    let pending = plan.pending.iter().map(MigrationFile::path);
    let pending = pending.chain(folder.repeatables().iter().map(RepeatableFile::path));
    lines.extend(pending.map(|path| format!("  pending  {path}")));
    Ok(lines.join("\n"))
}

fn nothing_to_do(target: &Target) -> String {
    format!("nothing to do: {} has these files in its history", target.describe())
}

fn done(plan: &Plan<'_>, folder: &MigrationFolder, target: &Target) -> String {
    let left = match plan.pending.len() + folder.repeatables().len() {
        0 => "has every migration".to_owned(),
        n => format!("has {} pending: type `cargo xtask db:push`", count(n, "file")),
    };
    let n = count(plan.recorded.len(), "file");
    format!("recorded {n}, executed none: {} {left}", target.describe())
}

fn report(
    target: &Target,
    plan: &Plan<'_>,
    folder: &MigrationFolder,
    text: &str,
    dry_run: bool,
    output: &Output,
) -> Exit {
    let paths = |files: &[MigrationFile]| -> Vec<String> { files.iter().map(|f| f.path().to_owned()).collect() };
    let repeatable = folder.repeatables().iter().map(RepeatableFile::path);
    let json = json!({
        "database": target.identity.database,
        "dry_run": dry_run,
        "recorded": paths(plan.recorded),
        "pending": paths(plan.pending),
        "repeatable": repeatable.collect::<Vec<_>>(),
    });
    output.result(text, &json);
    Exit::Done
}
