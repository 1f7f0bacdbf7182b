//! The schema history: refinery's own table, read without its panics.

use dbtask_rules::Version;
use refinery::Migration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::types::Type;

use crate::{Error, Session, sql_error};

/// The table's name, as refinery has it by default.
pub const HISTORY_TABLE: &str = "refinery_schema_history";

/// One row of the history: a file that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The file's version.
    pub version: i32,
    /// The file's description, as it was then.
    pub name: String,
    /// When, as refinery wrote it (RFC 3339).
    pub applied_on: OffsetDateTime,
    /// refinery's checksum over name, version and text.
    pub checksum: u64,
}

impl Applied {
    /// The row as refinery's type.
    pub(crate) fn to_refinery(&self) -> Migration {
        Migration::applied(self.version, self.name.clone(), self.applied_on, self.checksum)
    }

    /// When it was applied, to the second, in UTC.
    pub fn applied_at(&self) -> String {
        let t = self.applied_on.to_offset(time::UtcOffset::UTC);
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

/// What was applied to a database, in order of version.
#[derive(Debug, Clone, Default)]
pub struct SchemaHistory {
    table: Option<String>,
    applied: Vec<Applied>,
}

impl SchemaHistory {
    /// Reads the history, with SELECT only. A database without the table has an empty history.
    pub fn read(session: &Session) -> Result<SchemaHistory, Error> {
        let failed = |e| sql_error("failed to look for the schema history", &e);
        let found = session
            .query(
                "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.oid = pg_catalog.to_regclass($1)",
                &[(&HISTORY_TABLE, Type::TEXT)],
            )
            .map_err(failed)?;
        let Some(row) = found.first() else {
            return Ok(SchemaHistory::default());
        };
        let table: String = row.try_get(0).map_err(failed)?;
        let applied = read_rows(session, &table)?;
        Ok(SchemaHistory {
            table: Some(table),
            applied,
        })
    }

    /// The table's qualified name; `None` where there is none yet.
    pub fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// What was applied, in order of version.
    pub fn applied(&self) -> &[Applied] {
        &self.applied
    }

    /// The highest version applied.
    pub fn version(&self) -> Option<Version> {
        self.applied.last().and_then(|a| Version::new(a.version))
    }
}

fn read_rows(session: &Session, table: &str) -> Result<Vec<Applied>, Error> {
    let failed = |e| sql_error(format!("failed to read the schema history `{table}`"), &e);
    // The casts let a table of another shape be named as such instead of failing inside the client.
    let rows = session
        .query(
            &format!(
                "SELECT version::int8, name::text, applied_on::text, checksum::text FROM {table} ORDER BY version ASC"
            ),
            &[],
        )
        .map_err(failed)?;
    let mut applied = Vec::with_capacity(rows.len());
    for row in rows {
        let version: i64 = row.try_get(0).map_err(failed)?;
        let text = |column| {
            row.try_get::<_, Option<String>>(column)
                .map(Option::unwrap_or_default)
                .map_err(failed)
        };
        applied.push(parse_row(table, version, text(1)?, &text(2)?, &text(3)?)?);
    }
    Ok(applied)
}

fn parse_row(table: &str, version: i64, name: String, applied_on: &str, checksum: &str) -> Result<Applied, Error> {
    let broken = |what: String| {
        Error::failed(format!(
            "the schema history `{table}` has a row that was not written by refinery"
        ))
        .cause(format!("version {version}: {what}"))
        .help(format!(
            "look at it: `SELECT * FROM {table} WHERE version = {version}`, then put it right or delete it"
        ))
    };
    Ok(Applied {
        version: i32::try_from(version).map_err(|_| broken("the version does not fit an int4".to_owned()))?,
        applied_on: OffsetDateTime::parse(applied_on, &Rfc3339)
            .map_err(|_| broken(format!("`applied_on` is `{applied_on}`, which is no RFC 3339 time")))?,
        checksum: checksum
            .parse()
            .map_err(|_| broken(format!("`checksum` is `{checksum}`, which is no u64")))?,
        name,
    })
}
