//! What a command prints: progress and errors on stderr, results on stdout, for people or as JSON.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use dbtask_rules::Diagnostic;
use dbtask_runner::{Error, Kind};
use serde_json::{Value, json};

const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// Where a command's words go. Colour only on a terminal, and never under NO_COLOR.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether results are JSON objects.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A step that was done, for people: `  applied  V00001__x.sql`.
    #[expect(clippy::unused_self, reason = "all words go through one door")]
    pub(crate) fn step(&self, label: &str, text: &str) {
        anstream::eprintln!("{GREEN}{label:>9}{GREEN:#}  {text}");
    }

    /// Another run has the migration lock: who it is.
    pub(crate) fn waiting(&self, holder: &str) {
        self.step("waiting", &format!("another run holds the lock: {holder}"));
    }

    /// Something that the reader should know.
    #[expect(clippy::unused_self, reason = "all words go through one door")]
    pub(crate) fn note(&self, text: &str) {
        anstream::eprintln!("{YELLOW}note:{YELLOW:#} {text}");
    }

    /// Text for people on stderr, as it is.
    #[expect(clippy::unused_self, reason = "all words go through one door")]
    pub(crate) fn text(&self, text: &str) {
        anstream::eprintln!("{text}");
    }

    /// The result: text for people, or one JSON object.
    pub(crate) fn result(&self, text: &str, json: &Value) {
        self.result_of(text, || json);
    }

    /// As [`Output::result`], where the object is large: it is made only where it is asked for.
    pub(crate) fn result_of<J: std::fmt::Display>(&self, text: &str, json: impl FnOnce() -> J) {
        if self.json {
            anstream::println!("{}", json());
        } else if !text.is_empty() {
            anstream::println!("{text}");
        }
    }

    /// A failure: message, place, causes, how things stand, what to type next.
    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            anstream::println!("{}", json!({ "error": error_json(error) }));
        }
        anstream::eprintln!("{RED}error:{RED:#} {}", error.message());
        if let Some(place) = error.place() {
            anstream::eprintln!("{}", coloured_place(&place.to_string()));
        }
        for finding in error.diagnostics() {
            anstream::eprintln!("{}", coloured_finding(finding));
        }
        for cause in error.causes() {
            anstream::eprintln!("  {YELLOW}cause:{YELLOW:#} {}", indented(cause));
        }
        if let Some(state) = error.standing() {
            anstream::eprintln!("  {CYAN}now:{CYAN:#} {}", indented(state));
        }
        for help in error.hints() {
            anstream::eprintln!("  {GREEN}help:{GREEN:#} {}", indented(help));
        }
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// The caret's line in red.
pub(crate) fn coloured_place(place: &str) -> String {
    match place.rsplit_once('\n') {
        Some((above, caret)) => match caret.rsplit_once('|') {
            Some((gutter, caret)) => format!("{above}\n{gutter}|{RED}{caret}{RED:#}"),
            None => place.to_owned(),
        },
        None => place.to_owned(),
    }
}

/// The path in bold, the help below it.
fn coloured_finding(finding: &Diagnostic) -> String {
    let text = finding.to_string();
    let (head, help) = text
        .split_once("\n  help: ")
        .map_or((text.as_str(), None), |(head, help)| (head, Some(help)));
    let head = match head.strip_prefix(finding.path.as_str()) {
        Some(rest) => format!("{BOLD}{}{BOLD:#}{rest}", finding.path),
        None => head.to_owned(),
    };
    help.map_or(head.clone(), |help| format!("{head}\n  {GREEN}help:{GREEN:#} {help}"))
}

fn finding_json(finding: &Diagnostic) -> Value {
    json!({
        "file": finding.path,
        "line": finding.position.map(|p| p.line),
        "column": finding.position.map(|p| p.column),
        "message": finding.message,
        "help": finding.help,
    })
}

fn error_json(error: &Error) -> Value {
    let kind = match error.kind() {
        Kind::Failed => "failed",
        Kind::Usage => "usage",
        Kind::Refused => "refused",
        Kind::Pending => "pending",
        Kind::Interrupted { .. } => "interrupted",
    };
    json!({
        "kind": kind,
        "message": error.message(),
        "file": error.place().map(|p| &p.path),
        "line": error.place().map(|p| p.position.line),
        "column": error.place().map(|p| p.position.column),
        "findings": error.diagnostics().iter().map(finding_json).collect::<Vec<_>>(),
        "causes": error.causes(),
        "now": error.standing(),
        "help": error.hints(),
    })
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: usize, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{} {one}s", thousands(n as u64)),
    }
}

/// `12,345`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Says whether a file can be written there, before the work for it begins.
///
/// # Errors
/// Where it is a folder, or in none.
pub(crate) fn check_place(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let why = if path.is_dir() {
        "that is a folder".to_owned()
    } else if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        format!("there is no folder `{}`", folder.display())
    } else {
        return Ok(());
    };
    Err(Error::usage(format!("`{}` cannot be written", path.display()))
        .cause(why)
        .help("name a file in a folder that is there"))
}

/// Writes what was asked for to a file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|e| {
        Error::failed(format!("failed to write `{}`", path.display()))
            .cause(e.to_string())
            .help("name a file that you may write")
    })
}

/// A number of bytes: `512 B`, `1.5 MB` (powers of 1,000).
pub(crate) fn bytes(n: u64) -> String {
    let mut unit = "B";
    let (mut whole, mut tenths) = (n, 0);
    for next in ["kB", "MB", "GB", "TB"] {
        if whole < 1_000 {
            break;
        }
        tenths = whole % 1_000 / 100;
        whole /= 1_000;
        unit = next;
    }
    if unit == "B" {
        format!("{n} B")
    } else {
        format!("{whole}.{tenths} {unit}")
    }
}

/// A time that something took: `850 µs`, `12 ms`, `3.4 s`, `2 min 5 s`.
pub(crate) fn duration(d: std::time::Duration) -> String {
    match d.as_millis() {
        0 => format!("{} µs", d.as_micros()),
        ms @ 1..1_000 => format!("{ms} ms"),
        ms @ 1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(10_000, "table"), "10,000 tables");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_540_000), "1.5 MB");
        assert_eq!(duration(Duration::from_micros(850)), "850 µs");
        assert_eq!(duration(Duration::from_millis(3_456)), "3.4 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }
}
