//! `db:rehearse --on`: pending files applied to a database that is marked staging.

use std::time::Duration;

use dbtask_runner::{Error, Plan, Repeatables, SchemaHistory, repeatable_runs};
use serde_json::json;

use crate::apply::{Applied, Applying, Request};
use crate::edits;
use crate::exit::Exit;
use crate::facts::Facts;
use crate::named;
use crate::output::Output;
use crate::staging::{self, VARIABLE};
use crate::target::Target;
use crate::typed::Patience;
use crate::workspace::Workspace;

/// The longest that one check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Applies the named files, or all that are pending, to the database that the variable names.
pub(super) fn run(variable: &str, names: &[String], workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
    let folder = workspace.read_migrations()?;
    let (target, treatment) = staging::open_to_apply(variable, "db:rehearse", workspace, output)?;
    let history = SchemaHistory::read(&target.session)?;
    let plan = Plan::new(folder.files(), &history);
    plan.check()
        .map_err(|e| edits::explain(workspace, &target.session, &folder, e))?;
    let runs = repeatable_runs(&target.session, &history)?;
    let repeatables = Repeatables::new(folder.repeatables(), &runs);
    let files = if names.is_empty() {
        named::pending(&plan, &repeatables)
    } else {
        named::next(names, &folder, &plan, &repeatables)?
    };
    if files.is_empty() {
        output.result(
            &format!("nothing is pending: {} has every file", target.describe()),
            &json!({ "database": target.identity.database, "applied": [] }),
        );
        return Ok(Exit::Done);
    }
    let request = Request {
        applied: plan.applied.iter().map(|(file, _)| (*file).clone()).collect(),
        files,
        plan: None,
        require_staging: false,
        backup_max_age: Duration::ZERO,
        check_timeout: CHECK_TIMEOUT,
        yes: None,
        options: Patience::default().options(),
        command: format!("db:rehearse {} --on {variable}", names.join(" ")).replace("  ", " "),
    };
    let applied = Applying::on_staging(&target, treatment, folder, request, workspace, output)?.carry_out()?;
    report(&target, &applied, variable, workspace, output)
}

fn report(
    target: &Target,
    applied: &Applied,
    variable: &str,
    workspace: &Workspace,
    output: &Output,
) -> Result<Exit, Error> {
    let after = Facts::read(&target.session)?.fingerprint();
    let mut text = format!(
        "{}\nfingerprint of the schema: {} before, {after} behind",
        applied.describe(" on staging", target),
        applied.plan
    );
    // that is where db:apply looks
    if variable == VARIABLE {
        let paths: Vec<&str> = applied.files.iter().map(|file| file.path.as_str()).collect();
        let next = workspace.typed(&format!("db:apply {} --require-staging", paths.join(" ")));
        text = format!("{text}\nproduction can ask for this: `{next}`");
    }
    let mut json = applied.json(target);
    json["fingerprint_behind"] = json!(after);
    output.result(&text, &json);
    Ok(Exit::Done)
}
