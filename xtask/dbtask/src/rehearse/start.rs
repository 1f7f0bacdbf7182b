//! Where a rehearsal begins.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use dbtask_rules::{MigrationFile, RepeatableFile};
use dbtask_runner::{Error, Migrations};

use crate::backup::{Archive, Backup, Manner};
use crate::output::Output;
use crate::server::{client_tools, random_hex};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// What the throwaway database is made of.
pub(crate) enum Start<'a> {
    /// The files that the target has.
    Files,
    /// A backup with its data, and the files that the target has beyond it.
    Backup(&'a Path),
    /// The target's schema as it is.
    Schema,
}

impl Start<'_> {
    /// Brings the empty throwaway database to where the target is; `applied` and `current` are the files
    /// that the target has, numbered and repeatable.
    pub(crate) fn prepare(
        &self,
        shadow: &Shadow,
        target: &Target,
        applied: &[MigrationFile],
        current: &[RepeatableFile],
        workspace: &Workspace,
        output: &Output,
    ) -> Result<(), Error> {
        let untouched = |e: Error| e.state("nothing was changed: that was on a throwaway database, which is gone");
        match self {
            Start::Files => {
                for note in shadow.install_extensions(target, applied)? {
                    output.note(&note);
                }
            }
            Start::Backup(path) => {
                output.step("restoring", &workspace.display(path));
                restore(path, shadow).map_err(untouched)?;
            }
            Start::Schema => {
                let dump = SchemaDump::write(target)?;
                restore(&dump.path, shadow).map_err(untouched)?;
                // it has no rows, those of the history neither
                return Ok(());
            }
        }
        let files = Migrations {
            versioned: applied,
            repeatable: current,
        };
        shadow
            .apply(files)
            .map_err(|e| e.context("failed to bring the throwaway database to where the target is"))
    }

    /// `begun with the files that are applied`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Start::Files => "begun with the files that it has".to_owned(),
            Start::Backup(path) => {
                let name = path
                    .file_name()
                    .map_or_else(|| path.display().to_string(), |name| name.display().to_string());
                format!("begun with the backup {name}")
            }
            Start::Schema => "begun with its schema".to_owned(),
        }
    }
}

/// Owners and privileges are left out: their roles may be missing here.
fn restore(path: &Path, shadow: &Shadow) -> Result<(), Error> {
    let target = shadow.target();
    let archive = if path.is_dir() {
        let backup = Backup::open(path)?;
        backup.check()?;
        backup.archive(None, target.identity.major)?
    } else {
        Archive::open(path, None, target.identity.major)?
    };
    let manner = Manner {
        no_owner: true,
        contained: true,
        ..Manner::default()
    };
    archive.restore(target, manner)
}

/// The target's schema in a file, which goes with this value.
struct SchemaDump {
    path: PathBuf,
}

impl SchemaDump {
    fn write(target: &Target) -> Result<SchemaDump, Error> {
        let failed = |e: String| Error::failed("failed to read the target's schema by pg_dump").cause(e);
        let tools = client_tools(target.identity.major)?;
        let dump = SchemaDump {
            path: std::env::temp_dir().join(format!("dbtask-schema-{}.dump", random_hex(8)?)),
        };
        // there first, so that it is private from its first byte
        private_file(&dump.path).map_err(|e| failed(e.to_string()))?;
        let output = tools
            .command("pg_dump", &target.url)
            .args([
                "--schema-only",
                "--format=custom",
                "--no-password",
                "--lock-wait-timeout=60s",
            ])
            .arg("--file")
            .arg(&dump.path)
            .arg(format!("--dbname={}", target.url.without_password()))
            .stdin(Stdio::null())
            .output()
            .map_err(|e| failed(e.to_string()))?;
        if output.status.success() {
            return Ok(dump);
        }
        Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())
            .state("nothing was changed")
            .help("the role needs SELECT on every table and sequence: `GRANT pg_read_all_data TO ROLE`"))
    }
}

impl Drop for SchemaDump {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path).map(drop)
}
