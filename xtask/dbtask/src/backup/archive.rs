//! What pg_dump wrote, read and restored by the pg_restore that fits.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use dbtask_rows::RowDigest;
use dbtask_runner::Error;

use super::encryption;
use super::manifest::damaged;
use super::tool;
use crate::mark::{Marks, SCHEMA};
use crate::output::{count, thousands};
use crate::progress::Progress;
use crate::server::{ClientTools, client_tools};
use crate::target::Target;

/// A dump that can be read: a file of pg_dump's custom format or a folder of its directory format, perhaps encrypted.
pub(crate) struct Archive {
    path: PathBuf,
    /// The file with the secret key, where it is encrypted.
    identity: Option<PathBuf>,
    tools: ClientTools,
    dumped_by: String,
}

/// Has pg_restore write the rows as text.
pub(super) const AS_TEXT: [&str; 2] = ["--section=data", "--file=-"];

/// What the rows of each table amount to, in the order of the tables that were asked for; `None` for one that is not there.
pub(super) type Digests = Vec<Option<RowDigest>>;

/// How to restore.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Leave owners and grants out.
    pub(crate) no_owner: bool,
    /// Leave out what reaches beyond the database: tablespaces, and subscriptions, with which it could not be dropped.
    pub(crate) contained: bool,
    /// Connections at once.
    pub(crate) jobs: usize,
}

impl Archive {
    /// Reads its table of contents, with the first pg_restore that can: not older than the pg_dump that wrote it.
    pub(crate) fn open(path: &Path, identity: Option<&Path>, server_major: u32) -> Result<Archive, Error> {
        std::fs::metadata(path).map_err(|e| {
            Error::usage(format!("failed to read the backup `{}`", path.display()))
                .cause(e.to_string())
                .help("backups are in `backups/`: `cargo xtask db:backup --list` shows them")
        })?;
        let mut first = None;
        for major in server_major..server_major + 10 {
            let tools = match client_tools(major) {
                Ok(tools) => tools,
                Err(error) if first.is_none() => return Err(error),
                Err(_) => break,
            };
            let mut archive = Archive {
                path: path.to_owned(),
                identity: identity.map(Path::to_owned),
                tools,
                dumped_by: String::new(),
            };
            match archive.read(&["--list"]) {
                Ok(contents) => {
                    archive.dumped_by = dumped_by(&contents);
                    return Ok(archive);
                }
                // perhaps a newer format than this pg_restore knows
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| damaged(path, "nothing can read it".to_owned())))
    }

    /// The version of the pg_dump that wrote it.
    pub(crate) fn dumped_by(&self) -> &str {
        &self.dumped_by
    }

    /// Reads every byte: `pg_restore --list` alone accepts truncated and damaged files.
    pub(crate) fn read_in_full(&self) -> Result<(), Error> {
        self.read(&["--file=/dev/null"]).map(drop)
    }

    fn read(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(self.tools.bin.join("pg_restore"));
        command.args(arguments).stdout(Stdio::piped());
        let (child, decryption) = self.start(&mut command, None)?;
        let output = child
            .wait_with_output()
            .map_err(|e| Error::failed("failed to run pg_restore").cause(e.to_string()))?;
        // what decrypts cannot finish when the reader has what it wants
        let words = decryption.map(words_of).transpose()?.flatten();
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let words = words.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned());
        Err(damaged(&self.path, tool::last_lines(&words)))
    }

    /// Reads a folder in full, by several readers, each with its share of the tables; what their rows amount to.
    pub(super) fn digests(&self, tables: &[dbtask_rows::Table], readers: usize) -> Result<Digests, Error> {
        let own = dbtask_rows::digests_of_folder(&self.path, tables, readers);
        if let Some(digests) = own.map_err(|e| damaged(&self.path, e.to_string()))? {
            return Ok(digests);
        }
        let contents = self.read(&["--list"])?;
        let shares = shares(&contents, readers, |id| self.size_of(id));
        side_by_side(&shares, tables.len(), |share| self.digests_of_share(share, tables))
    }

    /// Reads what a list names.
    fn digests_of_share(&self, list: &str, tables: &[dbtask_rows::Table]) -> Result<Digests, Error> {
        use std::io::Write as _;
        let mut command = Command::new(self.tools.bin.join("pg_restore"));
        command
            .args(AS_TEXT)
            .arg("--use-list=/dev/stdin")
            .arg(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = tool::spawn(&mut command, None)?;
        if let Some(mut stdin) = child.stdin.take() {
            // should it end early, it says why
            let _ = stdin.write_all(list.as_bytes());
        }
        let digests = digests(child.stdout.take(), tables);
        let output = child
            .wait_with_output()
            .map_err(|e| Error::failed("failed to run pg_restore").cause(e.to_string()))?;
        if output.status.success() {
            return digests.map_err(|e| damaged(&self.path, e.to_string()));
        }
        let words = String::from_utf8_lossy(&output.stderr);
        Err(damaged(&self.path, tool::last_lines(&words)))
    }

    /// The bytes of an entry's data in a folder, however it is compressed.
    fn size_of(&self, id: &str) -> u64 {
        let sizes = ["", ".gz", ".lz4", ".zst"].map(|ending| {
            let path = self.path.join(format!("{id}.dat{ending}"));
            path.metadata().map_or(0, |file| file.len())
        });
        sizes.iter().sum()
    }

    /// Starts pg_restore on the dump, and what decrypts it.
    fn start(&self, command: &mut Command, target: Option<&Target>) -> Result<(Child, Option<Child>), Error> {
        let mut decryption = None;
        match &self.identity {
            Some(identity) => {
                let mut child = tool::spawn(&mut encryption::decrypt(identity, &self.path)?, None)?;
                if let Some(clear) = child.stdout.take() {
                    command.stdin(clear);
                }
                decryption = Some(child);
            }
            None => {
                command.arg(&self.path).stdin(Stdio::null());
            }
        }
        Ok((tool::spawn(command, target.map(|t| &t.url))?, decryption))
    }

    /// Restores into the target, which is empty. Errors do not stop it half-way: all are reported at the end.
    pub(crate) fn restore(&self, target: &Target, manner: Manner) -> Result<(), Error> {
        let mut command = Command::new(self.tools.bin.join("pg_restore"));
        command
            .args(["--no-password", "--verbose"])
            .arg(format!("--dbname={}", target.url.without_password()))
            .stdout(Stdio::null());
        if manner.no_owner {
            command.args(["--no-owner", "--no-privileges"]);
        }
        if manner.contained {
            command.args(["--no-tablespaces", "--no-subscriptions"]);
        }
        if manner.jobs > 1 && self.identity.is_none() {
            command.arg(format!("--jobs={}", manner.jobs));
        }
        // the mark that is there stays; without one, the backup's is seen to be another database's
        if Marks::read(&target.session, &target.identity)?.has_table() {
            command.arg(format!("--exclude-schema={SCHEMA}"));
        }
        let mut progress = Progress::new();
        let mut lines = 0_usize;
        let mut errors: Vec<String> = Vec::new();
        let (mut child, decryption) = self.start(&mut command, Some(target))?;
        for line in tool::lines(&mut child) {
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
        let words = decryption.map(words_of).transpose()?.flatten();
        if !status.success() {
            errors.extend(words);
        }
        errors.retain(|e| !harmless(e));
        if errors.is_empty() && (status.success() || status.code() == Some(1) && lines > 0) {
            return Ok(());
        }
        Err(restore_error(&errors))
    }
}

/// What the rows in a program's output amount to. It is read to its end in any case, so that the program says first what
/// went wrong.
pub(super) fn digests(text: Option<ChildStdout>, tables: &[dbtask_rows::Table]) -> std::io::Result<Digests> {
    let mut text = tool::Unhurried::new(text.ok_or(std::io::ErrorKind::BrokenPipe)?);
    let digests = dbtask_rows::digests(&mut text, tables);
    if digests.is_err() {
        std::io::copy(&mut text, &mut std::io::sink())?;
    }
    digests
}

/// Reads each share in a thread of its own; what the rows of so many tables amount to in all of them.
pub(super) fn side_by_side<S: Sync>(
    shares: &[S],
    tables: usize,
    read: impl Fn(&S) -> Result<Digests, Error> + Sync,
) -> Result<Digests, Error> {
    let read = &read;
    std::thread::scope(|scope| {
        let readers: Vec<_> = shares.iter().map(|share| scope.spawn(move || read(share))).collect();
        let mut all = vec![None; tables];
        for reader in readers {
            let sudden = |_| Error::failed("a thread that reads came to a sudden end");
            dbtask_rows::merge(&mut all, &reader.join().map_err(sudden)??);
        }
        Ok(all)
    })
}

/// The entries of a table of contents in so many lists of about equal size, each in the order that they had.
fn shares(contents: &str, n: usize, size_of: impl Fn(&str) -> u64) -> Vec<String> {
    let entries: Vec<&str> = contents.lines().filter(|line| !line.starts_with(';')).collect();
    let size = |entry: &&str| entry.split_once(';').map_or(0, |(id, _)| size_of(id));
    let sizes: Vec<u64> = entries.iter().map(size).collect();
    let n = n.max(1);
    let share_of = share_out(&sizes, vec![0; n]);
    let of_share = |share: usize| {
        let own = entries.iter().zip(&share_of).filter(|(_, of)| **of == share);
        own.flat_map(|(entry, _)| [*entry, "\n"]).collect()
    };
    (0..n).map(of_share).collect()
}

/// Who takes each of these, so that all have about as much in the end; `loads` is what each has already.
pub(super) fn share_out(sizes: &[u64], mut loads: Vec<u64>) -> Vec<usize> {
    let mut largest: Vec<(u64, usize)> = sizes.iter().copied().zip(0..).collect();
    largest.sort_unstable_by_key(|(size, at)| (std::cmp::Reverse(*size), *at));
    let mut share_of = vec![0; sizes.len()];
    for (size, at) in largest {
        let least = (0..loads.len()).min_by_key(|share| loads[*share]).unwrap_or(0);
        loads[least] += size;
        share_of[at] = least;
    }
    share_of
}

/// What a program that decrypts complained about, if it did.
fn words_of(child: Child) -> Result<Option<String>, Error> {
    let output = child
        .wait_with_output()
        .map_err(|e| Error::failed("failed to wait for age").cause(e.to_string()))?;
    Ok((!output.status.success()).then(|| tool::last_lines(&String::from_utf8_lossy(&output.stderr))))
}

/// The version of the pg_dump that wrote a dump, from its table of contents.
fn dumped_by(contents: &str) -> String {
    contents
        .lines()
        .find_map(|line| line.strip_prefix(";     Dumped by pg_dump version: "))
        .and_then(|version| version.split_whitespace().next())
        .unwrap_or("of an unknown version")
        .to_owned()
}

/// A dump by pg_dump 17 or later sets a parameter that older servers do not have; nothing hangs on it. And the schema
/// that an extension lives in stayed when the database was emptied.
fn harmless(error: &str) -> bool {
    error.contains("unrecognized configuration parameter \"transaction_timeout\"")
        || (error.contains("ERROR:  schema \"") && error.ends_with("\" already exists"))
}

fn restore_error(errors: &[String]) -> Error {
    let mut error = Error::failed(format!("pg_restore reports {}", count(errors.len().max(1), "error")));
    for line in tool::shown(errors) {
        error = error.cause(line.clone());
    }
    if errors
        .iter()
        .any(|e| e.contains("role") && e.contains("does not exist"))
    {
        error = error.help("this server lacks roles of the backup's: add `--no-owner`, or create them (`CREATE ROLE`)");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_in_one_share_and_the_shares_are_about_equal() {
        let contents = ";\n; Archive created at now\n;\n1; 0 0 ENCODING - ENCODING \n7; 0 1 TABLE public a x\n\
            11; 0 1 TABLE DATA public a x\n12; 0 2 TABLE DATA public b x\n13; 0 3 TABLE DATA public c x\n";
        let size = |id: &str| match id {
            "11" => 10,
            "12" => 60,
            "13" => 50,
            _ => 0,
        };
        let two = shares(contents, 2, size);
        assert!(two[0].ends_with("TABLE public a x\n12; 0 2 TABLE DATA public b x\n"));
        assert_eq!(two[1], "11; 0 1 TABLE DATA public a x\n13; 0 3 TABLE DATA public c x\n");
        let entries = contents.lines().filter(|line| !line.starts_with(';')).count();
        for n in 0..5 {
            let shares = shares(contents, n, size);
            assert_eq!(shares.len(), n.max(1));
            assert_eq!(shares.concat().lines().count(), entries, "{n}");
        }
    }
}
