//! What is asked before the first write: can this server, this role and this connection carry migrations at all?

use tokio_postgres::types::Type;

use crate::history::refuse_int8_versions;
use crate::lock::KEY;
use crate::{Error, HISTORY_TABLE, SchemaHistory, Session, quote_identifier, sql_error};

/// What the server says of itself and of this session, in one round trip.
const ASK: &str = "\
SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.pg_is_in_recovery() AS in_recovery,
  pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only,
  pg_catalog.current_setting('standard_conforming_strings') = 'on' AS standard_strings,
  current_schema()::text AS schema, current_user::text AS role,
  coalesce(pg_catalog.has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
  CASE WHEN $1 THEN pg_catalog.has_table_privilege(pg_catalog.to_regclass($2), 'INSERT') END AS may_record,
  (SELECT a.atttypid FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = pg_catalog.to_regclass($2) AND a.attname = 'version') AS version_type,
  EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') AS citus";

/// The same on the second connection: the backend that serves it, and whether it gets the lock that the first one has.
const PROBE: &str = "SELECT pg_catalog.pg_backend_pid() = $1, pg_catalog.pg_try_advisory_lock(";

/// What the preflight found out.
#[derive(Debug, Clone)]
pub(crate) struct Preflight {
    /// This session's backend.
    pub(crate) pid: i32,
    /// The server's `standard_conforming_strings`.
    pub(crate) standard_strings: bool,
}

/// Asks, while the migration lock is held, and refuses what cannot end well.
pub(crate) fn check(session: &Session, history: &SchemaHistory) -> Result<Preflight, Error> {
    let failed = |e| sql_error("failed to ask the server what it can do", &e);
    let exists = history.table().is_some();
    let table = history.table().unwrap_or(HISTORY_TABLE);
    let row = session
        .query_one(ASK, &[(&exists, Type::BOOL), (&table, Type::TEXT)])
        .map_err(failed)?;
    let is = |column: &str| row.try_get::<_, bool>(column).map_err(failed);
    let version_type: Option<u32> = row.try_get("version_type").map_err(failed)?;
    if let Some(version_type) = version_type.and_then(Type::from_oid) {
        // one without rows was not looked at when it was read
        refuse_int8_versions(table, &version_type)?;
    }
    let preflight = Preflight {
        pid: row.try_get("pid").map_err(failed)?,
        standard_strings: is("standard_strings")?,
    };
    if is("in_recovery")? {
        return Err(refused("this server is a standby: it takes no writes")
            .help("point DATABASE_URL at the primary, or add `target_session_attrs=read-write` to it"));
    }
    if is("read_only")? {
        return Err(refused("this session is read only (`default_transaction_read_only`)")
            .help("take it from the role (`ALTER ROLE … RESET default_transaction_read_only`), the database or DATABASE_URL"));
    }
    let role: String = row.try_get("role").map_err(failed)?;
    let schema: Option<String> = row.try_get("schema").map_err(failed)?;
    check_privileges(
        &role,
        schema.as_deref(),
        is("may_create")?,
        row.try_get("may_record").map_err(failed)?,
        table,
    )?;
    if is("citus")? {
        check_citus(session)?;
    }
    check_pooler(session, &preflight)?;
    Ok(preflight)
}

fn refused(message: impl Into<String>) -> Error {
    Error::refused(message).state("nothing was applied")
}

/// The history has to be written, and created first where there is none.
fn check_privileges(
    role: &str,
    schema: Option<&str>,
    may_create: bool,
    may_record: Option<bool>,
    table: &str,
) -> Result<(), Error> {
    let role = quote_identifier(role);
    match (schema, may_record) {
        (_, Some(true)) => Ok(()),
        (_, Some(false)) => Err(
            refused(format!("{role} may not write the schema history `{table}`")).help(format!(
                "let its owner run `GRANT SELECT, INSERT ON {table} TO {role}`, or connect as the owner"
            )),
        ),
        (None, None) => Err(
            refused("no schema of the search_path exists, so there is none for the schema history")
                .help("`CREATE SCHEMA public`, or set the search_path of the role: `ALTER ROLE … SET search_path = …`"),
        ),
        (Some(_), None) if may_create => Ok(()),
        (Some(schema), None) => {
            let schema = quote_identifier(schema);
            Err(refused(format!("{role} may not create tables in the schema {schema}"))
                .help(format!("let the schema's owner run `GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}`, or connect as the owner")))
        }
    }
}

/// A Citus worker takes a plain CREATE TABLE without a word, and the coordinator never hears of it.
fn check_citus(session: &Session) -> Result<(), Error> {
    let failed = |e| sql_error("failed to ask Citus which node this is", &e);
    let knows = "SELECT pg_catalog.to_regprocedure('citus_is_coordinator()') IS NOT NULL";
    let knows: bool = session
        .query_one(knows, &[])
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    if !knows {
        return Ok(());
    }
    let coordinator = session
        .query_one("SELECT citus_is_coordinator()", &[])
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    if coordinator {
        return Ok(());
    }
    Err(
        refused("this is a worker of a Citus cluster: a migration here would not reach the others")
            .help("point DATABASE_URL at the coordinator"),
    )
}

/// Behind a pooler in transaction mode two clients both hold the lock, and on some engines advisory locks are stubs.
fn check_pooler(session: &Session, preflight: &Preflight) -> Result<(), Error> {
    let probe = format!("{PROBE}{KEY})");
    // Where a second connection is not to be had (a role's CONNECTION LIMIT), there is nothing to compare.
    let Some(row) = session.ask_from_outside(&probe, preflight.pid) else {
        return Ok(());
    };
    let is = |i: usize| row.try_get::<_, bool>(i).unwrap_or(false);
    if is(0) {
        return Err(pooler());
    }
    if is(1) {
        // one that was ended meanwhile holds nothing any more
        session
            .batch("SELECT 1")
            .map_err(|e| sql_error("failed to look for a pooler", &e))?;
        return Err(refused("two sessions hold one advisory lock at the same time")
            .cause("a pooler in transaction mode stands before the server, or this engine's advisory locks are stubs")
            .help(DIRECT));
    }
    Ok(())
}

/// Where to go instead.
const DIRECT: &str = "write the server's own address into `.env` as DIRECT_DATABASE_URL: it is used for migrations, DATABASE_URL for all else";

/// The error for a pooler, which refuses start-up options or mixes sessions up.
pub(crate) fn pooler() -> Error {
    refused("a pooler in transaction mode stands before the server")
        .cause("sessions are mixed up there: a lock would be nobody's, and a SET everybody's")
        .help(DIRECT)
}
