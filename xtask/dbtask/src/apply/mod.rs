//! Files applied in steps: they are the next ones, a proven backup is there, they are rehearsed, somebody confirms; then each
//! is applied, checked before its commit, and recorded.

mod origin;
mod rehearsal;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dbtask_rules::{MigrationFile, MigrationFolder};
use dbtask_runner::{
    Application, AppliedFile, BeforeCommit, Error, MigrationLock, Options, Plan, SchemaHistory, Session,
};

use self::verdict::{Before, objection};
use crate::backup::{Backup, Shelf, Wish};
use crate::checks::{self, CheckFile, Report};
use crate::commands::push;
use crate::facts::Facts;
use crate::guard::{self, Treatment};
use crate::mark::Mark;
use crate::output::{Output, count};
use crate::target::Target;
use crate::workspace::Workspace;
use crate::{catalog, confirm};

/// What is to be applied, and how.
pub(crate) struct Request {
    /// The next files, in order.
    pub(crate) files: Vec<MigrationFile>,
    /// Those that the target has.
    pub(crate) applied: Vec<MigrationFile>,
    /// The fingerprint that the schema must have.
    pub(crate) plan: Option<String>,
    pub(crate) backup_max_age: Duration,
    pub(crate) check_timeout: Duration,
    pub(crate) yes: Option<String>,
    pub(crate) options: Options,
    /// The command, to be typed again.
    pub(crate) command: String,
}

/// What was applied.
pub(crate) struct Applied {
    pub(crate) files: Vec<AppliedFile>,
    pub(crate) backup: Option<String>,
    pub(crate) plan: String,
    pub(crate) commit: Option<String>,
    /// Checks of the last file.
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// Everything that has to be there before the first file is applied.
pub(crate) struct Applying<'a> {
    target: &'a Target,
    folder: Arc<MigrationFolder>,
    checks: Arc<Vec<CheckFile>>,
    request: Request,
    treatment: Treatment,
    record: Application,
    before: Arc<Before>,
    output: &'a Output,
}

impl<'a> Applying<'a> {
    /// Takes the steps before the first change, the confirmation included.
    pub(crate) fn prepare(
        target: &'a Target,
        folder: MigrationFolder,
        request: Request,
        workspace: &Workspace,
        output: &'a Output,
    ) -> Result<Applying<'a>, Error> {
        let untouched = |e: Error| e.state_if_unsaid("nothing was changed");
        guard::primary_only(target, "db:apply")?;
        let treatment = Treatment::of(target)?;
        if treatment.marks.is_hidden {
            return Err(untouched(
                Error::refused(format!("`db:apply` is refused: {}", treatment.because)).help(treatment.how_to_show()),
            ));
        }
        let commit = match origin::commit(workspace, &request.files) {
            Ok(commit) => Some(commit),
            Err(error) if treatment.counts_as == Mark::Production => return Err(untouched(error)),
            Err(_) => None,
        };
        let checks = CheckFile::read_all(workspace)?;
        let plan = Facts::read(&target.session)?.fingerprint();
        if request.plan.as_ref().is_some_and(|wanted| *wanted != plan) {
            return Err(changed(&plan));
        }
        let backup = backup(target, request.backup_max_age, &request.options, workspace, output)?;
        rehearsal::prove(target, &folder, &request, workspace, output).map_err(untouched)?;
        let before = checks::run(&target.session, &folder, &checks, request.check_timeout)?;
        let before = Before::new(before);
        for name in before.failed() {
            output.note(&format!(
                "the check `{name}` fails before anything is applied: it does not count where it fails in the same way afterwards"
            ));
        }
        let (account, host) = origin::account_and_host();
        let applying = Applying {
            target,
            folder: Arc::new(folder),
            checks: Arc::new(checks),
            record: Application {
                account,
                host,
                commit,
                backup,
                plan,
            },
            before: Arc::new(before),
            request,
            treatment,
            output,
        };
        output.text(&applying.describe());
        confirm::by_name(
            &target.identity.database,
            applying.request.yes.as_deref(),
            &applying.request.command,
        )?;
        Ok(applying)
    }

    /// Applies the files, one after the other.
    pub(crate) fn carry_out(self) -> Result<Applied, Error> {
        let session = &self.target.session;
        session.cancel_on_signals()?;
        let failed = Arc::new(AtomicUsize::new(0));
        let passed = Arc::new(AtomicUsize::new(0));
        let mut done: Vec<AppliedFile> = Vec::new();
        for (file, number) in self.request.files.iter().zip(1..) {
            let is_last = number == self.request.files.len();
            let lock = MigrationLock::take(session, self.request.options.lock_wait, &mut |holder| {
                self.output.waiting(&holder.description);
            })?;
            self.look_again(file, number == 1)?;
            let tell = {
                let (passed, failed) = (Arc::clone(&passed), Arc::clone(&failed));
                move |reports: &[Report]| {
                    let good = reports.iter().filter(|report| report.passed()).count();
                    passed.store(good, Ordering::Relaxed);
                    failed.store(reports.len() - good, Ordering::Relaxed);
                }
            };
            let options = Options {
                to: Some(file.version()),
                condition: Some(guard::unchanged(self.target, "db:apply", &self.treatment)),
                before_commit: Some(self.before_commit(file, is_last, tell.clone())),
                ..self.request.options.clone()
            };
            let started = Instant::now();
            let migrated = push::apply(session, &self.folder, options, self.output).map_err(|e| self.own_words(e))?;
            drop(lock);
            done.extend(migrated.files);
            if file.directives().no_transaction {
                self.look_behind(file, is_last, started.elapsed(), tell)?;
            }
        }
        Ok(Applied {
            files: done,
            backup: self.record.backup,
            plan: self.record.plan,
            commit: self.record.commit,
            passed: passed.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
        })
    }

    /// Under the lock: the file is still the next one, and the schema what it was planned for.
    fn look_again(&self, file: &MigrationFile, is_first: bool) -> Result<(), Error> {
        let session = &self.target.session;
        let history = SchemaHistory::read(session)?;
        let plan = Plan::new(self.folder.files(), &history);
        plan.check()?;
        if plan.pending.first().map(|next| next.version()) != Some(file.version()) {
            return Err(
                Error::refused(format!("`{}` is not the next file any more", file.path()))
                    .cause("somebody else applied files meanwhile")
                    .state("this command applied nothing further")
                    .help("`cargo xtask db:status` says where the database stands"),
            );
        }
        let fingerprint = if is_first {
            Facts::read(session)?.fingerprint()
        } else {
            return Ok(());
        };
        if fingerprint == self.record.plan {
            Ok(())
        } else {
            Err(changed(&fingerprint))
        }
    }

    /// The checks, then the record, in the file's transaction.
    fn before_commit(
        &self,
        file: &MigrationFile,
        is_last: bool,
        tell: impl Fn(&[Report]) + Send + Sync + 'static,
    ) -> BeforeCommit {
        let (folder, checks, before) = (
            Arc::clone(&self.folder),
            Arc::clone(&self.checks),
            Arc::clone(&self.before),
        );
        let (record, file, timeout) = (self.record.clone(), file.clone(), self.request.check_timeout);
        let started = Instant::now();
        BeforeCommit::new(move |session: &Session, table: &str| {
            let reports = checks::run_within(session, &folder, &checks, timeout)?;
            let worse = before.worse(&reports, is_last);
            if let Some(error) = objection(file.path(), &worse, "was not committed") {
                return Err(
                    error.help("correct the file, or the rows that the check found, and type the command again")
                );
            }
            tell(&reports);
            record.record(session, table, &file, started.elapsed())
        })
    }

    /// What there is left to do for a file without a transaction: it is there, and stays.
    fn look_behind(
        &self,
        file: &MigrationFile,
        is_last: bool,
        elapsed: Duration,
        tell: impl Fn(&[Report]),
    ) -> Result<(), Error> {
        let session = &self.target.session;
        let path = file.path();
        let history = SchemaHistory::read(session)?;
        let table = history.table().unwrap_or(dbtask_runner::HISTORY_TABLE);
        let stays = format!("`{path}` is applied, statement by statement, and stays");
        self.record
            .record(session, table, file, elapsed)
            .map_err(|e| e.state(format!("{stays}; only the record of who applied it is missing")))?;
        let reports = checks::run(session, &self.folder, &self.checks, self.request.check_timeout)?;
        let worse = self.before.worse(&reports, is_last);
        if let Some(error) = objection(path, &worse, "has no transaction and is applied") {
            let error = error.state(stays);
            return Err(match &self.record.backup {
                Some(backup) => error.help(format!(
                    "mend it by the next file; or go back, into a new database: `{}`",
                    self.target.typed(&format!("db:restore {backup}"))
                )),
                None => error.help("mend it by the next file: `cargo xtask db:new NAME`"),
            });
        }
        tell(&reports);
        Ok(())
    }

    /// The runner's error, with what to type here.
    fn own_words(&self, error: Error) -> Error {
        let own = |text: &str| text.replace("cargo xtask db:push", &self.target.typed(&self.request.command));
        let hints: Vec<String> = error.hints().iter().map(|hint| own(hint)).collect();
        let state = error.standing().map(own);
        let mut hints = hints.into_iter();
        let error = match hints.next() {
            Some(first) => error.only_help(first),
            None => error,
        };
        let error = hints.fold(error, Error::help);
        match state {
            Some(state) => error.state(state),
            None => error,
        }
    }

    /// What will be done.
    fn describe(&self) -> String {
        let mut lines = vec![format!(
            "This applies {} to {} ({}), and nothing else:",
            count(self.request.files.len(), "file"),
            self.target.describe(),
            self.treatment.because
        )];
        for file in &self.request.files {
            let manner = if file.directives().no_transaction {
                "statement by statement: cannot be rolled back"
            } else {
                "one transaction, checked before its commit"
            };
            lines.push(format!("  {}  {manner}", file.path()));
        }
        lines.push(match &self.record.backup {
            Some(backup) => format!("  backup {backup}, proven"),
            None => "  no backup: the database is empty".to_owned(),
        });
        lines.push(format!("  fingerprint of the schema: {}", self.record.plan));
        lines.extend(self.record.commit.iter().map(|commit| format!("  commit {commit}")));
        lines.join("\n")
    }
}

fn changed(fingerprint: &str) -> Error {
    Error::refused("the schema is not the one that was planned for")
        .cause(format!("its fingerprint is {fingerprint} now"))
        .state("nothing was changed")
        .help("look again: `cargo xtask db:plan FILE`")
}

/// A proven backup that is young enough, as it is shown; else one that is taken now. An empty database needs none.
fn backup(
    target: &Target,
    max_age: Duration,
    options: &Options,
    workspace: &Workspace,
    output: &Output,
) -> Result<Option<String>, Error> {
    if catalog::is_empty(&target.session)? {
        output.note("the database is empty: there is nothing to back up");
        return Ok(None);
    }
    let shelf = Shelf::at(workspace.backups());
    if let Some(backup) = shelf.latest_proven(&target.identity, max_age) {
        let shown = workspace.display(backup.path());
        // it may have been damaged since
        match backup.check() {
            Ok(()) => {
                output.step("backup", &format!("{shown}, proven, is young enough"));
                return Ok(Some(shown));
            }
            Err(error) => output.note(&format!("{shown} is of no use any more: {}", error.message())),
        }
    }
    let lock = MigrationLock::take(&target.session, options.lock_wait, &mut |holder| {
        output.waiting(&holder.description);
    })?;
    let mut backup = Backup::take(target, &lock, &shelf, &Wish::default(), output)?;
    drop(lock);
    backup.prove(target, None, workspace, output)?;
    let shown = workspace.display(backup.path());
    output.step("proven", &format!("{shown}, by a restore"));
    Ok(Some(shown))
}
