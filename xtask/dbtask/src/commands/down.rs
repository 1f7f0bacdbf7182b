//! `db:down`

use clap::Args;
use dbtask_runner::Error;
use serde_json::json;

use crate::exit::Exit;
use crate::output::Output;
use crate::server::Cluster;
use crate::workspace::Workspace;

/// Stop this checkout's private PostgreSQL
///
/// It touches no other server. The data stays; `db:up` starts it again.
#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Remove the server with all its data, too
    #[arg(long)]
    delete: bool,
}

impl Down {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let cluster = Cluster::of_workspace(workspace.root())?;
        if !cluster.exists() {
            output.result(
                "there is no private server here",
                &json!({ "stopped": false, "deleted": false }),
            );
            return Ok(Exit::Done);
        }
        let stopped = cluster.running().is_some();
        if self.delete {
            cluster.delete()?;
        } else {
            cluster.down()?;
        }
        let text = match (self.delete, stopped) {
            (true, _) => "the private server is deleted; `cargo xtask setup` makes a new one",
            (false, true) => "the private server is stopped; `cargo xtask db:up` starts it again",
            (false, false) => "the private server was not running",
        };
        output.result(text, &json!({ "stopped": stopped, "deleted": self.delete }));
        Ok(Exit::Done)
    }
}
