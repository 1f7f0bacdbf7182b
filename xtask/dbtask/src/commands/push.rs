//! `db:push`

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use dbtask_rules::{MigrationFile, MigrationFolder, RepeatableFile, Version};
use dbtask_runner::{
    Application, Error, Event, HISTORY_TABLE, Migrated, MigrationLock, Migrations, Observation, Options, Plan,
    Repeatables, SchemaHistory, Session, Unit, migrate, preview, preview_repeatable, repeatable_runs,
};
use serde_json::{Value, json};

use crate::apply::origin;
use crate::edits;
use crate::exit::Exit;
use crate::guard::{self, Allowed, Treatment};
use crate::mark::Mark;
use crate::output::{Output, count, duration};
use crate::progress::Progress;
use crate::target::Target;
use crate::typed::{Patience, parse_version};
use crate::workspace::Workspace;

/// Apply what is pending to a development database
///
/// Each file is one transaction together with its row in the history: it is applied whole or not at all. The
/// database is created where the server does not have it. Two pushes at once wait for each other. Behind the numbered
/// files come the repeatable ones (R__NAME.sql) whose text is not what was carried out last.
///
/// Refused (exit code 3) on production: a database that is marked so (db:mark), or that nobody marked, is not on this
/// machine and not empty.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// Say what would be applied, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// With --dry-run: print the SQL that would be sent, history rows included
    #[arg(long, requires = "dry_run")]
    pub(crate) sql: bool,
    /// Apply up to this version, and no further; repeatable files are left alone
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    pub(crate) to: Option<Version>,
    /// Apply, too, files that a higher version overtook (merged late from a branch)
    #[arg(long)]
    pub(crate) allow_out_of_order: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

impl Push {
    /// `db:push` without any option.
    pub(crate) fn plain() -> Push {
        Push {
            dry_run: false,
            sql: false,
            to: None,
            allow_out_of_order: false,
            patience: Patience::default(),
        }
    }

    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        if self.dry_run {
            return self.preview(workspace, &folder, output);
        }
        let target = Target::open_to_migrate(workspace, output)?;
        carry_out(&target, "db:push", &folder, self.options(), workspace, output)
    }

    fn options(&self) -> Options {
        Options {
            to: self.to,
            allow_out_of_order: self.allow_out_of_order,
            ..self.patience.options()
        }
    }

    fn preview(&self, workspace: &Workspace, folder: &MigrationFolder, output: &Output) -> Result<Exit, Error> {
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let mut plan = Plan::new(folder.files(), &history);
        if self.allow_out_of_order {
            plan.take_in_out_of_order();
        }
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, folder, e))?;
        if let Some(last) = self.to {
            plan = plan.up_to(last)?;
        }
        let wanted = if self.to.is_some() { &[] } else { folder.repeatables() };
        let runs = if wanted.is_empty() {
            Vec::new()
        } else {
            repeatable_runs(&target.session, &history)?
        };
        let repeatables = Repeatables::new(wanted, &runs).pending();
        let numbered = plan.pending.iter().map(|file| file.path());
        let paths: Vec<&str> = numbered.chain(repeatables.iter().map(|file| file.path())).collect();
        let text = if self.sql {
            preview(&plan, &history)? + &preview_repeatable(&target.session, &repeatables, &history)?
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

/// A file that was applied, and how long it took.
pub(crate) struct AppliedFile {
    pub(crate) path: String,
    pub(crate) elapsed: Duration,
}

impl AppliedFile {
    pub(crate) fn json(&self) -> Value {
        json!({ "file": self.path, "seconds": self.elapsed.as_secs_f64() })
    }
}

/// Applies what is pending to a database that may be pushed to, and that has to stay so. It is asked again under the
/// migration lock, which the run then takes over: an empty database may have been filled by whoever held it.
///
/// A database that is marked staging keeps a record of each file, which `db:apply --require-staging` asks for.
pub(crate) fn carry_out(
    target: &Target,
    command: &str,
    folder: &MigrationFolder,
    mut options: Options,
    workspace: &Workspace,
    output: &Output,
) -> Result<Exit, Error> {
    let _ = guard::development_only(target, command)?;
    let _lock = MigrationLock::take(&target.session, options.lock_wait, &mut |holder| {
        output.waiting(&holder.description);
    })?;
    let Allowed { treatment, condition } = guard::development_only(target, command)?;
    options.condition = Some(condition);
    let is_staging = treatment.marks.mark() == Some(Mark::Staging);
    let mut done = Vec::new();
    let outcome = apply_telling(&target.session, folder.into(), options, output, &mut |path, elapsed| {
        // ten thousand of them are kept where somebody asks for them alone
        if is_staging || output.is_json() {
            let path = path.to_owned();
            done.push(AppliedFile { path, elapsed });
        }
    });
    // what was applied stays applied, whatever becomes of its record
    if is_staging
        && !done.is_empty()
        && let Err(error) = record_on_staging(target, &treatment, folder, &done, workspace)
    {
        output.note(&format!(
            "{} applied, and no record of that was left, so that staging does not vouch for it: {error}",
            count(done.len(), "file")
        ));
    }
    let migrated = outcome.map_err(|e| edits::explain(workspace, &target.session, folder, e))?;
    report(target, migrated, &done, output);
    Ok(Exit::Done)
}

fn record_on_staging(
    target: &Target,
    treatment: &Treatment,
    folder: &MigrationFolder,
    done: &[AppliedFile],
    workspace: &Workspace,
) -> Result<(), Error> {
    let paths: BTreeSet<&str> = done.iter().map(|file| file.path.as_str()).collect();
    let record = Application {
        commit: origin::commit(workspace, paths.iter().copied()).ok(),
        ..origin::application(target, treatment)
    };
    let history = SchemaHistory::read(&target.session)?;
    let table = history.table().unwrap_or(HISTORY_TABLE);
    let numbered = folder.files().iter().map(Unit::Versioned);
    let all = numbered.chain(folder.repeatables().iter().map(Unit::Repeatable));
    let mut done = all.filter(|file| paths.contains(file.script().path()));
    done.try_for_each(|file| record.record_push(&target.session, table, file))
}

/// Applies what is pending, telling each file as it is done.
pub(crate) fn apply<'a>(
    session: &Session,
    files: impl Into<Migrations<'a>>,
    options: Options,
    output: &Output,
) -> Result<Migrated, Error> {
    apply_telling(session, files.into(), options, output, &mut |_, _| {})
}

fn apply_telling(
    session: &Session,
    files: Migrations<'_>,
    options: Options,
    output: &Output,
    done: &mut dyn FnMut(&str, Duration),
) -> Result<Migrated, Error> {
    let numbered = files.versioned.iter().map(MigrationFile::path);
    let paths = numbered.chain(files.repeatable.iter().map(RepeatableFile::path));
    let width = paths.map(|path| path.chars().count()).max().unwrap_or(0);
    let mut progress = Progress::new();
    migrate(session, files, options, &mut |event| match event {
        Event::Waiting(holder) => output.waiting(&holder.description),
        Event::Begin(..) => {}
        Event::Running(file, seen) => progress.show(&running(file.path(), seen)),
        Event::GivingWay(file, tries, blocker) => {
            let blocker = blocker.map_or(String::new(), |b| format!("; in the way: {b}"));
            progress.show(&format!(
                "{}: gave way {} to get its locks{blocker}",
                file.path(),
                count_times(tries)
            ));
        }
        Event::Leftover(index) => output.step(
            "dropped",
            &format!("the INVALID index {index}, which an earlier try left behind"),
        ),
        Event::Warning(file, text) => {
            progress.clear();
            output.note(&format!("{}: {text}", file.path()));
        }
        Event::Done(file, elapsed) => {
            progress.clear();
            done(file.path(), elapsed);
            output.step("applied", &format!("{:<width$}  {}", file.path(), duration(elapsed)));
        }
    })
}

/// What a statement that takes long is doing.
fn running(path: &str, seen: &Observation) -> String {
    let mut text = format!("{path}: running for {}", duration(seen.elapsed));
    for (what, known) in [("", &seen.progress), ("waiting for ", &seen.blockers)] {
        if let Some(known) = known {
            text = format!("{text}; {what}{known}");
        }
    }
    text
}

fn count_times(n: u32) -> String {
    if n == 1 {
        "once".to_owned()
    } else {
        format!("{n} times")
    }
}

/// What was applied and where the database stands.
fn report(target: &Target, migrated: Migrated, done: &[AppliedFile], output: &Output) {
    let at = migrated
        .version
        .map_or("without migrations".to_owned(), |v| format!("at version {v}"));
    let text = match migrated.applied {
        0 => format!("nothing to do: {} is {at}", target.describe()),
        n => format!(
            "applied {} in {}: {} is {at}",
            count(n, "file"),
            duration(migrated.elapsed),
            target.describe()
        ),
    };
    // ten thousand files make 10 MB of values
    output.result_of(&text, || {
        json!({
            "database": target.identity.database,
            "applied": done.iter().map(AppliedFile::json).collect::<Vec<_>>(),
            "version": migrated.version.map(Version::get),
        })
    });
}
