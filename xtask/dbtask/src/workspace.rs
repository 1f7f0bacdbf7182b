//! The workspace that the commands work on.

use std::path::{Path, PathBuf};

use dbtask_rules::lint::Policy;
use dbtask_rules::{Diagnostic, MigrationFolder};
use dbtask_runner::{Environment, Error};

use crate::cli::Global;
use crate::output::count;

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    migrations: PathBuf,
    env_file: Option<PathBuf>,
}

impl Workspace {
    /// The workspace of the xtask package that cargo runs; without cargo, the one around the current folder.
    pub(crate) fn locate(global: &Global) -> Result<Workspace, Error> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => PathBuf::from(package),
            None => std::env::current_dir()
                .map_err(|e| Error::failed("failed to find the current folder").cause(e.to_string()))?,
        };
        let root = dbtask_rules::workspace_root(&start).ok_or_else(|| {
            Error::usage(format!("no workspace around `{}`", start.display()))
                .help("run `cargo xtask` inside the workspace: a folder whose Cargo.toml has a `[workspace]` table")
        })?;
        Ok(Workspace {
            migrations: global.migrations.clone().unwrap_or_else(|| root.join("migrations")),
            env_file: global.env_file.clone(),
            root,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The migrations folder.
    pub(crate) fn migrations(&self) -> &Path {
        &self.migrations
    }

    /// The file that `DATABASE_URL` is read from, when the environment does not have it.
    pub(crate) fn env_file(&self) -> PathBuf {
        self.env_file.clone().unwrap_or_else(|| self.root.join(".env"))
    }

    /// Whether `--env-file` was given.
    pub(crate) fn has_own_env_file(&self) -> bool {
        self.env_file.is_some()
    }

    /// The folder that backups are written to.
    pub(crate) fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// A path as people read it: relative to the workspace, where it lies inside.
    pub(crate) fn display(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// A command as it is typed here, with the options that say where things are.
    pub(crate) fn typed(&self, command: &str) -> String {
        let mut line = format!("cargo xtask {command}");
        if self.migrations != self.root.join("migrations") {
            line = format!("{line} --migrations {}", quoted(&self.display(&self.migrations)));
        }
        if let Some(file) = &self.env_file {
            line = format!("{line} --env-file {}", quoted(&file.display().to_string()));
        }
        line
    }

    pub(crate) fn environment(&self) -> Result<Environment, Error> {
        Environment::read(&self.root, self.env_file.as_deref())
    }

    /// What the SQL policy of the migrations folder says; everything that is wrong with it is one error.
    pub(crate) fn read_policy(&self) -> Result<Policy, Error> {
        Policy::read(&self.migrations).map_err(disorder)
    }

    /// The migration files; everything that is wrong with them is one error.
    pub(crate) fn read_migrations(&self) -> Result<MigrationFolder, Error> {
        MigrationFolder::read(&self.migrations).map_err(disorder)
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What is wrong with the folder, all of it.
pub(crate) fn disorder(findings: Vec<Diagnostic>) -> Error {
    Error::failed(format!(
        "the migrations folder is not in order: {}",
        count(findings.len(), "finding")
    ))
    .findings(findings)
    .state("no database was touched")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_can_be_typed() {
        let workspace = |migrations: &str, env_file: Option<&str>| Workspace {
            root: PathBuf::from("/shop"),
            migrations: PathBuf::from(migrations),
            env_file: env_file.map(PathBuf::from),
        };
        let typed = |workspace: Workspace| workspace.typed("db:backup");
        assert_eq!(typed(workspace("/shop/migrations", None)), "cargo xtask db:backup");
        assert_eq!(
            typed(workspace("/shop/db", Some("prod.env"))),
            "cargo xtask db:backup --migrations db --env-file prod.env"
        );
        assert_eq!(
            typed(workspace("/shop/migrations", Some("it's here"))),
            r"cargo xtask db:backup --env-file 'it'\''s here'"
        );
    }
}
