//! `db:restore`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use dbtask_runner::{Condition, Error, MigrationLock, Options, SchemaHistory, sql_error};
use serde_json::json;

use crate::backup::{Archive, Backup, Manner};
use crate::beside;
use crate::catalog;
use crate::confirm;
use crate::exit::Exit;
use crate::guard;
use crate::output::{Output, count, duration};
use crate::target::Target;
use crate::workspace::Workspace;

/// Restore a backup: into an empty database, else into a new one beside it
///
/// The backup is read in full before anything is touched: each file against its SHA-256, a bare dump of pg_dump's by
/// pg_restore. An empty database takes it. Where there is data, a new database is made, and DATABASE_URL's stays as
/// it is; with --swap the two change names when everything is restored, and the old one is kept under another name.
///
/// Refused (exit code 3) over production that is not empty: a database that is marked so (db:mark), or that nobody
/// marked and is not on this machine. The mark of the backup's database is not restored.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup, as db:backup wrote it, or a file of pg_dump's custom format
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Give the restored database the name of DATABASE_URL's, which is kept under another name
    #[arg(long)]
    swap: bool,
    /// Confirm --swap without being asked: the name of the database that is replaced
    #[arg(long, value_name = "DATABASE", requires = "swap")]
    yes: Option<String>,
    /// Leave owners and grants out: for a backup from a server with other roles
    #[arg(long)]
    no_owner: bool,
    /// The file with the secret key, for a backup that is encrypted
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

impl Restore {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let target = Target::open_or_create(workspace, output)?;
        guard::primary_only(&target, "db:restore")?;
        let unchanged = if catalog::is_empty(&target.session)? {
            None
        } else {
            Some(guard::development_only(&target, "db:restore")?.condition)
        };
        let backup = self.file.is_dir().then(|| Backup::open(&self.file)).transpose()?;
        let archive = self.read(backup.as_ref(), &target, output)?;
        let started = std::time::Instant::now();
        let manner = Manner {
            no_owner: self.no_owner,
            ..Manner::default()
        };
        let Some(unchanged) = unchanged else {
            // no push runs into a database that is half restored
            let lock_wait = Options::default().lock_wait;
            let _lock = MigrationLock::take(&target.session, lock_wait, &mut |holder| {
                output.waiting(&holder.description);
            })?;
            if !catalog::is_empty(&target.session)? {
                return Err(Error::refused(format!("{} was filled meanwhile", target.describe()))
                    .state("nothing of the backup was restored")
                    .help("type the command again: it goes beside what is there now"));
            }
            archive.restore(&target, manner).map_err(|e| {
                e.state(format!("`{}` is restored in part", target.identity.database))
                    .help("mend the cause, empty it with `cargo xtask db:drop`, and type the command again")
            })?;
            beside::settle(&target, backup.as_ref(), output);
            return self.report(&target, None, started.elapsed(), output);
        };
        let mut lock = None;
        if self.swap {
            // what is pushed from here on would be in the database that goes
            let lock_wait = Options::default().lock_wait;
            lock = Some(MigrationLock::take(&target.session, lock_wait, &mut |holder| {
                output.waiting(&holder.description);
            })?);
            let database = &target.identity.database;
            output.text(&format!(
                "`{database}` gets another name and is kept; the restored database takes its place."
            ));
            confirm::by_name(
                database,
                self.yes.as_deref(),
                &format!("db:restore {} --swap", self.file.display()),
            )?;
            holds(&unchanged, &target)?;
        }
        let restored = beside::restore(&target, &archive, backup.as_ref(), manner, output)?;
        if !self.swap {
            return self.report(&restored, None, started.elapsed(), output);
        }
        beside::mark_alike(&target, &restored, output)?;
        holds(&unchanged, &target)?;
        drop(lock);
        let url = target.url.clone();
        let kept = beside::swap(target, restored)?;
        self.report(&Target::at(url)?, Some(&kept), started.elapsed(), output)
    }

    /// Reads the backup to its end.
    fn read(&self, backup: Option<&Backup>, target: &Target, output: &Output) -> Result<Archive, Error> {
        let major = target.identity.major;
        let (archive, state) = if let Some(backup) = backup {
            backup.check()?;
            let missing = backup.missing_roles(&target.session)?;
            if !self.no_owner && !missing.is_empty() {
                return Err(missing_roles(&missing));
            }
            (backup.archive(self.identity.as_deref(), major)?, "whole")
        } else {
            let archive = Archive::open(&self.file, None, major)?;
            archive.read_in_full()?;
            // it carries no checksum of its own
            (archive, "readable to its end")
        };
        output.step(
            "read",
            &format!(
                "{}: {state}, written by pg_dump {}",
                self.file.display(),
                archive.dumped_by()
            ),
        );
        Ok(archive)
    }

    fn report(
        &self,
        restored: &Target,
        kept: Option<&str>,
        elapsed: std::time::Duration,
        output: &Output,
    ) -> Result<Exit, Error> {
        let version = SchemaHistory::read(&restored.session)?.version();
        let at = version.map_or("without migrations".to_owned(), |v| format!("at version {v}"));
        let mut text = format!("restored in {}: {} is {at}", duration(elapsed), restored.describe());
        if let Some(kept) = kept {
            let _ = write!(
                text,
                "\nwhat was there is kept as `{kept}`; when nobody needs it: `DROP DATABASE \"{kept}\"`"
            );
        }
        output.result(
            &text,
            &json!({
                "database": restored.identity.database,
                "kept_as": kept,
                "file": self.file,
                "seconds": elapsed.as_secs_f64(),
                "version": version.map(dbtask_rules::Version::get),
            }),
        );
        Ok(Exit::Done)
    }
}

/// Fails where somebody marked the database meanwhile.
fn holds(condition: &Condition, target: &Target) -> Result<(), Error> {
    target.session.batch(&condition.statement()).map_err(|e| {
        condition
            .refusal_of_itself(&e)
            .unwrap_or_else(|| sql_error("failed to read what the database is marked as", &e))
    })
}

fn missing_roles(statements: &[String]) -> Error {
    Error::failed(format!(
        "this server lacks {} of the backup's",
        count(statements.len(), "role")
    ))
    .state("nothing was changed")
    .help(format!("create what it needs: {}", statements.join("; ")))
    .help("or leave owners and grants out: `--no-owner`")
}
