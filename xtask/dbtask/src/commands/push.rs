//! `db:push`

use clap::Args;
use dbtask_rules::{MigrationFolder, Version};
use dbtask_runner::{AppliedFile, Error, Event, Options, Plan, SchemaHistory, Session, migrate, preview};
use serde_json::json;

use crate::exit::Exit;
use crate::guard;
use crate::output::{Output, count, duration};
use crate::target::Target;
use crate::workspace::Workspace;

/// Apply what is pending to a development database
///
/// Each file is one transaction together with its row in the history: it is applied whole or not at all. The
/// database is created where the server does not have it. Two pushes at once wait for each other.
///
/// Refused (exit code 3) on a database that is not on this machine and not empty: that is treated as production.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// Say what would be applied, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run: print the SQL that would be sent, history rows included
    #[arg(long, requires = "dry_run")]
    pub(crate) sql: bool,
    /// Apply up to this version, and no further
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    pub(crate) to: Option<Version>,
}

/// `7`, `00007` or `V00007`.
fn parse_version(text: &str) -> Result<Version, String> {
    let digits = text.strip_prefix(['V', 'v']).unwrap_or(text);
    digits
        .parse()
        .ok()
        .and_then(Version::new)
        .ok_or_else(|| "a version is the number in a file's name, such as 7 or V00007".to_owned())
}

impl Push {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        if self.dry_run {
            return self.preview(workspace, &folder, output);
        }
        let target = Target::open_or_create(workspace, output)?;
        guard::development_only(&target, "db:push")?;
        let applied = apply(&target.session, &folder, self.to, output)?;
        report(&target, &applied, output)
    }

    fn preview(&self, workspace: &Workspace, folder: &MigrationFolder, output: &Output) -> Result<Exit, Error> {
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let mut plan = Plan::new(folder.files(), &history)?;
        plan.check()?;
        if let Some(last) = self.to {
            plan = plan.up_to(last)?;
        }
        let paths: Vec<&str> = plan.pending.iter().map(|p| p.file.path()).collect();
        let text = if self.sql {
            preview(&plan, &history)?
        } else if paths.is_empty() {
            format!("nothing to do: {} has every migration", target.describe())
        } else {
            format!(
                "would apply {} to {}:\n  {}",
                count(paths.len(), "file"),
                target.describe(),
                paths.join("\n  ")
            )
        };
        output.result(
            &text,
            &json!({ "database": target.identity.database, "dry_run": true, "pending": paths }),
        );
        Ok(Exit::Done)
    }
}

/// Applies what is pending, telling each file as it is done.
pub(crate) fn apply(
    session: &Session,
    folder: &MigrationFolder,
    to: Option<Version>,
    output: &Output,
) -> Result<Vec<AppliedFile>, Error> {
    let options = Options {
        to,
        ..Options::default()
    };
    migrate(session, folder.files(), options, &mut |event| match event {
        Event::Waiting(holder) => output.step(
            "waiting",
            &format!("another run holds the lock: {}", holder.description),
        ),
        Event::Begin(..) => {}
        Event::Done(file, elapsed) => output.step("applied", &format!("{}  {}", file.path(), duration(elapsed))),
    })
}

/// What was applied and where the database stands.
pub(crate) fn report(target: &Target, applied: &[AppliedFile], output: &Output) -> Result<Exit, Error> {
    let version = SchemaHistory::read(&target.session)?.version();
    let at = version.map_or("without migrations".to_owned(), |v| format!("at version {v}"));
    let text = match applied {
        [] => format!("nothing to do: {} is {at}", target.describe()),
        files => {
            let elapsed = files.iter().map(|f| f.elapsed).sum();
            format!(
                "applied {} in {}: {} is {at}",
                count(files.len(), "file"),
                duration(elapsed),
                target.describe()
            )
        }
    };
    let files: Vec<_> = applied
        .iter()
        .map(|f| json!({ "file": f.path, "seconds": f.elapsed.as_secs_f64() }))
        .collect();
    let json = json!({
        "database": target.identity.database,
        "applied": files,
        "version": version.map(Version::get),
    });
    output.result(&text, &json);
    Ok(Exit::Done)
}
