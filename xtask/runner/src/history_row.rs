//! refinery's row of the history for one file.

use dbtask_rules::MigrationFile;
use refinery::{Migration, Target};
use refinery_core::traits::sync::{Transaction, migrate as refinery_migrate};

use crate::Error;

/// The statement that records a file, as refinery words it.
///
/// refinery's `migrate` copies a migration's text twice before it sends it. So it is handed an empty one, and the checksum
/// in its statement, the last of the values, is put right.
pub(crate) fn history_row(file: &MigrationFile, table: &str) -> Result<String, Error> {
    let unaccepted = || Error::failed(format!("refinery does not accept `{}`", file.path()));
    let empty = Migration::unapplied(file.name().stem(), "").map_err(|error| unaccepted().cause(error.to_string()))?;
    let end = format!("'{}')", empty.checksum());
    let mut statement = Statement::default();
    refinery_migrate(&mut statement, vec![empty], Target::Fake, table, true)
        .map_err(|error| unaccepted().cause(error.to_string()))?;
    match statement.sql.strip_suffix(&end) {
        Some(head) => Ok(format!("{head}'{}')", file.checksum())),
        None => Err(unaccepted().cause("its statement for the history does not end with the checksum")),
    }
}

/// Stands in for a connection and keeps what it is sent.
#[derive(Default)]
struct Statement {
    sql: String,
}

impl Transaction for Statement {
    type Error = Error;

    fn execute<'q, T: Iterator<Item = &'q str>>(&mut self, queries: T) -> Result<usize, Error> {
        self.sql.extend(queries);
        Ok(1)
    }
}
