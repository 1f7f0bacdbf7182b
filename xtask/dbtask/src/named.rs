//! The files that a command line names, numbered and repeatable: by path, name or version.

use dbtask_rules::{MigrationFile, MigrationFolder, RepeatableFile, Version};
use dbtask_runner::{Error, Plan, RepeatableState, Repeatables, Script, Unit};

use crate::typed::is_named;

/// A file, of whichever kind.
#[derive(Debug, Clone)]
pub(crate) enum File {
    Versioned(MigrationFile),
    Repeatable(RepeatableFile),
}

impl File {
    /// As the runner takes it.
    pub(crate) fn unit(&self) -> Unit<'_> {
        match self {
            File::Versioned(file) => Unit::Versioned(file),
            File::Repeatable(file) => Unit::Repeatable(file),
        }
    }

    pub(crate) fn script(&self) -> Script<'_> {
        self.unit().script()
    }

    pub(crate) fn path(&self) -> &str {
        self.script().path()
    }

    /// The number, of a file that has one.
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            File::Versioned(file) => Some(file.version()),
            File::Repeatable(_) => None,
        }
    }

    /// A repeatable file always is.
    pub(crate) fn in_transaction(&self) -> bool {
        match self {
            File::Versioned(file) => !file.directives().no_transaction,
            File::Repeatable(_) => true,
        }
    }
}

/// The files that are named, in the order in which they are applied: the numbered ones, then the repeatable ones.
pub(crate) fn find(named: &[String], folder: &MigrationFolder) -> Result<Vec<File>, Error> {
    let mut numbered: Vec<&MigrationFile> = Vec::new();
    let mut repeatable: Vec<&RepeatableFile> = Vec::new();
    for name in named {
        if let Some(file) = folder.files().iter().find(|file| is_named(file, name)) {
            numbered.push(file);
        } else if let Some(file) = find_repeatable(folder, name) {
            repeatable.push(file);
        } else {
            return Err(Error::usage(format!("no migration is called `{name}`"))
                .help("name it by its path, its name or its version: `cargo xtask db:status` lists them"));
        }
    }
    numbered.sort_by_key(|file| file.version());
    numbered.dedup_by_key(|file| file.version());
    repeatable.sort_by_key(|file| file.name());
    repeatable.dedup_by_key(|file| file.name());
    Ok(in_order(&numbered, &repeatable))
}

/// By its path, or by its name alone.
fn find_repeatable<'a>(folder: &'a MigrationFolder, named: &str) -> Option<&'a RepeatableFile> {
    let name = named.rsplit('/').next().unwrap_or(named);
    folder.repeatables().iter().find(|file| file.name() == name)
}

/// All the files that a push would apply.
pub(crate) fn pending(plan: &Plan<'_>, repeatables: &Repeatables<'_>) -> Vec<File> {
    in_order(&plan.pending, &repeatables.pending())
}

fn in_order(numbered: &[&MigrationFile], repeatable: &[&RepeatableFile]) -> Vec<File> {
    let numbered = numbered.iter().map(|&file| File::Versioned(file.clone()));
    let repeatable = repeatable.iter().map(|&file| File::Repeatable(file.clone()));
    numbered.chain(repeatable).collect()
}

/// The files that are named, where they are next: none is applied already, and none is left that goes before them.
pub(crate) fn next(
    named: &[String],
    folder: &MigrationFolder,
    plan: &Plan<'_>,
    repeatables: &Repeatables<'_>,
) -> Result<Vec<File>, Error> {
    let files = find(named, folder)?;
    refuse_applied(&files, plan)?;
    refuse_current(&files, repeatables)?;
    refuse_gap(&files, plan)?;
    Ok(files)
}

/// Refuses a numbered file that is applied.
pub(crate) fn refuse_applied(files: &[File], plan: &Plan<'_>) -> Result<(), Error> {
    let applied = plan.applied.iter().find(|(file, _)| has(files, file.path()));
    applied.map_or(Ok(()), |(file, row)| {
        Err(
            Error::refused(format!("`{}` is applied already, on {}", file.path(), row.applied_at()))
                .state("nothing was changed")
                .help("`cargo xtask db:status` lists what is pending"),
        )
    })
}

/// Refuses a repeatable file that was carried out with the text that it has: no run would do anything about it.
pub(crate) fn refuse_current(files: &[File], repeatables: &Repeatables<'_>) -> Result<(), Error> {
    let current = repeatables.files.iter().find_map(|(file, state)| match state {
        RepeatableState::Current(runs) if has(files, file.path()) => Some((file, runs)),
        _ => None,
    });
    current.map_or(Ok(()), |(file, runs)| {
        Err(
            Error::refused(format!("`{}` was carried out as it is, on {}", file.path(), runs.last))
                .state("nothing was changed")
                .help("it runs again when its text changes: `cargo xtask db:status` lists what is pending"),
        )
    })
}

/// Before a repeatable file every numbered one goes.
fn refuse_gap(files: &[File], plan: &Plan<'_>) -> Result<(), Error> {
    let last = files.iter().filter_map(File::version).max();
    let is_behind_all = files.iter().any(|file| file.version().is_none());
    let before: Vec<&str> = plan
        .pending
        .iter()
        .filter(|file| (is_behind_all || Some(file.version()) < last) && !has(files, file.path()))
        .map(|file| file.path())
        .collect();
    if before.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "what is named is not next: {} goes before it",
        before.join(", ")
    ))
    .state("nothing was changed")
    .help("name those, too, or apply them first"))
}

fn has(files: &[File], path: &str) -> bool {
    files.iter().any(|file| file.path() == path)
}
