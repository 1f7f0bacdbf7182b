//! From an error of the server to the place in the file.

use dbtask_rules::statements;
use tokio_postgres::error::{DbError, ErrorPosition};

use crate::message::Part;
use crate::{Error, Excerpt, Script, SqlError, sql_error};

/// The error of a file: with the line and the caret, and what to type next. `offset` is the byte where the failed
/// statement begins, if one was found.
pub(crate) fn failed_file(file: Script<'_>, error: &SqlError, offset: Option<usize>) -> Error {
    let path = file.path();
    let shown = sql_error(format!("failed to apply `{path}`"), error)
        .help(format!("correct `{path}` and type `cargo xtask db:push` again"));
    match offset {
        Some(offset) => shown.at(Excerpt::of_byte(path, file.sql(), offset)),
        None => shown.cause("the error came behind the file's last statement, at the end of its transaction"),
    }
}

/// The error of the statement of a file that begins at the byte `start` and was sent alone.
pub fn statement_error(file: Script<'_>, error: &SqlError, start: usize) -> Error {
    let offset = error.as_db_error().map_or(start, |e| in_statement(file, e, start, 0));
    failed_file(file, error, Some(offset))
}

/// Where an error lies in a file, of which a part was sent: at the server's position, else at the statement behind those
/// that were done.
pub(crate) fn in_part(
    file: Script<'_>,
    standard: bool,
    error: &DbError,
    done: usize,
    part: &Part<'_>,
) -> Option<usize> {
    let start = part.start?;
    let sql = &file.sql()[start..];
    let offset = match position(error) {
        Some(position) => character_offset(sql, position.checked_sub(part.prefix_characters)?),
        None => statements::each(sql, standard)
            .nth(done.checked_sub(part.prefix_statements)?)
            .map(|range| range.start),
    };
    offset.map(|offset| start + offset)
}

/// Where an error lies in a statement that was sent behind `before` characters and begins at the byte `start`.
pub(crate) fn in_statement(file: Script<'_>, error: &DbError, start: usize, before: usize) -> usize {
    position(error)
        .and_then(|position| character_offset(&file.sql()[start..], position.checked_sub(before)?))
        .map_or(start, |offset| start + offset)
}

/// The byte of `sql` that an error points at, where it was sent behind `before` characters of something else.
pub fn error_offset(error: &SqlError, sql: &str, before: usize) -> Option<usize> {
    let position = position(error.as_db_error()?)?.checked_sub(before)?;
    character_offset(sql, position)
}

/// The server counts characters, from 1, in the whole text that it was sent.
fn position(error: &DbError) -> Option<usize> {
    match error.position()? {
        ErrorPosition::Original(position) => Some(*position as usize),
        ErrorPosition::Internal { .. } => None,
    }
}

/// The byte of the character `position`, from 1.
fn character_offset(sql: &str, position: usize) -> Option<usize> {
    let after_last = std::iter::once(sql.len());
    sql.char_indices()
        .map(|(offset, _)| offset)
        .chain(after_last)
        .nth(position.checked_sub(1)?)
}
