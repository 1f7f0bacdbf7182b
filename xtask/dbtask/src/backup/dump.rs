//! pg_dump: how it is asked, watched and stopped.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use dbtask_runner::{DatabaseUrl, Error, Session};

use super::archive::{self, Digests};
use super::snapshot::Snapshot;
use super::{PRIVILEGES, tool};
use crate::output::{bytes, duration, thousands};
use crate::progress::Progress;
use crate::server::{ClientTools, clean};

/// The fastest first that also makes files small: on one core zstd's first level keeps up with the server, lz4 does with
/// larger files, and zlib's first level takes less than half the time of its sixth, which is pg_dump's default.
const COMPRESSIONS: [&str; 2] = ["zstd:1", "lz4"];

/// What every build of pg_dump has: zlib's first level, as majors before 16 spell it, too.
const FALLBACK: &str = "1";

/// How many tables are named to a process at the most: a command line is not as long as one likes.
const NAMED: usize = 100;

/// How often a running pg_dump is looked at.
const TICK: Duration = Duration::from_millis(200);

/// What a dump needs to know of the snapshot, for a thread of its own.
pub(super) struct Task<'a> {
    pub(super) tools: &'a ClientTools,
    pub(super) url: &'a DatabaseUrl,
    pub(super) snapshot: String,
    pub(super) jobs: u32,
    pub(super) compression: &'a str,
    /// In the order of the snapshot's.
    pub(super) tables: Vec<dbtask_rows::Table>,
    /// The size of each table, by the name that pg_dump reports.
    pub(super) sizes: HashMap<String, u64>,
    /// Set when somebody else failed: it is for nothing then.
    pub(super) stop: &'a AtomicBool,
}

/// The compression for a pg_dump: the first one that it says it can do.
pub(super) fn compression(tools: &ClientTools) -> &'static str {
    let pg_dump = tools.bin.join("pg_dump");
    let can = |method: &&str| {
        // it reads its options before it looks for the server, which is not there
        let output = clean(&mut Command::new(&pg_dump))
            .args(["--format=custom", "--no-password", "--host=/nonexistent", "--dbname=x"])
            .arg(format!("--compress={method}"))
            .stdin(Stdio::null())
            .output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("connection to server"))
    };
    COMPRESSIONS.into_iter().find(can).unwrap_or(FALLBACK)
}

impl<'a> Task<'a> {
    pub(super) fn of(
        snapshot: &Snapshot<'_>,
        tools: &'a ClientTools,
        url: &'a DatabaseUrl,
        stop: &'a AtomicBool,
    ) -> Task<'a> {
        let names = snapshot.holding_rows().map(|table| table.reported.clone());
        Task {
            tools,
            url,
            snapshot: snapshot.id.clone(),
            jobs: 1,
            compression: FALLBACK,
            tables: snapshot.tables.iter().map(|table| table.encoded.clone()).collect(),
            sizes: names.zip(snapshot.sizes.iter().copied()).collect(),
            stop,
        }
    }

    /// Starts it. It writes to `file`, a file or the folder of a parallel dump; to its standard output without one.
    pub(super) fn start(&self, file: Option<&Path>, is_standby: bool) -> Result<Child, Error> {
        // whatever it creates is for this account alone, from the first byte on
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "umask 077 && exec \"$0\" \"$@\""])
            .arg(self.tools.bin.join("pg_dump"))
            .args(["--no-password", "--verbose", "--lock-wait-timeout=60s"])
            .arg(format!("--snapshot={}", self.snapshot))
            .arg(format!("--compress={}", self.compression))
            .arg(format!("--dbname={}", self.url.without_password()));
        if self.jobs > 1 {
            command.args(["--format=directory", &format!("--jobs={}", self.jobs)]);
        } else {
            command.arg("--format=custom").stdout(Stdio::piped());
        }
        if is_standby {
            command.arg("--no-unlogged-table-data");
        }
        if let Some(file) = file {
            // flushed to disk with everything else, once
            command.arg("--no-sync").arg("--file").arg(file).stdout(Stdio::null());
        }
        tool::spawn_with(command.stdin(Stdio::null()), Some(self.url), &tool::FIXED)
    }

    /// Runs it to its end; `written` tells how many bytes there are.
    pub(super) fn watch(&self, mut child: Child, written: &dyn Fn() -> u64) -> Result<(), Error> {
        let lines = tool::lines(&mut child);
        let (send, heard) = std::sync::mpsc::channel();
        let words = std::thread::scope(|scope| {
            scope.spawn(move || lines.map(|line| send.send(line)).all(|sent| sent.is_ok()));
            self.follow(&mut child, &heard, written)
        });
        let status = child
            .wait()
            .map_err(|e| Error::failed("failed to wait for pg_dump").cause(e.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let words = tool::last_lines(&words.join("\n"));
        let help = help_for(&words);
        Err(
            Error::failed(format!("pg_dump {} failed ({status})", self.tools.version))
                .cause(words)
                .help(help),
        )
    }

    /// Shows how far it is until it ends; what it complains about.
    fn follow(&self, child: &mut Child, heard: &Receiver<String>, written: &dyn Fn() -> u64) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut course = Course::new(self);
        loop {
            match heard.recv_timeout(TICK) {
                Ok(line) => {
                    if let Some((_, table)) = line.split_once("dumping contents of table \"") {
                        course.begins(table.trim_end_matches('"'));
                    } else if ["error:", "detail:", "hint:"].iter().any(|word| line.contains(word))
                        || !line.starts_with("pg_dump:")
                    {
                        complaints.push(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.stop.load(Ordering::Relaxed) {
                        let _ = child.kill();
                    }
                    course.show(written());
                }
                Err(RecvTimeoutError::Disconnected) => return complaints,
            }
        }
    }
}

/// Dumps the rows of a restored database as text, and digests them. As text they come at C's pace; the largest tables are shared
/// out among `at_once` processes, each of which keeps one of the server's busy. `sizes` are the tables that are there.
pub(super) fn digests(
    url: &DatabaseUrl,
    tools: &ClientTools,
    encoding: &str,
    tables: &[dbtask_rows::Table],
    sizes: &[(&dbtask_rows::Table, u64)],
    at_once: usize,
) -> Result<Digests, Error> {
    let mut largest = sizes.to_vec();
    largest.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let small = largest.split_off(largest.len().min(NAMED));
    let mut loads = vec![0; at_once.max(1)];
    // the first one has whatever the others are not told
    loads[0] = small.iter().map(|(_, size)| size).sum();
    let processes = loads.len();
    let named: Vec<u64> = largest.iter().map(|(_, size)| *size).collect();
    let share_of = archive::share_out(&named, loads);
    let share = |of: &dyn Fn(usize) -> bool, option: &str| -> Vec<OsString> {
        let own = largest.iter().zip(&share_of).filter(|(_, share)| of(**share));
        own.map(|((table, _), _)| selecting(option, table)).collect()
    };
    let mut shares = vec![share(&|of| of > 0, "--exclude-table=")];
    let others = (1..processes).map(|n| share(&|of| of == n, "--table="));
    // with no table named it would dump them all
    shares.extend(others.filter(|options| !options.is_empty()));
    archive::side_by_side(&shares, tables.len(), |options| {
        digests_of(url, tools, encoding, tables, options)
    })
}

/// An option with the pattern for one table. In quotes everything stands for itself; it is in the encoding of the dump.
fn selecting(option: &str, table: &dbtask_rows::Table) -> OsString {
    let quoted = |name: &[u8]| {
        [
            b"\"",
            name.split(|b| *b == b'"')
                .collect::<Vec<_>>()
                .join(&b"\"\""[..])
                .as_slice(),
            b"\"",
        ]
        .concat()
    };
    OsString::from_vec([option.as_bytes(), &quoted(&table.schema), b".", &quoted(&table.name)].concat())
}

/// What one process of them dumps.
fn digests_of(
    url: &DatabaseUrl,
    tools: &ClientTools,
    encoding: &str,
    tables: &[dbtask_rows::Table],
    options: &[OsString],
) -> Result<Digests, Error> {
    let mut command = Command::new(tools.bin.join("pg_dump"));
    command
        // large objects are not rows; their option has another long name in each major
        .args(["--no-password", "--section=data", "-B"])
        .arg(format!("--encoding={encoding}"))
        .arg(format!("--dbname={}", url.without_password()))
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = tool::spawn_with(&mut command, Some(url), &tool::FIXED)?;
    let (words, text) = (tool::lines(&mut child), child.stdout.take());
    let (digests, words) = std::thread::scope(|scope| {
        let words = scope.spawn(|| words.collect::<Vec<_>>().join("\n"));
        (archive::digests(text, tables), words.join().unwrap_or_default())
    });
    let status = child
        .wait()
        .map_err(|e| Error::failed("failed to wait for pg_dump").cause(e.to_string()))?;
    let failed = |cause: String| Error::failed("failed to read the restored database").cause(cause);
    if !status.success() {
        return Err(failed(tool::last_lines(&words)));
    }
    digests.map_err(|e| failed(e.to_string()))
}

/// How far a dump is.
struct Course<'a> {
    task: &'a Task<'a>,
    total: u64,
    begun: Instant,
    /// The sizes of the tables that were begun, in their order.
    tables: Vec<u64>,
    progress: Progress,
    /// Asks the server how far it is within a table; only where somebody watches.
    session: Option<Session>,
}

impl<'a> Course<'a> {
    fn new(task: &'a Task<'a>) -> Course<'a> {
        let progress = Progress::new();
        Course {
            task,
            total: task.sizes.values().sum(),
            begun: Instant::now(),
            tables: Vec::new(),
            session: progress
                .is_rewritten()
                .then(|| Session::connect(task.url).ok())
                .flatten(),
            progress,
        }
    }

    fn begins(&mut self, table: &str) {
        self.tables
            .push(self.task.sizes.get(table).copied().unwrap_or_default());
    }

    fn show(&mut self, written: u64) {
        let mut text = format!(
            "backing up: {} of {} tables, {} of about {}, {} written",
            thousands(self.tables.len() as u64),
            thousands(self.task.sizes.len() as u64),
            bytes(self.done()),
            bytes(self.total),
            bytes(written)
        );
        if let Some(left) = time_left(self.begun.elapsed(), self.done(), self.total) {
            let _ = write!(text, ", about {} left", duration(left));
        }
        self.progress.show(&text);
    }

    /// The bytes of the tables that are done, and of the others as far as the server tells.
    fn done(&self) -> u64 {
        let jobs = usize::try_from(self.task.jobs).unwrap_or(1);
        let (done, current) = self.tables.split_at(self.tables.len().saturating_sub(jobs));
        let copied = self.session.as_ref().and_then(copied).unwrap_or_default();
        done.iter().sum::<u64>() + copied.min(current.iter().sum())
    }
}

fn copied(session: &Session) -> Option<u64> {
    let row = session
        .query_one(
            "SELECT coalesce(sum(bytes_processed), 0)::int8 FROM pg_catalog.pg_stat_progress_copy \
             WHERE datname = pg_catalog.current_database() AND command = 'COPY TO'",
            &[],
        )
        .ok()?;
    u64::try_from(row.try_get::<_, i64>(0).ok()?).ok()
}

/// In whole seconds; nothing until enough is done to tell.
fn time_left(elapsed: Duration, done: u64, total: u64) -> Option<Duration> {
    if elapsed < Duration::from_secs(1) || done < total / 50 || done == 0 {
        return None;
    }
    let left = elapsed.as_secs().saturating_mul(total.saturating_sub(done)) / done;
    Some(Duration::from_secs(left.max(1)))
}

/// What to do about pg_dump's words.
fn help_for(words: &str) -> &'static str {
    let known = [
        ("permission denied", PRIVILEGES),
        (
            "No space left",
            "free space where `backups/` lies, then type the command again",
        ),
        // without saying why
        (
            "could not close data file: Success",
            "the disk may be full: free space where `backups/` lies, then type the command again",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_when_enough_is_done() {
        let left = |elapsed, done| time_left(Duration::from_secs(elapsed), done, 1_000);
        assert_eq!(left(0, 500), None);
        assert_eq!(left(10, 10), None);
        assert_eq!(left(10, 250), Some(Duration::from_secs(30)));
        assert_eq!(left(10, 1_000), Some(Duration::from_secs(1)));
    }

    #[test]
    fn the_binary_says_which_compression_it_can_do() {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = std::env::temp_dir().join(format!("dbtask-compression-{}", std::process::id()));
        std::fs::create_dir_all(&bin).unwrap();
        let script = "#!/bin/sh\nfor a; do case $a in --compress=*) m=${a#*=};; esac; done\n\
            case \" $(cat \"${0%/*}/knows\") \" in *\" $m \"*) echo 'pg_dump: error: connection to server on socket failed' >&2;;\n\
            *) echo \"pg_dump: error: this build does not support compression with $m\" >&2;; esac\nexit 1\n";
        std::fs::write(bin.join("pg_dump"), script).unwrap();
        std::fs::set_permissions(bin.join("pg_dump"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let tools = ClientTools {
            bin: bin.clone(),
            version: "18.0".to_owned(),
            major: 18,
        };
        for (knows, expected) in [("zstd:1 lz4", "zstd:1"), ("lz4", "lz4"), ("", "1")] {
            std::fs::write(bin.join("knows"), knows).unwrap();
            assert_eq!(compression(&tools), expected);
        }
        std::fs::remove_dir_all(&bin).unwrap();
    }
}
