//! What a statement is, as far as its first words tell.

use crate::statements::{Lexer, Token};

/// The kinds of statement that are carried out in a way of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// It begins, ends or prepares a transaction: the word.
    Transaction(&'static str),
    /// `CREATE INDEX CONCURRENTLY`.
    CreateIndexConcurrently {
        /// The index, as written; `None` where the server chooses the name.
        index: Option<String>,
        /// The table, as written.
        table: String,
    },
    /// `REINDEX … CONCURRENTLY`.
    ReindexConcurrently,
    /// `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
    DetachConcurrently {
        /// The partitioned table, as written.
        table: String,
        /// The partition, as written.
        partition: String,
    },
    /// Another one that waits for others without keeping readers or writers out: `DROP INDEX CONCURRENTLY`,
    /// `REFRESH … CONCURRENTLY`, `VACUUM`.
    Patient,
    /// It sets something of the session: `SET`, `RESET`, `LOAD`, `PREPARE`, `DEALLOCATE`, `LISTEN`, `DISCARD`.
    Session,
    /// It makes the session another role's: `SET ROLE`, `SET SESSION AUTHORIZATION`.
    Role,
    /// It changes rows: `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `WITH`, `TRUNCATE`.
    Rows,
    /// `COPY … FROM STDIN` (or TO STDOUT), whose data only psql sends.
    CopyOverConnection,
    /// Anything else.
    Other,
}

/// The words that end a transaction, or begin one, at the head of a statement.
const TRANSACTION: [&str; 6] = ["begin", "start", "commit", "end", "abort", "rollback"];

impl Command {
    /// Reads the head of one statement.
    pub fn of(statement: &str) -> Command {
        let words = Words::of(statement);
        let first = words.lower(0);
        if let Some(word) = TRANSACTION.iter().find(|word| **word == first) {
            return match (*word, words.lower(1).as_str()) {
                // a savepoint's
                ("rollback", "to") => Command::Other,
                ("rollback", "work" | "transaction") if words.lower(2) == "to" => Command::Other,
                _ => Command::Transaction(word),
            };
        }
        match (first.as_str(), words.lower(1).as_str()) {
            ("copy", _) if Words::all(statement).copies_over_connection() => Command::CopyOverConnection,
            ("prepare", "transaction") => Command::Transaction("prepare transaction"),
            ("set", "role" | "session") if words.has("role") || words.has("authorization") => Command::Role,
            ("set", "local") if words.lower(2) == "role" => Command::Role,
            ("set" | "reset" | "load" | "prepare" | "deallocate" | "listen" | "unlisten" | "discard", _) => {
                Command::Session
            }
            ("insert" | "update" | "delete" | "merge" | "with" | "truncate", _) => Command::Rows,
            ("create", "index" | "unique") => words.create_index(),
            ("reindex", _) if words.has("concurrently") => Command::ReindexConcurrently,
            ("vacuum", _) if !words.has("full") => Command::Patient,
            ("alter", "table") => words.detach().unwrap_or(Command::Other),
            ("drop" | "alter" | "refresh", _) if words.has("concurrently") => Command::Patient,
            _ => Command::Other,
        }
    }
}

/// The words, names and signs of a statement, without its comments; a long one is cut.
struct Words<'a>(Vec<&'a str>);

/// More than the head of any statement above.
const HEAD: usize = 40;

impl<'a> Words<'a> {
    fn of(statement: &'a str) -> Words<'a> {
        Words::read(statement, HEAD)
    }

    fn read(statement: &'a str, most: usize) -> Words<'a> {
        let is_piece = |token: &Token| !matches!(token, Token::LineComment | Token::BlockComment);
        let pieces = Lexer::new(statement).filter(|(token, _)| is_piece(token));
        Words(pieces.take(most).map(|(_, range)| &statement[range]).collect())
    }

    /// The whole of a statement.
    fn all(statement: &'a str) -> Words<'a> {
        Words::read(statement, usize::MAX)
    }

    fn copies_over_connection(&self) -> bool {
        self.has("stdin") || self.has("stdout")
    }

    fn lower(&self, i: usize) -> String {
        self.0.get(i).map(|word| word.to_ascii_lowercase()).unwrap_or_default()
    }

    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|w| w.eq_ignore_ascii_case(word))
    }

    /// `CREATE [UNIQUE] INDEX CONCURRENTLY [[IF NOT EXISTS] name] ON [ONLY] table`.
    fn create_index(&self) -> Command {
        let mut at = if self.lower(1) == "unique" { 3 } else { 2 };
        if self.lower(at) != "concurrently" {
            return Command::Other;
        }
        at += 1;
        if self.lower(at) == "if" {
            at += 3;
        }
        let mut index = None;
        if self.lower(at) != "on" {
            index = self.0.get(at).map(|name| (*name).to_owned());
            at += 1;
        }
        at += if self.lower(at + 1) == "only" { 2 } else { 1 };
        let (table, _) = self.name(at);
        Command::CreateIndexConcurrently { index, table }
    }

    /// `ALTER TABLE [IF EXISTS] [ONLY] table [*] DETACH PARTITION partition CONCURRENTLY`.
    fn detach(&self) -> Option<Command> {
        let mut at = if self.lower(2) == "if" { 4 } else { 2 };
        if self.lower(at) == "only" {
            at += 1;
        }
        let (table, mut at) = self.name(at);
        if self.lower(at) == "*" {
            at += 1;
        }
        if (self.lower(at).as_str(), self.lower(at + 1).as_str()) != ("detach", "partition") {
            return None;
        }
        let (partition, end) = self.name(at + 2);
        (self.lower(end) == "concurrently").then_some(Command::DetachConcurrently { table, partition })
    }

    /// The name that begins with the word `at`, with its schema, and the number of the word behind it.
    fn name(&self, mut at: usize) -> (String, usize) {
        let mut name = self.0.get(at).copied().unwrap_or_default().to_owned();
        while self.lower(at + 1) == "." {
            name = format!("{name}.{}", self.0.get(at + 2).copied().unwrap_or_default());
            at += 2;
        }
        (name, at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_transaction_is_known() {
        for (sql, word) in [
            ("COMMIT", "commit"),
            ("/* x */ begin isolation level serializable", "begin"),
            ("Start Transaction", "start"),
            ("END", "end"),
            ("ABORT", "abort"),
            ("ROLLBACK AND CHAIN", "rollback"),
            ("PREPARE TRANSACTION 'x'", "prepare transaction"),
        ] {
            assert_eq!(Command::of(sql), Command::Transaction(word), "{sql}");
        }
        for sql in [
            "ROLLBACK TO SAVEPOINT a",
            "ROLLBACK WORK TO a",
            "SAVEPOINT a",
            "SELECT 'COMMIT'",
            "DO $$BEGIN END$$",
        ] {
            assert_eq!(Command::of(sql), Command::Other, "{sql}");
        }
    }

    #[test]
    fn a_copy_of_many_columns_is_one_too() {
        let columns: Vec<String> = (0..60).map(|i| format!("c{i}")).collect();
        let sql = format!("COPY t ({}) FROM STDIN", columns.join(", "));
        assert_eq!(Command::of(&sql), Command::CopyOverConnection);
    }

    #[test]
    fn a_concurrent_index_is_read() {
        let create = |index: Option<&str>, table: &str| Command::CreateIndexConcurrently {
            index: index.map(str::to_owned),
            table: table.to_owned(),
        };
        for (sql, command) in [
            ("CREATE INDEX CONCURRENTLY i ON t (a)", create(Some("i"), "t")),
            (
                "create unique index concurrently if not exists \"I x\" on only s.\"T\" using btree (a)",
                create(Some("\"I x\""), "s.\"T\""),
            ),
            ("CREATE INDEX CONCURRENTLY ON t(a)", create(None, "t")),
            ("CREATE INDEX i ON t (concurrently)", Command::Other),
            ("REINDEX INDEX CONCURRENTLY i", Command::ReindexConcurrently),
            ("REINDEX (CONCURRENTLY, VERBOSE) TABLE t", Command::ReindexConcurrently),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", Command::Patient),
            (
                "ALTER TABLE IF EXISTS ONLY s.\"T\" * DETACH PARTITION s.p concurrently",
                Command::DetachConcurrently {
                    table: "s.\"T\"".to_owned(),
                    partition: "s.p".to_owned(),
                },
            ),
            ("ALTER TABLE t DETACH PARTITION p FINALIZE", Command::Other),
            ("VACUUM (ANALYZE) t", Command::Patient),
            ("VACUUM FULL t", Command::Other),
            ("COPY t (a) FROM stdin WITH (FORMAT csv)", Command::CopyOverConnection),
            ("COPY t FROM '/stdin'", Command::Other),
            ("SET ROLE owner", Command::Role),
            ("SET SESSION AUTHORIZATION owner", Command::Role),
            ("SET SESSION work_mem = 1", Command::Session),
            ("PREPARE p AS SELECT 1", Command::Session),
            ("WITH a AS (SELECT 1) UPDATE t SET x = 1", Command::Rows),
        ] {
            assert_eq!(Command::of(sql), command, "{sql}");
        }
    }
}
