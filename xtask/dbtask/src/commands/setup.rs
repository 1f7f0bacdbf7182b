//! `setup`

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use clap::Args;
use dbtask_runner::Error;

use crate::commands::push::Push;
use crate::exit::Exit;
use crate::output::Output;
use crate::server::Cluster;
use crate::target::Target;
use crate::workspace::Workspace;

/// Turn a fresh clone into a working checkout: server, .env, schema
///
/// Makes and starts a private PostgreSQL for this checkout, writes its DATABASE_URL to .env, and pushes the
/// migrations. Where DATABASE_URL is set already, in the environment or in .env, that database is used and no
/// server is made. Typed again, it does what is left to do.
#[derive(Debug, Args)]
pub(crate) struct Setup {}

/// The database's name on the private server.
const DATABASE: &str = "development";

impl Setup {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        workspace.read_migrations()?;
        let environment = workspace.environment()?;
        if environment.get("DATABASE_URL").is_some() || workspace.has_own_env_file() {
            output.step("found", "DATABASE_URL is set already; no private server is needed");
            Target::open_or_create(workspace, output).map_err(|e| {
                e.help("for a private PostgreSQL instead, take DATABASE_URL out of `.env` and type `cargo xtask setup` again")
            })?;
        } else {
            let cluster = Cluster::of_workspace(workspace.root())?;
            let running = cluster.up(&mut |text| output.step("server", text))?;
            output.step(
                "running",
                &format!("PostgreSQL {} on 127.0.0.1:{}", running.version, running.port),
            );
            let env = workspace.env_file();
            write_url(&env, &cluster.url(DATABASE)?)?;
            output.step("wrote", &format!("DATABASE_URL to {}", workspace.display(&env)));
        }
        let exit = Push::plain().run(workspace, output)?;
        output.text("Next: `cargo xtask db:new NAME` makes a migration file; `cargo xtask --help` lists the commands.");
        Ok(exit)
    }
}

/// Adds the line to the file, which only its owner can read from then on: it holds a password.
fn write_url(path: &Path, url: &str) -> Result<(), Error> {
    let failed =
        |e: std::io::Error| Error::failed(format!("failed to write `{}`", path.display())).cause(e.to_string());
    let before = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(failed(e)),
    };
    let line_break = if before.is_empty() || before.ends_with(b"\n") {
        ""
    } else {
        "\n"
    };
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .map_err(failed)?;
    writeln!(
        file,
        "{line_break}# this checkout's private server, made by `cargo xtask setup`\nDATABASE_URL={url}"
    )
    .map_err(failed)
}
