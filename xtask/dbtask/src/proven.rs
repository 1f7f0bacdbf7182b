//! What a rehearsal has proven, remembered in the checkout: once more on the same would prove nothing more.
//!
//! A proof is an empty file below the folder of the private server. Its name is a digest over the database, its schema, the
//! files that it has and the ones that were rehearsed, to the byte: whatever of that changes, it is another name.

use std::path::PathBuf;

use dbtask_rules::{MigrationFile, RepeatableFile};
use dbtask_runner::{Error, Script};
use sha2::{Digest as _, Sha256};

use crate::backup::manifest::hex;
use crate::server::Folder;
use crate::target::Identity;
use crate::workspace::Workspace;

/// Where proofs lie.
const FOLDER: &str = "proven";

/// What a rehearsal began with.
pub(crate) struct Basis<'a> {
    pub(crate) identity: &'a Identity,
    /// The schema's fingerprint.
    pub(crate) fingerprint: &'a str,
    /// The files that the database has, numbered and repeatable.
    pub(crate) applied: &'a [MigrationFile],
    pub(crate) current: &'a [RepeatableFile],
}

impl Basis<'_> {
    /// Whether the files, in this order, were proven on it before.
    pub(crate) fn has_proven(&self, workspace: &Workspace, files: &[Script<'_>]) -> bool {
        let known = |folder: Folder| folder.prove().is_ok() && self.path(&folder, files).exists();
        Folder::of_workspace(workspace.root()).is_ok_and(known)
    }

    /// Notes that the files were proven, in this order, and with them each beginning of the list.
    pub(crate) fn remember(&self, workspace: &Workspace, files: &[Script<'_>]) -> Result<(), Error> {
        let folder = Folder::of_workspace(workspace.root())?;
        folder.prepare()?;
        let write = |path: PathBuf| std::fs::write(&path, "").map_err(|e| (path, e));
        let made = std::fs::create_dir_all(folder.join(FOLDER)).map_err(|e| (folder.join(FOLDER), e));
        made.and_then(|()| (1..=files.len()).try_for_each(|n| write(self.path(&folder, &files[..n]))))
            .map_err(|(path, e)| Error::failed(format!("failed to write `{}`", path.display())).cause(e.to_string()))
    }

    fn path(&self, folder: &Folder, files: &[Script<'_>]) -> PathBuf {
        let Basis { identity, .. } = self;
        let mut digest = Sha256::new();
        let mut add = |part: &str| {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        };
        add(env!("CARGO_PKG_VERSION"));
        add(&identity.version);
        add(&format!(
            "{:?} {} {}",
            identity.system_identifier, identity.oid, identity.user
        ));
        add(self.fingerprint);
        let numbered = self.applied.iter().map(Script::from);
        let before: Vec<Script<'_>> = numbered.chain(self.current.iter().map(Script::from)).collect();
        for files in [&before, files] {
            add(&files.len().to_string());
            for file in files {
                add(file.path());
                add(file.sql());
            }
        }
        folder.join(FOLDER).join(hex(&digest.finalize()))
    }
}
