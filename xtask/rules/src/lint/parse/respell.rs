//! Words that PostgreSQL takes for names and the parser for something else. A statement that cannot be read is read once
//! more with such a word spelt otherwise, at the same length, so that places stay what they are.

use super::blank;
use super::into::{DEEPEST, quoted};
use crate::lint::ast::Span;
use crate::statements::{Lexer, Token};

/// The names of queries in `WITH`.
const QUERIES: [&str; 5] = ["delete", "insert", "merge", "update", "values"];

/// Columns that a function returns (`type_func_name_keyword` in PostgreSQL's grammar).
const RETURNED: [&str; 11] = [
    "binary", "cross", "full", "inner", "left", "like", "natural", "outer", "right", "similar", "verbose",
];

/// The statement with those words spelt otherwise; `None` where it has none of them.
pub(super) fn respelled(statement: &str) -> Option<String> {
    let mut text = statement.to_owned();
    respell(statement, 0, DEEPEST, &mut text);
    (text != statement).then_some(text)
}

fn respell(sql: &str, base: usize, levels: usize, out: &mut String) {
    let tokens: Vec<(Token, Span)> = Lexer::new(sql)
        .filter(|(token, _)| !matches!(token, Token::LineComment | Token::BlockComment))
        .collect();
    let word = |i: Option<usize>| {
        let range = i.and_then(|i| tokens.get(i)).map_or(0..0, |(_, range)| range.clone());
        sql[range].to_ascii_lowercase()
    };
    let mut returns_table = false;
    for (i, (token, range)) in tokens.iter().enumerate() {
        let span = base + range.start..base + range.end;
        if levels > 0
            && sql[range.clone()].starts_with('$')
            && let Some(body) = quoted(&sql[range.clone()])
        {
            respell(
                &sql[range.start + body.start..range.start + body.end],
                span.start + body.start,
                levels - 1,
                out,
            );
        }
        if *token != Token::Word {
            continue;
        }
        let (before, own, behind) = (word(i.checked_sub(1)), word(Some(i)), word(Some(i + 1)));
        returns_table |= before == "returns" && own == "table";
        let begins_type = tokens.get(i + 1).is_some_and(|(token, _)| *token == Token::Word);
        let in_list = matches!(before.as_str(), "(" | ",");
        let is_column = in_list || matches!(before.as_str(), "add" | "column" | "exists");
        if own == "exclude" && is_column && begins_type && behind != "using"
            || QUERIES.contains(&own.as_str())
                && matches!(before.as_str(), "with" | "recursive" | ",")
                && matches!(behind.as_str(), "as" | "(")
            || RETURNED.contains(&own.as_str()) && returns_table && in_list && begins_type
        {
            // its last letter
            out.replace_range(span.end - 1..span.end, "_");
        } else if own == "trusted" && before == "create" && matches!(behind.as_str(), "language" | "procedural") {
            blank(out, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::parse::parse;

    #[test]
    fn what_postgresql_reads_is_no_error() {
        for sql in [
            "CREATE TABLE t (exclude integer, EXCLUDE USING gist (a WITH =))",
            "CREATE TABLE t (a int, Exclude integer)",
            "ALTER TABLE t ADD exclude boolean",
            "WITH update AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM update",
            "WITH a AS (SELECT 1), insert (b) AS (INSERT INTO t VALUES (1) RETURNING b) SELECT b FROM insert",
            "CREATE FUNCTION f() RETURNS TABLE (left int, right int) LANGUAGE sql AS 'SELECT 1, 2'",
            "CREATE TRUSTED LANGUAGE plx HANDLER h",
            "DO $$ BEGIN WITH delete AS (DELETE FROM t WHERE a = 1 RETURNING a) INSERT INTO u SELECT a FROM delete; END $$",
        ] {
            let problems = parse(sql).problems;
            assert!(problems.is_empty(), "{sql}: {problems:?}");
        }
    }

    #[test]
    fn what_is_wrong_beside_it_stays_wrong_at_its_place() {
        for (sql, at) in [
            ("CREATE TABLE t (exclude integer, b int int)", 39),
            ("CREATE TABLE t (a int, left int)", 23),
        ] {
            let problems = parse(sql).problems;
            assert!(
                problems.len() == 1 && problems[0].span.start >= at,
                "{sql}: {problems:?}"
            );
        }
    }
}
