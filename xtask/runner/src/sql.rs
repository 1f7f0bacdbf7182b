//! Words about SQL errors, and SQL's own quoting.

use tokio_postgres::error::{DbError, SqlState};

use crate::Error;
use crate::connection_error::sql_causes;

/// An error of the server's with its SQLSTATE, detail and hint as causes, and what to do where that is known.
pub fn sql_error(message: impl Into<String>, error: &tokio_postgres::Error) -> Error {
    let shown = sql_causes(error).into_iter().fold(Error::failed(message), Error::cause);
    help(error).into_iter().fold(shown, Error::help)
}

/// What to do about an error, by its SQLSTATE (PostgreSQL, "Error Codes").
fn help(error: &tokio_postgres::Error) -> Option<String> {
    let Some(server) = error.as_db_error() else {
        return Some("the connection was lost: is the server up? type the command again".to_owned());
    };
    let text = match *server.code() {
        SqlState::INSUFFICIENT_PRIVILEGE => permission(server),
        SqlState::READ_ONLY_SQL_TRANSACTION => "connect to the primary, or take `default_transaction_read_only` from the role or the URL".to_owned(),
        SqlState::DUPLICATE_TABLE => "to let the file run twice: `CREATE TABLE IF NOT EXISTS` (`CREATE INDEX IF NOT EXISTS` for an index)".to_owned(),
        SqlState::DUPLICATE_COLUMN => "to let the file run twice: `ADD COLUMN IF NOT EXISTS`".to_owned(),
        SqlState::DUPLICATE_OBJECT | SqlState::DUPLICATE_FUNCTION | SqlState::DUPLICATE_SCHEMA => {
            "it exists already: guard it with IF NOT EXISTS or OR REPLACE, or with a DO block that asks the catalog".to_owned()
        }
        SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN | SqlState::UNDEFINED_OBJECT | SqlState::UNDEFINED_FUNCTION | SqlState::INVALID_SCHEMA_NAME => {
            "look for a typing error, or for a migration with a higher number that creates it".to_owned()
        }
        SqlState::DEPENDENT_OBJECTS_STILL_EXIST => {
            "drop in order: first the foreign keys and views that hang on it, then change it, then create them again".to_owned()
        }
        SqlState::UNIQUE_VIOLATION => "rows that are there already contradict it: `ON CONFLICT DO NOTHING` for seed data, or clean the rows up first".to_owned(),
        SqlState::INVALID_TABLE_DEFINITION if server.message().contains("view") => {
            "CREATE OR REPLACE VIEW adds columns at the end, and changes none: put `DROP VIEW IF EXISTS` before it (views that hang on it go first, and are made again)".to_owned()
        }
        SqlState::INVALID_FUNCTION_DEFINITION if server.message().starts_with("cannot ") => {
            "CREATE OR REPLACE changes neither the type that a function returns nor the names of its parameters: put `DROP FUNCTION IF EXISTS` before it".to_owned()
        }
        SqlState::NOT_NULL_VIOLATION | SqlState::CHECK_VIOLATION | SqlState::FOREIGN_KEY_VIOLATION => {
            "rows that are there already contradict it: correct them earlier in the file".to_owned()
        }
        SqlState::ACTIVE_SQL_TRANSACTION => "this statement cannot run in a transaction, and a migration file is one".to_owned(),
        SqlState::OUT_OF_MEMORY => "one transaction takes too many locks: split the file, or raise max_locks_per_transaction".to_owned(),
        SqlState::LOCK_NOT_AVAILABLE => "another session holds a lock on it: end that one, or try again".to_owned(),
        SqlState::STATEMENT_TOO_COMPLEX => too_deep(),
        SqlState::SYNTAX_ERROR if server.message().starts_with("memory exhausted") => too_deep(),
        SqlState::DISK_FULL => "free space on the server's disk, then type the command again".to_owned(),
        _ => return None,
    };
    Some(text)
}

/// What the server's parser calls "memory exhausted", or "stack depth limit exceeded" where it comes later.
fn too_deep() -> String {
    "its parentheses, calls or sub-queries are nested too deep for the server: write it flat, or as several statements"
        .to_owned()
}

/// The GRANT that is missing, as far as the server's words tell: `permission denied for schema public`.
fn permission(server: &DbError) -> String {
    let object = server.message().strip_prefix("permission denied for ");
    match object.and_then(|o| o.split_once(' ')) {
        Some(("schema", name)) => {
            format!("let its owner run `GRANT USAGE, CREATE ON SCHEMA {name} TO ROLE`, or connect as the owner")
        }
        Some(("database", name)) => {
            format!("let its owner run `GRANT CREATE ON DATABASE {name} TO ROLE`, or connect as the owner")
        }
        Some(("table", name)) => format!(
            "let its owner run `GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO ROLE`, or connect as the owner"
        ),
        _ if server.message().starts_with("permission denied to create database") => {
            "let a superuser run `ALTER ROLE … CREATEDB`, or create the database for you".to_owned()
        }
        _ => "connect as the owner of the object, or let the owner GRANT the privilege".to_owned(),
    }
}

/// A name as an SQL identifier: `my "table"` becomes `"my ""table"""`.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
