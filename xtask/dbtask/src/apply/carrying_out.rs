//! The files, one after the other: looked at again under the lock, applied, checked, recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dbtask_runner::{
    BeforeCommit, Error, MigrationLock, Migrations, Options, Plan, Repeatables, SchemaHistory, Session, repeatable_runs,
};

use super::verdict::objection;
use super::{Applied, Applying, changed};
use crate::checks::{self, Outcome, Report};
use crate::commands::push::{self, AppliedFile};
use crate::facts::Facts;
use crate::guard;
use crate::named::File;

impl Applying<'_> {
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
            let (to, repeatable) = match file {
                File::Versioned(file) => (Some(file.version()), &[][..]),
                // none of the numbered ones is left
                File::Repeatable(file) => (None, std::slice::from_ref(file)),
            };
            let migrations = Migrations {
                versioned: self.folder.files(),
                repeatable,
            };
            let options = Options {
                to,
                condition: Some(guard::unchanged(self.target, self.name(), &self.treatment)),
                before_commit: Some(self.before_commit(file, is_last, tell.clone())),
                ..self.request.options.clone()
            };
            let started = Instant::now();
            let migrated = push::apply(session, migrations, options, self.output).map_err(|e| self.own_words(e))?;
            drop(lock);
            done.push(AppliedFile {
                path: file.path().to_owned(),
                elapsed: migrated.elapsed,
            });
            if file.in_transaction() {
                if let Some(good) = self.look_at_rows(file, is_last)? {
                    let counted = if good { &passed } else { &failed };
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            } else {
                self.look_behind(file, is_last, started.elapsed(), tell)?;
            }
        }
        Ok(Applied {
            files: done,
            backup: self.record.backup,
            plan: self.plan,
            commit: self.record.commit,
            passed: passed.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
        })
    }

    /// The command's name, such as `db:apply`.
    fn name(&self) -> &str {
        self.request.command.split(' ').next().unwrap_or_default()
    }

    /// Under the lock: the file is still the next one, and the schema what it was planned for.
    fn look_again(&self, file: &File, is_first: bool) -> Result<(), Error> {
        let session = &self.target.session;
        let history = SchemaHistory::read(session)?;
        let plan = Plan::new(self.folder.files(), &history);
        plan.check()?;
        let next = plan.pending.first().map(|next| next.version());
        let is_next = match file {
            File::Versioned(file) => next == Some(file.version()),
            File::Repeatable(file) => {
                let runs = repeatable_runs(session, &history)?;
                let pending = Repeatables::new(std::slice::from_ref(file), &runs).pending();
                next.is_none() && !pending.is_empty()
            }
        };
        if !is_next {
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
        if fingerprint == self.plan {
            Ok(())
        } else {
            Err(changed(&fingerprint))
        }
    }

    /// The checks, then the record, in the file's transaction.
    fn before_commit(
        &self,
        file: &File,
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
            record.record(session, table, file.unit(), started.elapsed())
        })
    }

    /// Behind the commit: what is not asked under the file's locks, since it reads whole tables. Whether it passed; `None`
    /// where nobody could be asked: the file is applied all the same.
    fn look_at_rows(&self, file: &File, is_last: bool) -> Result<Option<bool>, Error> {
        let path = file.path();
        let session = &self.target.session;
        let report = checks::run_behind(session, self.request.check_timeout);
        if let Some(interruption) = session.interruption() {
            return Err(interruption.state(format!("`{path}` is applied, and stays")));
        }
        let report = match report {
            Ok(Report {
                outcome: Outcome::Broken(error),
                ..
            })
            | Err(error) => {
                self.output.note(&format!(
                    "{path} is applied; whether rows contradict what is NOT VALID is not known, VALIDATE CONSTRAINT will tell: {}",
                    [&[error.message().to_owned()], error.causes()].concat().join("; ")
                ));
                return Ok(None);
            }
            Ok(report) => report,
        };
        let reports = [report];
        match objection(path, &self.before.worse(&reports, is_last), "is applied") {
            Some(error) => Err(error
                .state(format!("`{path}` is applied, and stays"))
                .help("VALIDATE CONSTRAINT fails until these rows are cleaned up")),
            None => Ok(Some(reports[0].passed())),
        }
    }

    /// What there is left to do for a file without a transaction: it is there, and stays.
    fn look_behind(
        &self,
        file: &File,
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
            .record(session, table, file.unit(), elapsed)
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
        let own = self.target.typed(&self.request.command);
        error.reworded(|text| text.replace("cargo xtask db:push", &own))
    }
}
