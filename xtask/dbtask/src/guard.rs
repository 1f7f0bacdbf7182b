//! What keeps production from harm. A guard may only refuse.

use dbtask_runner::Error;

use crate::catalog;
use crate::target::Target;

/// Refuses `command` on a database that is treated as production: one that nobody marked, that is not on this
/// machine and that is not empty. No flag lifts it.
pub(crate) fn development_only(target: &Target, command: &str) -> Result<(), Error> {
    if target.identity.in_recovery {
        return Err(
            Error::refused(format!("`{command}` is refused: {} is a standby", target.describe()))
                .state("nothing was changed")
                .help("point DATABASE_URL at the primary"),
        );
    }
    if target.is_local() || catalog::is_empty(&target.session)? {
        return Ok(());
    }
    Err(Error::refused(format!(
        "`{command}` is refused: {} is treated as production",
        target.describe()
    ))
    .cause(
        "it is not on this machine (by its URL and by the address that the server itself reports), and it is not empty",
    )
    .state("nothing was changed")
    .help(steps()))
}

/// How production is changed, with the commands.
fn steps() -> &'static str {
    "production is changed in steps, never pushed to:\n\
     1. take a backup: `cargo xtask db:backup`\n\
     2. write one targeted, idempotent file: `cargo xtask db:new NAME`\n\
     3. rehearse it on staging: `cargo xtask db:restore FILE` into an empty database there, then `cargo xtask db:push` while it is local\n\
     4. apply exactly that file: `cargo xtask db:push --dry-run --sql --to VERSION` prints it with its history row, for `psql`\n\
     5. validate with read-only checks: `cargo xtask db:status --check`\n\
     for development: use a database on this machine (`cargo xtask setup` makes one)"
}
