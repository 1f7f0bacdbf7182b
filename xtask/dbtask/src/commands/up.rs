//! `db:up`

use clap::Args;
use dbtask_runner::Error;
use serde_json::json;

use crate::exit::Exit;
use crate::output::Output;
use crate::server::Cluster;
use crate::workspace::Workspace;

/// Start this checkout's private PostgreSQL
///
/// Makes it first where there is none: found on this machine, else fetched. It listens on loopback only, at a
/// port that stays the same. Commands whose DATABASE_URL is this server start it by themselves.
#[derive(Debug, Args)]
pub(crate) struct Up {}

impl Up {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let cluster = Cluster::of_workspace(workspace.root())?;
        let running = cluster.up(&mut |text| output.step("server", text))?;
        output.result(
            &format!("PostgreSQL {} is up on 127.0.0.1:{}", running.version, running.port),
            &json!({ "version": running.version, "host": "127.0.0.1", "port": running.port }),
        );
        Ok(Exit::Done)
    }
}
