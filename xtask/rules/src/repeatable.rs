//! A repeatable file, `R__component_names.sql`: carried out again whenever its text changed.

use std::borrow::Cow;
use std::path::Path;

use crate::checksum::repeatable_checksum;
use crate::directives::Directives;
use crate::file::{about_name, read_text};
use crate::name::{is_lower_snake, lower_snake};
use crate::{Diagnostic, Embedded, Position};

const PREFIX: &str = "R__";
const EXTENSION: &str = ".sql";

/// The grammar in words, for help.
pub(crate) const GRAMMAR: &str = "`R__`, a description in lower_snake_case, `.sql`";

/// A repeatable file that can be carried out: a view, a function, a grant, as it should be now. refinery passes over a
/// file of that name.
#[derive(Debug, Clone)]
pub struct RepeatableFile {
    path: Cow<'static, str>,
    sql: Cow<'static, str>,
    checksum: u64,
}

impl RepeatableFile {
    /// A file that a build script checked and embedded.
    pub fn embedded((path, sql, checksum): Embedded) -> Result<RepeatableFile, Diagnostic> {
        if parse_name(last_part(path)).is_none() {
            let message = format!("the name of a repeatable file is {GRAMMAR}");
            return Err(about_name(path, message, None));
        }
        check_directives(path, sql).map_err(|mut findings| findings.swap_remove(0))?;
        Ok(RepeatableFile {
            path: Cow::Borrowed(path),
            sql: Cow::Borrowed(sql),
            checksum,
        })
    }

    /// Reads a file whose name is in order. `path` is its path as people read it.
    pub(crate) fn read(file: &Path, path: String) -> Result<RepeatableFile, Vec<Diagnostic>> {
        let sql = read_text(file, &path)?;
        check_directives(&path, &sql)?;
        Ok(RepeatableFile {
            checksum: repeatable_checksum(last_part(&path), &sql),
            path: Cow::Owned(path),
            sql: Cow::Owned(sql),
        })
    }

    /// The file with another text, such as it had before.
    #[must_use]
    pub fn with_text(&self, sql: String) -> RepeatableFile {
        RepeatableFile {
            path: self.path.clone(),
            checksum: repeatable_checksum(self.name(), &sql),
            sql: Cow::Owned(sql),
        }
    }

    /// The path, relative to the workspace root where the file lies inside.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file's name, which is what it goes by: `R__component_names.sql`.
    pub fn name(&self) -> &str {
        last_part(&self.path)
    }

    /// The text, to the byte.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The checksum over name and text.
    pub fn checksum(&self) -> u64 {
        self.checksum
    }

    /// The name of a repeatable file with a description in words, if these have a letter or digit.
    pub fn name_for(words: &str) -> Option<String> {
        let description = lower_snake(words);
        (!description.is_empty()).then(|| format!("{PREFIX}{description}{EXTENSION}"))
    }
}

/// The description in a repeatable file's name; `None` where it is no such name.
pub(crate) fn parse_name(name: &str) -> Option<&str> {
    let description = name.strip_prefix(PREFIX)?.strip_suffix(EXTENSION)?;
    is_lower_snake(description).then_some(description)
}

/// What a name that begins like a repeatable file's was meant to be.
pub(crate) fn meant(name: &str) -> Option<String> {
    let words = name.strip_prefix(['R', 'r'])?.strip_prefix('_')?;
    let end = words.to_ascii_lowercase().find(EXTENSION).unwrap_or(words.len());
    RepeatableFile::name_for(&words[..end])
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// One that is carried out half has no number at which a rerun could go on, and what it replaces is in use meanwhile: it
/// is a transaction, always.
fn check_directives(path: &str, sql: &str) -> Result<(), Vec<Diagnostic>> {
    if !Directives::parse(path, sql)?.no_transaction {
        return Ok(());
    }
    let at = sql.find("dbtask:no-transaction").unwrap_or(0);
    Err(vec![Diagnostic {
        path: path.to_owned(),
        position: Some(Position::of_byte(sql.as_bytes(), at)),
        message: "a repeatable file cannot be without a transaction".to_owned(),
        help: Some(
            "put what cannot run in a transaction into a numbered file of its own: `cargo xtask db:new NAME`"
                .to_owned(),
        ),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_or_what_was_meant_is_guessed() {
        assert_eq!(parse_name("R__a_view2.sql"), Some("a_view2"));
        for (name, fixed) in [
            ("R__A-view.sql", Some("R__a_view.sql")),
            ("R_a.sql", Some("R__a.sql")),
            ("r__a.SQL", Some("R__a.sql")),
            ("R__a.sql.orig", Some("R__a.sql")),
            ("R__.sql", None),
            ("R1__a.sql", None),
            ("Read_me.sql", None),
        ] {
            assert_eq!(parse_name(name), None, "{name}");
            assert_eq!(meant(name).as_deref(), fixed, "{name}");
        }
    }

    #[test]
    fn one_without_a_transaction_is_refused_where_it_says_so() {
        let findings = check_directives("R__a.sql", "-- why\n-- dbtask:no-transaction\nVACUUM;\n").unwrap_err();
        assert!(findings[0].to_string().starts_with("R__a.sql:2:4: a repeatable file"));
    }
}
