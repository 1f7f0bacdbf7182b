//! `CREATE TABLE` and `ALTER TABLE`: columns, types, constraints.

use super::Reader;
use super::tree::{self, Node, SyntaxKind as K, child, children, columns, has, name, simple_name};
use crate::lint::ast::{
    Action, AlterTable, Column, Constraint, ConstraintKind, CreateTable, DefaultValue, Generated, Key, Name, Span, Type,
};

impl Reader<'_> {
    pub(super) fn create_table(&self, node: &Node<'_>) -> Option<CreateTable> {
        let named = child(node, K::TABLE_NAME)?;
        let arguments = child(node, K::TABLE_ARG_LIST);
        let mut table = CreateTable {
            name: name(&named)?,
            if_not_exists: has(node, K::IF_NOT_EXISTS),
            clause_at: self.place(&named).start,
            temporary: has(node, K::TEMP),
            partition_of: child(node, K::PARTITION_OF).as_ref().and_then(name),
            partitioned: has(node, K::PARTITION_BY),
            more_columns: node.kind() == K::CREATE_TABLE_AS || has(node, K::INHERITS) || has(node, K::OF_TYPE),
            foreign: node.kind() == K::CREATE_FOREIGN_TABLE,
            ..CreateTable::default()
        };
        table.more_columns |= table.partition_of.is_some();
        for argument in arguments.iter().flat_map(Node::children) {
            match argument.kind() {
                K::COLUMN => table.columns.extend(self.column(&argument)),
                K::LIKE_CLAUSE => table.more_columns = true,
                _ => table.constraints.extend(self.constraint(&argument, None)),
            }
        }
        Some(table)
    }

    pub(super) fn alter_table(&self, node: &Node<'_>) -> Option<AlterTable> {
        let relation = child(node, K::TABLE_RELATION_NAME)?;
        let actions = node
            .children()
            .filter(|child| !matches!(child.kind(), K::IF_EXISTS | K::TABLE_RELATION_NAME));
        Some(AlterTable {
            name: name(&relation)?,
            actions: actions
                .map(|action| (self.place(&action), self.action(&action).unwrap_or(Action::Other)))
                .collect(),
        })
    }

    fn place(&self, node: &Node<'_>) -> Span {
        (self.map)(node.range())
    }

    fn action(&self, node: &Node<'_>) -> Option<Action> {
        let of = |kind| child(node, kind).map(|child| simple_name(&child));
        let path = |kind| child(node, kind).as_ref().and_then(name);
        Some(match node.kind() {
            K::ADD_COLUMN => Action::AddColumn {
                if_not_exists: has(node, K::IF_NOT_EXISTS),
                clause_at: self.place(&child(node, K::COLUMN_NAME)?).start,
                column: self.column(node)?,
            },
            K::DROP_COLUMN => Action::DropColumn {
                if_exists: has(node, K::IF_EXISTS),
                clause_at: self.place(&child(node, K::COLUMN_NAME_REF)?).start,
                column: of(K::COLUMN_NAME_REF)?,
                cascade: has(node, K::CASCADE),
            },
            K::ADD_CONSTRAINT => Action::AddConstraint(self.constraint(&node.children().next()?, None)?),
            K::DROP_CONSTRAINT => Action::DropConstraint {
                if_exists: has(node, K::IF_EXISTS),
                clause_at: self.place(&child(node, K::CONSTRAINT_NAME_REF)?).start,
                name: path(K::CONSTRAINT_NAME_REF)?,
                cascade: has(node, K::CASCADE),
            },
            K::VALIDATE_CONSTRAINT => Action::Validate(path(K::CONSTRAINT_NAME_REF)?),
            K::ALTER_COLUMN => alter_column(node)?,
            K::TABLE_RENAME_TO => Action::RenameTable(path(K::TABLE_NAME)?),
            K::RENAME_COLUMN => Action::RenameColumn {
                from: of(K::COLUMN_NAME_REF)?,
                to: of(K::COLUMN_NAME)?,
            },
            K::RENAME_CONSTRAINT => Action::RenameConstraint {
                from: path(K::CONSTRAINT_NAME_REF)?,
                to: of(K::CONSTRAINT_NAME)?,
            },
            K::SET_SCHEMA => Action::SetSchema(name(&child(node, K::SCHEMA_REF)?)?.name),
            K::ATTACH_PARTITION => Action::Attach(path(K::TABLE_NAME_REF)?),
            K::DETACH_PARTITION => Action::Detach {
                partition: path(K::TABLE_NAME_REF)?,
                concurrently: has(node, K::DETACH_CONCURRENTLY),
                finalize: has(node, K::DETACH_FINALIZE),
            },
            K::SET_LOGGED => Action::Rewrite("SET LOGGED"),
            K::SET_UNLOGGED => Action::Rewrite("SET UNLOGGED"),
            K::SET_TABLESPACE => Action::Rewrite("SET TABLESPACE"),
            K::SET_ACCESS_METHOD => Action::Rewrite("SET ACCESS METHOD"),
            K::CLUSTER_ON | K::SET_WITHOUT_CLUSTER | K::SET_OPTIONS | K::RESET_OPTIONS => Action::Light,
            _ => return None,
        })
    }

    fn column(&self, node: &Node<'_>) -> Option<Column> {
        let name = simple_name(&child(node, K::COLUMN_NAME)?);
        // a partition's column may have no type
        let (ty, at) = type_in(node).map_or((Type::default(), None), |(ty, at)| (ty, Some(at)));
        let mut column = Column {
            type_span: at.map_or(0..0, |at| self.place(&at)),
            ty,
            not_null: false,
            default: None,
            identity: false,
            generated: Generated::No,
            constraints: Vec::new(),
            span: self.place(node),
            name,
        };
        for part in node.children() {
            match part.kind() {
                K::NOT_NULL_CONSTRAINT => column.not_null = true,
                K::DEFAULT_CONSTRAINT => column.default = part.children().last().map(|value| default_value(&value)),
                K::GENERATED_CONSTRAINT if tree::contains(&part, K::GENERATED_IDENTITY) => {
                    (column.identity, column.not_null) = (true, true);
                }
                K::GENERATED_CONSTRAINT => {
                    // before 18 STORED had to be written, since then VIRTUAL is what is meant
                    let stored = tree::contains(&part, K::STORED);
                    column.generated = if stored { Generated::Stored } else { Generated::Virtual };
                }
                _ => {
                    let constraint = self.constraint(&part, Some(&column.name));
                    if let Some(constraint) = constraint {
                        column.not_null |= matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
                        column.constraints.push(constraint);
                    }
                }
            }
        }
        Some(column)
    }

    /// A constraint of a table, or one written behind `column`.
    fn constraint(&self, node: &Node<'_>, column: Option<&Name>) -> Option<Constraint> {
        let own = || column.cloned().into_iter().collect::<Vec<_>>();
        let key = |node: &Node<'_>| {
            let listed = child(node, K::INDEX_PARAMETERS)
                .map(|parameters| columns(child(&parameters, K::CONSTRAINT_COLUMN_REF_LIST)))
                .unwrap_or_default();
            Key {
                columns: if listed.is_empty() { own() } else { listed },
                using_index: child(node, K::USING_INDEX_NAME).as_ref().and_then(name),
            }
        };
        let kind = match node.kind() {
            K::CHECK_CONSTRAINT => {
                let expression = node.children().find(|child| {
                    child.kind() != K::CONSTRAINT_NAME_CLAUSE && !format!("{:?}", child.kind()).ends_with("OPTION")
                })?;
                ConstraintKind::Check {
                    not_null: not_null_column(&expression),
                    expression: tree::text(&expression),
                }
            }
            K::UNIQUE_CONSTRAINT => ConstraintKind::Unique(key(node)),
            K::PRIMARY_KEY_CONSTRAINT => ConstraintKind::PrimaryKey(key(node)),
            K::FOREIGN_KEY_CONSTRAINT => {
                let mut lists = children(node, K::FOREIGN_KEY_COLUMN_LIST);
                ConstraintKind::ForeignKey {
                    columns: columns(lists.next()),
                    table: child(node, K::TABLE_NAME_REF).as_ref().and_then(name)?,
                    to: columns(lists.next()),
                }
            }
            K::REFERENCES_CONSTRAINT => ConstraintKind::ForeignKey {
                columns: own(),
                table: child(node, K::TABLE_NAME_REF).as_ref().and_then(name)?,
                to: children(node, K::COLUMN_NAME_REF)
                    .map(|column| simple_name(&column))
                    .collect(),
            },
            K::EXCLUDE_CONSTRAINT => ConstraintKind::Exclude,
            K::NOT_NULL_CONSTRAINT => ConstraintKind::NotNull(simple_name(&child(node, K::COLUMN_NAME_REF)?)),
            _ => return None,
        };
        let clause = child(node, K::CONSTRAINT_NAME_CLAUSE);
        Some(Constraint {
            name: clause
                .and_then(|clause| child(&clause, K::CONSTRAINT_NAME))
                .map(|name| simple_name(&name)),
            kind,
            not_valid: has(node, K::NOT_VALID),
            not_enforced: has(node, K::NOT_ENFORCED),
            span: self.place(node),
        })
    }
}

fn alter_column(node: &Node<'_>) -> Option<Action> {
    let column = simple_name(&child(node, K::COLUMN_NAME_REF)?);
    for option in node.children() {
        return Some(match option.kind() {
            K::SET_TYPE => Action::SetType {
                column,
                ty: type_in(&option)?.0,
                using: child(&option, K::USING_EXPR)
                    .and_then(|using| using.children().next())
                    .map(|using| tree::text(&using)),
            },
            K::SET_NOT_NULL => Action::SetNotNull(column),
            K::DROP_NOT_NULL => Action::DropNotNull(column),
            K::ADD_GENERATED => Action::AddIdentity(column),
            K::SET_STATISTICS | K::SET_OPTIONS | K::RESET_OPTIONS => Action::Light,
            _ => continue,
        });
    }
    None
}

/// The column of `column IS NOT NULL`, parentheses aside.
pub(super) fn not_null_column(expression: &Node<'_>) -> Option<String> {
    let mut expression = *expression;
    while expression.kind() == K::PAREN_EXPR {
        expression = expression.children().next()?;
    }
    if !matches!(expression.kind(), K::BIN_EXPR | K::POSTFIX_EXPR) {
        return None;
    }
    let column = child(&expression, K::NAME_REF)?;
    let words: Vec<String> = expression
        .tokens()
        .skip(1)
        .map(|token| token.source().to_ascii_lowercase())
        .collect();
    (words == ["is", "not", "null"] || words == ["notnull"]).then(|| simple_name(&column).name)
}

fn default_value(node: &Node<'_>) -> DefaultValue {
    DefaultValue {
        written: tree::text(node),
        is_null: tree::text(node).eq_ignore_ascii_case("null"),
        calls: node
            .descendants()
            .filter(|below| below.kind() == K::CALL_EXPR)
            .filter_map(|call| call.children().next())
            .filter_map(|callee| called(&callee))
            .collect(),
    }
}

/// The name of a function that is called.
pub(super) fn called(callee: &Node<'_>) -> Option<Name> {
    let last = match callee.kind() {
        K::NAME_REF => *callee,
        K::FIELD_EXPR => callee.children().last()?,
        _ => return None,
    };
    Some(Name {
        written: tree::text(callee),
        ..simple_name(&last)
    })
}

/// The type that a column or a `TYPE` names, and where.
fn type_in<'t>(node: &Node<'t>) -> Option<(Type, Node<'t>)> {
    let at = node.children().find(|child| is_type(child.kind()))?;
    Some((read_type(&at)?, at))
}

pub(super) fn is_type(kind: K) -> bool {
    matches!(
        kind,
        K::PATH_TYPE
            | K::ARRAY_TYPE
            | K::VARCHAR_TYPE
            | K::CHARACTER_TYPE
            | K::BIT_TYPE
            | K::BIT_VARYING_TYPE
            | K::DOUBLE_TYPE
            | K::TIME_TYPE
            | K::TIMESTAMP_TYPE
            | K::INTERVAL_TYPE
    )
}

pub(super) fn read_type(node: &Node<'_>) -> Option<Type> {
    let written = tree::text(node);
    if node.kind() == K::ARRAY_TYPE {
        let inner = node.children().find(|child| is_type(child.kind()))?;
        return Some(Type {
            array: true,
            written,
            ..read_type(&inner)?
        });
    }
    let numbers = node.descendants().filter(|below| below.kind() == K::LITERAL);
    let arguments = numbers.filter_map(|number| tree::text(&number).parse().ok()).collect();
    let zoned = tree::contains(node, K::WITH_TIMEZONE);
    let (schema, name) = match node.kind() {
        K::PATH_TYPE => {
            let path = name(node)?;
            (
                path.schema.filter(|schema| schema != "pg_catalog"),
                canonical(&path.name).to_owned(),
            )
        }
        K::VARCHAR_TYPE => (None, "varchar".to_owned()),
        K::CHARACTER_TYPE => (None, "bpchar".to_owned()),
        K::BIT_TYPE => (None, "bit".to_owned()),
        K::BIT_VARYING_TYPE => (None, "varbit".to_owned()),
        K::DOUBLE_TYPE => (None, "double precision".to_owned()),
        K::TIME_TYPE => (None, if zoned { "timetz" } else { "time" }.to_owned()),
        K::TIMESTAMP_TYPE => (None, if zoned { "timestamptz" } else { "timestamp" }.to_owned()),
        K::INTERVAL_TYPE => (None, "interval".to_owned()),
        _ => return None,
    };
    Some(Type {
        schema,
        name,
        arguments,
        array: false,
        written,
    })
}

/// One name for types that have several.
fn canonical(name: &str) -> &str {
    match name {
        "int" | "int4" => "integer",
        "int8" => "bigint",
        "int2" => "smallint",
        "decimal" | "dec" => "numeric",
        "bool" => "boolean",
        "float8" | "float" => "double precision",
        "float4" => "real",
        "serial4" => "serial",
        "serial8" => "bigserial",
        "serial2" => "smallserial",
        "char" => "bpchar",
        other => other,
    }
}
