//! The account that server programs run as: PostgreSQL refuses to run as root.

use std::os::unix::fs::{MetadataExt as _, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use dbtask_runner::Error;
use xshell::{Shell, cmd};

use super::io_error;

/// Accounts that root steps down to, the first that exists. `initdb` needs one that the system knows.
const SERVER_ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Whom server programs run as: the current account, or the one that root steps down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User and group to change to; `None` to stay.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// The account for a new server: the current one, or for root `postgres`, else `nobody`.
    pub fn for_server() -> Result<Account, Error> {
        if current_uid()? != 0 {
            return Ok(Account { ids: None });
        }
        SERVER_ACCOUNTS
            .iter()
            .find_map(|name| ids_of(name))
            .map(|ids| Account { ids: Some(ids) })
            .ok_or_else(|| {
                Error::failed("there is no account to run PostgreSQL as")
                    .cause("PostgreSQL refuses to run as root, and neither `postgres` nor `nobody` exists")
                    .help("run the command as an ordinary user, or make an account: `useradd --system postgres`")
            })
    }

    /// The account that owns an existing path. An error where the current one may not act for it.
    pub fn owning(path: &Path) -> Result<Account, Error> {
        let owner = std::fs::metadata(path).map_err(|e| io_error("look at", path, &e))?;
        let me = current_uid()?;
        match owner.uid() {
            uid if uid == me && me != 0 => Ok(Account { ids: None }),
            uid if uid != 0 && me == 0 => Ok(Account {
                ids: Some((uid, owner.gid())),
            }),
            uid => Err(not_mine(path, uid, me)),
        }
    }

    /// A command for `program` as this account.
    ///
    /// The environment is emptied but for the search paths: a server lives long, and neither `PGDATA` and its like
    /// nor the secrets of the caller's shell are its business. It starts without input, in English.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .current_dir("/");
        for kept in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some((uid, gid)) = self.ids {
            // the standard library drops root's supplementary groups along the way
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes the account the owner of a path, where it is not the current one.
    pub fn give(&self, path: &Path) -> Result<(), Error> {
        let Some((uid, gid)) = self.ids else { return Ok(()) };
        lchown(path, Some(uid), Some(gid)).map_err(|e| io_error("change the owner of", path, &e))
    }

    /// Whether the account can reach what lies in `folder`: each folder on the way must let it through.
    ///
    /// `/root` is 0700, so nothing below it will do for a server that root starts.
    pub fn can_enter(&self, folder: &Path) -> bool {
        let Some((uid, gid)) = self.ids else { return true };
        folder
            .ancestors()
            .filter_map(|folder| std::fs::metadata(folder).ok())
            .all(|folder| {
                let needed = if folder.uid() == uid {
                    0o100
                } else if folder.gid() == gid {
                    0o010
                } else {
                    0o001
                };
                folder.mode() & needed != 0
            })
    }
}

/// The effective user of this process.
pub(super) fn current_uid() -> Result<u32, Error> {
    // "Uid: real effective saved file-system", proc_pid_status(5)
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    if let Some(uid) = line
        .and_then(|ids| ids.split_whitespace().nth(1))
        .and_then(|uid| uid.parse().ok())
    {
        return Ok(uid);
    }
    id(&["-u"]).ok_or_else(|| {
        Error::failed("failed to find out which account this is")
            .cause("`id -u` gives no number")
            .help("type `id -u` to see why")
    })
}

/// User and group of an account.
fn ids_of(name: &str) -> Option<(u32, u32)> {
    Some((id(&["-u", name])?, id(&["-g", name])?))
}

/// Asks `id`, which knows directories such as LDAP, too.
fn id(arguments: &[&str]) -> Option<u32> {
    let shell = Shell::new().ok()?;
    ["id", "/usr/bin/id"].iter().find_map(|id| {
        let number = cmd!(shell, "{id} {arguments...}").quiet().ignore_stderr().read().ok()?;
        number.parse().ok()
    })
}

/// The error of a path that another account owns.
pub(super) fn not_mine(path: &Path, owner: u32, me: u32) -> Error {
    let path = path.display();
    let error = Error::failed(format!("`{path}` belongs to another account"))
        .cause(format!("its owner has the id {owner}, this is {me}"));
    match owner {
        0 => error.help(format!("root made it; to start over: `sudo rm -rf '{path}'`")),
        _ => error.help(format!(
            "run the command as that account (`getent passwd {owner}` names it)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_only_its_owner_enters_is_out_of_another_account_s_reach() {
        use std::os::unix::fs::PermissionsExt as _;
        let closed = std::env::temp_dir().join(format!("dbtask-account-{}", std::process::id()));
        std::fs::create_dir_all(closed.join("inside")).unwrap();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Account {
            ids: Some((4_000_000, 4_000_000)),
        };
        assert!(!stranger.can_enter(&closed.join("inside")));
        assert!(stranger.can_enter(&std::env::temp_dir()));
        let owner = std::fs::metadata(&closed).unwrap();
        assert!(
            Account {
                ids: Some((owner.uid(), owner.gid()))
            }
            .can_enter(&closed.join("inside"))
        );
        std::fs::remove_dir_all(&closed).unwrap();
    }

    #[test]
    fn a_server_s_environment_holds_nothing_of_the_caller_s() {
        let command = Account { ids: None }.command(Path::new("postgres"));
        let kept: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| value.and(name.to_str()))
            .collect();
        assert!(
            kept.iter()
                .all(|name| ["LC_ALL", "LD_LIBRARY_PATH", "PATH", "TZ"].contains(name)),
            "{kept:?}"
        );
    }
}
