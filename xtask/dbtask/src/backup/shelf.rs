//! The folder of backups. A backup is a folder in it, which gets its name when it is whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dbtask_runner::Error;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use xxhash_rust::xxh3::Xxh3Default;

use super::Backup;
use super::manifest::{MANIFEST, Manifest, Sealed, damaged, hex};
use crate::target::Identity;

/// The schema as facts.
pub(super) const SCHEMA: &str = "schema.json";

/// How much of a file is read at once.
const PIECE: usize = 1 << 18;

/// What a backup is called until it is whole, and again while it is deleted.
const PARTIAL: &str = "partial";

/// The folder that backups are written to, and found in.
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// A backup that is being written. It is gone with this value, unless it was finished.
pub(super) struct Partial {
    path: PathBuf,
    name: PathBuf,
    /// Held as long as somebody writes, so that a sweep leaves it alone.
    _lock: File,
    finished: bool,
}

impl Shelf {
    pub(crate) fn at(folder: PathBuf) -> Shelf {
        Shelf { folder }
    }

    /// A new folder that only its owner can enter, for a backup of `database`.
    pub(super) fn begin(&self, database: &str, version: Option<dbtask_rules::Version>) -> Result<Partial, Error> {
        let make = |path: &Path, recursive| {
            DirBuilder::new()
                .recursive(recursive)
                .mode(0o700)
                .create(path)
                .map_err(|e| io_error("create", path, &e))
        };
        make(&self.folder, true)?;
        self.sweep();
        let name = self.free_name(database, version);
        let path = partial(&name);
        make(&path, false)?;
        let lock = File::open(&path)
            .and_then(|folder| folder.lock().map(|()| folder))
            .map_err(|e| io_error("lock", &path, &e))?;
        Ok(Partial {
            path,
            name,
            _lock: lock,
            finished: false,
        })
    }

    /// `DATABASE-VERSION-TIME`, with a number behind it where that is taken.
    fn free_name(&self, database: &str, version: Option<dbtask_rules::Version>) -> PathBuf {
        let safe: String = database
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
            .collect();
        let version = version.map_or("empty".to_owned(), |v| format!("V{v}"));
        let stem = format!("{safe}-{version}-{}", compact(OffsetDateTime::now_utc()));
        let mut name = self.folder.join(&stem);
        for n in 2.. {
            if !name.exists() && !partial(&name).exists() {
                break;
            }
            name = self.folder.join(format!("{stem}-{n}"));
        }
        name
    }

    /// Removes what interrupted backups left: nobody holds their lock any more.
    fn sweep(&self) {
        for path in self.entries() {
            if path.extension().is_some_and(|e| e == PARTIAL)
                && let Ok(entry) = File::open(&path)
                && entry.try_lock().is_ok()
            {
                let _ = if path.is_dir() {
                    std::fs::remove_dir_all(&path)
                } else {
                    std::fs::remove_file(&path)
                };
            }
        }
    }

    fn entries(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    /// The backups, the newest first, and those whose manifest cannot be read.
    pub(crate) fn list(&self) -> (Vec<Backup>, Vec<Error>) {
        let (mut backups, mut broken) = (Vec::new(), Vec::new());
        for path in self.entries() {
            if path.extension().is_some_and(|e| e == PARTIAL) || !path.join(MANIFEST).exists() {
                continue;
            }
            match Backup::open(&path) {
                Ok(backup) => backups.push(backup),
                Err(error) => broken.push(error),
            }
        }
        backups.sort_by_key(|backup| std::cmp::Reverse((backup.manifest().taken_at(), backup.path().to_owned())));
        (backups, broken)
    }

    /// The newest backup of the very database that a restore has proven and that is not older than `max_age`.
    pub(crate) fn latest_proven(&self, identity: &Identity, max_age: Duration) -> Option<Backup> {
        let proven = self.list().0.into_iter().find(|backup| {
            let manifest = backup.manifest();
            manifest.is_of(identity) && manifest.proven_at().is_some()
        })?;
        let taken = OffsetDateTime::parse(&proven.manifest().taken_at(), &Rfc3339).ok()?;
        let age = OffsetDateTime::now_utc() - taken;
        (age <= max_age).then_some(proven)
    }

    /// Deletes the proven backups of the very database beyond the newest `keep`. One that was not proven is never
    /// deleted, and the last proven one is not either.
    pub(crate) fn prune(&self, identity: &Identity, keep: usize) -> Result<Vec<PathBuf>, Error> {
        let backups = self.list().0.into_iter();
        let proven =
            backups.filter(|backup| backup.manifest().is_of(identity) && backup.manifest().proven_at().is_some());
        let mut deleted = Vec::new();
        for backup in proven.skip(keep.max(1)) {
            let path = backup.path();
            // half deleted it must not have a good one's name
            let doomed = partial(path);
            std::fs::rename(path, &doomed).map_err(|e| io_error("rename", path, &e))?;
            std::fs::remove_dir_all(&doomed).map_err(|e| io_error("delete", &doomed, &e))?;
            deleted.push(path.to_owned());
        }
        Ok(deleted)
    }
}

impl Partial {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the manifest, flushes everything to disk and gives the backup its name.
    pub(super) fn finish(mut self, manifest: &Manifest) -> Result<PathBuf, Error> {
        write_manifest(&self.path, manifest)?;
        flush(&self.path)?;
        std::fs::rename(&self.path, &self.name).map_err(|e| io_error("rename", &self.path, &e))?;
        self.finished = true;
        // the new name is on disk once its folder is
        flush(self.name.parent().unwrap_or(&self.name))?;
        Ok(self.name.clone())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes `manifest.json` whole or not at all.
pub(super) fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), Error> {
    let new = folder.join("manifest.json.partial");
    let _ = std::fs::remove_file(&new);
    write_private(&new, &manifest.to_text())?;
    std::fs::rename(&new, folder.join(MANIFEST)).map_err(|e| io_error("rename", &new, &e))?;
    flush(folder)
}

/// Writes a new file for this account's eyes only, and flushes it.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|e| io_error("write", path, &e))
}

/// What was written to a file: its SHA-256, and a hash that takes a tenth of the time, which tells whether the disk has it.
pub(super) struct Content {
    sha256: Sha256,
    quick: Xxh3Default,
}

impl Content {
    pub(super) fn new() -> Content {
        Content {
            sha256: Sha256::new(),
            quick: Xxh3Default::new(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.quick.update(bytes);
    }
}

/// Flushes every file below `folder` and reads it to its end; what they hold, by their relative paths. Of a file that was
/// `written` just now it must be what went there.
pub(super) fn seal(folder: &Path, written: Option<(&str, &Content)>) -> Result<Vec<Sealed>, Error> {
    let files = files(folder)?;
    let next = AtomicUsize::new(0);
    let some = || {
        let mut sealed = Vec::new();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let relative = path.strip_prefix(folder).unwrap_or(path).display().to_string();
            let content = written.and_then(|(file, content)| (file == relative).then_some(content));
            sealed.push(seal_file(path, relative, content)?);
        }
        Ok(sealed)
    };
    let readers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(files.len());
    let mut sealed = Vec::with_capacity(files.len());
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..readers).map(|_| scope.spawn(some)).collect();
        for reader in readers {
            let sudden = |_| Error::failed("a thread that reads came to a sudden end");
            sealed.extend(reader.join().map_err(sudden)??);
        }
        Ok(())
    })?;
    sealed.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sealed)
}

fn seal_file(path: &Path, relative: String, written: Option<&Content>) -> Result<Sealed, Error> {
    let mut file = File::open(path).map_err(|e| io_error("read", path, &e))?;
    file.sync_all().map_err(|e| io_error("flush", path, &e))?;
    let (mut sha256, mut quick, mut bytes) = (Sha256::new(), Xxh3Default::new(), 0);
    let mut buffer = vec![0; PIECE];
    loop {
        let n = file.read(&mut buffer).map_err(|e| io_error("read", path, &e))?;
        if n == 0 {
            break;
        }
        match written {
            None => sha256.update(&buffer[..n]),
            Some(_) => quick.update(&buffer[..n]),
        }
        bytes += n as u64;
    }
    if let Some(content) = written {
        if content.quick.digest128() != quick.digest128() {
            return Err(damaged(path, "what is on the disk is not what was written".to_owned()));
        }
        sha256.clone_from(&content.sha256);
    }
    Ok(Sealed {
        path: relative,
        bytes,
        sha256: hex(&sha256.finalize()),
    })
}

/// The number of bytes below a folder.
pub(super) fn size(folder: &Path) -> u64 {
    let files = files(folder).unwrap_or_default();
    files
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|m| m.len())
        .sum()
}

/// Every file below `folder` but its own manifest, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = all_files(folder)?;
    let manifest = folder.join(MANIFEST);
    found.retain(|path| *path != manifest);
    found.sort();
    Ok(found)
}

fn all_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| io_error("read", folder, &e))? {
        let path = entry.map_err(|e| io_error("read", folder, &e))?.path();
        if path.is_dir() {
            found.extend(all_files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Has a folder's names on disk, and those of the folders in it.
fn flush(folder: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.join("toc.dat").exists() {
            flush(&path)?;
        }
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| io_error("flush", folder, &e))
}

fn partial(name: &Path) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(".");
    name.push(PARTIAL);
    name.into()
}

/// `20261124T175043Z`.
pub(crate) fn compact(at: OffsetDateTime) -> String {
    let (date, clock) = (at.date(), at.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}

pub(super) fn io_error(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let failed = Error::failed(format!("failed to {what} `{}`", path.display())).cause(error.to_string());
    match error.kind() {
        std::io::ErrorKind::StorageFull => failed.help("free space where `backups/` lies, then type the command again"),
        _ => failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_latest_proven_backup_is_of_the_very_database_and_young_enough() {
        let folder = std::env::temp_dir().join(format!("dbtask-shelf-{}", std::process::id()));
        let shelf = Shelf::at(folder.clone());
        let identity = |oid| Identity {
            database: "shop".to_owned(),
            user: "postgres".to_owned(),
            version: "15.18".to_owned(),
            major: 15,
            ends: None,
            system_identifier: Some(-7),
            oid,
            in_recovery: false,
        };
        let backup = |name: &str, oid: u32, minutes: i64, is_proven: bool| {
            let taken = OffsetDateTime::now_utc() - time::Duration::minutes(minutes);
            let manifest = Manifest {
                document: json!({
                    "format": 1,
                    "taken_at": taken.format(&Rfc3339).unwrap(),
                    "database": { "name": "shop", "oid": oid, "system_identifier": "-7" },
                    "proof": is_proven.then(|| json!({ "at": "2026-01-01T00:00:00Z" })),
                }),
            };
            std::fs::create_dir_all(folder.join(name)).unwrap();
            write_manifest(&folder.join(name), &manifest).unwrap();
        };
        let latest = |oid| {
            shelf
                .latest_proven(&identity(oid), Duration::from_hours(1))
                .map(|b| b.path().file_name().unwrap().to_owned())
        };
        assert_eq!(latest(1), None);
        backup("old", 1, 90, true);
        assert_eq!(latest(1), None);
        backup("young", 1, 30, true);
        backup("younger and not proven", 1, 10, false);
        backup("another database's", 2, 5, true);
        assert_eq!(latest(1).unwrap(), "young");
        assert_eq!(shelf.prune(&identity(1), 1).unwrap(), [folder.join("old")]);
        assert!(shelf.prune(&identity(1), 1).unwrap().is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
