//! A rehearsal: files applied to a throwaway database, measured statement by statement, and applied again.
//!
//! What is proven is that a file can be applied to what the target is, and that a second run changes nothing: equal facts,
//! and equal rows in the tables that the file touches. What is measured is what each statement does to the tables that were
//! there before its file: which locks, which rewrites, which scans.

mod bodies;
mod digest;
mod filled;
mod json;
mod page;
mod start;
mod table;
mod validation;

use dbtask_runner::{Error, Script, Session, check_fit, sql_error, statement_error};

use self::bodies::Bodies;
use self::digest::Digests;
pub(crate) use self::json::json;
pub(crate) use self::page::page;
pub(crate) use self::start::{Start, There};
pub(crate) use self::table::table;
use self::validation::Validation;
use crate::checks::CheckFile;
use crate::facts::{Change, Difference, Facts};
use crate::lock_mode::LockMode;
use crate::measure::{self, Measured, Relations, Statement, Step};
use crate::named::File;
use crate::output::count;
use crate::progress::Progress;
use crate::shadow::Shadow;

/// How many differences a reason names.
const NAMED: usize = 8;

/// How one run of a file went.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The statements that were carried out.
    pub(crate) steps: Vec<Step>,
    /// What stopped it.
    pub(crate) error: Option<Error>,
}

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    pub(crate) path: String,
    pub(crate) in_transaction: bool,
    pub(crate) first: Run,
    pub(crate) second: Run,
    /// Why it is not proven; none where it is.
    pub(crate) reasons: Vec<String>,
    /// What the reader should know.
    pub(crate) notes: Vec<String>,
}

impl Rehearsed {
    pub(crate) fn is_proven(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// A file to rehearse, numbered or repeatable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) file: Script<'a>,
    pub(crate) in_transaction: bool,
}

impl<'a> From<&'a File> for Subject<'a> {
    fn from(file: &'a File) -> Subject<'a> {
        Subject {
            file: file.script(),
            in_transaction: file.in_transaction(),
        }
    }
}

/// Rehearses files in order, up to the first that cannot be applied.
pub(crate) fn all(shadow: &Shadow, subjects: &[Subject<'_>], checks: &[CheckFile]) -> Result<Vec<Rehearsed>, Error> {
    let mut progress = Progress::new();
    let mut validation = Validation::begin(shadow.session(), checks);
    let mut bodies = Bodies::begin(shadow.session())?;
    let mut rehearsed = Vec::new();
    for &subject in subjects {
        progress.show(&format!("rehearsing {}", subject.file.path()));
        let mut file = rehearse(shadow.session(), subject)?;
        validation.after(shadow.session(), &mut file);
        bodies.after(shadow.session(), &mut file)?;
        // a query that a signal stopped says nothing
        if let Some(interruption) = shadow.interruption() {
            return Err(interruption);
        }
        rehearsed.push(file);
        // what comes behind it would fail because of it
        if rehearsed.iter().any(|file| file.first.error.is_some()) {
            break;
        }
    }
    Ok(rehearsed)
}

/// Applies a file twice and compares. An error is one of the rehearsal's own; what is wrong with the file is in the result.
fn rehearse(session: &Session, subject: Subject<'_>) -> Result<Rehearsed, Error> {
    let mut rehearsed = Rehearsed {
        path: subject.file.path().to_owned(),
        in_transaction: subject.in_transaction,
        first: Run::default(),
        second: Run::default(),
        reasons: Vec::new(),
        notes: Vec::new(),
    };
    if let Err(error) = check_fit(subject.file, !subject.in_transaction, true) {
        rehearsed
            .reasons
            .push(format!("no run would apply it: {}", words(&error)));
        rehearsed.first.error = Some(error);
        return Ok(rehearsed);
    }
    let (first, touched, _) = run(session, subject, End::Commit)?;
    rehearsed.first = first;
    if let Some(error) = &rehearsed.first.error {
        rehearsed
            .reasons
            .push(format!("it cannot be applied: {}", words(error)));
        return Ok(rehearsed);
    }
    let restarted = digest::use_restarted(session, &touched);
    let digests = Digests::of(session, &touched)?;
    let (second, touched_again, differences) = again(session, subject)?;
    rehearsed.second = second;
    if let Some(error) = &rehearsed.second.error {
        rehearsed.reasons.push(format!("a second run fails: {}", words(error)));
        return Ok(rehearsed);
    }
    rehearsed.reasons.extend(schema_reason(&differences));
    let after = Digests::of(session, &touched)?;
    let used_up = sequences_used(&rehearsed.second, &touched_again);
    rehearsed
        .reasons
        .extend(digests.changes(&after, &used_up).into_iter().map(|change| {
            let restart = restarted.iter().any(|sequence| change.contains(sequence.as_str()));
            if restart {
                format!("a second run gives out numbers again that were given out already: {change}")
            } else {
                format!("a second run changes rows: {change}")
            }
        }));
    rehearsed.reasons.extend(
        touched_again
            .changed_beyond(&touched)
            .map(|table| format!("a second run changes rows of {table}, which the first one did not touch")),
    );
    if rehearsed.is_proven() {
        let tried = filled::try_on_made_up_rows(session, subject, &touched)?;
        let change =
            |change| format!("a second run changes rows (of some that were made up, since none are here): {change}");
        rehearsed.reasons.extend(tried.changes.into_iter().map(change));
        rehearsed.notes.extend(tried.notes);
    }
    Ok(rehearsed)
}

/// An error in one paragraph.
fn words(error: &Error) -> String {
    let place = error
        .place()
        .map(|place| format!(" (line {})", place.position.line))
        .unwrap_or_default();
    let causes: Vec<&str> = error.causes().iter().map(String::as_str).collect();
    format!(
        "{}{place}",
        if causes.is_empty() {
            error.message().to_owned()
        } else {
            causes.join("; ")
        }
    )
}

fn schema_reason(differences: &[Difference]) -> Option<String> {
    let mut named: Vec<String> = differences.iter().take(NAMED).map(describe).collect();
    if differences.len() > NAMED {
        named.push(format!("and {}", count(differences.len() - NAMED, "other change")));
    }
    (!named.is_empty()).then(|| format!("a second run changes the schema: {}", named.join("; ")))
}

fn describe(difference: &Difference) -> String {
    let Difference { kind, identity, .. } = difference;
    match &difference.change {
        Change::Added => format!("adds the {kind} {identity}"),
        Change::Missing => format!("takes away the {kind} {identity}"),
        Change::Changed(attributes) => {
            let attributes: Vec<String> = attributes
                .iter()
                .map(|change| {
                    if change.is_secret() {
                        return change.attribute.clone();
                    }
                    let value = |value: &Option<serde_json::Value>| {
                        value.as_ref().map_or("nothing".to_owned(), ToString::to_string)
                    };
                    format!(
                        "{} from {} to {}",
                        change.attribute,
                        value(&change.from),
                        value(&change.to)
                    )
                })
                .collect();
            format!("changes the {kind} {identity}: {}", attributes.join(", "))
        }
    }
}

/// The second run, and what it changes in the schema. To read that takes its time where the schema is large, and is spared
/// where the server counts no change of its catalog.
fn again(session: &Session, subject: Subject<'_>) -> Result<(Run, Relations, Vec<Difference>), Error> {
    if subject.in_transaction {
        let (run, touched, committed) = run(session, subject, End::CommitUnlessSchemaChanged)?;
        if committed || run.error.is_some() {
            return Ok((run, touched, Vec::new()));
        }
    }
    let before = Facts::read(session)?;
    let (run, touched, _) = run(session, subject, End::Commit)?;
    let differences = if run.error.is_some() {
        Vec::new()
    } else {
        before.difference(&Facts::read(session)?)
    };
    Ok((run, touched, differences))
}

/// How the transaction of a run ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    /// It is rolled back where it changed the catalog.
    CommitUnlessSchemaChanged,
}

/// Runs a file once; what it touched, and whether it was committed.
fn run(session: &Session, subject: Subject<'_>, end: End) -> Result<(Run, Relations, bool), Error> {
    let failed = |e| sql_error("failed to prepare the rehearsal", &e);
    session.batch(measure::BEFORE).map_err(failed)?;
    let outcome = if subject.in_transaction {
        as_one(session, subject.file, end)
    } else {
        one_by_one(session, subject.file)
    };
    // what it set must not reach what comes behind it
    session.batch(measure::AFTER).map_err(failed)?;
    let (run, mut relations, committed) = outcome?;
    if let Some(interruption) = session.interruption() {
        return Err(interruption.state("nothing was changed"));
    }
    relations.finish(session)?;
    Ok((run, relations, committed))
}

/// A file in one transaction.
fn as_one(session: &Session, file: Script<'_>, end: End) -> Result<(Run, Relations, bool), Error> {
    let mut run = Run::default();
    session
        .batch("BEGIN")
        .map_err(|e| sql_error("failed to begin a transaction", &e))?;
    let mut relations = Relations::read(session)?;
    let catalog = measure::catalog_changes(session)?;
    for statement in Statement::all(file) {
        match measure::within(session, &statement, &mut relations)? {
            Measured::Done(step) => run.steps.push(step),
            Measured::Failed(error) => {
                let _ = session.batch("ROLLBACK");
                run.error = Some(statement_error(file, &error, statement.start));
                return Ok((run, relations, false));
            }
        }
    }
    let unchanged = || Ok::<_, Error>(catalog.is_some() && catalog == measure::catalog_changes(session)?);
    if end == End::CommitUnlessSchemaChanged && !unchanged()? {
        session
            .batch("ROLLBACK")
            .map_err(|e| sql_error("failed to roll a transaction back", &e))?;
        return Ok((run, relations, false));
    }
    if let Err(error) = session.batch("COMMIT") {
        let message = format!("`{}` fails at the end of its transaction", file.path());
        run.error = Some(sql_error(message, &error));
    }
    Ok((run, relations, true))
}

/// A file without a transaction: each statement is one of its own, or none.
fn one_by_one(session: &Session, file: Script<'_>) -> Result<(Run, Relations, bool), Error> {
    let mut run = Run::default();
    let mut relations = Relations::read(session)?;
    for statement in Statement::all(file) {
        match measure::alone(session, &statement, &mut relations)? {
            Measured::Done(step) => run.steps.push(step),
            Measured::Failed(error) => {
                run.error = Some(statement_error(file, &error, statement.start));
                break;
            }
        }
    }
    Ok((run, relations, true))
}

/// The sequences from which a second run may draw: those behind the columns of tables that a statement of it inserts into.
/// A row that meets ON CONFLICT DO NOTHING has drawn its number all the same.
fn sequences_used(run: &Run, relations: &Relations) -> Vec<u32> {
    let written: Vec<&str> = run
        .steps
        .iter()
        .filter(|step| measure::may_insert(&step.text))
        .flat_map(|step| step.locks.iter())
        .filter(|lock| lock.mode >= LockMode::RowExclusive)
        .map(|lock| lock.relation.as_str())
        .collect();
    relations.sequences_of(&written)
}
