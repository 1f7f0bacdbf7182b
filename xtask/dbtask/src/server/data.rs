//! The data folder: what `initdb` makes, configured for development and tests.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use dbtask_runner::Error;

use super::{Account, Installation, Postmaster, io_error, last_lines, make_folder, random_hex, write_private};

/// The superuser's name.
pub(super) const SUPERUSER: &str = "postgres";

/// Tried in this order. The first sorts by code point, as `C` does, and knows the case of every letter besides; not
/// every system has it.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// How folders are called that are being made, or deleted.
const UNFINISHED: &str = "unfinished-";

const CONFIGURATION: &str = "
# Written by dbtask, for development and tests.
#
# Nothing below waits for the disk: that more than halves the time of DDL. A crash of PostgreSQL loses nothing; a crash
# of the machine, or a power cut, may lose this whole server. Never copy it to where data matters. (Turning
# synchronous_commit off, too, would lose the last commits with PostgreSQL alone.)
fsync = off
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
    /// It is made in a folder beside, and renamed at the end: what is at the folder's name is whole. What interrupted
    /// attempts left beside is removed.
    pub fn create(&self, installation: &Installation, account: &Account, password: &str) -> Result<(), Error> {
        let aside = self.aside()?;
        make_folder(&aside, 0o711).map_err(|e| io_error("create", &aside, &e))?;
        let made = initdb(installation, account, &aside, password).and_then(|data| {
            configure(&data)?;
            std::fs::rename(&data, &self.path).map_err(|e| io_error("rename", &data, &e))
        });
        remove(&aside)?;
        made
    }

    /// Deletes it, if it exists. Interrupted, it does not leave half a folder under its name.
    pub fn delete(&self) -> Result<(), Error> {
        let aside = self.aside()?;
        match std::fs::rename(&self.path, &aside) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(io_error("rename", &self.path, &e)),
            Ok(()) => remove(&aside),
        }
    }

    /// A path beside it that was never used: the `initdb` of an earlier attempt may outlive the command that was
    /// killed, and would write into this one. What such attempts left is removed.
    fn aside(&self) -> Result<PathBuf, Error> {
        let parent = self.path.parent().unwrap_or(Path::new("/"));
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                // one that is still written to goes the next time
                let _ = remove(&entry.path());
            }
        }
        Ok(parent.join(format!("{UNFINISHED}{}", random_hex(8)?)))
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

/// Makes a data folder in `aside`.
fn initdb(installation: &Installation, account: &Account, aside: &Path, password: &str) -> Result<PathBuf, Error> {
    // `initdb` takes a password from a file alone; as an argument every account would see it
    let password_file = aside.join("password");
    write_private(&password_file, password)?;
    account.give(&password_file)?;
    let data = aside.join("data");
    let mut words = String::new();
    for locale in LOCALES {
        make_folder(&data, 0o700).map_err(|e| io_error("create", &data, &e))?;
        account.give(&data)?;
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
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&data)
            .output()
            .map_err(|e| unstartable(installation, "initdb", &e))?;
        if output.status.success() {
            return Ok(data);
        }
        words = String::from_utf8_lossy(&output.stderr).into_owned();
        remove(&data)?;
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

fn configure(data: &Path) -> Result<(), Error> {
    let path = data.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(CONFIGURATION.as_bytes()))
        .map_err(|e| io_error("write", &path, &e))
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
        Err(e) if e.kind() != ErrorKind::NotFound => Err(io_error("remove", path, &e)),
        _ => Ok(()),
    }
}
