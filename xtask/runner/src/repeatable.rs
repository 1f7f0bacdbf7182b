//! Repeatable files: which of them the database has as they are.
//!
//! Each run of one leaves an entry in the journal with its checksum, in the transaction of the run. A file is pending
//! where its newest entry has another checksum, or where it has none.

use dbtask_rules::RepeatableFile;
use tokio_postgres::Row;

use crate::journal::Event;
use crate::{Error, SchemaHistory, Session, journal, sql_error};

/// What the journal knows of one repeatable file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatableRuns {
    /// The file's name: `R__component_names.sql`.
    pub name: String,
    /// When it was carried out last, to the second, in UTC.
    pub last: String,
    /// The checksum of each run, the newest first.
    checksums: Vec<String>,
}

impl RepeatableRuns {
    /// Whether the file is what was carried out last.
    pub fn are_current(&self, file: &RepeatableFile) -> bool {
        self.checksums.first() == Some(&file.checksum().to_string())
    }

    /// Whether the file was carried out as it is, and then another text was.
    pub(crate) fn went_past(&self, file: &RepeatableFile) -> bool {
        !self.are_current(file) && self.checksums.contains(&file.checksum().to_string())
    }
}

/// How a repeatable file stands to a database.
#[derive(Debug, Clone, Copy)]
pub enum RepeatableState<'a> {
    /// It was carried out as it is.
    Current(&'a RepeatableRuns),
    /// It was carried out with another text.
    Changed(&'a RepeatableRuns),
    /// It was never carried out.
    New,
}

/// The runs of every repeatable file, in the order of their names; with SELECT only.
pub fn repeatable_runs(session: &Session, history: &SchemaHistory) -> Result<Vec<RepeatableRuns>, Error> {
    let Some(journal) = journal::find(session, history)? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT details->>'name', pg_catalog.to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"'), \
         pg_catalog.array_agg(coalesce(checksum, '') ORDER BY id DESC) FROM {journal} WHERE event = '{}' AND details->>'name' IS NOT NULL GROUP BY 1 ORDER BY (details->>'name') COLLATE \"C\"",
        Event::Repeatable.word()
    );
    let failed = |e| sql_error(format!("failed to read the journal `{journal}`"), &e);
    let read = |row: &Row| {
        Ok(RepeatableRuns {
            name: row.try_get(0).map_err(failed)?,
            last: row.try_get(1).map_err(failed)?,
            checksums: row.try_get(2).map_err(failed)?,
        })
    };
    session.query(&sql, &[]).map_err(failed)?.iter().map(read).collect()
}

/// Files and runs side by side, both in the order of their names.
#[derive(Debug)]
pub struct Repeatables<'a> {
    /// Each file with its state.
    pub files: Vec<(&'a RepeatableFile, RepeatableState<'a>)>,
    /// What was carried out and has no file any more. Nothing follows from it: what it made may be gone, too.
    pub vanished: Vec<&'a RepeatableRuns>,
}

impl<'a> Repeatables<'a> {
    /// Compares the files with what was carried out; a pure value.
    pub fn new(files: &'a [RepeatableFile], runs: &'a [RepeatableRuns]) -> Repeatables<'a> {
        let state = |file: &RepeatableFile| match runs.iter().find(|runs| runs.name == file.name()) {
            Some(runs) if runs.are_current(file) => RepeatableState::Current(runs),
            Some(runs) => RepeatableState::Changed(runs),
            None => RepeatableState::New,
        };
        let has_file = |runs: &&RepeatableRuns| files.iter().any(|file| file.name() == runs.name);
        Repeatables {
            files: files.iter().map(|file| (file, state(file))).collect(),
            vanished: runs.iter().filter(|runs| !has_file(runs)).collect(),
        }
    }

    /// What a push carries out, in order.
    pub fn pending(&self) -> Vec<&'a RepeatableFile> {
        let is_pending = |state: &RepeatableState<'_>| !matches!(state, RepeatableState::Current(_));
        let pending = self.files.iter().filter(|(_, state)| is_pending(state));
        pending.map(|(file, _)| *file).collect()
    }
}

/// The files that are not in the database as they are. Where there are no files nothing is asked.
pub(crate) fn pending<'a>(
    session: &Session,
    files: &'a [RepeatableFile],
    history: &SchemaHistory,
) -> Result<Vec<&'a RepeatableFile>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let runs = repeatable_runs(session, history)?;
    let pending = |file: &&RepeatableFile| {
        !runs
            .iter()
            .any(|runs| runs.name == file.name() && runs.are_current(file))
    };
    Ok(files.iter().filter(pending).collect())
}
