//! Finding the server programs on this machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dbtask_runner::Error;
use xshell::{Shell, cmd};

use super::advice::{Wanted, install};
use super::{Account, fetch};

/// The programs that make a folder a server's. `libpq-dev` brings a `pg_config` without any of them.
pub(super) const SERVER_PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];
/// The programs that backups and people need besides.
pub(super) const CLIENT_PROGRAMS: [&str; 3] = ["pg_dump", "pg_restore", "psql"];
/// The oldest major that is chosen by itself: the one before it has been without fixes since November 2025.
const OLDEST_MAJOR: u32 = 14;

/// Where packages put the programs, one `*` each.
const USUAL_FOLDERS: [&str; 13] = [
    "/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
    "/usr/pgsql-*/bin",                                   // PostgreSQL's own rpms
    "/usr/bin",                                           // Fedora, Arch
    "/usr/libexec/postgresql*",                           // Alpine
    "/usr/lib/postgresql*/bin",                           // openSUSE
    "/usr/local/pgsql*/bin",                              // built from source
    "/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
    "/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew on Linux
    "/opt/homebrew/opt/libpq*/bin",                       // Homebrew, the clients alone
    "/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
    "/Library/PostgreSQL/*/bin",                          // EDB's installer for macOS
    "/opt/local/lib/postgresql*/bin",                     // MacPorts
];

/// A set of server programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder of the programs.
    pub bin: PathBuf,
    /// `15.18`.
    pub version: String,
    /// `15`.
    pub major: u32,
    /// Whether `pg_dump`, `pg_restore` and `psql` lie there, too.
    pub has_clients: bool,
}

impl Installation {
    /// The installation for a server of `major`, or of any major where that is `None`: `DBTASK_PG_BIN`'s, else the best
    /// one found, else a fetched one. Those with client programs are better, then the newer ones.
    pub fn choose(major: Option<u32>, account: &Account, say: &mut dyn FnMut(&str)) -> Result<Installation, Error> {
        if let Some(bin) = named_folder() {
            return overriding(&bin, major, account);
        }
        let mut found = found(account);
        let fits = |i: &Installation| major.map_or(i.major >= OLDEST_MAJOR, |major| i.major == major);
        if let Some(best) = found.iter().position(fits) {
            return Ok(found.swap_remove(best));
        }
        fetch::fetch(major, account, say).map_err(|error| match major {
            Some(major) => other_majors(error, major, &found),
            None => error,
        })
    }

    /// The programs in `bin`, when they are all there and run as `account`.
    pub(super) fn probe(bin: &Path, account: &Account) -> Option<Installation> {
        if !SERVER_PROGRAMS.iter().all(|program| bin.join(program).is_file()) {
            return None;
        }
        let bin = behind_links(bin);
        let output = account.command(&bin.join("postgres")).arg("--version").output().ok()?;
        let (version, major) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
        let has_clients = CLIENT_PROGRAMS.iter().all(|program| bin.join(program).is_file());
        Some(Installation {
            bin,
            version,
            major,
            has_clients,
        })
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn newness(&self) -> Vec<u32> {
        self.version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    }
}

/// The folder where the programs really lie: links to the server's three in `/usr/local/bin` hide its clients.
fn behind_links(bin: &Path) -> PathBuf {
    let real = bin.join("postgres").canonicalize().ok();
    let real = real.as_deref().and_then(Path::parent);
    real.filter(|real| SERVER_PROGRAMS.iter().all(|program| real.join(program).is_file()))
        .unwrap_or(bin)
        .to_owned()
}

/// What `DBTASK_PG_BIN` names, from the current folder; programs run in others.
fn named_folder() -> Option<PathBuf> {
    let bin = std::env::var_os("DBTASK_PG_BIN").filter(|bin| !bin.is_empty())?;
    std::path::absolute(bin).ok()
}

/// The installation that the variable names, or what is wrong with it.
fn overriding(bin: &Path, major: Option<u32>, account: &Account) -> Result<Installation, Error> {
    let shown = bin.display();
    let wrong = |cause: String| {
        Error::usage(format!("DBTASK_PG_BIN is `{shown}`, which is no folder of PostgreSQL's programs"))
            .cause(cause)
            .help("set it to a folder with `postgres`, `initdb` and `pg_ctl`, such as `/usr/lib/postgresql/16/bin`, or unset it")
    };
    let missing: Vec<String> = SERVER_PROGRAMS
        .iter()
        .filter(|program| !bin.join(program).is_file())
        .map(|p| format!("`{p}`"))
        .collect();
    if !missing.is_empty() {
        return Err(wrong(format!("it lacks {}", missing.join(", "))));
    }
    let installation = Installation::probe(bin, account)
        .ok_or_else(|| wrong("`postgres --version` does not run there, or its answer is not understood".to_owned()))?;
    match major {
        Some(major) if major != installation.major => Err(Error::usage(format!(
            "DBTASK_PG_BIN names PostgreSQL {}, but the private server's data is PostgreSQL {major}'s",
            installation.version
        ))
        .help(format!("set it to a folder of PostgreSQL {major}, or unset it"))
        .help("or start over, without the data: `cargo xtask db:down --delete`")),
        _ => Ok(installation),
    }
}

/// Adds to the error that the server's major is gone what is there instead.
fn other_majors(error: Error, major: u32, found: &[Installation]) -> Error {
    let found: Vec<String> = found
        .iter()
        .map(|i| format!("{} in `{}`", i.version, i.bin.display()))
        .collect();
    let found = if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    };
    error
        .context(format!(
            "the private server's data is PostgreSQL {major}'s, and no such server is on this machine"
        ))
        .cause(format!("found: {found}"))
        .state("the data is untouched")
        .help("or start over, without the data: `cargo xtask db:down --delete`, then `cargo xtask setup`")
}

/// Every installation that runs as `account`, the best first.
fn found(account: &Account) -> Vec<Installation> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<(bool, Installation)> = Vec::new();
    for folder in candidates() {
        if let Some(installation) = Installation::probe(&folder.path, account)
            && seen.insert(installation.bin.clone())
        {
            found.push((!folder.fetched, installation));
        }
    }
    // the machine's own before fetched ones: they have what the distribution builds in, and its fixes
    found.sort_by_cached_key(|(own, i)| std::cmp::Reverse((*own, i.has_clients, i.newness())));
    found.into_iter().map(|(_, installation)| installation).collect()
}

/// A folder where programs may lie.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// It came from [`fetch`], not with the machine.
    pub(super) fetched: bool,
}

/// Every folder that may hold PostgreSQL's programs, the nearest to the user's wish first.
pub(super) fn candidates() -> Vec<Candidate> {
    let mut paths: Vec<PathBuf> = Vec::new();
    paths.extend(named_folder());
    if fetch::wish().is_none() {
        paths.extend(pg_config());
        if let Some(path) = std::env::var_os("PATH") {
            paths.extend(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
        }
        paths.extend(USUAL_FOLDERS.iter().flat_map(|pattern| glob(pattern)));
    }
    let own = paths.into_iter().map(|path| Candidate { path, fetched: false });
    own.chain(
        fetch::fetched()
            .into_iter()
            .map(|path| Candidate { path, fetched: true }),
    )
    .collect()
}

/// What `pg_config` says, where there is one.
fn pg_config() -> Option<PathBuf> {
    let shell = Shell::new().ok()?;
    let bin = cmd!(shell, "pg_config --bindir").quiet().ignore_stderr().read().ok()?;
    Some(PathBuf::from(bin)).filter(|bin| bin.is_absolute())
}

/// The folders that a pattern with at most one `*` names, sorted.
fn glob(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![pattern.into()];
    };
    let (parent, stem) = before.rsplit_once('/').unwrap_or(("", before));
    let below = after.trim_start_matches('/');
    let mut found: Vec<PathBuf> = std::fs::read_dir(format!("{parent}/"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(stem))
        .map(|entry| {
            if below.is_empty() {
                entry.path()
            } else {
                entry.path().join(below)
            }
        })
        .collect();
    found.sort();
    found
}

/// `15.18` and `15` of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; `18` of `18beta1` alike.
pub(super) fn parse_version(text: &str) -> Option<(String, u32)> {
    let version = text.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((version.to_owned(), digits.parse().ok()?))
}

/// Help for a machine without a server of that major, or without any: what to install, or what to set.
pub(super) fn without_server(error: Error, major: Option<u32>) -> Error {
    let command = install(major.map_or(Wanted::Server, Wanted::ServerOf));
    error
        .help(format!("install it, then type the command again: {command}"))
        .help("or name a folder that has `postgres`, `initdb` and `pg_ctl`: `DBTASK_PG_BIN=/path/to/bin`")
        .help("or use a server that you have: write its DATABASE_URL into `.env`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_releases_betas_and_distributions_are_understood() {
        let parsed = |text| parse_version(text).map(|(version, major)| format!("{version} {major}"));
        assert_eq!(
            parsed("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)").as_deref(),
            Some("15.18 15")
        );
        assert_eq!(parsed("pg_dump (PostgreSQL) 18.6\n").as_deref(), Some("18.6 18"));
        assert_eq!(parsed("postgres (PostgreSQL) 19beta1").as_deref(), Some("19beta1 19"));
        assert_eq!(parsed("something else"), None);
    }

    #[test]
    fn one_star_stands_for_the_rest_of_a_folder_s_name() {
        let root = std::env::temp_dir().join(format!("dbtask-glob-{}", std::process::id()));
        for folder in ["pgsql-15/bin", "pgsql-16/bin", "other/bin"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let found = glob(&format!("{}/pgsql-*/bin", root.display()));
        assert_eq!(found, [root.join("pgsql-15/bin"), root.join("pgsql-16/bin")]);
        assert_eq!(glob(&format!("{}/oth*", root.display())), [root.join("other")]);
        assert_eq!(glob("/usr/bin"), [PathBuf::from("/usr/bin")]);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
