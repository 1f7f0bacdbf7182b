//! Where a rehearsal begins.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use dbtask_rules::{MigrationFile, RepeatableFile};
use dbtask_runner::{Error, Migrations, RepeatableState, Repeatables};

use crate::backup::{Archive, Backup, Manner};
use crate::edits;
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

/// The files that the target has.
pub(crate) struct There {
    numbered: Vec<MigrationFile>,
    /// In the order of their names.
    repeatable: Vec<CarriedOut>,
}

/// A repeatable file that was carried out.
struct CarriedOut {
    file: RepeatableFile,
    /// It is as it was carried out last. Else it was edited since, and this is the text from before where git knows that.
    is_current: bool,
    is_of_then: bool,
}

impl There {
    /// The numbered files that are given, and the repeatable ones that were carried out.
    pub(crate) fn new(numbered: Vec<MigrationFile>, repeatables: &Repeatables<'_>, workspace: &Workspace) -> There {
        let carried_out = |&(file, ref state): &(&RepeatableFile, RepeatableState<'_>)| match state {
            RepeatableState::New => None,
            RepeatableState::Current(_) => Some(CarriedOut {
                file: file.clone(),
                is_current: true,
                is_of_then: true,
            }),
            RepeatableState::Changed(runs) => {
                let then = edits::carried_out(workspace, file, runs);
                Some(CarriedOut {
                    is_current: false,
                    is_of_then: then.is_some(),
                    file: then.unwrap_or_else(|| file.clone()),
                })
            }
        };
        There {
            numbered,
            repeatable: repeatables.files.iter().filter_map(carried_out).collect(),
        }
    }

    /// The numbered ones.
    pub(crate) fn numbered(&self) -> &[MigrationFile] {
        &self.numbered
    }

    /// The repeatable ones that are as they were carried out.
    pub(crate) fn current(&self) -> Vec<RepeatableFile> {
        let current = self.repeatable.iter().filter(|one| one.is_current);
        current.map(|one| one.file.clone()).collect()
    }

    /// Carries them out. What a repeatable file said before it was edited may be unknown: then it is tried as it is now, since
    /// others may build on what it makes. What cannot be carried out because of that is left out, and said.
    fn make(&self, shadow: &Shadow, output: &Output) -> Result<(), Error> {
        let failed = |e: Error| e.context("failed to bring the throwaway database to where the target is");
        shadow.apply(&self.numbered[..]).map_err(failed)?;
        let mut left_out = Vec::new();
        for CarriedOut {
            file,
            is_current,
            is_of_then,
        } in &self.repeatable
        {
            let outcome = shadow.apply(Migrations {
                versioned: &self.numbered,
                repeatable: std::slice::from_ref(file),
            });
            let path = file.path();
            let Err(error) = outcome else {
                if !is_of_then {
                    output.note(&format!(
                        "`{path}` was edited after it was carried out, and git does not know the text that was: the rehearsal begins with what it says now"
                    ));
                }
                continue;
            };
            if *is_current && left_out.is_empty() || shadow.interruption().is_some() {
                return Err(failed(error));
            }
            let cause = error.causes().join("; ");
            output.note(&if *is_current {
                format!("`{path}` is left out, since {} is, too: {cause}", left_out.join(", "))
            } else {
                format!(
                    "`{path}` was edited after it was carried out; what it made is left out: {cause} (`db:rehearse --schema-of-target` has it)"
                )
            });
            left_out.push(format!("`{path}`"));
        }
        Ok(())
    }

    /// As [`There::make`], without what was edited: a backup has that.
    fn make_current(&self, shadow: &Shadow) -> Result<(), Error> {
        shadow
            .apply(Migrations {
                versioned: &self.numbered,
                repeatable: &self.current(),
            })
            .map_err(|e| e.context("failed to bring the throwaway database to where the target is"))
    }
}

impl Start<'_> {
    /// Brings the empty throwaway database to where the target is.
    pub(crate) fn prepare(
        &self,
        shadow: &Shadow,
        target: &Target,
        there: &There,
        workspace: &Workspace,
        output: &Output,
    ) -> Result<(), Error> {
        let untouched = |e: Error| e.state("nothing was changed: that was on a throwaway database, which is gone");
        match self {
            Start::Files => {
                for note in shadow.install_extensions(target, &there.numbered)? {
                    output.note(&note);
                }
                there.make(shadow, output)
            }
            Start::Backup(path) => {
                output.step("restoring", &workspace.display(path));
                restore(path, shadow).map_err(untouched)?;
                there.make_current(shadow)
            }
            Start::Schema => {
                let dump = SchemaDump::write(target)?;
                // it has no rows, those of the history neither
                restore(&dump.path, shadow).map_err(untouched)
            }
        }
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
