//! Where things are found without looking at all of them: a history may have ten thousand tables.

use std::collections::BTreeSet;
use std::collections::btree_map::{self, BTreeMap};

use super::{ForeignKey, Index, Key};

/// Things by schema and name, and by name alone.
#[derive(Debug)]
pub(super) struct Named<T> {
    all: BTreeMap<Key, T>,
    schemas: BTreeMap<String, BTreeSet<Option<String>>>,
}

impl<T> Default for Named<T> {
    fn default() -> Named<T> {
        Named {
            all: BTreeMap::new(),
            schemas: BTreeMap::new(),
        }
    }
}

impl<T> Named<T> {
    pub(super) fn get(&self, key: &Key) -> Option<&T> {
        self.all.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut T> {
        self.all.get_mut(key)
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    pub(super) fn keys(&self) -> btree_map::Keys<'_, Key, T> {
        self.all.keys()
    }

    /// The key of the one thing that has this name, in whatever schema.
    pub(super) fn only(&self, name: &str) -> Option<Key> {
        let schemas = self.schemas.get(name)?;
        let one = schemas.first().filter(|_| schemas.len() == 1)?;
        Some((one.clone(), name.to_owned()))
    }

    pub(super) fn insert(&mut self, key: Key, thing: T) {
        self.schemas.entry(key.1.clone()).or_default().insert(key.0.clone());
        self.all.insert(key, thing);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<T> {
        let thing = self.all.remove(key)?;
        if let Some(schemas) = self.schemas.get_mut(&key.1) {
            schemas.remove(&key.0);
            if schemas.is_empty() {
                self.schemas.remove(&key.1);
            }
        }
        Some(thing)
    }
}

/// Indexes, by name and by table.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    all: Named<Index>,
    of_tables: BTreeMap<Key, BTreeSet<Key>>,
}

impl Indexes {
    pub(super) fn get(&self, key: &Key) -> Option<&Index> {
        self.all.get(key)
    }

    pub(super) fn only(&self, name: &str) -> Option<&Index> {
        self.all.only(name).and_then(|key| self.all.get(&key))
    }

    /// Those of a table, by their names.
    pub(super) fn of(&self, table: &Key) -> impl Iterator<Item = &Index> {
        let keys = self.of_tables.get(table).into_iter().flatten();
        keys.filter_map(|key| self.all.get(key))
    }

    pub(super) fn insert(&mut self, key: Key, index: Index) {
        self.remove(&key);
        self.of_tables
            .entry(index.table.clone())
            .or_default()
            .insert(key.clone());
        self.all.insert(key, index);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Index> {
        let index = self.all.remove(key)?;
        if let Some(keys) = self.of_tables.get_mut(&index.table) {
            keys.remove(key);
            if keys.is_empty() {
                self.of_tables.remove(&index.table);
            }
        }
        Some(index)
    }

    /// Changes those of a table.
    pub(super) fn change(&mut self, table: &Key, mut change: impl FnMut(&mut Index)) {
        for key in self.of_tables.get(table).cloned().unwrap_or_default() {
            if let Some(mut index) = self.remove(&key) {
                change(&mut index);
                self.insert(key, index);
            }
        }
    }

    /// Removes some of a table.
    pub(super) fn remove_of(&mut self, table: &Key, goes: impl Fn(&Index) -> bool) {
        let keys = self.of_tables.get(table).into_iter().flatten();
        let goes = |key: &&Key| self.get(key).is_some_and(&goes);
        for key in keys.filter(goes).cloned().collect::<Vec<_>>() {
            self.remove(&key);
        }
    }
}

/// Foreign keys in the order in which they came, by the table that has them and by the one that they refer to.
#[derive(Debug, Default)]
pub(crate) struct ForeignKeys {
    all: BTreeMap<usize, ForeignKey>,
    next: usize,
    from: BTreeMap<Key, BTreeSet<usize>>,
    to: BTreeMap<Key, BTreeSet<usize>>,
}

impl ForeignKeys {
    /// Those that refer to a table.
    pub(crate) fn to(&self, table: &Key) -> impl Iterator<Item = &ForeignKey> {
        let numbers = self.to.get(table).into_iter().flatten();
        numbers.filter_map(|number| self.all.get(number))
    }

    /// Those that a table has.
    pub(super) fn from(&self, table: &Key) -> impl Iterator<Item = &ForeignKey> {
        let numbers = self.from.get(table).into_iter().flatten();
        numbers.filter_map(|number| self.all.get(number))
    }

    pub(super) fn push(&mut self, fk: ForeignKey) {
        let number = self.next;
        self.next += 1;
        self.insert(number, fk);
    }

    fn insert(&mut self, number: usize, fk: ForeignKey) {
        self.from.entry(fk.from.clone()).or_default().insert(number);
        self.to.entry(fk.to.clone()).or_default().insert(number);
        self.all.insert(number, fk);
    }

    fn remove(&mut self, number: usize) -> Option<ForeignKey> {
        let fk = self.all.remove(&number)?;
        for (side, table) in [(&mut self.from, &fk.from), (&mut self.to, &fk.to)] {
            if let Some(numbers) = side.get_mut(table) {
                numbers.remove(&number);
                if numbers.is_empty() {
                    side.remove(table);
                }
            }
        }
        Some(fk)
    }

    /// The numbers of those that a table has or is referred to by.
    fn of(&self, table: &Key) -> BTreeSet<usize> {
        let sides = [self.from.get(table), self.to.get(table)];
        sides.into_iter().flatten().flatten().copied().collect()
    }

    /// Changes those that a table has or is referred to by.
    pub(super) fn change(&mut self, table: &Key, mut change: impl FnMut(&mut ForeignKey)) {
        for number in self.of(table) {
            if let Some(mut fk) = self.remove(number) {
                change(&mut fk);
                self.insert(number, fk);
            }
        }
    }

    /// Removes some of those that a table has or is referred to by.
    pub(super) fn remove_of(&mut self, table: &Key, goes: impl Fn(&ForeignKey) -> bool) {
        for number in self.of(table) {
            if self.all.get(&number).is_some_and(&goes) {
                self.remove(number);
            }
        }
    }

    /// The tables that have some, or are referred to.
    pub(super) fn tables(&self) -> BTreeSet<Key> {
        self.from.keys().chain(self.to.keys()).cloned().collect()
    }
}
