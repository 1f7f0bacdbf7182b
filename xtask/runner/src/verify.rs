//! What a service asks at its start: does this database have my schema? With SELECT only.

use dbtask_rules::{Diagnostic, Embedded, MigrationFile, Version};

use crate::{DatabaseUrl, Error, Plan, SchemaHistory, Session, journal};

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
        /// The unknown versions with their names, in order.
        by: Vec<String>,
    },
}

/// Compares the table that a build script embedded with the database's history, over a connection of its own.
///
/// Files that were edited after they were applied, lost or skipped are an error that names them. A file that was edited and
/// repaired since this binary was built is in order: the binary has the text that was applied.
pub fn verify(url: &DatabaseUrl, embedded: &[Embedded]) -> Result<Verification, Error> {
    let files = embedded_files(embedded)?;
    let session = Session::connect(url)?;
    let history = SchemaHistory::read(&session)?;
    let mut plan = Plan::new(&files, &history);
    accept_repaired(&mut plan, &session, &history);
    if let Some(newer) = plan.newer(&files) {
        let by = newer
            .iter()
            .map(|row| format!("V{}__{}", row.version, row.name))
            .collect();
        plan.missing.clear();
        // Below a newer history a file that was never applied is out of order, and stays an error.
        plan.check()?;
        return Ok(Verification::Newer { by });
    }
    plan.check()?;
    if plan.pending.is_empty() {
        return Ok(Verification::Current {
            version: plan.version(),
        });
    }
    Ok(Verification::Pending {
        files: plan.pending.iter().map(|file| file.path().to_owned()).collect(),
    })
}

/// Takes for applied what has the text that the history had before a repair. Where the journal cannot be read it stays
/// an error.
fn accept_repaired(plan: &mut Plan<'_>, session: &Session, history: &SchemaHistory) {
    let (false, Some(table)) = (plan.divergent.is_empty(), history.table()) else {
        return;
    };
    let repaired = journal::repaired(session, table).unwrap_or_default();
    plan.divergent.retain(|edited| {
        let before = (edited.applied.version, edited.file.checksum().to_string());
        !repaired.contains(&before)
    });
}

/// The files of an embedded table, as the build script wrote it.
pub fn embedded_files(embedded: &[Embedded]) -> Result<Vec<MigrationFile>, Error> {
    let refused = |d: Diagnostic| {
        Error::failed("the embedded table holds a file that the build script would refuse").cause(d.to_string())
    };
    embedded
        .iter()
        .map(|row| MigrationFile::embedded(*row).map_err(refused))
        .collect()
}
