//! The one message that carries a file: its SQL, the history row and the checks, in one transaction.
//!
//! Everything in it is on one round trip. What stands before the file's text limits how long it may queue for a lock;
//! what stands behind it makes sure that the transaction is still the one that was begun, and that the session which
//! comes out of it is the one that went in.
//!
//! A large file goes in several messages, still in one transaction: the client copies a message twice on its way, and
//! the server takes none of a gigabyte.

use std::borrow::Cow;
use std::time::Duration;

use dbtask_rules::statements;

use crate::Condition;

/// A file up to this size goes in one message; a larger one in several of about that size.
const PIECE: usize = 4 << 20;

/// The setting whose local value lives as long as the transaction: gone, and the file ended it.
const MARK: &str = "dbtask.file";

/// What the guard's error begins with; the server puts it in quotes into its own text.
pub(crate) const GUARD: &str = "dbtask: ";

/// Makes the session again what it was at its start: the settings, the temporary objects, what it listens to.
/// (`DISCARD ALL` cannot be one of several statements, and would let the lock go.)
const RESET: &str = "RESET ALL;UNLISTEN *;CLOSE ALL;DISCARD TEMP";

/// The guard, and the caller's condition, as prepared statements: analysed once, not for every file.
const PREPARED: &str = "dbtask_guard";
const PREPARED_CONDITION: &str = "dbtask_condition";

/// How long one try may wait for a lock, and run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) lock_timeout: Duration,
    /// `None`: as long as it takes.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Limits {
    /// `SET …`, each with its semicolon, but for those that a file set itself.
    pub(crate) fn settings_but(&self, own_lock: bool, own_statement: bool) -> String {
        let mut sql = String::new();
        if !own_lock {
            sql = format!("SET lock_timeout={};", self.lock_timeout.as_millis());
        }
        if let (false, Some(timeout)) = (own_statement, self.statement_timeout) {
            sql.push_str(&format_timeout("", timeout));
        }
        sql
    }

    /// `SET LOCAL …`, each with its semicolon, and how many they are.
    pub(crate) fn settings(&self) -> (String, usize) {
        let mut sql = format!("SET LOCAL lock_timeout={};", self.lock_timeout.as_millis());
        let mut n = 1;
        if let Some(timeout) = self.statement_timeout {
            sql.push_str(&format_timeout("LOCAL ", timeout));
            n += 1;
        }
        (sql, n)
    }
}

fn format_timeout(scope: &str, timeout: Duration) -> String {
    format!("SET {scope}statement_timeout={};", timeout.as_millis())
}

/// What a message asks the server to check, by prepared statements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checks<'a> {
    /// The migration lock's key.
    pub(crate) lock: i64,
    pub(crate) condition: Option<&'a Condition>,
}

impl Checks<'_> {
    /// Asks for the caller's condition, with its semicolon; empty where there is none.
    pub(crate) fn condition(&self) -> String {
        self.condition
            .map_or_else(String::new, |_| format!("EXECUTE {PREPARED_CONDITION};"))
    }

    /// Prepares the checks, in place of whatever was prepared.
    pub(crate) fn prepare(&self) -> String {
        let condition = self.condition.map_or_else(String::new, |condition| {
            format!(";PREPARE {PREPARED_CONDITION} AS {}", condition.statement())
        });
        format!("DEALLOCATE ALL;PREPARE {PREPARED} AS {}{condition}", guard(self.lock))
    }

    /// What makes a session again what it was, outside of a transaction of its own.
    pub(crate) fn reset(&self) -> String {
        format!("RESET SESSION AUTHORIZATION;{RESET};{}", self.prepare())
    }
}

/// What is sent for a file, in order.
pub(crate) struct Message<'a> {
    pub(crate) parts: Vec<Part<'a>>,
}

/// One message, and where the file's text lies in it.
pub(crate) struct Part<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Where in the file its text begins, if it carries any.
    pub(crate) start: Option<usize>,
    /// Characters before the file's text.
    pub(crate) prefix_characters: usize,
    /// Statements before the file's first.
    pub(crate) prefix_statements: usize,
}

impl<'a> Message<'a> {
    /// The message for a file's `sql` with refinery's `history_row`. `standard` is the server's
    /// `standard_conforming_strings`. Where it `pauses`, the last part is what commits, alone.
    pub(crate) fn new(
        sql: &'a str,
        history_row: &str,
        limits: Limits,
        checks: Checks<'_>,
        standard: bool,
        pauses: bool,
    ) -> Message<'a> {
        let (settings, n) = limits.settings();
        let condition = checks.condition();
        let prefix = format!("BEGIN;{settings}SET LOCAL {MARK}='1';{condition}");
        let prefix_statements = n + 2 + usize::from(checks.condition.is_some());
        let forgets = mentions(sql, &["deallocate", "discard"]);
        let guard = if forgets {
            guard(checks.lock)
        } else {
            format!("EXECUTE {PREPARED}")
        };
        let again = if forgets || mentions(sql, &["prepare"]) {
            format!(";{}", checks.prepare())
        } else {
            String::new()
        };
        // The line break ends a comment on the file's last line; the semicolon, its last statement.
        let mut suffix = format!("\n;RESET SESSION AUTHORIZATION;{guard};{history_row};");
        let commit = format!("COMMIT;{RESET}{again}");
        // whatever was done in between, the transaction is still the one that was begun
        let commit = if pauses {
            Some(format!("{guard};{commit}"))
        } else {
            suffix.push_str(&commit);
            None
        };
        let frame = |text: String, statements: usize| Part {
            text: Cow::Owned(text),
            start: None,
            prefix_characters: 0,
            prefix_statements: statements,
        };
        let mut parts = Vec::new();
        if sql.len() > PIECE {
            let piece = |start: usize, end: usize| Part {
                text: Cow::Borrowed(&sql[start..end]),
                start: Some(start),
                prefix_characters: 0,
                prefix_statements: 0,
            };
            let starts = cuts(sql, PIECE, standard);
            let ends = starts.iter().skip(1).copied().chain([sql.len()]);
            parts.push(frame(prefix, prefix_statements));
            parts.extend(starts.iter().zip(ends).map(|(&start, end)| piece(start, end)));
            parts.push(frame(suffix, 0));
        } else {
            let mut text = String::with_capacity(prefix.len() + sql.len() + suffix.len());
            text.push_str(&prefix);
            text.push_str(sql);
            text.push_str(&suffix);
            parts.push(Part {
                text: Cow::Owned(text),
                start: Some(0),
                prefix_characters: prefix.len(),
                prefix_statements,
            });
        }
        parts.extend(commit.map(|commit| frame(commit, 0)));
        Message { parts }
    }
}

/// Where the pieces of a text begin that are at most `size` long, each cut where a statement begins. A statement that is
/// longer by itself is a piece of its own.
fn cuts(sql: &str, size: usize, standard: bool) -> Vec<usize> {
    let mut starts = vec![0];
    let mut start = 0;
    for statement in statements::each(sql, standard) {
        if statement.end - start > size && statement.start > start {
            start = statement.start;
            starts.push(start);
        }
    }
    starts
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

/// Whether one of the words, in lower case, is in the text, in whatever case.
fn mentions(sql: &str, words: &[&str]) -> bool {
    // piece by piece, so that a large text is not held twice; each reaches into the next by more than a word
    let mut rest = sql;
    loop {
        let lower = rest[..rest.floor_char_boundary(SEARCHED + LONGEST_WORD)].to_ascii_lowercase();
        if words.iter().any(|word| lower.contains(word)) {
            return true;
        }
        if rest.len() <= SEARCHED {
            return false;
        }
        rest = &rest[rest.floor_char_boundary(SEARCHED)..];
    }
}

/// How much of a text is searched at a time.
const SEARCHED: usize = 1 << 16;

/// More than any word that is searched.
const LONGEST_WORD: usize = 32;

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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        lock_timeout: Duration::from_millis(50),
        statement_timeout: None,
    };

    #[test]
    fn a_text_is_cut_where_statements_begin_and_loses_nothing() {
        let sql = "-- head\nSELECT 'a;b'; /* c */ SELECT 2;\nSELECT 'a longer one than that'; SELECT 4 -- end";
        let cut = |size| {
            let starts = cuts(sql, size, true);
            let ends = starts.iter().skip(1).copied().chain([sql.len()]);
            starts.iter().zip(ends).map(|(&a, b)| &sql[a..b]).collect::<Vec<_>>()
        };
        assert_eq!(
            cut(24),
            [
                "-- head\nSELECT 'a;b'; /* c */ ",
                "SELECT 2;\n",
                "SELECT 'a longer one than that'; ",
                "SELECT 4 -- end"
            ]
        );
        for size in 0..sql.len() {
            assert_eq!(cut(size).concat(), sql);
        }
        assert_eq!(cut(sql.len()), [sql]);
    }

    #[test]
    fn a_word_is_found_wherever_it_stands() {
        for before in [
            0,
            1,
            SEARCHED - 9,
            SEARCHED - 8,
            SEARCHED,
            SEARCHED + LONGEST_WORD - 3,
            3 * SEARCHED - 4,
        ] {
            let sql = format!("{}Deallocate ALL", "ä".repeat(before / 2) + &"x".repeat(before % 2));
            assert!(mentions(&sql, &["deallocate"]), "{before}");
            assert!(!mentions(&sql, &["discard"]), "{before}");
        }
    }

    #[test]
    fn a_large_file_is_one_transaction_of_several_messages() {
        let sql = format!("SELECT '{}';\n", "x".repeat(1 << 20)).repeat(10);
        let message = Message::new(
            &sql,
            "INSERT",
            LIMITS,
            Checks {
                lock: 1,
                condition: None,
            },
            true,
            false,
        );
        let texts: Vec<&str> = message.parts.iter().map(|part| &*part.text).collect();
        let (first, last) = (texts[0], texts[texts.len() - 1]);
        assert!(first.starts_with("BEGIN;") && last.contains("INSERT;COMMIT;"));
        assert_eq!(texts[1..texts.len() - 1].concat(), sql);
        assert!(texts.len() == 6 && texts.iter().all(|text| text.len() <= PIECE));
    }
}
