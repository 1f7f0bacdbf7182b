//! Taking a backup: pg_dump in the snapshot, and what comes out of its dump again.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use dbtask_rules::Version;
use dbtask_runner::{Error, SchemaHistory};
use serde_json::{Value, json};

use super::archive::Digests;
use super::manifest::{FORMAT, Manifest, Sealed, TableDigest};
use super::snapshot::{self, Snapshot, Table};
use super::surroundings::Surroundings;
use super::writing::{self, Written};
use super::{Backup, PRIVILEGES, Recipient, Shelf, Wish, dump, shelf};
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
    let snapshot = Snapshot::take(&target.session)?;
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
    let path = partial.path();
    let recipient = wish.encrypt_to.as_ref();
    let written = side_by_side(&snapshot, &task, path, data, recipient, target.identity.in_recovery)?;
    let tables = tables(&snapshot.tables, &written.digests)?;
    let files = shelf::seal(path, written.content.as_ref().map(|content| (data, content)))?;
    let manifest = context.manifest(&snapshot, &tables, &files)?;
    drop(snapshot);
    let path = partial.finish(&manifest)?;
    Ok(Backup { path, manifest })
}

/// Dumps, and reads back what was dumped, while the schema is described.
fn side_by_side(
    snapshot: &Snapshot<'_>,
    task: &dump::Task<'_>,
    folder: &Path,
    data: &str,
    recipient: Option<&Recipient>,
    is_standby: bool,
) -> Result<Written, Error> {
    let path = folder.join(data);
    std::thread::scope(|scope| {
        let dumping = scope.spawn(move || {
            if task.jobs > 1 {
                writing::folder(task, &path, is_standby)
            } else {
                writing::file(task, recipient, &path, is_standby)
            }
        });
        let schema = describe_schema(snapshot, folder);
        if schema.is_err() {
            task.stop.store(true, Ordering::Relaxed);
        }
        let written = dumping
            .join()
            .map_err(|_| Error::failed("the thread that dumps came to a sudden end"))?;
        schema.and(written)
    })
}

/// The digests as a manifest has them. Each table of the snapshot's that holds rows must be in the dump; where pg_dump has
/// partitions loaded by their root, as it does where equal values may be in another one after a restore, the root is.
fn tables(tables: &[Table], digests: &Digests) -> Result<Vec<TableDigest>, Error> {
    let dumped = || tables.iter().zip(digests).filter(|(_, digest)| digest.is_some());
    let is_dumped = |identity: &String| dumped().any(|(table, _)| table.identity == *identity);
    let lost: Vec<&str> = tables
        .iter()
        .zip(digests)
        .filter(|(table, digest)| table.has_rows && digest.is_none())
        .filter(|(table, _)| !table.root.as_ref().is_some_and(is_dumped))
        .map(|(table, _)| table.identity.as_str())
        .collect();
    if !lost.is_empty() {
        return Err(Error::failed("pg_dump left tables out").cause(lost.join("\n")));
    }
    let of = |(table, digest): (&Table, &Option<_>)| TableDigest::of(table, digest.unwrap_or_default());
    Ok(dumped().map(of).collect())
}

/// Writes `schema.json`: every object of the schema, with what defines it.
fn describe_schema(snapshot: &Snapshot<'_>, folder: &Path) -> Result<(), Error> {
    let facts = Facts::of_transaction(snapshot.session())?;
    shelf::write_private(&folder.join(shelf::SCHEMA), &format!("{:#}\n", facts.to_json()))
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
                "format": FORMAT,
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
