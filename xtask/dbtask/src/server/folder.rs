//! The folder of a workspace's private server, and of what else is kept for a checkout, and the proof that it is ours.
//!
//! It is `.dbtask` in the workspace. Root cannot always use that: the account that it steps down to must be able to
//! walk there, and `/root` lets nobody through. Then it is a folder of `/var/tmp`, which survives a reboot but where
//! everyone may write: it counts only if root made it, nobody else can write into it, and its mark names the workspace.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use dbtask_runner::Error;

use super::account::{current_uid, not_mine};
use super::{Account, io_error, make_folder};

/// The file that names the workspace.
const MARK: &str = "workspace";
/// Where root puts what it cannot put into the workspace.
const FALLBACK: &str = "/var/tmp";

/// A folder for one workspace.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    workspace: PathBuf,
    me: u32,
}

/// Held while the server is made, started, stopped or deleted.
pub(super) struct Lock {
    _file: File,
}

impl Folder {
    /// The folder of the workspace at `root`. Creates nothing.
    pub(crate) fn of_workspace(root: &Path) -> Result<Folder, Error> {
        let workspace = root.canonicalize().map_err(|e| io_error("find", root, &e))?;
        let me = current_uid()?;
        let inside = workspace.join(".dbtask");
        let path = if me == 0 && !inside.join(MARK).exists() && !lets_servers_in(&workspace) {
            Path::new(FALLBACK).join(format!("dbtask-{:016x}", fnv1a(workspace.as_os_str().as_bytes())))
        } else {
            inside
        };
        Ok(Folder { path, workspace, me })
    }

    /// The path of something in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// How the path of something in it is typed.
    pub(super) fn shown(&self, name: &str) -> String {
        let path = self.join(name);
        path.strip_prefix(&self.workspace)
            .unwrap_or(&path)
            .display()
            .to_string()
    }

    fn is_fallback(&self) -> bool {
        !self.path.starts_with(&self.workspace)
    }

    /// Makes the folder where it is missing, and proves that it is this workspace's.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        // Root's lets the server's account walk through to its data; nothing else in it is readable by others.
        let mode = if self.me == 0 { 0o711 } else { 0o700 };
        match make_folder(&self.path, mode) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(io_error("create", &self.path, &e)),
            _ => self.prove()?,
        }
        write_once(&self.join(MARK), self.workspace.as_os_str().as_bytes())?;
        // so that it stays out of version control in a workspace that does not list it
        write_once(&self.join(".gitignore"), b"*\n")
    }

    /// An error where the folder is somebody else's, or something else.
    pub(crate) fn prove(&self) -> Result<(), Error> {
        let folder = std::fs::symlink_metadata(&self.path).map_err(|e| io_error("look at", &self.path, &e))?;
        if folder.uid() != self.me && (self.me != 0 || self.is_fallback()) {
            return Err(not_mine(&self.path, folder.uid(), self.me));
        }
        let shown = self.path.display();
        let foreign = |cause: String| {
            Error::refused(format!("`{shown}` was not made by this program for this workspace"))
                .cause(cause)
                .state("nothing was touched")
                .help(format!(
                    "move it away, then type the command again: `mv '{shown}' '{shown}.old'`"
                ))
        };
        if self.is_fallback() && (!folder.is_dir() || folder.mode() & 0o022 != 0) {
            return Err(foreign("it is no folder that root alone can write into".to_owned()));
        }
        // Looked at first: the mark is the first file of a folder of ours, also while another command is making it.
        let was_empty = is_empty(&self.path);
        match std::fs::read(self.join(MARK)) {
            Ok(mark) if mark == self.workspace.as_os_str().as_bytes() || mark.is_empty() => Ok(()),
            // a workspace that was moved takes its server along
            Ok(_) if !self.is_fallback() => Ok(()),
            Ok(mark) => Err(foreign(format!("its mark names `{}`", String::from_utf8_lossy(&mark)))),
            Err(e) if e.kind() == ErrorKind::NotFound && was_empty => Ok(()),
            Err(e) => Err(foreign(format!("its file `{MARK}` cannot be read: {e}"))),
        }
    }

    /// Waits until no other command works on the server.
    pub(super) fn lock(&self, say: &mut dyn FnMut(&str)) -> Result<Lock, Error> {
        let path = self.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| io_error("open", &path, &e))?;
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => say("waiting for another command that works on the private server"),
            Err(TryLockError::Error(e)) => return Err(io_error("lock", &path, &e)),
        }
        file.lock().map_err(|e| io_error("lock", &path, &e))?;
        Ok(Lock { _file: file })
    }
}

/// Whether a server that root starts could reach its data in the workspace.
fn lets_servers_in(workspace: &Path) -> bool {
    // without such an account nothing starts anyway, and the start says why
    Account::for_server().is_ok_and(|account| account.can_enter(workspace))
}

/// Writes a file that is not there yet, or was not when another command was interrupted.
fn write_once(path: &Path, content: &[u8]) -> Result<(), Error> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    std::fs::write(path, content).map_err(|e| io_error("write", path, &e))
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// FNV-1a with 64 bits: the same from one version of this program to the next, as the standard library's is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // test vectors of draft-eastlake-fnv
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused() {
        let root = std::env::temp_dir().join(format!("dbtask-folder-{}", std::process::id()));
        std::fs::create_dir_all(root.join(".dbtask")).unwrap();
        std::fs::write(root.join(".dbtask/notes"), "mine").unwrap();
        let path = root.canonicalize().unwrap();
        let folder = Folder {
            path: path.join(".dbtask"),
            workspace: path,
            me: current_uid().unwrap(),
        };
        let error = folder.prepare().unwrap_err();
        assert!(error.to_string().contains("was not made by this program"), "{error}");
        std::fs::remove_file(root.join(".dbtask/notes")).unwrap();
        folder.prepare().unwrap();
        folder.prepare().unwrap();
        std::fs::remove_dir_all(&root).unwrap();
    }
}
