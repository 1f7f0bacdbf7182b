//! What a caller asks of the database in each transaction that changes it: such as that nobody has marked it as
//! production since it was looked at.

use crate::message::GUARD;
use crate::{Error, SqlError, SqlState};

/// What the error of a condition that does not hold says behind [`GUARD`].
const WORD: &str = "condition";

/// Something that the server itself has to find true before a transaction changes anything.
#[derive(Debug, Clone)]
pub struct Condition {
    expression: String,
    refusal: Error,
}

impl Condition {
    /// A boolean expression of SQL, with its names qualified, and the error where it is not true.
    pub fn new(expression: impl Into<String>, refusal: Error) -> Condition {
        Condition {
            expression: expression.into(),
            refusal,
        }
    }

    /// The statement that fails where the condition does not hold, and with it the message and the transaction that it
    /// stands in.
    ///
    /// The error is that of a text which is no number: an expression needs no function, and no language, of the database.
    /// The process's number in it keeps the server from working it out before it is asked.
    pub fn statement(&self) -> String {
        format!(
            "SELECT CASE WHEN ({}) IS NOT TRUE \
             THEN CAST(pg_catalog.concat('{GUARD}{WORD} ',pg_catalog.pg_backend_pid()) AS pg_catalog.int4) END",
            self.expression
        )
    }

    /// The error for a message that began with the statement, where the condition did not hold.
    pub fn refusal(&self, error: &SqlError) -> Option<Error> {
        let server = error.as_db_error()?;
        let says_so = server.message().contains(&format!("{GUARD}{WORD}"));
        says_so.then(|| self.refusal.clone())
    }

    /// As [`Condition::refusal`], where nothing but the condition can have failed: what it reads may be gone, too.
    pub fn refusal_of_itself(&self, error: &SqlError) -> Option<Error> {
        let gone = [
            SqlState::UNDEFINED_TABLE,
            SqlState::UNDEFINED_COLUMN,
            SqlState::INVALID_SCHEMA_NAME,
            SqlState::INSUFFICIENT_PRIVILEGE,
        ];
        self.refusal(error).or_else(|| {
            let server = error.as_db_error().filter(|server| gone.contains(server.code()))?;
            Some(self.refusal.clone().cause(server.message()))
        })
    }
}
