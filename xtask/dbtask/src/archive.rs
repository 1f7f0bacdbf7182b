//! A backup file: pg_dump's custom format, written so that a broken one never has a good one's name.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dbtask_rules::Version;
use dbtask_runner::{DatabaseUrl, Error};
use xshell::{Shell, cmd};

use crate::catalog;
use crate::mark::{Marks, SCHEMA};
use crate::output::{bytes, count, thousands};
use crate::progress::Progress;
use crate::server::{ClientTools, client_tools};
use crate::target::Target;

/// How many lines of a failed tool's words are shown.
const SHOWN_LINES: usize = 12;

/// What a role needs to read everything.
pub(crate) const PRIVILEGES: &str =
    "a role for backups needs SELECT on every table: let a superuser run `GRANT pg_read_all_data TO ROLE`";

/// A backup that was read in full.
pub(crate) struct Archive {
    path: PathBuf,
    tools: ClientTools,
    dumped_by: String,
}

/// Where the next backup goes: `DATABASE-VERSION-TIME.dump` in a folder that only its owner can enter.
pub(crate) fn new_path(folder: &Path, database: &str, version: Option<Version>) -> Result<PathBuf, Error> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| Error::failed(format!("failed to create `{}`", folder.display())).cause(e.to_string()))?;
    sweep(folder);
    let safe: String = database
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
        .collect();
    let version = version.map_or("empty".to_owned(), |v| format!("V{v}"));
    let now = time::OffsetDateTime::now_utc();
    let (date, clock) = (now.date(), now.time());
    Ok(folder.join(format!(
        "{safe}-{version}-{:04}{:02}{:02}T{:02}{:02}{:02}Z.dump",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )))
}

/// Removes what interrupted backups left: a partial file whose writer is gone holds no lock any more.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "partial")
            && let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(&path);
        }
    }
}

impl Archive {
    /// Dumps the target into `path` and returns the size in bytes.
    ///
    /// It is written under a `.partial` name, flushed to disk, read back in full, and only then renamed.
    pub(crate) fn write(path: &Path, tools: &ClientTools, target: &Target) -> Result<u64, Error> {
        let partial = path.with_extension("dump.partial");
        let io = |what: &str, e: std::io::Error| {
            Error::failed(format!("failed to {what} `{}`", partial.display())).cause(e.to_string())
        };
        // made here, so that it is private from its first byte, and locked, so that a sweep leaves it alone
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)
            .map_err(|e| io("create", e))?;
        file.lock().map_err(|e| io("lock", e))?;
        let written = dump(&partial, tools, target)
            .and_then(|()| file.sync_all().map_err(|e| io("flush", e)))
            .and_then(|()| read_in_full(&partial, tools).map(drop))
            .and_then(|()| std::fs::rename(&partial, path).map_err(|e| io("rename", e)));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&partial);
            return Err(error.state("no backup was written"));
        }
        // the new name is on disk once its folder is
        if let Some(folder) = path.parent() {
            File::open(folder)
                .and_then(|f| f.sync_all())
                .map_err(|e| io("flush the folder of", e))?;
        }
        Ok(std::fs::metadata(path).map_err(|e| io("measure", e))?.len())
    }

    /// Reads the file in full with the pg_restore that fits.
    pub(crate) fn open(path: &Path, server_major: u32) -> Result<Archive, Error> {
        let unreadable = |e: std::io::Error| {
            Error::usage(format!("failed to read the backup `{}`", path.display()))
                .cause(e.to_string())
                .help("backups are in `backups/`: `ls backups`")
        };
        File::open(path).map_err(unreadable)?;
        let (tools, dumped_by) = fitting_tools(path, server_major)?;
        read_in_full(path, &tools)?;
        Ok(Archive {
            path: path.to_owned(),
            tools,
            dumped_by,
        })
    }

    /// The version of the pg_dump that wrote it.
    pub(crate) fn dumped_by(&self) -> &str {
        &self.dumped_by
    }

    /// Restores into the target, which is empty. Errors do not stop it half-way: all are reported at the end.
    pub(crate) fn restore(&self, target: &Target, no_owner: bool) -> Result<(), Error> {
        let url = target.url.without_password();
        let path = &self.path;
        let pg_restore = self.tools.bin.join("pg_restore");
        let shell = shell()?;
        let mut command = cmd!(shell, "{pg_restore} --no-password --verbose --dbname={url} {path}");
        if no_owner {
            command = command.arg("--no-owner").arg("--no-privileges");
        }
        // the mark that is there stays; without one, the backup's is seen to be another database's
        if Marks::read(&target.session, &target.identity)?.has_table() {
            command = command.arg(format!("--exclude-schema={SCHEMA}"));
        }
        let mut progress = Progress::new();
        let mut lines = 0_usize;
        let mut errors: Vec<String> = Vec::new();
        let mut child = spawn(command.into(), &target.url)?;
        for line in stderr_lines(&mut child) {
            lines += 1;
            if let Some(error) = line.split_once("error: ") {
                errors.push(error.1.to_owned());
            } else if line.starts_with("ERROR") || line.contains("Command was:") {
                continue;
            }
            progress.show(&format!("restoring: {} steps", thousands(lines as u64)));
        }
        drop(progress);
        let status = child
            .wait()
            .map_err(|e| Error::failed("failed to wait for pg_restore").cause(e.to_string()))?;
        errors.retain(|e| !harmless(e));
        if errors.is_empty() && (status.success() || status.code() == Some(1) && lines > 0) {
            return Ok(());
        }
        Err(restore_error(target, &errors))
    }
}

/// A dump by pg_dump 17 or later sets a parameter that older servers do not have; nothing hangs on it. And the schema
/// that an extension lives in stayed when the database was emptied.
fn harmless(error: &str) -> bool {
    error.contains("unrecognized configuration parameter \"transaction_timeout\"")
        || (error.contains("ERROR:  schema \"") && error.ends_with("\" already exists"))
}

fn restore_error(target: &Target, errors: &[String]) -> Error {
    let mut error = Error::failed(format!("pg_restore reports {}", count(errors.len().max(1), "error")));
    for line in errors.iter().take(SHOWN_LINES) {
        error = error.cause(line.clone());
    }
    error = error.state(format!("`{}` is restored in part", target.identity.database));
    if errors
        .iter()
        .any(|e| e.contains("role") && e.contains("does not exist"))
    {
        error = error.help("this server lacks roles of the backup's: add `--no-owner`, or create them (`CREATE ROLE`)");
    }
    error.help("mend the cause and type the command again: it starts over, after the confirmation of db:drop")
}

/// The tools for a restore into a server of `major`: not older than the pg_dump that wrote the file.
fn fitting_tools(path: &Path, major: u32) -> Result<(ClientTools, String), Error> {
    let tools = client_tools(major)?;
    match contents(path, &tools) {
        Ok(dumped_by) => Ok((tools, dumped_by)),
        Err(first) => {
            // a newer format than this pg_restore knows
            for newer in major + 1..major + 10 {
                if let Ok(tools) = client_tools(newer)
                    && let Ok(dumped_by) = contents(path, &tools)
                {
                    return Ok((tools, dumped_by));
                }
            }
            Err(first)
        }
    }
}

/// The version of the pg_dump that wrote the file, from its table of contents.
fn contents(path: &Path, tools: &ClientTools) -> Result<String, Error> {
    let list = run_tool(tools, path, &["--list"])?;
    Ok(list
        .lines()
        .find_map(|line| line.strip_prefix(";     Dumped by pg_dump version: "))
        .and_then(|version| version.split_whitespace().next())
        .unwrap_or("of an unknown version")
        .to_owned())
}

/// Reads every byte: `pg_restore --list` alone accepts truncated and damaged files.
fn read_in_full(path: &Path, tools: &ClientTools) -> Result<String, Error> {
    run_tool(tools, path, &["--file=/dev/null"])
}

fn run_tool(tools: &ClientTools, path: &Path, arguments: &[&str]) -> Result<String, Error> {
    let shell = shell()?;
    let pg_restore = tools.bin.join("pg_restore");
    let output = cmd!(shell, "{pg_restore} {arguments...} {path}")
        .quiet()
        .ignore_status()
        .output()
        .map_err(|e| Error::failed("failed to run pg_restore").cause(e.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Error::failed(format!("`{}` is no whole backup", path.display()))
        .cause(last_lines(&words))
        .state("nothing was changed")
        .help("take another one: `ls backups`"))
}

fn dump(partial: &Path, tools: &ClientTools, target: &Target) -> Result<(), Error> {
    let shell = shell()?;
    let pg_dump = tools.bin.join("pg_dump");
    let url = target.url.without_password();
    let command = cmd!(
        shell,
        "{pg_dump} --format=custom --no-password --verbose --lock-wait-timeout=60s --file={partial} --dbname={url}"
    );
    let tables = catalog::count_tables(&target.session)?;
    let mut child = spawn(command.into(), &target.url)?;
    let done = AtomicUsize::new(0);
    let mut words: Vec<String> = Vec::new();
    std::thread::scope(|scope| {
        let stderr = stderr_lines(&mut child);
        let (send, over) = std::sync::mpsc::channel::<()>();
        let done = &done;
        scope.spawn(move || {
            let mut progress = Progress::new();
            // the sender's end is dropped when pg_dump is done
            while over.recv_timeout(Duration::from_millis(200)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let size = std::fs::metadata(partial).map_or(0, |m| m.len());
                let n = thousands(done.load(Ordering::Relaxed) as u64);
                progress.show(&format!(
                    "backing up: {n} of {} tables, {}",
                    thousands(tables),
                    bytes(size)
                ));
            }
        });
        for line in stderr {
            if line.contains("dumping contents of table") {
                done.fetch_add(1, Ordering::Relaxed);
            } else if line.contains("error:")
                || line.contains("detail:")
                || line.contains("hint:")
                || !line.starts_with("pg_dump:")
            {
                words.push(line);
            }
        }
        drop(send);
    });
    let status = child
        .wait()
        .map_err(|e| Error::failed("failed to wait for pg_dump").cause(e.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let words = last_lines(&words.join("\n"));
    let help = help_for(&words);
    Err(Error::failed(format!("pg_dump {} failed ({status})", tools.version))
        .cause(words)
        .help(help))
}

/// What to do about pg_dump's words.
fn help_for(words: &str) -> &'static str {
    let known = [
        ("permission denied", PRIVILEGES),
        (
            "No space left",
            "free space where `backups/` lies, then type the command again",
        ),
        (
            "SSL support is not compiled in",
            "this pg_dump was built without TLS: install the distribution's own, `apt-get install postgresql-client`",
        ),
        (
            "lock timeout",
            "another session holds a table locked: end it, or try again when it is done",
        ),
    ];
    known
        .iter()
        .find(|(part, _)| words.contains(part))
        .map_or("mend that, then type the command again", |(_, help)| help)
}

fn shell() -> Result<Shell, Error> {
    Shell::new().map_err(|e| Error::failed("failed to prepare a command").cause(e.to_string()))
}

/// Starts a tool with the URL's password in its environment, never among its arguments.
fn spawn(mut command: Command, url: &DatabaseUrl) -> Result<Child, Error> {
    // a PGHOSTADDR or PGSERVICE of the caller's would lead to another server than the one that was looked at
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command
        .envs(url.child_environment())
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| {
            Error::failed(format!("failed to run `{}`", command.get_program().to_string_lossy())).cause(e.to_string())
        })
}

fn stderr_lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let stderr = child.stderr.take();
    stderr.into_iter().flat_map(|pipe| {
        BufReader::new(pipe)
            .split(b'\n')
            .map_while(Result::ok)
            .map(|line| String::from_utf8_lossy(&line).into_owned())
    })
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}
