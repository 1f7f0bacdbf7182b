//! What pg_dump writes, on its way to the disk.
//!
//! pg_restore reads it while it comes, and has the rows out again, of which the digests are made: read afterwards, or asked
//! of the server, they would cost their time once more. What is on the disk in the end is compared with what was read by its
//! checksum.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use super::archive::{self, Digests};
use super::manifest::damaged;
use super::shelf::Content;
use super::tool::Unhurried;
use super::{Archive, Recipient, dump, encryption, shelf, tool};
use dbtask_runner::Error;

/// How much is passed on at once.
const PIECE: usize = 1 << 18;

/// How many pieces wait for their reader at the most, 16 MB: pg_dump, which takes longer on the whole, does not stop whenever
/// the reader does.
const WAITING: usize = 1 << 6;

/// A dump that was read back.
pub(super) struct Written {
    /// What must be in the file, where that is known.
    pub(super) content: Option<Content>,
    pub(super) digests: Digests,
}

/// pg_dump into a file, in the clear or encrypted to a recipient; nothing is on disk in the clear then.
pub(super) fn file(
    task: &dump::Task<'_>,
    recipient: Option<&Recipient>,
    path: &Path,
    is_standby: bool,
) -> Result<Written, Error> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| shelf::io_error("create", path, &e))?;
    let mut sink = Sink::new(file, recipient)?;
    // pg_dump has the processor first: it is the one that all wait for
    let mut command = Command::new("nice");
    command
        .arg("-n19")
        .arg(task.tools.bin.join("pg_restore"))
        .args(archive::AS_TEXT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut reader = tool::spawn(&mut command, None)?;
    let (into_reader, text) = (reader.stdin.take(), reader.stdout.take());
    let mut child = task.start(None, is_standby)?;
    let clear = child.stdout.take();
    let written = AtomicU64::new(0);
    let (passed, fed, digests, dumped) = std::thread::scope(|scope| {
        let (sink, written) = (&mut sink, &written);
        let (into_queue, queue) = std::sync::mpsc::sync_channel(WAITING);
        let feeding = scope.spawn(move || feed(queue, into_reader));
        let passing = scope.spawn(move || pass(clear, sink, &into_queue, written));
        let reading = scope.spawn(|| archive::digests(text, &task.tables));
        let dumped = task.watch(child, &|| written.load(Ordering::Relaxed));
        let digests = reading.join().unwrap_or(Err(ErrorKind::BrokenPipe.into()));
        let passed = passing.join().unwrap_or(Passed::NotRead);
        (passed, feeding.join().ok().flatten(), digests, dumped)
    });
    let (kept, read) = (sink.end(), end("pg_restore", reader));
    match (passed, fed) {
        (Passed::All, Some(content)) => {
            dumped?;
            kept?;
            read.map_err(|e| damaged(path, e.causes().join("\n")))?;
            Ok(Written {
                content: recipient.is_none().then_some(content),
                digests: digests.map_err(|e| damaged(path, e.to_string()))?,
            })
        }
        // whoever did not take what came says why
        (Passed::NotKept(error), _) => {
            kept?;
            Err(shelf::io_error("write", path, &error))
        }
        (Passed::NotRead | Passed::All, _) => {
            read?;
            Err(damaged(path, "pg_restore did not read it to its end".to_owned()))
        }
    }
}

/// pg_dump into a folder that several processes write. In which order is not known before they are done: it is read back then,
/// by as many.
pub(super) fn folder(task: &dump::Task<'_>, path: &Path, is_standby: bool) -> Result<Written, Error> {
    let child = task.start(Some(path), is_standby)?;
    task.watch(child, &|| shelf::size(path))?;
    let readers = usize::try_from(task.jobs).unwrap_or(1);
    let digests = Archive::open(path, None, task.tools.major)?.digests(&task.tables, readers)?;
    Ok(Written { content: None, digests })
}

/// How far the output came.
enum Passed {
    /// To its end.
    All,
    NotKept(std::io::Error),
    NotRead,
}

/// Passes the output on to where it is kept, and then to the queue of who reads it.
fn pass(from: Option<ChildStdout>, sink: &mut Sink, queue: &SyncSender<Vec<u8>>, written: &AtomicU64) -> Passed {
    let Some(from) = from else {
        return Passed::NotRead;
    };
    let mut from = Unhurried::new(from);
    let mut piece = vec![0; PIECE];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        if let Err(error) = sink.write_all(&piece[..n]) {
            return Passed::NotKept(error);
        }
        if queue.send(piece[..n].to_vec()).is_err() {
            return Passed::NotRead;
        }
        written.fetch_add(n as u64, Ordering::Relaxed);
    }
    Passed::All
}

/// Hands what waits in the queue to the reader; what that was, where the reader takes it all.
fn feed(queue: Receiver<Vec<u8>>, into_reader: Option<ChildStdin>) -> Option<Content> {
    let mut into_reader = into_reader?;
    tool::widen(&into_reader);
    let mut content = Content::new();
    for piece in queue {
        into_reader.write_all(&piece).ok()?;
        content.update(&piece);
    }
    Some(content)
}

/// Where the output is kept.
enum Sink {
    File(File),
    /// Its input ends before it is waited for.
    Encrypted(Child, Option<ChildStdin>),
}

impl Sink {
    fn new(file: File, recipient: Option<&Recipient>) -> Result<Sink, Error> {
        let Some(recipient) = recipient else {
            return Ok(Sink::File(file));
        };
        let mut child = tool::spawn(&mut encryption::encrypt(recipient, file)?, None)?;
        let stdin = child.stdin.take();
        Ok(Sink::Encrypted(child, stdin))
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Sink::File(file) => file.write_all(bytes),
            Sink::Encrypted(_, Some(stdin)) => stdin.write_all(bytes),
            Sink::Encrypted(_, None) => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn end(self) -> Result<(), Error> {
        match self {
            Sink::File(_) => Ok(()),
            Sink::Encrypted(child, stdin) => {
                drop(stdin);
                end("age", child)
            }
        }
    }
}

/// Waits until a program has taken everything; an error unless it liked it.
fn end(name: &str, child: Child) -> Result<(), Error> {
    let output = child
        .wait_with_output()
        .map_err(|e| Error::failed(format!("failed to wait for {name}")).cause(e.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::failed(format!("{name} failed ({})", output.status))
        .cause(tool::last_lines(&String::from_utf8_lossy(&output.stderr))))
}
