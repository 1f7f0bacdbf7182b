//! Files applied in steps: they are the next ones, a proven backup is there, they are rehearsed, somebody confirms; then each
//! is applied, checked before its commit, and recorded.

mod backup;
mod carrying_out;
mod lints;
mod on_staging;
pub(crate) mod origin;
mod rehearsal;
mod staging;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use dbtask_rules::{MigrationFile, MigrationFolder};
use dbtask_runner::{Application, Error, Options};
use serde_json::{Value, json};

use self::verdict::Before;
use crate::checks::{self, CheckFile};
use crate::commands::push::AppliedFile;
use crate::confirm;
use crate::facts::Facts;
use crate::guard::{self, Treatment};
use crate::mark::Mark;
use crate::named::File;
use crate::output::{Output, count, duration};
use crate::target::Target;
use crate::workspace::Workspace;

/// What is to be applied, and how.
pub(crate) struct Request {
    /// The next files, in order.
    pub(crate) files: Vec<File>,
    /// The numbered ones that the target has.
    pub(crate) applied: Vec<MigrationFile>,
    /// The fingerprint that the schema must have.
    pub(crate) plan: Option<String>,
    /// Staging must vouch for the files.
    pub(crate) require_staging: bool,
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

impl Applied {
    /// `applied 2 files on staging in 88 ms: database …; 5 checks passed`, where `place` is ` on staging`.
    pub(crate) fn describe(&self, place: &str, target: &Target) -> String {
        let elapsed = self.files.iter().map(|file| file.elapsed).sum();
        let failed = match self.failed {
            0 => String::new(),
            n => format!(", {n} failed, as before"),
        };
        format!(
            "applied {}{place} in {}: {}; {} passed{failed}",
            count(self.files.len(), "file"),
            duration(elapsed),
            target.describe(),
            count(self.passed, "check"),
        )
    }

    pub(crate) fn json(&self, target: &Target) -> Value {
        json!({
            "database": target.identity.database,
            "applied": self.files.iter().map(AppliedFile::json).collect::<Vec<_>>(),
            "plan": self.plan,
            "backup": self.backup,
            "commit": self.commit,
            "checks_passed": self.passed,
            "checks_failed_as_before": self.failed,
        })
    }
}

/// Everything that has to be there before the first file is applied.
pub(crate) struct Applying<'a> {
    target: &'a Target,
    folder: Arc<MigrationFolder>,
    checks: Arc<Vec<CheckFile>>,
    request: Request,
    treatment: Treatment,
    record: Application,
    /// The fingerprint of the schema before.
    plan: String,
    before: Arc<Before>,
    output: &'a Output,
}

/// What the files are applied on the strength of.
struct Ground {
    treatment: Treatment,
    checks: Vec<CheckFile>,
    commit: Option<String>,
    /// The fingerprint of the schema.
    plan: String,
    backup: Option<String>,
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
        confirm::possible(&target.identity.database, request.yes.as_deref(), &request.command)?;
        let commit = match origin::commit(workspace, request.files.iter().map(File::path)) {
            Ok(commit) => Some(commit),
            Err(error) if treatment.counts_as == Mark::Production => return Err(untouched(error)),
            Err(_) => None,
        };
        lints::check(workspace, &folder, &request.files, output).map_err(untouched)?;
        let checks = CheckFile::read_all(workspace)?;
        staging::vouches(target, &treatment, &request, workspace, output).map_err(untouched)?;
        let plan = Facts::read(&target.session)?.fingerprint();
        if request.plan.as_ref().is_some_and(|wanted| *wanted != plan) {
            return Err(changed(&plan));
        }
        let backup = backup::ready(target, request.backup_max_age, &request.options, workspace, output)?;
        rehearsal::prove(target, &folder, &request, &plan, workspace, output).map_err(untouched)?;
        let ground = Ground {
            treatment,
            checks,
            commit,
            plan,
            backup,
        };
        let applying = Applying::begin(target, folder, request, ground, output)?;
        output.text(&applying.describe());
        confirm::by_name(
            &target.identity.database,
            applying.request.yes.as_deref(),
            &applying.request.command,
        )?;
        Ok(applying)
    }

    /// The checks before the first file, and what will be recorded of each.
    fn begin(
        target: &'a Target,
        folder: MigrationFolder,
        request: Request,
        ground: Ground,
        output: &'a Output,
    ) -> Result<Applying<'a>, Error> {
        let before = checks::run(&target.session, &folder, &ground.checks, request.check_timeout)?;
        let before = Before::new(before);
        for name in before.failed() {
            output.note(&format!(
                "the check `{name}` fails before anything is applied: it does not count where it fails in the same way afterwards"
            ));
        }
        Ok(Applying {
            target,
            folder: Arc::new(folder),
            checks: Arc::new(ground.checks),
            record: Application {
                commit: ground.commit,
                backup: ground.backup,
                plan: Some(ground.plan.clone()),
                ..origin::application(target, &ground.treatment)
            },
            plan: ground.plan,
            before: Arc::new(before),
            request,
            treatment: ground.treatment,
            output,
        })
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
            let manner = if file.in_transaction() {
                "one transaction, checked before its commit"
            } else {
                "statement by statement: cannot be rolled back"
            };
            lines.push(format!("  {}  {manner}", file.path()));
        }
        lines.push(match &self.record.backup {
            Some(backup) => format!("  backup {backup}, proven"),
            None => "  no backup: the database is empty".to_owned(),
        });
        lines.push(format!("  fingerprint of the schema: {}", self.plan));
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
