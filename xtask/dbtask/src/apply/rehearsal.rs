//! The rehearsal of the very files, on what the target is.

use dbtask_rules::MigrationFolder;
use dbtask_runner::{Error, Repeatables, SchemaHistory, Script, repeatable_runs};

use super::{Request, changed};
use crate::facts::Facts;
use crate::named::File;
use crate::output::{Output, count};
use crate::proven::Basis;
use crate::rehearse::{self, Start, Subject, There};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Rehearses the files; an error unless all are proven. What was proven on the schema of that fingerprint is not tried again.
///
/// It begins with the files that are applied, since these bring the rows along that seed files insert; where they do not make
/// the schema that the target has, with that schema, since it is what the files will meet.
pub(super) fn prove(
    target: &Target,
    folder: &MigrationFolder,
    request: &Request,
    fingerprint: &str,
    workspace: &Workspace,
    output: &Output,
) -> Result<(), Error> {
    let history = SchemaHistory::read(&target.session)?;
    let runs = repeatable_runs(&target.session, &history)?;
    let standing = Repeatables::new(folder.repeatables(), &runs);
    let there = There::new(request.applied.clone(), &standing, workspace);
    let files: Vec<Script<'_>> = request.files.iter().map(File::script).collect();
    let basis = Basis {
        identity: &target.identity,
        fingerprint,
        applied: &request.applied,
        current: &there.current(),
    };
    if basis.has_proven(workspace, &files) {
        output.step(
            "rehearsed",
            &format!(
                "{} by an earlier run: neither text nor schema changed since",
                count(files.len(), "file")
            ),
        );
        return Ok(());
    }
    let begin = |start: &Start<'_>| {
        let shadow = Shadow::create(target, workspace, output)?;
        shadow.check_reach(files.iter().copied())?;
        start
            .prepare(&shadow, target, &there, workspace, output)
            .map_err(|e| shadow.interruption().unwrap_or(e))?;
        Ok::<_, Error>(shadow)
    };
    let mut start = Start::Files;
    let mut shadow = begin(&start)?;
    let live = Facts::read(&target.session)?;
    if live.fingerprint() != fingerprint {
        return Err(changed(&live.fingerprint()));
    }
    let drifts = live.difference(&shadow.schema_for(target)?).len();
    if drifts > 0 {
        output.note(&format!(
            "the schema is not what the applied files make ({}; `cargo xtask db:drift` names them): the rehearsal begins with the schema as it is, without rows",
            count(drifts, "difference")
        ));
        start = Start::Schema;
        drop(shadow);
        shadow = begin(&start)?;
    }
    let subjects: Vec<Subject<'_>> = request.files.iter().map(Subject::from).collect();
    // the checks are for the rows that the target has, which are not here
    let rehearsed = rehearse::all(&shadow, &subjects, &[]).map_err(|e| shadow.interruption().unwrap_or(e))?;
    output.text(&rehearse::table(&rehearsed));
    let unproven: Vec<_> = rehearsed.iter().filter(|file| !file.is_proven()).collect();
    if unproven.is_empty() {
        if let Err(error) = basis.remember(workspace, &files) {
            output.note(&format!("it will be rehearsed again: {}", error.message()));
        }
        output.step(
            "rehearsed",
            &format!("{}, {}", count(rehearsed.len(), "file"), start.describe()),
        );
        return Ok(());
    }
    let error = Error::refused(format!(
        "the rehearsal does not prove {} of {}",
        unproven.len(),
        count(request.files.len(), "file")
    ));
    let causes = unproven
        .iter()
        .flat_map(|file| file.reasons.iter().map(|reason| format!("`{}`: {reason}", file.path)));
    Err(causes
        .fold(error, Error::cause)
        .help("correct the file; `cargo xtask db:rehearse` tries it again"))
}
