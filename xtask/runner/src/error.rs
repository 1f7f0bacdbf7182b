//! The one error type, shared by the runner, the commands and a service.

use std::fmt;
use std::ops::Range;

use dbtask_rules::{Diagnostic, Position};
use unicode_width::UnicodeWidthChar;

/// What kind of failure it is. It decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and did not work (exit code 1).
    Failed,
    /// What was typed, or set, cannot be used (exit code 2).
    Usage,
    /// A guard said no; nothing was changed (exit code 3).
    Refused,
    /// Something is pending or differs, as `--check` asks (exit code 4).
    Pending,
    /// A signal stopped it (exit code 128 + the signal's number, as shells have it).
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

/// A place in a file, with the line that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, relative to the workspace root.
    pub path: String,
    /// Where in the file.
    pub position: Position,
    /// What is shown of the source line: the part around the position that fits on a terminal, tabs as four spaces.
    pub line: String,
    /// How many terminal columns of it stand before the position.
    pub indent: usize,
    /// How many terminal columns of it are meant: 1 where the position alone is.
    pub width: usize,
}

impl Excerpt {
    /// The place of the byte at `offset` of `text`, which is the content of `path`.
    pub fn of_byte(path: &str, text: &str, offset: usize) -> Excerpt {
        Excerpt::of_range(path, text, offset..offset)
    }

    /// The place of a piece of `text`, which is the content of `path`: its first line, as far as that is shown.
    pub fn of_range(path: &str, text: &str, range: Range<usize>) -> Excerpt {
        let at = text.floor_char_boundary(range.start);
        let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
        let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
        let (line, indent) = window(&text[start..end], at - start);
        let meant = text.get(at..range.end.min(end)).unwrap_or_default().trim_end();
        let room = SHOWN_COLUMNS.saturating_sub(indent);
        // no more of it is looked at than is shown
        let width = meant.chars().take(room).map(columns).sum::<usize>();
        Excerpt {
            path: path.to_owned(),
            position: Position::of_byte(text.as_bytes(), range.start),
            line,
            indent,
            width: width.clamp(1, room.max(1)),
        }
    }
}

/// The longest part of a source line that is shown around a caret, in terminal columns.
const SHOWN_COLUMNS: usize = 120;

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "{gutter}--> {}:{line}:{column}", self.path)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", self.line)?;
        write!(f, "{gutter} | {}{}", " ".repeat(self.indent), "^".repeat(self.width))
    }
}

/// The part of `line` around the byte `at` that fits on a terminal, and how many terminal columns stand before it there.
/// A line may be the whole of a large file: only what is shown of it is looked at.
fn window(line: &str, at: usize) -> (String, usize) {
    let (mut start, mut before) = (at, 0);
    for (i, c) in line[..at].char_indices().rev() {
        if before + columns(c) > SHOWN_COLUMNS * 2 / 3 {
            break;
        }
        before += columns(c);
        start = i;
    }
    let mut text = String::new();
    if start > 0 {
        text.push('…');
        before += 1;
    }
    let mut width = 0;
    for c in line[start..].chars() {
        width += columns(c);
        if width > SHOWN_COLUMNS {
            text.push('…');
            break;
        }
        match c {
            '\t' => text.push_str("    "),
            c if c.is_control() => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
    (text, before)
}

/// How many columns of a terminal a character takes, as it is shown.
fn columns(c: char) -> usize {
    match c {
        '\t' => 4,
        c if c.is_control() => 1,
        c => c.width().unwrap_or(0),
    }
}

/// A failure in the parts that a reader needs: what, where, why, how things stand now, what to type next.
///
/// Texts are lower case without a final full stop and name things in backticks. None ever holds a password.
#[derive(Debug, Clone)]
pub struct Error {
    // on the heap, so that a `Result` stays small
    parts: Box<Parts>,
}

#[derive(Debug, Clone)]
struct Parts {
    kind: Kind,
    message: String,
    place: Option<Excerpt>,
    findings: Vec<Diagnostic>,
    causes: Vec<String>,
    state: Option<String>,
    help: Vec<String>,
}

impl Error {
    /// An error of the given kind with its message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error {
            parts: Box::new(Parts {
                kind,
                message: message.into(),
                place: None,
                findings: Vec::new(),
                causes: Vec::new(),
                state: None,
                help: Vec::new(),
            }),
        }
    }

    /// Something was tried and did not work.
    pub fn failed(message: impl Into<String>) -> Error {
        Error::new(Kind::Failed, message)
    }

    /// Something typed or set cannot be used.
    pub fn usage(message: impl Into<String>) -> Error {
        Error::new(Kind::Usage, message)
    }

    /// A guard says no.
    pub fn refused(message: impl Into<String>) -> Error {
        Error::new(Kind::Refused, message)
    }

    /// The same error as another kind, with another exit code.
    pub fn with_kind(mut self, kind: Kind) -> Error {
        self.parts.kind = kind;
        self
    }

    /// Adds the place in a file.
    pub fn at(mut self, place: Excerpt) -> Error {
        self.parts.place = Some(place);
        self
    }

    /// Adds what is wrong with the migration files.
    pub fn findings(mut self, findings: Vec<Diagnostic>) -> Error {
        self.parts.findings = findings;
        self
    }

    /// Adds a reason, below those that are there.
    pub fn cause(mut self, cause: impl Into<String>) -> Error {
        self.parts.causes.push(cause.into());
        self
    }

    /// Says how things stand now: what is applied, what was rolled back.
    pub fn state(mut self, state: impl Into<String>) -> Error {
        self.parts.state = Some(state.into());
        self
    }

    /// As [`Error::state`], where nothing is said yet.
    pub fn state_if_unsaid(self, state: &str) -> Error {
        if self.parts.state.is_some() {
            self
        } else {
            self.state(state)
        }
    }

    /// Adds a line that says what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Error {
        self.parts.help.push(help.into());
        self
    }

    /// Puts a line in place of all that say what to do next.
    pub fn only_help(mut self, help: impl Into<String>) -> Error {
        self.parts.help = vec![help.into()];
        self
    }

    /// Puts a new message on top; what was the message becomes the first cause.
    pub fn context(mut self, message: impl Into<String>) -> Error {
        let cause = std::mem::replace(&mut self.parts.message, message.into());
        self.parts.causes.insert(0, cause);
        self
    }

    /// The same error with its message, causes, state and help in other words.
    pub fn reworded(mut self, reword: impl Fn(&str) -> String) -> Error {
        let Parts {
            message,
            causes,
            state,
            help,
            ..
        } = &mut *self.parts;
        let texts = std::iter::once(message).chain(causes).chain(state).chain(help);
        texts.for_each(|text| *text = reword(text));
        self
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.parts.message
    }

    /// Where in a file, if anywhere.
    pub fn place(&self) -> Option<&Excerpt> {
        self.parts.place.as_ref()
    }

    /// What is wrong with the migration files, if that is what it is about.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.parts.findings
    }

    /// Why, from the nearest reason to the farthest.
    pub fn causes(&self) -> &[String] {
        &self.parts.causes
    }

    /// How things stand now.
    pub fn standing(&self) -> Option<&str> {
        self.parts.state.as_deref()
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.parts.help
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.parts.message)?;
        if let Some(place) = &self.parts.place {
            write!(f, "\n{place}")?;
        }
        for finding in &self.parts.findings {
            write!(f, "\n{finding}")?;
        }
        for cause in &self.parts.causes {
            write!(f, "\n  cause: {}", indented(cause))?;
        }
        if let Some(state) = &self.parts.state {
            write!(f, "\n  now: {}", indented(state))?;
        }
        for help in &self.parts.help {
            write!(f, "\n  help: {}", indented(help))?;
        }
        Ok(())
    }
}

/// A text of several lines under a label: the following lines are set in.
fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_its_character_behind_tabs_and_wide_characters() {
        assert_eq!(window("\tselect", 1), ("    select".to_owned(), 4));
        assert_eq!(window("'日本' x", 9), ("'日本' x".to_owned(), 7));
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let line = format!("{}X{}", "a".repeat(5_000), "b".repeat(5_000));
        let (text, indent) = window(&line, 5_000);
        assert!(text.chars().count() <= SHOWN_COLUMNS + 2, "{text}");
        assert_eq!(text.chars().nth(indent), Some('X'));
    }
}
