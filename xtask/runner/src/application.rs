//! Who applied a file, from where, and what it stood on: an entry in the journal, and how entries are read.

use std::time::Duration;

use tokio_postgres::types::Type;

use crate::journal::{self, Event};
use crate::{Error, SchemaHistory, Session, Unit, sql_error};

/// What is recorded of a file that `db:apply` applies.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// As whom somebody is logged in on the machine that the command runs on, where that is known.
    pub account: Option<String>,
    /// That machine's name.
    pub host: Option<String>,
    /// The commit of git that the files are of.
    pub commit: Option<String>,
    /// The backup that was proven before.
    pub backup: Option<String>,
    /// The fingerprint of the schema that it was planned for, where there was a plan.
    pub plan: Option<String>,
    /// What the database was marked as.
    pub environment: Option<String>,
    /// The identity of its server, as that tells it. With the database's own, which is recorded, too, the entry is known for
    /// another database's in a copy.
    pub system_identifier: Option<i64>,
}

/// The database's object identifier.
const DATABASE: &str =
    "(SELECT d.oid::int8 FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())";

impl Application {
    /// Notes in the journal beside the history `table`, qualified, which is made where there is none, that the file was applied
    /// by `db:apply`; `elapsed` is what it took. In the file's own transaction it is there exactly where the file is.
    pub fn record(&self, session: &Session, table: &str, file: Unit<'_>, elapsed: Duration) -> Result<(), Error> {
        self.note(Event::Apply, session, table, file, Some(elapsed))
    }

    /// As [`Application::record`], of a file that `db:push` applied.
    pub fn record_push(&self, session: &Session, table: &str, file: Unit<'_>) -> Result<(), Error> {
        self.note(Event::Push, session, table, file, None)
    }

    fn note(
        &self,
        event: Event,
        session: &Session,
        table: &str,
        file: Unit<'_>,
        elapsed: Option<Duration>,
    ) -> Result<(), Error> {
        let journal = journal::beside(table);
        let failed = |e| sql_error(format!("failed to write the journal `{journal}`"), &e);
        if let Some(sql) = journal::preparation(session, &journal)? {
            session.batch(&sql).map_err(failed)?;
        }
        let sql = format!(
            "INSERT INTO {journal} (event, version, checksum, details) \
             VALUES ('{}', $1, $2, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('name', $9, 'role', session_user, \
             'account', $3, 'host', $4, 'client', pg_catalog.host(pg_catalog.inet_client_addr()), 'commit', $5, \
             'backup', $6, 'plan', $7, 'seconds', $8, 'environment', $10, 'system', $11, 'database', {DATABASE})))",
            event.word()
        );
        let (version, checksum, name) = match file {
            Unit::Versioned(file) => (Some(file.version().get()), file.checksum(), None),
            Unit::Repeatable(file) => (None, file.checksum(), Some(file.name())),
        };
        let seconds = elapsed.map(|elapsed| elapsed.as_secs_f64());
        session
            .query(
                &sql,
                &[
                    (&version, Type::INT4),
                    (&checksum.to_string(), Type::TEXT),
                    (&self.account, Type::TEXT),
                    (&self.host, Type::TEXT),
                    (&self.commit, Type::TEXT),
                    (&self.backup, Type::TEXT),
                    (&self.plan, Type::TEXT),
                    (&seconds, Type::FLOAT8),
                    (&name, Type::TEXT),
                    (&self.environment, Type::TEXT),
                    (&self.system_identifier.map(|system| system.to_string()), Type::TEXT),
                ],
            )
            .map(drop)
            .map_err(failed)
    }
}

/// An entry of the journal that somebody is answerable for.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When, to the second, in UTC.
    pub at: String,
    /// `apply`, `push`, `repair` or `repeatable`.
    pub event: String,
    /// The file's version; `None` for a repeatable one.
    pub version: Option<i32>,
    /// The file's checksum, as it was then.
    pub checksum: Option<String>,
    /// What else there is, as a JSON object.
    pub details: String,
}

/// Reads those entries, oldest first, with SELECT only.
pub fn journal_entries(session: &Session, history: &SchemaHistory) -> Result<Vec<Entry>, Error> {
    let Some(table) = journal::find(session, history)? else {
        return Ok(Vec::new());
    };
    let words =
        [Event::Apply, Event::Push, Event::Repair, Event::Repeatable].map(|event| format!("'{}'", event.word()));
    let sql = format!(
        "SELECT pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', event, version, \
         checksum, coalesce(details, '{{}}')::text FROM {table} WHERE event IN ({}) ORDER BY id",
        words.join(", ")
    );
    let failed = |e| sql_error(format!("failed to read the journal `{table}`"), &e);
    let rows = session.query(&sql, &[]).map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                at: row.try_get(0).map_err(failed)?,
                event: row.try_get(1).map_err(failed)?,
                version: row.try_get(2).map_err(failed)?,
                checksum: row.try_get(3).map_err(failed)?,
                details: row.try_get(4).map_err(failed)?,
            })
        })
        .collect()
}
