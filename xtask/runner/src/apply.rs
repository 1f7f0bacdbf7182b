//! Applying what is pending, under refinery's history.
//!
//! refinery keeps the migration type, the checksum and the text of its table and its rows. Ours is how a file reaches
//! the server: its SQL and the history row go in one message and one transaction, so that either both are there
//! afterwards or neither is; and that files and history are compared once, in linear time, by the plan.

use std::time::{Duration, Instant};

use dbtask_rules::{MigrationFile, RepeatableFile, Version};
use refinery_core::Migrate;

use crate::before_commit::BeforeCommit;
use crate::fit::refuse_unfit;
use crate::history::HISTORY_TABLE;
use crate::history_row::history_row;
use crate::lock::KEY;
use crate::message::{Checks, GuardReason, Limits, Message, guard_reason};
use crate::observer::Observation;
use crate::patience::{Patience, is_transient};
use crate::place::{failed_file, in_part};
use crate::preflight::{self, Preflight};
use crate::repeatable::pending;
use crate::sending::Sent;
use crate::steps::Steps;
use crate::unit::Unit;
use crate::{
    Condition, Error, Holder, MigrationLock, Migrations, Plan, SchemaHistory, Script, Session, journal, sql_error,
};

/// What a caller is told while files are applied.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another run holds the lock.
    Waiting(&'a Holder),
    /// A file begins: its number among the pending files, from 1, and how many they are.
    Begin(Script<'a>, usize, usize),
    /// A statement takes long; it comes again every second.
    Running(Script<'a>, &'a Observation),
    /// A file gave way to others, whose locks it did not get, and is tried again; how often it was, and who was seen in
    /// the way.
    GivingWay(Script<'a>, u32, Option<&'a str>),
    /// An INVALID index of an earlier try is dropped.
    Leftover(&'a str),
    /// The server warned.
    Warning(Script<'a>, &'a str),
    /// A file and its row in the history, or in the journal, are committed.
    Done(Script<'a>, Duration),
}

/// What a run did. Which files it applied comes as [`Event::Done`], one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Migrated {
    /// How many files it applied.
    pub applied: usize,
    /// The time from sending each to its commit, in all.
    pub elapsed: Duration,
    /// The highest version applied now, by this run or before.
    pub version: Option<Version>,
}

/// How to apply.
#[derive(Debug, Clone)]
pub struct Options {
    /// The last version to apply; `None` for all.
    pub to: Option<Version>,
    /// How long to wait for another run.
    pub lock_wait: Duration,
    /// How long a file may try to get its locks, a moment at a time.
    pub lock_budget: Duration,
    /// The longest that one statement may take; `None` for as long as it takes.
    pub statement_timeout: Option<Duration>,
    /// Apply files, too, that a higher version overtook.
    pub allow_out_of_order: bool,
    /// What has to hold in the transaction of each file; asked there before the file is carried out.
    pub condition: Option<Condition>,
    /// What is done in the transaction of each file before it is committed.
    pub before_commit: Option<BeforeCommit>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            to: None,
            lock_wait: Duration::from_mins(5),
            lock_budget: Duration::from_mins(5),
            statement_timeout: None,
            allow_out_of_order: false,
            condition: None,
            before_commit: None,
        }
    }
}

/// Applies the pending files, one transaction each, under the migration lock: those with a number, then the repeatable
/// ones whose text is not what was carried out last. With [`Options::to`] these are left alone.
///
/// The session is one of [`Session::connect_to_migrate`]; at the end it holds no advisory lock any more. Where nothing
/// is pending nothing is written, and no privilege but SELECT on the history is needed. When a file fails it is rolled
/// back whole; those before it stay applied, and the error says so.
pub fn migrate<'a>(
    session: &Session,
    files: impl Into<Migrations<'a>>,
    options: Options,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Migrated, Error> {
    let Migrations { versioned, repeatable } = files.into();
    let untouched = |e: Error| e.state_if_unsaid("nothing was applied by this run");
    let lock = MigrationLock::take(session, options.lock_wait, &mut |holder| {
        tell(Event::Waiting(holder));
    })
    .map_err(untouched)?;
    let history = SchemaHistory::read(session).map_err(untouched)?;
    let mut plan = Plan::new(versioned, &history);
    if options.allow_out_of_order {
        plan.take_in_out_of_order();
    }
    plan.check()?;
    if let Some(last) = options.to {
        plan = plan.up_to(last)?;
    }
    let repeatable = if options.to.is_some() { &[] } else { repeatable };
    let repeatables = pending(session, repeatable, &history).map_err(untouched)?;
    if plan.pending.is_empty() && repeatables.is_empty() {
        return Ok(Migrated {
            version: plan.version(),
            ..Migrated::default()
        });
    }
    let preflight = preflight::check(session, &history).map_err(untouched)?;
    for file in &plan.pending {
        refuse_unfit((*file).into(), file.directives().no_transaction, &preflight)?;
    }
    for file in &repeatables {
        refuse_unfit((*file).into(), false, &preflight)?;
    }
    let table = history.table().unwrap_or(HISTORY_TABLE).to_owned();
    let mut run = Run {
        session,
        plan: &plan,
        repeatables: &repeatables,
        options,
        preflight,
        table,
        done: 0,
        elapsed: Duration::ZERO,
        blocker: None,
        tell,
    };
    run.prepare().map_err(untouched)?;
    if history.table().is_none() {
        run.create_history()?;
    }
    run.apply_all()?;
    run.repeat_all()?;
    drop(lock);
    let last = plan.pending.last().map(|file| file.version());
    Ok(Migrated {
        applied: run.done,
        elapsed: run.elapsed,
        version: plan.version().max(last),
    })
}

/// A run, and the connection that refinery drives.
pub(crate) struct Run<'a> {
    pub(crate) session: &'a Session,
    plan: &'a Plan<'a>,
    repeatables: &'a [&'a RepeatableFile],
    pub(crate) options: Options,
    pub(crate) preflight: Preflight,
    table: String,
    /// How many files are applied.
    pub(crate) done: usize,
    elapsed: Duration,
    /// Who was last seen in the way of the current file.
    pub(crate) blocker: Option<String>,
    pub(crate) tell: &'a mut dyn FnMut(Event<'_>),
}

/// What ends a file whose statements were carried out one by one.
pub(crate) struct Closing {
    /// It goes with the history row.
    pub(crate) sql: String,
    /// How things stand where that is not committed.
    pub(crate) standing: String,
}

impl<'a> Run<'a> {
    /// The history's table, qualified.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// What one try of a file may take.
    pub(crate) fn limits(&self, patience: &Patience) -> Limits {
        Limits {
            lock_timeout: patience.lock_timeout(),
            statement_timeout: self.options.statement_timeout,
        }
    }

    /// What each message asks the server to check.
    pub(crate) fn checks(&self) -> Checks<'_> {
        Checks {
            lock: KEY,
            condition: self.options.condition.as_ref(),
        }
    }

    fn prepare(&self) -> Result<(), Error> {
        self.session
            .batch(&self.checks().prepare())
            .map_err(|e| sql_error("failed to prepare the session", &e))
    }

    /// Applies what is pending, in order, until a file fails or a signal comes.
    fn apply_all(&mut self) -> Result<(), Error> {
        let plan = self.plan;
        for &file in &plan.pending {
            let row = history_row(file, &self.table)?;
            self.timed(file.into(), |run| run.apply(file, &row))?;
        }
        Ok(())
    }

    /// Carries out the repeatable files that are pending, each with its entry in the journal.
    fn repeat_all(&mut self) -> Result<(), Error> {
        let files = self.repeatables;
        if files.is_empty() {
            return Ok(());
        }
        let journal = journal::beside(&self.table);
        if let Some(sql) = journal::preparation(self.session, &journal)? {
            let sql = format!("{}{sql}", self.checks().condition());
            self.session.batch(&sql).map_err(|e| {
                let failed = || sql_error(format!("failed to make the journal `{journal}`"), &e);
                let refusal = self.options.condition.as_ref().and_then(|c| c.refusal(&e));
                refusal.unwrap_or_else(failed).state(self.standing())
            })?;
        }
        for &file in files {
            let entry = journal::repeatable_row(&journal, file);
            self.timed(file.into(), |run| run.commit(Unit::Repeatable(file), &entry, None))?;
        }
        Ok(())
    }

    /// Applies one file, unless a signal came, and tells of its begin and its end.
    fn timed(&mut self, file: Script<'a>, apply: impl FnOnce(&mut Run<'a>) -> Result<(), Error>) -> Result<(), Error> {
        if let Some(interrupted) = self.interrupted(self.standing()) {
            return Err(interrupted);
        }
        let (number, total) = (self.done + 1, self.total());
        (self.tell)(Event::Begin(file, number, total));
        let started = Instant::now();
        self.blocker = None;
        apply(self)?;
        let elapsed = started.elapsed();
        self.done += 1;
        self.elapsed += elapsed;
        (self.tell)(Event::Done(file, elapsed));
        Ok(())
    }

    /// How many files this run has to apply.
    pub(crate) fn total(&self) -> usize {
        self.plan.pending.len() + self.repeatables.len()
    }

    /// Creates the history. Only where there is none: refinery's own way needs CREATE even when nothing is pending.
    fn create_history(&mut self) -> Result<(), Error> {
        // several statements in one message are one transaction
        let sql = format!("{}{}", self.checks().condition(), create_history());
        self.session.batch(&sql).map_err(|e| {
            let failed = || sql_error(format!("failed to create the schema history `{HISTORY_TABLE}`"), &e);
            let refusal = self.options.condition.as_ref().and_then(|c| c.refusal(&e));
            refusal.unwrap_or_else(failed).state("nothing was applied")
        })?;
        if let Some(table) = SchemaHistory::find(self.session)? {
            self.table = table;
        }
        Ok(())
    }

    fn apply(&mut self, file: &'a MigrationFile, history_row: &str) -> Result<(), Error> {
        if file.directives().no_transaction {
            let outcome = Steps::open(self, file)?.apply(history_row);
            let _ = self.session.batch(&self.checks().reset());
            return outcome;
        }
        self.commit(Unit::Versioned(file), history_row, None)
    }

    /// Carries out the file, or what closes the journal of one that was carried out already, and records it, in one
    /// transaction.
    pub(crate) fn commit(&mut self, unit: Unit<'a>, record: &str, closing: Option<&Closing>) -> Result<(), Error> {
        let file = unit.script();
        let sql = closing.map_or(file.sql(), |closing| &closing.sql);
        let mut patience = Patience::new(self.options.lock_budget);
        loop {
            let standard = self.preflight.standard_strings;
            let before_commit = self.options.before_commit.clone().filter(|_| closing.is_none());
            let message = Message::new(
                sql,
                record,
                self.limits(&patience),
                self.checks(),
                standard,
                before_commit.is_some(),
            );
            let (part, failure) = match self.send_parts(file, &message, before_commit.as_ref(), &patience) {
                Sent::Whole => return Ok(()),
                Sent::Interrupted(error) => {
                    let _ = self.session.batch("ROLLBACK");
                    return Err(error.state(self.rolled_back(file, closing)));
                }
                Sent::Objected(error) => {
                    let _ = self.session.batch("ROLLBACK");
                    let _ = self.session.batch(&self.checks().reset());
                    let rolled_back = self.rolled_back(file, closing);
                    let interrupted = self.interrupted(rolled_back.clone());
                    return Err(interrupted.unwrap_or_else(|| error.state(rolled_back)));
                }
                Sent::Failed(part, failure) => (part, failure),
            };
            let Some(server) = failure.answer(self.session) else {
                return self.after_loss(unit, &failure, closing);
            };
            // After an error the server waits for the end of the transaction that the message began.
            let _ = self.session.batch("ROLLBACK");
            let _ = self.session.batch(&self.checks().reset());
            // An error behind the COMMIT, such as a cancel request that came too late, finds the file applied.
            let recorded = unit.is_recorded(self.session).or_else(|error| {
                // a signal that comes just now ends the question, which has an answer all the same
                let is_stopped = self.session.interruption().is_some();
                if is_stopped {
                    unit.is_recorded(self.session)
                } else {
                    Err(error)
                }
            })?;
            if recorded {
                return Ok(());
            }
            let is_stopped = self.session.interruption().is_some();
            if !is_stopped && is_transient(server.code()) && self.try_again(file, &mut patience) {
                continue;
            }
            let rolled_back = self.rolled_back(file, closing);
            if let Some(interrupted) = self.interrupted(rolled_back.clone()) {
                return Err(interrupted);
            }
            if let Some(condition) = &self.options.condition {
                // an error of syntax comes before anything else, too
                let refusal = if failure.completed < part.prefix_statements {
                    condition.refusal_of_itself(&failure.error)
                } else {
                    condition.refusal(&failure.error)
                };
                if let Some(refusal) = refusal {
                    return Err(refusal.state(rolled_back));
                }
            }
            if let Some(reason) = guard_reason(server.message()) {
                return Err(self.guarded(file, reason));
            }
            let offset = match closing {
                None => in_part(file, standard, server, failure.completed, part),
                Some(_) => None,
            };
            return Err(self
                .explain(failed_file(file, &failure.error, offset), &patience)
                .state(rolled_back));
        }
    }

    /// The error of a run that a signal stopped, if one did.
    pub(crate) fn interrupted(&self, state: String) -> Option<Error> {
        let error = self.session.interruption()?;
        Some(error.state(state).help("type `cargo xtask db:push` to go on"))
    }

    /// Pauses before another try; false when the time for them is used up, or a signal came.
    pub(crate) fn try_again(&mut self, file: Script<'_>, patience: &mut Patience) -> bool {
        let Some(pause) = patience.again() else {
            return false;
        };
        (self.tell)(Event::GivingWay(file, patience.tries(), self.blocker.as_deref()));
        self.session.pause(pause);
        self.session.interruption().is_none()
    }

    /// Says of a file that did not get its locks who was in the way.
    pub(crate) fn explain(&self, error: Error, patience: &Patience) -> Error {
        if patience.tries() == 0 {
            return error;
        }
        let error = error.cause(format!(
            "tried {} times in {} s",
            patience.tries(),
            patience.elapsed().as_secs()
        ));
        match &self.blocker {
            Some(blocker) => error
                .cause(format!("in the way: {blocker}"))
                .help("end that session, or try again when it is done; `--lock-budget` sets how long to try"),
            None => error.help("try again later; `--lock-budget` sets how long to try"),
        }
    }

    fn guarded(&self, file: Script<'_>, reason: GuardReason) -> Error {
        let path = file.path();
        match reason {
            GuardReason::Transaction => {
                Error::failed(format!("`{path}` ended its own transaction, or reset its settings"))
                    .cause("so its row in the history was not written")
                    .state(format!(
                        "what the file did before a COMMIT of its own stays, unrecorded; the rest was rolled back; {}",
                        self.standing()
                    ))
                    .help("take COMMIT, ROLLBACK, RESET ALL and DISCARD ALL out of the file")
            }
            GuardReason::Lock => Error::failed(format!(
                "`{path}` let the migration lock go, and another session has it now"
            ))
            .state(format!("`{path}` was rolled back whole; {}", self.standing()))
            .help("take `pg_advisory_unlock_all` out of the file, then type the command again"),
        }
    }

    /// Makes sure that the lock is still held. Nobody else can have taken it where it can be taken again.
    pub(crate) fn check_lock(&self, file: Script<'_>) -> Result<(), Error> {
        let held = self
            .session
            .query_one(&format!("SELECT pg_catalog.pg_try_advisory_lock({KEY})"), &[])
            .and_then(|row| row.try_get(0))
            .map_err(|e| sql_error("failed to look for the migration lock", &e))?;
        if held {
            Ok(())
        } else {
            Err(self.guarded(file, GuardReason::Lock))
        }
    }

    /// How things stand after a transaction that was not committed.
    pub(crate) fn rolled_back(&self, file: Script<'_>, closing: Option<&Closing>) -> String {
        match closing {
            Some(closing) => closing.standing.clone(),
            None => format!("`{}` was rolled back whole; {}", file.path(), self.standing()),
        }
    }

    /// What is applied, apart from the file that failed.
    pub(crate) fn standing(&self) -> String {
        let done = match self.done {
            0 => "nothing was applied by this run".to_owned(),
            1 => "1 file was applied by this run and stays".to_owned(),
            n => format!("{n} files were applied by this run and stay"),
        };
        // the numbered ones come first
        let last = self.plan.pending.iter().take(self.done).next_back();
        let version = last.map_or_else(
            || {
                self.plan
                    .version()
                    .map_or("is empty of migrations".to_owned(), |v| format!("is at version {v}"))
            },
            |last| format!("is at `{}`", last.path()),
        );
        format!("{done}; the database {version}")
    }
}

/// refinery's own statement for its history.
pub(crate) fn create_history() -> String {
    <postgres::Client as Migrate>::assert_migrations_table_query(HISTORY_TABLE)
}
