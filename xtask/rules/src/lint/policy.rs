//! `policy.toml`: what is changed about the rules, beside the files that they are for.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::Level;
use super::rules::{self, Rule};
use crate::listing::POLICY;
use crate::nearest::nearest;
use crate::{Diagnostic, Position};

/// The major versions of PostgreSQL that can be a target.
const MAJORS: std::ops::RangeInclusive<i64> = 14..=19;

const KEYS: [&str; 4] = ["levels", "after", "postgres", "require_staging"];

/// The levels of the rules, and what the files are for.
///
/// ```toml
/// postgres = 16            # the oldest server that the files are for
/// after = 12               # files up to this version are read, but not judged
/// require_staging = true   # nothing is applied to production that was not applied on staging
///
/// [levels]
/// json-not-jsonb = "allow"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    levels: BTreeMap<&'static str, Level>,
    after: u32,
    postgres: Option<u32>,
    require_staging: bool,
}

impl Policy {
    /// Reads the policy of a folder; without a `policy.toml`, the defaults. Everything that is wrong with it comes at
    /// once.
    pub fn read(folder: &Path) -> Result<Policy, Vec<Diagnostic>> {
        let file = folder.join(POLICY);
        let shown = format!("{}/{POLICY}", crate::listing::shown_folder(folder));
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Policy::default()),
            Err(error) => {
                return Err(vec![Diagnostic {
                    path: shown,
                    position: None,
                    message: format!("it cannot be read: {error}"),
                    help: None,
                }]);
            }
        };
        Policy::parse(&shown, &text)
    }

    /// Reads the text of a `policy.toml`; `path` is how people know the file.
    pub fn parse(path: &str, text: &str) -> Result<Policy, Vec<Diagnostic>> {
        let mut reader = Reader {
            path,
            text,
            policy: Policy::default(),
            findings: Vec::new(),
        };
        match DeTable::parse(text) {
            Ok(table) => reader.read(table.get_ref()),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                reader.refuse(at, error.message().to_owned(), None);
            }
        }
        if reader.findings.is_empty() {
            Ok(reader.policy)
        } else {
            reader.findings.sort();
            Err(reader.findings)
        }
    }

    /// The level of a rule.
    pub fn level(&self, rule: &Rule) -> Level {
        self.levels.get(rule.name).copied().unwrap_or(rule.level)
    }

    /// Sets a rule's level.
    #[must_use]
    pub fn with_level(mut self, rule: &'static Rule, level: Level) -> Policy {
        self.levels.insert(rule.name, level);
        self
    }

    /// Files up to this version are read and not judged.
    pub fn after(&self) -> u32 {
        self.after
    }

    /// Whether production takes only what was applied on staging.
    pub fn requires_staging(&self) -> bool {
        self.require_staging
    }

    /// The oldest PostgreSQL that the files are for, where that is said.
    pub fn postgres(&self) -> Option<u32> {
        self.postgres
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    policy: Policy,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn refuse(&mut self, at: usize, message: String, help: Option<String>) {
        self.findings.push(Diagnostic {
            path: self.path.to_owned(),
            position: Some(Position::of_byte(self.text.as_bytes(), at)),
            message,
            help,
        });
    }

    fn read(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match &**key.get_ref() {
                "levels" => match value.get_ref() {
                    DeValue::Table(levels) => levels.iter().for_each(|(rule, level)| self.level(rule, level)),
                    _ => self.refuse(
                        value.span().start,
                        "`levels` is a table of rules: `[levels]`".to_owned(),
                        None,
                    ),
                },
                "after" => {
                    if let Some(after) = self.number(value, "after", 0..=i64::from(i32::MAX)) {
                        self.policy.after = after;
                    }
                }
                "postgres" => self.policy.postgres = self.number(value, "postgres", MAJORS),
                "require_staging" => match value.get_ref() {
                    DeValue::Boolean(required) => self.policy.require_staging = *required,
                    _ => self.refuse(
                        value.span().start,
                        "`require_staging` is true or false".to_owned(),
                        None,
                    ),
                },
                unknown => {
                    let help = nearest(unknown, KEYS.into_iter())
                        .map(|known| format!("did you mean `{known}`?"))
                        .or_else(|| Some("it has `postgres`, `after`, `require_staging` and `[levels]`".to_owned()));
                    self.refuse(key.span().start, format!("unknown key `{unknown}`"), help);
                }
            }
        }
    }

    fn level(&mut self, rule: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
        let Some(known) = rules::rule(rule.get_ref()) else {
            let (message, help) = unknown_rule(rule.get_ref());
            self.refuse(rule.span().start, message, Some(help));
            return;
        };
        match value.get_ref().as_str().and_then(Level::parse) {
            Some(level) => {
                self.policy.levels.insert(known.name, level);
            }
            None => self.refuse(
                value.span().start,
                format!("the level of `{}` is not one", known.name),
                Some("write \"error\", \"warning\" or \"allow\"".to_owned()),
            ),
        }
    }

    fn number(&mut self, value: &Spanned<DeValue<'_>>, key: &str, range: std::ops::RangeInclusive<i64>) -> Option<u32> {
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("`{key}` is a whole number from {} to {}", range.start(), range.end());
            self.refuse(value.span().start, message, None);
        }
        number.and_then(|number| u32::try_from(number).ok())
    }
}

/// What is said about a rule that does not exist.
pub(super) fn unknown_rule(name: &str) -> (String, String) {
    let help = match rules::nearest_rule(name) {
        Some(known) => format!("did you mean `{}`?", known.name),
        None => "`cargo xtask db:explain` lists the rules".to_owned(),
    };
    (format!("there is no rule `{name}`"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_with_its_place() {
        let text =
            "postgres = 9\nafer = 3\nrequire_staging = 1\n[levels]\nfk-not-vald = \"allow\"\nrename = \"deny\"\n";
        let findings = Policy::parse("policy.toml", text).unwrap_err();
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "policy.toml:1:12: `postgres` is a whole number from 14 to 19",
                "policy.toml:2:1: unknown key `afer`\n  help: did you mean `after`?",
                "policy.toml:3:19: `require_staging` is true or false",
                "policy.toml:5:1: there is no rule `fk-not-vald`\n  help: did you mean `fk-not-valid`?",
                "policy.toml:6:10: the level of `rename` is not one\n  help: write \"error\", \"warning\" or \"allow\"",
            ]
        );
        assert!(Policy::parse("policy.toml", "x = ").unwrap_err()[0].position.is_some());
    }

    #[test]
    fn what_it_says_holds() {
        let text = "postgres = 16\nafter = 12\nrequire_staging = true\n[levels]\nrename = \"warning\"\n";
        let policy = Policy::parse("policy.toml", text).unwrap();
        assert_eq!((policy.postgres(), policy.after()), (Some(16), 12));
        assert!(policy.requires_staging() && !Policy::default().requires_staging());
        assert_eq!(policy.level(rules::rule("rename").unwrap()), Level::Warning);
        assert_eq!(policy.level(rules::rule("syntax").unwrap()), Level::Error);
    }
}
