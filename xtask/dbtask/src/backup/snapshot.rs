//! One moment of a database: an exported snapshot, and the tables in it.

use dbtask_runner::{Error, Session, SqlError, SqlState, sql_error};
use serde_json::{Value, json};

use super::PRIVILEGES;
use super::surroundings::read_json;

const TABLES: &str = include_str!("sql/tables.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// Names are written in one way, and nothing ends a long transaction.
const SETTINGS: &str = "\
SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off; SET LOCAL row_security = off;
SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// How often the tables are listed anew when one appears between the list and the snapshot.
const TRIES: usize = 5;

/// How many tables a LOCK statement names.
const BATCH: usize = 500;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// `schema.name` without quotes, as pg_dump reports it.
    pub(super) reported: String,
    /// Qualified and quoted for SQL.
    pub(super) identity: String,
    /// Whether it holds rows of its own; a partitioned table does not.
    pub(super) has_rows: bool,
    /// Of a partition, the table that it is in the end a partition of.
    pub(super) root: Option<String>,
    /// Generated ones are not among them.
    pub(super) columns: Vec<String>,
    /// The same in the database's encoding.
    pub(super) encoded: dbtask_rows::Table,
}

/// A transaction that sees one moment, and that others can import.
///
/// It holds ACCESS SHARE on every table from before the snapshot was taken: without, an ALTER TABLE of somebody else's
/// could rewrite a table, and its rows would be gone from the older snapshot.
pub(super) struct Snapshot<'a> {
    session: &'a Session,
    /// What `pg_dump --snapshot` takes.
    pub(super) id: String,
    /// The position of the write-ahead log; unknown where the role may not ask.
    pub(super) lsn: Option<String>,
    pub(super) taken_at: String,
    pub(super) tables: Vec<Table>,
    /// The sizes in bytes of those that hold rows, in their order.
    pub(super) sizes: Vec<u64>,
    /// The sequences' values, from before anything is dumped: they are of no snapshot, and what is dumped may be further on.
    pub(super) sequences: Value,
}

impl<'a> Snapshot<'a> {
    pub(super) fn take(session: &'a Session) -> Result<Snapshot<'a>, Error> {
        let mut tables = list(session)?;
        for _ in 0..TRIES {
            let snapshot = Snapshot::begin(session, tables)?;
            let seen = list(session)?;
            if seen == snapshot.tables {
                return Ok(snapshot);
            }
            // dropped, and with it rolled back
            drop(snapshot);
            tables = seen;
        }
        Err(
            Error::failed("failed to take a snapshot: tables come and go faster than they can be locked")
                .help("type the command again when nobody creates or drops tables"),
        )
    }

    fn begin(session: &'a Session, tables: Vec<Table>) -> Result<Snapshot<'a>, Error> {
        let failed = |e| sql_error("failed to take a snapshot", &e);
        session
            .batch(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SETTINGS}"))
            .map_err(failed)?;
        // from here on, whatever fails rolls back
        let mut snapshot = Snapshot {
            session,
            id: String::new(),
            lsn: None,
            taken_at: String::new(),
            tables,
            sizes: Vec::new(),
            sequences: Value::Null,
        };
        // a partitioned table has nothing that could be rewritten: pg_dump locks it soon enough
        let locked: Vec<&Table> = snapshot.holding_rows().collect();
        for batch in locked.chunks(BATCH) {
            let names: Vec<String> = batch.iter().map(|t| format!("ONLY {}", t.identity)).collect();
            session
                .batch(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")))
                .map_err(|e| unlockable(&e))?;
        }
        let row = session
            .query_one(
                "SELECT pg_catalog.pg_export_snapshot(), pg_catalog.to_char(pg_catalog.statement_timestamp() AT TIME ZONE 'UTC', \
                 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), CASE WHEN pg_catalog.pg_is_in_recovery() THEN \
                 pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END::text, \
                 current_setting('server_version_num')::int4",
                &[],
            )
            .map_err(failed)?;
        snapshot.id = row.try_get(0).map_err(failed)?;
        snapshot.taken_at = row.try_get(1).map_err(failed)?;
        snapshot.lsn = row.try_get(2).map_err(failed)?;
        if row.try_get::<_, i32>(3).map_err(failed)? >= 170_000 {
            session.batch("SET LOCAL transaction_timeout = 0").map_err(failed)?;
        }
        snapshot.sizes = sizes(session, snapshot.holding_rows())?;
        snapshot.sequences = sequences(session)?;
        Ok(snapshot)
    }

    pub(super) fn holding_rows(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.has_rows)
    }

    pub(super) fn session(&self) -> &Session {
        self.session
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // should it fail, the connection is gone, and the transaction with it
        let _ = self.session.batch("ROLLBACK");
    }
}

/// The sequences' values.
pub(super) fn sequences(session: &Session) -> Result<Value, Error> {
    read_json(session, "the sequences", SEQUENCES)
}

/// The number of large objects, and their digest where the role may read `pg_largeobject`.
pub(super) fn large_objects(session: &Session) -> Result<Value, Error> {
    let failed = |e| sql_error("failed to read the large objects", &e);
    let row = session
        .query_one(
            "SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata), \
             pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')",
            &[],
        )
        .map_err(failed)?;
    let count: i64 = row.try_get(0).map_err(failed)?;
    let digest: Option<String> = if row.try_get(1).map_err(failed)? {
        session
            .query_one(
                "SELECT coalesce(sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(',', loid, pageno, pg_catalog.md5(data)), 0)), 0)::text \
                 FROM pg_catalog.pg_largeobject",
                &[],
            )
            .and_then(|row| row.try_get(0))
            .map_err(failed)?
    } else {
        None
    };
    Ok(json!({ "count": count, "digest": digest }))
}

/// Has a session to a restored database write names as a [`Snapshot`] does.
pub(super) fn name_alike(session: &Session) -> Result<(), Error> {
    session
        .batch("SET search_path = ''; SET quote_all_identifiers = off")
        .map_err(|e| sql_error("failed to read the restored database", &e))
}

/// The tables of the database, but those of the system's and of extensions.
pub(super) fn list(session: &Session) -> Result<Vec<Table>, Error> {
    let failed = |e| sql_error("failed to list the tables", &e);
    let rows = session.query(TABLES, &[]).map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(Table {
                reported: row.try_get("reported")?,
                identity: row.try_get("identity")?,
                has_rows: row.try_get("has_rows")?,
                root: row.try_get("root")?,
                columns: row.try_get("columns")?,
                encoded: dbtask_rows::Table {
                    schema: row.try_get("schema_bytes")?,
                    name: row.try_get("name_bytes")?,
                    columns: row.try_get("column_bytes")?,
                },
            })
        })
        .collect::<Result<_, _>>()
        .map_err(failed)
}

/// With TOAST, without indexes. Even a table's size waits for its lock: of a database in use it is asked when the locks are held.
pub(super) fn sizes<'t>(session: &Session, tables: impl Iterator<Item = &'t Table>) -> Result<Vec<u64>, Error> {
    let failed = |e| sql_error("failed to measure the tables", &e);
    let names: Vec<&str> = tables.map(|t| t.identity.as_str()).collect();
    let rows = session
        .query(
            "SELECT coalesce(pg_catalog.pg_table_size(pg_catalog.to_regclass(name)), 0) \
             FROM pg_catalog.unnest($1) WITH ORDINALITY AS t (name, n) ORDER BY n",
            &[(&names, dbtask_runner::Type::TEXT_ARRAY)],
        )
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            row.try_get::<_, i64>(0)
                .map(|n| u64::try_from(n).unwrap_or(0))
                .map_err(failed)
        })
        .collect()
}

fn unlockable(error: &SqlError) -> Error {
    let shown = sql_error("failed to lock the tables for reading", error);
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => shown.help(PRIVILEGES),
        _ => shown,
    }
}
