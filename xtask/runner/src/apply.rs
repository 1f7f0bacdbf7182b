//! Applying what is pending: refinery's `Runner` over a connection of ours.
//!
//! refinery keeps the migration type, the checksums, the verification and the text of its history row. Ours is
//! how a file reaches the server: its SQL and the history row go in one message and one transaction, so that
//! either both are there afterwards or neither is.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use dbtask_rules::MigrationFile;
use refinery::{Migration, Report, Runner, Target};
use refinery_core::Migrate;
use refinery_core::error::{Kind, WrapMigrationError};
use refinery_core::traits::sync::{Query, Transaction, migrate as refinery_migrate};

use crate::history::HISTORY_TABLE;
use crate::place::failed_file;
use crate::plan::to_refinery;
use crate::{Error, Holder, MigrationLock, Plan, SchemaHistory, Session, sql_error};

/// What a caller is told while files are applied.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another run holds the lock.
    Waiting(&'a Holder),
    /// A file begins: its number among the pending files, from 1, and how many they are.
    Begin(&'a MigrationFile, usize, usize),
    /// A file and its history row are committed.
    Done(&'a MigrationFile, Duration),
}

/// A file that was applied, and how long it took.
#[derive(Debug)]
pub struct AppliedFile {
    /// The file's path, relative to the workspace root.
    pub path: String,
    /// The time from sending it to its commit.
    pub elapsed: Duration,
}

/// How to apply.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The last version to apply; `None` for all.
    pub to: Option<dbtask_rules::Version>,
    /// How long to wait for another run's lock.
    pub lock_wait: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            to: None,
            lock_wait: Duration::from_mins(5),
        }
    }
}

/// Applies the pending files, one transaction each, under the migration lock.
///
/// Where nothing is pending nothing is written, and no privilege but SELECT on the history is needed. When a
/// file fails it is rolled back whole; those before it stay applied, and the error says so.
pub fn migrate(
    session: &Session,
    files: &[MigrationFile],
    options: Options,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<AppliedFile>, Error> {
    let _lock = MigrationLock::take(session, options.lock_wait, &mut |holder| {
        tell(Event::Waiting(holder));
    })?;
    let history = SchemaHistory::read(session)?;
    let mut plan = Plan::new(files, &history)?;
    plan.check()?;
    if let Some(last) = options.to {
        plan = plan.up_to(last)?;
    }
    if plan.pending.is_empty() {
        return Ok(Vec::new());
    }
    refuse_unsupported(&plan)?;
    let applied = plan.applied.iter().map(|(file, _)| to_refinery(file));
    let pending = plan.pending.iter().map(|p| Ok(p.migration.clone()));
    let known: Vec<Migration> = applied.chain(pending).collect::<Result<_, Error>>()?;
    let mut engine = Engine {
        session,
        plan: &plan,
        table: HISTORY_TABLE.to_owned(),
        current: None,
        done: Vec::new(),
        tell,
    };
    if let Some(table) = history.table() {
        table.clone_into(&mut engine.table);
    }
    match Runner::new(&known).set_target(Target::Latest).run(&mut engine) {
        Ok(_) => Ok(engine.done),
        Err(error) => Err(own_error(&error)),
    }
}

/// No-transaction files are in the grammar, but not yet in the runner.
fn refuse_unsupported(plan: &Plan<'_>) -> Result<(), Error> {
    let Some(pending) = plan.pending.iter().find(|p| p.file.directives().no_transaction) else {
        return Ok(());
    };
    Err(Error::failed(format!(
        "`{}` asks to run outside a transaction, which is not supported yet",
        pending.file.path()
    ))
    .state("nothing was applied")
    .help("take `-- dbtask:no-transaction` out, and the statement that needs it (`CONCURRENTLY`, `VACUUM`)"))
}

/// The SQL that [`migrate`] would send for the pending files, for people to read and for psql.
pub fn preview(plan: &Plan<'_>, history: &SchemaHistory) -> Result<String, Error> {
    let mut script = Script(String::new());
    if history.table().is_none() && !plan.pending.is_empty() {
        script
            .0
            .push_str(&<Engine<'_> as Migrate>::assert_migrations_table_query(HISTORY_TABLE));
        script.0.push('\n');
    }
    let table = history.table().unwrap_or(HISTORY_TABLE);
    for pending in &plan.pending {
        let _ = write!(script.0, "\n-- {}\n", pending.file.path());
        refinery_migrate(
            &mut script,
            vec![pending.migration.clone()],
            Target::Latest,
            table,
            true,
        )
        .map_err(|e| own_error(&e))?;
    }
    Ok(script.0)
}

/// Stands in for a connection and writes down what it is sent.
struct Script(String);

impl Transaction for Script {
    type Error = Error;

    fn execute<'q, T: Iterator<Item = &'q str>>(&mut self, queries: T) -> Result<usize, Error> {
        let queries: Vec<&str> = queries.collect();
        let _ = write!(self.0, "BEGIN;\n{}\n;\nCOMMIT;\n", queries.join("\n;\n"));
        Ok(queries.len())
    }
}

/// The connection that refinery's `Runner` drives.
struct Engine<'a> {
    session: &'a Session,
    plan: &'a Plan<'a>,
    table: String,
    current: Option<&'a MigrationFile>,
    done: Vec<AppliedFile>,
    tell: &'a mut dyn FnMut(Event<'_>),
}

/// What comes before a file's text in its message.
pub(crate) const PREFIX: &str = "BEGIN;";

/// How many statements `PREFIX` is.
pub(crate) const PREFIX_STATEMENTS: usize = 1;

impl Engine<'_> {
    fn apply(&mut self, file: &MigrationFile, history_row: &str) -> Result<(), Error> {
        // The line break ends a comment on the file's last line; the semicolon, its last statement.
        let message = format!("{PREFIX}{}\n;{history_row};COMMIT", file.sql());
        let Err(failure) = self.session.run(&message) else {
            return Ok(());
        };
        // After an error the server waits for the end of the transaction that the message began.
        let _ = self.session.batch("ROLLBACK");
        Err(failed_file(file, &failure).state(self.standing(file)))
    }

    /// What is applied now that `file` failed.
    fn standing(&self, file: &MigrationFile) -> String {
        let done = match self.done.len() {
            0 => "nothing was applied by this run".to_owned(),
            1 => "1 file was applied by this run and stays".to_owned(),
            n => format!("{n} files were applied by this run and stay"),
        };
        let version = self.done.last().map_or_else(
            || {
                self.plan
                    .version()
                    .map_or("is empty of migrations".to_owned(), |v| format!("is at version {v}"))
            },
            |last| format!("is at `{}`", last.path),
        );
        format!(
            "`{}` was rolled back whole; {done}; the database {version}",
            file.path()
        )
    }
}

impl Transaction for Engine<'_> {
    type Error = Error;

    fn execute<'q, T: Iterator<Item = &'q str>>(&mut self, queries: T) -> Result<usize, Error> {
        let queries: Vec<&str> = queries.collect();
        match (self.current, &queries[..]) {
            (Some(file), [_sql, history_row]) => self.apply(file, history_row)?,
            _ => self
                .session
                .batch(&queries.join(";"))
                .map_err(|e| sql_error("failed to write the schema history", &e))?,
        }
        Ok(queries.len())
    }
}

impl Query<Vec<Migration>> for Engine<'_> {
    /// refinery asks for the history alone.
    fn query(&mut self, _query: &str) -> Result<Vec<Migration>, Error> {
        let history = SchemaHistory::read(self.session)?;
        Ok(history.applied().iter().map(crate::Applied::to_refinery).collect())
    }
}

impl Migrate for Engine<'_> {
    /// Creates the history only where there is none: refinery's own way needs CREATE even when nothing is pending.
    fn assert_migrations_table(&mut self, _table: &str) -> Result<usize, refinery::Error> {
        let create = |engine: &mut Self| -> Result<usize, Error> {
            if SchemaHistory::read(engine.session)?.table().is_some() {
                return Ok(0);
            }
            engine
                .session
                .batch(&Self::assert_migrations_table_query(HISTORY_TABLE))
                .map_err(|e| {
                    sql_error(format!("failed to create the schema history `{HISTORY_TABLE}`"), &e)
                        .state("nothing was applied")
                })?;
            if let Some(table) = SchemaHistory::read(engine.session)?.table() {
                table.clone_into(&mut engine.table);
            }
            Ok(1)
        };
        create(self).migration_err("creating the schema history", None)
    }

    fn migrate(
        &mut self,
        migrations: &[Migration],
        abort_divergent: bool,
        abort_missing: bool,
        _grouped: bool,
        target: Target,
        table: &str,
    ) -> Result<Report, refinery::Error> {
        let unapplied = self.get_unapplied_migrations(migrations, abort_divergent, abort_missing, table)?;
        let total = unapplied.len();
        let plan = self.plan;
        let mut applied = Vec::with_capacity(total);
        for (pending, (migration, number)) in plan.pending.iter().zip(unapplied.into_iter().zip(1..)) {
            (self.tell)(Event::Begin(pending.file, number, total));
            let started = Instant::now();
            self.current = Some(pending.file);
            let table = self.table.clone();
            // `batched`: the file's SQL and refinery's own INSERT come to one `execute`
            let report = refinery_migrate(self, vec![migration], target, &table, true)?;
            self.current = None;
            let elapsed = started.elapsed();
            self.done.push(AppliedFile {
                path: pending.file.path().to_owned(),
                elapsed,
            });
            (self.tell)(Event::Done(pending.file, elapsed));
            applied.extend(report.applied_migrations().iter().cloned());
        }
        Ok(Report::new(applied))
    }
}

/// refinery wraps the error of the connection; this takes ours out again.
fn own_error(error: &refinery::Error) -> Error {
    if let Kind::Connection(_, source) = error.kind()
        && let Some(own) = source.downcast_ref::<Error>()
    {
        return own.clone();
    }
    Error::failed("refinery refuses to run").cause(error.to_string())
}
