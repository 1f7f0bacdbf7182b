//! The files of a run: those with a number, and the repeatable ones.

use dbtask_rules::{MigrationFile, MigrationFolder, RepeatableFile};

/// All the files that a run may have to apply.
#[derive(Debug, Clone, Copy)]
pub struct Migrations<'a> {
    /// The numbered ones, in order.
    pub versioned: &'a [MigrationFile],
    /// The repeatable ones, in order.
    pub repeatable: &'a [RepeatableFile],
}

impl<'a> From<&'a MigrationFolder> for Migrations<'a> {
    fn from(folder: &'a MigrationFolder) -> Migrations<'a> {
        Migrations {
            versioned: folder.files(),
            repeatable: folder.repeatables(),
        }
    }
}

/// Numbered files alone.
impl<'a> From<&'a [MigrationFile]> for Migrations<'a> {
    fn from(versioned: &'a [MigrationFile]) -> Migrations<'a> {
        Migrations {
            versioned,
            repeatable: &[],
        }
    }
}

/// Numbered files alone.
impl<'a> From<&'a Vec<MigrationFile>> for Migrations<'a> {
    fn from(versioned: &'a Vec<MigrationFile>) -> Migrations<'a> {
        versioned.as_slice().into()
    }
}

/// A file's text, of whichever kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script<'a> {
    path: &'a str,
    sql: &'a str,
}

impl<'a> Script<'a> {
    /// The path, relative to the workspace root where the file lies inside.
    pub fn path(self) -> &'a str {
        self.path
    }

    /// The text, to the byte.
    pub fn sql(self) -> &'a str {
        self.sql
    }
}

impl<'a> From<&'a MigrationFile> for Script<'a> {
    fn from(file: &'a MigrationFile) -> Script<'a> {
        Script {
            path: file.path(),
            sql: file.sql(),
        }
    }
}

impl<'a> From<&'a RepeatableFile> for Script<'a> {
    fn from(file: &'a RepeatableFile) -> Script<'a> {
        Script {
            path: file.path(),
            sql: file.sql(),
        }
    }
}
