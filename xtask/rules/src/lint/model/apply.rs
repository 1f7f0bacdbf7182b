//! What a statement does to the schema.

use super::{ColumnState, ConstraintState, ForeignKey, Index, Key, Schema, Table, key};
use crate::lint::ast::{
    Action, AlterTable, AlterWhat, Column, Constraint, ConstraintKind, Create, CreateIndex, CreateTable, Details, Do,
    Drop, Kind, Name,
};

/// Whether a statement does something to the schema. Each kind is named, so that a new one is thought of.
pub(crate) fn changes_schema(kind: &Kind) -> bool {
    match kind {
        Kind::CreateTable(_)
        | Kind::AlterTable(_)
        | Kind::CreateIndex(_)
        | Kind::Create(_)
        | Kind::Drop(_)
        | Kind::Alter(_)
        | Kind::Do(_)
        | Kind::Session(_)
        | Kind::Select { into: Some(_) } => true,
        Kind::Insert(_)
        | Kind::Change(_)
        | Kind::Truncate { .. }
        | Kind::Transaction(_)
        | Kind::CopyFromStdin(_)
        | Kind::Alone(_)
        | Kind::Reindex { .. }
        | Kind::Cluster(_)
        | Kind::Vacuum
        | Kind::Refresh(_)
        | Kind::Lock { .. }
        | Kind::Select { into: None }
        | Kind::Other => false,
    }
}

impl Schema {
    /// Carries a statement out.
    pub(crate) fn apply(&mut self, kind: &Kind) {
        match kind {
            Kind::CreateTable(create) => self.create_table(create),
            Kind::AlterTable(alter) => self.alter_table(alter),
            Kind::CreateIndex(create) => self.create_index(create),
            Kind::Create(create) => self.create(create),
            Kind::Drop(drop) => self.drop(drop),
            Kind::Alter(alter) => {
                let Some(name) = &alter.name else { return };
                match (&alter.what, alter.object) {
                    (AlterWhat::RenameTo(to), "INDEX") => self.rename_index(name, to),
                    (AlterWhat::RenameTo(to), object) => {
                        let to = (name.schema.clone(), to.name.clone());
                        if let Some(view) = self.views.remove(&key(name)) {
                            self.views.insert(to.clone(), view);
                        }
                        if let Some(file) = self.objects.remove(&(object, key(name))) {
                            self.objects.insert((object, to.clone()), file);
                        }
                        if let Some(file) = self.enums.remove(&key(name)) {
                            self.enums.insert(to, file);
                        }
                    }
                    _ => {}
                }
            }
            Kind::Do(block) => self.run(block),
            Kind::Session(session) if session.parameter.as_deref() == Some("search_path") => {
                self.search_path_set = true;
            }
            Kind::Select { into: Some(name) } => self.create_table(&CreateTable {
                name: name.clone(),
                more_columns: true,
                ..CreateTable::default()
            }),
            _ => {}
        }
    }

    /// What dynamic SQL leaves open.
    fn run(&mut self, block: &Do) {
        for dynamic in &block.dynamic {
            let mut words = dynamic
                .text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .peekable();
            if words.peek().is_none() {
                self.open_ended = Some(self.file);
                self.all_touched = true;
                return;
            }
            let words: Vec<&str> = words.collect();
            let verb = |verb: &str| words.contains(&verb);
            if (verb("create") || verb("drop") || verb("rename")) && verb("table") {
                self.open_ended = Some(self.file);
            }
            if verb("alter") || verb("index") || verb("constraint") {
                self.touched.extend(words.iter().map(|word| (*word).to_owned()));
                // `%I`, and what is appended to the text, may be any table
                self.all_touched |= dynamic.text.contains('%') || dynamic.text.trim_end().ends_with("table");
            }
        }
        if !block.read {
            self.open_ended = Some(self.file);
            self.all_touched = true;
        }
    }

    fn create_table(&mut self, create: &CreateTable) {
        let key = key(&create.name);
        if create.if_not_exists && self.tables.contains(&key) {
            return;
        }
        self.forget_table(&key);
        self.gone.remove(&key);
        self.tables.insert(key.clone(), Table::new(create, self.file));
        for column in &create.columns {
            self.add_column_constraints(&key, column);
        }
        for constraint in &create.constraints {
            // rows cannot contradict a constraint that was there before them
            self.add_constraint(&key, constraint, true);
        }
    }

    fn add_column_constraints(&mut self, table: &Key, column: &Column) {
        for constraint in &column.constraints {
            self.add_constraint(table, constraint, true);
        }
    }

    fn add_constraint(&mut self, table: &Key, constraint: &Constraint, valid: bool) {
        let file = self.file;
        let name = constraint
            .name
            .as_ref()
            .map_or_else(|| default_name(&table.1, &constraint.kind), |name| name.name.clone());
        match &constraint.kind {
            ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => {
                let mut columns: Vec<Option<String>> = key.columns.iter().map(|c| Some(c.name.clone())).collect();
                if let Some(index) = &key.using_index
                    && let Some(index) = self.indexes.remove(&(table.0.clone(), index.name.clone()))
                {
                    columns = index.columns;
                }
                self.indexes.insert(
                    (table.0.clone(), name.clone()),
                    Index {
                        name: name.clone(),
                        table: table.clone(),
                        columns,
                        unique: true,
                        partial: false,
                        filled: None,
                        of_constraint: true,
                        created: file,
                    },
                );
            }
            ConstraintKind::ForeignKey {
                columns,
                table: to,
                to: to_columns,
            } => {
                let target = self.resolve(to);
                let to_columns = if to_columns.is_empty() {
                    let key = self.tables.get(&target).and_then(Table::primary_key);
                    key.unwrap_or_default()
                } else {
                    to_columns.iter().map(|column| column.name.clone()).collect()
                };
                let from_written = self
                    .tables
                    .get(table)
                    .map_or_else(|| table.1.clone(), |t| t.name.written.clone());
                self.foreign_keys.push(ForeignKey {
                    name: name.clone(),
                    from: table.clone(),
                    from_written,
                    columns: columns.iter().map(|column| column.name.clone()).collect(),
                    to: target,
                    to_written: to.written.clone(),
                    to_columns,
                });
            }
            _ => {}
        }
        if let Some(state) = self.tables.get_mut(table) {
            if let ConstraintKind::PrimaryKey(key) = &constraint.kind {
                for column in &key.columns {
                    if let Some(column) = state.column_mut(&column.name) {
                        column.not_null = true;
                    }
                }
            }
            state.constraints.retain(|known| known.name != name);
            state.constraints.push(ConstraintState {
                name,
                kind: constraint.kind.clone(),
                valid,
            });
        }
    }

    fn alter_table(&mut self, alter: &AlterTable) {
        for (_, action) in &alter.actions {
            let table = self.resolve(&alter.name);
            self.act(&alter.name, &table, action);
        }
    }

    fn act(&mut self, name: &Name, table: &Key, action: &Action) {
        let file = self.file;
        match action {
            Action::AddColumn {
                if_not_exists, column, ..
            } => {
                let known = self.tables.get_mut(table);
                if let Some(state) = known {
                    if *if_not_exists && state.column(&column.name.name).is_some() {
                        return;
                    }
                    state.columns.retain(|known| known.name != column.name.name);
                    state.columns.push(ColumnState::new(column, file));
                }
                self.add_column_constraints(table, column);
            }
            Action::DropColumn { column, .. } => self.drop_column(table, &column.name),
            Action::AddConstraint(constraint) => self.add_constraint(table, constraint, !constraint.not_valid),
            Action::DropConstraint { name, .. } => self.drop_constraint(table, &name.name),
            Action::Validate(constraint) => {
                if let Some(state) = self.tables.get_mut(table) {
                    for known in &mut state.constraints {
                        known.valid |= known.name == constraint.name;
                    }
                }
            }
            Action::SetType { column, ty, .. } => self.with_column(name, &column.name, |column| column.ty = ty.clone()),
            Action::SetNotNull(column) => self.with_column(name, &column.name, |column| column.not_null = true),
            Action::DropNotNull(column) => self.with_column(name, &column.name, |column| column.not_null = false),
            Action::RenameTable(to) => self.rename_table(table, &(table.0.clone(), to.name.clone()), to),
            Action::SetSchema(schema) => {
                let schema = Some(schema.clone()).filter(|schema| schema != "public");
                let written = schema
                    .as_ref()
                    .map_or_else(|| table.1.clone(), |schema| format!("{schema}.{}", table.1));
                let to = (schema, table.1.clone());
                self.rename_table(
                    table,
                    &to,
                    &Name {
                        written,
                        ..Name::default()
                    },
                );
            }
            Action::RenameColumn { from, to } => self.rename_column(table, &from.name, &to.name),
            Action::RenameConstraint { from, to } => self.rename_constraint(table, &from.name, &to.name),
            Action::Attach(partition) => {
                let parent = table.clone();
                if let Some(state) = self.table_mut(partition) {
                    state.partition_of = Some(parent);
                }
            }
            Action::Detach { partition, .. } => {
                if let Some(state) = self.table_mut(partition) {
                    state.partition_of = None;
                }
            }
            _ => {}
        }
    }

    fn with_column(&mut self, table: &Name, column: &str, change: impl FnOnce(&mut ColumnState)) {
        if let Some(column) = self.table_mut(table).and_then(|table| table.column_mut(column)) {
            change(column);
        }
    }

    fn drop_column(&mut self, table: &Key, column: &str) {
        if let Some(state) = self.tables.get_mut(table) {
            state.columns.retain(|known| known.name != column);
            state
                .constraints
                .retain(|constraint| !constraint_uses(&constraint.kind, column));
        }
        self.indexes.remove_of(table, |index| {
            index.columns.iter().flatten().any(|known| known == column)
        });
        self.foreign_keys.remove_of(table, |fk| {
            fk.from == *table && fk.columns.iter().any(|known| known == column)
        });
    }

    fn drop_constraint(&mut self, table: &Key, name: &str) {
        if let Some(state) = self.tables.get_mut(table) {
            state.constraints.retain(|constraint| constraint.name != name);
        }
        self.indexes.remove(&(table.0.clone(), name.to_owned()));
        self.foreign_keys
            .remove_of(table, |fk| fk.from == *table && fk.name == name);
    }

    fn rename_table(&mut self, from: &Key, to: &Key, written: &Name) {
        if let Some(mut table) = self.tables.remove(from) {
            table.name = Name {
                schema: to.0.clone(),
                name: to.1.clone(),
                written: written.written.clone(),
            };
            self.tables.insert(to.clone(), table);
        }
        self.indexes.change(from, |index| {
            index.table = to.clone();
        });
        self.views.change(from, |reads| {
            for name in &mut reads.tables {
                if key(name) == *from {
                    (name.schema, name.name) = to.clone();
                }
            }
        });
        self.foreign_keys.change(from, |fk| {
            if fk.from == *from {
                (fk.from, fk.from_written) = (to.clone(), written.written.clone());
            }
            if fk.to == *from {
                (fk.to, fk.to_written) = (to.clone(), written.written.clone());
            }
        });
    }

    fn rename_column(&mut self, table: &Key, from: &str, to: &str) {
        let rename = |name: &mut String| {
            if name == from {
                to.clone_into(name);
            }
        };
        if let Some(state) = self.tables.get_mut(table) {
            state.columns.iter_mut().for_each(|column| rename(&mut column.name));
        }
        self.indexes.change(table, |index| {
            index.columns.iter_mut().flatten().for_each(rename);
        });
        self.views.change(table, |reads| {
            if reads.names.contains(from) {
                reads.names.insert(to.to_owned());
            }
        });
        self.foreign_keys.change(table, |fk| {
            if fk.from == *table {
                fk.columns.iter_mut().for_each(rename);
            }
            if fk.to == *table {
                fk.to_columns.iter_mut().for_each(rename);
            }
        });
    }

    fn rename_constraint(&mut self, table: &Key, from: &str, to: &str) {
        if let Some(state) = self.tables.get_mut(table) {
            for constraint in state
                .constraints
                .iter_mut()
                .filter(|constraint| constraint.name == from)
            {
                to.clone_into(&mut constraint.name);
            }
        }
        self.foreign_keys.change(table, |fk| {
            if fk.from == *table && fk.name == from {
                to.clone_into(&mut fk.name);
            }
        });
        self.move_index((table.0.clone(), from.to_owned()), to);
    }

    fn rename_index(&mut self, from: &Name, to: &Name) {
        self.move_index(key(from), &to.name);
    }

    fn move_index(&mut self, from: Key, to: &str) {
        if let Some(mut index) = self.indexes.remove(&from) {
            to.clone_into(&mut index.name);
            self.indexes.insert((from.0, to.to_owned()), index);
        }
    }

    fn create_index(&mut self, create: &CreateIndex) {
        let table = self.resolve(&create.table);
        let name = create.name.as_ref().map_or_else(
            || {
                let columns: Vec<&str> = create.columns.iter().map(|c| c.as_deref().unwrap_or("expr")).collect();
                format!("{}_{}_idx", table.1, columns.join("_"))
            },
            |name| name.name.clone(),
        );
        let key = (table.0.clone(), name.clone());
        if create.if_not_exists && self.indexes.get(&key).is_some() {
            return;
        }
        self.indexes.insert(
            key,
            Index {
                name,
                table,
                columns: create.columns.clone(),
                unique: create.unique,
                partial: create.partial,
                filled: create.filled.clone(),
                of_constraint: false,
                created: self.file,
            },
        );
    }

    fn create(&mut self, create: &Create) {
        let Some(name) = &create.name else { return };
        let id = (create.object, key(name));
        match &create.details {
            Details::Enum => {
                self.enums.insert(key(name), self.file);
            }
            Details::Function { volatility } => {
                self.functions.insert(name.name.clone(), *volatility);
            }
            Details::View { reads, .. } => {
                let stays = create.if_not_exists && self.views.contains(&key(name));
                if !stays {
                    self.views.insert(key(name), (reads.clone(), self.file));
                }
            }
            Details::Domain { constrained } => {
                self.domains.insert(key(name), *constrained);
            }
            Details::None => {}
        }
        if (create.or_replace || create.if_not_exists) && self.objects.contains_key(&id) {
            return;
        }
        self.objects.insert(id, self.file);
    }

    fn drop(&mut self, drop: &Drop) {
        for name in &drop.names {
            match drop.object {
                "TABLE" | "FOREIGN TABLE" => {
                    let key = self.resolve(name);
                    self.forget_table(&key);
                    if drop.cascade {
                        self.forget_views_on(&key);
                    }
                    self.gone.insert(key);
                }
                "INDEX" => {
                    let known = self
                        .index(name)
                        .map(|index| (index.table.0.clone(), index.name.clone()));
                    self.indexes.remove(&known.unwrap_or_else(|| key(name)));
                }
                "SCHEMA" => {
                    let schema = Some(name.name.clone());
                    let is_in = |table: &&Key| table.0 == schema;
                    let tables: Vec<Key> = self.tables.keys().filter(is_in).cloned().collect();
                    for table in &tables {
                        self.tables.remove(table);
                    }
                    let views: Vec<Key> = self.views.keys().filter(is_in).cloned().collect();
                    for view in &views {
                        self.views.remove(view);
                    }
                    for table in self.foreign_keys.tables().iter().filter(is_in) {
                        self.foreign_keys.remove_of(table, |_| true);
                    }
                }
                object => {
                    if matches!(object, "VIEW" | "MATERIALIZED VIEW") {
                        self.forget_view(&key(name), drop.cascade);
                    }
                    self.objects.remove(&(object, key(name)));
                    self.enums.remove(&key(name));
                    self.domains.remove(&key(name));
                }
            }
        }
    }

    fn forget_view(&mut self, view: &Key, cascade: bool) {
        if self.views.remove(view).is_some() && cascade {
            self.forget_views_on(view);
        }
    }

    fn forget_views_on(&mut self, relation: &Key) {
        let mut going = self.views.keys_on(relation);
        while let Some(view) = going.pop() {
            if self.views.remove(&view).is_some() {
                going.extend(self.views.keys_on(&view));
            }
        }
    }

    fn forget_table(&mut self, table: &Key) {
        if self.tables.remove(table).is_some() {
            self.indexes.remove_of(table, |_| true);
            self.foreign_keys.remove_of(table, |_| true);
        }
    }
}

fn constraint_uses(kind: &ConstraintKind, column: &str) -> bool {
    let uses = |columns: &[Name]| columns.iter().any(|known| known.name == column);
    match kind {
        ConstraintKind::Unique(key) | ConstraintKind::PrimaryKey(key) => uses(&key.columns),
        ConstraintKind::ForeignKey { columns, .. } => uses(columns),
        ConstraintKind::NotNull(known) => known.name == column,
        ConstraintKind::Check { not_null, .. } => not_null.as_deref() == Some(column),
        ConstraintKind::Exclude => false,
    }
}

/// The name that PostgreSQL gives to a constraint without one (`ChooseConstraintName`); one that is too long for it is
/// shortened in a way that is not followed here.
pub(crate) fn default_name(table: &str, kind: &ConstraintKind) -> String {
    let joined = |columns: &[Name]| {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        names.join("_")
    };
    match kind {
        ConstraintKind::PrimaryKey(_) => format!("{table}_pkey"),
        ConstraintKind::Unique(key) => format!("{table}_{}_key", joined(&key.columns)),
        ConstraintKind::ForeignKey { columns, .. } => format!("{table}_{}_fkey", joined(columns)),
        ConstraintKind::Check {
            not_null: Some(column), ..
        } => format!("{table}_{column}_check"),
        ConstraintKind::Check { .. } => format!("{table}_check"),
        ConstraintKind::Exclude => format!("{table}_excl"),
        ConstraintKind::NotNull(column) => format!("{table}_{}_not_null", column.name),
    }
}
