//! What views hang on.

use std::collections::BTreeSet;
use std::collections::btree_map::{self, BTreeMap};

use super::{FileNumber, Key, Schema, key};
use crate::lint::ast::{Name, Query};

/// What views read, and the file that made them so; by name, and by what they read.
#[derive(Debug, Default)]
pub(super) struct Views {
    all: BTreeMap<Key, (Query, FileNumber)>,
    on: BTreeMap<Key, BTreeSet<Key>>,
}

impl Views {
    pub(super) fn contains(&self, view: &Key) -> bool {
        self.all.contains_key(view)
    }

    pub(super) fn keys(&self) -> btree_map::Keys<'_, Key, (Query, FileNumber)> {
        self.all.keys()
    }

    /// The names of those that read a relation.
    pub(super) fn keys_on(&self, relation: &Key) -> Vec<Key> {
        self.on.get(relation).into_iter().flatten().cloned().collect()
    }

    /// Those that read a relation, by their names.
    fn on(&self, relation: &Key) -> impl Iterator<Item = (&Key, &(Query, FileNumber))> {
        let names = self.on.get(relation).into_iter().flatten();
        names.filter_map(|name| self.all.get_key_value(name))
    }

    pub(super) fn insert(&mut self, view: Key, (reads, file): (Query, FileNumber)) {
        self.remove(&view);
        for relation in &reads.tables {
            self.on.entry(key(relation)).or_default().insert(view.clone());
        }
        self.all.insert(view, (reads, file));
    }

    pub(super) fn remove(&mut self, view: &Key) -> Option<(Query, FileNumber)> {
        let known = self.all.remove(view)?;
        for relation in known.0.tables.iter().map(key) {
            if let Some(views) = self.on.get_mut(&relation) {
                views.remove(view);
                if views.is_empty() {
                    self.on.remove(&relation);
                }
            }
        }
        Some(known)
    }

    /// Changes those that read a relation.
    pub(super) fn change(&mut self, relation: &Key, mut change: impl FnMut(&mut Query)) {
        for view in self.keys_on(relation) {
            if let Some((mut reads, file)) = self.remove(&view) {
                change(&mut reads);
                self.insert(view, (reads, file));
            }
        }
    }
}

impl Schema {
    /// A view that for certain reads a column.
    pub(crate) fn view_on(&self, table: &Name, column: &str) -> Option<&Key> {
        let table_key = self.resolve(table);
        let known = self.table(table)?;
        if self.all_touched || self.search_path_set {
            return None;
        }
        let reads = |query: &Query, file: FileNumber| {
            if query.more {
                return false;
            }
            let mut others = query
                .tables
                .iter()
                .map(key)
                .filter(|name| *name != table_key)
                .peekable();
            if others.peek().is_none() {
                // what came in after `*` is no part of it
                let is_older = known.column(column).is_some_and(|column| column.created < file);
                return query.names.contains(column) || query.all_columns && is_older;
            }
            // of several tables none other may have a column of that name
            let lacks = |other: Key| {
                let other = self.tables.get(&other);
                other.is_some_and(|other| !other.more_columns && other.column(column).is_none())
            };
            query.names.contains(column) && others.all(lacks)
        };
        let mut views = self.views.on(&table_key);
        views.find_map(|(name, (query, file))| reads(query, *file).then_some(name))
    }
}
