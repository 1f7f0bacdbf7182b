//! Where `DATABASE_URL` comes from: the environment, else `.env` at the workspace root.
//!
//! The file is read at that one place and never climbed to, and the process environment stays as it is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{DatabaseUrl, Error};

/// The variable that names the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// The variable that names the same database past a pooler.
const DIRECT_DATABASE_URL: &str = "DIRECT_DATABASE_URL";

/// The variable that names a server for throwaway databases.
const SHADOW_DATABASE_URL: &str = "SHADOW_DATABASE_URL";

/// The settings of a process and its `.env`.
pub struct Environment {
    file: PathBuf,
    in_file: BTreeMap<String, String>,
    in_process: fn(&str) -> Option<OsString>,
}

impl Environment {
    /// Reads `.env` in `root`, where there is one; or `file`, which has to exist.
    pub fn read(root: &Path, file: Option<&Path>) -> Result<Environment, Error> {
        let path = file.map_or_else(|| root.join(".env"), Path::to_owned);
        let shown = file.map_or_else(|| ".env".into(), |f| f.display().to_string());
        let in_file = match std::fs::read(&path) {
            Ok(bytes) => parse(&shown, bytes)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && file.is_none() => BTreeMap::new(),
            Err(e) => {
                return Err(Error::usage(format!("failed to read `{shown}`"))
                    .cause(e.to_string())
                    .help(format!(
                        "write the line `{DATABASE_URL}=…` into it, or leave `--env-file` out"
                    )));
            }
        };
        Ok(Environment {
            file: shown.into(),
            in_file,
            in_process: |name| std::env::var_os(name),
        })
    }

    /// For a service: `.env` is read at the root of the workspace when cargo runs it, else in the current folder. One
    /// that is deployed has its settings in the environment, and needs no file.
    pub fn of_service() -> Result<Environment, Error> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = package.and_then(|package| dbtask_rules::workspace_root(&package));
        Environment::read(&root.unwrap_or_default(), None)
    }

    /// A setting: the environment's, else the file's. One that is empty counts as not set.
    pub fn get(&self, name: &str) -> Option<String> {
        self.process(name)
            .map(|v| v.to_string_lossy().into_owned())
            .or_else(|| self.in_file(name).map(str::to_owned))
    }

    /// The database's address. Where it is missing or cannot be used the error says what to type.
    pub fn database_url(&self) -> Result<DatabaseUrl, Error> {
        if let Some(value) = self.process(DATABASE_URL) {
            let text = value.to_str().ok_or_else(|| {
                Error::usage(format!("{DATABASE_URL} in the environment is not UTF-8"))
                    .help("percent-encode what is not ASCII")
            })?;
            return self.parse_url(DATABASE_URL, text).map_err(|e| {
                e.help(format!(
                    "it was read from the environment: `unset {DATABASE_URL}` to use `{}`",
                    self.file.display()
                ))
            });
        }
        match self.in_file(DATABASE_URL) {
            Some(text) => {
                let url = self.parse_url(DATABASE_URL, text);
                url.map_err(|e| e.help(format!("it was read from `{}`", self.file.display())))
            }
            None => Err(self.missing()),
        }
    }

    /// The address for migrations: `DIRECT_DATABASE_URL` where it is set, for a server behind a pooler; else that of
    /// [`Environment::database_url`]. That of the file does not count where the environment has a `DATABASE_URL`.
    pub fn direct_database_url(&self) -> Result<DatabaseUrl, Error> {
        let of_process = self
            .process(DIRECT_DATABASE_URL)
            .map(|value| value.to_string_lossy().into_owned());
        let of_file = self
            .in_file(DIRECT_DATABASE_URL)
            .filter(|_| self.process(DATABASE_URL).is_none());
        match of_process.or(of_file.map(str::to_owned)) {
            Some(text) => self
                .parse_url(DIRECT_DATABASE_URL, &text)
                .map_err(|e| e.help(format!("it was read from {DIRECT_DATABASE_URL}, not {DATABASE_URL}"))),
            None => self.database_url(),
        }
    }

    /// The address of a server for throwaway databases, where `SHADOW_DATABASE_URL` is set.
    pub fn shadow_database_url(&self) -> Result<Option<DatabaseUrl>, Error> {
        self.url_in(SHADOW_DATABASE_URL)
    }

    /// The address in some other variable, where that is set.
    pub fn url_in(&self, variable: &str) -> Result<Option<DatabaseUrl>, Error> {
        let parse = |text: String| {
            self.parse_url(variable, &text)
                .map_err(|e| e.help(format!("it was read from {variable}")))
        };
        self.get(variable).map(parse).transpose()
    }

    /// The address knows where it was read, so that an error can say what to correct.
    fn parse_url(&self, variable: &str, text: &str) -> Result<DatabaseUrl, Error> {
        let place = match self.process(variable) {
            Some(_) => "the environment".to_owned(),
            None => format!("`{}`", self.file.display()),
        };
        DatabaseUrl::parse(text).map(|url| url.read_from(variable, place))
    }

    /// What the reader should know about where the setting came from.
    pub fn notes(&self) -> Vec<String> {
        let file = self.file.display();
        match ((self.in_process)(DATABASE_URL), self.in_file(DATABASE_URL)) {
            (Some(value), Some(_)) if value.is_empty() => vec![format!(
                "{DATABASE_URL} is empty in the environment; that of `{file}` is used"
            )],
            (Some(value), Some(other)) if value != other => {
                vec![format!(
                    "{DATABASE_URL} is set in the environment and, differently, in `{file}`; the environment's is used"
                )]
            }
            _ => Vec::new(),
        }
    }

    fn process(&self, name: &str) -> Option<OsString> {
        (self.in_process)(name).filter(|value| !value.is_empty())
    }

    fn in_file(&self, name: &str) -> Option<&str> {
        self.in_file
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn missing(&self) -> Error {
        let file = self.file.display();
        let empty = (self.in_process)(DATABASE_URL).is_some() || self.in_file.contains_key(DATABASE_URL);
        let what = if empty { "is set, but empty" } else { "is not set" };
        Error::usage(format!(
            "{DATABASE_URL} {what}, neither in the environment nor in `{file}`"
        ))
        .help("for a private PostgreSQL with everything set up: `cargo xtask setup`")
        .help(format!(
            "for a database of yours: `echo \"{DATABASE_URL}='postgres://USER:PASSWORD@HOST:5432/DATABASE'\" >> {file}`"
        ))
    }
}

/// The settings of a file. No error shows a line of it: it may hold a password.
fn parse(shown: &str, bytes: Vec<u8>) -> Result<BTreeMap<String, String>, Error> {
    let broken =
        |message: String| Error::usage(message).state("nothing of the file is shown, since it may hold a password");
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(broken(format!("`{shown}` begins with a byte order mark")).help(format!(
            "save it as UTF-8 without BOM: `sed -i '1s/^\\xEF\\xBB\\xBF//' {shown}`"
        )));
    }
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return Err(
            broken(format!("`{shown}` has a NUL byte at offset {at}")).help("save it as UTF-8 (it may be UTF-16)")
        );
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        broken(format!(
            "`{shown}` is not UTF-8 (offset {})",
            e.utf8_error().valid_up_to()
        ))
        .help("save it as UTF-8, and percent-encode the password")
    })?;
    check_url_lines(shown, &text)?;
    let mut settings = BTreeMap::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        let (name, value) = item.map_err(|e| {
            let line = match &e {
                dotenvy::Error::LineParse(part, _) => line_of(&text, part),
                _ => None,
            };
            let place = line.map_or(String::new(), |n| format!(", line {n}"));
            broken(format!("`{shown}`{place}: this is not `NAME=value`"))
                .help("put a value with spaces, quotes or `$` in single quotes: `NAME='value'`")
        })?;
        // as dotenvy has it, the first one counts; but one that is empty is none
        if settings.get(&name).is_none_or(String::is_empty) {
            settings.insert(name, value);
        }
    }
    Ok(settings)
}

fn line_of(text: &str, part: &str) -> Option<usize> {
    text.find(part).map(|at| text[..at].matches('\n').count() + 1)
}

/// Finds what dotenvy would take for something else without a word: a `$`, which it replaces or drops, a `#`, behind which
/// it drops the rest, and a second, different line.
fn check_url_lines(shown: &str, text: &str) -> Result<(), Error> {
    let mut seen: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let Some((name, value)) = line
            .split_once('=')
            .map(|(name, value)| (name.trim_end(), value.trim()))
        else {
            continue;
        };
        if ![DATABASE_URL, DIRECT_DATABASE_URL, SHADOW_DATABASE_URL].contains(&name) {
            continue;
        }
        let quote = format!("put the value in single quotes: `{name}='postgres://…'`");
        let (dollar, comment) = bare_signs(value);
        if dollar {
            return Err(Error::usage(format!(
                "the `$` in {name} (`{shown}`, line {number}) would be taken for a variable"
            ))
            .help(quote));
        }
        if comment.is_some_and(|comment| comment.contains('@')) {
            return Err(Error::usage(format!(
                "the `#` in {name} (`{shown}`, line {number}) would begin a comment, and what follows has an `@`, as if it were part of the URL"
            ))
            .help(quote));
        }
        match seen.get(name) {
            _ if ["", "''", "\"\""].contains(&value) => {}
            Some((first, other)) if *other != value => {
                return Err(Error::usage(format!(
                    "{name} is set twice in `{shown}`, differently (lines {first} and {number})"
                ))
                .help("keep the one that you mean, and put `#` before the other"));
            }
            _ => drop(seen.insert(name, (number, value))),
        }
    }
    Ok(())
}

/// Whether a value has a `$` outside of single quotes that is neither escaped nor the beginning of `${NAME}`, and the
/// comment behind it.
fn bare_signs(value: &str) -> (bool, Option<&str>) {
    let mut chars = value.char_indices().peekable();
    let (mut single, mut double, mut dollar, mut space) = (false, false, false, false);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if !single => drop(chars.next()),
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '$' if !single => dollar |= chars.peek().is_none_or(|(_, next)| *next != '{'),
            '#' if space && !single && !double => return (dollar, Some(&value[at..])),
            _ => {}
        }
        space = c.is_whitespace();
    }
    (dollar, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(text: &str) -> Result<Environment, Error> {
        Ok(Environment {
            file: ".env".into(),
            in_file: parse(".env", text.into())?,
            in_process: |_| None,
        })
    }

    fn url_of(text: &str) -> String {
        environment(text).unwrap().get(DATABASE_URL).unwrap_or_default()
    }

    #[test]
    fn the_usual_forms_are_read() {
        for text in [
            "DATABASE_URL=postgres://u@h/d",
            "# mine\nexport DATABASE_URL=postgres://u@h/d\n",
            "  DATABASE_URL = \"postgres://u@h/d\" # dev\r\n",
            "DATABASE_URL=postgres://u@h/d # dev",
            "DATABASE_URL='postgres://u@h/d'\nDATABASE_URL='postgres://u@h/d'",
            "H=h\nDATABASE_URL=postgres://u@${H}/d",
            "DATABASE_URL=\nDATABASE_URL=postgres://u@h/d",
        ] {
            assert_eq!(url_of(text), "postgres://u@h/d", "{text}");
        }
        assert_eq!(url_of("DATABASE_URL='postgres://u:p$x@h/d'"), "postgres://u:p$x@h/d");
        assert_eq!(url_of(r"DATABASE_URL=postgres://u:p\$x@h/d"), "postgres://u:p$x@h/d");
    }

    #[test]
    fn no_error_shows_what_stands_in_the_file() {
        for text in [
            "DATABASE_URL=postgres://u:s3cr3t$x@h/d",
            "DATABASE_URL=\"postgres://u:s3cr3t$x@h/d\"",
            "DATABASE_URL=postgres://u:s3cr3t@h/d\nDATABASE_URL=postgres://u:s3cr3t2@h/d",
            "DIRECT_DATABASE_URL=postgres://u:s3cr3t$x@h/d",
            "SHADOW_DATABASE_URL = postgres://u:@s3cr3t #x@h/d",
            "s3cr3t",
            "DATABASE_URL='s3cr3t",
            "DATABASE_URL=a s3cr3t",
            "\u{feff}DATABASE_URL=s3cr3t",
            "DATABASE_URL=s3cr3t\0",
        ] {
            let error = environment(text)
                .err()
                .unwrap_or_else(|| panic!("{text} passed"))
                .to_string();
            assert!(!error.contains("s3cr3t"), "{error}");
            assert!(error.contains("help: "), "{error}");
        }
    }

    #[test]
    fn the_line_of_an_error_is_named() {
        let error = environment("A=1\n# x\nthis is nothing\n").err().unwrap();
        assert_eq!(error.message(), "`.env`, line 3: this is not `NAME=value`");
    }

    #[test]
    fn the_environment_comes_first_and_a_difference_is_said() {
        let mut environment = environment("DATABASE_URL=postgres://file@h/d").unwrap();
        environment.in_process = |_| Some("postgres://process@h/d".into());
        assert_eq!(environment.get(DATABASE_URL).unwrap(), "postgres://process@h/d");
        assert_eq!(environment.notes().len(), 1);
        environment.in_process = |_| Some("".into());
        assert_eq!(environment.get(DATABASE_URL).unwrap(), "postgres://file@h/d");
        assert!(environment.notes()[0].contains("empty"));
    }

    #[test]
    fn the_direct_address_comes_from_where_the_other_does() {
        let mut environment =
            environment("DATABASE_URL=postgres://u@h/file\nDIRECT_DATABASE_URL=postgres://u@h/direct").unwrap();
        assert_eq!(environment.direct_database_url().unwrap().database(), "direct");
        environment.in_process = |name| (name == DATABASE_URL).then(|| "postgres://u@h/scratch".into());
        assert_eq!(environment.direct_database_url().unwrap().database(), "scratch");
    }

    #[test]
    fn missing_and_empty_say_what_to_type() {
        for (text, what) in [
            ("", "is not set"),
            ("DATABASE_URL=", "is set, but empty"),
            ("DATABASE_URL=''", "is set, but empty"),
        ] {
            let error = environment(text).unwrap().database_url().unwrap_err().to_string();
            assert!(error.contains(what) && error.contains("cargo xtask setup"), "{error}");
        }
    }
}
