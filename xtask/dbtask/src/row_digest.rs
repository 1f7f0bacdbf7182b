//! What the rows of a table amount to: equal for equal rows in any order.

use dbtask_runner::{Session, SqlError, quote_identifier};

/// The number of rows, and the sum of a hash over each row's columns. `from` is the table, qualified and quoted, with
/// `ONLY` before it where its children do not count.
pub(crate) fn row_digest(session: &Session, from: &str, columns: &[String]) -> Result<(i64, String), SqlError> {
    let columns: Vec<String> = columns.iter().map(|name| quote_identifier(name)).collect();
    let row = session.query_one(
        &format!(
            "SELECT count(*), coalesce(sum(pg_catalog.hashtextextended(ROW({})::text COLLATE \"C\", 0)), 0)::text FROM {from}",
            columns.join(", ")
        ),
        &[],
    )?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}
