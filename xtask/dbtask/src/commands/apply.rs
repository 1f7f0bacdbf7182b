//! `db:apply`

use std::time::Duration;

use clap::Args;
use dbtask_rules::MigrationFile;
use dbtask_runner::{Error, Plan, Repeatables, SchemaHistory, repeatable_runs};

use crate::apply::{Applied, Applying, Request};
use crate::edits;
use crate::exit::Exit;
use crate::named;
use crate::output::Output;
use crate::target::Target;
use crate::typed::{Patience, parse_duration};
use crate::workspace::Workspace;

/// Apply exactly the named files, in steps that production can be trusted to
///
/// In this order: the files must be the next ones; on production they must be committed to git, with nothing else changed in
/// the migrations folder. db:lint must have no error against them. A backup that a restore has proven must be at hand, else one
/// is taken and proven now. The files are rehearsed on a throwaway database (as by db:rehearse), begun with the files that are
/// applied, or, where the schema is not what these make, with the schema as it is; what was proven before, on this very schema,
/// is not rehearsed again. Then it says what will be done and asks for the database's name. Each file is
/// applied, and checked as by db:check before it is committed: where a check fails that passed before, the file is rolled
/// back. A file without a transaction cannot be: it stays, and the restore command is printed.
///
/// Who applied what, from where, with which backup, is recorded in dbtask_journal: db:log shows it. Works on every
/// database; one that is empty has nothing to back up.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The files, by path, name or version: the next one, or several in a row; behind the last one also R__NAME.sql
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Refuse where the schema's fingerprint is not this one, which db:plan printed
    #[arg(long, value_name = "FINGERPRINT")]
    plan: Option<String>,
    /// Refuse what was not applied, as it is, on the database that STAGING_DATABASE_URL names and that is marked staging
    #[arg(long)]
    require_staging: bool,
    /// How old the proven backup may be, such as 30min or 2h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
    backup_max_age: Duration,
    /// The longest that one check may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    check_timeout: Duration,
    /// Confirm without being asked: the name of the database
    #[arg(long, value_name = "DATABASE")]
    yes: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

impl Apply {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open_to_apply(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let plan = Plan::new(folder.files(), &history);
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e))?;
        let runs = repeatable_runs(&target.session, &history)?;
        let repeatables = Repeatables::new(folder.repeatables(), &runs);
        let files = named::next(&self.files, &folder, &plan, &repeatables)?;
        let already: Vec<MigrationFile> = plan.applied.iter().map(|(file, _)| (*file).clone()).collect();
        let request = Request {
            files,
            applied: already,
            plan: self.plan.clone(),
            require_staging: self.require_staging,
            backup_max_age: self.backup_max_age,
            check_timeout: self.check_timeout,
            yes: self.yes.clone(),
            options: self.patience.options(),
            command: self.typed(),
        };
        let applied = Applying::prepare(&target, folder, request, workspace, output)?.carry_out()?;
        report(&target, &applied, output);
        Ok(Exit::Done)
    }

    /// The command, with what it insists on.
    fn typed(&self) -> String {
        let mut typed = format!("db:apply {}", self.files.join(" "));
        if let Some(plan) = &self.plan {
            typed = format!("{typed} --plan {plan}");
        }
        if self.require_staging {
            typed.push_str(" --require-staging");
        }
        typed
    }
}

fn report(target: &Target, applied: &Applied, output: &Output) {
    let mut text = applied.describe("", target);
    if let Some(backup) = &applied.backup {
        let restore = target.typed(&format!("db:restore {backup}"));
        text = format!("{text}\nto go back to before, into a new database: `{restore}`");
    }
    output.result(&text, &applied.json(target));
}
