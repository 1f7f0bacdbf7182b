//! `db:rehearse --on`: pending files applied to a database that is marked staging.

use std::time::Duration;

use dbtask_runner::{Error, Plan, Repeatables, SchemaHistory, repeatable_runs};
use serde_json::json;

use crate::apply::{Applied, Applying, File, Request, choose};
use crate::edits;
use crate::exit::Exit;
use crate::facts::Facts;
use crate::output::{Output, count, duration};
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
    let files: Vec<File> = if names.is_empty() {
        let numbered = plan.pending.iter().map(|file| File::Versioned((*file).clone()));
        let repeatable = repeatables.pending().into_iter().cloned().map(File::Repeatable);
        numbered.chain(repeatable).collect()
    } else {
        choose(names, &folder, &plan, &repeatables)?
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
    let elapsed = applied.files.iter().map(|file| file.elapsed).sum();
    let paths: Vec<&str> = applied.files.iter().map(|file| file.path.as_str()).collect();
    // that is where db:apply looks
    let next = (variable == VARIABLE).then(|| {
        format!(
            "\nproduction can ask for this: `{}`",
            workspace.typed(&format!("db:apply {} --require-staging", paths.join(" ")))
        )
    });
    output.result(
        &format!(
            "applied {} on staging in {}: {}; {} passed{}\nfingerprint of the schema: {} before, {after} behind{}",
            count(applied.files.len(), "file"),
            duration(elapsed),
            target.describe(),
            count(applied.passed, "check"),
            match applied.failed {
                0 => String::new(),
                n => format!(", {n} failed, as before"),
            },
            applied.plan,
            next.unwrap_or_default(),
        ),
        &json!({
            "database": target.identity.database,
            "applied": applied.files.iter().map(|file| json!({ "file": file.path, "seconds": file.elapsed.as_secs_f64() })).collect::<Vec<_>>(),
            "fingerprint_before": applied.plan,
            "fingerprint_behind": after,
            "commit": applied.commit,
            "checks_passed": applied.passed,
            "checks_failed_as_before": applied.failed,
        }),
    );
    Ok(Exit::Done)
}
