//! The name of a migration file: `V00012__add_users.sql`.

use std::borrow::Cow;
use std::fmt;

/// The number that orders a migration: from 0 to 2,147,483,647, an int4 in refinery's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i32);

impl Version {
    /// A version, unless the number is negative.
    pub fn new(number: i32) -> Option<Version> {
        (number >= 0).then_some(Version(number))
    }

    /// The number.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many digits the first migration of a folder gets.
pub(crate) const FIRST_WIDTH: usize = 5;

/// The grammar in words, for help.
pub(crate) const GRAMMAR: &str = "V, the version's digits, two underscores, a description in lower_snake_case, `.sql`";

/// A file name that can be a migration's: `V` + digits + `__` + lower_snake + `.sql`. It holds no other.
///
/// refinery takes more (`^([U|V])(\d+(?:\.\d+)?)__(\w+)` in `refinery-core/src/util.rs`), skips what it does not
/// take without a word, and panics on some of what it takes.
#[derive(Debug, Clone)]
pub struct FileName {
    /// The name, and the folder before it where that is known: ten thousand paths are held once.
    path: Cow<'static, str>,
    /// Where the name begins.
    start: usize,
    version: Version,
    /// How many digits the version is written with.
    width: usize,
}

impl PartialEq for FileName {
    fn eq(&self, other: &FileName) -> bool {
        self.text() == other.text()
    }
}

impl Eq for FileName {}

/// What ends a name.
const EXTENSION: &str = ".sql";

impl FileName {
    /// Reads a file name; says what is wrong with one that cannot be a migration's.
    pub fn parse(name: impl Into<Cow<'static, str>>) -> Result<FileName, NameError> {
        FileName::parse_from(name.into(), 0)
    }

    /// Reads the file name at the end of a path.
    pub(crate) fn parse_path(path: impl Into<Cow<'static, str>>) -> Result<FileName, NameError> {
        let path = path.into();
        let start = path.rfind('/').map_or(0, |slash| slash + 1);
        FileName::parse_from(path, start)
    }

    fn parse_from(path: Cow<'static, str>, start: usize) -> Result<FileName, NameError> {
        let stem = path[start..].strip_suffix(EXTENSION).ok_or(NameError::Extension)?;
        let rest = stem.strip_prefix('V').ok_or(NameError::Prefix)?;
        let width = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = rest.split_at(width);
        if digits.is_empty() {
            return Err(NameError::NoVersion);
        }
        if rest.starts_with('.') {
            return Err(NameError::DottedVersion);
        }
        let description = match rest.strip_prefix("__") {
            Some(description) => description,
            None if rest.starts_with('_') => return Err(NameError::SingleUnderscore),
            None => return Err(NameError::NoSeparator),
        };
        if !is_lower_snake(description) {
            return Err(NameError::Description);
        }
        let version = digits.parse().ok().and_then(Version::new).ok_or(NameError::TooLarge)?;
        Ok(FileName {
            path,
            start,
            version,
            width,
        })
    }

    /// The path that the name was read from; the name alone where it was read from none.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn text(&self) -> &str {
        &self.path[self.start..]
    }

    /// The name of a version and a description in words, its number padded to `width` digits.
    pub(crate) fn new(version: Version, width: usize, words: &str) -> Option<FileName> {
        let description = lower_snake(words);
        (!description.is_empty()).then(|| FileName::of(version, width, &description))
    }

    fn of(version: Version, width: usize, description: &str) -> FileName {
        let digits = format!("{:0>width$}", version.get());
        FileName {
            path: format!("V{digits}__{description}{EXTENSION}").into(),
            start: 0,
            version,
            width: digits.len(),
        }
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What stands between the two underscores and `.sql`.
    pub fn description(&self) -> &str {
        &self.stem()[1 + self.width + 2..]
    }

    /// The name without `.sql`, as refinery reads it.
    pub fn stem(&self) -> &str {
        let text = self.text();
        &text[..text.len() - EXTENSION.len()]
    }

    /// How many digits the version is written with.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The same name with its version padded to `width` digits.
    pub(crate) fn padded(&self, width: usize) -> FileName {
        self.renumbered(self.version, width)
    }

    /// The same version, written alike, under another description, if that can be one.
    pub fn described_as(&self, description: &str) -> Option<FileName> {
        is_lower_snake(description).then(|| FileName::of(self.version, self.width, description))
    }

    /// The same description under another version.
    pub(crate) fn renumbered(&self, version: Version, width: usize) -> FileName {
        FileName::of(version, width, self.description())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Why a file name cannot be a migration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// It does not end in `.sql`.
    Extension,
    /// It does not begin with `V`.
    Prefix,
    /// No digits follow the `V`.
    NoVersion,
    /// The version has a dot, as in `V1.2__a.sql`.
    DottedVersion,
    /// The version does not fit an int4.
    TooLarge,
    /// One underscore behind the version instead of two.
    SingleUnderscore,
    /// No underscores behind the version.
    NoSeparator,
    /// The description is not in lower_snake_case.
    Description,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameError::Extension => "the name of a migration ends in `.sql`",
            NameError::Prefix => "the name of a migration begins with a capital `V`",
            NameError::NoVersion => "the `V` is not followed by the version's digits",
            NameError::DottedVersion => "the version has a dot; versions are whole numbers",
            NameError::TooLarge => "the version is over 2147483647, the largest that the history holds",
            NameError::SingleUnderscore => "one underscore follows the version where two belong",
            NameError::NoSeparator => "the version is not followed by two underscores",
            NameError::Description => "the description is not in lower_snake_case (a-z, 0-9, single underscores)",
        })
    }
}

pub(crate) fn is_lower_snake(text: &str) -> bool {
    !text.is_empty()
        && text
            .split('_')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// Words as a description: `Add users!` becomes `add_users`, `addUsers` too.
pub(crate) fn lower_snake(words: &str) -> String {
    let mut snake = String::new();
    let mut gap = false;
    let mut lower_before = false;
    for c in words.chars() {
        let starts_word = c.is_ascii_uppercase() && lower_before;
        if c.is_ascii_alphanumeric() {
            if (gap || starts_word) && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
            gap = false;
        } else {
            gap = true;
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    snake
}

/// What a file that should be a migration was probably meant to be: its version where one can be read, and its
/// description.
pub(crate) fn guess(name: &str) -> (Option<Version>, String) {
    let lower = name.to_ascii_lowercase();
    let stem = lower.find(".sql").map_or(name, |end| &name[..end]);
    let stem = stem.strip_suffix(".rs").unwrap_or(stem);
    let rest = stem.trim_start_matches(|c: char| !c.is_ascii_digit() && !c.is_ascii_lowercase() || c == 'v');
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, words) = rest.split_at(end);
    let dotted = words
        .starts_with('.')
        .then(|| words.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()));
    let version = digits.parse().ok().and_then(Version::new).filter(|_| dotted.is_none());
    (version, lower_snake(dotted.unwrap_or(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_name_is_read_and_written_alike() {
        for name in [
            "V00001__create_users.sql",
            "V1__x.sql",
            "V0__2fa.sql",
            "V2147483647__a_1.sql",
        ] {
            assert_eq!(FileName::parse(name).unwrap().to_string(), name);
        }
        let name = FileName::parse("V007__a_b.sql").unwrap();
        assert_eq!(
            (name.version().get(), name.description(), name.stem()),
            (7, "a_b", "V007__a_b")
        );
    }

    #[test]
    fn each_bad_name_has_its_reason() {
        use NameError::{
            Description, DottedVersion, Extension, NoSeparator, NoVersion, Prefix, SingleUnderscore, TooLarge,
        };
        for (name, reason) in [
            ("V1__a.SQL", Extension),
            ("V1__a.sql.orig", Extension),
            ("V1__a.rs", Extension),
            ("V1__a", Extension),
            ("v1__a.sql", Prefix),
            ("U1__a.sql", Prefix),
            ("R__a.sql", Prefix),
            ("|1__a.sql", Prefix),
            ("create.sql", Prefix),
            ("V__a.sql", NoVersion),
            ("V1.2__a.sql", DottedVersion),
            ("V2147483648__a.sql", TooLarge),
            ("V20260101120000__a.sql", TooLarge),
            ("V1_a.sql", SingleUnderscore),
            ("V1-a.sql", NoSeparator),
            ("V1.sql", NoSeparator),
            ("V1__dash-x.sql", Description),
            ("V1__A.sql", Description),
            ("V1___a.sql", Description),
            ("V1__a__b.sql", Description),
            ("V1__.sql", Description),
            ("V1__ä.sql", Description),
            ("V1__a.b.sql", Description),
        ] {
            assert_eq!(FileName::parse(name), Err(reason), "{name}");
        }
    }

    #[test]
    fn words_become_a_description() {
        for (words, snake) in [
            ("Add users!", "add_users"),
            ("add-orders", "add_orders"),
            ("addUsers", "add_users"),
            ("  x  y ", "x_y"),
            ("!!!", ""),
        ] {
            assert_eq!(lower_snake(words), snake);
        }
    }

    #[test]
    fn what_was_meant_is_guessed() {
        for (name, version, description) in [
            ("v1__a.sql", Some(1), "a"),
            ("V3__dash-x.sql", Some(3), "dash_x"),
            ("V2__x.SQL", Some(2), "x"),
            ("V2__x.sql.orig", Some(2), "x"),
            ("V1_a.sql", Some(1), "a"),
            ("|1__a.sql", Some(1), "a"),
            ("U4__b.sql", Some(4), "b"),
            ("V1.2__a.sql", None, "a"),
            ("V99999999999__a.sql", None, "a"),
            ("create_users.sql", None, "create_users"),
            ("V5__seed.rs", Some(5), "seed"),
        ] {
            let (v, d) = guess(name);
            assert_eq!((v.map(Version::get), d.as_str()), (version, description), "{name}");
        }
    }
}
