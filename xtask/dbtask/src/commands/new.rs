//! `db:new`

use std::io::{ErrorKind, Write as _};

use clap::Args;
use dbtask_rules::{MigrationFolder, RepeatableFile};
use dbtask_runner::Error;
use serde_json::json;

use crate::exit::Exit;
use crate::output::Output;
use crate::workspace::{Workspace, disorder};

/// Make the next migration file
///
/// `cargo xtask db:new add users` makes migrations/V00011__add_users.sql, numbered after the last one. Write the
/// SQL into it: until it has a statement, the service does not compile and db:push refuses.
///
/// With --repeatable it makes migrations/R__users.sql from the name `users`: what it holds is carried out again whenever
/// its text changed, behind the numbered files. For what is replaced whole: views, functions, grants.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// What it does, in a few words
    #[arg(required = true, value_name = "NAME")]
    name: Vec<String>,
    /// Make a file that is carried out again whenever it changed, such as a view
    #[arg(long)]
    repeatable: bool,
}

const HEADER: &str = "\
-- What changes, and why.
--
-- Write it so that it can run twice: IF [NOT] EXISTS everywhere; a DO block that asks the catalog where there is
-- no such clause. The file is one transaction: no BEGIN, COMMIT or CONCURRENTLY.

";

const REPEATABLE_HEADER: &str = "\
-- What this is, and who uses it.
--
-- All of it is carried out again whenever the text changed: CREATE OR REPLACE; for a view whose columns change, DROP VIEW
-- IF EXISTS before it. The file is one transaction: no BEGIN, COMMIT or CONCURRENTLY.

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
        let (name, header) = self.file(&folder)?;
        let path = dir.join(name);
        let shown = workspace.display(&path);
        std::fs::File::create_new(&path)
            .and_then(|mut file| file.write_all(header.as_bytes()))
            .map_err(|e| match e.kind() {
                ErrorKind::AlreadyExists => Error::failed(format!("`{shown}` is there already"))
                    .help("change it: `cargo xtask db:push` carries it out again"),
                _ => failed("write into", e),
            })?;
        output.result(
            &format!("{shown}\nwrite the SQL into it, then type `cargo xtask db:push`"),
            &json!({ "file": shown }),
        );
        Ok(Exit::Done)
    }

    /// Its name, and what stands in it at first.
    fn file(&self, folder: &MigrationFolder) -> Result<(String, &'static str), Error> {
        let words = self.name.join(" ");
        if !self.repeatable {
            let name = folder
                .next_file_name(&words)
                .map_err(|d| Error::usage(d.message).help(d.help.unwrap_or_default()))?;
            return Ok((name.to_string(), HEADER));
        }
        match RepeatableFile::name_for(&words) {
            Some(name) => Ok((name, REPEATABLE_HEADER)),
            None => Err(Error::usage(format!("`{words}` has no letter or digit"))
                .help("say in a few words what it holds: `cargo xtask db:new --repeatable component names`")),
        }
    }
}
