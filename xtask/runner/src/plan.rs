//! What would be done: files × history, a pure value.

use std::fmt::Write as _;

use dbtask_rules::{MigrationFile, Version, checksum};

use crate::{Applied, Error, SchemaHistory};

/// A file whose applied form differs from what it is now.
#[derive(Debug)]
pub struct Divergent<'a> {
    /// The file as it is.
    pub file: &'a MigrationFile,
    /// The row as it was applied.
    pub applied: &'a Applied,
}

impl Divergent<'_> {
    /// Whether the file was applied with CRLF where it has LF now, and is the same otherwise.
    pub fn differs_in_line_endings(&self) -> bool {
        let Divergent { file, applied } = self;
        checksum(file.name(), &file.sql().replace('\n', "\r\n")) == applied.checksum
    }
}

/// Files and history side by side. Every list is in order of version.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Files that were applied as they are.
    pub applied: Vec<(&'a MigrationFile, &'a Applied)>,
    /// Files above the highest applied version: what a push applies.
    pub pending: Vec<&'a MigrationFile>,
    /// Files that were edited after they were applied.
    pub divergent: Vec<Divergent<'a>>,
    /// Rows of the history without a file.
    pub missing: Vec<&'a Applied>,
    /// Files that were never applied although a higher version was.
    pub out_of_order: Vec<&'a MigrationFile>,
    version: Option<Version>,
}

impl<'a> Plan<'a> {
    /// Compares files, in order of version, with a history; in linear time.
    ///
    /// The terms are refinery's (`verify_migrations` in `refinery-core/src/traits/mod.rs`): a row and a file
    /// are the same when version, name and checksum are.
    pub fn new(files: &'a [MigrationFile], history: &'a SchemaHistory) -> Plan<'a> {
        let mut plan = Plan {
            applied: Vec::new(),
            pending: Vec::new(),
            divergent: Vec::new(),
            missing: Vec::new(),
            out_of_order: Vec::new(),
            version: history.version(),
        };
        let mut rows = history.applied().iter().peekable();
        for file in files {
            let version = file.version().get();
            while let Some(row) = rows.next_if(|row| row.version < version) {
                plan.missing.push(row);
            }
            match rows.next_if(|row| row.version == version) {
                Some(row) if same(file, row) => plan.applied.push((file, row)),
                Some(row) => plan.divergent.push(Divergent { file, applied: row }),
                None if plan.version > Some(file.version()) => plan.out_of_order.push(file),
                None => plan.pending.push(file),
            }
        }
        plan.missing.extend(rows);
        plan
    }

    /// The highest version applied, as the history has it.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Drops the pending files above `last`. A version that no file has is an error.
    pub fn up_to(mut self, last: Version) -> Result<Plan<'a>, Error> {
        let known = self.pending.iter().any(|file| file.version() == last)
            || self.applied.iter().any(|(file, _)| file.version() == last);
        if !known {
            return Err(Error::usage(format!("no migration has the version {last}"))
                .help("`cargo xtask db:status` lists the versions"));
        }
        self.pending.retain(|file| file.version() <= last);
        Ok(self)
    }

    /// Makes pending, too, what was overtaken by a higher version.
    pub fn take_in_out_of_order(&mut self) {
        self.pending.append(&mut self.out_of_order);
        self.pending.sort_by_key(|file| file.version());
    }

    /// Whether files and history agree, pending files aside.
    pub fn is_consistent(&self) -> bool {
        self.divergent.is_empty() && self.missing.is_empty() && self.out_of_order.is_empty()
    }

    /// The rows without a file, when all are above every file: the database is ahead of these files.
    pub fn newer(&self, files: &[MigrationFile]) -> Option<&[&'a Applied]> {
        let highest = files.last().map(|file| file.version().get());
        let first = self.missing.first()?;
        (Some(first.version) > highest).then_some(&self.missing[..])
    }

    /// Refuses history that contradicts the files: everything at once, each with its way out.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_consistent() {
            return Ok(());
        }
        let mut error = Error::failed("the migration files and the database's history contradict each other");
        for edited @ Divergent { file, applied } in &self.divergent {
            let mut cause = format!(
                "`{}` was edited after it was applied on {}",
                file.path(),
                applied.applied_at()
            );
            if applied.name != file.name().description() {
                let _ = write!(cause, " under the name `{}`", applied.name);
            }
            if edited.differs_in_line_endings() {
                cause.push_str("; only its line endings changed: it was applied with carriage returns");
            }
            error = error.cause(cause);
        }
        for row in &self.missing {
            error = error.cause(format!(
                "version {} (`{}`, applied on {}) has no file",
                row.version,
                row.name,
                row.applied_at()
            ));
        }
        for file in &self.out_of_order {
            error = error.cause(format!(
                "`{}` was never applied, but a higher version was ({})",
                file.path(),
                self.version.map(|v| v.to_string()).unwrap_or_default()
            ));
        }
        if !self.divergent.is_empty() {
            error = error.help("an applied file stays as it is: undo the edit (`git checkout -- FILE`) and put the change in a new file, `cargo xtask db:new NAME`")
                .help("where the edit changes nothing of the schema, such as a comment, `cargo xtask db:repair FILE --reason TEXT` records the file as it is now");
        }
        if !self.missing.is_empty() {
            error = error
                .help("bring the file back (`git log --diff-filter=D -- migrations`), or pull the branch that has it");
        }
        if !self.out_of_order.is_empty() {
            error = error.help("give the file the next free number (`cargo xtask db:new` tells it)");
        }
        Err(error
            .state("nothing was applied")
            .help("a development database can start over: `cargo xtask db:reset`"))
    }
}

fn same(file: &MigrationFile, row: &Applied) -> bool {
    file.checksum() == row.checksum && file.name().description() == row.name
}
