//! How deep a text may nest, found without recursion and before anything is parsed.
//!
//! The parser recurses, and for some texts needs time in the square of their depth. What is nested deeper than any
//! real migration is left alone and reported.

use crate::lint::ast::Span;
use crate::statements::{Lexer, Token};

/// Parentheses, brackets and blocks within each other. The most that real migrations had is 20.
const BRACKETS: usize = 100;

/// Words and signs that one expression may be long: each may be a level of the tree. Commas begin a new one.
const CHAIN: usize = 1_500;

/// `UNION` and the like side by side: each is a level, whatever the commas say.
const UNIONS: usize = 400;

/// The longest of the words that matter here, `intersect`.
const LONGEST_WORD: usize = 9;

/// One level of brackets.
#[derive(Default)]
struct Level {
    chain: usize,
    unions: usize,
}

/// Whether a statement, of which the tokens are at hand, can be parsed without harm, and the body of the routine or block
/// that it may be.
pub(super) fn is_statement_bounded(sql: &str, tokens: &[(Token, Span)]) -> bool {
    let is_word = |word: &str| {
        let first = tokens.first();
        first.is_some_and(|(_, range)| sql[range.clone()].eq_ignore_ascii_case(word))
    };
    let body_is_bounded = |text: &str| {
        // between the quotes, whatever they are, lies the body
        !text.starts_with(['$', '\'', 'e', 'E']) || is_bounded(inner(text))
    };
    let mut others = tokens.iter().filter(|(token, _)| *token == Token::Other);
    are_bounded(sql, tokens.iter().cloned())
        && (!(is_word("create") || is_word("do")) || others.all(|(_, range)| body_is_bounded(&sql[range.clone()])))
}

/// What stands between quotes.
fn inner(text: &str) -> &str {
    let quote = match text.strip_prefix('$').and_then(|rest| rest.find('$')) {
        Some(end) => end + 2,
        None => text.find('\'').map_or(0, |at| at + 1),
    };
    text.get(quote..text.len().saturating_sub(quote)).unwrap_or_default()
}

/// Whether a text can be parsed without harm.
pub(super) fn is_bounded(sql: &str) -> bool {
    are_bounded(sql, Lexer::new(sql))
}

fn are_bounded(sql: &str, tokens: impl Iterator<Item = (Token, Span)>) -> bool {
    let mut levels = vec![Level::default()];
    // the length of the chains of all outer levels
    let mut outer = 0;
    let (mut blocks, mut after_end, mut awaits_then) = (0_usize, false, false);
    for (token, range) in tokens {
        let text = &sql[range];
        let opens = token == Token::Open || text == "[";
        let closes = token == Token::Close || text == "]";
        let Some(level) = levels.last_mut() else { return false };
        if matches!(token, Token::LineComment | Token::BlockComment) {
            continue;
        }
        if token == Token::Semicolon || text == "," {
            level.chain = 0;
            if token == Token::Semicolon {
                level.unions = 0;
            }
        } else if opens {
            outer += level.chain;
            levels.push(Level::default());
        } else if closes {
            if levels.len() > 1 {
                levels.pop();
            }
            let level = levels.last().map_or(0, |level| level.chain);
            outer = outer.saturating_sub(level);
            if let Some(level) = levels.last_mut() {
                level.chain += 1;
            }
        } else {
            level.chain += 1;
        }
        if token == Token::Word {
            let mut word = [0; LONGEST_WORD];
            let word = match word.get_mut(..text.len()) {
                Some(word) => {
                    word.copy_from_slice(text.as_bytes());
                    word.make_ascii_lowercase();
                    &*word
                }
                None => b"",
            };
            match word {
                b"union" | b"intersect" | b"except" => {
                    if let Some(level) = levels.last_mut() {
                        level.unions += 1;
                    }
                }
                b"end" => blocks = blocks.saturating_sub(1),
                _ if after_end => {}
                b"begin" | b"loop" | b"case" => blocks += 1,
                // `IF` is also in `IF EXISTS`: its `THEN` tells
                b"if" => awaits_then = true,
                b"elsif" | b"elseif" | b"when" => awaits_then = false,
                b"then" => blocks += usize::from(std::mem::take(&mut awaits_then)),
                _ => {}
            }
            after_end = word == b"end";
        } else {
            after_end = false;
        }
        let here = levels.last().map_or((0, 0), |level| (level.chain, level.unions));
        if levels.len() > BRACKETS || blocks > BRACKETS || outer + here.0 > CHAIN || here.1 > UNIONS {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_files_have_is_bounded() {
        let rows = "(1, 'a', now()), ".repeat(50_000);
        let script = "IF NOT EXISTS (SELECT 1) THEN x := CASE WHEN a THEN 1 ELSE 2 END; END IF; ".repeat(2_000);
        for sql in [
            format!("INSERT INTO t VALUES {rows} (1, 'b', now())"),
            format!("BEGIN {script} END"),
            "DROP TABLE IF EXISTS t; ".repeat(1_000),
            "SELECT 'a', 'b' UNION ALL ".repeat(200),
        ] {
            assert!(is_bounded(&sql), "{}", &sql[..60]);
        }
    }

    #[test]
    fn what_would_overflow_is_not() {
        for (open, close) in [
            ("(", ")"),
            ("f(", ")"),
            ("ARRAY[", "]"),
            ("CASE WHEN a THEN ", " END"),
            ("IF a THEN x; ", " END IF;"),
            ("IF EXISTS (SELECT 1) THEN x; ", " END IF;"),
            ("BEGIN x; ", " END;"),
            ("NOT ", ""),
            ("1 + ", ""),
            ("SELECT 1, 2 UNION ", ""),
            ("a.", ""),
        ] {
            let sql = format!("SELECT {}1{}", open.repeat(20_000), close.repeat(20_000));
            assert!(!is_bounded(&sql), "{open}");
        }
    }
}
