//! `db:new`

use std::io::Write as _;

use clap::Args;
use dbtask_rules::MigrationFolder;
use dbtask_runner::Error;
use serde_json::json;

use crate::exit::Exit;
use crate::output::Output;
use crate::workspace::{Workspace, disorder};

/// Make the next migration file
///
/// `cargo xtask db:new add users` makes migrations/V00011__add_users.sql, numbered after the last one. Write the
/// SQL into it: until it has a statement, the service does not compile and db:push refuses.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// What it does, in a few words
    #[arg(required = true, value_name = "NAME")]
    name: Vec<String>,
}

const HEADER: &str = "\
-- What changes, and why.
--
-- Write it so that it can run twice: IF [NOT] EXISTS everywhere; a DO block that asks the catalog where there is
-- no such clause. The file is one transaction: no BEGIN, COMMIT or CONCURRENTLY.

";

impl New {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let dir = workspace.migrations();
        let failed = |what: &str, e: std::io::Error| {
            Error::failed(format!("failed to {what} `{}`", workspace.display(dir))).cause(e.to_string())
        };
        if !dir.exists() {
            std::fs::create_dir_all(dir).map_err(|e| failed("create", e))?;
        }
        let folder = MigrationFolder::read_names(dir).map_err(disorder)?;
        let name = folder
            .next_file_name(&self.name.join(" "))
            .map_err(|d| Error::usage(d.message).help(d.help.unwrap_or_default()))?;
        let path = dir.join(name.to_string());
        std::fs::File::create_new(&path)
            .and_then(|mut file| file.write_all(HEADER.as_bytes()))
            .map_err(|e| failed("write into", e))?;
        let shown = workspace.display(&path);
        output.result(
            &format!("{shown}\nwrite the SQL into it, then type `cargo xtask db:push`"),
            &json!({ "file": shown }),
        );
        Ok(Exit::Done)
    }
}
