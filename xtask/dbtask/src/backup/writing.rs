//! What pg_dump writes, on its way to the disk.
//!
//! It is read while it comes, and the digests are made of the rows that come out again: read afterwards, or asked of the server,
//! they would cost their time once more. What is on the disk in the end is compared with what was read by a hash.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use dbtask_runner::Error;

use super::archive::{self, Digests};
use super::manifest::damaged;
use super::shelf::Content;
use super::tool::Unhurried;
use super::{Archive, Recipient, dump, encryption, shelf, tool};

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
    let mut child = task.start(None, is_standby)?;
    let clear = child.stdout.take();
    let written = AtomicU64::new(0);
    let (passed, read, dumped) = std::thread::scope(|scope| {
        let (sink, written) = (&mut sink, &written);
        let (into_queue, queue) = std::sync::mpsc::sync_channel(WAITING);
        let reading = scope.spawn(move || read_back(Pieces::of(queue), task, path));
        let passing = scope.spawn(move || pass(clear, sink, &into_queue, written));
        let dumped = task.watch(child, &|| written.load(Ordering::Relaxed));
        let sudden = |_| Err(Error::failed("a thread that reads came to a sudden end"));
        let passed = passing.join().unwrap_or(Passed::NotRead);
        (passed, reading.join().unwrap_or_else(sudden), dumped)
    });
    let kept = sink.end();
    match passed {
        Passed::All => {
            dumped?;
            kept?;
            let (content, digests) = read?;
            Ok(Written {
                content: recipient.is_none().then_some(content),
                digests,
            })
        }
        // whoever did not take what came says why
        Passed::NotKept(error) => {
            kept?;
            Err(shelf::io_error("write", path, &error))
        }
        Passed::NotRead => {
            read?;
            Err(damaged(path, "it was not read to its end".to_owned()))
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

/// What waits in the queue, and what it was so far.
struct Pieces {
    queue: Receiver<Vec<u8>>,
    content: Content,
    piece: Vec<u8>,
    /// How much of the piece was handed out.
    at: usize,
}

impl Pieces {
    fn of(queue: Receiver<Vec<u8>>) -> Pieces {
        Pieces {
            queue,
            content: Content::new(),
            piece: Vec::new(),
            at: 0,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.fill_buf()?.read(buffer)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.piece.len() {
            // the queue ends with whoever fills it
            self.piece = self.queue.recv().unwrap_or_default();
            self.at = 0;
            self.content.update(&self.piece);
        }
        Ok(&self.piece[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

/// Reads everything to its end; what it was, and what its rows amount to.
fn read_back(mut pieces: Pieces, task: &dump::Task<'_>, path: &Path) -> Result<(Content, Digests), Error> {
    let beginning = pieces.fill_buf().unwrap_or_default();
    let digests = if dbtask_rows::is_archive(beginning) {
        dbtask_rows::digests_of_archive(&mut pieces, &task.tables).map_err(|e| damaged(path, e.to_string()))?
    } else {
        by_pg_restore(&mut pieces, task, path)?
    };
    Ok((pieces.content, digests))
}

/// As pg_restore reads it.
fn by_pg_restore(pieces: &mut Pieces, task: &dump::Task<'_>, path: &Path) -> Result<Digests, Error> {
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
    let (fed, digests) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| archive::digests(text, &task.tables));
        let fed = into_reader.is_some_and(|into_reader| feed(pieces, into_reader).is_ok());
        (fed, reading.join().unwrap_or(Err(ErrorKind::BrokenPipe.into())))
    });
    end("pg_restore", reader).map_err(|e| damaged(path, e.causes().join("\n")))?;
    if !fed {
        return Err(damaged(path, "pg_restore did not read it to its end".to_owned()));
    }
    digests.map_err(|e| damaged(path, e.to_string()))
}

/// Hands everything to a program.
fn feed(pieces: &mut Pieces, mut into_reader: ChildStdin) -> std::io::Result<()> {
    tool::widen(&into_reader);
    loop {
        let piece = pieces.fill_buf()?;
        let n = piece.len();
        if n == 0 {
            return Ok(());
        }
        into_reader.write_all(piece)?;
        pieces.consume(n);
    }
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
