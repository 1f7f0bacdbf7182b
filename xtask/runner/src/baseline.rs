//! Adopting a database that has its schema already: rows in the history for files that are not executed.

use dbtask_rules::{MigrationFile, Version};

use crate::apply::create_history;
use crate::history::HISTORY_TABLE;
use crate::history_row::history_row;
use crate::{Condition, Error, MigrationLock, Plan, SchemaHistory, Session, preflight, sql_error};

/// What a baseline would do: files × history × the last version that counts as applied. A pure value.
#[derive(Debug)]
pub struct Baseline<'a> {
    /// The files to record as applied, in order; none where the history has them already.
    pub recorded: &'a [MigrationFile],
    /// The files above them, which a push applies.
    pub pending: &'a [MigrationFile],
}

impl<'a> Baseline<'a> {
    /// Plans the recording of every file up to and including `last`.
    ///
    /// A version that no file has is an error, and so is a history that contradicts the files or that has some of
    /// these files but not all: from there on a push is the way.
    pub fn new(files: &'a [MigrationFile], history: &SchemaHistory, last: Version) -> Result<Baseline<'a>, Error> {
        let plan = Plan::new(files, history);
        plan.check()?;
        let first_pending = files.len() - plan.pending.len();
        let n = plan.up_to(last)?.pending.len();
        // a plan that passed its check has what is pending behind what is applied
        let (recorded, pending) = files[first_pending..].split_at(n);
        if let (Some(table), Some(version), Some(first)) = (history.table(), history.version(), recorded.first()) {
            return Err(Error::refused(format!("the schema history `{table}` has rows already"))
                .cause(format!(
                    "it is at version {version}; `{}` is not recorded in it",
                    first.path()
                ))
                .state("nothing was changed")
                .help("a baseline begins a history; to apply what is pending type `cargo xtask db:push`"));
        }
        Ok(Baseline { recorded, pending })
    }
}

/// Records files as applied, all in one transaction, and executes nothing of theirs.
///
/// The table's text and the rows are refinery's own. The condition has to hold in their transaction.
pub fn record(
    session: &Session,
    _lock: &MigrationLock<'_>,
    files: &[MigrationFile],
    history: &SchemaHistory,
    condition: Option<&Condition>,
) -> Result<(), Error> {
    preflight::check(session, history)?;
    let creation = if history.table().is_none() {
        create_history()
    } else {
        String::new()
    };
    let table = history.table().unwrap_or(HISTORY_TABLE);
    let rows: Vec<String> = files
        .iter()
        .map(|file| history_row(file, table))
        .collect::<Result<_, _>>()?;
    let sql = format!(
        "BEGIN;SET LOCAL lock_timeout='5s';{};{creation}\n;{};COMMIT",
        condition.map(Condition::statement).unwrap_or_default(),
        rows.join(";")
    );
    let Err(error) = session.batch(&sql) else {
        return Ok(());
    };
    let lost = session.is_closed();
    let _ = session.batch("ROLLBACK");
    let refusal = condition.and_then(|condition| condition.refusal_of_itself(&error));
    let error = refusal.unwrap_or_else(|| sql_error("failed to write the schema history", &error));
    Err(if lost {
        error
            .state("it is not known whether the files were recorded: all of them or none")
            .help("when the server answers again, `cargo xtask db:status` says it")
    } else {
        error.state("nothing was recorded")
    })
}
