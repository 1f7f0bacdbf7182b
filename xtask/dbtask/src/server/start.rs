//! Starting a server, and waiting until it takes connections.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use dbtask_runner::Error;

use super::data::unstartable;
use super::postmaster::{GLANCE, retire};
use super::{Account, DataFolder, Installation, io_error, last_lines};

/// How long a start may take: on a loaded machine, or after a crash, longer than a moment.
pub(super) const START: Duration = Duration::from_mins(1);
/// How long sessions that outlived their server may take to notice.
const ORPHANS: Duration = Duration::from_secs(30);
/// A log that is longer than this is started afresh.
const LONGEST_LOG: u64 = 10_000_000;

/// What a start needs.
pub(super) struct Start<'a> {
    pub(super) installation: &'a Installation,
    pub(super) account: &'a Account,
    pub(super) data: &'a DataFolder,
    pub(super) port: u16,
    pub(super) log: &'a Path,
}

/// How one attempt ended.
enum Attempt {
    Ready,
    /// It ended by itself, with these words.
    Failed(String),
    /// It is still at it.
    Slow,
}

impl Start<'_> {
    /// Starts the server. It goes on when this process ends.
    pub(super) fn run(&self) -> Result<(), Error> {
        retire(self.data.path(), self.account)?;
        let begun = Instant::now();
        loop {
            match self.attempt()? {
                Attempt::Ready => return Ok(()),
                Attempt::Slow => return Err(self.slow()),
                Attempt::Failed(words) => {
                    // sessions of an earlier server still hold its shared memory
                    let orphans = words.contains("pre-existing shared memory block");
                    if !orphans {
                        return Err(self.failed(&words));
                    }
                    if begun.elapsed() > ORPHANS {
                        return Err(self.failed(&words).help(
                            "sessions of an earlier run are still at work: `ps -ef | grep 'postgres:'` lists them; end them with `kill`",
                        ));
                    }
                    std::thread::sleep(GLANCE * 10);
                }
            }
        }
    }

    /// Not ended by force: after a crash it may have much to recover, and would never get through.
    fn slow(&self) -> Error {
        let version = &self.installation.version;
        Error::failed(format!(
            "the private server (PostgreSQL {version}) is not ready after {} s",
            START.as_secs()
        ))
        .state("it goes on starting")
        .help(format!("see what it does: `tail '{}'`", self.log.display()))
        .help("type the command again to wait on, or `cargo xtask db:down` to stop it")
    }

    fn failed(&self, words: &str) -> Error {
        let log = self.log.display();
        Error::failed(format!(
            "the private server (PostgreSQL {}) does not start",
            self.installation.version
        ))
        .cause(if words.is_empty() {
            "it says nothing".to_owned()
        } else {
            words.to_owned()
        })
        .help(format!("see its log: `tail '{log}'`"))
        .help("or start over, without the data: `cargo xtask db:down --delete`, then `cargo xtask db:up`")
    }

    fn attempt(&self) -> Result<Attempt, Error> {
        let (log, before) = self.open_log()?;
        let again = log.try_clone().map_err(|e| io_error("open", self.log, &e))?;
        // `pg_ctl start` would hand the paths to a shell, and wait in steps of 100 ms.
        let mut child = self
            .account
            .command(&self.installation.program("postgres"))
            .args(self.data.arguments(self.port))
            .stdout(log)
            .stderr(again)
            // out of reach of a Ctrl-C that is meant for this command
            .process_group(0)
            .spawn()
            .map_err(|e| unstartable(self.installation, "postgres", &e))?;
        let begun = Instant::now();
        while begun.elapsed() < START {
            let postmaster = self.data.postmaster();
            if postmaster.is_some_and(|postmaster| postmaster.ready && postmaster.pid == child.id()) {
                return Ok(Attempt::Ready);
            }
            if child.try_wait().is_ok_and(|status| status.is_some()) {
                return Ok(Attempt::Failed(self.words_since(before)?));
            }
            std::thread::sleep(GLANCE);
        }
        Ok(Attempt::Slow)
    }

    /// The log, and how long it was.
    fn open_log(&self) -> Result<(File, u64), Error> {
        let failed = |e: std::io::Error| io_error("open", self.log, &e);
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.log)
            .map_err(failed)?;
        if log.metadata().map_err(failed)?.len() > LONGEST_LOG {
            log.set_len(0).map_err(failed)?;
        }
        let length = log.metadata().map_err(failed)?.len();
        Ok((log, length))
    }

    /// The last lines of what was logged after the first `before` bytes.
    fn words_since(&self, before: u64) -> Result<String, Error> {
        let mut bytes = Vec::new();
        File::open(self.log)
            .and_then(|mut log| {
                log.seek(SeekFrom::Start(before))?;
                log.read_to_end(&mut bytes)
            })
            .map_err(|e| io_error("read", self.log, &e))?;
        Ok(last_lines(&String::from_utf8_lossy(&bytes)))
    }
}
