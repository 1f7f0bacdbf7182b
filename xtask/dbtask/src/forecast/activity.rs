//! What the target says of the tables that a file touches: how large they are, and who is in the way at this moment.

use std::time::{Duration, Instant};

use dbtask_runner::{Error, Session, SqlError, sql_error};

use super::measure::Step;
use crate::catalog::ROWS;
use crate::lock_mode::LockMode;

/// How many rows are read of a table to tell how long reading all of it takes, and how long that may take.
const SAMPLE: u64 = 100_000;
const PATIENCE: &str = "2s";

/// A table of the target.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    pub(crate) table: String,
    /// With indexes and TOAST, in bytes.
    pub(crate) bytes: u64,
    /// See [`ROWS`].
    pub(crate) rows: Option<u64>,
    /// How long reading all of it takes, by how long some of it took.
    pub(crate) scan: Option<Duration>,
}

/// Something that is under way on the target and would be in the way.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    /// `session`, `autovacuum`, `prepared transaction`, `old transaction`, `replication slot`.
    pub(crate) kind: &'static str,
    pub(crate) description: String,
}

fn failed(error: &SqlError) -> Error {
    sql_error("failed to ask the target about the tables", error)
}

/// An array of texts as a literal.
fn array(names: &[&str]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("'{}'", name.replace('\'', "''")))
        .collect();
    format!("ARRAY[{}]::text[]", names.join(","))
}

/// The sizes of the tables; those that are `read` from end to end are sampled.
pub(super) fn sizes(target: &Session, tables: &[&str], read: &[&str]) -> Result<Vec<Size>, Error> {
    let sql = format!(
        "SELECT t.name, pg_catalog.pg_total_relation_size(c.oid), {ROWS} \
         FROM pg_catalog.unnest({}) AS t (name) JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(t.name) \
         WHERE c.relkind IN ('r', 'p', 'm', 'f')",
        array(tables)
    );
    // even a size waits for its table's lock
    target
        .batch("BEGIN READ ONLY;SET LOCAL lock_timeout='1s'")
        .map_err(|e| failed(&e))?;
    let rows = target.query(&sql, &[]);
    target.batch("ROLLBACK").map_err(|e| failed(&e))?;
    let mut sizes = Vec::new();
    for row in rows.map_err(|e| failed(&e))? {
        let table: String = row.try_get(0).map_err(|e| failed(&e))?;
        let (bytes, rows): (i64, Option<i64>) = (
            row.try_get(1).map_err(|e| failed(&e))?,
            row.try_get(2).map_err(|e| failed(&e))?,
        );
        let rows = rows.and_then(|n| u64::try_from(n).ok());
        let scan = if read.contains(&table.as_str()) {
            sample(target, &table, rows)?
        } else {
            None
        };
        sizes.push(Size {
            table,
            bytes: u64::try_from(bytes).unwrap_or_default(),
            rows,
            scan,
        });
    }
    Ok(sizes)
}

/// Reads the first rows of a table; `None` where that is not allowed, or takes too long.
fn sample(target: &Session, table: &str, rows: Option<u64>) -> Result<Option<Duration>, Error> {
    target
        .batch(&format!(
            "BEGIN READ ONLY;SET LOCAL statement_timeout='{PATIENCE}';SET LOCAL lock_timeout='100ms'"
        ))
        .map_err(|e| failed(&e))?;
    let started = Instant::now();
    let sql = format!("SELECT count(*) FROM (SELECT FROM {table} LIMIT {SAMPLE}) AS s");
    let counted = target.query_one(&sql, &[]).and_then(|row| row.try_get::<_, i64>(0));
    let elapsed = started.elapsed();
    target.batch("ROLLBACK").map_err(|e| failed(&e))?;
    let Some(counted) = counted.ok().and_then(|n| u64::try_from(n).ok()) else {
        return Ok(None);
    };
    let all = rows.unwrap_or(counted).max(counted);
    let factor = u32::try_from(all / counted.max(1)).unwrap_or(u32::MAX);
    Ok(Some(elapsed.saturating_mul(factor.max(1))))
}

/// Who holds a lock on one of the tables: sessions, prepared transactions (which have no process), autovacuum. Who is idle,
/// outside of a transaction, has let go since the locks were read.
const HOLDERS: &str = "\
SELECT t.name, l.mode, l.pid, coalesce(a.backend_type, '') = 'autovacuum worker',
  CASE WHEN l.pid IS NULL THEN (SELECT p.gid || ', prepared ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - p.prepared) || ' ago by ' || p.owner
      FROM pg_catalog.pg_prepared_xacts p WHERE l.virtualtransaction = '-1/' || p.transaction::text)
  ELSE pg_catalog.concat_ws(', ', 'pid ' || l.pid, nullif(a.application_name, ''), 'user ' || a.usename, a.state,
    'in a transaction for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start),
    nullif('`' || pg_catalog.left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), '(passw|secret).*$', '…', 'i'), 60) || '`', '``')) END
FROM pg_catalog.unnest({tables}) AS t (name)
JOIN pg_catalog.pg_locks l ON l.locktype = 'relation' AND l.granted AND l.relation = pg_catalog.to_regclass(t.name)
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND a.state IS DISTINCT FROM 'idle'
ORDER BY a.xact_start NULLS FIRST, t.name, l.mode";

/// Transactions that have been open for long: CONCURRENTLY waits for them, whatever they touch.
const OLD: &str = "\
SELECT pg_catalog.concat_ws(', ', 'pid ' || a.pid, nullif(a.application_name, ''), 'user ' || a.usename, a.state,
  'in a transaction for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start))
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend'
  AND a.xact_start < pg_catalog.clock_timestamp() - interval '5 seconds'
ORDER BY a.xact_start";

/// Slots that nobody reads keep all WAL, and a rewrite writes much of it.
const SLOTS: &str = "\
SELECT s.slot_name || ' is not read and keeps ' || pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)) || ' of WAL'
FROM pg_catalog.pg_replication_slots s WHERE NOT s.active AND s.restart_lsn IS NOT NULL ORDER BY 1";

/// What is in the way of the steps.
pub(super) fn read(target: &Session, steps: &[Step], tables: &[&str]) -> Result<Vec<Activity>, Error> {
    let mut found: Vec<Activity> = Vec::new();
    let rows = target.query(&HOLDERS.replace("{tables}", &array(tables)), &[]);
    for row in rows.map_err(|e| failed(&e))? {
        let get = |i: usize| {
            row.try_get::<_, Option<String>>(i)
                .map(Option::unwrap_or_default)
                .map_err(|e| failed(&e))
        };
        let (table, mode, who) = (get(0)?, get(1)?, get(4)?);
        // one that nobody knows is taken for the strongest
        let mode = LockMode::of_catalog(&mode).unwrap_or(LockMode::AccessExclusive);
        let waits = steps
            .iter()
            .flat_map(|step| &step.locks)
            .any(|lock| lock.table == table && lock.mode.waits_for(mode));
        if !waits {
            continue;
        }
        let pid: Option<i32> = row.try_get(2).map_err(|e| failed(&e))?;
        let kind = match (pid, row.try_get(3).map_err(|e| failed(&e))?) {
            (None, _) => "prepared transaction",
            (Some(_), true) => "autovacuum",
            (Some(_), false) => "session",
        };
        found.push(Activity {
            kind,
            description: format!("{who}: holds {mode} on {table}"),
        });
    }
    let mut add = |kind: &'static str, sql: &str| -> Result<(), Error> {
        for row in target.query(sql, &[]).map_err(|e| failed(&e))? {
            let description = row.try_get(0).map_err(|e| failed(&e))?;
            found.push(Activity { kind, description });
        }
        Ok(())
    };
    if steps.iter().any(|step| step.is_alone) {
        add("old transaction", OLD)?;
    }
    if steps.iter().any(|step| !step.rewritten.is_empty()) {
        add("replication slot", SLOTS)?;
    }
    Ok(found)
}
