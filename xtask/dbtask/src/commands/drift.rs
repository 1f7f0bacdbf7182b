//! `db:drift`

use std::time::{Duration, Instant};

use clap::Args;
use dbtask_rules::{MigrationFile, MigrationFolder};
use dbtask_runner::{Error, Plan, SchemaHistory, sql_error};
use serde_json::{Value, json};

use crate::drift::{self, Drift};
use crate::exit::Exit;
use crate::facts::{Fact, Facts};
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
        let history = SchemaHistory::read(&target.session)?;
        let (files, mut notes) = applied(&folder, &history);
        let mut live = Facts::read(&target.session)?;
        live.rename_role(&migrating_role(&target.session)?, MIGRATING_ROLE);
        let shadow = Shadow::create(&target, workspace, output)?;
        let begun = Instant::now();
        let made = make(&shadow, &target, &files, &mut notes)
            .map_err(|e| shadow.interruption().map_or(e, |i| i.state("nothing was changed")));
        for note in &notes {
            output.note(note);
        }
        let (made, applying) = (made?, begun.elapsed());
        let drift = Drift::new(made.difference(&live));
        drop(shadow);
        report(&drift, &target, files.len(), applying, &notes, output);
        Ok(if drift.is_none() { Exit::Done } else { Exit::Pending })
    }
}

/// The files that the database has, as they are now; and what the reader should know about others.
fn applied(folder: &MigrationFolder, history: &SchemaHistory) -> (Vec<MigrationFile>, Vec<String>) {
    let plan = Plan::new(folder.files(), history);
    let edited = plan.divergent.iter().map(|divergent| divergent.file);
    let mut files: Vec<MigrationFile> = plan
        .applied
        .iter()
        .map(|(file, _)| *file)
        .chain(edited.clone())
        .cloned()
        .collect();
    files.sort_by_key(MigrationFile::version);
    let mut notes: Vec<String> = edited
        .map(|file| {
            format!(
                "`{}` was edited after it was applied; what it says now counts",
                file.path()
            )
        })
        .collect();
    notes.extend(plan.missing.iter().map(|row| {
        format!(
            "version {} `{}` was applied, and its file is missing: what it made shows as added",
            row.version, row.name
        )
    }));
    let not_yet = plan.pending.len() + plan.out_of_order.len();
    if not_yet > 0 {
        notes.push(format!("{} not applied yet, and not counted", count(not_yet, "file")));
    }
    (files, notes)
}

/// What the files make. Extensions that none of them creates are there only so that the files can be applied.
fn make(shadow: &Shadow, target: &Target, files: &[MigrationFile], notes: &mut Vec<String>) -> Result<Facts, Error> {
    let lacking = shadow.install_extensions(target, files)?;
    let lacks = lacking.clone();
    notes.extend(lacking);
    let (theirs, ours) = (shadow.target().identity.major, target.identity.major);
    if theirs != ours {
        notes.push(format!(
            "the throwaway database is on PostgreSQL {theirs}, the database on {ours}: what they spell differently shows as changed"
        ));
    }
    let helpers = Facts::read(shadow.session())?;
    shadow.apply(files).map_err(|e| {
        let e = e.context("the files cannot be applied to a throwaway database");
        lacks.into_iter().fold(e, Error::cause)
    })?;
    let mut made = Facts::read(shadow.session())?;
    made.retain(|fact| !helpers.iter().any(|helper| is_extension(fact) && helper == fact));
    made.rename_role(&shadow.target().identity.user, MIGRATING_ROLE);
    Ok(made)
}

/// An extension, or the comment that it came with.
fn is_extension(fact: &Fact) -> bool {
    fact.kind == "extension" || (fact.kind == "comment" && fact.identity.starts_with("extension "))
}

fn report(drift: &Drift, target: &Target, files: usize, applying: Duration, notes: &[String], output: &Output) {
    let files_applied = count(files, "file");
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
            "with a throwaway database, on which the files took {}",
            duration(applying)
        ),
    );
    let differences: Vec<Value> = drift.differences().iter().map(drift::json).collect();
    output.result(
        &text,
        &json!({
            "database": target.identity.database,
            "server": target.place(),
            "files": files,
            "equal": drift.is_none(),
            "differences": differences,
            "notes": notes,
            "seconds_applying": applying.as_secs_f64(),
        }),
    );
}
