//! The parser's tree, and what is asked of it in a few words: children by kind, names, places.
//!
//! The parser says in which order nodes begin, tokens follow and nodes end; here that becomes one list, in the order of the
//! text. Its own tree, which shares and counts what it is made of, took half of the time that a build script has.

use squawk_parser::{EntryPoint, LexedStr, StrStep};
pub(super) use squawk_syntax::SyntaxKind;

use super::literal;
use crate::lint::ast::{Name, Span};

/// Where a place of the text that is being parsed lies in the file.
pub(super) type Map<'a> = &'a dyn Fn(Span) -> Span;

/// A text as the parser understands it.
pub(super) struct Tree<'s> {
    text: &'s str,
    /// Nodes and tokens; what is in a node follows it.
    entries: Vec<Entry>,
    /// The parser has an objection. (What it is, and what else is wrong, `syntax` asks.)
    pub is_wrong: bool,
}

struct Entry {
    kind: SyntaxKind,
    is_token: bool,
    /// The bytes of the text.
    start: usize,
    end: usize,
    /// The node that it is in; the root is in itself.
    parent: usize,
    /// The entry behind it and all that is in it.
    next: usize,
}

impl<'s> Tree<'s> {
    /// Parses a text. Like the parser it may panic.
    pub(super) fn parse(text: &'s str, language: EntryPoint) -> Tree<'s> {
        let lexed = LexedStr::new(text);
        let output = language.parse(&lexed.to_input());
        let mut is_wrong = lexed.errors().next().is_some();
        let mut entries: Vec<Entry> = Vec::with_capacity(text.len() / 2);
        let mut open: Vec<usize> = Vec::with_capacity(16);
        let mut at = 0;
        lexed.intersperse_trivia(&output, &mut |step| {
            let (kind, length, is_token) = match step {
                StrStep::Token { kind, text } => (kind, text.len(), true),
                StrStep::Enter { kind } => (kind, 0, false),
                StrStep::Exit => {
                    let behind = entries.len();
                    if let Some(node) = open.pop().and_then(|node| entries.get_mut(node)) {
                        (node.end, node.next) = (at, behind);
                    }
                    return;
                }
                StrStep::Error { .. } => {
                    is_wrong = true;
                    return;
                }
            };
            let here = entries.len();
            entries.push(Entry {
                kind,
                is_token,
                start: at,
                end: at + length,
                parent: open.last().copied().unwrap_or(0),
                next: here + 1,
            });
            at += length;
            if !is_token {
                open.push(here);
            }
        });
        Tree {
            text,
            entries,
            is_wrong,
        }
    }

    /// The node that holds the whole text.
    pub(super) fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }
}

/// A node of a tree, or a token.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    at: usize,
}

impl<'t> Node<'t> {
    fn entry(&self) -> &'t Entry {
        &self.tree.entries[self.at]
    }

    pub(super) fn kind(&self) -> SyntaxKind {
        self.entry().kind
    }

    pub(super) fn is_token(&self) -> bool {
        self.entry().is_token
    }

    /// The bytes of the text, white space inside included.
    pub(super) fn span(&self) -> Span {
        self.entry().start..self.entry().end
    }

    /// The text, white space and comments inside included.
    pub(super) fn source(&self) -> &'t str {
        &self.tree.text[self.span()]
    }

    /// The node that it is in.
    pub(super) fn parent(&self) -> Option<Node<'t>> {
        let parent = self.entry().parent;
        (self.at > 0).then_some(Node { at: parent, ..*self })
    }

    /// The node itself, and those that it is in.
    pub(super) fn ancestors(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        std::iter::successors(Some(*self), Node::parent)
    }

    /// Nodes and tokens right below.
    pub(super) fn elements(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let node = *self;
        let (mut at, end) = (self.at + 1, self.entry().next);
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let here = Node { at, ..node };
                at = here.entry().next;
                here
            })
        })
    }

    /// Nodes right below.
    pub(super) fn children(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        self.elements().filter(|element| !element.is_token())
    }

    /// The node itself, and all nodes and tokens below.
    pub(super) fn all(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let node = *self;
        (self.at..self.entry().next).map(move |at| Node { at, ..node })
    }

    /// The node itself, and all nodes below.
    pub(super) fn descendants(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        self.all().filter(|below| !below.is_token())
    }

    /// The tokens that are neither white space nor comments.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        self.all().filter(|below| below.is_token() && !is_trivia(below.kind()))
    }

    /// The node's place, without a semicolon at its end.
    pub(super) fn range(&self) -> Span {
        let entries = &self.tree.entries[self.at..self.entry().next];
        let counts = |entry: &&Entry| entry.is_token && !is_trivia(entry.kind) && entry.kind != SyntaxKind::SEMICOLON;
        match (entries.iter().find(counts), entries.iter().rev().find(counts)) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => self.span(),
        }
    }
}

/// The first child node of a kind.
pub(super) fn child<'t>(node: &Node<'t>, kind: SyntaxKind) -> Option<Node<'t>> {
    node.children().find(|child| child.kind() == kind)
}

/// The child nodes of a kind.
pub(super) fn children<'t>(node: &Node<'t>, kind: SyntaxKind) -> impl Iterator<Item = Node<'t>> {
    node.children().filter(move |child| child.kind() == kind)
}

/// The first child, node or token, of a kind.
pub(super) fn element<'t>(node: &Node<'t>, kind: SyntaxKind) -> Option<Node<'t>> {
    node.elements().find(|child| child.kind() == kind)
}

/// Whether there is a child, node or token, of a kind.
pub(super) fn has(node: &Node<'_>, kind: SyntaxKind) -> bool {
    element(node, kind).is_some()
}

/// Whether there is a node of a kind somewhere below.
pub(super) fn contains(node: &Node<'_>, kind: SyntaxKind) -> bool {
    node.descendants().any(|below| below.kind() == kind)
}

pub(super) fn is_trivia(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)
}

/// A node's text on one line, without comments.
pub(super) fn text(node: &Node<'_>) -> String {
    let mut text = String::with_capacity(node.source().len());
    for token in node.all().filter(Node::is_token) {
        match token.kind() {
            SyntaxKind::SEMICOLON => {}
            kind if is_trivia(kind) => {
                if !text.is_empty() && !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            _ => text.push_str(token.source()),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The first word of a node, in lower case.
pub(super) fn first_word(node: &Node<'_>) -> String {
    let first = node.tokens().next();
    first
        .map(|token| token.source().to_ascii_lowercase())
        .unwrap_or_default()
}

/// The name that a path, or a node that holds one, is about.
pub(super) fn name(node: &Node<'_>) -> Option<Name> {
    let path = node
        .descendants()
        .find(|below| matches!(below.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF));
    let Some(path) = path else {
        let own = Some(simple_name(node)).filter(|name| !name.name.is_empty());
        return own.or_else(|| node.children().find_map(|child| name(&child)));
    };
    let segment = |kind| child(&path, kind).map(|node| literal::identifier(&node));
    let name = segment(SyntaxKind::PATH_SEGMENT).or_else(|| segment(SyntaxKind::PATH_SEGMENT_REF))?;
    let schema = child(&path, SyntaxKind::PATH_REF)
        .and_then(|qualifier| child(&qualifier, SyntaxKind::PATH_SEGMENT_REF))
        .map(|node| literal::identifier(&node))
        .filter(|schema| schema != "public");
    Some(Name {
        schema,
        name,
        written: text(&path),
    })
}

/// A name without a schema: a column, a constraint, a trigger.
pub(super) fn simple_name(node: &Node<'_>) -> Name {
    Name {
        schema: None,
        name: literal::identifier(node),
        written: text(node),
    }
}

/// The names of all children of a kind.
pub(super) fn names(node: &Node<'_>, kind: SyntaxKind) -> Vec<Name> {
    children(node, kind).filter_map(|child| name(&child)).collect()
}

/// The names of all columns in a list.
pub(super) fn columns(list: Option<Node<'_>>) -> Vec<Name> {
    list.map(|list| {
        children(&list, SyntaxKind::COLUMN_NAME_REF)
            .map(|column| simple_name(&column))
            .collect()
    })
    .unwrap_or_default()
}
