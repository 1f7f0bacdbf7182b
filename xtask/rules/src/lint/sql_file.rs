//! A file, as the rules see it: numbered or repeatable.

use super::policy::Policy;
use crate::{MigrationFile, RepeatableFile, Version};

#[derive(Debug, Clone, Copy)]
pub(super) struct SqlFile<'a> {
    /// Relative to the workspace root.
    pub path: &'a str,
    pub sql: &'a str,
    /// The file is one transaction.
    pub in_transaction: bool,
    /// `None` for a repeatable file.
    version: Option<Version>,
}

impl<'a> SqlFile<'a> {
    /// All files, in the order in which they are carried out.
    pub(super) fn all(files: &'a [MigrationFile], repeatables: &'a [RepeatableFile]) -> Vec<SqlFile<'a>> {
        let numbered = files.iter().map(|file| SqlFile {
            path: file.path(),
            sql: file.sql(),
            in_transaction: !file.directives().no_transaction,
            version: Some(file.version()),
        });
        let repeatables = repeatables.iter().map(|file| SqlFile {
            path: file.path(),
            sql: file.sql(),
            in_transaction: true,
            version: None,
        });
        numbered.chain(repeatables).collect()
    }

    pub(super) fn is_repeatable(&self) -> bool {
        self.version.is_none()
    }

    /// Whether the rules look at it. A repeatable file is of no time: it is carried out as it is now.
    pub(super) fn is_judged(&self, policy: &Policy) -> bool {
        let after = i32::try_from(policy.after()).unwrap_or(i32::MAX);
        self.version.is_none_or(|version| version.get() > after)
    }
}
