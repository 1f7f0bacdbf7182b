//! A file that was edited after it was applied is recorded as it is now: nothing of it is executed.

use dbtask_rules::MigrationFile;
use tokio_postgres::types::Type;

use crate::journal::{self, Event};
use crate::{Applied, Divergent, Error, MigrationLock, SchemaHistory, Session, preflight, sql_error};

/// Why a history is repaired, and on whose word.
#[derive(Debug, Clone, Copy)]
pub struct Repair<'a> {
    /// Why, in words.
    pub reason: &'a str,
    /// As whom somebody is logged in on this machine, where that is known.
    pub account: Option<&'a str>,
}

/// What changes one row, unless somebody else changed it first, and notes it.
fn statement(history: &str, journal: &str) -> String {
    format!(
        "WITH repaired AS (UPDATE {history} SET name = $1, checksum = $2 \
           WHERE version = $3 AND name = $4 AND checksum = $5 RETURNING version) \
         INSERT INTO {journal} (event, version, checksum, details) \
         SELECT '{}', version, $2, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('role', session_user, \
           'account', $6, 'reason', $7, 'before', pg_catalog.jsonb_build_object('name', $4, 'checksum', $5))) \
         FROM repaired RETURNING id",
        Event::Repair.word()
    )
}

impl Repair<'_> {
    /// Gives the rows of `edited` files the names and checksums that these have now, all of them in one transaction or
    /// none, with an entry in the journal for each. No row is added or deleted; when it was applied stays.
    pub fn record(
        self,
        session: &Session,
        _lock: &MigrationLock<'_>,
        history: &SchemaHistory,
        edited: &[Divergent<'_>],
    ) -> Result<(), Error> {
        let unchanged = |e: Error| e.state("nothing was changed");
        preflight::check(session, history).map_err(unchanged)?;
        let Some(table) = history.table() else {
            return Err(unchanged(Error::failed("there is no schema history to repair")));
        };
        let journal = journal::beside(table);
        let preparation = journal::preparation(session, &journal).map_err(unchanged)?;
        let begin = format!("BEGIN;SET LOCAL lock_timeout='5s';{}", preparation.unwrap_or_default());
        let failed = |e| sql_error(format!("failed to repair the schema history `{table}`"), &e);
        let sql = statement(table, &journal);
        let recorded = session.batch(&begin).map_err(failed).and_then(|()| {
            for Divergent { file, applied } in edited {
                self.record_one(session, &sql, file, applied)?;
            }
            Ok(())
        });
        if let Err(error) = recorded {
            let _ = session.batch("ROLLBACK");
            return Err(unchanged(error));
        }
        session.batch("COMMIT").map_err(|e| {
            let error = failed(e);
            if session.is_closed() {
                error
                    .state("it is not known whether the history was repaired: all of it or nothing")
                    .help("when the server answers again, `cargo xtask db:status` says it")
            } else {
                unchanged(error)
            }
        })
    }

    fn record_one(self, session: &Session, sql: &str, file: &MigrationFile, applied: &Applied) -> Result<(), Error> {
        let (old, new) = (applied.checksum.to_string(), file.checksum().to_string());
        let rows = session.query(
            sql,
            &[
                (&file.name().description(), Type::TEXT),
                (&new, Type::TEXT),
                (&applied.version, Type::INT4),
                (&applied.name, Type::TEXT),
                (&old, Type::TEXT),
                (&self.account, Type::TEXT),
                (&self.reason, Type::TEXT),
            ],
        );
        let rows = rows.map_err(|e| sql_error(format!("failed to repair the row of `{}`", file.path()), &e))?;
        if rows.len() == 1 {
            return Ok(());
        }
        Err(Error::failed(format!(
            "the history's row of `{}` is not what it was a moment ago",
            file.path()
        ))
        .cause("somebody changed it who does not take the migration lock")
        .help("type the command again"))
    }
}
