//! Syntax errors, in PostgreSQL's words rather than the parser's.

use squawk_parser::EntryPoint;
use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::syntax_error::SyntaxError;

use super::tree::{Node, SyntaxKind as K, Tree, has};
use super::{Problem, ProblemKind, Reader, doubt};
use crate::lint::ast::Span;

/// What the parser has against a text.
pub(super) struct Objection {
    pub message: String,
    pub span: Span,
}

impl From<SyntaxError> for Objection {
    fn from(error: SyntaxError) -> Objection {
        Objection {
            message: error.message().to_owned(),
            span: usize::from(error.range().start())..usize::from(error.range().end()),
        }
    }
}

/// The tree of some statements, or the first objection to them.
pub(super) fn statements(text: &str) -> Result<Tree<'_>, Objection> {
    let tree = Tree::parse(text, EntryPoint::SourceFile);
    let error = doubt::is_possible(&tree).then(|| SourceFile::parse(text).errors().into_iter().next());
    error.flatten().map_or(Ok(tree), |error| Err(error.into()))
}

/// The tree of the PL/pgSQL that `node`, a `DO` or the definition of a routine, holds as `body`, or the first objection
/// to it.
pub(super) fn block<'b>(node: &Node<'_>, body: &'b str) -> Result<Tree<'b>, Objection> {
    let tree = Tree::parse(body, EntryPoint::Plpgsql);
    let error = doubt::is_possible(&tree).then(|| {
        let statement = SourceFile::parse(node.source()).syntax_node();
        let body = statement.descendants().find_map(|node| match node.kind() {
            K::DO => ast::Do::cast(node)?.plpgsql(),
            K::CREATE_FUNCTION => ast::CreateFunction::cast(node)?.plpgsql(),
            K::CREATE_PROCEDURE => ast::CreateProcedure::cast(node)?.plpgsql(),
            _ => None,
        });
        body.and_then(|body| body.errors().into_iter().next())
    });
    error.flatten().map_or(Ok(tree), |error| {
        let Objection { message, span } = error.into();
        let start = node.span().start;
        Err(Objection {
            message,
            span: span.start + start..span.end + start,
        })
    })
}

impl Reader<'_> {
    /// Takes down an objection to `text`, which may be empty where it is not at hand.
    pub(super) fn syntax_error(&mut self, text: &str, objection: &Objection) {
        let mut span = (self.map)(objection.span.clone());
        // an error at a place without a length is about the word that stands there
        if span.is_empty() {
            let rest = text.get(objection.span.start..).unwrap_or_default();
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
            message: readable(&objection.message),
        });
    }

    /// What the parser lets through and PostgreSQL does not: statements that end before they have begun.
    pub(super) fn refuse_bare(&mut self, node: &Node<'_>) -> bool {
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
        self.refuse(node, missing.to_owned());
        true
    }

    /// What the parser lets through and PostgreSQL does not: reserved words as names, without quotes.
    pub(super) fn refuse_reserved(&mut self, node: &Node<'_>) -> bool {
        let holders: Vec<Node<'_>> = match node.kind() {
            K::ALTER_TABLE => node.children().collect(),
            K::CREATE_TRIGGER | K::CREATE_POLICY => vec![*node],
            _ => return false,
        };
        let is_name = |kind| matches!(kind, K::COLUMN_NAME | K::COLUMN_NAME_REF | K::TRIGGER | K::POLICY);
        let constraints = holders
            .iter()
            .filter(|action| action.kind() == K::ADD_CONSTRAINT)
            .flat_map(Node::descendants)
            .filter(|below| below.kind() == K::CONSTRAINT_NAME);
        let mut names = holders
            .iter()
            .flat_map(Node::children)
            .filter(|child| is_name(child.kind()))
            .chain(constraints);
        let is_reserved = |name: &Node<'_>| {
            let word = name.source().trim().to_ascii_lowercase();
            RESERVED.binary_search(&word.as_str()).is_ok()
        };
        let Some(reserved) = names.find(is_reserved) else {
            return false;
        };
        let word = reserved.source().trim();
        self.refuse(
            &reserved,
            format!("`{word}` is a reserved word; in quotes it is a name: `\"{word}\"`"),
        );
        true
    }

    fn refuse(&mut self, node: &Node<'_>, message: String) {
        let span = (self.map)(node.range());
        self.parsed.problems.push(Problem {
            kind: ProblemKind::Syntax,
            span,
            message,
        });
    }
}

/// The words that are no name of a column (`pg_get_keywords()` of PostgreSQL 15, categories R and T), in order.
const RESERVED: [&str; 100] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

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
