//! `db:reset`

use clap::Args;
use dbtask_runner::Error;

use crate::commands::{drop, push};
use crate::exit::Exit;
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// Start over: db:drop, then db:push
///
/// The migration files are read first: nothing is deleted while they are not in order.
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// Confirm without being asked: the name of the database
    #[arg(long, value_name = "DATABASE")]
    pub(crate) yes: Option<String>,
    #[command(flatten)]
    patience: push::Patience,
}

impl Reset {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open_or_create(workspace, output)?;
        drop::erase(&target, self.yes.as_deref(), "db:reset", output)?;
        // only now: from here on Ctrl-C is the session's to handle, and no longer ends a question
        let target = Target::open_to_migrate(workspace, output)?;
        let applied = push::apply(&target.session, &folder, self.patience.options(), output)?;
        Ok(push::report(&target, &applied, output))
    }
}
