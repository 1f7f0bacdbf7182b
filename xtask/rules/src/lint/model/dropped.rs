//! What a drop keeps everybody from, beside what it names: the tables that a foreign key refers to, too.

use super::{ForeignKey, Key, Schema};
use crate::lint::ast::{Action, Kind, Statement};

impl Schema {
    /// The tables in use that a statement takes ACCESS EXCLUSIVE on because it drops something.
    pub(crate) fn locked_by_drop(&self, statement: &Statement) -> Vec<Key> {
        let mut all = Vec::new();
        match &statement.kind {
            Kind::Drop(drop) if drop.object == "TABLE" => {
                // nobody uses a table that goes; those that it refers to have triggers of the foreign key
                let going: Vec<Key> = drop.names.iter().map(|name| self.resolve(name)).collect();
                let keys = going.iter().flat_map(|table| self.foreign_keys.from(table));
                all.extend(keys.map(|fk| fk.to.clone()).filter(|to| !going.contains(to)));
            }
            Kind::AlterTable(alter) => {
                let table = self.resolve(&alter.name);
                for (_, action) in &alter.actions {
                    let Action::DropColumn { column, .. } = action else {
                        continue;
                    };
                    let of_column = |fk: &&ForeignKey| fk.columns.contains(&column.name);
                    let keys = self.foreign_keys.from(&table).filter(of_column);
                    all.push(table.clone());
                    all.extend(keys.map(|fk| fk.to.clone()));
                }
            }
            _ => {}
        }
        all.retain(|table| {
            let known = self.tables.get(table);
            known.is_some_and(|table| table.created < self.file && !table.temporary)
        });
        all.sort();
        all.dedup();
        all
    }

    /// The places and the tables of the drops above, in this file.
    pub(crate) fn drops_above(&self) -> impl Iterator<Item = (usize, &[Key])> {
        self.drops.iter().map(|(start, tables)| (*start, tables.as_slice()))
    }

    /// Whether the two are one, or a foreign key leads from one to the other.
    pub(crate) fn are_related(&self, one: &Key, other: &Key) -> bool {
        let leads = |from, to: &Key| self.foreign_keys.from(from).any(|fk| fk.to == *to);
        one == other || leads(one, other) || leads(other, one)
    }

    /// Keeps what a statement locks, before it is carried out. What locks the same as one above is not kept again.
    pub(crate) fn note_drop(&mut self, statement: &Statement) {
        let locked = self.locked_by_drop(statement);
        let is_known = self.drops.iter().any(|(_, known)| *known == locked);
        if !locked.is_empty() && !is_known {
            self.drops.push((statement.span.start, locked));
        }
    }
}
