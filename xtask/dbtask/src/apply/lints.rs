//! What the SQL policy has against the files.

use dbtask_rules::MigrationFolder;
use dbtask_rules::lint::{Finding, Level, lint};
use dbtask_runner::Error;

use crate::findings::{self, Format};
use crate::named::File;
use crate::output::Output;
use crate::workspace::Workspace;

/// Holds the files against the policy as `db:lint` does, and shows what is found; an error refuses.
pub(super) fn check(
    workspace: &Workspace,
    folder: &MigrationFolder,
    files: &[File],
    output: &Output,
) -> Result<(), Error> {
    let report = lint(folder, &workspace.read_policy()?);
    let is_asked = |finding: &&Finding| files.iter().any(|file| file.path() == finding.path);
    let found: Vec<&Finding> = report.findings.iter().filter(is_asked).collect();
    if found.is_empty() {
        return Ok(());
    }
    output.text(&findings::render(Format::Text, &found, folder, false));
    let Some(first) = found.iter().find(|finding| finding.level == Level::Error) else {
        return Ok(());
    };
    Err(
        Error::refused(format!("the SQL policy is against it: {}", findings::summary(&found)))
            .help("write what the findings say, and commit it")
            .help(format!(
                "where a rule does not hold, say so above the statement: `-- dbtask:allow({}): reason`",
                first.rule
            )),
    )
}
