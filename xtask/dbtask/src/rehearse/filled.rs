//! A statement that meets no row proves nothing about rows. So a file that changes the rows of empty tables is tried once more
//! on rows that are made up, in a transaction that is rolled back: where the second of two runs changes what the first one
//! made of them, it cannot run twice. The contrary is no proof, and is not taken for one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use dbtask_runner::{Error, Row, Script, Session, SqlError, Type, quote_identifier, sql_error};

use super::Subject;
use super::digest::Digests;
use crate::measure::{AFTER, BEFORE, Relations, Statement};

/// The columns of a table that need a value, or may have one: name, type, category of the type, whether it is an enum,
/// whether it may be NULL, and a text that a CHECK on this column alone names.
const COLUMNS: &str = "\
SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), b.typname::text, b.typcategory::text, NOT a.attnotnull,
  (SELECT pg_catalog.substring(pg_catalog.pg_get_constraintdef(c.oid), '''([^'']*)''') FROM pg_catalog.pg_constraint c
   WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum] LIMIT 1)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.atthasdef
  AND a.attidentity = '' AND a.attgenerated = '' ORDER BY a.attnum";

/// A table, and all that its foreign keys lead to; those first.
const WITH_PARENTS: &str = "\
WITH RECURSIVE tables (oid, depth) AS (
  SELECT pg_catalog.to_regclass($1)::pg_catalog.oid, 0
  UNION SELECT c.confrelid, t.depth + 1 FROM tables t JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid
  WHERE c.contype = 'f' AND c.confrelid <> t.oid AND t.depth < 8)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM tables t JOIN pg_catalog.pg_class c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace GROUP BY 1 ORDER BY max(t.depth) DESC";

/// How many rows a table gets; the last one has NULL wherever that may be.
const ROWS: u32 = 3;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// What a second run changes.
    pub(super) changes: Vec<String>,
    /// What the reader should know.
    pub(super) notes: Vec<String>,
}

/// Tries a file that was applied and changes rows on made-up rows, if it met empty tables.
pub(super) fn try_on_made_up_rows(
    session: &Session,
    subject: Subject<'_>,
    touched: &Relations,
) -> Result<Tried, Error> {
    let failed = |e: SqlError| sql_error("failed to prepare made-up rows", &e);
    let mut tried = Tried::default();
    let empty = empty(session, touched).map_err(failed)?;
    if empty.is_empty() {
        return Ok(tried);
    }
    let unknown = |why: &str| {
        format!(
            "no row of {} is here: whether a second run leaves rows alone {why}; `--from-backup FILE` begins with rows",
            empty.join(", ")
        )
    };
    if !subject.in_transaction {
        tried.notes.push(unknown("is not known"));
        return Ok(tried);
    }
    session.batch(BEFORE).map_err(failed)?;
    session.batch("BEGIN").map_err(failed)?;
    let outcome = in_transaction(session, subject.file, touched, &empty);
    session.batch("ROLLBACK").map_err(failed)?;
    session.batch(AFTER).map_err(failed)?;
    match outcome {
        Ok(Some(changes)) if changes.is_empty() => tried.notes.push(unknown("was tried on made-up rows alone")),
        Ok(Some(changes)) => tried.changes = changes,
        // they may contradict what the file takes for granted: no proof of anything
        Ok(None) => tried.notes.push(unknown("is not known")),
        Err(error) => {
            let causes = error.causes().join("; ");
            tried
                .notes
                .push(unknown(&format!("is not known (on made-up rows: {causes})")));
        }
    }
    Ok(tried)
}

/// The empty ones among the tables that the file changes rows of, or reads.
fn empty(session: &Session, touched: &Relations) -> Result<Vec<String>, SqlError> {
    if !touched.has_changed_rows() {
        return Ok(Vec::new());
    }
    let mut empty = Vec::new();
    for table in touched.tables_used() {
        let exists = session.query_one("SELECT pg_catalog.to_regclass($1) IS NOT NULL", &[(&table, Type::TEXT)])?;
        if exists.try_get(0)?
            && !session
                .query_one(&format!("SELECT EXISTS (SELECT FROM {table})"), &[])?
                .try_get(0)?
        {
            empty.push(table.to_owned());
        }
    }
    Ok(empty)
}

/// What a second run changes; `None` where no row could be made up.
fn in_transaction(
    session: &Session,
    file: Script<'_>,
    touched: &Relations,
    empty: &[String],
) -> Result<Option<Vec<String>>, Error> {
    let failed = |e: SqlError| sql_error("failed on made-up rows", &e);
    // foreign keys that go round in a circle hold up no row that is made up, where the role may say so
    let _ = attempt(session, "SET LOCAL session_replication_role = replica");
    let mut filled = BTreeMap::new();
    for table in empty {
        for row in session.query(WITH_PARENTS, &[(table, Type::TEXT)]).map_err(failed)? {
            let name: String = row.try_get(0).map_err(failed)?;
            if let Entry::Vacant(table) = filled.entry(name) {
                let any = fill(session, table.key())?;
                table.insert(any);
            }
        }
    }
    let _ = attempt(session, "SET LOCAL session_replication_role = origin");
    if !empty.iter().any(|table| filled.get(table) == Some(&true)) {
        return Ok(None);
    }
    let run = || {
        for statement in Statement::all(file) {
            session.send(statement.sql).map_err(failed)?;
        }
        session
            .batch("RESET SESSION AUTHORIZATION; RESET ROLE; SET LOCAL search_path = pg_catalog")
            .map_err(failed)?;
        Digests::of(session, touched).map(Digests::without_sequences)
    };
    let path: String = session
        .query_one("SELECT pg_catalog.current_setting('search_path')", &[])
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    let first = run()?;
    session
        .query(
            "SELECT pg_catalog.set_config('search_path', $1, true)",
            &[(&path, Type::TEXT)],
        )
        .map_err(failed)?;
    let second = run()?;
    Ok(Some(first.changes(&second, &[])))
}

/// Puts rows into a table: of all columns, else of those that must have a value. Whether any is there then.
fn fill(session: &Session, table: &str) -> Result<bool, Error> {
    let failed = |e: SqlError| sql_error("failed to read the columns of a table", &e);
    let columns = session.query(COLUMNS, &[(&table, Type::TEXT)]).map_err(failed)?;
    let columns: Vec<Column> = columns
        .iter()
        .map(Column::read)
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    let mut any = false;
    for number in 1..=ROWS {
        let all = |column: &&Column| number < ROWS || !column.nullable;
        let required = |column: &&Column| !column.nullable;
        let sql = |columns: Vec<&Column>| {
            if columns.is_empty() {
                return format!("INSERT INTO {table} DEFAULT VALUES");
            }
            let names: Vec<String> = columns.iter().map(|column| quote_identifier(&column.name)).collect();
            let values: Vec<String> = columns.iter().map(|column| column.value(number)).collect();
            format!(
                "INSERT INTO {table} ({}) VALUES ({})",
                names.join(", "),
                values.join(", ")
            )
        };
        any |= attempt(session, &sql(columns.iter().filter(all).collect()))
            || attempt(session, &sql(columns.iter().filter(required).collect()));
    }
    Ok(any)
}

/// Whether a statement succeeds; where it fails it leaves no trace.
fn attempt(session: &Session, sql: &str) -> bool {
    let done = session
        .batch(&format!("SAVEPOINT dbtask_row; {sql}; RELEASE SAVEPOINT dbtask_row"))
        .is_ok();
    if !done {
        let _ = session.batch("ROLLBACK TO SAVEPOINT dbtask_row; RELEASE SAVEPOINT dbtask_row");
    }
    done
}

/// A column that is given a value.
struct Column {
    name: String,
    /// As SQL writes it, length included.
    kind: String,
    base: String,
    category: String,
    nullable: bool,
    /// A text that a CHECK names.
    hint: Option<String>,
}

impl Column {
    fn read(row: &Row) -> Result<Column, SqlError> {
        Ok(Column {
            name: row.try_get(0)?,
            kind: row.try_get(1)?,
            base: row.try_get(2)?,
            category: row.try_get(3)?,
            nullable: row.try_get(4)?,
            hint: row.try_get(5)?,
        })
    }

    /// A value as SQL writes it, another one for each row.
    fn value(&self, number: u32) -> String {
        let kind = &self.kind;
        let text = match (self.base.as_str(), self.category.as_str()) {
            ("uuid", _) => format!("00000000-0000-4000-8000-00000000000{number}"),
            ("json" | "jsonb", _) => "{}".to_owned(),
            ("bytea", _) => format!("\\x0{number}"),
            ("time" | "timetz", _) => format!("0{number}:00:00"),
            (_, "N") => number.to_string(),
            (_, "B") => number.is_multiple_of(2).to_string(),
            (_, "D") => format!("2020-01-0{number}"),
            (_, "T") => format!("{number} day"),
            (_, "I") => format!("10.0.0.{number}"),
            (_, "A") => "{}".to_owned(),
            (_, "R") => "empty".to_owned(),
            (_, "E") => return format!("(pg_catalog.enum_range(NULL::{kind}))[1]"),
            (_, "S") => match &self.hint {
                Some(hint) => hint.clone(),
                None => format!("{number}@example.com"),
            },
            _ => return "NULL".to_owned(),
        };
        // a cast cuts a text that is too long
        format!("CAST('{}' AS {kind})", text.replace('\'', "''"))
    }
}
