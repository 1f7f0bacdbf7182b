//! One migration file: its name, its text, and what is wrong with either.

use std::borrow::Cow;
use std::path::Path;

use crate::directives::Directives;
use crate::{Diagnostic, FileName, Position, Version, checksum, statements};

/// The bytes that some editors put in front of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A file that can be applied: the name and the text were found to be in order.
#[derive(Debug, Clone)]
pub struct MigrationFile {
    name: FileName,
    sql: Cow<'static, str>,
    directives: Directives,
    checksum: u64,
}

/// A row of the table that a build script writes: path, text and checksum.
pub type Embedded = (&'static str, &'static str, u64);

impl MigrationFile {
    /// A file that a build script checked and embedded.
    pub fn embedded((path, sql, checksum): Embedded) -> Result<MigrationFile, Diagnostic> {
        let name = FileName::parse_path(path).map_err(|e| about_name(path, e.to_string(), None))?;
        let directives = Directives::parse(path, sql).map_err(|mut findings| findings.swap_remove(0))?;
        Ok(MigrationFile {
            name,
            sql: Cow::Borrowed(sql),
            directives,
            checksum,
        })
    }

    /// A file whose text is not read yet.
    pub(crate) fn unread(name: FileName) -> MigrationFile {
        MigrationFile {
            name,
            sql: Cow::Borrowed(""),
            directives: Directives::default(),
            checksum: 0,
        }
    }

    /// Reads its text.
    pub(crate) fn read(&mut self, file: &Path) -> Result<(), Vec<Diagnostic>> {
        let sql = read_text(file, self.path())?;
        self.directives = Directives::parse(self.path(), &sql)?;
        self.checksum = checksum(&self.name, &sql);
        self.sql = Cow::Owned(sql);
        Ok(())
    }

    /// A file of a name and a text, of which only the directives are looked at.
    pub fn of_text(name: FileName, sql: String) -> Result<MigrationFile, Vec<Diagnostic>> {
        Ok(MigrationFile {
            directives: Directives::parse(name.path(), &sql)?,
            checksum: checksum(&name, &sql),
            name,
            sql: Cow::Owned(sql),
        })
    }

    /// The path, relative to the workspace root where the file lies inside.
    pub fn path(&self) -> &str {
        self.name.path()
    }

    /// The name.
    pub fn name(&self) -> &FileName {
        &self.name
    }

    /// The version in the name.
    pub fn version(&self) -> Version {
        self.name.version()
    }

    /// The text, to the byte.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// refinery's checksum over name, version and text.
    pub fn checksum(&self) -> u64 {
        self.checksum
    }

    /// What the file says about itself.
    pub fn directives(&self) -> Directives {
        self.directives
    }
}

/// A finding about a file's name or kind.
pub(crate) fn about_name(path: &str, message: impl Into<String>, help: Option<String>) -> Diagnostic {
    Diagnostic {
        path: path.to_owned(),
        position: None,
        message: message.into(),
        help,
    }
}

/// The text of a file, when it is one that PostgreSQL takes and that has the same checksum everywhere.
pub(crate) fn read_text(file: &Path, path: &str) -> Result<String, Vec<Diagnostic>> {
    let bytes = std::fs::read(file).map_err(|e| {
        vec![about_name(
            path,
            format!("it cannot be read: {e}"),
            Some(format!("let its owner run `chmod u+r {path}`")),
        )]
    })?;
    let mut findings = check_bytes(path, &bytes);
    match String::from_utf8(bytes) {
        Ok(text) => {
            if statements::is_empty(text.strip_prefix('\u{feff}').unwrap_or(&text)) {
                let what = if text.trim().is_empty() {
                    "the file is empty"
                } else {
                    "the file has comments alone, no statement"
                };
                findings.push(about_name(
                    path,
                    what,
                    Some("write its SQL, or delete the file".to_owned()),
                ));
            }
            if findings.is_empty() { Ok(text) } else { Err(findings) }
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            findings.push(Diagnostic {
                path: path.to_owned(),
                position: Some(Position::of_byte(bytes, valid)),
                message: format!("the text is not UTF-8: byte 0x{:02X} at offset {valid}", bytes[valid]),
                help: Some(format!(
                    "save it as UTF-8, for example `iconv -f latin1 -t utf-8 {path}`"
                )),
            });
            findings.sort();
            Err(findings)
        }
    }
}

/// Where a byte stands first. Whether it does at all is asked first: that search is a fast one.
fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    if bytes.contains(&byte) {
        bytes.iter().position(|&b| b == byte)
    } else {
        None
    }
}

/// The findings that need no text, only bytes.
fn check_bytes(path: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    let finding = |at: usize, message: String, help: String| Diagnostic {
        path: path.to_owned(),
        position: Some(Position::of_byte(bytes, at)),
        message,
        help: Some(help),
    };
    let mut findings = Vec::new();
    if bytes.starts_with(BYTE_ORDER_MARK) {
        findings.push(finding(
            0,
            "the text begins with a byte order mark, which PostgreSQL takes for a syntax error".to_owned(),
            format!("save it as UTF-8 without BOM: `sed -i '1s/^\\xEF\\xBB\\xBF//' {path}`"),
        ));
    }
    if let Some(at) = find(bytes, b'\r') {
        findings.push(finding(
            at,
            "a line ends with a carriage return; its checksum would differ from that of the file with plain line feeds"
                .to_owned(),
            format!("convert it: `sed -i 's/\\r$//' {path}`; and put `*.sql text eol=lf` into .gitattributes"),
        ));
    }
    if let Some(at) = find(bytes, 0) {
        findings.push(finding(
            at,
            format!("a NUL byte at offset {at}, which PostgreSQL does not take"),
            format!("is it a text at all? save it as UTF-8, or remove the byte: `tr -d '\\000' < {path}`"),
        ));
    }
    findings
}
