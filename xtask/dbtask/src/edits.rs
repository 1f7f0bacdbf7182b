//! What changed in a file after it was applied, as far as git knows the text that was.

use dbtask_rules::{MigrationFolder, RepeatableFile, checksum, statements};
use dbtask_runner::{Divergent, Error, Plan, RepeatableRuns, SchemaHistory, Session};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// How many files are explained, how far back git is asked, and how much of a difference is shown.
const FILES: usize = 3;
const COMMITS: &str = "200";
const LINES: usize = 20;

/// Adds to an error about files and history what changed in the files that were edited.
pub(crate) fn explain(workspace: &Workspace, session: &Session, folder: &MigrationFolder, error: Error) -> Error {
    let Ok(history) = SchemaHistory::read(session) else {
        return error;
    };
    let plan = Plan::new(folder.files(), &history);
    plan.divergent
        .iter()
        .take(FILES)
        .filter_map(|edited| change(workspace, edited))
        .fold(error, Error::cause)
}

/// The change in words: that only comments changed, or the difference. `None` where git does not know the text that was
/// applied.
pub(crate) fn change(workspace: &Workspace, edited: &Divergent<'_>) -> Option<String> {
    let shell = Shell::new().ok()?;
    shell.change_dir(workspace.root());
    let path = edited.file.path();
    let AppliedText { object, revision, text } = applied_text(&shell, edited)?;
    let short = &revision[..revision.len().min(10)];
    if statements::are_same(&text, edited.file.sql()) {
        return Some(format!(
            "`{path}`: only comments and white space changed since commit {short}"
        ));
    }
    let diff = cmd!(shell, "git diff --no-color --no-ext-diff {object} ./{path}")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()?;
    // the head names the file again
    let lines: Vec<&str> = diff.lines().skip_while(|line| !line.starts_with("@@")).collect();
    let shown = lines[..lines.len().min(LINES)].join("\n");
    let more = if lines.len() > LINES { "\n…" } else { "" };
    Some(format!(
        "`{path}` since commit {short}, when it was as it was applied:\n{shown}{more}"
    ))
}

/// A file as it was applied.
struct AppliedText {
    /// As git names it: the commit and the path.
    object: String,
    revision: String,
    text: String,
}

/// The newest commit that has the file as it was applied, under the name that it had then.
fn applied_text(shell: &Shell, edited: &Divergent<'_>) -> Option<AppliedText> {
    let name = edited.file.name().described_as(&edited.applied.name)?;
    let path = edited.file.path();
    let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
    newest(shell, &format!("{folder}{name}"), |text| {
        checksum(&name, text) == edited.applied.checksum
    })
}

/// A repeatable file as it was carried out last, where git knows that.
pub(crate) fn carried_out(
    workspace: &Workspace,
    file: &RepeatableFile,
    runs: &RepeatableRuns,
) -> Option<RepeatableFile> {
    let shell = Shell::new().ok()?;
    shell.change_dir(workspace.root());
    let found = newest(&shell, file.path(), |text| {
        runs.are_current(&file.with_text(text.to_owned()))
    })?;
    Some(file.with_text(found.text))
}

/// The newest commit that has the file with a text that is the one that is looked for.
fn newest(shell: &Shell, path: &str, is_it: impl Fn(&str) -> bool) -> Option<AppliedText> {
    let log = cmd!(shell, "git log --format=%H --max-count={COMMITS} -- {path}")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()?;
    log.lines().find_map(|revision| {
        let object = format!("{revision}:./{path}");
        let output = cmd!(shell, "git show {object}")
            .quiet()
            .ignore_status()
            .ignore_stderr()
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        is_it(&text).then(|| AppliedText {
            object,
            revision: revision.to_owned(),
            text,
        })
    })
}
