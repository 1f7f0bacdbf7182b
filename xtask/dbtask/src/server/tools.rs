//! The client programs that fit a server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use dbtask_runner::{DatabaseUrl, Error};
use xshell::{Shell, cmd};

use super::advice::{Wanted, install};
use super::installation::{CLIENT_PROGRAMS, candidates, parse_version};

/// `pg_dump`, `pg_restore` and `psql` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTools {
    /// The folder where they lie.
    pub bin: PathBuf,
    /// `16.4`.
    pub version: String,
    /// `16`.
    pub major: u32,
}

impl ClientTools {
    /// One of the programs, led to a server by its arguments: the password is in its environment, never among them.
    pub(crate) fn command(&self, program: &str, url: &DatabaseUrl) -> Command {
        let mut command = Command::new(self.bin.join(program));
        clean(&mut command).envs(url.child_environment());
        command
    }
}

/// Takes every PG… variable from a command: a PGHOSTADDR or PGSERVICE of the caller's would lead to another server than
/// the one that was looked at.
pub(crate) fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C")
}

/// The client programs with the lowest major that can dump a server of `server_major`: `pg_dump` refuses servers that are
/// newer than itself, and what a newer one writes may trip an older server over.
///
/// They are looked for wherever servers are, and where the clients alone may be; `DBTASK_PG_BIN` need not have them.
pub fn client_tools(server_major: u32) -> Result<ClientTools, Error> {
    // a backup with its proof asks several times, and half a dozen programs are started for an answer
    static KNOWN: Mutex<BTreeMap<u32, ClientTools>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(tools) = known().get(&server_major) {
        return Ok(tools.clone());
    }
    let tools = find(server_major)?;
    known().insert(server_major, tools.clone());
    Ok(tools)
}

fn find(server_major: u32) -> Result<ClientTools, Error> {
    let mut found: Vec<ClientTools> = Vec::new();
    for folder in candidates() {
        if let Some(tools) = probe(&folder.path)
            && !found.iter().any(|other| other.bin == tools.bin)
        {
            found.push(tools);
        }
    }
    // the first of several of one major: candidates come in the order of preference
    match found
        .iter()
        .filter(|tools| tools.major >= server_major)
        .min_by_key(|tools| tools.major)
    {
        Some(tools) => Ok(tools.clone()),
        None => Err(none_fits(server_major, &found)),
    }
}

/// The programs in a folder, if they are all there.
fn probe(bin: &Path) -> Option<ClientTools> {
    if !CLIENT_PROGRAMS.iter().all(|program| bin.join(program).is_file()) {
        return None;
    }
    // Debian's `/usr/bin/pg_dump` is a script that picks one of the real ones, which are found where they are
    let pg_dump = bin
        .join("pg_dump")
        .canonicalize()
        .ok()
        .filter(|real| real.ends_with("pg_dump"))?;
    let bin = pg_dump
        .parent()
        .filter(|real| CLIENT_PROGRAMS.iter().all(|p| real.join(p).is_file()))
        .unwrap_or(bin);
    let shell = Shell::new().ok()?;
    let words = cmd!(shell, "{pg_dump} --version").quiet().ignore_stderr().read().ok()?;
    let (version, major) = parse_version(&words)?;
    Some(ClientTools {
        bin: bin.to_owned(),
        version,
        major,
    })
}

fn none_fits(server_major: u32, found: &[ClientTools]) -> Error {
    let found: Vec<String> = found
        .iter()
        .map(|tools| format!("{} in `{}`", tools.version, tools.bin.display()))
        .collect();
    let found = if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    };
    Error::failed(format!(
        "no pg_dump on this machine is new enough for PostgreSQL {server_major}"
    ))
    .cause(format!("found: {found}"))
    .help(format!("install it: {}", install(Wanted::ClientsOf(server_major))))
    .help("where the distribution does not have that version, PostgreSQL's own package repository does")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_from_the_future_has_no_tools_and_the_error_says_what_there_is() {
        let error = client_tools(999).unwrap_err().to_string();
        assert!(error.contains("new enough for PostgreSQL 999"), "{error}");
        assert!(error.contains("found: ") && error.contains("install it: "), "{error}");
    }
}
