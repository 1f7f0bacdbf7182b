//! Backups: taken of one moment, sealed, found again, proven, restored.
//!
//! A backup is a folder: pg_dump's file (or, with several jobs, its folder) and a `manifest.json` that says what
//! must come out of it. It is written under a `.partial` name, flushed to disk and read back in full; only then it gets
//! its name. What [`manifest`] documents is stable: other programs may read it.

mod archive;
mod dump;
mod encryption;
pub(crate) mod manifest;
mod proof;
mod shelf;
mod snapshot;
mod surroundings;
mod taking;
mod tool;
mod writing;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbtask_runner::{Error, MigrationLock, Session, sql_error};
use serde_json::{Value, json};

pub(crate) use self::archive::{Archive, Manner};
pub(crate) use self::encryption::Recipient;
use self::manifest::{Manifest, damaged, string, strings};
pub(crate) use self::shelf::{Shelf, compact};
use crate::output::Output;
use crate::target::Target;

/// What a role needs to read everything.
pub(crate) const PRIVILEGES: &str =
    "a role for backups needs SELECT on every table: let a superuser run `GRANT pg_read_all_data TO ROLE`";

/// How a backup is taken.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Connections that dump at once; more than one makes pg_dump's directory format.
    pub(crate) jobs: u32,
    /// Who alone can open it.
    pub(crate) encrypt_to: Option<Recipient>,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            jobs: 1,
            encrypt_to: None,
        }
    }
}

/// A whole backup.
#[derive(Debug, Clone)]
pub(crate) struct Backup {
    path: PathBuf,
    manifest: Manifest,
}

impl Backup {
    /// Takes a backup of the target. Nobody may migrate meanwhile, which the lock says.
    pub(crate) fn take(
        target: &Target,
        _lock: &MigrationLock<'_>,
        shelf: &Shelf,
        wish: &Wish,
        output: &Output,
    ) -> Result<Backup, Error> {
        taking::take(target, shelf, wish, output).map_err(|e| e.state("no backup was written"))
    }

    /// The backup in a folder, by its manifest alone: [`Backup::check`] reads the rest.
    pub(crate) fn open(path: &Path) -> Result<Backup, Error> {
        Ok(Backup {
            path: path.to_owned(),
            manifest: Manifest::read(path)?,
        })
    }

    /// Reads every file to its end, and fails unless each is as it was written.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let files = shelf::seal(&self.path, None)?;
        let expected = self.manifest.files();
        let wrong = expected
            .iter()
            .filter(|file| !files.contains(file))
            .map(|file| format!("`{}` is damaged or missing", file.path))
            .chain(
                files
                    .iter()
                    .filter(|file| !expected.iter().any(|e| e.path == file.path))
                    .map(|file| format!("`{}` does not belong to it", file.path)),
            );
        let wrong: Vec<String> = wrong.collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(damaged(&self.path, wrong.join("\n")))
    }

    /// What pg_restore reads; `identity` is the file with the secret key, for a backup that is encrypted.
    pub(crate) fn archive(&self, identity: Option<&Path>, server_major: u32) -> Result<Archive, Error> {
        let is_encrypted = self.is_encrypted();
        if is_encrypted && identity.is_none() {
            return Err(Error::usage(format!("`{}` is encrypted", self.path.display()))
                .state("nothing was changed")
                .help("name the file with the secret key: `--identity FILE`"));
        }
        let path = self.path.join(self.manifest.data());
        Archive::open(&path, identity.filter(|_| is_encrypted), server_major)
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.manifest.document["dump"]["encrypted"] == json!(true)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// In bytes, with everything.
    pub(crate) fn size(&self) -> u64 {
        self.manifest.files().iter().map(|file| file.bytes).sum()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.manifest.tables().iter().map(|table| table.rows).sum()
    }

    /// The statements that make the roles which the server lacks.
    pub(crate) fn missing_roles(&self, session: &Session) -> Result<Vec<String>, Error> {
        let failed = |e| sql_error("failed to list the roles", &e);
        let rows = session
            .query("SELECT rolname::text FROM pg_catalog.pg_roles", &[])
            .map_err(failed)?;
        let there: Vec<String> = rows
            .iter()
            .map(|row| row.try_get(0).map_err(failed))
            .collect::<Result<_, _>>()?;
        let roles = self.manifest.document["roles"].as_array();
        Ok(roles
            .into_iter()
            .flatten()
            .filter(|role| !there.contains(&string(&role["name"])))
            .map(surroundings::create_role)
            .collect())
    }

    /// The settings of the database as `name=value`, those of single roles left out. What it was marked as is not among
    /// them: a copy is no production.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let settings = self.manifest.document["settings"].as_array();
        settings
            .into_iter()
            .flatten()
            .filter(|of| of["role"].is_null())
            .flat_map(|of| strings(&of["settings"]))
            .filter_map(|setting| setting.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())))
            .filter(|(name, _)| name != "dbtask.environment")
            .collect()
    }

    /// The words behind `CREATE DATABASE name` that give a database the same encoding and locale.
    pub(crate) fn locale(&self) -> String {
        let database = &self.manifest.document["database"];
        let literal = |value: &Value| format!("'{}'", string(value).replace('\'', "''"));
        let mut words = format!(
            "TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            literal(&database["encoding"]),
            literal(&database["collate"]),
            literal(&database["ctype"])
        );
        if database["provider"] == json!("i") {
            let _ = write!(
                words,
                " LOCALE_PROVIDER icu ICU_LOCALE {}",
                literal(&database["locale"])
            );
        }
        words
    }
}
