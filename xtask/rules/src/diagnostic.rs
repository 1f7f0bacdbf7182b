//! One finding about one file.

use std::fmt;

/// A place in a text file. Lines and columns count from 1; a column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The position of the byte at `offset` in `text`, which need not be UTF-8; past the end, the position after
    /// the last character.
    pub fn of_byte(text: &[u8], offset: usize) -> Position {
        let before = &text[..offset.min(text.len())];
        let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        Position {
            line: before.iter().filter(|&&b| b == b'\n').count() + 1,
            // a character's continuation bytes are 0b10xxxxxx
            column: before[start..].iter().filter(|&&b| b & 0xC0 != 0x80).count() + 1,
        }
    }
}

/// What is wrong with a file, where, and what to do.
///
/// `Display` gives the compact form `path:line:column: message`, then one `help: …` line where there is help.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file, relative to the workspace root.
    pub path: String,
    /// The place in the file; `None` when the finding is about its name or kind.
    pub position: Option<Position>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(at) = self.position {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}
