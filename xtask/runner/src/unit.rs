//! What is carried out and recorded in one transaction.

use dbtask_rules::{MigrationFile, RepeatableFile};

use crate::repeatable::pending;
use crate::{Applied, Error, SchemaHistory, Script, Session};

/// A file and its record, which are one transaction.
#[derive(Debug, Clone, Copy)]
pub enum Unit<'a> {
    /// Recorded by a row of the history.
    Versioned(&'a MigrationFile),
    /// Recorded by an entry of the journal.
    Repeatable(&'a RepeatableFile),
}

impl<'a> Unit<'a> {
    /// Its text.
    pub fn script(self) -> Script<'a> {
        match self {
            Unit::Versioned(file) => file.into(),
            Unit::Repeatable(file) => file.into(),
        }
    }

    /// Whether the file was carried out as it is, as the database has it.
    pub(crate) fn is_recorded(self, session: &Session) -> Result<bool, Error> {
        let history = SchemaHistory::read(session)?;
        match self {
            Unit::Versioned(file) => {
                let is_row = |row: &Applied| {
                    (row.version, row.checksum, row.name.as_str())
                        == (file.version().get(), file.checksum(), file.name().description())
                };
                Ok(history.applied().iter().any(is_row))
            }
            Unit::Repeatable(file) => Ok(pending(session, std::slice::from_ref(file), &history)?.is_empty()),
        }
    }
}
