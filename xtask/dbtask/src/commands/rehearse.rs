//! `db:rehearse`

mod on;

use std::path::PathBuf;

use clap::Args;
use dbtask_rules::{MigrationFile, MigrationFolder};
use dbtask_runner::{Error, Plan, Repeatables, SchemaHistory, Script, repeatable_runs};
use serde_json::json;

use crate::checks::CheckFile;
use crate::edits;
use crate::exit::Exit;
use crate::named::{self, File};
use crate::output::{self, Output, count};
use crate::proven::Basis;
use crate::rehearse::{self, Rehearsed, Start, Subject, There};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Prove pending files on a throwaway database, and measure what they lock
///
/// Each file is applied to a database that is like the target, and applied again: the second run must change nothing,
/// neither the schema nor a row, and no query of migrations/checks and no body of a function may fail that held before. Of
/// each statement it says which locks it takes on tables that were there before, which tables it writes anew or reads from
/// end to end, and how long it takes.
///
/// The throwaway database is made on SHADOW_DATABASE_URL where that is set, else on the server of DATABASE_URL where the
/// role may create databases, else on the private server. The target is only read. Exit code 4 unless all is proven.
///
/// With --on the numbered files are applied for good, to a database that is marked staging (db:mark): checked, and recorded in
/// its dbtask_journal, as by db:apply, but without a backup and unasked. db:apply --require-staging asks for that record.
#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The files, by path, name or version; also R__NAME.sql [default: all that are pending]
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Begin with this backup, data and all, instead of the files that are applied
    #[arg(long, value_name = "FILE", conflicts_with = "schema_of_target")]
    from_backup: Option<PathBuf>,
    /// Begin with the schema that the target has, by pg_dump, instead of the files that are applied
    #[arg(long)]
    schema_of_target: bool,
    /// Apply the files to the database that this variable names, in the environment or .env, and that is marked staging, such
    /// as STAGING_DATABASE_URL
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["from_backup", "schema_of_target", "html"])]
    on: Option<String>,
    /// Write a page with the locks of each statement
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Rehearse {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        self.html.as_deref().map(output::check_place).transpose()?;
        if let Some(variable) = &self.on {
            return on::run(variable, &self.files, workspace, output);
        }
        let folder = workspace.read_migrations()?;
        let checks = CheckFile::read_all(workspace)?;
        let target = Target::open(workspace, output)?;
        let history = SchemaHistory::read(&target.session)?;
        let plan = Plan::new(folder.files(), &history);
        plan.check()
            .map_err(|e| edits::explain(workspace, &target.session, &folder, e))?;
        let runs = repeatable_runs(&target.session, &history)?;
        let standing = Repeatables::new(folder.repeatables(), &runs);
        let files = self.choose(&folder, &plan, &standing)?;
        if files.is_empty() {
            let text = format!("nothing is pending: {} has every migration", target.describe());
            output.result(
                &text,
                &json!({ "database": target.identity.database, "proven": true, "files": [] }),
            );
            return Ok(Exit::Done);
        }
        let there = There::new(before(&plan, &files), &standing, workspace);
        let subjects: Vec<Subject<'_>> = files.iter().map(Subject::from).collect();
        let shadow = Shadow::create(&target, workspace, output)?;
        output.step("created", &shadow.describe());
        shadow.check_reach(subjects.iter().map(|subject| subject.file))?;
        let start = match (&self.from_backup, self.schema_of_target) {
            (Some(path), _) => Start::Backup(path),
            (None, true) => Start::Schema,
            (None, false) => Start::Files,
        };
        let (schema, rehearsed) = start
            .prepare(&shadow, &target, &there, workspace, output)
            .and_then(|()| {
                let is_of_files = matches!(start, Start::Files);
                let schema = is_of_files.then(|| shadow.schema_for(&target)).transpose()?;
                Ok((schema, rehearse::all(&shadow, &subjects, &checks)?))
            })
            .map_err(|e| shadow.interruption().map_or(e, |i| i.state("nothing was changed")))?;
        if let Some(schema) = schema.filter(|_| rehearsed.iter().all(Rehearsed::is_proven)) {
            let basis = Basis {
                identity: &target.identity,
                fingerprint: &schema.fingerprint(),
                applied: there.numbered(),
                current: &there.current(),
            };
            let files: Vec<Script<'_>> = files.iter().map(File::script).collect();
            if let Err(error) = basis.remember(workspace, &files) {
                output.note(&format!("db:apply will rehearse it again: {}", error.message()));
            }
        }
        if let Some(path) = &self.html {
            output::write(path, &rehearse::page(&rehearsed, &target.describe(), &start.describe()))?;
            output.step("wrote", &path.display().to_string());
        }
        Ok(report(&rehearsed, &target, &start, output))
    }

    /// The files to rehearse, in order. A numbered one that the target has is rehearsed where it was; of a repeatable one
    /// that was carried out as it is there is nothing to see.
    fn choose(
        &self,
        folder: &MigrationFolder,
        plan: &Plan<'_>,
        standing: &Repeatables<'_>,
    ) -> Result<Vec<File>, Error> {
        if self.files.is_empty() {
            return Ok(named::pending(plan, standing));
        }
        let files = named::find(&self.files, folder)?;
        named::refuse_current(&files, standing)?;
        Ok(files)
    }
}

/// The files that the throwaway database begins with: those that the target has; of those only what comes before the first
/// one that is rehearsed although the target has it.
fn before(plan: &Plan<'_>, files: &[File]) -> Vec<MigrationFile> {
    let is_rehearsed = |file: &MigrationFile| files.iter().any(|other| other.version() == Some(file.version()));
    let applied = plan.applied.iter().map(|(file, _)| *file);
    applied.take_while(|file| !is_rehearsed(file)).cloned().collect()
}

fn report(files: &[Rehearsed], target: &Target, start: &Start<'_>, output: &Output) -> Exit {
    let unproven = files.iter().filter(|file| !file.is_proven()).count();
    let verdict = match unproven {
        0 => format!(
            "{} proven for {}, {}",
            count(files.len(), "file"),
            target.describe(),
            start.describe()
        ),
        n => format!(
            "{} of {} not proven; nothing was changed in {}",
            n,
            count(files.len(), "file"),
            target.describe()
        ),
    };
    output.result(
        &format!("{}\n\n{verdict}", rehearse::table(files)),
        &json!({
            "database": target.identity.database,
            "from": start.describe(),
            "proven": unproven == 0,
            "files": rehearse::json(files),
        }),
    );
    if unproven == 0 { Exit::Done } else { Exit::Pending }
}
