//! What a file says about itself in comments: `-- dbtask:no-transaction`.

use crate::statements::{Lexer, Token};
use crate::{Diagnostic, Position};

/// The mark that makes a comment a directive.
const MARK: &str = "dbtask:";

/// The directive that takes a file out of the transaction.
const NO_TRANSACTION: &str = "no-transaction";

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
                unknown => findings.push(finding(
                    format!("unknown directive `{MARK}{unknown}`"),
                    format!(
                        "write `-- {MARK}{NO_TRANSACTION}` (there is no other), or take `{MARK}` out of the comment"
                    ),
                )),
            }
        }
        if findings.is_empty() {
            Ok(directives)
        } else {
            Err(findings)
        }
    }
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
}
