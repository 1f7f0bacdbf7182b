//! The running server of a data folder, by its `postmaster.pid`, and the proof that it is that server.
//!
//! The file alone proves nothing: after `kill -9` or a reboot it stays behind, and its number may be another program's
//! by then. Nothing here signals a process that was not seen to be `postgres` on that very folder.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dbtask_runner::Error;

use super::data::remove;
use super::{Account, io_error};

/// How long a server may take to stop.
const STOP: Duration = Duration::from_mins(1);
/// How often a state is looked at while waiting for it to change.
pub(super) const GLANCE: Duration = Duration::from_millis(20);
/// A process number that no system gives out: Linux ends at 4,194,304, macOS at 99,998.
const NO_PROCESS: &str = "99999999";

/// A running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Postmaster {
    /// Its process.
    pub pid: u32,
    /// The port that it listens on.
    pub port: u16,
    /// Whether it takes connections: not yet while it starts, no longer while it stops.
    pub ready: bool,
}

/// How a server ends. Both cut sessions off.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// Everything is written to disk first.
    Fast,
    /// Nothing is, for a server that is deleted.
    Immediate,
}

impl Postmaster {
    /// The server of the data folder, if one runs.
    pub(super) fn of(data: &Path) -> Option<Postmaster> {
        let postmaster = parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)?;
        serves(postmaster.pid, data).then_some(postmaster)
    }

    /// Ends the server of the data folder, if one runs, and waits until it is gone.
    pub(super) fn stop(data: &Path, how: Stop) -> Result<(), Error> {
        let Some(Postmaster { pid, .. }) = Postmaster::of(data) else {
            return Ok(());
        };
        signal(pid, how)?;
        let deadline = Instant::now() + STOP;
        while serves(pid, data) {
            if Instant::now() > deadline {
                return Err(Error::failed(format!(
                    "the server (pid {pid}) is still there after {} s",
                    STOP.as_secs()
                ))
                .state("it was told to stop, and may do so yet")
                .help("type the command again"));
            }
            std::thread::sleep(GLANCE);
        }
        Ok(())
    }
}

/// `kill` is part of every shell, but not a program of its own on every system.
fn signal(pid: u32, how: Stop) -> Result<(), Error> {
    let name = match how {
        Stop::Fast => "INT",
        Stop::Immediate => "QUIT",
    };
    let failed = |cause: String| {
        Error::failed(format!("failed to stop the server (pid {pid})"))
            .cause(cause)
            .help("type the command again, as the account that started the server")
    };
    let output = Command::new("/bin/sh")
        .args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &pid.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| failed(e.to_string()))?;
    // gone by itself meanwhile is as good
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || words.to_lowercase().contains("no such process") {
        return Ok(());
    }
    Err(failed(words.trim().to_owned()))
}

/// Lines 1, 4 and 8 of `postmaster.pid` (src/include/utils/pidfile.h).
fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    Some(Postmaster {
        pid: lines.first()?.parse().ok()?,
        port: lines.get(3)?.parse().ok()?,
        ready: lines.get(7) == Some(&"ready"),
    })
}

/// Whether the process is a `postgres` that was started on the data folder.
fn serves(pid: u32, data: &Path) -> bool {
    if !Path::new("/proc/self/cmdline").exists() {
        return serves_by_ps(pid, data);
    }
    let process = Path::new("/proc").join(pid.to_string());
    let Ok(arguments) = std::fs::read(process.join("cmdline")) else {
        return false;
    };
    let mut arguments = arguments.split(|byte| *byte == 0);
    let program = arguments.next().unwrap_or_default();
    if program.rsplit(|byte| *byte == b'/').next() != Some(b"postgres") {
        return false;
    }
    // a server works in its data folder, so it is found after the folder was moved, too
    match (std::fs::metadata(process.join("cwd")), std::fs::metadata(data)) {
        (Ok(theirs), Ok(ours)) => (theirs.dev(), theirs.ino()) == (ours.dev(), ours.ino()),
        _ => arguments.any(|argument| argument == data.as_os_str().as_bytes()) || works_in(&process, data),
    }
}

/// Whether a process works in the data folder, as the account that owns it sees that: in most containers root may not
/// look at another account's processes.
fn works_in(process: &Path, data: &Path) -> bool {
    let Ok(account) = Account::owning(data) else {
        return false;
    };
    let mut test = account.command(Path::new("/bin/sh"));
    test.args(["-c", r#"test "$1" -ef "$2""#, "sh"])
        .arg(process.join("cwd"))
        .arg(data);
    test.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The same for systems without `/proc`.
fn serves_by_ps(pid: u32, data: &Path) -> bool {
    let output = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output();
    output.is_ok_and(|output| {
        let command = String::from_utf8_lossy(&output.stdout);
        command.contains("postgres ") && command.contains(&*data.to_string_lossy())
    })
}

/// Lets a `postmaster.pid` whose server is gone no longer stand in the way of a start.
///
/// PostgreSQL sees to that itself, unless the number is another program's of the same account by now: then it takes
/// that program for the server and refuses. The file must not go, though: it names the shared memory by which
/// PostgreSQL finds sessions that outlived their server, and starting beside them would destroy the data.
pub(super) fn retire(data: &Path, account: &Account) -> Result<(), Error> {
    let path = data.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(());
    };
    if Postmaster::of(data).is_some() {
        return Ok(());
    }
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    let new = data.join("postmaster.pid.new");
    remove(&new)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(format!("{NO_PROCESS}\n{rest}").as_bytes()))
        .map_err(|e| io_error("write", &new, &e))?;
    account.give(&new)?;
    std::fs::rename(&new, &path).map_err(|e| io_error("replace", &path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_tells_process_port_and_state() {
        let ready = "4711\n/data\n1700000000\n20123\n\n127.0.0.1\n   123456   98304\nready   \n";
        assert_eq!(
            parse(ready),
            Some(Postmaster {
                pid: 4711,
                port: 20123,
                ready: true
            })
        );
        let starting = ready.replace("ready   ", "starting");
        assert!(!parse(&starting).unwrap().ready);
        assert_eq!(parse("4711\n/data\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_living_process_that_is_no_server_of_the_folder_proves_nothing() {
        assert!(!serves(std::process::id(), &std::env::temp_dir()));
        assert!(!serves(99_999_999, &std::env::temp_dir()));
    }
}
