//! What quotes hold: the values of strings, the bodies of routines, the names of things.
//!
//! The plain forms, which nearly all are, are read here; escapes are left to the parser.

use squawk_line_index::{TextRange, TextSize};
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::decoded_text::DecodedText;
use squawk_syntax::{SourceFile, SyntaxNode};

use super::tree::{Node, SyntaxKind as K, is_trivia};
use crate::lint::ast::Span;

/// The value of a string, with the way back to where it is written.
pub(super) struct Value {
    pub text: String,
    places: Places,
}

enum Places {
    /// Byte for byte what is written, from there on.
    From(usize),
    /// As decoded from an expression of its own, whose text begins there.
    Decoded(DecodedText, usize),
}

impl Value {
    /// Where a part of the value is written.
    pub(super) fn source(&self, part: Span) -> Span {
        match &self.places {
            Places::From(start) => part.start + start..part.end + start,
            Places::Decoded(decoded, start) => {
                let size = |at: usize| TextSize::new(u32::try_from(at).unwrap_or(u32::MAX));
                let source = decoded.source_range(TextRange::new(size(part.start), size(part.end)));
                let place = |at: TextSize| (usize::from(at) + start).saturating_sub(SELECT.len());
                place(source.start())..place(source.end())
            }
        }
    }
}

/// The value of a literal; an empty one where it is no string.
pub(super) fn value(literal: &Node<'_>) -> Option<Value> {
    let mut tokens = literal.tokens();
    let token = tokens.next()?;
    let (text, start) = (token.source(), token.span().start);
    let is_escaped = matches!(
        token.kind(),
        K::BIT_STRING | K::BYTE_STRING | K::ESC_STRING | K::NATIONAL_STRING | K::UNICODE_ESC_STRING
    );
    if !is_escaped && tokens.next().is_none() {
        let quote = match token.kind() {
            K::DOLLAR_QUOTED_STRING => text.get(1..)?.find('$')? + 2,
            K::STRING if text.matches('\'').count() == 2 => 1,
            K::STRING => 0,
            // a number, a keyword
            _ => text.len(),
        };
        if quote > 0 {
            return Some(Value {
                text: text
                    .get(quote..text.len().saturating_sub(quote))
                    .unwrap_or_default()
                    .to_owned(),
                places: Places::From(start + quote),
            });
        }
    }
    let decoded = parsed(literal.source(), ast::Literal::cast)?.decoded_value()?;
    Some(Value {
        text: decoded.text().to_owned(),
        places: Places::Decoded(decoded, literal.span().start),
    })
}

/// The name that a node is, as PostgreSQL reads it.
pub(super) fn identifier(node: &Node<'_>) -> String {
    let mut tokens = node
        .elements()
        .filter(|element| element.is_token() && !is_trivia(element.kind()));
    let Some(mut token) = tokens.next() else {
        return String::new();
    };
    // `GROUP` may stand before a role
    if node.kind() == K::ROLE_REF && token.kind() == K::GROUP_KW {
        let Some(role) = tokens.next() else {
            return String::new();
        };
        token = role;
    }
    let text = token.source();
    if text.get(1..3) == Some("&\"") {
        let reference = parsed(node.source(), |node| {
            (node.kind() == K::NAME_REF).then(|| ast::normalize_name_node(&node))
        });
        return reference.unwrap_or_else(|| text.to_owned());
    }
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_ascii_lowercase(),
    }
}

const SELECT: &str = "SELECT ";

/// The first node that is wanted, of a text that is an expression, in the parser's own tree.
fn parsed<T>(expression: &str, wanted: impl Fn(SyntaxNode) -> Option<T>) -> Option<T> {
    let tree = SourceFile::parse(&format!("{SELECT}{expression}")).syntax_node();
    tree.descendants().find_map(wanted)
}
