//! Taking a backup: pg_dump in the snapshot, and at the same time what the snapshot holds.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use dbtask_rules::Version;
use dbtask_runner::{DatabaseUrl, Error, SchemaHistory, Session, sql_error};
use serde_json::{Value, json};

use super::manifest::{Manifest, Sealed, TableDigest, damaged};
use super::snapshot::{self, Snapshot};
use super::surroundings::Surroundings;
use super::{Backup, PRIVILEGES, Recipient, Shelf, Wish, dump, shelf, writing};
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
            let read = if task.jobs > 1 {
                writing::folder(&task, &path, is_standby).map(|()| None)
            } else {
                writing::file(&task, recipient, &path, is_standby)
            };
            // the schema is described when the other end sends, or is dropped
            let _ = is_described.recv();
            let files = read.and_then(|sha256| seal(folder, data, sha256));
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

/// Has everything on the disk, and reads it to its end. The dump must be what went there, where that is known.
fn seal(folder: &Path, data: &str, sha256: Option<String>) -> Result<Vec<Sealed>, Error> {
    let files = shelf::seal(folder)?;
    let is_it = |file: &&Sealed| file.path == data;
    match (files.iter().find(is_it), sha256) {
        (Some(file), Some(sha256)) if file.sha256 != sha256 => Err(damaged(
            &folder.join(data),
            "what is on the disk is not what was written".to_owned(),
        )),
        _ => Ok(files),
    }
}

/// Writes `schema.json`: every object of the schema, with what defines it.
fn describe_schema(snapshot: &Snapshot<'_>, folder: &Path) -> Result<(), Error> {
    let facts = Facts::of_transaction(snapshot.session())?;
    shelf::write_private(&folder.join(shelf::SCHEMA), &format!("{:#}\n", facts.to_json()))
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
                "server": { "version": identity.version, "address": identity.place(), "role": identity.user },
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
