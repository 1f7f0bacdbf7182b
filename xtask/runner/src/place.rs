//! From an error of the server to the place in the file.

use dbtask_rules::{MigrationFile, statements};
use tokio_postgres::error::ErrorPosition;

use crate::apply::{PREFIX, PREFIX_STATEMENTS};
use crate::session::Failure;
use crate::{Error, Excerpt, sql_error};

/// The error for a file whose message failed: with the line and the caret, and what to type next.
pub(crate) fn failed_file(file: &MigrationFile, failure: &Failure) -> Error {
    let path = file.path();
    let Some(server) = failure.error.as_db_error() else {
        return sql_error(
            format!("the connection was lost while `{path}` was applied"),
            &failure.error,
        )
        .help("type `cargo xtask db:status` to see whether it was applied");
    };
    let error = sql_error(format!("failed to apply `{path}`"), &failure.error)
        .help(format!("correct `{path}` and type `cargo xtask db:push` again"));
    let position = match server.position() {
        Some(ErrorPosition::Original(position)) => Some(*position as usize),
        Some(ErrorPosition::Internal { .. }) | None => None,
    };
    match position.map_or_else(
        || statement_offset(file, failure.completed),
        |p| character_offset(file.sql(), p),
    ) {
        Some(offset) => error.at(Excerpt::of_byte(path, file.sql(), offset)),
        None => error.cause("the error came while the history row was written, after the file's last statement"),
    }
}

/// The server counts characters, from 1, in the whole message.
fn character_offset(sql: &str, position: usize) -> Option<usize> {
    let character = position.checked_sub(1 + PREFIX.len())?;
    let after_last = std::iter::once(sql.len());
    sql.char_indices()
        .map(|(offset, _)| offset)
        .chain(after_last)
        .nth(character)
}

/// Where the statement after the `completed` ones begins; `None` past the file's last statement.
fn statement_offset(file: &MigrationFile, completed: usize) -> Option<usize> {
    let number = completed.checked_sub(PREFIX_STATEMENTS)?;
    statements::split(file.sql()).get(number).map(|range| range.start)
}
