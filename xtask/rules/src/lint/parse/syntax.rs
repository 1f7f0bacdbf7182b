//! Syntax errors, in PostgreSQL's words rather than the parser's.

use squawk_line_index::TextRange;
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::has;
use super::{Problem, ProblemKind, Reader};

impl Reader<'_> {
    pub(super) fn syntax_error(&mut self, text: &str, message: &str, at: TextRange) {
        let mut span = (self.map)(at);
        // an error at a place without a length is about the word that stands there
        if span.is_empty() {
            let start = usize::from(at.start());
            let rest = text.get(start..).unwrap_or_default();
            let gap = rest.len() - rest.trim_start().len();
            let word = rest
                .trim_start()
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            span.start += gap;
            span.end = span.start + word.map_or(0, str::len);
        }
        self.parsed.problems.push(Problem {
            kind: ProblemKind::Syntax,
            span,
            message: readable(message),
        });
    }

    /// What the parser lets through and PostgreSQL does not: statements that end before they have begun.
    pub(super) fn refuse_bare(&mut self, node: &SyntaxNode) -> bool {
        use SyntaxKind as K;
        let missing = match node.kind() {
            K::ALTER_TABLE | K::ALTER_FOREIGN_TABLE
                if !has(node, K::ALL_IN_TABLESPACE)
                    && !node
                        .children()
                        .any(|child| !matches!(child.kind(), K::IF_EXISTS | K::TABLE_RELATION_NAME)) =>
            {
                "it does not say what to alter: `ADD COLUMN`, `DROP CONSTRAINT` …"
            }
            K::DROP_TABLE | K::DROP_FOREIGN_TABLE if !has(node, K::TABLE_NAME_REF) => "it does not say which table",
            K::CREATE_TABLE
                if !has(node, K::TABLE_ARG_LIST) && !has(node, K::PARTITION_OF) && !has(node, K::OF_TYPE) =>
            {
                "its columns are missing: `(…)`"
            }
            _ => return false,
        };
        let span = (self.map)(super::tree::range(node));
        self.parsed.problems.push(Problem {
            kind: ProblemKind::Syntax,
            span,
            message: missing.to_owned(),
        });
        true
    }
}

/// The parser names its tokens (`SET_KW`, `L_PAREN`); people read what they would type.
fn readable(message: &str) -> String {
    let words: Vec<String> = message
        .split(' ')
        .map(|word| {
            let (bare, tail) = match word.strip_suffix(',') {
                Some(bare) => (bare, ","),
                None => (word, ""),
            };
            let sign = match bare {
                "L_PAREN" => "`(`",
                "R_PAREN" => "`)`",
                "L_BRACK" => "`[`",
                "R_BRACK" => "`]`",
                "SEMICOLON" => "`;`",
                "COMMA" => "`,`",
                "DOT" => "`.`",
                "EQ" => "`=`",
                "IDENT" => "a name",
                "EOF" => "the end",
                "STRING" => "a string",
                _ => "",
            };
            if !sign.is_empty() {
                format!("{sign}{tail}")
            } else if let Some(keyword) = bare.strip_suffix("_KW") {
                format!("`{keyword}`{tail}")
            } else {
                word.to_owned()
            }
        })
        .collect();
    let mut message = words.join(" ");
    if let Some(first) = message.get(..1).map(str::to_ascii_lowercase)
        && !message
            .get(1..2)
            .is_some_and(|c| c.chars().all(|c| c.is_ascii_uppercase()))
    {
        message.replace_range(..1, &first);
    }
    message.trim_end_matches('.').to_owned()
}
