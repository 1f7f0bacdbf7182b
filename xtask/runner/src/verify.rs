//! What a service asks at its start: does this database have my schema? With SELECT only.

use dbtask_rules::{Diagnostic, Embedded, MigrationFile, RepeatableFile, Version};

use crate::{DatabaseUrl, Error, Plan, Repeatables, SchemaHistory, Session, journal, repeatable_runs};

/// How a database stands to the migrations that a binary carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Every file is applied, and nothing else.
    Current {
        /// The version of both; `None` where there is no migration at all.
        version: Option<Version>,
    },
    /// These files are not applied yet.
    Pending {
        /// Their paths, in order.
        files: Vec<String>,
    },
    /// Every file is applied, and newer ones that this binary does not know. A binary that is rolled back
    /// after a migration meets this; it may start.
    Newer {
        /// The unknown versions with their names, in order, and the repeatable files that were carried out with
        /// another text since.
        by: Vec<String>,
    },
}

/// The tables that a build script wrote.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedTables<'a> {
    /// `migrations.rs`.
    pub migrations: &'a [Embedded],
    /// `repeatables.rs`.
    pub repeatables: &'a [Embedded],
}

/// Numbered files, and repeatable ones.
impl<'a> From<(&'a [Embedded], &'a [Embedded])> for EmbeddedTables<'a> {
    fn from((migrations, repeatables): (&'a [Embedded], &'a [Embedded])) -> EmbeddedTables<'a> {
        EmbeddedTables {
            migrations,
            repeatables,
        }
    }
}

/// Numbered files alone.
impl<'a, T: AsRef<[Embedded]> + ?Sized> From<&'a T> for EmbeddedTables<'a> {
    fn from(migrations: &'a T) -> EmbeddedTables<'a> {
        (migrations.as_ref(), &[][..]).into()
    }
}

/// Compares the tables that a build script embedded with the database's history, over a connection of its own.
///
/// Files that were edited after they were applied, lost or skipped are an error that names them. A file that was edited and
/// repaired since this binary was built is in order: the binary has the text that was applied.
pub fn verify<'a>(url: &DatabaseUrl, embedded: impl Into<EmbeddedTables<'a>>) -> Result<Verification, Error> {
    let embedded = embedded.into();
    let files = embedded_files(embedded.migrations)?;
    let repeatables = embedded_repeatables(embedded.repeatables)?;
    let session = Session::connect(url)?;
    let history = SchemaHistory::read(&session)?;
    let mut plan = Plan::new(&files, &history);
    accept_repaired(&mut plan, &session, &history);
    let mut newer: Vec<String> = Vec::new();
    if let Some(rows) = plan.newer(&files) {
        newer.extend(rows.iter().map(|row| format!("V{}__{}", row.version, row.name)));
        plan.missing.clear();
        // Below a newer history a file that was never applied is out of order, and stays an error.
    }
    plan.check()?;
    let mut pending: Vec<String> = plan.pending.iter().map(|file| file.path().to_owned()).collect();
    compare_repeatables(&repeatables, &session, &history, &mut pending, &mut newer)?;
    Ok(if !pending.is_empty() {
        Verification::Pending { files: pending }
    } else if !newer.is_empty() {
        Verification::Newer { by: newer }
    } else {
        Verification::Current {
            version: plan.version(),
        }
    })
}

/// Adds what is not in the database as it is: to `pending` what never was, to `newer` what was, before another text.
fn compare_repeatables(
    files: &[RepeatableFile],
    session: &Session,
    history: &SchemaHistory,
    pending: &mut Vec<String>,
    newer: &mut Vec<String>,
) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let runs = repeatable_runs(session, history)?;
    for file in Repeatables::new(files, &runs).pending() {
        if runs.iter().any(|runs| runs.name == file.name() && runs.went_past(file)) {
            newer.push(file.name().to_owned());
        } else {
            pending.push(file.path().to_owned());
        }
    }
    Ok(())
}

/// Takes for applied what has the text that the history had before a repair. Where the journal cannot be read it stays
/// an error.
fn accept_repaired(plan: &mut Plan<'_>, session: &Session, history: &SchemaHistory) {
    if plan.divergent.is_empty() {
        return;
    }
    let repaired = journal::repaired(session, history).unwrap_or_default();
    plan.divergent.retain(|edited| {
        let before = (edited.applied.version, edited.file.checksum().to_string());
        !repaired.contains(&before)
    });
}

/// The numbered files of an embedded table, as the build script wrote it.
pub fn embedded_files(embedded: &[Embedded]) -> Result<Vec<MigrationFile>, Error> {
    let files = embedded.iter().map(|row| MigrationFile::embedded(*row));
    files.collect::<Result<_, _>>().map_err(|d| refused(&d))
}

/// The repeatable files of an embedded table, as the build script wrote it.
pub fn embedded_repeatables(embedded: &[Embedded]) -> Result<Vec<RepeatableFile>, Error> {
    let files = embedded.iter().map(|row| RepeatableFile::embedded(*row));
    files.collect::<Result<_, _>>().map_err(|d| refused(&d))
}

fn refused(finding: &Diagnostic) -> Error {
    Error::failed("the embedded table holds a file that the build script would refuse").cause(finding.to_string())
}
