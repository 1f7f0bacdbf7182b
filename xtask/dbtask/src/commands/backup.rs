//! `db:backup`

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::RangedU64ValueParser;
use dbtask_runner::{Error, MigrationLock, Options};
use serde_json::{Value, json};

use crate::backup::{Backup as Taken, Recipient, Shelf, Wish};
use crate::exit::Exit;
use crate::output::{Output, bytes, count, duration, thousands};
use crate::target::Target;
use crate::workspace::Workspace;

/// Write a backup to backups/, read back in full before it gets its name
///
/// A backup is a folder that is readable by its owner alone: what pg_dump wrote, by the pg_dump that fits the
/// server, and a manifest.json with what must come out of it: rows and a digest of every table, of the very snapshot
/// that was dumped; the SHA-256 of each file; roles, settings and what else pg_dump leaves out.
///
/// With --verify it is restored into a throwaway database and compared, and the proof is recorded in the manifest.
///
/// No migration runs meanwhile: the migration lock is held. Reads only; works on production.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Dump with so many connections at once, into a folder of pg_dump's directory format
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = RangedU64ValueParser::<u32>::new().range(1..=64))]
    jobs: u32,
    /// Encrypt it, so that the secret key of this age recipient alone opens it (age1…)
    #[arg(long, value_name = "RECIPIENT", conflicts_with = "jobs")]
    encrypt_to: Option<Recipient>,
    /// Prove it: restore it into a throwaway database, and compare rows and digests of every table
    #[arg(long)]
    verify: bool,
    /// The file with the secret key, to verify a backup that is encrypted
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Prove a backup that was taken before, and take none
    #[arg(long, value_name = "FILE", conflicts_with_all = ["jobs", "encrypt_to", "verify", "keep"])]
    prove: Option<PathBuf>,
    /// Delete the older proven backups of this database beyond the newest N; others are never deleted
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    keep: Option<usize>,
    /// Show the backups that there are, the newest first, and take none
    #[arg(long, conflicts_with_all = ["jobs", "encrypt_to", "verify", "identity", "prove", "keep"])]
    list: bool,
}

impl Backup {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = Shelf::at(workspace.backups());
        if self.list {
            return Ok(list(&folder, workspace, output));
        }
        if let Some(path) = &self.prove {
            return self.prove(path, workspace, output);
        }
        let started = std::time::Instant::now();
        let target = Target::open_direct(workspace, output)?;
        let lock_wait = Options::default().lock_wait;
        let lock = MigrationLock::take(&target.session, lock_wait, &mut |holder| {
            output.waiting(&holder.description);
        })?;
        if self.verify && self.encrypt_to.is_some() && self.identity.is_none() {
            return Err(
                Error::usage("an encrypted backup is verified with its secret key alone")
                    .state("no backup was written")
                    .help("name the file: `--identity FILE`"),
            );
        }
        let wish = Wish {
            jobs: self.jobs,
            encrypt_to: self.encrypt_to.clone(),
        };
        let mut backup = Taken::take(&target, &lock, &folder, &wish, output)?;
        drop(lock);
        if self.verify {
            output.step(
                "written",
                &format!(
                    "{} in {}",
                    workspace.display(backup.path()),
                    duration(started.elapsed())
                ),
            );
            backup.prove(&target, self.identity.as_deref(), workspace, output)?;
        }
        let elapsed = started.elapsed();
        let deleted = match self.keep {
            Some(keep) => folder.prune(&target.identity, keep)?,
            None => Vec::new(),
        };
        for path in &deleted {
            output.step("deleted", &workspace.display(path));
        }
        let shown = workspace.display(backup.path());
        let mut json = describe(&backup, &shown);
        json["seconds"] = json!(elapsed.as_secs_f64());
        json["deleted"] = deleted.iter().map(|path| workspace.display(path)).collect();
        output.result(
            &format!(
                "{shown}: {} in {}, {} of {}, {}\nto restore it: `cargo xtask db:restore {shown}`",
                bytes(backup.size()),
                duration(elapsed),
                rows(&backup),
                count(backup.manifest().tables().len(), "table"),
                if self.verify {
                    "read back in full and proven by a restore"
                } else {
                    "read back in full"
                },
            ),
            &json,
        );
        Ok(Exit::Done)
    }
}

impl Backup {
    fn prove(&self, path: &Path, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let mut backup = Taken::open(path)?;
        let target = Target::open_direct(workspace, output)?;
        backup.prove(&target, self.identity.as_deref(), workspace, output)?;
        let shown = workspace.display(path);
        output.result(
            &format!(
                "{shown}: proven by a restore, {} of {}",
                rows(&backup),
                count(backup.manifest().tables().len(), "table")
            ),
            &describe(&backup, &shown),
        );
        Ok(Exit::Done)
    }
}

fn rows(backup: &Taken) -> String {
    match backup.rows() {
        1 => "1 row".to_owned(),
        n => format!("{} rows", thousands(n)),
    }
}

fn list(folder: &Shelf, workspace: &Workspace, output: &Output) -> Exit {
    let (backups, broken) = folder.list();
    for error in &broken {
        output.note(&format!("{}: {}", error.message(), error.causes().join(", ")));
    }
    let lines: Vec<String> = backups
        .iter()
        .map(|backup| {
            let manifest = backup.manifest();
            format!(
                "{}  {:>9}  {:>12} rows  {}",
                workspace.display(backup.path()),
                bytes(backup.size()),
                thousands(backup.rows()),
                manifest
                    .proven_at()
                    .map_or("not proven".to_owned(), |at| format!("proven {at}")),
            )
        })
        .collect();
    let text = if lines.is_empty() {
        "there is no backup: `cargo xtask db:backup` takes one".to_owned()
    } else {
        lines.join("\n")
    };
    let json: Vec<Value> = backups
        .iter()
        .map(|backup| describe(backup, &workspace.display(backup.path())))
        .collect();
    let broken_json: Vec<&str> = broken.iter().map(Error::message).collect();
    output.result(&text, &json!({ "backups": json, "broken": broken_json }));
    if broken.is_empty() { Exit::Done } else { Exit::Failed }
}

fn describe(backup: &Taken, shown: &str) -> Value {
    let manifest = backup.manifest();
    json!({
        "file": shown,
        "bytes": backup.size(),
        "database": manifest.database(),
        "version": manifest.version(),
        "taken_at": manifest.taken_at(),
        "tables": manifest.tables().len(),
        "rows": backup.rows(),
        "pg_dump": manifest.pg_dump(),
        "encrypted": backup.is_encrypted(),
        "proven_at": manifest.proven_at(),
    })
}
