//! What a statement is.

use super::Reader;
use super::tree::{self, Node, SyntaxKind as K, child, has, name, names};
use crate::lint::ast::{Guard, Kind, Session, Statement};

impl Reader<'_> {
    /// Reads one statement of the tree, and those that are in it.
    pub(super) fn read(&mut self, node: &Node<'_>) {
        if self.refuse_bare(node) || self.refuse_reserved(node) {
            return;
        }
        if node.kind() == K::DO {
            self.push(node, Kind::Other);
            let at = self.parsed.statements.len() - 1;
            self.parsed.statements[at].kind = Kind::Do(self.read_do(node));
            return;
        }
        if matches!(node.kind(), K::CREATE_FUNCTION | K::CREATE_PROCEDURE) {
            self.check_body(node);
        }
        let kind = self.kind(node);
        self.push(node, kind);
        // what an INSERT takes out of one table it puts into another
        if let Some(with) = child(node, K::WITH_CLAUSE).filter(|_| node.kind() != K::INSERT) {
            for below in with
                .descendants()
                .filter(|below| matches!(below.kind(), K::UPDATE | K::DELETE))
            {
                if let Some(kind) = Self::change(&below) {
                    self.push(&below, kind);
                    // the outer statement has told them already
                    if let Some(inner) = self.parsed.statements.last_mut() {
                        (inner.calls, inner.strings, inner.features, inner.long_names) = Default::default();
                    }
                }
            }
        }
        if node.kind() == K::CREATE_SCHEMA {
            let is_element = |child: &Node<'_>| format!("{:?}", child.kind()).starts_with("CREATE_");
            for element in node.children().filter(is_element) {
                self.read(&element);
            }
        }
    }

    pub(super) fn push(&mut self, node: &Node<'_>, kind: Kind) {
        let span = (self.map)(node.range());
        let mut statement = Statement {
            span,
            kind,
            guard: Guard::None,
            in_block: false,
            calls: Vec::new(),
            strings: Vec::new(),
            relations: Vec::new(),
            features: Vec::new(),
            long_names: Vec::new(),
        };
        self.read_uses(node, &mut statement);
        self.parsed.statements.push(statement);
    }

    fn kind(&self, node: &Node<'_>) -> Kind {
        self.known(node).unwrap_or(Kind::Other)
    }

    /// What the statement does; `None` for one that no lint asks about.
    fn known(&self, node: &Node<'_>) -> Option<Kind> {
        Some(match node.kind() {
            K::CREATE_TABLE | K::CREATE_FOREIGN_TABLE | K::CREATE_TABLE_AS => {
                Kind::CreateTable(self.create_table(node)?)
            }
            K::ALTER_TABLE | K::ALTER_FOREIGN_TABLE => Kind::AlterTable(self.alter_table(node)?),
            K::CREATE_INDEX => Kind::CreateIndex(self.create_index(node)?),
            K::INSERT | K::UPDATE | K::DELETE | K::MERGE | K::TRUNCATE => Self::change(node)?,
            K::BEGIN
            | K::COMMIT_TRANSACTION
            | K::COMMIT_PREPARED
            | K::ROLLBACK_TRANSACTION
            | K::ROLLBACK_PREPARED
            | K::PREPARE_TRANSACTION => Kind::Transaction(tree::first_word(node)),
            K::SET
            | K::RESET
            | K::RESET_ROLE
            | K::RESET_SESSION_AUTH
            | K::SET_ROLE
            | K::SET_SESSION_AUTH
            | K::SET_TRANSACTION
            | K::DISCARD
            | K::LISTEN
            | K::UNLISTEN
            | K::LOAD
            | K::PREPARE
            | K::DEALLOCATE => Kind::Session(self.session(node)),
            K::COPY if tree::contains(node, K::COPY_STDIN) => {
                Kind::CopyFromStdin(child(node, K::COPY_TABLE).as_ref().and_then(name)?)
            }
            K::VACUUM => Kind::Vacuum,
            K::CREATE_DATABASE => Kind::Alone("CREATE DATABASE"),
            K::DROP_DATABASE => Kind::Alone("DROP DATABASE"),
            K::ALTER_SYSTEM => Kind::Alone("ALTER SYSTEM"),
            K::CREATE_TABLESPACE => Kind::Alone("CREATE TABLESPACE"),
            K::DROP_TABLESPACE => Kind::Alone("DROP TABLESPACE"),
            K::ALTER_DATABASE if has(node, K::SET_TABLESPACE) => Kind::Alone("ALTER DATABASE … SET TABLESPACE"),
            K::REINDEX => Self::reindex(node),
            K::CLUSTER => Kind::Cluster(child(node, K::TABLE_NAME_REF).as_ref().and_then(name)),
            K::REFRESH => Kind::Refresh(child(node, K::VIEW_REF).as_ref().and_then(name)?),
            K::LOCK => Kind::Lock {
                tables: child(node, K::RELATION_LIST)
                    .map(|list| names(&list, K::RELATION_NAME))
                    .unwrap_or_default(),
                exclusive: !has(node, K::LOCK_MODE_CLAUSE) || tree::contains(node, K::ACCESS_EXCLUSIVE),
            },
            K::SELECT | K::COMPOUND_SELECT | K::PAREN_SELECT => Kind::Select { into: None },
            K::SELECT_INTO => Kind::Select {
                into: child(node, K::INTO_CLAUSE).as_ref().and_then(name),
            },
            _ => return self.object(node),
        })
    }

    fn session(&self, node: &Node<'_>) -> Session {
        let set = (node.kind() == K::SET || node.kind() == K::SET_ROLE)
            .then(|| tree::element(node, K::SET_KW))
            .flatten();
        let parameter = node
            .descendants()
            .find(|below| below.kind() == K::CONFIG_PARAMETER_REF)
            .map(|below| tree::text(&below).to_ascii_lowercase());
        let is_local = has(node, K::LOCAL_SCOPE)
            || node.kind() == K::SET_TRANSACTION && !tree::contains(node, K::SESSION_CHARACTERISTICS);
        Session {
            verb: tree::first_word(node).to_ascii_uppercase(),
            local: is_local,
            parameter: parameter.or_else(|| match node.kind() {
                K::SET_ROLE | K::RESET_ROLE => Some("role".to_owned()),
                K::SET_SESSION_AUTH | K::RESET_SESSION_AUTH => Some("session authorization".to_owned()),
                _ => None,
            }),
            // `SET SESSION x` would have to lose a word as well
            clause_at: set
                .filter(|_| !has(node, K::SESSION_SCOPE) && !has(node, K::LOCAL_SCOPE))
                .map(|set| (self.map)(set.span()).end),
        }
    }

    fn reindex(node: &Node<'_>) -> Kind {
        let target = node
            .children()
            .find(|child| format!("{:?}", child.kind()).starts_with("REINDEX_TARGET"));
        let concurrently = target.as_ref().is_some_and(|target| has(target, K::CONCURRENTLY_KW))
            || tree::contains(node, K::REINDEX_OPTION_CONCURRENTLY);
        let of = |kind| {
            target
                .as_ref()
                .and_then(|target| child(target, kind))
                .as_ref()
                .and_then(name)
        };
        let (table, index) = (of(K::TABLE_NAME_REF), of(K::INDEX_REF));
        if !concurrently && table.is_none() && index.is_none() {
            return Kind::Alone("REINDEX of a schema or a database");
        }
        Kind::Reindex {
            concurrently,
            is_table: table.is_some(),
            table: table.or(index),
        }
    }
}
