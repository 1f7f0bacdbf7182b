//! `db:rehearse`

use clap::Args;
use dbtask_rules::MigrationFile;
use dbtask_runner::{Error, Kind, Plan, SchemaHistory};
use serde_json::json;

use crate::edits;
use crate::exit::Exit;
use crate::output::{Output, count};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Prove pending files on a throwaway database
///
/// A throwaway database is made on SHADOW_DATABASE_URL where that is set, else on the server of DATABASE_URL where the
/// role may create databases, else on the private server. It is brought to where the target is, by the files that are
/// applied there, and the pending ones are applied to it. The target is only read. Exit code 4 where a file fails.
#[derive(Debug, Args)]
pub(crate) struct Rehearse {}

impl Rehearse {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let plan = Plan::new(folder.files(), &history);
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e))?;
        let applied: Vec<MigrationFile> = plan.applied.iter().map(|(file, _)| (*file).clone()).collect();
        let shadow = Shadow::create(&target, workspace, output)?;
        output.step("created", &shadow.describe());
        for note in shadow.install_extensions(&target, folder.files())? {
            output.note(&note);
        }
        let reach = |e: Error| match shadow.interruption() {
            Some(interruption) => interruption.state("nothing was changed"),
            None => e,
        };
        shadow
            .apply(&applied)
            .map_err(|e| reach(e.context("failed to bring the throwaway database to where the target is")))?;
        shadow.apply(folder.files()).map_err(|e| match e.kind() {
            Kind::Failed => reach(e.with_kind(Kind::Pending)),
            _ => e,
        })?;
        let paths: Vec<&str> = plan.pending.iter().map(|file| file.path()).collect();
        output.result(
            &format!("{} can be applied to {}", count(paths.len(), "file"), target.describe()),
            &json!({ "database": target.identity.database, "proven": true, "files": paths }),
        );
        Ok(Exit::Done)
    }
}
