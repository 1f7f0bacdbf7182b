//! `db:schema`

use std::path::{Path, PathBuf};

use clap::Args;
use dbtask_runner::Error;
use serde_json::json;
use similar::TextDiff;

use crate::diagram::{self, Format};
use crate::exit::Exit;
use crate::output::{self, Output};
use crate::schema;
use crate::target::Target;
use crate::workspace::Workspace;

/// How many unchanged lines stand around a change.
const AROUND: usize = 3;

/// Print the database's schema as SQL text, the same bytes for the same schema
///
/// By the pg_dump that fits, without what changes from run to run. It loads into an empty database with psql. What belongs
/// to the role that migrates says no owner, passwords are left out. Reads only; works on production.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Exit with 4 and the difference unless FILE says the same (for CI)
    #[arg(long, value_name = "FILE", conflicts_with = "diagram")]
    check: Option<PathBuf>,
    /// A diagram of tables, columns, keys instead: `mermaid` or `svg` to stdout, or a FILE.mmd or FILE.svg
    #[arg(long, value_name = "FORMAT|FILE")]
    diagram: Option<PathBuf>,
}

impl Schema {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        // what is typed wrong is said before anything is read
        let expected = self.check.as_deref().map(read_expected).transpose()?;
        let format = self.diagram.as_deref().map(Format::of).transpose()?;
        let file = self.diagram.as_deref().filter(|path| path.extension().is_some());
        file.map(output::check_place).transpose()?;
        let target = Target::open(workspace, output)?;
        if let Some((format, path)) = format.zip(self.diagram.as_deref()) {
            return draw(format, path, &target, output);
        }
        let text = schema::read(&target.session, target.identity.major)?;
        if let (Some(expected), Some(path)) = (expected, &self.check) {
            return Ok(check(&expected, path, &text, &target, output));
        }
        let json = json!({ "database": target.identity.database, "schema": text });
        output.result(text.trim_end_matches('\n'), &json);
        Ok(Exit::Done)
    }
}

fn read_expected(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|e| {
        let error = Error::usage(format!("failed to read `{}`", path.display())).cause(e.to_string());
        if e.kind() == std::io::ErrorKind::NotFound {
            return error.help(format!("to write it: `cargo xtask db:schema > {}`", path.display()));
        }
        error.help("name the file that `cargo xtask db:schema > FILE` wrote")
    })
}

fn check(expected: &str, path: &Path, text: &str, target: &Target, output: &Output) -> Exit {
    let shown = path.display().to_string();
    let json = |diff: &str| json!({ "database": target.identity.database, "file": shown, "equal": diff.is_empty(), "diff": diff });
    if expected == text {
        output.result(&format!("{shown} says what {} has", target.describe()), &json(""));
        return Exit::Done;
    }
    let diff = TextDiff::from_lines(expected, text)
        .unified_diff()
        .context_radius(AROUND)
        .header(&shown, &format!("database {}", target.identity.database))
        .to_string();
    output.result(diff.trim_end(), &json(&diff));
    output.note(&format!(
        "{shown} and {} differ; to take over what the database has: `cargo xtask db:schema > {shown}`",
        target.describe()
    ));
    Exit::Pending
}

fn draw(format: Format, path: &Path, target: &Target, output: &Output) -> Result<Exit, Error> {
    let text = diagram::read(&target.session)?.draw(format);
    if path.extension().is_none() {
        output.result(&text, &json!({ "database": target.identity.database, "diagram": text }));
        return Ok(Exit::Done);
    }
    output::write(path, &format!("{text}\n"))?;
    let shown = path.display().to_string();
    output.result(
        &format!("{shown}: the diagram of {}", target.describe()),
        &json!({ "database": target.identity.database, "file": shown }),
    );
    Ok(Exit::Done)
}
