//! `db:backup`

use clap::Args;
use dbtask_runner::{Error, MigrationLock, Options, SchemaHistory};
use serde_json::json;

use crate::archive::{self, Archive};
use crate::exit::Exit;
use crate::output::{Output, bytes, duration};
use crate::target::Target;
use crate::workspace::Workspace;

/// Write a backup to backups/, read back in full before it gets its name
///
/// pg_dump's custom format, by the pg_dump that fits the server. No migration runs meanwhile: the migration lock
/// is held. The file is readable by its owner alone. Reads only; works on production.
#[derive(Debug, Args)]
pub(crate) struct Backup {}

impl Backup {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let target = Target::open(workspace, output)?;
        let tools = crate::server::client_tools(target.identity.major)?;
        let lock_wait = Options::default().lock_wait;
        let _lock = MigrationLock::take(&target.session, lock_wait, &mut |holder| {
            output.waiting(&holder.description);
        })?;
        let version = SchemaHistory::read(&target.session)
            .map_err(|e| e.state("no backup was written").help(archive::PRIVILEGES))?
            .version();
        let path = archive::new_path(&workspace.backups(), &target.identity.database, version)?;
        output.step("backup", &format!("of {}", target.describe()));
        let started = std::time::Instant::now();
        let size = Archive::write(&path, &tools, &target)?;
        let shown = workspace.display(&path);
        let elapsed = started.elapsed();
        output.result(
            &format!(
                "{shown}: {} in {}, read back in full\nto restore it: `cargo xtask db:restore {shown}`",
                bytes(size),
                duration(elapsed)
            ),
            &json!({
                "file": shown,
                "bytes": size,
                "seconds": elapsed.as_secs_f64(),
                "database": target.identity.database,
                "version": version.map(dbtask_rules::Version::get),
                "pg_dump": tools.version,
            }),
        );
        Ok(Exit::Done)
    }
}
