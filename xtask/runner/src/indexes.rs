//! INVALID indexes: what a CONCURRENTLY that failed leaves behind, and `IF NOT EXISTS` then takes for good.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Error, Session, SqlError, sql_error};

/// An index that is there but that no query uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidIndex {
    pub(crate) oid: u32,
    /// Its name, qualified and quoted for SQL.
    pub(crate) name: String,
    /// The backend that is building it at this moment.
    pub(crate) built_by: Option<i32>,
}

/// All of them; an index of a partitioned table that awaits its partitions' is none.
const INVALID: &str = "\
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname),
  (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid LIMIT 1)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i'";

fn failed(e: &SqlError) -> Error {
    sql_error("failed to look for INVALID indexes", e)
}

fn read(row: &Row) -> Result<InvalidIndex, SqlError> {
    Ok(InvalidIndex {
        oid: row.try_get(0)?,
        name: row.try_get(1)?,
        built_by: row.try_get(2)?,
    })
}

/// Every INVALID index of the database.
pub(crate) fn invalid(session: &Session) -> Result<Vec<InvalidIndex>, Error> {
    let rows = session.query(INVALID, &[]).map_err(|e| failed(&e))?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|e| failed(&e))
}

/// The INVALID index `index` of `table`, both as an SQL text writes them.
pub(crate) fn invalid_named(session: &Session, table: &str, index: &str) -> Result<Option<InvalidIndex>, Error> {
    let name = match index.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => index.to_lowercase(),
    };
    let sql = format!("{INVALID} AND i.indrelid = pg_catalog.to_regclass($1) AND c.relname = $2");
    let rows = session
        .query(&sql, &[(&table, Type::TEXT), (&name, Type::TEXT)])
        .map_err(|e| failed(&e))?;
    rows.first().map(read).transpose().map_err(|e| failed(&e))
}

/// Drops a leftover without keeping anybody out; not one that somebody is building.
pub(crate) fn drop_leftover(session: &Session, index: &InvalidIndex) -> Result<(), Error> {
    if let Some(pid) = index.built_by {
        return Err(Error::failed(format!(
            "the index {} is being built by another session, pid {pid}",
            index.name
        ))
        .help("wait until it is done, then type the command again"));
    }
    session
        .batch(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name))
        .map_err(|e| {
            sql_error(format!("failed to drop the INVALID index {}", index.name), &e).help(format!(
                "drop it: `DROP INDEX CONCURRENTLY {}`, then type the command again",
                index.name
            ))
        })
}
