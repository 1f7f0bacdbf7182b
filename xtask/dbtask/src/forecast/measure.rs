//! Carrying a file out, statement by statement, as far as it goes.

use dbtask_rules::Command;
use dbtask_runner::{Error, Excerpt, Kind, Script, Session, SqlError, error_offset, sql_error};

use super::obstacle::{self, Way};
use crate::lock_mode::LockMode;
use crate::measure::{self, BEFORE, Measured, Relations, Statement};
use crate::named::File;

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

/// A statement, and what it did to tables that were there before the file.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The line that it begins on.
    pub(crate) line: usize,
    /// Its beginning, on one line.
    pub(crate) text: String,
    /// What it locked, as far as no earlier statement of the transaction had.
    pub(crate) locks: Vec<Lock>,
    /// Earlier statements hold locks, under which it may work, too.
    pub(crate) is_behind_locks: bool,
    /// The tables that it wrote anew.
    pub(crate) rewritten: Vec<String>,
    /// The tables that it read from end to end.
    pub(crate) scanned: Vec<String>,
    /// It cannot be in a transaction: its locks were looked at from a second connection.
    pub(crate) is_alone: bool,
    /// It was not carried out.
    pub(crate) failed: bool,
}

impl Step {
    fn of(measured: measure::Step, sql: &str) -> Step {
        let (held, new): (Vec<_>, Vec<_>) = measured.locks.into_iter().partition(|lock| lock.held);
        let new = new.into_iter().map(|lock| Lock {
            table: lock.relation,
            mode: lock.mode,
        });
        let mut locks: Vec<Lock> = new.collect();
        locks.sort_by(|a, b| a.table.cmp(&b.table));
        let mut step = Step {
            line: measured.line,
            text: measured.text,
            rewritten: measured.rewrites,
            scanned: match measured.scans {
                Some(scans) => scans.into_iter().map(|(table, _)| table).collect(),
                // a server that does not say: that of 14, of a statement that is no transaction's
                None => locks.iter().map(|lock| lock.table.clone()).collect(),
            },
            locks,
            is_behind_locks: !held.is_empty(),
            is_alone: measured.sampled,
            failed: false,
        };
        // how the planner finds rows in empty tables says nothing of full ones, and TRUNCATE reads none
        if Command::of(sql) == Command::Rows {
            step.rewritten.clear();
            step.scanned.clear();
        }
        // a rewrite reads, too
        step.scanned.retain(|table| !step.rewritten.contains(table));
        step
    }

    /// Whether it reads all of a table.
    pub(crate) fn reads_all(&self, table: &str) -> bool {
        self.rewritten.iter().chain(&self.scanned).any(|t| t == table)
    }
}

fn failed(error: &SqlError) -> Error {
    sql_error("failed to measure on the throwaway database", error).state("nothing was changed")
}

/// Carries out the file's statements. Where one cannot be for what depends on its object, the way around is found, and
/// the rest is left; any other failure is an error with its place.
pub(super) fn carry_out(session: &Session, file: &File) -> Result<(Vec<Step>, Option<Way>), Error> {
    let in_transaction = file.in_transaction();
    session.batch(BEFORE).map_err(|e| failed(&e))?;
    if in_transaction {
        session.batch("BEGIN").map_err(|e| failed(&e))?;
    }
    let mut relations = Relations::read(session)?;
    let mut steps = Vec::new();
    for statement in Statement::all(file.script()) {
        let measured = if in_transaction {
            attempt(session, &statement, &mut relations)?
        } else {
            measure::alone(session, &statement, &mut relations)?
        };
        match measured {
            Measured::Done(step) => steps.push(Step::of(step, statement.sql)),
            Measured::Failed(error) => {
                let mut step = Step::of(statement.step(), statement.sql);
                step.failed = true;
                steps.push(step);
                if !in_transaction {
                    session.batch("BEGIN").map_err(|e| failed(&e))?;
                }
                let way = obstacle::find(session, statement.sql, &error)?;
                let _ = session.batch("ROLLBACK");
                return match way {
                    Some(way) => Ok((steps, Some(way))),
                    None => Err(at_place(file.script(), statement.start, statement.sql, &error)),
                };
            }
        }
    }
    if in_transaction {
        session.batch("ROLLBACK").map_err(|e| failed(&e))?;
    }
    Ok((steps, None))
}

/// Carries out a statement so that its failure undoes nothing else.
fn attempt(session: &Session, statement: &Statement<'_>, relations: &mut Relations) -> Result<Measured, Error> {
    session.batch("SAVEPOINT dbtask_statement").map_err(|e| failed(&e))?;
    let measured = measure::within(session, statement, relations)?;
    let end = match measured {
        Measured::Done(_) => "RELEASE dbtask_statement",
        Measured::Failed(_) => "ROLLBACK TO dbtask_statement;RELEASE dbtask_statement",
    };
    session.batch(end).map_err(|e| failed(&e))?;
    Ok(measured)
}

/// The error of a statement that would fail on the target, too.
fn at_place(file: Script<'_>, start: usize, sql: &str, error: &SqlError) -> Error {
    let offset = error_offset(error, sql, 0).unwrap_or_default();
    let path = file.path();
    sql_error(format!("`{path}` would fail"), error)
        .at(Excerpt::of_byte(path, file.sql(), start + offset))
        .state("nothing was changed: that was on a throwaway database, which is gone")
        .with_kind(Kind::Pending)
}
