//! The backup that there is a way back to.

use std::time::Duration;

use dbtask_runner::{Error, MigrationLock, Options};

use crate::backup::{Backup, Shelf, Wish};
use crate::catalog;
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// A proven backup that is young enough, as it is shown; else one that is taken now. An empty database needs none.
pub(super) fn ready(
    target: &Target,
    max_age: Duration,
    options: &Options,
    workspace: &Workspace,
    output: &Output,
) -> Result<Option<String>, Error> {
    if catalog::is_empty(&target.session)? {
        output.note("the database is empty: there is nothing to back up");
        return Ok(None);
    }
    let shelf = Shelf::at(workspace.backups());
    if let Some(backup) = shelf.latest_proven(&target.identity, max_age) {
        let shown = workspace.display(backup.path());
        // it may have been damaged since
        match backup.check() {
            Ok(()) => {
                output.step("backup", &format!("{shown}, proven, is young enough"));
                return Ok(Some(shown));
            }
            Err(error) => output.note(&format!("{shown} is of no use any more: {}", error.message())),
        }
    }
    let lock = MigrationLock::take(&target.session, options.lock_wait, &mut |holder| {
        output.waiting(&holder.description);
    })?;
    let mut backup = Backup::take(target, &lock, &shelf, &Wish::default(), output)?;
    drop(lock);
    backup.prove(target, None, workspace, output)?;
    let shown = workspace.display(backup.path());
    output.step("proven", &format!("{shown}, by a restore"));
    Ok(Some(shown))
}
