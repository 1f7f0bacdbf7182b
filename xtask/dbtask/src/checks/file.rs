//! The files of `migrations/checks`.

use std::path::Path;

use dbtask_rules::{Diagnostic, statements};
use dbtask_runner::{Error, Excerpt};

use crate::workspace::{Workspace, disorder};

/// The folder's name, beside the migrations.
pub(crate) const FOLDER: &str = "checks";

/// A file of queries.
#[derive(Debug)]
pub(crate) struct CheckFile {
    /// Relative to the workspace root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// One query of it.
pub(crate) struct Query<'a> {
    /// The file's name; with the query's number where it has several.
    pub(crate) name: String,
    pub(crate) sql: &'a str,
    /// Where it begins, in bytes, and the line.
    pub(crate) start: usize,
    pub(crate) line: usize,
}

impl CheckFile {
    /// Reads them, sorted by name; everything that is wrong with them is one error. Without the folder there are none.
    pub(crate) fn read_all(workspace: &Workspace) -> Result<Vec<CheckFile>, Error> {
        let dir = workspace.migrations().join(FOLDER);
        let failed = |e: std::io::Error| {
            Error::failed(format!("failed to read `{}`", workspace.display(&dir))).cause(e.to_string())
        };
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed(e)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(failed)?.path());
        }
        paths.sort();
        let (mut files, mut findings) = (Vec::new(), Vec::new());
        for path in paths {
            match read(workspace, &path) {
                Ok(file) => files.push(file),
                Err(finding) => findings.push(finding),
            }
        }
        if findings.is_empty() {
            return Ok(files);
        }
        Err(disorder(findings))
    }

    /// Its queries, in order.
    pub(crate) fn queries(&self) -> impl Iterator<Item = Query<'_>> {
        let ranges = statements::split(&self.text);
        let n = ranges.len();
        let stem = self
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".sql");
        ranges.into_iter().zip(1..).map(move |(range, number)| Query {
            name: if n == 1 {
                stem.to_owned()
            } else {
                format!("{stem} {number}")
            },
            line: Excerpt::of_byte(&self.path, &self.text, range.start).position.line,
            start: range.start,
            sql: &self.text[range],
        })
    }
}

impl Query<'_> {
    /// Its first word, in lower case, behind parentheses.
    pub(crate) fn first_word(&self) -> String {
        let begin = self.sql.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
        let end = begin.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(begin.len());
        begin[..end].to_ascii_lowercase()
    }
}

fn read(workspace: &Workspace, path: &Path) -> Result<CheckFile, Diagnostic> {
    let shown = workspace.display(path);
    let finding = |message: String, help: &str| Diagnostic {
        path: shown.clone(),
        position: None,
        message,
        help: Some(help.to_owned()),
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.strip_suffix(".sql").unwrap_or_default();
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if stem.is_empty() || !stem.chars().all(is_word) || !path.is_file() || path.is_symlink() {
        return Err(finding(
            "it is no check".to_owned(),
            "a check is a file whose name says in lower_snake_case what holds: `orders_have_a_customer.sql`; move other things out of the folder",
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|e| finding(format!("it cannot be read: {e}"), "a check is a text in UTF-8"))?;
    if statements::split(&text).is_empty() {
        return Err(finding(
            "it has no query".to_owned(),
            "write one that returns what should not be there, or remove the file",
        ));
    }
    Ok(CheckFile { path: shown, text })
}
