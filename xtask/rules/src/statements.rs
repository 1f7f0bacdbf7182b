//! Where the statements of an SQL text begin and end, as the server's own lexer sees it.
//!
//! Source: PostgreSQL, `src/backend/parser/scan.l` for strings, identifiers and comments, and
//! `src/fe_utils/psqlscan.l` for what keeps a semicolon from ending a statement: parentheses and the bodies of
//! SQL-standard functions (`BEGIN ATOMIC … END`).

use std::ops::Range;

/// A piece of SQL that matters for statement boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// `-- …`, without its line break.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// An unquoted identifier or keyword.
    Word,
    /// A semicolon.
    Semicolon,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// Anything else: a string, a quoted identifier, a number, an operator's character.
    Other,
}

/// Reads tokens; white space is passed over.
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    /// `standard_conforming_strings`: a backslash in a plain string is a character like any other.
    standard: bool,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(sql: &'a str) -> Lexer<'a> {
        Lexer {
            sql,
            at: 0,
            standard: true,
        }
    }

    fn byte(&self, offset: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + offset).copied()
    }

    /// The end of the text that begins here and ends with the first `end` at or behind `from`.
    fn through(&self, from: usize, end: &str) -> usize {
        self.sql
            .get(from..)
            .and_then(|rest| rest.find(end))
            .map_or(self.sql.len(), |i| from + i + end.len())
    }

    /// The end of the line that `from` is in, its line feed included.
    fn line(&self, from: usize) -> usize {
        let rest = self.sql.get(from..).unwrap_or_default();
        from + rest.find('\n').map_or(rest.len(), |at| at + 1)
    }

    fn block_comment(&self) -> usize {
        let bytes = self.sql.as_bytes();
        let (mut at, mut depth) = (self.at + 2, 1);
        while depth > 0 && at < bytes.len() {
            match (bytes[at], bytes.get(at + 1)) {
                (b'/', Some(b'*')) => (at, depth) = (at + 2, depth + 1),
                (b'*', Some(b'/')) => (at, depth) = (at + 2, depth - 1),
                _ => at += 1,
            }
        }
        at
    }

    /// The end of a text in `quote`s that opens at `open`. Without escapes neither a doubled quote needs care nor a text
    /// that goes on in a later line: there one ends, and the next that begins is of the same kind.
    fn quoted(&self, open: usize, quote: u8, escapes: bool) -> usize {
        let bytes = self.sql.as_bytes();
        let mut at = open + 1;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if escapes => at += 2,
                b if b == quote && !escapes => return at + 1,
                b if b == quote => match self.continuation(at + 1) {
                    Some(next) => at = next + 1,
                    None => return at + 1,
                },
                _ => at += 1,
            }
        }
        bytes.len()
    }

    /// Where a text with escapes goes on whose quote stands right before `at`: at the second of two quotes, or at one in a
    /// later line, with nothing but white space and comments between (`quotecontinue` in scan.l).
    fn continuation(&self, mut at: usize) -> Option<usize> {
        let bytes = self.sql.as_bytes();
        if bytes.get(at) == Some(&b'\'') {
            return Some(at);
        }
        let mut in_later_line = false;
        loop {
            match (bytes.get(at)?, bytes.get(at + 1)) {
                (b'\'', _) => return in_later_line.then_some(at),
                (b'-', Some(b'-')) => {
                    at = self.line(at);
                    in_later_line = true;
                }
                (b, _) if b.is_ascii_whitespace() || *b == 0x0b => {
                    in_later_line |= matches!(b, b'\n' | b'\r');
                    at += 1;
                }
                _ => return None,
            }
        }
    }

    /// The end of the dollar-quoted text that opens here, if one does: `$$ … $$`, `$tag$ … $tag$`.
    fn dollar_quoted(&self) -> Option<usize> {
        let bytes = self.sql.as_bytes();
        let mut end = self.at + 1;
        while bytes.get(end).is_some_and(|&b| is_word(b) && b != b'$') {
            end += 1;
        }
        let is_tag = bytes.get(end) == Some(&b'$') && !bytes[self.at + 1].is_ascii_digit();
        is_tag.then(|| self.through(end + 1, &self.sql[self.at..=end]))
    }

    fn word(&self) -> usize {
        let bytes = self.sql.as_bytes();
        let mut end = self.at;
        while bytes.get(end).is_some_and(|&b| is_word(b)) {
            end += 1;
        }
        end
    }

    /// The end of the digits that begin here and of a letter behind them, which may be part of the number. A `$` is
    /// none: it can open a text, `1$$;$$`.
    fn number(&self) -> usize {
        let bytes = self.sql.as_bytes();
        let mut end = self.at;
        while bytes.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        let letter = bytes.get(end).is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_');
        end + usize::from(letter)
    }
}

impl Iterator for Lexer<'_> {
    type Item = (Token, Range<usize>);

    fn next(&mut self) -> Option<(Token, Range<usize>)> {
        while self.byte(0).is_some_and(|b| b.is_ascii_whitespace() || b == 0x0b) {
            self.at += 1;
        }
        let start = self.at;
        let (token, end) = match (self.byte(0)?, self.byte(1)) {
            (b'-', Some(b'-')) => (Token::LineComment, self.line(start)),
            (b'/', Some(b'*')) => (Token::BlockComment, self.block_comment()),
            (b'\'', _) => (Token::Other, self.quoted(start, b'\'', !self.standard)),
            (b'"', _) => (Token::Other, self.quoted(start, b'"', false)),
            (b'e' | b'E', Some(b'\'')) => (Token::Other, self.quoted(start + 1, b'\'', true)),
            // bits and code points: never with backslashes, whatever the server's setting
            (b'b' | b'B' | b'x' | b'X', Some(b'\'')) => (Token::Other, self.quoted(start + 1, b'\'', false)),
            (b'u' | b'U', Some(b'&')) if self.byte(2) == Some(b'\'') => {
                (Token::Other, self.quoted(start + 2, b'\'', false))
            }
            (b'$', _) => (Token::Other, self.dollar_quoted().unwrap_or(start + 1)),
            (b';', _) => (Token::Semicolon, start + 1),
            (b'(', _) => (Token::Open, start + 1),
            (b')', _) => (Token::Close, start + 1),
            (b, _) if b.is_ascii_digit() => (Token::Other, self.number()),
            (b, _) if is_word(b) => (Token::Word, self.word()),
            _ => (Token::Other, start + 1),
        };
        self.at = end.min(self.sql.len());
        let end = if token == Token::LineComment {
            start + self.sql[start..self.at].trim_end().len()
        } else {
            self.at
        };
        Some((token, start..end))
    }
}

/// A byte of an identifier; every byte of a character beyond ASCII is one.
fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80
}

/// The byte ranges of the statements, each without its semicolon and without the comments before it. Statements
/// that are empty, or comments alone, are none.
pub fn split(sql: &str) -> Vec<Range<usize>> {
    split_as(sql, true)
}

/// As [`split`], for a server whose `standard_conforming_strings` is as given. (A `SET` of it inside of the text is
/// not followed.)
pub fn split_as(sql: &str, standard_conforming_strings: bool) -> Vec<Range<usize>> {
    each(sql, standard_conforming_strings).collect()
}

/// As [`split_as`], one by one: a file of a gigabyte has more statements than anybody wants to keep.
pub fn each(sql: &str, standard_conforming_strings: bool) -> impl Iterator<Item = Range<usize>> {
    let tokens = Lexer {
        sql,
        at: 0,
        standard: standard_conforming_strings,
    };
    Statements { sql, tokens }
}

/// The tokens of each statement, comments inside included, of a text that is read to tokens already.
#[cfg(feature = "lint")]
pub(crate) fn split_tokens<'t>(
    sql: &str,
    tokens: &'t [(Token, Range<usize>)],
) -> impl Iterator<Item = (Range<usize>, &'t [(Token, Range<usize>)])> {
    let mut rest = tokens;
    Statements {
        sql,
        tokens: tokens.iter().cloned(),
    }
    .map(move |statement| {
        let begin = rest.partition_point(|(_, range)| range.start < statement.start);
        let end = begin + rest[begin..].partition_point(|(_, range)| range.end <= statement.end);
        let own = &rest[begin..end];
        rest = &rest[end..];
        (statement, own)
    })
}

/// Puts tokens together to statements.
struct Statements<'a, Tokens> {
    sql: &'a str,
    tokens: Tokens,
}

impl<Tokens: Iterator<Item = (Token, Range<usize>)>> Iterator for Statements<'_, Tokens> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let mut current = Statement::default();
        for (token, range) in self.tokens.by_ref() {
            match token {
                Token::LineComment | Token::BlockComment => {}
                Token::Semicolon if current.ends_here() => {
                    if current.range.is_some() {
                        return current.range;
                    }
                }
                _ => current.take(token, &self.sql[range.clone()], range),
            }
        }
        current.range
    }
}

/// Whether two texts differ in comments and white space alone.
pub fn are_same(one: &str, other: &str) -> bool {
    let pieces = |sql| Lexer::new(sql).filter(|(token, _)| !matches!(token, Token::LineComment | Token::BlockComment));
    pieces(one)
        .map(|(_, range)| &one[range])
        .eq(pieces(other).map(|(_, range)| &other[range]))
}

/// How a statement begins, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The byte at which it begins.
    pub start: usize,
    /// Its first words, in lower case; quoted names with their quotes.
    pub words: Vec<String>,
}

/// How many words a [`Head`] has at the most: a GRANT may name many roles.
const HEAD: usize = 64;

/// The heads of all statements of a text, also of those in `DO` blocks and in the bodies of routines, and of what looks like
/// one in a string there (`EXECUTE 'CREATE ROLE …'`). For a search that would rather find too much.
pub fn heads(sql: &str) -> Vec<Head> {
    let mut heads = Vec::new();
    collect_heads(sql, 0, false, &mut heads);
    heads
}

/// The words in a body behind which a statement may begin.
const OPENERS: [&str; 7] = ["begin", "then", "else", "loop", "execute", "declare", "perform"];

fn collect_heads(sql: &str, base: usize, in_body: bool, heads: &mut Vec<Head>) {
    let mut current: Option<Head> = None;
    let mut fresh = true;
    for (token, range) in Lexer::new(sql) {
        let text = &sql[range.clone()];
        let start = base + range.start;
        match token {
            Token::Semicolon => {
                heads.extend(current.take());
                fresh = true;
            }
            Token::Word if in_body && OPENERS.contains(&text.to_ascii_lowercase().as_str()) => {
                heads.extend(current.take());
                fresh = true;
            }
            Token::Word if fresh => {
                let words = vec![text.to_ascii_lowercase()];
                current = Some(Head { start, words });
                fresh = false;
            }
            Token::Word => take_word(&mut current, text.to_ascii_lowercase()),
            Token::Other if text.starts_with('"') => take_word(&mut current, text.to_owned()),
            Token::Other => {
                let has_bodies = in_body || current.as_ref().is_some_and(Head::has_bodies);
                if let Some(inner) = body(text, has_bodies) {
                    collect_heads(&text[inner.clone()], start + inner.start, true, heads);
                }
            }
            Token::LineComment | Token::BlockComment | Token::Open | Token::Close => {}
        }
    }
    heads.extend(current);
}

fn take_word(head: &mut Option<Head>, word: String) {
    if let Some(head) = head
        && head.words.len() < HEAD
    {
        head.words.push(word);
    }
}

impl Head {
    /// Whether a string in it may be code: in `DO '…'` and `CREATE FUNCTION … AS '…'` it is.
    fn has_bodies(&self) -> bool {
        let is = |word: &str| self.words.iter().any(|w| w == word);
        self.words[0] == "do" || is("function") || is("procedure")
    }
}

/// Where the content of a quoted text lies: of one in dollars, and of one in apostrophes where those may be code.
fn body(text: &str, plain_too: bool) -> Option<Range<usize>> {
    let tag = if let Some(rest) = text.strip_prefix('$') {
        rest.find('$')? + 2
    } else if plain_too && text.starts_with('\'') {
        1
    } else {
        return None;
    };
    (text.len() >= 2 * tag).then(|| tag..text.len() - tag)
}

/// Whether a name stands in the text as an identifier, in strings (as a `DO` block has it) too, but not in a comment.
pub fn mentions(sql: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let pieces = Lexer::new(sql).filter(|(token, _)| !matches!(token, Token::LineComment | Token::BlockComment));
    let holds = |text: &str| {
        text.match_indices(name)
            .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
    };
    !name.is_empty() && pieces.map(|(_, range)| &sql[range]).any(holds)
}

/// Whether the text has no statement: it is empty, or comments and semicolons alone.
pub(crate) fn is_empty(sql: &str) -> bool {
    Lexer::new(sql).all(|(token, _)| matches!(token, Token::LineComment | Token::BlockComment | Token::Semicolon))
}

/// A statement that is being read.
#[derive(Default)]
struct Statement {
    range: Option<Range<usize>>,
    parentheses: usize,
    /// The first words, as far as they tell whether it creates a routine.
    first_words: Vec<String>,
    /// `BEGIN ATOMIC`s and `CASE`s of a routine's body that have no `END` yet.
    open_blocks: usize,
    after_begin: bool,
}

impl Statement {
    fn ends_here(&self) -> bool {
        self.parentheses == 0 && self.open_blocks == 0
    }

    fn take(&mut self, token: Token, text: &str, range: Range<usize>) {
        match &mut self.range {
            Some(whole) => whole.end = range.end,
            None => self.range = Some(range),
        }
        match token {
            Token::Open => self.parentheses += 1,
            Token::Close => self.parentheses = self.parentheses.saturating_sub(1),
            Token::Word => self.take_word(text),
            _ => {}
        }
    }

    fn take_word(&mut self, text: &str) {
        if self.first_words.len() < 4 {
            self.first_words.push(text.to_ascii_lowercase());
        }
        if self.parentheses > 0 || !self.creates_routine() {
            return;
        }
        let word = text.to_ascii_lowercase();
        match word.as_str() {
            "atomic" if self.after_begin => self.open_blocks += 1,
            "case" if self.open_blocks > 0 => self.open_blocks += 1,
            "end" => self.open_blocks = self.open_blocks.saturating_sub(1),
            _ => {}
        }
        self.after_begin = word == "begin";
    }

    /// `CREATE [OR REPLACE] FUNCTION|PROCEDURE`.
    fn creates_routine(&self) -> bool {
        let word = |n: usize| self.first_words.get(n).map_or("", String::as_str);
        let what = match (word(1), word(2)) {
            ("or", "replace") => word(3),
            (what, _) => what,
        };
        word(0) == "create" && matches!(what, "function" | "procedure")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        split(sql).into_iter().map(|range| &sql[range]).collect()
    }

    #[test]
    fn semicolons_part_statements_and_comments_are_none() {
        assert_eq!(
            texts("SELECT 1; -- one;\n\n/* ; /* nested ; */ */ SELECT 2;;  ; SELECT 3"),
            ["SELECT 1", "SELECT 2", "SELECT 3"]
        );
        assert_eq!(texts("-- nothing\n/* at all */ ;"), Vec::<&str>::new());
        assert!(is_empty("-- nothing\n;/* x */\n") && is_empty("") && !is_empty("-- x\nSELECT 1"));
    }

    #[test]
    fn quotes_hide_semicolons() {
        for statement in [
            "SELECT 'a;b''c;d'",
            r"SELECT E'it\';s'",
            r"SELECT E'it''s \';'",
            "SELECT E'a' -- '\n -- ';\n 'b\\';c'",
            r"SELECT 'back\'",
            r#"SELECT "odd;""name""#,
            "DO $$ BEGIN; END $$",
            "SELECT $tag$ ; $$ ; $other$ ; $tag$",
            "SELECT $ä$ ; $ä$",
            "SELECT a$b$c, $1 + $2",
            "SELECT 1$$;$$, $1$$;$$, 1e5$a$;$a$, 0x1F, 1_000",
            r"SELECT U&'d\0061;t'",
        ] {
            assert_eq!(texts(&format!("{statement};SELECT 2")), [statement, "SELECT 2"]);
        }
    }

    #[test]
    fn a_string_with_escapes_goes_on_behind_two_quotes_and_in_a_later_line() {
        for statement in [
            r"SELECT E'a''it\'s; b'",
            "SELECT E'a'\n  'it\\'s; b'",
            "SELECT E'a' -- 'so;\n\t-- and so\n 'it\\'s; b'",
        ] {
            assert_eq!(texts(&format!("{statement};SELECT 2")), [statement, "SELECT 2"]);
        }
        // in the same line, or behind another comment, it is another one, without escapes
        for statement in [r"SELECT E'a' 'b\'", "SELECT E'a' /* \n */ 'b\\'", r"SELECT 'a''b\'"] {
            assert_eq!(texts(&format!("{statement};SELECT 2")), [statement, "SELECT 2"]);
        }
    }

    #[test]
    fn parentheses_and_bodies_hide_semicolons() {
        for statement in [
            "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
            "create or replace procedure p() begin atomic INSERT INTO t VALUES (1); end",
            "CREATE FUNCTION begin(a int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ] {
            assert_eq!(texts(&format!("{statement}; SELECT 2;")), [statement, "SELECT 2"]);
        }
        assert_eq!(texts("BEGIN; SELECT 1; END;").len(), 3);
        assert_eq!(texts("CREATE TABLE begin (id int); SELECT 1").len(), 2);
    }

    #[test]
    fn comments_and_white_space_make_no_difference() {
        assert!(are_same("-- a\nSELECT  1 ;", "SELECT 1 /* b */;\n"));
        assert!(!are_same("SELECT 'a  b'", "SELECT 'a b'"));
        assert!(!are_same("SELECT 1", "SELECT 1; SELECT 2"));
    }

    #[test]
    fn a_name_is_found_where_it_is_one_and_not_in_a_comment() {
        let sql =
            "-- not_here\nALTER TABLE t ADD CONSTRAINT t_a_fkey CHECK (true); DO $$ 'in_string' $$; SELECT \"Quoted\"";
        for name in ["t_a_fkey", "in_string", "Quoted"] {
            assert!(mentions(sql, name), "{name}");
        }
        for name in ["not_here", "a_fkey", "t_a", "", "quoted"] {
            assert!(!mentions(sql, name), "{name}");
        }
    }

    #[test]
    fn a_backslash_escapes_where_the_server_says_so() {
        let sql = r"SELECT 'it\'; SELECT '; --'; SELECT 2";
        assert_eq!(split_as(sql, true).len(), 3);
        assert_eq!(split_as(sql, false).len(), 1);
        for never in [
            r"SELECT U&''; SELECT 2",
            r"SELECT b''; SELECT 2",
            r"SELECT X''; SELECT 2",
        ] {
            assert_eq!(split_as(never, false).len(), 2, "{never}");
        }
    }

    #[test]
    fn heads_are_found_in_bodies_too() {
        let sql =
            "DO $x$ BEGIN IF a THEN drop  ROLE \"B\"; END IF; EXECUTE 'CREATE ROLE c'; END $x$; SELECT 'DROP ROLE d'";
        let heads = heads(sql);
        let words: Vec<String> = heads.iter().map(|head| head.words.join(" ")).collect();
        for head in ["drop role \"B\"", "create role c", "do", "select"] {
            assert!(words.iter().any(|w| w == head), "{head}: {words:?}");
        }
        assert!(!words.iter().any(|w| w.contains("role d")), "{words:?}");
        let place = heads.iter().find(|head| head.words[0] == "drop").unwrap().start;
        assert_eq!(&sql[place..place + 4], "drop");
    }

    #[test]
    fn an_unfinished_text_ends_with_the_file() {
        for sql in [
            "SELECT 'open; SELECT 2",
            "SELECT $$ ; ",
            "SELECT 1 /* ; ",
            "SELECT (1; 2",
            r"SELECT E'\",
            "SELECT $",
        ] {
            assert_eq!(split(sql).len(), 1, "{sql}");
        }
    }
}
