//! The one message that carries a file: its SQL, the history row and the checks, in one transaction.
//!
//! Everything in it is on one round trip. What stands before the file's text limits how long it may queue for a lock;
//! what stands behind it makes sure that the transaction is still the one that was begun, and that the session which
//! comes out of it is the one that went in.

use std::time::Duration;

/// The setting whose local value lives as long as the transaction: gone, and the file ended it.
const MARK: &str = "dbtask.file";

/// What the guard's error begins with; the server puts it in quotes into its own text.
pub(crate) const GUARD: &str = "dbtask: ";

/// Makes the session again what it was at its start: the settings, the temporary objects, what it listens to.
/// (`DISCARD ALL` cannot be one of several statements, and would let the lock go.)
const RESET: &str = "RESET ALL;UNLISTEN *;CLOSE ALL;DISCARD TEMP";

/// The guard as a prepared statement: analysed once, not for every file.
const PREPARED: &str = "dbtask_guard";

/// How long one try may wait for a lock, and run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) lock_timeout: Duration,
    /// `None`: as long as it takes.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Limits {
    /// `SET LOCAL …`, each with its semicolon, and how many they are.
    pub(crate) fn settings(&self, scope: &str) -> (String, usize) {
        let mut sql = format!("SET {scope}lock_timeout={};", self.lock_timeout.as_millis());
        let mut n = 1;
        if let Some(timeout) = self.statement_timeout {
            sql.push_str(&format_timeout(scope, timeout));
            n += 1;
        }
        (sql, n)
    }
}

fn format_timeout(scope: &str, timeout: Duration) -> String {
    format!("SET {scope}statement_timeout={};", timeout.as_millis())
}

/// A message, and where the file's text lies in it.
pub(crate) struct Message {
    pub(crate) text: String,
    /// Characters before the file's text.
    pub(crate) prefix_characters: usize,
    /// Statements before the file's first.
    pub(crate) prefix_statements: usize,
}

impl Message {
    /// The message for a file's `sql` with refinery's `history_row`.
    pub(crate) fn new(sql: &str, history_row: &str, limits: Limits, lock: i64) -> Message {
        let (settings, n) = limits.settings("LOCAL ");
        let prefix = format!("BEGIN;{settings}SET LOCAL {MARK}='1';");
        let mentions = |words: &[&str]| mentions(sql, words);
        let guard = if mentions(&["deallocate", "discard"]) {
            guard(lock)
        } else {
            format!("EXECUTE {PREPARED}")
        };
        let again = if mentions(&["deallocate", "discard", "prepare"]) {
            format!(";{}", prepare(lock))
        } else {
            String::new()
        };
        // The line break ends a comment on the file's last line; the semicolon, its last statement.
        let suffix = format!("\n;RESET SESSION AUTHORIZATION;{guard};{history_row};COMMIT;{RESET}{again}");
        let mut text = String::with_capacity(prefix.len() + sql.len() + suffix.len());
        text.push_str(&prefix);
        text.push_str(sql);
        text.push_str(&suffix);
        Message {
            text,
            prefix_characters: prefix.len(),
            prefix_statements: n + 2,
        }
    }
}

/// Fails, and with it the whole message, when the file ended the transaction, or let the migration lock go and
/// somebody else has it now. Where nobody has, it is taken again: what is held twice does no harm.
///
/// The error is that of a text which is no number: an expression needs no function, and no language, of the database.
fn guard(lock: i64) -> String {
    format!(
        "SELECT CASE WHEN pg_catalog.current_setting('{MARK}',true) IS DISTINCT FROM '1' \
         THEN CAST(pg_catalog.concat('{GUARD}transaction ',pg_catalog.current_setting('{MARK}',true)) AS pg_catalog.int4) \
         WHEN NOT pg_catalog.pg_try_advisory_lock({lock}) \
         THEN CAST(pg_catalog.concat('{GUARD}lock ',pg_catalog.current_setting('{MARK}',true)) AS pg_catalog.int4) END"
    )
}

/// Prepares the guard, in place of whatever was prepared.
pub(crate) fn prepare(lock: i64) -> String {
    format!("DEALLOCATE ALL;PREPARE {PREPARED} AS {}", guard(lock))
}

/// What makes a session again what it was, outside of a transaction of its own.
pub(crate) fn reset(lock: i64) -> String {
    format!("RESET SESSION AUTHORIZATION;{RESET};{}", prepare(lock))
}

/// Whether one of the words, in lower case, is in the text, in whatever case.
fn mentions(sql: &str, words: &[&str]) -> bool {
    let lower = sql.to_ascii_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// Which of the guard's two reasons an error's text gives.
pub(crate) fn guard_reason(message: &str) -> Option<GuardReason> {
    let at = message.find(GUARD)? + GUARD.len();
    Some(if message[at..].starts_with("transaction") {
        GuardReason::Transaction
    } else {
        GuardReason::Lock
    })
}

/// Why the guard stopped a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuardReason {
    /// The transaction is not the one that was begun.
    Transaction,
    /// Another session has the migration lock.
    Lock,
}
