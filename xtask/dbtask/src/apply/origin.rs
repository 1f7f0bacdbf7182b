//! Who applies files, to what, and of which commit they are.

use dbtask_runner::{Application, Error};
use xshell::{Shell, cmd};

use crate::guard::Treatment;
use crate::mark::Mark;
use crate::target::Target;
use crate::workspace::Workspace;

/// What is recorded of whoever applies something to this database: the account and the machine's name, where the system tells,
/// and the database's mark and identity.
pub(crate) fn application(target: &Target, treatment: &Treatment) -> Application {
    let host = Shell::new()
        .ok()
        .and_then(|shell| cmd!(shell, "uname -n").quiet().ignore_stderr().read().ok());
    Application {
        account: std::env::var("USER").ok(),
        host,
        environment: treatment.marks.mark().map(|mark| Mark::name(mark).to_owned()),
        system_identifier: target.identity.system_identifier,
        ..Application::default()
    }
}

/// The commit that the files are of, as they are; the error where they are of none.
pub(crate) fn commit<'a>(workspace: &Workspace, paths: impl Iterator<Item = &'a str>) -> Result<String, Error> {
    let failed = |e: xshell::Error| Error::failed("failed to run git").cause(e.to_string());
    let shell = Shell::new().map_err(failed)?;
    shell.change_dir(workspace.root());
    let Ok(commit) = cmd!(shell, "git rev-parse --verify HEAD")
        .quiet()
        .ignore_stderr()
        .read()
    else {
        return Err(
            Error::refused("the migrations are in no git repository, or it has no commit")
                .cause("on production a file must be committed: the record names the commit that it is of"),
        );
    };
    let folder = workspace.migrations();
    let changes = cmd!(shell, "git status --porcelain --untracked-files=all -- {folder}")
        .quiet()
        .ignore_stderr()
        .read()
        .map_err(failed)?;
    if !changes.is_empty() {
        return Err(Error::refused("the migrations folder is not as it was committed")
            .cause(changes)
            .help("commit what belongs to the release, put the rest aside, then type the command again"));
    }
    for path in paths {
        // git does not speak of what it ignores, or was told to take for unchanged
        let object = format!("HEAD:./{path}");
        let read = |command: xshell::Cmd<'_>| command.quiet().ignore_stderr().read().ok();
        let here = read(cmd!(shell, "git hash-object -- {path}"));
        let there = read(cmd!(shell, "git rev-parse --verify {object}"));
        if here.is_none() || here != there {
            return Err(Error::refused(format!("`{path}` is not as commit {commit} has it")).help("commit it"));
        }
    }
    Ok(commit)
}
