//! A look from outside at a statement that no transaction can hold still.
//!
//! Its locks are gone when it ends, and on a small table that is at once. So it is held up: a second connection has a lock on
//! every table that any change of a table has to wait for, sees what the statement asks for, opens the gate, and goes on
//! looking until the statement is done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use dbtask_runner::{Error, Session, SqlError, Type, sql_error};

/// The strongest mode seen on each relation, granted or waited for.
pub(super) type Seen = BTreeMap<u32, LockMode>;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);

/// How long a statement that waits for nothing is held for one that has not begun yet.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many tables are locked at once: the server's lock table is small.
const TABLES: usize = 1_000;

/// What the backend `$1` has locked or waits for, and whether it waits.
const LOOK_AT: &str = "\
SELECT l.relation, l.mode, NOT l.granted FROM pg_catalog.pg_locks l
WHERE l.pid = $1 AND (l.locktype = 'relation' AND l.relation >= 16384
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) OR NOT l.granted)";

pub(super) struct Gate;

impl Gate {
    /// Does `work` on the backend `pid` and says how it ended, what was seen of its locks, and how long it took without the
    /// time for which it was held up.
    pub(super) fn watch(
        session: &Session,
        pid: i32,
        tables: &[&str],
        work: impl FnOnce() -> Result<u64, SqlError>,
    ) -> Result<(Result<u64, SqlError>, Seen, Duration), Error> {
        let url = session.url();
        let done = AtomicBool::new(false);
        let (ready, is_ready) = mpsc::channel();
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let closed = Session::connect(url).and_then(|session| {
                    close(&session, tables)?;
                    Ok(session)
                });
                // should it fail, the work goes on, and the failure is the result
                let _ = ready.send(());
                look(&closed?, pid, &done)
            });
            let _ = is_ready.recv();
            let begun = Instant::now();
            let outcome = work();
            let ended = Instant::now();
            done.store(true, Ordering::Release);
            let (seen, opened) = watcher
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            // how long it stood before the gate does not count
            let begun = opened.filter(|opened| *opened < ended).unwrap_or(begun).max(begun);
            Ok((outcome, seen, ended.duration_since(begun)))
        })
    }
}

fn failed(e: &SqlError) -> Error {
    sql_error("failed to look at the statement's locks", e)
}

/// Locks the tables so that reading and writing goes on, and nothing else.
fn close(session: &Session, tables: &[&str]) -> Result<(), Error> {
    if tables.is_empty() || tables.len() > TABLES {
        return Ok(());
    }
    let names: Vec<String> = tables.iter().map(|table| format!("ONLY {table}")).collect();
    session
        .batch(&format!(
            "BEGIN; LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE",
            names.join(", ")
        ))
        .map_err(|e| failed(&e))
}

/// Looks until the work is done; opens the gate when somebody stands before it, and says when that was.
fn look(session: &Session, pid: i32, done: &AtomicBool) -> Result<(Seen, Option<Instant>), Error> {
    let begun = Instant::now();
    let mut seen = Seen::new();
    let mut opened = None;
    loop {
        let is_last = done.load(Ordering::Acquire);
        let rows = session.query(LOOK_AT, &[(&pid, Type::INT4)]).map_err(|e| failed(&e))?;
        let mut waits = false;
        for row in &rows {
            let relation: Option<u32> = row.try_get(0).map_err(|e| failed(&e))?;
            let mode: &str = row.try_get(1).map_err(|e| failed(&e))?;
            waits |= row.try_get::<_, bool>(2).map_err(|e| failed(&e))?;
            if let (Some(relation), Some(mode)) = (relation, LockMode::of_catalog(mode)) {
                let strongest = seen.entry(relation).or_insert(mode);
                *strongest = (*strongest).max(mode);
            }
        }
        if opened.is_none() && (waits || begun.elapsed() > PATIENCE) {
            opened = Some(Instant::now());
            session.batch("ROLLBACK").map_err(|e| failed(&e))?;
        }
        if is_last {
            return Ok((seen, opened));
        }
        std::thread::sleep(LOOK);
    }
}
use crate::lock_mode::LockMode;
