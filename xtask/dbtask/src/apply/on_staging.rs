//! Files applied to a database that is marked staging, to see how they go there.

use dbtask_rules::MigrationFolder;
use dbtask_runner::Error;

use super::{Applying, Ground, Request, lints, origin};
use crate::checks::CheckFile;
use crate::facts::Facts;
use crate::guard::Treatment;
use crate::named::File;
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

impl<'a> Applying<'a> {
    /// As [`Applying::prepare`], where this is the rehearsal: nothing is backed up, nothing tried elsewhere, nobody asked.
    pub(crate) fn on_staging(
        target: &'a Target,
        treatment: Treatment,
        folder: MigrationFolder,
        request: Request,
        workspace: &Workspace,
        output: &'a Output,
    ) -> Result<Applying<'a>, Error> {
        lints::check(workspace, &folder, &request.files, output)
            .map_err(|e| e.state_if_unsaid("nothing was changed"))?;
        let ground = Ground {
            treatment,
            checks: CheckFile::read_all(workspace)?,
            commit: origin::commit(workspace, request.files.iter().map(File::path)).ok(),
            plan: Facts::read(&target.session)?.fingerprint(),
            backup: None,
        };
        Applying::begin(target, folder, request, ground, output)
    }
}
