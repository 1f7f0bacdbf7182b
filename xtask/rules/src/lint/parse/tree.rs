//! The parser's tree, in a few words: children by kind, names, places.

use squawk_line_index::TextRange;
use squawk_syntax::ast::normalize_name_node;
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

use crate::lint::ast::{Name, Span};

/// Where a place of the text that is being parsed lies in the file.
pub(super) type Map<'a> = &'a dyn Fn(TextRange) -> Span;

/// The first child node of a kind.
pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// The child nodes of a kind.
pub(super) fn children(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.children().filter(move |child| child.kind() == kind)
}

/// The first child, node or token, of a kind.
pub(super) fn element(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxElement> {
    node.children_with_tokens().find(|child| child.kind() == kind)
}

/// Whether there is a child, node or token, of a kind.
pub(super) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    element(node, kind).is_some()
}

/// Whether there is a node of a kind somewhere below.
pub(super) fn contains(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants().any(|below| below.kind() == kind)
}

pub(super) fn is_trivia(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)
}

/// The tokens that are neither white space nor comments.
pub(super) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|token| !is_trivia(token.kind()))
}

/// A node's text on one line, without comments.
pub(super) fn text(node: &SyntaxNode) -> String {
    let mut text = String::new();
    for element in node.descendants_with_tokens() {
        let Some(token) = element.into_token() else { continue };
        match token.kind() {
            SyntaxKind::SEMICOLON => {}
            kind if is_trivia(kind) => {
                if !text.is_empty() && !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            _ => text.push_str(token.text()),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// A node's place, without the white space around it.
pub(super) fn range(node: &SyntaxNode) -> TextRange {
    let mut all = tokens(node).filter(|token| token.kind() != SyntaxKind::SEMICOLON);
    let Some(first) = all.next() else {
        return node.text_range();
    };
    let last = all.last().unwrap_or_else(|| first.clone());
    TextRange::new(first.text_range().start(), last.text_range().end())
}

/// The first word of a node, in lower case.
pub(super) fn first_word(node: &SyntaxNode) -> String {
    tokens(node)
        .next()
        .map(|token| token.text().to_ascii_lowercase())
        .unwrap_or_default()
}

/// The name that a path, or a node that holds one, is about.
pub(super) fn name(node: &SyntaxNode) -> Option<Name> {
    let path = node
        .descendants()
        .find(|below| matches!(below.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF));
    let Some(path) = path else {
        let own = Some(simple_name(node)).filter(|name| !name.name.is_empty());
        return own.or_else(|| node.children().find_map(|child| name(&child)));
    };
    let segment = |kind| child(&path, kind).map(|node| normalize_name_node(&node));
    let name = segment(SyntaxKind::PATH_SEGMENT).or_else(|| segment(SyntaxKind::PATH_SEGMENT_REF))?;
    let schema = child(&path, SyntaxKind::PATH_REF)
        .and_then(|qualifier| child(&qualifier, SyntaxKind::PATH_SEGMENT_REF))
        .map(|node| normalize_name_node(&node))
        .filter(|schema| schema != "public");
    Some(Name {
        schema,
        name,
        written: text(&path),
    })
}

/// A name without a schema: a column, a constraint, a trigger.
pub(super) fn simple_name(node: &SyntaxNode) -> Name {
    Name {
        schema: None,
        name: normalize_name_node(node),
        written: text(node),
    }
}

/// The names of all children of a kind.
pub(super) fn names(node: &SyntaxNode, kind: SyntaxKind) -> Vec<Name> {
    children(node, kind).filter_map(|child| name(&child)).collect()
}

/// The names of all columns in a list.
pub(super) fn columns(list: Option<SyntaxNode>) -> Vec<Name> {
    list.map(|list| {
        children(&list, SyntaxKind::COLUMN_NAME_REF)
            .map(|column| simple_name(&column))
            .collect()
    })
    .unwrap_or_default()
}
