//! `SELECT … INTO variable` in PL/pgSQL, and a second `DECLARE`, which the parser does not know: they are blanked out before the
//! text is parsed.

use super::blank;
use crate::lint::ast::Span;
use crate::statements::{Lexer, Token};

/// How deep routines are looked for in the bodies of others: a text in a text in a text is read as often as that.
pub(super) const DEEPEST: usize = 8;

/// A statement of a text with the targets of `INTO` in its PL/pgSQL body blanked out, where it has any.
pub(super) fn without_targets(sql: &str, statement: &Span, tokens: &[(Token, Span)]) -> Option<String> {
    let is = |(_, range): &(Token, Span), word: &str| sql[range.clone()].eq_ignore_ascii_case(word);
    let first = tokens.first()?;
    let is_plpgsql =
        is(first, "do") || is(first, "create") && tokens.iter().any(|(_, range)| is_language(&sql[range.clone()]));
    if !is_plpgsql {
        return None;
    }
    let mut texts: Vec<Span> = Vec::new();
    for (_, range) in tokens.iter().filter(|(token, _)| *token == Token::Other) {
        let is_string = |range: &Span| sql[range.clone()].starts_with('\'');
        match texts.last_mut() {
            // a doubled apostrophe: the text goes on
            Some(last) if last.end == range.start && is_string(last) && is_string(range) => last.end = range.end,
            _ => texts.push(range.clone()),
        }
    }
    let mut masked = sql[statement.clone()].to_owned();
    let mut is_masked = false;
    for range in texts {
        let Some(body) = quoted(&sql[range.clone()]) else {
            continue;
        };
        let start = range.start + body.start;
        for target in targets(&sql[start..range.start + body.end], DEEPEST) {
            is_masked = true;
            let start = start - statement.start;
            blank(&mut masked, start + target.start..start + target.end);
        }
    }
    is_masked.then_some(masked)
}

/// Whether a token is `plpgsql`, in whatever quotes.
fn is_language(text: &str) -> bool {
    const NAME: &[u8] = b"plpgsql";
    let mut parts = text.as_bytes().windows(NAME.len());
    text.len() < 3 * NAME.len() && parts.any(|part| part.eq_ignore_ascii_case(NAME))
}

/// What stands between the quotes of a text, which may be a body. Between apostrophes those in it are doubled, and what is
/// said in them does not matter: a target is none of it.
pub(super) fn quoted(text: &str) -> Option<Span> {
    let quote = match text.strip_prefix('$') {
        Some(rest) => rest.find('$')? + 2,
        None => usize::from(text.starts_with('\'')),
    };
    (quote > 0 && text.len() >= 2 * quote).then(|| quote..text.len() - quote)
}

/// The ranges of `INTO [STRICT] a, b.c`, where they name variables, and of a `DECLARE` among declarations.
fn targets(body: &str, levels: usize) -> Vec<Span> {
    let tokens: Vec<(Token, Span)> = Lexer::new(body)
        .filter(|(token, _)| !matches!(token, Token::LineComment | Token::BlockComment))
        .collect();
    let word = |i: usize| tokens.get(i).map_or("", |(_, range)| &body[range.clone()]);
    let is = |i: usize, wanted: &str| word(i).eq_ignore_ascii_case(wanted);
    let mut found = Vec::new();
    // the first word of the statement: what FETCH and EXECUTE have behind INTO the parser knows, IMPORT names a schema
    let mut begins = true;
    let mut leave = false;
    let mut declares = false;
    let mut i = 0;
    while i < tokens.len() {
        if is(i, "declare") {
            if declares && word(i - 1) == ";" {
                found.push(tokens[i].1.clone());
            }
            declares = true;
        } else if is(i, "begin") {
            declares = false;
        }
        if begins {
            leave = ["fetch", "execute", "move", "import"].iter().any(|first| is(i, first));
        }
        begins = word(i) == ";" || ["begin", "then", "else", "loop"].iter().any(|keyword| is(i, keyword));
        let names_table = i > 0 && (is(i - 1, "insert") || is(i - 1, "merge"));
        if !is(i, "into") || names_table || leave {
            // a routine that the body makes; a string that it executes is no PL/pgSQL
            if i > 0 && is(i - 1, "as") && levels > 0 && word(i).starts_with('$') {
                let inner = quoted(word(i)).unwrap_or_default();
                let start = tokens[i].1.start + inner.start;
                let nested = targets(&word(i)[inner], levels - 1);
                found.extend(nested.into_iter().map(|span| start + span.start..start + span.end));
            }
            i += 1;
            continue;
        }
        let first = i + 1 + usize::from(is(i + 1, "strict"));
        match target_list(first, &tokens, &word) {
            Some(end) => {
                found.push(tokens[i].1.start..tokens[end - 1].1.end);
                i = end;
            }
            // no variable: for the parser to say
            None => i += 1,
        }
    }
    found
}

/// Where `a, b.c, $1` ends, if each of them can be a variable.
fn target_list<'a>(mut at: usize, tokens: &[(Token, Span)], word: &impl Fn(usize) -> &'a str) -> Option<usize> {
    loop {
        let (token, _) = tokens.get(at)?;
        let is_clause = is_clause(word(at)) && !ends_targets(word(at + 1));
        let is_name = *token == Token::Word && !is_clause || word(at).starts_with('"');
        // `$1` is two tokens
        let is_parameter = word(at) == "$" && word(at + 1).starts_with(|c: char| c.is_ascii_digit());
        if !is_name && !is_parameter {
            return None;
        }
        at += 1 + usize::from(is_parameter);
        while word(at) == "." {
            at += 2;
        }
        if word(at) != "," {
            return (at <= tokens.len()).then_some(at);
        }
        at += 1;
    }
}

/// The words that a clause begins with, which stand where a variable was forgotten. (A variable may be called so, too.)
fn is_clause(word: &str) -> bool {
    [
        "from", "where", "select", "order", "group", "limit", "union", "values", "using", "end",
    ]
    .iter()
    .any(|clause| word.eq_ignore_ascii_case(clause))
}

/// What may stand behind the variables.
fn ends_targets(word: &str) -> bool {
    matches!(word, ";" | ",") || ["from", "using"].iter().any(|clause| word.eq_ignore_ascii_case(clause))
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
            ("SELECT a INTO $1 FROM t;", "SELECT a         FROM t;"),
            ("SELECT a INTO \"B\".c;", "SELECT a           ;"),
            ("SELECT a INTO FROM t;", "SELECT a INTO FROM t;"),
            ("SELECT a INTO limit FROM t;", "SELECT a            FROM t;"),
            (
                "DECLARE a int; DECLARE b int; BEGIN",
                "DECLARE a int;         b int; BEGIN",
            ),
            (
                "BEGIN x := 1; DECLARE b int; BEGIN",
                "BEGIN x := 1; DECLARE b int; BEGIN",
            ),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN SELECT 1 INTO a; END $f$;",
                "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN SELECT 1       ; END $f$;",
            ),
            ("EXECUTE $q$ SELECT 1 INTO b $q$;", "EXECUTE $q$ SELECT 1 INTO b $q$;"),
            ("SELECT a INTO;", "SELECT a INTO;"),
            ("SELECT begin INTO a FROM t;", "SELECT begin        FROM t;"),
            ("SELECT a INTO b,;", "SELECT a INTO b,;"),
            (
                "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b;",
                "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b;",
            ),
        ] {
            let statement = format!("DO $$ BEGIN {body} END $$");
            let expected = format!("DO $$ BEGIN {masked} END $$");
            assert_eq!(masked_statement(&statement).unwrap_or(statement), expected);
        }
        assert_eq!(
            masked_statement("CREATE FUNCTION f() RETURNS int AS 'BEGIN SELECT ''a'' INTO b; END' LANGUAGE 'plpgsql'")
                .unwrap(),
            "CREATE FUNCTION f() RETURNS int AS 'BEGIN SELECT ''a''       ; END' LANGUAGE 'plpgsql'"
        );
        for language in ["\"plpgsql\"", "E'PLpgSQL'", "$l$plpgsql$l$"] {
            let sql =
                format!("CREATE FUNCTION f() RETURNS int LANGUAGE {language} AS $$ BEGIN SELECT 1 INTO x; END $$");
            assert_eq!(masked_statement(&sql).unwrap(), sql.replace("INTO x", "      "));
        }
        assert_eq!(
            masked_statement("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 INTO x $$"),
            None
        );
    }
}
