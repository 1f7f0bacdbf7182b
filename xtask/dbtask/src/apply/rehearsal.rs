//! The rehearsal of the very files, on what the target is.

use dbtask_rules::MigrationFolder;
use dbtask_runner::{Error, Repeatables, SchemaHistory, repeatable_runs};

use super::Request;
use crate::facts::Facts;
use crate::output::{Output, count};
use crate::rehearse::{self, Start, Subject, There};
use crate::shadow::Shadow;
use crate::target::Target;
use crate::workspace::Workspace;

/// Rehearses the files; an error unless all are proven.
///
/// It begins with the files that are applied, since these bring the rows along that seed files insert; where they do not make
/// the schema that the target has, with that schema, since it is what the files will meet.
pub(super) fn prove(
    target: &Target,
    folder: &MigrationFolder,
    request: &Request,
    workspace: &Workspace,
    output: &Output,
) -> Result<(), Error> {
    let history = SchemaHistory::read(&target.session)?;
    let runs = repeatable_runs(&target.session, &history)?;
    let standing = Repeatables::new(folder.repeatables(), &runs);
    let there = There::new(request.applied.clone(), &standing, workspace);
    let begin = |start: &Start<'_>| {
        let shadow = Shadow::create(target, workspace, output)?;
        shadow.check_reach(request.files.iter().map(Into::into))?;
        start
            .prepare(&shadow, target, &there, workspace, output)
            .map_err(|e| shadow.interruption().unwrap_or(e))?;
        Ok::<_, Error>(shadow)
    };
    let mut start = Start::Files;
    let mut shadow = begin(&start)?;
    let live = Facts::read(&target.session)?;
    let mut made = Facts::read(shadow.session())?;
    made.rename_role(&shadow.target().identity.user, &target.identity.user);
    let drifts = live.difference(&made).len();
    if drifts > 0 {
        output.note(&format!(
            "the schema is not what the applied files make ({}; `cargo xtask db:drift` names them): the rehearsal begins with the schema as it is, without rows",
            count(drifts, "difference")
        ));
        start = Start::Schema;
        drop(shadow);
        shadow = begin(&start)?;
    }
    let subjects: Vec<Subject<'_>> = request
        .files
        .iter()
        .map(|file| Subject {
            file: file.into(),
            in_transaction: !file.directives().no_transaction,
        })
        .collect();
    // the checks are for the rows that the target has, which are not here
    let rehearsed = rehearse::all(&shadow, &subjects, &[]).map_err(|e| shadow.interruption().unwrap_or(e))?;
    output.text(&rehearse::table(&rehearsed));
    let unproven: Vec<_> = rehearsed.iter().filter(|file| !file.is_proven()).collect();
    if unproven.is_empty() {
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
