//! The migration lock: one session advisory lock a database, polled.
//!
//! Polled, because a session that *waits* in `pg_advisory_lock()` holds a snapshot, and `CREATE INDEX
//! CONCURRENTLY` in the holder then ends in a deadlock and an INVALID index (golang-migrate#960).

use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Error, Session, sql_error};

/// The key, `dbtask` and a zero byte read as a big-endian number, so that it can be told in `pg_locks`.
pub(crate) const KEY: i64 = i64::from_be_bytes(*b"\0dbtask\0");

/// The first and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// The lock, held until it goes out of scope or the session ends; with it goes every advisory lock of the session.
pub struct MigrationLock<'a> {
    session: &'a Session,
}

/// Who holds the lock, as the server tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The server process.
    pub pid: i32,
    /// Process, `application_name`, user, address, start of the session and what it is doing, in words.
    pub description: String,
}

impl<'a> MigrationLock<'a> {
    /// Takes the lock, trying for at most `patience`; `waiting` is told once who holds it.
    pub fn take(
        session: &'a Session,
        patience: Duration,
        waiting: &mut dyn FnMut(&Holder),
    ) -> Result<MigrationLock<'a>, Error> {
        let started = Instant::now();
        let mut pause = PAUSES.0;
        let mut told = false;
        loop {
            let failed = |e| sql_error("failed to take the migration lock", &e);
            let row = session.query_one(TRY, &[(&KEY, Type::INT8)]).map_err(failed)?;
            if row.try_get(0).map_err(failed)? {
                return Ok(MigrationLock { session });
            }
            let holder = holder(session)?;
            if started.elapsed() >= patience {
                return Err(busy(holder.as_ref(), patience));
            }
            if let (false, Some(holder)) = (told, &holder) {
                waiting(holder);
                told = true;
            }
            session.pause(pause.min(patience));
            if let Some(interruption) = session.interruption() {
                return Err(interruption.state("nothing was applied by this run"));
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

impl Drop for MigrationLock<'_> {
    fn drop(&mut self) {
        // All of them: each file's message takes it once more, and so does a probe behind a pooler. Should this fail, the
        // connection is gone, and the lock with it.
        let _ = self.session.batch("SELECT pg_catalog.pg_advisory_unlock_all()");
    }
}

/// The statement that takes the lock, `$1`, if nobody has it.
const TRY: &str = "SELECT pg_catalog.pg_try_advisory_lock($1)";

/// Who holds the lock `$1`. A bigint key stands in pg_locks as its two halves, with objsubid 1.
const HOLDER: &str = "\
SELECT l.pid, pg_catalog.concat_ws(', ', 'pid ' || l.pid, nullif(a.application_name, ''), 'user ' || a.usename,
  'from ' || coalesce(pg_catalog.host(a.client_addr), 'a local socket'),
  'connected since ' || pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
  a.state || ' for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.state_change),
  nullif('`' || pg_catalog.left(pg_catalog.regexp_replace(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), '(passw|secret).*$', '…', 'i'), 80) || '`', '``'))
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND (l.classid::int8 << 32 | l.objid::int8) = $1";

fn holder(session: &Session) -> Result<Option<Holder>, Error> {
    let failed = |e| sql_error("failed to ask who holds the migration lock", &e);
    let rows = session.query(HOLDER, &[(&KEY, Type::INT8)]).map_err(failed)?;
    let read = |row: &Row| {
        Ok(Holder {
            pid: row.try_get(0).map_err(failed)?,
            description: row.try_get(1).map_err(failed)?,
        })
    };
    rows.first().map(read).transpose()
}

fn busy(holder: Option<&Holder>, patience: Duration) -> Error {
    let error = Error::failed(format!(
        "another migration run holds the lock of this database; waited {} s",
        patience.as_secs()
    ))
    .state("nothing was applied by this run");
    match holder {
        Some(holder) => error.cause(format!("held by {}", holder.description)).help(format!(
            "wait for it and type the command again; if that session is stuck, end it: `SELECT pg_terminate_backend({})`",
            holder.pid
        )),
        None => error.help("type the command again"),
    }
}
