//! Which files are applied: those that are named, where they are next.

use dbtask_rules::{MigrationFile, MigrationFolder, RepeatableFile};
use dbtask_runner::{Error, Plan, RepeatableState, Repeatables, Script, Unit};

use crate::typed::is_named;

/// A file that is applied, of whichever kind.
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

    /// A repeatable file always is.
    pub(crate) fn in_transaction(&self) -> bool {
        match self {
            File::Versioned(file) => !file.directives().no_transaction,
            File::Repeatable(_) => true,
        }
    }
}

/// The files that are named, in the order in which they are applied: the numbered ones must be the next ones, and before a
/// repeatable one none of them may be left.
pub(crate) fn choose(
    named: &[String],
    folder: &MigrationFolder,
    plan: &Plan<'_>,
    repeatables: &Repeatables<'_>,
) -> Result<Vec<File>, Error> {
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
    refuse_applied(&numbered, plan)?;
    refuse_current(&repeatable, repeatables)?;
    refuse_gap(&numbered, !repeatable.is_empty(), plan)?;
    let numbered = numbered.into_iter().cloned().map(File::Versioned);
    Ok(numbered
        .chain(repeatable.into_iter().cloned().map(File::Repeatable))
        .collect())
}

/// By its path, or by its name alone.
fn find_repeatable<'a>(folder: &'a MigrationFolder, named: &str) -> Option<&'a RepeatableFile> {
    let name = named.rsplit('/').next().unwrap_or(named);
    folder.repeatables().iter().find(|file| file.name() == name)
}

fn refuse_applied(numbered: &[&MigrationFile], plan: &Plan<'_>) -> Result<(), Error> {
    let is_named = |file: &MigrationFile| numbered.iter().any(|other| other.version() == file.version());
    let applied = plan.applied.iter().find(|(file, _)| is_named(file));
    applied.map_or(Ok(()), |(file, row)| {
        Err(
            Error::refused(format!("`{}` is applied already, on {}", file.path(), row.applied_at()))
                .state("nothing was changed")
                .help("`cargo xtask db:status` lists what is pending"),
        )
    })
}

fn refuse_current(repeatable: &[&RepeatableFile], repeatables: &Repeatables<'_>) -> Result<(), Error> {
    let current = repeatables.files.iter().find_map(|(file, state)| match state {
        RepeatableState::Current(runs) if repeatable.iter().any(|other| other.name() == file.name()) => {
            Some((file, runs))
        }
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

fn refuse_gap(numbered: &[&MigrationFile], is_behind_all: bool, plan: &Plan<'_>) -> Result<(), Error> {
    let is_named = |file: &MigrationFile| numbered.iter().any(|other| other.version() == file.version());
    let last = numbered.last().map(|file| file.version());
    let before: Vec<&str> = plan
        .pending
        .iter()
        .filter(|file| (is_behind_all || Some(file.version()) < last) && !is_named(file))
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
