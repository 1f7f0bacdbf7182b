//! What a statement mentions: functions, strings, names that are too long, syntax that not every server has.

use super::Reader;
use super::literal;
use super::table::{called, read_type};
use super::tree::{self, Node, SyntaxKind as K, has, name};
use crate::lint::ast::{Call, Feature, Name, Statement, Text};

/// The longest name that PostgreSQL keeps whole, in bytes.
pub(super) const LONGEST_NAME: usize = 63;

impl Reader<'_> {
    pub(super) fn read_uses(&self, node: &Node<'_>, statement: &mut Statement) {
        let with_calls = !matches!(node.kind(), K::INSERT | K::UPDATE | K::DELETE | K::MERGE);
        let with_strings = self.strings && node.kind() != K::ALTER_TYPE && !is_stored(node.kind());
        for below in node.all() {
            if below.is_token() {
                if below.kind() == K::IDENT && below.source().trim_matches('"').len() > LONGEST_NAME {
                    let span = (self.map)(below.span());
                    statement.long_names.push((below.source().to_owned(), span));
                }
                continue;
            }
            if let Some(feature) = feature(&below) {
                statement.features.push((feature, (self.map)(below.range())));
            }
            match below.kind() {
                K::CALL_EXPR if with_calls => statement.calls.extend(self.call(&below)),
                K::LITERAL if with_strings => statement.strings.extend(self.string(&below)),
                K::RELATION_NAME_REF | K::TABLE_NAME_REF | K::TABLE_NAME if with_strings => {
                    statement.relations.extend(name(&below));
                }
                _ => {}
            }
        }
    }

    fn call(&self, node: &Node<'_>) -> Option<Call> {
        let name = called(&node.children().next()?)?;
        let arguments = tree::child(node, K::ARG_LIST)
            .map(|list| list.children().map(|argument| tree::text(&argument)).collect())
            .unwrap_or_default();
        Some(Call {
            name,
            span: (self.map)(node.range()),
            arguments,
        })
    }

    fn string(&self, node: &Node<'_>) -> Option<Text> {
        Some(Text {
            value: literal::value(node)?.text,
            span: (self.map)(node.range()),
            cast: cast_type(node),
        })
    }
}

/// The type of `'x'::type`, `CAST ('x' AS type)`, `type 'x'`.
fn cast_type(literal: &Node<'_>) -> Option<Name> {
    let cast = literal.parent().filter(|parent| parent.kind() == K::CAST_EXPR)?;
    let ty = cast.children().find_map(|child| read_type(&child))?;
    Some(Name {
        schema: ty.schema,
        name: ty.name,
        written: ty.written,
    })
}

/// What is kept and not carried out: strings in it are used later.
fn is_stored(kind: K) -> bool {
    matches!(kind, K::CREATE_FUNCTION | K::CREATE_PROCEDURE | K::COMMENT_ON | K::DO)
}

/// The syntax of `node` that came with a major version, from the release notes of 14 to 19.
fn feature(node: &Node<'_>) -> Option<Feature> {
    let of = |name, since| Some(Feature { name, since });
    match node.kind() {
        K::CREATE_TRIGGER if has(node, K::OR_REPLACE) => of("CREATE OR REPLACE TRIGGER", 14),
        K::ATOMIC_BODY => of("BEGIN ATOMIC", 14),
        K::DETACH_CONCURRENTLY => of("DETACH PARTITION … CONCURRENTLY", 14),
        K::MERGE if has(node, K::RETURNING_CLAUSE) => of("MERGE … RETURNING", 17),
        K::MERGE => of("MERGE", 15),
        K::MERGE_WHEN_NOT_MATCHED_SOURCE => of("WHEN NOT MATCHED BY SOURCE", 17),
        K::NULLS_NOT_DISTINCT => of("NULLS NOT DISTINCT", 15),
        K::JSON_TABLE => of("JSON_TABLE", 17),
        K::SET_EXPRESSION => of("SET EXPRESSION", 17),
        K::GENERATED_STORED if !tree::contains(node, K::STORED) => of("virtual generated columns", 18),
        K::NOT_ENFORCED | K::ENFORCED => of("[NOT] ENFORCED", 18),
        K::WITHOUT_OVERLAPS => of("WITHOUT OVERLAPS", 18),
        K::PERIOD_COLUMN => of("PERIOD", 18),
        K::RETURNING_OPTION_LIST => of("RETURNING WITH (OLD, NEW)", 18),
        K::NOT_NULL_CONSTRAINT if has(node, K::COLUMN_NAME_REF) => of("NOT NULL as a table constraint", 18),
        K::FOR_PORTION_OF => of("FOR PORTION OF", 19),
        K::REPACK => of("REPACK", 19),
        K::CREATE_PROPERTY_GRAPH => of("CREATE PROPERTY GRAPH", 19),
        K::MERGE_PARTITIONS | K::SPLIT_PARTITION => of("MERGE and SPLIT PARTITION", 19),
        K::SET_NULL_COLUMNS | K::SET_DEFAULT_COLUMNS if has(node, K::COLUMN_REF_LIST) => {
            of("ON DELETE SET NULL (columns)", 15)
        }
        K::CALL_EXPR => {
            let callee = node.children().next()?;
            match called(&callee)?.name.as_str() {
                "uuidv7" | "uuidv4" => of("uuidv7()", 18),
                "any_value" => of("any_value()", 16),
                _ => None,
            }
        }
        _ => None,
    }
}
