//! Carrying a file out, statement by statement, and looking after each what it did.

use std::collections::{BTreeMap, BTreeSet};

use dbtask_rules::{Command, MigrationFile, statements};
use dbtask_runner::{Error, Excerpt, Kind, Session, SqlError, SqlState, error_offset, sql_error};

use super::obstacle::{self, Way};
use crate::lock_mode::LockMode;

/// A lock that a statement took on a table that was there before the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// Qualified and quoted for SQL.
    pub(crate) table: String,
    pub(crate) mode: LockMode,
}

impl Lock {
    /// Whom it keeps out, in words.
    pub(crate) fn keeps_out(&self) -> &'static str {
        match self.mode {
            LockMode::AccessExclusive => "keeps out readers and writers",
            LockMode::Exclusive | LockMode::ShareRowExclusive | LockMode::Share => "keeps out writers",
            LockMode::ShareUpdateExclusive => "keeps out VACUUM and other schema changes",
            LockMode::AccessShare | LockMode::RowShare | LockMode::RowExclusive => "keeps out schema changes",
        }
    }
}

/// A mode as `pg_locks` writes it; one that nobody knows is taken for the strongest.
pub(crate) fn mode_of(name: &str) -> LockMode {
    LockMode::of_catalog(name).unwrap_or(LockMode::AccessExclusive)
}

/// A statement, and what it did to tables that were there before the file.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The line that it begins on.
    pub(crate) line: usize,
    /// Its beginning, on one line.
    pub(crate) text: String,
    /// What it locked, as far as no earlier statement of the transaction had.
    pub(crate) locks: Vec<Lock>,
    /// The tables that it wrote anew.
    pub(crate) rewritten: Vec<String>,
    /// The tables that it read from end to end.
    pub(crate) scanned: Vec<String>,
    /// It cannot be in a transaction: its locks are PostgreSQL's documented ones, not measured.
    pub(crate) is_alone: bool,
    /// It was not carried out.
    pub(crate) failed: bool,
}

impl Step {
    /// Whether it reads all of a table.
    pub(crate) fn reads_all(&self, table: &str) -> bool {
        self.rewritten.iter().chain(&self.scanned).any(|t| t == table)
    }
}

/// A table: its name, its file, and how often the transaction has read it from end to end.
struct Table {
    name: String,
    file: u32,
    scans: i64,
}

const TABLES: &str = "\
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::oid,
  coalesce(pg_catalog.pg_stat_get_xact_numscans(c.oid), 0)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

const LOCKS: &str = "\
SELECT l.relation, l.mode FROM pg_catalog.pg_locks l
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())";

fn failed(error: &SqlError) -> Error {
    sql_error("failed to measure on the throwaway database", error).state("nothing was changed")
}

fn tables(session: &Session) -> Result<BTreeMap<u32, Table>, SqlError> {
    let rows = session.query(TABLES, &[])?;
    rows.iter()
        .map(|row| {
            let table = Table {
                name: row.try_get(1)?,
                file: row.try_get(2)?,
                scans: row.try_get(3)?,
            };
            Ok((row.try_get(0)?, table))
        })
        .collect()
}

fn locks(session: &Session) -> Result<BTreeSet<(u32, String)>, SqlError> {
    let rows = session.query(LOCKS, &[])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Carries out the file's statements. Where one cannot be for what depends on its object, the way around is found, and
/// the rest is left; any other failure is an error with its place.
pub(super) fn carry_out(session: &Session, file: &MigrationFile) -> Result<(Vec<Step>, Option<Way>), Error> {
    let ranges = statements::split(file.sql());
    let known: BTreeSet<u32> = tables(session).map_err(|e| failed(&e))?.into_keys().collect();
    let is_one_transaction = !file.directives().no_transaction;
    let mut steps = Vec::new();
    session.batch("BEGIN").map_err(|e| failed(&e))?;
    for range in ranges {
        let sql = &file.sql()[range.clone()];
        let before = (
            tables(session).map_err(|e| failed(&e))?,
            locks(session).map_err(|e| failed(&e))?,
        );
        let mut step = Step {
            line: Excerpt::of_byte(file.path(), file.sql(), range.start).position.line,
            text: first_words(sql),
            locks: Vec::new(),
            rewritten: Vec::new(),
            scanned: Vec::new(),
            is_alone: false,
            failed: false,
        };
        match obstacle::attempt(session, sql) {
            Ok(()) => {
                let after = (
                    tables(session).map_err(|e| failed(&e))?,
                    locks(session).map_err(|e| failed(&e))?,
                );
                compare(&mut step, sql, &known, &before, &after);
                if !is_one_transaction {
                    session.batch("COMMIT;BEGIN").map_err(|e| failed(&e))?;
                }
            }
            Err(error) if error.code() == Some(&SqlState::ACTIVE_SQL_TRANSACTION) && !is_one_transaction => {
                session.batch("ROLLBACK").map_err(|e| failed(&e))?;
                session.batch(sql).map_err(|e| at_place(file, range.start, sql, &e))?;
                session.batch("BEGIN").map_err(|e| failed(&e))?;
                step.is_alone = true;
                step.locks = documented(session, sql).map_err(|e| failed(&e))?;
                step.scanned = scanned_alone(sql, &step.locks);
            }
            Err(error) => {
                step.failed = true;
                steps.push(step);
                let way = obstacle::find(session, sql, &error)?;
                let _ = session.batch("ROLLBACK");
                return match way {
                    Some(way) => Ok((steps, Some(way))),
                    None => Err(at_place(file, range.start, sql, &error)),
                };
            }
        }
        steps.push(step);
    }
    session.batch("ROLLBACK").map_err(|e| failed(&e))?;
    Ok((steps, None))
}

type Seen = (BTreeMap<u32, Table>, BTreeSet<(u32, String)>);

/// What became of the tables that were there before the file.
fn compare(step: &mut Step, sql: &str, known: &BTreeSet<u32>, before: &Seen, after: &Seen) {
    let new_locks = after.1.difference(&before.1);
    let mut strongest: BTreeMap<&str, LockMode> = BTreeMap::new();
    for (table, mode) in new_locks.filter(|(table, _)| known.contains(table)) {
        if let Some(table) = before.0.get(table) {
            let mode = mode_of(mode);
            let held = strongest.entry(&table.name).or_insert(mode);
            *held = mode.max(*held);
        }
    }
    step.locks = strongest
        .into_iter()
        .map(|(table, mode)| Lock {
            table: table.to_owned(),
            mode,
        })
        .collect();
    let is_truncate = sql.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("truncate"));
    // how the planner finds rows in empty tables says nothing of full ones
    let is_planned = Command::of(sql) == Command::Rows;
    for (oid, table) in before.0.iter().filter(|(oid, _)| known.contains(oid)) {
        let Some(now) = after.0.get(oid) else { continue };
        if now.file != table.file && !is_truncate {
            step.rewritten.push(now.name.clone());
        } else if now.scans > table.scans && !is_planned {
            step.scanned.push(now.name.clone());
        }
    }
}

/// The lock of a statement that cannot be measured, since it runs in transactions of its own.
fn documented(session: &Session, sql: &str) -> Result<Vec<Lock>, SqlError> {
    let table = match Command::of(sql) {
        Command::CreateIndexConcurrently { table, .. } => obstacle::qualified(session, &table)?,
        Command::ReindexConcurrently | Command::Patient => obstacle::table_of(session, sql),
        _ => None,
    };
    Ok(table
        .into_iter()
        .map(|table| Lock {
            table,
            mode: LockMode::ShareUpdateExclusive,
        })
        .collect())
}

fn scanned_alone(sql: &str, locks: &[Lock]) -> Vec<String> {
    match Command::of(sql) {
        Command::CreateIndexConcurrently { .. } | Command::ReindexConcurrently => {
            locks.iter().map(|lock| lock.table.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// The error of a statement that would fail on the target, too.
fn at_place(file: &MigrationFile, start: usize, sql: &str, error: &SqlError) -> Error {
    let offset = error_offset(error, sql, 0).unwrap_or_default();
    let path = file.path();
    sql_error(format!("`{path}` would fail"), error)
        .at(Excerpt::of_byte(path, file.sql(), start + offset))
        .state("nothing was changed: that was on a throwaway database, which is gone")
        .with_kind(Kind::Pending)
}

/// The beginning of a statement, on one line.
fn first_words(sql: &str) -> String {
    const SHOWN: usize = 90;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN - 1).chain(['…']).collect()
}
