//! What changes rows.

use super::Reader;
use super::tree::{self, Node, SyntaxKind as K, child, has, name, names};
use crate::lint::ast::{Change, Insert, Kind, Source};

impl Reader<'_> {
    pub(super) fn change(node: &Node<'_>) -> Option<Kind> {
        Some(match node.kind() {
            K::INSERT => {
                let select = child(node, K::SELECT).or_else(|| child(node, K::COMPOUND_SELECT));
                let select = select.or_else(|| child(node, K::PAREN_SELECT));
                Kind::Insert(Insert {
                    table: child(node, K::RELATION_NAME_REF).as_ref().and_then(name)?,
                    on_conflict: has(node, K::ON_CONFLICT_CLAUSE),
                    source: match select {
                        None => Source::Values,
                        Some(select) if asks_what_is_there(&select) => Source::GuardedSelect,
                        // a data-modifying WITH gives no more rows than it changes
                        Some(_) if has(node, K::WITH_CLAUSE) => Source::GuardedSelect,
                        Some(_) => Source::Select,
                    },
                })
            }
            K::UPDATE | K::DELETE => {
                let table = child(node, K::RELATION_NAME).as_ref().and_then(name)?;
                Kind::Change(Change {
                    table,
                    verb: if node.kind() == K::UPDATE { "UPDATE" } else { "DELETE" },
                    limited: child(node, K::WHERE_CLAUSE).is_some_and(|clause| !is_always_true(&clause))
                        || [K::WHERE_CURRENT_OF, K::FROM_CLAUSE, K::USING_CLAUSE]
                            .iter()
                            .any(|kind| has(node, *kind)),
                })
            }
            K::MERGE => Kind::Change(Change {
                table: child(node, K::TABLE_RELATION_NAME).as_ref().and_then(name)?,
                verb: "MERGE",
                limited: true,
            }),
            K::TRUNCATE => Kind::Truncate {
                tables: child(node, K::TABLE_LIST)
                    .map(|list| names(&list, K::TABLE_RELATION_NAME))
                    .unwrap_or_default(),
                cascade: has(node, K::CASCADE),
            },
            _ => return None,
        })
    }
}

/// `WHERE true`, `WHERE 1 = 1`: it is written to be rid of the question.
fn is_always_true(clause: &Node<'_>) -> bool {
    let text = tree::text(clause).to_ascii_lowercase();
    let condition = text.strip_prefix("where").unwrap_or(&text);
    let condition: String = condition
        .chars()
        .filter(|c| !c.is_whitespace() && !"()".contains(*c))
        .collect();
    condition == "true"
        || condition
            .split_once('=')
            .is_some_and(|(one, other)| one == other && !one.is_empty() && one.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a query leaves out what is there already: `NOT EXISTS`, `NOT IN`, `EXCEPT`, a join that found nothing.
fn asks_what_is_there(select: &Node<'_>) -> bool {
    let text = tree::text(select).to_ascii_lowercase();
    [
        "not exists",
        "not in",
        "except",
        "is null",
        "<> all",
        "is distinct from",
    ]
    .iter()
    .any(|words| text.contains(words))
}
