//! `SELECT … INTO variable` in PL/pgSQL, which the parser does not know: it is blanked out before the text is parsed.

use super::blank;
use crate::lint::ast::Span;
use crate::statements::{Lexer, Token};

/// A statement of a text with the targets of `INTO` in its PL/pgSQL body blanked out, where it has any.
pub(super) fn without_targets(sql: &str, statement: &Span, tokens: &[(Token, Span)]) -> Option<String> {
    let is = |(_, range): &(Token, Span), word: &str| sql[range.clone()].eq_ignore_ascii_case(word);
    let first = tokens.first()?;
    let is_plpgsql = is(first, "do")
        || is(first, "create")
            && tokens
                .iter()
                .any(|token| is(token, "plpgsql") || is(token, "'plpgsql'"));
    if !is_plpgsql {
        return None;
    }
    let mut masked = sql[statement.clone()].to_owned();
    let mut is_masked = false;
    for (token, range) in tokens {
        let text = &sql[range.clone()];
        let tag = text
            .strip_prefix('$')
            .and_then(|rest| rest.find('$'))
            .map_or(0, |end| end + 2);
        if *token != Token::Other || tag == 0 || text.len() < 2 * tag {
            continue;
        }
        let body = range.start - statement.start + tag;
        for target in targets(&text[tag..text.len() - tag]) {
            is_masked = true;
            blank(&mut masked, body + target.start..body + target.end);
        }
    }
    is_masked.then_some(masked)
}

/// The ranges of `INTO [STRICT] a, b.c`, where they name variables.
fn targets(body: &str) -> Vec<Span> {
    let tokens: Vec<(Token, Span)> = Lexer::new(body)
        .filter(|(token, _)| !matches!(token, Token::LineComment | Token::BlockComment))
        .collect();
    let word = |i: usize| tokens.get(i).map_or("", |(_, range)| &body[range.clone()]);
    let is = |i: usize, wanted: &str| word(i).eq_ignore_ascii_case(wanted);
    let mut found = Vec::new();
    // the first word of the statement: what FETCH and EXECUTE have behind INTO the parser knows
    let mut begins = true;
    let mut leave = false;
    let mut i = 0;
    while i < tokens.len() {
        if begins {
            leave = is(i, "fetch") || is(i, "execute") || is(i, "move");
        }
        begins = word(i) == ";" || ["begin", "then", "else", "loop"].iter().any(|keyword| is(i, keyword));
        let names_table = i > 0 && (is(i - 1, "insert") || is(i - 1, "merge"));
        if !is(i, "into") || names_table || leave {
            i += 1;
            continue;
        }
        let start = tokens[i].1.start;
        let mut end = i + 1 + usize::from(is(i + 1, "strict"));
        // name [. name | [index]]*, comma separated
        loop {
            end += 1;
            while word(end) == "." {
                end += 2;
            }
            if word(end) != "," {
                break;
            }
            end += 1;
        }
        let last = tokens.get(end - 1).map_or(body.len(), |(_, range)| range.end);
        found.push(start..last);
        i = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked_statement(statement: &str) -> Option<String> {
        let tokens: Vec<_> = Lexer::new(statement).collect();
        without_targets(statement, &(0..statement.len()), &tokens)
    }

    #[test]
    fn variables_go_and_tables_stay() {
        for (body, masked) in [
            ("SELECT a INTO b FROM t;", "SELECT a        FROM t;"),
            (
                "SELECT a INTO STRICT b.c, d FROM t;",
                "SELECT a                    FROM t;",
            ),
            (
                "INSERT INTO t VALUES (1) RETURNING a INTO b;",
                "INSERT INTO t VALUES (1) RETURNING a       ;",
            ),
            ("FETCH c INTO x;", "FETCH c INTO x;"),
            ("EXECUTE 'x' INTO y;", "EXECUTE 'x' INTO y;"),
        ] {
            let statement = format!("DO $$ BEGIN {body} END $$");
            let expected = format!("DO $$ BEGIN {masked} END $$");
            assert_eq!(masked_statement(&statement).unwrap_or(statement), expected);
        }
        assert_eq!(
            masked_statement("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 INTO x $$"),
            None
        );
    }
}
