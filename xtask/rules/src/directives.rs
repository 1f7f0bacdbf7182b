//! What a file says about itself in comments: `-- dbtask:no-transaction`, and `-- dbtask:allow(rule): reason`.

use std::ops::Range;

use crate::nearest::nearest;
use crate::statements::{Lexer, Token};
use crate::{Diagnostic, Position};

/// The mark that makes a comment a directive.
const MARK: &str = "dbtask:";

/// The directive that takes a file out of the transaction.
const NO_TRANSACTION: &str = "no-transaction";

/// The directive that takes the statement below it out of a rule.
const ALLOW: &str = "allow";

/// What the directives of a file ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Directives {
    /// The file's statements are sent one by one, outside of a transaction.
    pub no_transaction: bool,
}

impl Directives {
    /// Reads the directives of `sql`; every unknown or misplaced one is a finding about `path`.
    pub(crate) fn parse(path: &str, sql: &str) -> Result<Directives, Vec<Diagnostic>> {
        let mut directives = Directives::default();
        let mut findings = Vec::new();
        // most files have none: the whole text need not be read token by token
        if !sql.contains(MARK) {
            return Ok(directives);
        }
        let mut at_head = true;
        for (token, range) in Lexer::new(sql) {
            if token != Token::LineComment {
                at_head &= token == Token::BlockComment;
                continue;
            }
            let Some(directive) = sql[range.start + 2..range.end].trim().strip_prefix(MARK) else {
                continue;
            };
            let finding = |message: String, help: String| Diagnostic {
                path: path.to_owned(),
                position: Some(Position::of_byte(sql.as_bytes(), range.start)),
                message,
                help: Some(help),
            };
            match directive {
                NO_TRANSACTION if at_head => directives.no_transaction = true,
                NO_TRANSACTION => findings.push(finding(
                    format!("`{MARK}{NO_TRANSACTION}` stands below the first statement"),
                    "move it to the head of the file: it is about the whole of it".to_owned(),
                )),
                allow if is_word(allow, ALLOW) => {
                    if let Err(message) = Allow::parse(allow, range.clone()) {
                        let help = format!("write `-- {MARK}{ALLOW}(rule): why the rule does not hold here`");
                        findings.push(finding(message.to_owned(), help));
                    }
                }
                unknown => findings.push(finding(format!("unknown directive `{MARK}{unknown}`"), meant(unknown))),
            }
        }
        if findings.is_empty() {
            Ok(directives)
        } else {
            Err(findings)
        }
    }
}

/// Whether a directive begins with a word.
fn is_word(directive: &str, word: &str) -> bool {
    directive
        .strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
}

/// What an unknown directive may have been meant as.
fn meant(unknown: &str) -> String {
    let word = unknown
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .next()
        .unwrap_or_default();
    match nearest(word, [NO_TRANSACTION, ALLOW].into_iter()) {
        Some(ALLOW) => format!("did you mean `-- {MARK}{ALLOW}(rule): reason`?"),
        Some(known) => format!("did you mean `-- {MARK}{known}`?"),
        None => format!(
            "write `-- {MARK}{NO_TRANSACTION}` or `-- {MARK}{ALLOW}(rule): reason`, or take `{MARK}` out of the comment"
        ),
    }
}

/// `-- dbtask:allow(rule): reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allow {
    pub(crate) rule: String,
    /// The comment.
    pub(crate) range: Range<usize>,
}

impl Allow {
    fn parse(directive: &str, range: Range<usize>) -> Result<Allow, &'static str> {
        let rest = directive.strip_prefix(ALLOW).unwrap_or(directive).trim_start();
        let inside = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let Some((rule, rest)) = inside.filter(|(rule, _)| !rule.trim().is_empty()) else {
            return Err("the directive does not say which rule it allows");
        };
        let reason = rest.trim_start().strip_prefix(':').unwrap_or_default();
        if !reason.contains(char::is_alphanumeric) {
            return Err("the directive gives no reason");
        }
        Ok(Allow {
            rule: rule.trim().to_owned(),
            range,
        })
    }
}

/// The well-formed `allow` directives of a text.
#[cfg(feature = "lint")]
pub(crate) fn allows(sql: &str) -> Vec<Allow> {
    if !sql.contains(MARK) {
        return Vec::new();
    }
    Lexer::new(sql)
        .filter(|(token, _)| *token == Token::LineComment)
        .filter_map(|(_, range)| {
            let directive = sql[range.start + 2..range.end].trim().strip_prefix(MARK)?;
            is_word(directive, ALLOW).then(|| Allow::parse(directive, range).ok())?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_stands_in_a_comment_at_the_head() {
        let parse = |sql| Directives::parse("x.sql", sql).unwrap().no_transaction;
        assert!(parse("-- why\n\n--dbtask:no-transaction\nVACUUM;"));
        assert!(parse("/* why */\n--  dbtask:no-transaction  \nVACUUM;"));
        assert!(!parse("SELECT '\n-- dbtask:nonsense\n', $$ -- dbtask:x\n$$;"));
        assert!(!parse("-- see dbtask: the manual\nSELECT 1;"));
    }

    #[test]
    fn an_unknown_or_misplaced_one_is_found_with_its_line() {
        let findings = Directives::parse(
            "x.sql",
            "-- dbtask:no-transacton\nSELECT 1;\n  -- dbtask:no-transaction\n",
        )
        .unwrap_err();
        let lines: Vec<_> = findings
            .iter()
            .map(|d| d.to_string().lines().next().unwrap().to_owned())
            .collect();
        assert_eq!(
            lines,
            [
                "x.sql:1:1: unknown directive `dbtask:no-transacton`",
                "x.sql:3:3: `dbtask:no-transaction` stands below the first statement"
            ]
        );
    }

    #[test]
    fn an_escape_has_a_rule_and_a_reason() {
        for sql in [
            "-- dbtask:allow(drop-data): unused since release 42\nDROP TABLE t;",
            "SELECT 1;\n  --dbtask:allow( drop-data ) : why\nDROP TABLE t;",
        ] {
            assert!(Directives::parse("x.sql", sql).is_ok(), "{sql}");
        }
        for (directive, message) in [
            ("allow", "the directive does not say which rule it allows"),
            ("allow(): why", "the directive does not say which rule it allows"),
            ("allow(drop-data)", "the directive gives no reason"),
            ("allow(drop-data): ", "the directive gives no reason"),
            (
                "alow(drop-data): why",
                "unknown directive `dbtask:alow(drop-data): why`",
            ),
        ] {
            let findings = Directives::parse("x.sql", &format!("-- dbtask:{directive}\nSELECT 1;")).unwrap_err();
            assert_eq!(findings[0].message, message);
            assert!(findings[0].help.as_ref().unwrap().contains("dbtask:allow(rule): "));
        }
    }
}
