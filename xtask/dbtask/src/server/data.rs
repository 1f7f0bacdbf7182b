//! The data folder: what `initdb` makes, configured for development and tests.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use dbtask_runner::Error;

use super::{Account, Installation, Postmaster, io_error, last_lines};

/// The superuser's name.
pub(super) const SUPERUSER: &str = "postgres";

/// Tried in this order. The first sorts by code point, as `C` does, and knows the case of every letter besides; not
/// every system has it.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

const CONFIGURATION: &str = "
# Written by dbtask, for development and tests.
#
# Nothing below waits for the disk: that more than halves the time of DDL. A crash of PostgreSQL loses nothing; a crash
# of the machine, or a power cut, may lose this whole server. Never copy it to where data matters.
fsync = off
synchronous_commit = off
full_page_writes = off

# This machine alone, and no socket: the path of one must not exceed 107 bytes, and that of a checkout may.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''

# The same on every machine.
timezone = 'UTC'
log_timezone = 'UTC'

# All words go to server.log.
logging_collector = off
log_lock_waits = on
";

/// A PostgreSQL data folder.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// The data folder at `path`, whether it exists or not.
    pub fn at(path: impl Into<PathBuf>) -> DataFolder {
        DataFolder { path: path.into() }
    }

    /// Runs `initdb` as `account` and configures the result: UTF-8, UTC, loopback only, SCRAM for everyone.
    ///
    /// It is made under another name and renamed at the end, so that what is at the folder's name is whole. What an
    /// interrupted attempt left is removed first.
    pub fn create(&self, installation: &Installation, account: &Account, password: &str) -> Result<(), Error> {
        let new = self.path.with_extension("new");
        let password_file = self.path.with_extension("password");
        remove(&new)?;
        remove(&password_file)?;
        let made = initdb(installation, account, &new, &password_file, password);
        // before anything else: nobody needs that file any longer
        remove(&password_file)?;
        made?;
        let configuration = new.join("postgresql.conf");
        OpenOptions::new()
            .append(true)
            .open(&configuration)
            .and_then(|mut file| file.write_all(CONFIGURATION.as_bytes()))
            .map_err(|e| io_error("write", &configuration, &e))?;
        std::fs::rename(&new, &self.path).map_err(|e| io_error("rename", &new, &e))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a whole one.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The major version that made it; no other can open it.
    pub fn major(&self) -> Result<u32, Error> {
        let path = self.path.join("PG_VERSION");
        let text = std::fs::read_to_string(&path).map_err(|e| io_error("read", &path, &e))?;
        text.trim().parse().map_err(|_| {
            Error::failed(format!(
                "`{}` does not hold a version: `{}`",
                path.display(),
                text.trim()
            ))
            .help("start over, without the data: `cargo xtask db:down --delete`")
        })
    }

    /// The number that `initdb` gave it and no other, as `pg_control_system()` reports it.
    pub fn system_identifier(&self) -> Result<u64, Error> {
        // the first field of `ControlFileData`, in the machine's byte order (src/include/catalog/pg_control.h)
        let path = self.path.join("global/pg_control");
        let bytes = std::fs::read(&path).map_err(|e| io_error("read", &path, &e))?;
        bytes
            .first_chunk()
            .map(|first| u64::from_ne_bytes(*first))
            .ok_or_else(|| {
                Error::failed(format!("`{}` is cut off", path.display()))
                    .help("start over, without the data: `cargo xtask db:down --delete`")
            })
    }

    /// The server that runs on it, proven to be that; `None` where none does.
    pub fn postmaster(&self) -> Option<Postmaster> {
        Postmaster::of(&self.path)
    }

    /// The arguments with which `postgres` serves it on a port.
    pub fn arguments(&self, port: u16) -> [OsString; 4] {
        [
            "-D".into(),
            self.path.clone().into(),
            "-p".into(),
            port.to_string().into(),
        ]
    }
}

fn initdb(
    installation: &Installation,
    account: &Account,
    folder: &Path,
    password_file: &Path,
    password: &str,
) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(password_file)
        .and_then(|mut file| file.write_all(password.as_bytes()))
        .map_err(|e| io_error("write", password_file, &e))?;
    account.give(password_file)?;
    let mut words = String::new();
    for locale in LOCALES {
        DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .map_err(|e| io_error("create", folder, &e))?;
        account.give(folder)?;
        let output = account
            .command(&installation.program("initdb"))
            .args([
                "--username",
                SUPERUSER,
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
                "--no-sync",
            ])
            .args(["--locale", locale, "--lc-messages", "C"])
            .arg("--pwfile")
            .arg(password_file)
            .arg("--pgdata")
            .arg(folder)
            .output()
            .map_err(|e| unstartable(installation, "initdb", &e))?;
        if output.status.success() {
            return Ok(());
        }
        words = String::from_utf8_lossy(&output.stderr).into_owned();
        remove(folder)?;
        if !words.contains("invalid locale name") {
            break;
        }
    }
    Err(
        Error::failed(format!("initdb of PostgreSQL {} failed", installation.version))
            .cause(last_lines(&words))
            .help("mend the cause, then type the command again: it starts afresh"),
    )
}

/// The error of a program that is there but cannot be started.
pub(super) fn unstartable(installation: &Installation, program: &str, error: &std::io::Error) -> Error {
    let path = installation.program(program);
    Error::failed(format!("failed to run `{}`", path.display()))
        .cause(error.to_string())
        .help(
            "in a container without the right to change accounts, run the command as an ordinary user instead of root",
        )
        .help("or name another folder of PostgreSQL's programs: `DBTASK_PG_BIN=/path/to/bin`")
}

/// Removes a file or a folder, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io_error("remove", path, &e)),
        _ => Ok(()),
    }
}
