//! A file without a transaction: its statements go one by one, each journalled before and after.
//!
//! What cannot run in a transaction cannot be recorded in one either. So the journal says what was begun and what was
//! done; a rerun goes on at the first statement that was not done. One that was begun, and of which nobody knows, is sent
//! again: if the server then says that the object exists already (or no longer), it was done.

use std::collections::BTreeMap;
use std::ops::Range;

use dbtask_rules::{Command, MigrationFile, checksum, statements};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::apply::{Closing, Run};
use crate::indexes::{self, InvalidIndex};
use crate::journal::{Event as Entry, Journal, Step};
use crate::patience::{Patience, is_transient};
use crate::place::{failed_file, in_statement};
use crate::session::Failure;
use crate::unit::Unit;
use crate::{Error, Event, Excerpt, sql_error};

/// What stands before a statement that goes with its note in the journal.
const BEGIN: &str = "BEGIN;";

/// A file whose statements are carried out one by one.
pub(crate) struct Steps<'r, 'a> {
    run: &'r mut Run<'a>,
    file: &'a MigrationFile,
    journal: Journal<'a>,
    statements: Vec<Range<usize>>,
    known: BTreeMap<usize, Step>,
    own: OwnTimeouts,
}

/// Which timeouts the file set itself: they hold for its statements from there on.
#[derive(Debug, Clone, Copy, Default)]
struct OwnTimeouts {
    lock: bool,
    statement: bool,
}

/// Whether the two settings differ from what the session began with.
const OWN_TIMEOUTS: &str = "\
SELECT pg_catalog.bool_or(name = 'lock_timeout' AND setting <> reset_val),
  pg_catalog.bool_or(name = 'statement_timeout' AND setting <> reset_val)
FROM pg_catalog.pg_settings WHERE name IN ('lock_timeout', 'statement_timeout')";

impl<'r, 'a> Steps<'r, 'a> {
    pub(crate) fn open(run: &'r mut Run<'a>, file: &'a MigrationFile) -> Result<Steps<'r, 'a>, Error> {
        let journal = Journal::open(run.session, run.table(), file.version().get())?;
        let known = journal.steps()?;
        let statements = statements::split_as(file.sql(), run.preflight.standard_strings);
        Ok(Steps {
            run,
            file,
            journal,
            statements,
            known,
            own: OwnTimeouts::default(),
        })
    }

    /// Carries out what is left, then records the file.
    pub(crate) fn apply(mut self, history_row: &str) -> Result<(), Error> {
        for number in 0..self.statements.len() {
            self.step(number).map_err(|e| e.state(self.standing(number)))?;
            if let Some(interruption) = self.run.session.interruption() {
                return Err(interruption.state(self.standing(number + 1)));
            }
        }
        // what the file set must not reach the history row
        let _ = self.run.session.batch(&self.run.checks().reset());
        let all = self.statements.len();
        let closing = Closing {
            sql: self.journal.completion(),
            standing: format!("{}; only its row in the history is missing", self.standing(all)),
        };
        self.run.commit(Unit::Versioned(self.file), history_row, Some(&closing))
    }

    fn step(&mut self, number: usize) -> Result<(), Error> {
        let sql = &self.file.sql()[self.statements[number].clone()];
        let checksum = checksum(self.file.name(), sql).to_string();
        let known = self.known.get(&number).cloned();
        let command = Command::of(sql);
        match &known {
            // what it did to the session is gone with that session
            Some(step) if step.done && step.checksum == checksum && command == Command::Session => {
                let (session, limits) = (self.run.session, self.session_limits());
                let set = session.batch(&limits).and_then(|()| session.batch(sql));
                set.map_err(|e| failed_file(self.file.into(), &e, Some(self.statements[number].start)))?;
                return self.see_own_timeouts();
            }
            Some(step) if step.done && step.checksum == checksum => return Ok(()),
            Some(step) if step.done => return Err(self.changed(number)),
            _ => {}
        }
        let concurrent = matches!(
            command,
            Command::CreateIndexConcurrently { .. } | Command::ReindexConcurrently
        );
        let mut patience = Patience::new(self.run.options.lock_budget);
        let mut in_doubt = known.filter(|step| step.checksum == checksum);
        loop {
            let before = if concurrent {
                self.clear_leftovers(&command, in_doubt.as_ref())?
            } else {
                Vec::new()
            };
            self.check_condition()?;
            self.journal.note(Entry::Begin, number, &checksum, &before)?;
            let finalizing = self.finalizing(sql, &command)?;
            let sent = finalizing.as_deref().unwrap_or(sql);
            let outcome = self.send(sent, &command, &patience, number, &checksum);
            let left = if concurrent {
                self.left_behind(&before)
            } else {
                Ok(Vec::new())
            };
            match outcome {
                Ok(()) => match left?.first() {
                    None => break,
                    Some(index) => return Err(self.invalid_left(number, index)),
                },
                Err(failure) if in_doubt.is_some() && was_done(sql, &command, &failure) => break,
                Err(failure) => {
                    if failure.answer(self.run.session).is_none() {
                        return Err(self.lost(number, &failure));
                    }
                    if self.run.session.interruption().is_none() {
                        self.journal.note(Entry::Refused, number, &checksum, &[])?;
                        in_doubt = None;
                    }
                    self.after_failure(number, &failure, &mut patience, left.unwrap_or_default())?;
                }
            }
        }
        if command == Command::Session {
            self.see_own_timeouts()?;
        }
        // rows are changed and noted in one transaction
        if command != Command::Rows {
            self.journal.note(Entry::Done, number, &checksum, &[])?;
        }
        self.run.check_lock(self.file.into())
    }

    /// Sends one statement alone: it is its own transaction, or none. One that changes rows goes with its note in the
    /// journal, since nothing could tell afterwards whether it was carried out.
    fn send(
        &mut self,
        sql: &str,
        command: &Command,
        patience: &Patience,
        number: usize,
        checksum: &str,
    ) -> Result<(), Failure> {
        let mut limits = self.run.limits(patience);
        // These wait for others without keeping anybody out, and as long as the others take.
        if matches!(
            command,
            Command::CreateIndexConcurrently { .. }
                | Command::ReindexConcurrently
                | Command::DetachConcurrently { .. }
                | Command::Patient
        ) {
            limits.lock_timeout = patience.left();
        }
        let settings = if *command == Command::Session {
            self.session_limits()
        } else {
            limits.settings_but(self.own.lock, self.own.statement)
        };
        self.run
            .session
            .batch(&settings)
            .map_err(|error| Failure { completed: 0, error })?;
        if *command != Command::Rows {
            return self.run.send_watched(self.file.into(), sql, patience).map(drop);
        }
        let message = format!("{BEGIN}{sql}\n;{};COMMIT", self.journal.done(number, checksum));
        let outcome = self.run.send_watched(self.file.into(), &message, patience).map(drop);
        if outcome.is_err() {
            let _ = self.run.session.batch("ROLLBACK");
        }
        outcome
    }

    /// Asks for the caller's condition. Not every statement can be in one transaction with it: so right before each.
    fn check_condition(&self) -> Result<(), Error> {
        let Some(condition) = &self.run.options.condition else {
            return Ok(());
        };
        self.run.session.batch(&condition.statement()).map_err(|e| {
            let failed = || sql_error("failed to ask whether the database may be changed", &e);
            condition.refusal_of_itself(&e).unwrap_or_else(failed)
        })
    }

    /// Takes our own timeouts back before a statement that may set the file's, so that these can be told.
    fn session_limits(&self) -> String {
        let reset = |own: bool, name: &str| if own { String::new() } else { format!("RESET {name};") };
        reset(self.own.lock, "lock_timeout") + &reset(self.own.statement, "statement_timeout")
    }

    /// Looks which timeouts are the file's.
    fn see_own_timeouts(&mut self) -> Result<(), Error> {
        let row = self.run.session.query_one(OWN_TIMEOUTS, &[]);
        let (lock, statement) = row
            .and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .map_err(|e| sql_error("failed to look at the session's timeouts", &e))?;
        self.own = OwnTimeouts { lock, statement };
        Ok(())
    }

    /// What to send in place of a DETACH PARTITION … CONCURRENTLY that was interrupted before: the server takes nothing but
    /// FINALIZE for a partition whose detaching is pending.
    fn finalizing(&self, sql: &str, command: &Command) -> Result<Option<String>, Error> {
        let Command::DetachConcurrently { table, partition } = command else {
            return Ok(None);
        };
        let pending = "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhdetachpending \
                       AND inhparent = pg_catalog.to_regclass($1) AND inhrelid = pg_catalog.to_regclass($2))";
        let pending: bool = self
            .run
            .session
            .query_one(pending, &[(table, Type::TEXT), (partition, Type::TEXT)])
            .and_then(|row| row.try_get(0))
            .map_err(|e| sql_error(format!("failed to look for the partition {partition}"), &e))?;
        // the word is the statement's last
        let head = &sql[..sql.len() - "CONCURRENTLY".len()];
        Ok(pending.then(|| format!("{head}FINALIZE")))
    }

    /// Drops what earlier tries left INVALID; the object identifiers of what else is INVALID.
    fn clear_leftovers(&mut self, command: &Command, in_doubt: Option<&Step>) -> Result<Vec<u32>, Error> {
        let session = self.run.session;
        let mut leftovers: Vec<InvalidIndex> = Vec::new();
        if let Command::CreateIndexConcurrently {
            index: Some(index),
            table,
        } = command
        {
            leftovers.extend(indexes::invalid_named(session, table, index)?);
        }
        let invalid = indexes::invalid(session)?;
        if let Some(step) = in_doubt {
            let newer = |index: &&InvalidIndex| !step.invalid_before.contains(&index.oid) && !leftovers.contains(index);
            let newer: Vec<_> = invalid.iter().filter(newer).cloned().collect();
            leftovers.extend(newer);
        }
        for index in &leftovers {
            (self.run.tell)(Event::Leftover(&index.name));
            indexes::drop_leftover(session, index)?;
        }
        Ok(invalid
            .iter()
            .map(|index| index.oid)
            .filter(|oid| leftovers.iter().all(|l| l.oid != *oid))
            .collect())
    }

    /// What is INVALID now and was not before.
    fn left_behind(&self, before: &[u32]) -> Result<Vec<InvalidIndex>, Error> {
        let mut invalid = indexes::invalid(self.run.session)?;
        invalid.retain(|index| !before.contains(&index.oid) && index.built_by.is_none());
        Ok(invalid)
    }

    /// Another try after a transient error; else the error, once what the statement left behind is gone.
    fn after_failure(
        &mut self,
        number: usize,
        failure: &Failure,
        patience: &mut Patience,
        left: Vec<InvalidIndex>,
    ) -> Result<(), Error> {
        let session = self.run.session;
        let server = failure.error.as_db_error();
        if let Some(interruption) = session.interruption() {
            return Err(interruption);
        }
        if server.is_some_and(|e| is_transient(e.code())) && self.run.try_again(self.file.into(), patience) {
            return Ok(());
        }
        let start = self.statements[number].start;
        let before = if Command::of(&self.file.sql()[self.statements[number].clone()]) == Command::Rows {
            BEGIN.len()
        } else {
            0
        };
        let offset = server.map_or(start, |e| in_statement(self.file.into(), e, start, before));
        let mut error = self
            .run
            .explain(failed_file(self.file.into(), &failure.error, Some(offset)), patience);
        for index in left {
            error = match indexes::drop_leftover(session, &index) {
                Ok(()) => error.cause(format!(
                    "it left the INVALID index {} behind, which was dropped",
                    index.name
                )),
                Err(_) => error
                    .cause(format!("it left the INVALID index {} behind", index.name))
                    .help(format!(
                        "the next `db:push` drops it; or `DROP INDEX CONCURRENTLY {}`",
                        index.name
                    )),
            };
        }
        Err(error)
    }

    fn lost(&self, number: usize, failure: &Failure) -> Error {
        let path = self.file.path();
        sql_error(
            format!("the connection was lost while `{path}` was applied"),
            &failure.error,
        )
        .at(Excerpt::of_byte(path, self.file.sql(), self.statements[number].start))
        .cause("it is not known whether this statement was carried out")
        .help("type `cargo xtask db:push`: it finds out, and goes on from there")
    }

    fn invalid_left(&self, number: usize, index: &InvalidIndex) -> Error {
        let path = self.file.path();
        Error::failed(format!("`{path}` left the INVALID index {} behind", index.name))
            .at(Excerpt::of_byte(path, self.file.sql(), self.statements[number].start))
            .cause("the statement reported success, but no query uses such an index")
            .help("type `cargo xtask db:push` again: it drops the index and builds it anew")
    }

    fn changed(&self, number: usize) -> Error {
        let path = self.file.path();
        Error::failed(format!("`{path}` was changed where it was carried out already"))
            .at(Excerpt::of_byte(path, self.file.sql(), self.statements[number].start))
            .cause("this statement was done in another form, outside of a transaction, and stays")
            .help("put it back as it was (`git diff` shows the change), and the new statement into a file of its own")
    }

    /// How far the file got, before the statement `number`.
    fn standing(&self, number: usize) -> String {
        let (path, all) = (self.file.path(), self.statements.len());
        let done = match number {
            0 => format!("no statement of `{path}` was carried out"),
            n => format!("the first {n} of the {all} statements of `{path}` were carried out and stay"),
        };
        let next = if number < all {
            format!("; `cargo xtask db:push` goes on at statement {}", number + 1)
        } else {
            String::new()
        };
        format!("{done}{next}; {}", self.run.standing())
    }
}

/// Whether the server's no to a statement that was sent before means that it had been carried out then: what it
/// creates exists, or what it drops is gone. (Who is no partition any more is said to be an undefined table.)
fn was_done(sql: &str, command: &Command, failure: &Failure) -> bool {
    let exists = [
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_COLUMN,
        SqlState::DUPLICATE_DATABASE,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_FUNCTION,
    ];
    let gone = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_OBJECT,
        SqlState::UNDEFINED_DATABASE,
    ];
    let drops = sql.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("drop"));
    let drops = drops || matches!(command, Command::DetachConcurrently { .. });
    let expected = if drops { &gone[..] } else { &exists[..] };
    failure.error.code().is_some_and(|code| expected.contains(code))
}
