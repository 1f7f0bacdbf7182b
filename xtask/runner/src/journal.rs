//! What refinery's history cannot hold: how far a file without a transaction got, and what was done to the history.
//!
//! One table of ours beside the history, `dbtask_journal`, made when it is first needed. It is only ever added to.
//!
//! | column | what it says |
//! |---|---|
//! | `id`, `at` | the order of the entries, and when each was made |
//! | `event` | what happened: a word of [`Event`] |
//! | `version` | the file's; NULL for what has none |
//! | `statement`, `invalid_before` | of a statement of a file without a transaction: its number from 0, the INVALID indexes before it |
//! | `checksum` | of the statement, or of the file |
//! | `details` | what else there is to say of an event, as one JSON object |
//!
//! A new event is a new word, with keys of its own in `details`; it needs no new column. An entry that somebody is
//! answerable for has `role`, the database role, and `account`, as whom that person was logged in on the machine that
//! the command ran on, by that machine's word. What each event has besides stands at its variant.

use std::collections::BTreeMap;

use dbtask_rules::RepeatableFile;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Error, SchemaHistory, Session, sql_error};

/// The table's name, in the schema of the history.
pub(crate) const JOURNAL_TABLE: &str = "dbtask_journal";

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A statement is about to be sent.
    Begin,
    /// A statement was carried out.
    Done,
    /// The server refused a statement: it was not carried out.
    Refused,
    /// The file is finished: what was noted before is history, should its number ever come again.
    Complete,
    /// A repeatable file was carried out; the entry is made in its transaction. `details`: `role`, and `name`, the
    /// file's.
    Repeatable,
    /// A file that was edited after it was applied was recorded as it is now. `details`: `role`, `account`, `reason`,
    /// and `before`, the `name` and the `checksum` that the history had; `checksum` has the new one.
    Repair,
    /// A file was applied by `db:apply`; where it has a transaction, the entry is made in it. A repeatable one has its entry
    /// of that kind, too, right before this one, which has its `name`. `details`: `role`, `account`,
    /// `host` and `client`, the machine and its address as the server sees it, `commit`, of git, `backup`, the folder of the
    /// backup that was proven before, `plan`, the fingerprint of the schema before, `seconds`; and of the database
    /// `environment`, what it was marked as, `system` and `database`, the identity of its server and its own.
    Apply,
    /// A file was applied by `db:push` to a database that is marked staging. `details`: as of [`Event::Apply`], without `backup`,
    /// `plan` and `seconds`.
    Push,
}

impl Event {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Event::Begin => "begin",
            Event::Done => "done",
            Event::Refused => "refused",
            Event::Complete => "complete",
            Event::Repeatable => "repeatable",
            Event::Repair => "repair",
            Event::Apply => "apply",
            Event::Push => "push",
        }
    }
}

/// The journal's name, qualified, beside the history `history_table`.
pub(crate) fn beside(history_table: &str) -> String {
    let schema = history_table.rsplit_once('.').map(|(schema, _)| schema);
    schema.map_or(JOURNAL_TABLE.to_owned(), |schema| format!("{schema}.{JOURNAL_TABLE}"))
}

/// What a journal lacks of today's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lacking {
    Nothing,
    /// It was made before there were `details`, and a version was always known.
    Details,
    Everything,
}

fn lacking(session: &Session, table: &str) -> Result<Lacking, Error> {
    let ask = "SELECT pg_catalog.to_regclass($1) IS NOT NULL, EXISTS (SELECT FROM pg_catalog.pg_attribute \
               WHERE attrelid = pg_catalog.to_regclass($1) AND attname = 'details' AND NOT attisdropped)";
    let row = session.query_one(ask, &[(&table, Type::TEXT)]);
    row.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .map(|found| match found {
            (false, _) => Lacking::Everything,
            (true, false) => Lacking::Details,
            (true, true) => Lacking::Nothing,
        })
        .map_err(|e| sql_error(format!("failed to look for the journal `{table}`"), &e))
}

/// The journal beside a history, qualified, where there is one of today's shape.
pub(crate) fn find(session: &Session, history: &SchemaHistory) -> Result<Option<String>, Error> {
    let Some(table) = history.table().map(beside) else {
        return Ok(None);
    };
    Ok((lacking(session, &table)? == Lacking::Nothing).then_some(table))
}

/// The statement that gives the journal `table` today's shape; none where it has it.
pub(crate) fn preparation(session: &Session, table: &str) -> Result<Option<String>, Error> {
    Ok(match lacking(session, table)? {
        Lacking::Nothing => None,
        Lacking::Details => Some(addition(table)),
        Lacking::Everything => Some(creation(table)),
    })
}

/// The statement that gives a journal today's shape, whatever there is: for people to read and for psql.
pub(crate) fn any_preparation(table: &str) -> String {
    format!("{};\n{}", creation(table), addition(table))
}

/// The statement that notes that a repeatable file was carried out, to go with it. The name needs no quoting: it is of
/// lower-case letters, digits and underscores.
pub(crate) fn repeatable_row(table: &str, file: &RepeatableFile) -> String {
    format!(
        "INSERT INTO {table} (event, checksum, details) VALUES ('{}', '{}', \
         pg_catalog.jsonb_build_object('name', '{}', 'role', session_user))",
        Event::Repeatable.word(),
        file.checksum(),
        file.name()
    )
}

fn addition(table: &str) -> String {
    format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS details jsonb, ALTER COLUMN version DROP NOT NULL")
}

fn creation(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
         at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), event text NOT NULL, \
         version int4, statement int4, checksum text, invalid_before oid[], details jsonb)"
    )
}

/// The files that were repaired, by version and by the checksum that they had before.
pub(crate) fn repaired(session: &Session, history: &SchemaHistory) -> Result<Vec<(i32, String)>, Error> {
    let Some(table) = find(session, history)? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT version, details->'before'->>'checksum' FROM {table} WHERE event = '{}'",
        Event::Repair.word()
    );
    let failed = |e| sql_error(format!("failed to read the journal `{table}`"), &e);
    let rows = session.query(&sql, &[]).map_err(failed)?;
    let read = |row: &Row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?));
    rows.iter().map(read).collect()
}

/// What is known of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// It was carried out; else it was begun and nobody knows.
    pub(crate) done: bool,
    /// refinery's checksum over its text.
    pub(crate) checksum: String,
    /// The INVALID indexes that there were before it was begun, by object identifier.
    pub(crate) invalid_before: Vec<u32>,
}

/// The journal of one file.
pub(crate) struct Journal<'a> {
    session: &'a Session,
    table: String,
    version: i32,
}

impl<'a> Journal<'a> {
    /// The journal beside the history `history_table`, made where there is none.
    pub(crate) fn open(session: &'a Session, history_table: &str, version: i32) -> Result<Journal<'a>, Error> {
        let table = beside(history_table);
        if let Lacking::Everything = lacking(session, &table)? {
            session.batch(&creation(&table)).map_err(|e| {
                sql_error(format!("failed to create the journal `{table}`"), &e)
                    .state("nothing of the file was applied")
            })?;
        }
        Ok(Journal {
            session,
            table,
            version,
        })
    }

    /// What is known of the file's statements, by their number from 0.
    pub(crate) fn steps(&self) -> Result<BTreeMap<usize, Step>, Error> {
        let failed = |e| sql_error(format!("failed to read the journal `{}`", self.table), &e);
        let rows = self
            .session
            .query(
                &format!(
                    "SELECT DISTINCT ON (statement) statement, event, checksum, invalid_before FROM {0} \
                     WHERE version = $1 AND statement IS NOT NULL \
                     AND id > coalesce((SELECT max(id) FROM {0} WHERE version = $1 AND event = 'complete'), 0) \
                     ORDER BY statement, id DESC",
                    self.table
                ),
                &[(&self.version, Type::INT4)],
            )
            .map_err(failed)?;
        let events = rows
            .iter()
            .map(|row| row.try_get::<_, &str>(1).map(|event| (row, event)).map_err(failed));
        events
            .filter(|event| !matches!(event, Ok((_, word)) if *word == Event::Refused.word()))
            .map(|event| {
                let (row, event) = event?;
                let number: i32 = row.try_get(0).map_err(failed)?;
                let invalid: Option<Vec<u32>> = row.try_get(3).map_err(failed)?;
                let step = Step {
                    done: event == Event::Done.word(),
                    checksum: row.try_get(2).map_err(failed)?,
                    invalid_before: invalid.unwrap_or_default(),
                };
                Ok((usize::try_from(number).unwrap_or(0), step))
            })
            .collect()
    }

    /// Notes something of the statement `number`.
    pub(crate) fn note(
        &self,
        event: Event,
        number: usize,
        checksum: &str,
        invalid_before: &[u32],
    ) -> Result<(), Error> {
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        self.session
            .query(
                &format!(
                    "INSERT INTO {} (event, version, statement, checksum, invalid_before) VALUES ($1, $2, $3, $4, $5)",
                    self.table
                ),
                &[
                    (&event.word(), Type::TEXT),
                    (&self.version, Type::INT4),
                    (&number, Type::INT4),
                    (&checksum, Type::TEXT),
                    (&invalid_before, Type::OID_ARRAY),
                ],
            )
            .map(drop)
            .map_err(|e| sql_error(format!("failed to write the journal `{}`", self.table), &e))
    }

    /// The statement that notes that the statement `number` was carried out, to go with it.
    pub(crate) fn done(&self, number: usize, checksum: &str) -> String {
        format!(
            "INSERT INTO {} (event, version, statement, checksum) VALUES ('{}', {}, {number}, '{checksum}')",
            self.table,
            Event::Done.word(),
            self.version
        )
    }

    /// The statement that closes the file's entries, to go with its history row.
    pub(crate) fn completion(&self) -> String {
        format!(
            "INSERT INTO {} (event, version) VALUES ('{}', {})",
            self.table,
            Event::Complete.word(),
            self.version
        )
    }
}
