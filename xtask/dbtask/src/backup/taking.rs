//! Taking a backup: pg_dump in the snapshot, and at the same time what the snapshot holds.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use dbtask_rules::Version;
use dbtask_runner::{DatabaseUrl, Error, SchemaHistory, Session, sql_error};
use serde_json::{Value, json};

use super::manifest::{Manifest, Sealed, TableDigest};
use super::snapshot::{self, Snapshot};
use super::surroundings::Surroundings;
use super::{Archive, Backup, PRIVILEGES, Recipient, Shelf, Wish, dump, encryption, shelf, tool};
use crate::facts::Facts;
use crate::mark::{Mark, Marks};
use crate::output::Output;
use crate::server::client_tools;
use crate::target::Target;

/// Writes a backup under a partial name, and gives it its own when everything has been read back.
pub(super) fn take(target: &Target, shelf: &Shelf, wish: &Wish, output: &Output) -> Result<Backup, Error> {
    let tools = client_tools(target.identity.major)?;
    let version = SchemaHistory::read(&target.session)
        .map_err(|e| e.help(PRIVILEGES))?
        .version();
    let partial = shelf.begin(&target.identity.database, version)?;
    let data = match wish {
        Wish {
            encrypt_to: Some(_), ..
        } => "data.dump.age",
        Wish { jobs: 2.., .. } => "data",
        Wish { .. } => "data.dump",
    };
    let snapshot = Snapshot::take(&target.session, wish.jobs)?;
    output.step("backup", &format!("of {}", target.describe()));
    let stop = AtomicBool::new(false);
    let mut task = dump::Task::of(&snapshot, &tools, &target.url, &stop);
    task.jobs = wish.jobs;
    task.compression = dump::compression(&tools);
    let compression = task.compression;
    let context = Context {
        target,
        version,
        dump: json!({
            "pg_dump": tools.version,
            "format": if wish.jobs > 1 { "directory" } else { "custom" },
            "compression": if compression.starts_with(|c: char| c.is_ascii_digit()) { format!("gzip:{compression}") } else { compression.to_owned() },
            "jobs": wish.jobs,
            "encrypted": wish.encrypt_to.is_some(),
        }),
        data,
    };
    let (files, tables) = side_by_side(
        &snapshot,
        task,
        partial.path(),
        data,
        wish.encrypt_to.as_ref(),
        target.identity.in_recovery,
    )?;
    let manifest = context.manifest(&snapshot, &tables, &files)?;
    drop(snapshot);
    let path = partial.finish(&manifest)?;
    Ok(Backup { path, manifest })
}

/// Dumps, and reads back what was dumped, while the server computes the digests; the first that fails stops the other.
fn side_by_side(
    snapshot: &Snapshot<'_>,
    task: dump::Task<'_>,
    folder: &Path,
    data: &str,
    recipient: Option<&Recipient>,
    is_standby: bool,
) -> Result<(Vec<Sealed>, Vec<TableDigest>), Error> {
    let stop = task.stop;
    let url = task.url.clone();
    let pid = backend(snapshot.session())?;
    let path = folder.join(data);
    let (described, is_described) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let dumping = scope.spawn(move || {
            let files = match recipient {
                Some(recipient) => encrypted(&task, recipient, &path, is_standby),
                None => plain(&task, &path, is_standby),
            };
            // the schema is described when the other end sends, or is dropped
            let _ = is_described.recv();
            let files = files.and_then(|()| shelf::seal(folder));
            let is_first = files.is_err() && !stop.swap(true, Ordering::Relaxed);
            if is_first {
                cancel(&url, pid);
            }
            (files, is_first)
        });
        let schema = describe_schema(snapshot, folder);
        drop(described);
        let tables = schema.and_then(|()| snapshot.digests(&|| !stop.load(Ordering::Relaxed)));
        if tables.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        let (files, is_first) = dumping
            .join()
            .map_err(|_| Error::failed("the thread that dumps came to a sudden end"))?;
        match (files, tables) {
            (Ok(files), Ok(tables)) => Ok((files, tables)),
            (Err(error), _) if is_first => Err(error),
            (_, Err(error)) | (Err(error), Ok(_)) => Err(error),
        }
    })
}

/// Writes `schema.json`: every object of the schema, with what defines it.
fn describe_schema(snapshot: &Snapshot<'_>, folder: &Path) -> Result<(), Error> {
    let facts = Facts::of_transaction(snapshot.session())?;
    shelf::write_private(&folder.join(shelf::SCHEMA), &format!("{:#}\n", facts.to_json()))
}

/// pg_dump into a file or folder, read back by pg_restore.
fn plain(task: &dump::Task<'_>, path: &Path, is_standby: bool) -> Result<(), Error> {
    let child = tool::spawn(&mut task.command(Some(path), is_standby), Some(task.url))?;
    let written = || {
        if path.is_dir() {
            shelf::size(path)
        } else {
            path.metadata().map_or(0, |m| m.len())
        }
    };
    task.watch(child, &written)?;
    Archive::open(path, None, task.tools.major)?.read_in_full()
}

/// pg_dump through age into a file; what is encrypted is read by pg_restore on its way, since only the recipient can
/// read it afterwards. Nothing is on disk in the clear.
fn encrypted(task: &dump::Task<'_>, recipient: &Recipient, path: &Path, is_standby: bool) -> Result<(), Error> {
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::sync::atomic::AtomicU64;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| shelf::io_error("create", path, &e))?;
    let mut encryption = tool::spawn(&mut encryption::encrypt(recipient, file)?, None)?;
    let mut reading = tool::spawn(
        std::process::Command::new(task.tools.bin.join("pg_restore"))
            .arg("--file=/dev/null")
            .stdin(Stdio::piped()),
        None,
    )?;
    let mut child = tool::spawn(task.command(None, is_standby).stdout(Stdio::piped()), Some(task.url))?;
    let (clear, into_age, into_reader) = (child.stdout.take(), encryption.stdin.take(), reading.stdin.take());
    let written = AtomicU64::new(0);
    let dumped = std::thread::scope(|scope| {
        let written = &written;
        scope.spawn(move || {
            let (Some(mut clear), Some(mut into_age), Some(mut into_reader)) = (clear, into_age, into_reader) else {
                return;
            };
            let mut buffer = vec![0; 1 << 16];
            // whoever does not take what comes says why when it ends
            while let Ok(n @ 1..) = clear.read(&mut buffer) {
                if into_age.write_all(&buffer[..n]).is_err() || into_reader.write_all(&buffer[..n]).is_err() {
                    return;
                }
                written.fetch_add(n as u64, Ordering::Relaxed);
            }
        });
        task.watch(child, &|| written.load(Ordering::Relaxed))
    });
    let ends = [("age", encryption), ("pg_restore", reading)].map(|(name, child)| (name, child.wait_with_output()));
    for (name, output) in ends {
        let output = output.map_err(|e| Error::failed(format!("failed to wait for {name}")).cause(e.to_string()))?;
        if !output.status.success() {
            return Err(Error::failed(format!("{name} failed ({})", output.status))
                .cause(tool::last_lines(&String::from_utf8_lossy(&output.stderr))));
        }
    }
    dumped
}

fn backend(session: &Session) -> Result<i32, Error> {
    session
        .query_one("SELECT pg_catalog.pg_backend_pid()", &[])
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error("failed to ask for the session's process", &e))
}

/// Ends the statement of a session of ours. Where that fails, it ends by itself, later.
fn cancel(url: &DatabaseUrl, pid: i32) {
    if let Ok(session) = Session::connect(url) {
        let _ = session.batch(&format!("SELECT pg_catalog.pg_cancel_backend({pid})"));
    }
}

/// What a manifest says beside what the snapshot does.
struct Context<'a> {
    target: &'a Target,
    version: Option<Version>,
    dump: Value,
    data: &'a str,
}

impl Context<'_> {
    fn manifest(&self, snapshot: &Snapshot<'_>, tables: &[TableDigest], files: &[Sealed]) -> Result<Manifest, Error> {
        let session = snapshot.session();
        let identity = &self.target.identity;
        let Surroundings {
            mut database,
            settings,
            roles,
            citus,
        } = Surroundings::read(session)?;
        database["name"] = json!(identity.database);
        database["oid"] = json!(identity.oid);
        database["system_identifier"] = json!(identity.system_identifier.map(|id| id.to_string()));
        let tables: Vec<Value> = tables
            .iter()
            .map(|t| json!({ "table": t.table, "columns": t.columns, "rows": t.rows, "digest": t.digest }))
            .collect();
        let files: Vec<Value> = files
            .iter()
            .map(|f| json!({ "path": f.path, "bytes": f.bytes, "sha256": f.sha256 }))
            .collect();
        Ok(Manifest {
            document: json!({
                "format": 1,
                "dbtask": env!("CARGO_PKG_VERSION"),
                "taken_at": snapshot.taken_at,
                "lsn": snapshot.lsn,
                "migrations": self.version.map(Version::get),
                "server": { "version": identity.version, "address": self.target.place(), "role": identity.user },
                "dump": self.dump,
                "database": database,
                "environment": Marks::read(session, identity)?.mark().map(Mark::name),
                "settings": settings,
                "roles": roles,
                "citus": citus,
                "tables": tables,
                "sequences": snapshot.sequences,
                "large_objects": snapshot::large_objects(session)?,
                "data": self.data,
                "files": files,
                "proof": null,
            }),
        })
    }
}
