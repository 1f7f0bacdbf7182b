//! `db:drop`

use clap::Args;
use dbtask_runner::{Error, MigrationLock, Options};
use serde_json::json;

use crate::confirm;
use crate::erase::Inventory;
use crate::exit::Exit;
use crate::guard;
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// Delete everything in a development database
///
/// Says first what will go, then asks for the database's name. Tables, views, sequences, types, functions and
/// the migration history go, in every schema; the database itself and its mark, extensions, roles and the
/// privileges on public stay. Interrupted, it can be typed again.
///
/// Refused (exit code 3) on production: a database that is marked so (db:mark), or that nobody marked, is not on this
/// machine and not empty.
#[derive(Debug, Args)]
pub(crate) struct Drop {
    /// Confirm without being asked: the name of the database
    #[arg(long, value_name = "DATABASE")]
    pub(crate) yes: Option<String>,
}

impl Drop {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let target = Target::open(workspace, output)?;
        let deleted = erase(&target, self.yes.as_deref(), "db:drop", output)?;
        let text = match deleted {
            0 => format!("nothing to delete: {} is empty", target.describe()),
            _ => format!("{} is empty; `cargo xtask db:push` builds it again", target.describe()),
        };
        output.result(
            &text,
            &json!({ "database": target.identity.database, "deleted": deleted }),
        );
        Ok(Exit::Done)
    }
}

/// Guard, inventory, confirmation, deletion; how many objects went.
pub(crate) fn erase(target: &Target, yes: Option<&str>, command: &str, output: &Output) -> Result<usize, Error> {
    let _ = guard::development_only(target, command)?;
    let lock_wait = Options::default().lock_wait;
    let _lock = MigrationLock::take(&target.session, lock_wait, &mut |holder| {
        output.waiting(&holder.description);
    })?;
    // whoever held the lock may have marked it, or filled it
    let condition = guard::development_only(target, command)?.condition;
    let inventory = Inventory::read(target)?;
    if inventory.is_empty() {
        return Ok(0);
    }
    output.text(&inventory.describe(target));
    confirm::by_name(&target.identity.database, yes, command)?;
    let n = inventory.len();
    inventory.erase(target, &condition, output)?;
    Ok(n)
}
