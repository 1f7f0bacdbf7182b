//! `db:restore`

use std::path::PathBuf;

use clap::Args;
use dbtask_runner::{Error, MigrationLock, Options, SchemaHistory};
use serde_json::json;

use crate::archive::Archive;
use crate::catalog;
use crate::commands::drop;
use crate::exit::Exit;
use crate::guard;
use crate::output::{Output, duration};
use crate::target::Target;
use crate::workspace::Workspace;

/// Restore a backup into a development database
///
/// The file is read in full before anything is touched. Into an empty database it goes straight; over one that
/// is not, only after the confirmation of db:drop.
///
/// Refused (exit code 3) over production that is not empty: a database that is marked so (db:mark), or that nobody
/// marked and is not on this machine. The mark of the backup's database is not restored.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup, as db:backup wrote it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Confirm without being asked: the name of the database that is overwritten
    #[arg(long, value_name = "DATABASE")]
    yes: Option<String>,
    /// Leave owners and grants out: for a backup from a server with other roles
    #[arg(long)]
    no_owner: bool,
}

impl Restore {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let target = Target::open_or_create(workspace, output)?;
        guard::primary_only(&target, "db:restore")?;
        let is_empty = catalog::is_empty(&target.session)?;
        if !is_empty {
            let _ = guard::development_only(&target, "db:restore")?;
        }
        let archive = Archive::open(&self.file, target.identity.major)?;
        output.step(
            "read",
            &format!(
                "{}: whole, written by pg_dump {}",
                self.file.display(),
                archive.dumped_by()
            ),
        );
        if !is_empty {
            drop::erase(
                &target,
                self.yes.as_deref(),
                &format!("db:restore {}", self.file.display()),
                output,
            )?;
        }
        // no push runs into a database that is half restored
        let lock_wait = Options::default().lock_wait;
        let _lock = MigrationLock::take(&target.session, lock_wait, &mut |holder| {
            output.waiting(&holder.description);
        })?;
        if !catalog::is_empty(&target.session)? {
            return Err(Error::refused(format!("{} was filled meanwhile", target.describe()))
                .state("nothing of the backup was restored")
                .help("type the command again: it says what is there now"));
        }
        let started = std::time::Instant::now();
        archive.restore(&target, self.no_owner)?;
        let version = SchemaHistory::read(&target.session)?.version();
        let at = version.map_or("without migrations".to_owned(), |v| format!("at version {v}"));
        output.result(
            &format!(
                "restored in {}: {} is {at}",
                duration(started.elapsed()),
                target.describe()
            ),
            &json!({
                "database": target.identity.database,
                "file": self.file,
                "seconds": started.elapsed().as_secs_f64(),
                "version": version.map(dbtask_rules::Version::get),
            }),
        );
        Ok(Exit::Done)
    }
}
