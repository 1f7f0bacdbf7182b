//! What is known of one table.

use super::{FileNumber, Key};
use crate::lint::ast::{Column, ConstraintKind, CreateTable, Name, Type};

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub name: Name,
    /// The file that made it.
    pub created: FileNumber,
    pub temporary: bool,
    pub partitioned: bool,
    pub partition_of: Option<Key>,
    pub columns: Vec<ColumnState>,
    /// There are columns that no file names.
    pub more_columns: bool,
    pub constraints: Vec<ConstraintState>,
}

#[derive(Debug, Clone)]
pub(crate) struct ColumnState {
    pub name: String,
    pub ty: Type,
    pub not_null: bool,
    /// The file that added it.
    pub created: FileNumber,
}

#[derive(Debug, Clone)]
pub(crate) struct ConstraintState {
    pub name: String,
    pub kind: ConstraintKind,
    pub valid: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub name: String,
    pub table: Key,
    /// `None` for an expression.
    pub columns: Vec<Option<String>>,
    pub unique: bool,
    pub partial: bool,
    /// Of the rows that have this column, where it is partial in that way.
    pub filled: Option<String>,
    /// A constraint's own.
    pub of_constraint: bool,
    pub created: FileNumber,
}

impl Table {
    pub(super) fn new(create: &CreateTable, file: FileNumber) -> Table {
        Table {
            name: create.name.clone(),
            created: file,
            temporary: create.temporary,
            partitioned: create.partitioned,
            partition_of: create.partition_of.as_ref().map(super::key),
            columns: create
                .columns
                .iter()
                .map(|column| ColumnState::new(column, file))
                .collect(),
            more_columns: create.more_columns,
            constraints: Vec::new(),
        }
    }

    pub(crate) fn column(&self, name: &str) -> Option<&ColumnState> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn column_mut(&mut self, name: &str) -> Option<&mut ColumnState> {
        self.columns.iter_mut().find(|column| column.name == name)
    }

    pub(crate) fn constraint(&self, name: &str) -> Option<&ConstraintState> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// The columns of the primary key.
    pub(crate) fn primary_key(&self) -> Option<Vec<String>> {
        self.constraints.iter().find_map(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey(key) => Some(key.columns.iter().map(|column| column.name.clone()).collect()),
            _ => None,
        })
    }

    /// A constraint that says, for all rows, that the column is not null.
    pub(crate) fn proves_not_null(&self, column: &str) -> bool {
        self.constraints.iter().any(|constraint| {
            constraint.valid
                && match &constraint.kind {
                    ConstraintKind::Check { not_null, expression } => {
                        not_null.as_deref() == Some(column) || conjunct_proves(expression, column)
                    }
                    ConstraintKind::NotNull(name) => name.name == column,
                    _ => false,
                }
        })
    }
}

/// Whether one of the parts of `a AND b AND …` is `column IS NOT NULL`.
fn conjunct_proves(expression: &str, column: &str) -> bool {
    let lower = expression.to_lowercase();
    !lower.contains(" or ")
        && lower.split(" and ").any(|part| {
            part.trim_matches(|c: char| c == '(' || c == ')' || c == ' ') == format!("{column} is not null")
        })
}

impl ColumnState {
    pub(super) fn new(column: &Column, file: FileNumber) -> ColumnState {
        ColumnState {
            name: column.name.name.clone(),
            ty: column.ty.clone(),
            not_null: column.not_null,
            created: file,
        }
    }
}
