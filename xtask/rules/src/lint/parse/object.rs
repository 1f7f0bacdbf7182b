//! `CREATE`, `DROP` and `ALTER` of everything that is no table.

use std::collections::BTreeSet;

use super::Reader;
use super::literal;
use super::tree::{self, Node, SyntaxKind as K, child, children, has, name, simple_name};
use crate::lint::ast::{
    Alter, AlterWhat, Create, CreateIndex, Details, Drop, Kind, Name, Object, Query, Span, Volatility,
};

/// The kinds of object, longer words before those that they begin with.
const OBJECTS: [Object; 46] = [
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DATABASE",
    "DOMAIN",
    "EVENT TRIGGER",
    "EXTENSION",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "FUNCTION",
    "GROUP",
    "INDEX",
    "LANGUAGE",
    "MATERIALIZED VIEW",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "OPERATOR",
    "OWNED",
    "POLICY",
    "PROCEDURE",
    "PROPERTY GRAPH",
    "PUBLICATION",
    "ROLE",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "TABLESPACE",
    "TABLE",
    "TEXT SEARCH CONFIG",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICT",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "USER",
    "VIEW",
];

/// Words that stand before an object's name and are no part of it.
const BEFORE_NAME: [K; 8] = [
    K::OR_REPLACE,
    K::IF_NOT_EXISTS,
    K::IF_EXISTS,
    K::TEMP,
    K::UNLOGGED,
    K::PARAM_LIST,
    K::WITH_CLAUSE,
    K::CASCADE,
];

impl Reader<'_> {
    pub(super) fn object(&self, node: &Node<'_>) -> Option<Kind> {
        let words = format!("{:?}", node.kind()).replace('_', " ");
        let (verb, object) = words.split_once(' ')?;
        let object = OBJECTS.into_iter().find(|known| *known == object)?;
        match verb {
            "CREATE" => Some(Kind::Create(self.create(node, object))),
            "DROP" => Some(Kind::Drop(self.drop(node, object))),
            "ALTER" => Some(Kind::Alter(self.alter(node, object))),
            _ => None,
        }
    }

    fn start(&self, node: &Node<'_>) -> usize {
        (self.map)(node.range()).start
    }

    /// Where the object's own name begins, and the node that holds it.
    fn name_node<'t>(node: &Node<'t>) -> Option<Node<'t>> {
        node.children().find(|child| !BEFORE_NAME.contains(&child.kind()))
    }

    fn on(node: &Node<'_>) -> Option<Name> {
        [K::ON_TABLE, K::ON_RELATION]
            .into_iter()
            .find_map(|kind| child(node, kind))
            .or_else(|| child(node, K::RULE_ON).and_then(|on| child(&on, K::RELATION_NAME_REF)))
            .as_ref()
            .and_then(name)
    }

    fn create(&self, node: &Node<'_>, object: Object) -> Create {
        let span: Span = (self.map)(node.range());
        let named = Self::name_node(node);
        let verb = tree::element(node, K::CREATE_KW);
        Create {
            object,
            name: named.as_ref().and_then(name),
            on: Self::on(node),
            or_replace: has(node, K::OR_REPLACE),
            if_not_exists: has(node, K::IF_NOT_EXISTS),
            clause_at: named.as_ref().map_or(span.start, |named| self.start(named)),
            replace_at: verb.map_or(span.start, |verb| (self.map)(verb.span()).end),
            details: Self::details(node),
        }
    }

    fn details(node: &Node<'_>) -> Details {
        match node.kind() {
            K::CREATE_TYPE if has(node, K::ENUM_TYPE) => Details::Enum,
            K::CREATE_FUNCTION => Details::Function {
                volatility: if tree::contains(node, K::IMMUTABLE) {
                    Volatility::Immutable
                } else if tree::contains(node, K::STABLE) {
                    Volatility::Stable
                } else {
                    Volatility::Volatile
                },
            },
            K::CREATE_DOMAIN => Details::Domain {
                constrained: has(node, K::CHECK_CONSTRAINT) || has(node, K::NOT_NULL_CONSTRAINT),
            },
            K::CREATE_VIEW => Details::View {
                reads: query(node),
                filled: false,
            },
            K::CREATE_MATERIALIZED_VIEW => Details::View {
                reads: query(node),
                filled: !has(node, K::WITH_NO_DATA),
            },
            _ => Details::None,
        }
    }

    fn drop(&self, node: &Node<'_>, object: Object) -> Drop {
        let span: Span = (self.map)(node.range());
        let list = Self::name_node(node);
        let kind = list.as_ref().map(Node::kind);
        // functions and operators come in a list of signatures
        let names = match (&list, kind) {
            (Some(list), Some(K::FUNCTION_SIG_LIST | K::PROCEDURE_SIG_LIST | K::ROUTINE_SIG_LIST)) => {
                list.children().filter_map(|signature| name(&signature)).collect()
            }
            (Some(_), Some(kind)) => children(node, kind).filter_map(|child| name(&child)).collect(),
            _ => Vec::new(),
        };
        Drop {
            object,
            names,
            on: Self::on(node),
            if_exists: has(node, K::IF_EXISTS),
            clause_at: list.as_ref().map_or(span.end, |list| self.start(list)),
            cascade: has(node, K::CASCADE),
            concurrently: has(node, K::CONCURRENTLY_KW),
        }
    }

    fn alter(&self, node: &Node<'_>, object: Object) -> Alter {
        Alter {
            object,
            name: Self::name_node(node).as_ref().and_then(name),
            what: self.alter_what(node, object).unwrap_or(AlterWhat::Other),
        }
    }

    fn alter_what(&self, node: &Node<'_>, object: Object) -> Option<AlterWhat> {
        let literals = |node: &Node<'_>| -> Vec<String> {
            let values = children(node, K::LITERAL).filter_map(|literal| literal::value(&literal));
            values.map(|value| value.text).collect()
        };
        for action in node.children() {
            return Some(match action.kind() {
                K::ADD_VALUE => AlterWhat::AddValue {
                    value: literals(&action).into_iter().next()?,
                    if_not_exists: has(&action, K::IF_NOT_EXISTS),
                    clause_at: self.start(&child(&action, K::LITERAL)?),
                },
                K::RENAME_VALUE => {
                    let mut values = literals(&action).into_iter();
                    AlterWhat::RenameValue {
                        from: values.next()?,
                        to: values.next()?,
                    }
                }
                K::RENAME_COLUMN => AlterWhat::RenameColumn(simple_name(&child(&action, K::COLUMN_NAME_REF)?)),
                K::SET_SCHEMA => AlterWhat::SetSchema,
                K::ATTACH_INDEX_PARTITION => AlterWhat::AttachIndex,
                K::ADD_CONSTRAINT if object == "DOMAIN" && !tree::contains(&action, K::NOT_VALID) => {
                    AlterWhat::DomainConstraint
                }
                kind if format!("{kind:?}").ends_with("RENAME_TO") => {
                    AlterWhat::RenameTo(name(&action.children().last()?)?)
                }
                _ => continue,
            });
        }
        None
    }

    pub(super) fn create_index(&self, node: &Node<'_>) -> Option<CreateIndex> {
        let table = child(node, K::TABLE_RELATION_NAME)?;
        let list = child(node, K::PARTITION_ITEM_LIST)?;
        let span: Span = (self.map)(node.range());
        let keyword = (self.map)(tree::element(node, K::INDEX_KW)?.span());
        let index = child(node, K::INDEX);
        let text = node.source();
        let from = tree::element(node, K::ON_KW)?.span().start - node.span().start;
        Some(CreateIndex {
            name: index.as_ref().and_then(name),
            table: name(&table)?,
            only: has(&table, K::ONLY_KW),
            unique: has(node, K::UNIQUE_KW),
            concurrently: has(node, K::CONCURRENTLY_KW),
            if_not_exists: has(node, K::IF_NOT_EXISTS),
            clause_at: index.as_ref().map_or(span.end, |index| self.start(index)),
            concurrently_at: keyword.end,
            columns: children(&list, K::PARTITION_ITEM)
                .map(|item| child(&item, K::NAME_REF).map(|column| simple_name(&column).name))
                .collect(),
            partial: has(node, K::WHERE_CLAUSE),
            filled: child(node, K::WHERE_CLAUSE)
                .and_then(|clause| clause.children().next())
                .and_then(|condition| super::table::not_null_column(&condition)),
            rest: text
                .get(from..)
                .unwrap_or_default()
                .trim_end_matches(';')
                .trim_end()
                .to_owned(),
        })
    }
}

/// What the query of a view reads.
fn query(node: &Node<'_>) -> Query {
    let mut reads = Query::default();
    let mut aliases = BTreeSet::new();
    let mut is_nested = false;
    for below in node.descendants() {
        match below.kind() {
            K::RELATION_FROM_ITEM => {
                let relation = child(&below, K::RELATION_NAME_REF).as_ref().and_then(name);
                match relation {
                    Some(relation) => reads.tables.push(relation),
                    None => reads.more = true,
                }
            }
            K::TARGET | K::FIELD_EXPR => reads.all_columns |= has(&below, K::STAR),
            K::NAME_REF if below.parent().is_none_or(|parent| parent.kind() != K::CALL_EXPR) => {
                reads.names.insert(simple_name(&below).name);
            }
            K::COLUMN_NAME_REF => {
                reads.names.insert(simple_name(&below).name);
            }
            K::AS_NAME | K::FROM_ALIAS => aliases.extend(below.children().map(|name| simple_name(&name).name)),
            K::PAREN_FROM_ITEM => is_nested = true,
            K::EXPR_FROM_ITEM
            | K::FUNCTION_FROM_ITEM
            | K::GRAPH_TABLE_FROM_ITEM
            | K::JSON_TABLE_FROM_ITEM
            | K::ROWS_FROM_ITEM
            | K::XML_TABLE_FROM_ITEM => reads.more = true,
            _ => {}
        }
    }
    // `ORDER BY total` may mean a column or what the query calls so
    reads.names.retain(|name| !aliases.contains(name));
    // and `x.*` of a subquery is not all of a table
    reads.all_columns &= !is_nested;
    reads
}
