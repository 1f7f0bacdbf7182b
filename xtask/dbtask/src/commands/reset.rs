//! `db:reset`

use clap::Args;
use dbtask_runner::Error;

use crate::commands::{drop, push};
use crate::exit::Exit;
use crate::output::Output;
use crate::target::Target;
use crate::typed::Patience;
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
    patience: Patience,
}

impl Reset {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let emptied = Target::open_or_create(workspace, output)?;
        drop::erase(&emptied, self.yes.as_deref(), "db:reset", output)?;
        // only now: from here on Ctrl-C is the session's to handle, and no longer ends a question
        let target = Target::open_to_migrate(workspace, output)?;
        same_database(&emptied, &target)?;
        push::carry_out(&target, "db:reset", &folder, self.patience.options(), workspace, output)
    }
}

/// `DIRECT_DATABASE_URL` may name another database than the one that was emptied.
fn same_database(emptied: &Target, target: &Target) -> Result<(), Error> {
    let identity = |t: &Target| {
        (
            t.identity.system_identifier,
            t.identity.oid,
            t.identity.database.clone(),
        )
    };
    if identity(emptied) == identity(target) {
        return Ok(());
    }
    Err(
        Error::refused("DATABASE_URL and DIRECT_DATABASE_URL lead to different databases")
            .cause(format!("to {}, and to {}", emptied.describe(), target.describe()))
            .state("the first is empty now; the second was not touched")
            .help("make both lead to the same one, then type `cargo xtask db:push`"),
    )
}
