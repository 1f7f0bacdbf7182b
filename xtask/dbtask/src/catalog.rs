//! The user's objects in a database, read from PostgreSQL's catalog.

use dbtask_runner::{Error, Session, sql_error};

/// One object that `db:drop` deletes.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// What it is, as PostgreSQL names it: `table`, `view`, `function`, …
    pub(crate) kind: String,
    /// Its schema; `None` for objects of the database itself.
    pub(crate) schema: Option<String>,
    /// Its identity, qualified and quoted for SQL.
    pub(crate) identity: String,
    /// The words after DROP.
    pub(crate) drop_as: String,
    /// Whether the connected role may drop it.
    pub(crate) droppable: bool,
}

/// Every object of the user's, in an order in which batches of them can be dropped: the schema history and its journal
/// first, so that an interrupted drop is never taken for an applied schema; partitions before their parents.
///
/// Members of extensions, the schemas that extensions live in, `public` itself, and what hangs on another
/// object (indexes, constraints, row types, sequences of columns) are left out.
pub(crate) const OBJECTS: &str = include_str!("catalog/objects.sql");

/// The tables that have rows of their own: those of a partitioned table are its partitions', and those of a foreign one stay.
const TABLES: &str = include_str!("catalog/tables.sql");

/// How many rows the table `c` has, by the planner's way: what its statistics say, for as large as it is now. NULL where
/// there are none of what it holds: it was never analysed, or when it was empty.
pub(crate) const ROWS: &str = "\
CASE WHEN c.relkind NOT IN ('r', 'm') THEN nullif(c.reltuples, -1)
  WHEN pg_catalog.pg_relation_size(c.oid) = 0 THEN 0
  WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples::float8 / c.relpages
    * (pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8)
END::int8";

/// A schema's tables, in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) identity: String,
    /// With indexes and TOAST, in bytes.
    pub(crate) bytes: u64,
    /// See [`ROWS`].
    pub(crate) rows: Option<u64>,
}

/// Reads the objects.
pub(crate) fn objects(session: &Session) -> Result<Vec<Object>, Error> {
    let failed = |e| sql_error("failed to list the database's objects", &e);
    let rows = session.query(OBJECTS, &[]).map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(Object {
                kind: row.try_get("kind").map_err(failed)?,
                schema: row.try_get("schema").map_err(failed)?,
                identity: row.try_get("identity").map_err(failed)?,
                drop_as: row.try_get("drop_as").map_err(failed)?,
                droppable: row.try_get("droppable").map_err(failed)?,
            })
        })
        .collect()
}

/// Whether the database holds nothing of the user's.
pub(crate) fn is_empty(session: &Session) -> Result<bool, Error> {
    let failed = |e| sql_error("failed to ask whether the database is empty", &e);
    session
        .query_one(
            &format!("SELECT NOT EXISTS ({OBJECTS}) AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)"),
            &[],
        )
        .and_then(|row| row.try_get(0))
        .map_err(failed)
}

/// The tables with their sizes, the largest first.
pub(crate) fn tables(session: &Session) -> Result<Vec<Table>, Error> {
    let failed = |e| sql_error("failed to measure the tables", &e);
    let rows = session.query(&TABLES.replace("{rows}", ROWS), &[]).map_err(failed)?;
    rows.iter()
        .map(|row| {
            let bytes: i64 = row.try_get(1).map_err(failed)?;
            let rows: Option<i64> = row.try_get(2).map_err(failed)?;
            Ok(Table {
                identity: row.try_get(0).map_err(failed)?,
                bytes: u64::try_from(bytes).unwrap_or(0),
                rows: rows.and_then(|n| u64::try_from(n).ok()),
            })
        })
        .collect()
}

/// How many large objects there are.
pub(crate) fn large_objects(session: &Session) -> Result<u64, Error> {
    count(
        session,
        "large objects",
        "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata",
    )
}

/// How many large objects the connected role may not delete.
pub(crate) fn foreign_large_objects(session: &Session) -> Result<u64, Error> {
    count(
        session,
        "large objects",
        "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata WHERE NOT pg_catalog.pg_has_role(lomowner, 'USAGE')",
    )
}

fn count(session: &Session, what: &str, sql: &str) -> Result<u64, Error> {
    let n: i64 = session
        .query_one(sql, &[])
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error(format!("failed to count the {what}"), &e))?;
    Ok(u64::try_from(n).unwrap_or(0))
}
