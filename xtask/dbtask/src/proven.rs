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
        let Some(name) = self.names(files).last() else {
            return false;
        };
        let known = |folder: Folder| folder.prove().is_ok() && folder.join(FOLDER).join(&name).exists();
        Folder::of_workspace(workspace.root()).is_ok_and(known)
    }

    /// Notes that the files were proven, in this order, and with them each beginning of the list.
    pub(crate) fn remember(&self, workspace: &Workspace, files: &[Script<'_>]) -> Result<(), Error> {
        let folder = Folder::of_workspace(workspace.root())?;
        folder.prepare()?;
        let folder = folder.join(FOLDER);
        let write = |path: PathBuf| std::fs::write(&path, "").map_err(|e| (path, e));
        std::fs::create_dir_all(&folder)
            .map_err(|e| (folder.clone(), e))
            .and_then(|()| self.names(files).try_for_each(|name| write(folder.join(name))))
            .map_err(|(path, e)| Error::failed(format!("failed to write `{}`", path.display())).cause(e.to_string()))
    }

    /// The name of the proof of each beginning of the list, the shortest first. Each text is read once.
    fn names<'a>(&self, files: &'a [Script<'a>]) -> impl Iterator<Item = String> + use<'a> {
        let Basis { identity, .. } = self;
        let mut digest = Sha256::new();
        add(&mut digest, env!("CARGO_PKG_VERSION"));
        add(&mut digest, &identity.version);
        let database = format!("{:?} {} {}", identity.system_identifier, identity.oid, identity.user);
        add(&mut digest, &database);
        add(&mut digest, self.fingerprint);
        add(&mut digest, &(self.applied.len() + self.current.len()).to_string());
        let numbered = self.applied.iter().map(Script::from);
        for file in numbered.chain(self.current.iter().map(Script::from)) {
            add_file(&mut digest, file);
        }
        files.iter().map(move |file| {
            add_file(&mut digest, *file);
            hex(&digest.clone().finalize())
        })
    }
}

fn add_file(digest: &mut Sha256, file: Script<'_>) {
    add(digest, file.path());
    add(digest, file.sql());
}

/// With its length, so that no two lists of parts are one text.
fn add(digest: &mut Sha256, part: &str) {
    digest.update(part.len().to_be_bytes());
    digest.update(part);
}
