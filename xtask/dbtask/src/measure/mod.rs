//! The statements of a file, carried out one by one on a throwaway database, and what each did there: which locks it took on
//! what was there before, what it wrote anew or read from end to end, how many rows it changed, how long it took.
//!
//! This is the one place that measures; what differs is what is made of it. `db:rehearse` commits, goes on to a second run
//! and compares schema and rows. `db:plan` sets a savepoint before each statement, so that it can look for a way around one
//! that fails, rolls back at the end, and puts beside it how large the tables are on the target and who uses them. It leaves
//! scans of `UPDATE` and `DELETE` out, since what the planner does with the throwaway database's empty tables says nothing
//! of the target's; a rehearsal tells them, since it may have begun with a backup's rows.
//!
//! In a transaction the locks are read after the statement, since nothing releases them before the end. A statement that cannot
//! be in one is watched from a second connection ([`gate`]).

mod gate;
mod relations;

use std::time::{Duration, Instant};

use dbtask_rules::{Command, Position, statements};
use dbtask_runner::{Error, Script, Session, SqlError, SqlState, sql_error};

use self::gate::{Gate, Seen};
pub(crate) use self::relations::Relations;
use self::relations::{Counters, Relation, Scans, total_scans};
use crate::lock_mode::LockMode;

/// What the session is set to before a run: nobody is in the way here, and functions are compiled when they are created.
pub(crate) const BEFORE: &str =
    "SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET check_function_bodies = on";

/// Makes the session again what it was.
pub(crate) const AFTER: &str = "RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; CLOSE ALL; DISCARD TEMP; \
     SELECT pg_catalog.pg_advisory_unlock_all()";

/// How much of a statement is shown.
const SHOWN: usize = 72;

/// What one statement did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    /// Its beginning, on one line.
    pub(crate) text: String,
    /// The line of the file that it begins at.
    pub(crate) line: usize,
    /// The locks on what existed before its file, the strongest mode of each, the strongest first.
    pub(crate) locks: Vec<Lock>,
    /// The tables that were written anew.
    pub(crate) rewrites: Vec<String>,
    /// The indexes that were built anew.
    pub(crate) rebuilt: Vec<String>,
    /// The tables that were read from end to end, with how many rows that were; `None` where the server does not say.
    pub(crate) scans: Option<Vec<(String, u64)>>,
    /// Rows inserted, updated and deleted.
    pub(crate) rows: u64,
    pub(crate) elapsed: Duration,
    /// It ran outside of a transaction: its locks were looked at from a second connection while it ran.
    pub(crate) sampled: bool,
}

/// A lock on a relation that existed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Qualified and quoted for SQL.
    pub(crate) relation: String,
    pub(crate) mode: LockMode,
    /// An earlier statement of the file has it already.
    pub(crate) held: bool,
}

/// A statement of a file.
pub(crate) struct Statement<'a> {
    pub(crate) sql: &'a str,
    /// The byte at which it begins.
    pub(crate) start: usize,
    line: usize,
}

impl<'a> Statement<'a> {
    pub(crate) fn all(file: Script<'a>) -> Vec<Statement<'a>> {
        let text = file.sql();
        let ranges = statements::split(text).into_iter();
        ranges
            .map(|range| Statement {
                sql: &text[range.clone()],
                start: range.start,
                line: Position::of_byte(text.as_bytes(), range.start).line,
            })
            .collect()
    }

    /// What is known of it before it is carried out.
    pub(crate) fn step(&self) -> Step {
        let words: Vec<&str> = self.sql.split_whitespace().collect();
        let mut text: String = words.join(" ");
        if text.chars().count() > SHOWN {
            text = text.chars().take(SHOWN - 1).collect();
            text.push('…');
        }
        Step {
            text,
            line: self.line,
            ..Step::default()
        }
    }
}

/// Whether a statement that begins like this may insert rows: by itself, or in the body of a block or a procedure.
pub(crate) fn may_insert(statement: &str) -> bool {
    let first = statement.split_whitespace().next().unwrap_or_default();
    ["insert", "with", "merge", "do", "call", "copy"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

/// How a statement ended.
pub(crate) enum Measured {
    Done(Step),
    Failed(SqlError),
}

/// What the server says of a relation that this session has locked.
pub(crate) struct Reading {
    pub(crate) oid: u32,
    pub(crate) lock: Option<LockMode>,
    /// One of its locks is that of a statement that changes rows.
    pub(crate) writes: bool,
    pub(crate) filenode: Option<u32>,
    pub(crate) counters: Counters,
}

/// The relations that this session has locked, with where they are stored and the counters of this transaction.
const READ: &str = "\
SELECT l.relation, pg_catalog.array_agg(l.mode), pg_catalog.pg_relation_filenode(l.relation),
  coalesce(pg_catalog.pg_stat_get_xact_numscans(l.relation), 0), coalesce(pg_catalog.pg_stat_get_xact_tuples_returned(l.relation), 0),
  coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(l.relation) OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(l.relation)
    OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(l.relation), 0)
FROM pg_catalog.pg_locks l
WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.locktype OPERATOR(pg_catalog.=) 'relation'
  AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) current_database())
  AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
GROUP BY l.relation";

fn read(session: &Session) -> Result<Vec<Reading>, Error> {
    let failed = |e| sql_error("failed to read the locks of the rehearsal", &e);
    let rows = session.query(READ, &[]).map_err(failed)?;
    rows.iter()
        .map(|row| {
            let modes: Vec<String> = row.try_get(1)?;
            let modes = || modes.iter().filter_map(|mode| LockMode::of_catalog(mode));
            Ok(Reading {
                oid: row.try_get(0)?,
                lock: modes().max(),
                writes: modes().any(|mode| mode == LockMode::RowExclusive),
                filenode: row.try_get(2)?,
                counters: Counters {
                    scans: row.try_get(3)?,
                    rows_read: row.try_get(4)?,
                    rows_changed: row.try_get(5)?,
                },
            })
        })
        .collect::<Result<_, _>>()
        .map_err(failed)
}

/// How many rows of the catalog this transaction has changed, by a counter that began before it; `None` where the server
/// does not count.
pub(crate) fn catalog_changes(session: &Session) -> Result<Option<i64>, Error> {
    session
        .query_one(CATALOG_CHANGES, &[])
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error("failed to ask what changed in the catalog", &e))
}

const CATALOG_CHANGES: &str = "\
SELECT CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on' THEN
  pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
    OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid))::pg_catalog.int8 END
FROM pg_catalog.pg_class c WHERE c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace";

/// Carries out a statement inside of a transaction that goes on.
pub(crate) fn within(
    session: &Session,
    statement: &Statement<'_>,
    relations: &mut Relations,
) -> Result<Measured, Error> {
    let begun = Instant::now();
    if let Err(error) = session.send(statement.sql) {
        return Ok(Measured::Failed(error));
    }
    let mut step = statement.step();
    step.elapsed = begun.elapsed();
    let mut scans = Vec::new();
    let mut changed = 0;
    for reading in read(session)? {
        let Some(before) = relations.update(&reading) else {
            // made by this very file, and not by name in the report; its rows count
            changed += relations.rows_in_made(&reading);
            continue;
        };
        changed += reading.counters.rows_changed - before.counters.rows_changed;
        note_storage(&mut step, &before, reading.filenode);
        if reading.counters.scans > before.counters.scans && is_table(&before) {
            let rows = reading.counters.rows_read - before.counters.rows_read;
            scans.push((before.name.clone(), u64::try_from(rows).unwrap_or(0)));
        }
        note_lock(&mut step, &before, reading.lock);
    }
    finish(&mut step);
    step.scans = Some(scans);
    step.rows = u64::try_from(changed).unwrap_or(0);
    Ok(Measured::Done(step))
}

fn is_table(relation: &Relation) -> bool {
    matches!(relation.kind, 'r' | 'm')
}

/// A table or index that is stored elsewhere now was written anew.
fn note_storage(step: &mut Step, before: &Relation, filenode: Option<u32>) {
    if filenode.is_none() || filenode == before.filenode {
        return;
    }
    match before.kind {
        'r' | 'm' => step.rewrites.push(before.name.clone()),
        'i' => step.rebuilt.push(before.name.clone()),
        _ => {}
    }
}

/// Indexes are locked with their tables, and sequences by whoever draws a number: they go unmentioned.
fn note_lock(step: &mut Step, before: &Relation, lock: Option<LockMode>) {
    if let Some(mode) = lock
        && !matches!(before.kind, 'i' | 'I')
        && (before.kind != 'S' || mode >= LockMode::ShareRowExclusive)
    {
        step.locks.push(Lock {
            relation: before.name.clone(),
            mode,
            held: before.held >= Some(mode),
        });
    }
}

/// The strongest first, what is new before what was held already.
fn finish(step: &mut Step) {
    step.locks
        .sort_by(|a, b| (a.held, b.mode, &a.relation).cmp(&(b.held, a.mode, &b.relation)));
    step.rewrites.sort();
    step.rebuilt.sort();
}

/// Carries out a statement of a file without a transaction. What can run in one does, since there its locks can be read at
/// the end; what cannot is watched from outside while it runs.
pub(crate) fn alone(
    session: &Session,
    statement: &Statement<'_>,
    relations: &mut Relations,
) -> Result<Measured, Error> {
    let ended = |e| sql_error("failed to end a transaction of the rehearsal", &e);
    match Command::of(statement.sql) {
        Command::CreateIndexConcurrently { .. } | Command::ReindexConcurrently | Command::Patient => {
            return watched(session, statement, relations);
        }
        // it would be undone, or have no effect, in a transaction
        Command::Session => {
            let begun = Instant::now();
            return Ok(match session.send(statement.sql) {
                Ok(_) => {
                    let mut step = statement.step();
                    step.elapsed = begun.elapsed();
                    step.scans = Some(Vec::new());
                    Measured::Done(step)
                }
                Err(error) => Measured::Failed(error),
            });
        }
        _ => {}
    }
    session.batch("BEGIN").map_err(ended)?;
    relations.new_transaction(session)?;
    let measured = within(session, statement, relations)?;
    match measured {
        Measured::Done(step) => Ok(match session.batch("COMMIT") {
            Ok(()) => Measured::Done(step),
            Err(error) => Measured::Failed(error),
        }),
        Measured::Failed(error) => {
            session.batch("ROLLBACK").map_err(ended)?;
            if error.code() == Some(&SqlState::ACTIVE_SQL_TRANSACTION) {
                return watched(session, statement, relations);
            }
            Ok(Measured::Failed(error))
        }
    }
}

/// Carries out a statement outside of a transaction, while a second connection looks at its locks.
fn watched(session: &Session, statement: &Statement<'_>, relations: &mut Relations) -> Result<Measured, Error> {
    let failed = |e| sql_error("failed to ask for the session's number", &e);
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000",
            &[],
        )
        .map_err(failed)?;
    let pid: i32 = row.try_get(0).map_err(failed)?;
    let major: i32 = row.try_get(1).map_err(failed)?;
    let major = u32::try_from(major).unwrap_or(0);
    let before = total_scans(session, major)?;
    let (outcome, seen, elapsed) = Gate::watch(session, pid, &relations.lockable(), || session.send(statement.sql))?;
    if let Err(error) = outcome {
        return Ok(Measured::Failed(error));
    }
    let mut step = statement.step();
    step.elapsed = elapsed;
    step.sampled = true;
    let after = total_scans(session, major)?;
    step.scans = before
        .zip(after)
        .map(|(before, after)| scans(relations, &before, &after));
    take_seen(&mut step, relations, &seen);
    let was: Vec<(u32, Option<u32>)> = relations.filenodes();
    relations.new_transaction(session)?;
    for (oid, filenode) in was {
        if let Some(now) = relations.get(oid)
            && filenode != now.filenode
        {
            let before = Relation {
                filenode,
                ..now.clone()
            };
            note_storage(&mut step, &before, now.filenode);
        }
    }
    finish(&mut step);
    Ok(Measured::Done(step))
}

fn take_seen(step: &mut Step, relations: &mut Relations, seen: &Seen) {
    for (&oid, &mode) in seen {
        let reading = Reading {
            oid,
            lock: Some(mode),
            writes: false,
            filenode: relations.get(oid).and_then(|relation| relation.filenode),
            counters: relations
                .get(oid)
                .map_or(Counters::default(), |relation| relation.counters),
        };
        if let Some(mut before) = relations.update(&reading) {
            // no statement holds what an earlier one took
            before.held = None;
            note_lock(step, &before, Some(mode));
        }
    }
}

/// The tables that were read from end to end in between.
fn scans(relations: &Relations, before: &Scans, after: &Scans) -> Vec<(String, u64)> {
    let of = |(oid, (scans, rows)): (&u32, &(i64, i64))| {
        let (scans_before, rows_before) = before.get(oid).copied().unwrap_or_default();
        let relation = relations.get(*oid)?;
        (*scans > scans_before && is_table(relation))
            .then(|| (relation.name.clone(), u64::try_from(rows - rows_before).unwrap_or(0)))
    };
    after.iter().filter_map(of).collect()
}
