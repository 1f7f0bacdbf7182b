//! `db:drift`

use std::time::Instant;

use clap::Args;
use dbtask_runner::{Error, sql_error};
use serde_json::{Value, json};

use crate::drift::{self, Drift, Files, Spent};
use crate::exit::Exit;
use crate::facts::Facts;
use crate::output::{Output, count, duration};
use crate::schema::migrating_role;
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Whoever migrates, on the database and on the throwaway one: they need not have one name.
const MIGRATING_ROLE: &str = "(the role that migrates)";

/// Say where the database's schema is not what its files make
///
/// The files that are applied are applied to a throwaway database, too, and every object of both is compared, attribute by
/// attribute: tables, columns, keys, functions, privileges, comments. The throwaway database is made as for db:rehearse; the
/// database is only read. Exit code 4 where something differs.
#[derive(Debug, Args)]
pub(crate) struct DriftCommand {}

impl DriftCommand {
    #[expect(clippy::unused_self, reason = "every command is called alike")]
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let folder = workspace.read_migrations()?;
        let target = Target::open(workspace, output)?;
        target
            .session
            .batch("SET default_transaction_read_only = on")
            .map_err(|e| sql_error("failed to make the session read-only", &e))?;
        let mut spent = Spent::default();
        let mut files = Files::of(&folder, &target)?;
        let mut live = spent.reading(|| Facts::read(&target.session))?;
        live.rename_role(&migrating_role(&target.session)?, MIGRATING_ROLE);
        let begun = Instant::now();
        let shadow = Shadow::create(&target, workspace, output)?;
        spent.creating = begun.elapsed();
        let made = files
            .make(&shadow, &target, &mut spent)
            .map_err(|e| shadow.interruption().map_or(e, |i| i.state("nothing was changed")));
        for note in &files.notes {
            output.note(note);
        }
        let mut made = made?;
        let begun = Instant::now();
        made.facts.rename_role(&shadow.target().identity.user, MIGRATING_ROLE);
        let drift = Drift::new(made.difference(&live));
        spent.comparing = begun.elapsed();
        drop(shadow);
        report(&drift, &target, &files, &spent, output);
        Ok(if drift.is_none() { Exit::Done } else { Exit::Pending })
    }
}

fn report(drift: &Drift, target: &Target, files: &Files, spent: &Spent, output: &Output) {
    let files_applied = count(files.len(), "file");
    let text = if drift.is_none() {
        format!("{} is what {files_applied} make: no drift", target.describe())
    } else {
        format!(
            "{}\n{} between {} and what {files_applied} make",
            drift,
            count(drift.len(), "difference"),
            target.describe()
        )
    };
    output.step(
        "compared",
        &format!(
            "with a throwaway database: made in {}, the files applied in {}, both schemas read in {}",
            duration(spent.creating),
            duration(spent.applying),
            duration(spent.reading)
        ),
    );
    let differences: Vec<Value> = drift.differences().iter().map(drift::json).collect();
    output.result(
        &text,
        &json!({
            "database": target.identity.database,
            "server": target.identity.place(),
            "files": files.len(),
            "equal": drift.is_none(),
            "differences": differences,
            "notes": files.notes,
            "seconds": spent.json(),
        }),
    );
}
