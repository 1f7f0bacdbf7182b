//! The schema, as far as the files tell: what is there before a statement, and since when.
//!
//! It is light on purpose. Where the files leave open what happens (dynamic SQL), it says so, and the lints that
//! would need to know are silent.

mod apply;
mod dropped;
mod lookup;
mod table;
mod views;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::apply::{changes_schema, default_name};
use self::lookup::{ForeignKeys, Indexes, Named};
pub(crate) use self::table::{ColumnState, ConstraintState, Index, Table};
use self::views::Views;
use super::ast::{Name, Object, Volatility};

/// Schema and name.
pub(crate) type Key = (Option<String>, String);

/// The number of a file in the history.
pub(crate) type FileNumber = usize;

/// A foreign key, seen from both sides.
#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    pub name: String,
    /// The table that has it.
    pub from: Key,
    pub from_written: String,
    pub columns: Vec<String>,
    /// The table that it refers to.
    pub to: Key,
    pub to_written: String,
    pub to_columns: Vec<String>,
}

/// What is known of the schema.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// The file that is being read.
    file: FileNumber,
    tables: Named<Table>,
    indexes: Indexes,
    pub foreign_keys: ForeignKeys,
    /// Enums, and the file that made them.
    enums: BTreeMap<Key, FileNumber>,
    /// Domains, and whether they check values.
    domains: BTreeMap<Key, bool>,
    functions: BTreeMap<String, Volatility>,
    /// Everything else: views, sequences, types.
    objects: BTreeMap<(Object, Key), FileNumber>,
    /// What views read, and the file that made them so.
    views: Views,
    /// The last file whose dynamic SQL may have made or dropped any table.
    open_ended: Option<FileNumber>,
    /// Tables that dynamic SQL mentions.
    touched: BTreeSet<String>,
    /// Any table may have been altered by dynamic SQL.
    all_touched: bool,
    /// A file set `search_path`: a name without a schema may be in any.
    search_path_set: bool,
    /// Tables that a file dropped.
    gone: BTreeSet<Key>,
    /// What the drops of this file keep everybody from, each with the place of its statement.
    drops: Vec<(usize, Vec<Key>)>,
}

pub(crate) fn key(name: &Name) -> Key {
    (name.schema.clone(), name.name.clone())
}

impl Schema {
    /// Goes on to a file.
    pub(crate) fn begin(&mut self, file: FileNumber) {
        self.file = file;
        self.drops.clear();
    }

    /// The file that is being read.
    pub(crate) fn file(&self) -> FileNumber {
        self.file
    }

    /// A table of that name.
    pub(crate) fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.get(&self.resolve(name))
    }

    fn table_mut(&mut self, name: &Name) -> Option<&mut Table> {
        let key = self.resolve(name);
        self.tables.get_mut(&key)
    }

    /// The key under which a table is known, if it is.
    pub(crate) fn resolve(&self, name: &Name) -> Key {
        let exact = key(name);
        if !self.search_path_set || name.schema.is_some() || self.tables.contains(&exact) {
            return exact;
        }
        self.tables.only(&name.name).unwrap_or(exact)
    }

    /// Whether the table was there before this file, so that it may have rows and users.
    pub(crate) fn is_live(&self, name: &Name) -> bool {
        if let Some(table) = self.table(name) {
            return table.created < self.file && !table.temporary;
        }
        // not made by any file: then it was there, unless dynamic SQL of this file may have made it
        let is_own_view = self.created("MATERIALIZED VIEW", name) == Some(self.file);
        self.open_ended != Some(self.file) && !is_own_view && name.schema.as_deref() != Some("pg_temp")
    }

    /// Whether all that happened to the table is known.
    pub(crate) fn knows(&self, name: &Name) -> bool {
        self.table(name).is_some() && !self.all_touched && !self.touched.contains(&name.name)
    }

    /// An index of that name.
    pub(crate) fn index(&self, name: &Name) -> Option<&Index> {
        // an index lies in the schema of its table, and is often named without
        self.indexes.get(&key(name)).or_else(|| self.indexes.only(&name.name))
    }

    /// The indexes of a table.
    pub(crate) fn indexes_of(&self, table: &Key) -> impl Iterator<Item = &Index> {
        self.indexes.of(table)
    }

    /// The foreign keys of other tables that need the key `columns` of `table`.
    pub(crate) fn references<'a>(
        &'a self,
        table: &'a Key,
        columns: &'a [String],
    ) -> impl Iterator<Item = &'a ForeignKey> {
        self.foreign_keys
            .to(table)
            .filter(move |fk| same_columns(&fk.to_columns, columns))
    }

    /// Whether a key on the same columns is left when `except` goes.
    pub(crate) fn has_other_key(&self, table: &Key, columns: &[String], except: &str) -> bool {
        self.indexes_of(table).any(|index| {
            index.unique && !index.partial && index.name != except && {
                let own: Option<Vec<String>> = index.columns.iter().cloned().collect();
                own.is_some_and(|own| same_columns(&own, columns))
            }
        })
    }

    /// Whether a file dropped a table of that name, and none made it again.
    pub(crate) fn is_gone(&self, name: &Name) -> bool {
        self.gone.contains(&self.resolve(name))
    }

    /// The file that made an enum, where one did.
    pub(crate) fn enum_created(&self, name: &Name) -> Option<FileNumber> {
        self.enums.get(&key(name)).copied()
    }

    /// Whether a type is a domain that checks its values.
    pub(crate) fn is_checking_domain(&self, name: &Name) -> bool {
        self.domains.get(&key(name)).copied().unwrap_or(false)
    }

    /// What a file said of a function.
    pub(crate) fn volatility(&self, function: &str) -> Option<Volatility> {
        self.functions.get(function).copied()
    }

    /// The file that made a view, a sequence, a type …
    pub(crate) fn created(&self, object: Object, name: &Name) -> Option<FileNumber> {
        self.objects.get(&(object, key(name))).copied()
    }

    /// Whether an object other than a table was made by this very file, or may have been.
    pub(crate) fn is_own(&self, object: Object, name: &Name) -> bool {
        match self.created(object, name) {
            Some(file) => file == self.file,
            None => self.open_ended == Some(self.file),
        }
    }
}

fn same_columns(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|column| other.contains(column))
}

#[cfg(test)]
mod tests;
