//! `db:lint`

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use dbtask_rules::MigrationFolder;
use dbtask_rules::lint::{Finding, Policy, lint};
use dbtask_runner::Error;
use serde_json::json;

use crate::exit::Exit;
use crate::findings::{self, Format};
use crate::fix::{self, Applied};
use crate::output::{Output, count};
use crate::workspace::Workspace;

/// Hold the migration files against the SQL policy
///
/// What the service's build script says, in full: each finding with its place, the lock or the loss behind it, and the
/// statement to write instead. All files are read in their order, as one history; with FILE only what is found in those is
/// shown. Levels and the target PostgreSQL come from migrations/policy.toml. Needs no database.
///
/// Ends with exit code 1 where there is an error.
#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The files whose findings are shown: a path, or a file's name [default: all]
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// How the findings are printed
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        conflicts_with = "json"
    )]
    format: Format,
    /// Show every finding in full, also where a rule has many
    #[arg(long)]
    all: bool,
    /// A warning ends with exit code 1, too
    #[arg(long)]
    deny_warnings: bool,
    /// Make the changes that are safe to make, in files that git has not committed and that are not applied to DATABASE_URL,
    /// and in repeatable ones
    #[arg(long)]
    fix: bool,
}

impl Lint {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let policy = workspace.read_policy()?;
        let mut folder = workspace.read_migrations()?;
        let shown = self.shown(&folder)?;
        let mut fixed = 0;
        if self.fix {
            fixed = fix(workspace, &mut folder, &policy, &shown, output)?;
        }
        let report = lint(&folder, &policy);
        let findings: Vec<&Finding> = report.findings.iter().filter(|f| shown.contains(&f.path)).collect();
        let (errors, warnings) = findings::counts(&findings);
        let json = json!({
            "errors": errors,
            "warnings": warnings,
            "fixed": fixed,
            "findings": findings.iter().map(|finding| findings::to_json(finding)).collect::<Vec<_>>(),
        });
        output.result(&findings::render(self.format, &findings, &folder, self.all), &json);
        output.text(&verdict(&findings, shown.len()));
        let is_bad = errors > 0 || self.deny_warnings && warnings > 0;
        Ok(if is_bad { Exit::Failed } else { Exit::Done })
    }

    /// The paths of the files whose findings are shown.
    fn shown(&self, folder: &MigrationFolder) -> Result<BTreeSet<String>, Error> {
        let all: Vec<&str> = folder.texts().map(|(path, _)| path).collect();
        if self.files.is_empty() {
            return Ok(all.into_iter().map(str::to_owned).collect());
        }
        let named = |typed: &String| {
            let name = typed.rsplit('/').next().unwrap_or(typed);
            let path = all.iter().find(|path| path.rsplit('/').next() == Some(name));
            path.map(|path| (*path).to_owned()).ok_or_else(|| {
                Error::usage(format!("no migration has the name `{typed}`"))
                    .help("`cargo xtask db:lint` looks at all of them")
            })
        };
        self.files.iter().map(named).collect()
    }
}

/// Changes beget findings that were hidden before them, such as a second clause of the same statement.
const ROUNDS: usize = 4;

/// Makes the safe changes in the files that may be changed, and reads the folder again. The number of changes.
fn fix(
    workspace: &Workspace,
    folder: &mut MigrationFolder,
    policy: &Policy,
    shown: &BTreeSet<String>,
    output: &Output,
) -> Result<usize, Error> {
    let applied = Applied::find(workspace, output)?;
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    let mut left = BTreeSet::new();
    for _ in 0..ROUNDS {
        let report = lint(folder, policy);
        let mut by_file: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in report
            .findings
            .iter()
            .filter(|f| !f.edits.is_empty() && shown.contains(&f.path))
        {
            match applied.reason_against(folder, &finding.path) {
                Some(reason) if left.insert(finding.path.clone()) => {
                    output.note(&format!("`{}` is left as it is: {reason}", finding.path));
                }
                Some(_) => {}
                None => by_file.entry(&finding.path).or_default().push(finding),
            }
        }
        if by_file.is_empty() {
            break;
        }
        for (path, findings) in &by_file {
            let Some((_, sql)) = folder.texts().find(|(known, _)| known == path) else {
                continue;
            };
            let name = path.rsplit('/').next().unwrap_or(path);
            *made.entry((*path).to_owned()).or_default() +=
                fix::write(&workspace.migrations().join(name), sql, findings)?;
        }
        *folder = workspace.read_migrations()?;
    }
    for (path, changes) in &made {
        output.step("fixed", &format!("{path}: {}", count(*changes, "finding")));
    }
    Ok(made.values().sum())
}

/// The last line.
fn verdict(findings: &[&Finding], files: usize) -> String {
    let mut text = format!("{} in {}", findings::summary(findings), count(files, "file"));
    if let Some(first) = findings.first() {
        text = format!("{text}; `cargo xtask db:explain {}` says more about a rule", first.rule);
    }
    if findings.iter().any(|finding| !finding.edits.is_empty()) {
        text = format!("{text}, `--fix` makes the safe changes");
    }
    text
}
