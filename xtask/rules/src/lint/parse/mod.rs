//! From text to statements. This is the one place that knows the parser: what it hands on is data of our own.
//!
//! Each statement is parsed for itself, between the boundaries that also the runner keeps, so that one that is wrong
//! spoils no other.

mod block;
mod depth;
mod doubt;
mod into;
mod literal;
mod object;
mod respell;
mod row;
mod statement;
mod syntax;
mod table;
mod tree;
mod uses;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::tree::Map;
use super::ast::{Span, Statement};
use crate::Command;
use crate::statements::{self, Lexer, Token};

/// What a file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// The statements, in order; those of a `DO` block follow the block.
    pub statements: Vec<Statement>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub kind: ProblemKind,
    pub span: Span,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// PostgreSQL would refuse it.
    Syntax,
    /// It may be right, and was not looked into.
    NotAnalysed,
    /// It is for psql: a backslash command.
    Backslash,
}

/// Reads a file. It does not fail, does not panic, and takes time in proportion to the text.
pub(crate) fn parse(sql: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let masked = without_psql(sql, &mut parsed.problems);
    let sql = masked.as_deref().unwrap_or(sql);
    let adds_value = has_words(sql, "add", "value");
    let tokens: Vec<(Token, Span)> = Lexer::new(sql).collect();
    for (range, tokens) in statements::split_tokens(sql, &tokens) {
        parse_statement(sql, range, tokens, adds_value, &mut parsed);
    }
    parsed.problems.sort_by_key(|problem| problem.span.start);
    parsed
}

fn parse_statement(sql: &str, range: Span, tokens: &[(Token, Span)], strings: bool, parsed: &mut Parsed) {
    let masked = into::without_targets(sql, &range, tokens);
    let text = masked.as_deref().unwrap_or(&sql[range.clone()]);
    let mut reader = Reader {
        map: &|of: Span| of.start + range.start..of.end + range.start,
        strings,
        parsed: Parsed::default(),
    };
    if let Some(open) = open_dollar_quote(sql, tokens) {
        // the parser would look for the end of each `$` in it, to the end of the file
        parsed.problems.push(Problem {
            kind: ProblemKind::Syntax,
            span: open.clone(),
            message: format!("the dollar-quoted text that begins with `{}` does not end", &sql[open]),
        });
        return;
    }
    let outcome = if depth::is_statement_bounded(sql, tokens) {
        catch_unwind(AssertUnwindSafe(|| {
            reader.read_text(text);
            let is_wrong = |problem: &Problem| problem.kind == ProblemKind::Syntax;
            if reader.parsed.problems.iter().any(is_wrong)
                && let Some(text) = respell::respelled(text)
            {
                reader.parsed = Parsed::default();
                reader.read_text(&text);
            }
        }))
    } else {
        reader.not_analysed(range.clone(), "it is nested too deeply");
        Ok(())
    };
    match outcome {
        Ok(()) => {
            parsed.statements.append(&mut reader.parsed.statements);
            parsed.problems.append(&mut reader.parsed.problems);
        }
        Err(_) => parsed.problems.push(Problem {
            kind: ProblemKind::NotAnalysed,
            span: range,
            message: "the parser failed on it".to_owned(),
        }),
    }
}

/// The tag of a dollar-quoted text that does not end.
fn open_dollar_quote(sql: &str, tokens: &[(Token, Span)]) -> Option<Span> {
    let (token, range) = tokens.last()?;
    let text = &sql[range.clone()];
    let tag = text
        .strip_prefix('$')
        .and_then(|rest| rest.find('$'))
        .map(|end| end + 2)?;
    let is_closed = text.len() >= 2 * tag && text.ends_with(&text[..tag]);
    (*token == Token::Other && !is_closed).then(|| range.start..range.start + tag)
}

/// What turns trees into statements.
struct Reader<'a> {
    map: Map<'a>,
    /// Strings are of interest: the file adds a value to an enum.
    strings: bool,
    parsed: Parsed,
}

impl Reader<'_> {
    /// Reads the text of one statement.
    fn read_text(&mut self, text: &str) {
        match syntax::statements(text) {
            Ok(tree) => tree.root().children().for_each(|node| self.read(&node)),
            Err(objection) => self.syntax_error(text, &objection),
        }
    }

    fn not_analysed(&mut self, span: Span, message: &str) {
        self.parsed.problems.push(Problem {
            kind: ProblemKind::NotAnalysed,
            span,
            message: message.to_owned(),
        });
    }
}

/// Whether two words follow each other somewhere, whatever their case. Cheap, and too often rather than too seldom.
fn has_words(sql: &str, first: &str, second: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    let mut previous = "";
    words.any(|word| {
        let found = previous.eq_ignore_ascii_case(first) && word.eq_ignore_ascii_case(second);
        previous = word;
        found
    })
}

/// The text with what is psql's blanked out, where there is any: backslash commands, and the rows behind
/// `COPY … FROM STDIN`. Places stay what they are.
fn without_psql(sql: &str, problems: &mut Vec<Problem>) -> Option<String> {
    if !sql.starts_with('\\') && !sql.contains("\n\\") {
        return None;
    }
    let mut masked = sql.to_owned();
    if sql.contains("\n\\.") {
        // a command above a statement is no part of it
        let mut bare = sql.to_owned();
        for line in commands(sql) {
            blank(&mut bare, line);
        }
        for range in statements::split(&bare) {
            if Command::of(&bare[range.clone()]) != Command::CopyOverConnection {
                continue;
            }
            let rows = &sql[range.end..];
            if let (Some(begin), Some(end)) = (rows.find('\n'), rows.find("\n\\.")) {
                blank(&mut masked, range.end + begin.min(end)..range.end + end + 3);
            }
        }
    }
    for line in commands(&masked.clone()) {
        problems.push(Problem {
            kind: ProblemKind::Backslash,
            span: line.clone(),
            message: masked[line.clone()].trim_end().to_owned(),
        });
        blank(&mut masked, line);
    }
    Some(masked)
}

/// The lines that begin with a backslash, outside of strings and comments.
fn commands(sql: &str) -> Vec<Span> {
    let begins_line = |range: &Span| range.start == 0 || sql.as_bytes()[range.start - 1] == b'\n';
    Lexer::new(sql)
        .filter(|(token, range)| *token == Token::Other && &sql[range.clone()] == "\\" && begins_line(range))
        .map(|(_, range)| range.start..sql[range.start..].find('\n').map_or(sql.len(), |i| range.start + i))
        .collect()
}

/// Writes spaces over a range, byte for byte; line feeds stay.
fn blank(text: &mut String, range: Span) {
    let spaces: String = text[range.clone()]
        .bytes()
        .map(|b| if b == b'\n' { '\n' } else { ' ' })
        .collect();
    text.replace_range(range, &spaces);
}

#[cfg(test)]
mod tests;
