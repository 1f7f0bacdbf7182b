//! `db:repair`

use std::collections::BTreeSet;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use dbtask_rules::{MigrationFile, MigrationFolder, Version};
use dbtask_runner::{Divergent, Error, MigrationLock, Options, Plan, Repair as Recording, SchemaHistory};
use serde_json::json;

use crate::exit::Exit;
use crate::output::{Output, count};
use crate::target::Target;
use crate::typed::{is_named, parse_version};
use crate::workspace::Workspace;
use crate::{confirm, edits};

/// Record a file as it is now that was edited after it was applied
///
/// Its row in the history gets the checksum of today's text, and the name where that changed; nothing of the file is
/// executed, and the schema stays what it is. So this is for an edit that changes nothing of the schema, such as a
/// comment or line endings. Says first what would change, with git's difference where git knows the text that was
/// applied, and asks for the database's name. Reason, role and time are noted in dbtask_journal.
///
/// It works on production, too: it executes no SQL of yours, and the way around it would be to write into the history by
/// hand. A release that was built before the repair still starts, where its role may read dbtask_journal.
#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The edited files: a path, a file's name or a version, such as 7 or V00007
    #[arg(required = true, value_name = "FILE|VERSION")]
    files: Vec<String>,
    /// Why the edit is right, for those who read the history later
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm without being asked: the name of the database
    #[arg(long, value_name = "DATABASE")]
    yes: Option<String>,
}

impl Repair {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open_direct(workspace, output)?;
        let lock = if self.dry_run {
            None
        } else {
            let patience = Options::default().lock_wait;
            Some(MigrationLock::take(&target.session, patience, &mut |holder| {
                output.waiting(&holder.description);
            })?)
        };
        let history = SchemaHistory::read(&target.session)?;
        let edited = self.edited(&folder, &history)?;
        let changes: Vec<_> = edited.iter().map(|edited| edits::change(workspace, edited)).collect();
        let text = match &lock {
            _ if edited.is_empty() => format!(
                "nothing to do: the history of {} has {} as in the folder",
                target.describe(),
                self.files.join(", ")
            ),
            None => describe(&edited, &changes, &target),
            Some(lock) => {
                output.text(&describe(&edited, &changes, &target));
                confirm::by_name(&target.identity.database, self.yes.as_deref(), &self.typed())?;
                let account = std::env::var("USER").ok();
                let recording = Recording {
                    reason: &self.reason,
                    account: account.as_deref(),
                };
                recording.record(&target.session, lock, &history, &edited)?;
                format!(
                    "recorded {} as in the folder, executed nothing: {}; the reason is in its dbtask_journal",
                    count(edited.len(), "file"),
                    target.describe()
                )
            }
        };
        let files = edited.iter().zip(&changes);
        let json = json!({
            "database": target.identity.database,
            "dry_run": self.dry_run,
            "reason": self.reason,
            "repaired": files.map(|(edited, change)| file_json(edited, change.as_deref())).collect::<Vec<_>>(),
        });
        output.result(&text, &json);
        Ok(Exit::Done)
    }

    /// The edited ones among the files that were named; all that cannot be repaired is one error.
    fn edited<'a>(&self, folder: &'a MigrationFolder, history: &'a SchemaHistory) -> Result<Vec<Divergent<'a>>, Error> {
        let plan = Plan::new(folder.files(), history);
        let versions = self.versions(folder, history)?;
        let mut refused = Vec::new();
        for row in plan.missing.iter().filter(|row| versions.contains(&row.version)) {
            refused.push(format!(
                "version {} (`{}`, applied on {}) has no file: bring it back (`git log --diff-filter=D -- migrations`); a row of the history is never deleted",
                row.version,
                row.name,
                row.applied_at()
            ));
        }
        for file in plan.pending.iter().chain(&plan.out_of_order) {
            if versions.contains(&file.version().get()) {
                refused.push(format!("`{}` was never applied", file.path()));
            }
        }
        if !refused.is_empty() {
            let error = Error::refused("there is nothing to repair here");
            return Err(refused
                .into_iter()
                .fold(error, Error::cause)
                .state("nothing was changed")
                .help("`cargo xtask db:status` lists the files, with what is edited, missing and pending"));
        }
        let mut edited = plan.divergent;
        edited.retain(|edited| versions.contains(&edited.applied.version));
        Ok(edited)
    }

    /// The versions that were named; each is one of a file, or of a row.
    fn versions(&self, folder: &MigrationFolder, history: &SchemaHistory) -> Result<Vec<i32>, Error> {
        let of_files = folder.files().iter().map(|file| file.version().get());
        let known: BTreeSet<i32> = of_files
            .chain(history.applied().iter().map(|row| row.version))
            .collect();
        let version = |typed: &String| {
            let file = folder.files().iter().find(|file| is_named(file, typed));
            let version = file.map(MigrationFile::version).or_else(|| parse_version(typed).ok());
            match version.map(Version::get).filter(|version| known.contains(version)) {
                Some(version) => Ok(version),
                None => Err(
                    Error::usage(format!("no migration has the name or the version `{typed}`"))
                        .help("`cargo xtask db:status` lists them"),
                ),
            }
        };
        self.files.iter().map(version).collect()
    }

    /// The command, to be typed again.
    fn typed(&self) -> String {
        format!("db:repair {} --reason …", self.files.join(" "))
    }
}

/// What would change, file by file.
fn describe(edited: &[Divergent<'_>], changes: &[Option<String>], target: &Target) -> String {
    let mut lines = vec![format!(
        "This records {} as in the folder, and executes nothing, in {}:",
        count(edited.len(), "file"),
        target.describe()
    )];
    for (edited, change) in edited.iter().zip(changes) {
        let Divergent { file, applied } = edited;
        lines.push(format!(
            "  repair   {}, applied on {}",
            file.path(),
            applied.applied_at()
        ));
        if applied.name != file.name().description() {
            lines.push(format!(
                "  name     {} becomes {}",
                applied.name,
                file.name().description()
            ));
        }
        lines.push(format!("  checksum {} becomes {}", applied.checksum, file.checksum()));
        lines.push(match change {
            Some(change) => change.clone(),
            None if edited.differs_in_line_endings() => {
                format!("`{}`: only line endings changed", file.path())
            }
            None => format!(
                "`{}`: git does not know the text that was applied: what changed cannot be shown",
                file.path()
            ),
        });
    }
    lines.join("\n")
}

fn file_json(edited: &Divergent<'_>, change: Option<&str>) -> serde_json::Value {
    let Divergent { file, applied } = edited;
    json!({
        "file": file.path(),
        "version": applied.version,
        "before": { "name": applied.name, "checksum": applied.checksum.to_string() },
        "after": { "name": file.name().description(), "checksum": file.checksum().to_string() },
        "change": change,
    })
}
