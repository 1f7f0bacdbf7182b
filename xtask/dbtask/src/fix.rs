//! `db:lint --fix`: the changes that a machine can make, in files that nobody has applied.

use std::collections::BTreeSet;
use std::path::Path;

use dbtask_rules::MigrationFolder;
use dbtask_rules::lint::{Edit, Finding};
use dbtask_runner::{Error, SchemaHistory};
use xshell::{Shell, cmd};

use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// Which files may have been applied somewhere, as far as can be known from here.
pub(crate) struct Applied {
    committed: BTreeSet<String>,
    recorded: BTreeSet<i32>,
}

impl Applied {
    /// Asks git, and the database where DATABASE_URL is set. Where neither can say anything it is an error.
    pub(crate) fn find(workspace: &Workspace, output: &Output) -> Result<Applied, Error> {
        let committed = committed(workspace);
        let has_url = workspace
            .environment()?
            .get("DATABASE_URL")
            .is_some_and(|url| !url.is_empty());
        if committed.is_none() && !has_url {
            return Err(Error::refused("`--fix` cannot tell which files are applied somewhere")
                .cause("the workspace is no git repository with a commit, and DATABASE_URL is not set")
                .state("no file was changed")
                .help("make the changes by hand: each finding says what to write"));
        }
        let mut recorded = BTreeSet::new();
        if has_url {
            let target = Target::open(workspace, output)?;
            let history = SchemaHistory::read(&target.session)?;
            recorded.extend(history.applied().iter().map(|row| row.version));
        }
        Ok(Applied {
            committed: committed.unwrap_or_default(),
            recorded,
        })
    }

    /// Why a file is not to be changed. A repeatable one is edited in place: it is carried out again.
    pub(crate) fn reason_against(&self, folder: &MigrationFolder, path: &str) -> Option<&'static str> {
        let file = folder.files().iter().find(|file| file.path() == path)?;
        if self.recorded.contains(&file.version().get()) {
            return Some("it is applied to the database of DATABASE_URL");
        }
        let is_committed = self.committed.contains(&file.name().to_string());
        is_committed.then_some("git has committed it, so it may be applied somewhere")
    }
}

/// The names of the migration files in git's last commit; `None` where there is none.
fn committed(workspace: &Workspace) -> Option<BTreeSet<String>> {
    let shell = Shell::new().ok()?;
    shell.change_dir(workspace.migrations());
    let list = cmd!(shell, "git ls-tree -z --name-only HEAD ./")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()?;
    Some(list.split('\0').map(str::to_owned).collect())
}

/// Makes the changes that findings of one file ask for; those that overlap one that is made wait for the next time.
/// The number of changes.
pub(crate) fn write(file: &Path, sql: &str, findings: &[&Finding]) -> Result<usize, Error> {
    let (text, made) = changed(sql, findings);
    // beside it, then over it: a reader never sees half a file
    let new = file.with_extension("sql.new");
    std::fs::write(&new, text)
        .and_then(|()| std::fs::rename(&new, file))
        .map_err(|e| Error::failed(format!("failed to write `{}`", file.display())).cause(e.to_string()))?;
    Ok(made)
}

/// The text with the changes in it, and how many findings that does away with.
fn changed(sql: &str, findings: &[&Finding]) -> (String, usize) {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut made = 0;
    for finding in findings {
        let collides = |edit: &Edit| {
            let touches = |taken: &&Edit| edit.range.start <= taken.range.end && taken.range.start <= edit.range.end;
            edits.iter().any(touches)
        };
        // all edits of a finding, or none
        if finding.edits.is_empty() || finding.edits.iter().any(collides) {
            continue;
        }
        edits.extend(&finding.edits);
        made += 1;
    }
    edits.sort_by_key(|edit| edit.range.start);
    let mut text = sql.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.range.clone(), &edit.replacement);
    }
    (text, made)
}
