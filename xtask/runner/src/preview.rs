//! What a run would send, for people to read.

use std::fmt::Write as _;

use dbtask_rules::RepeatableFile;
use refinery::Target;
use refinery_core::traits::sync::{Transaction, migrate as refinery_migrate};

use crate::apply::{create_history, own_error, to_refinery};
use crate::history::HISTORY_TABLE;
use crate::{Error, Plan, SchemaHistory, journal};

/// The SQL that [`migrate`](crate::migrate) would send for the pending files, for people to read and for psql.
pub fn preview(plan: &Plan<'_>, history: &SchemaHistory) -> Result<String, Error> {
    let mut script = Script {
        sql: String::new(),
        in_transaction: true,
    };
    if history.table().is_none() && !plan.pending.is_empty() {
        script.sql.push_str(&create_history());
        script.sql.push('\n');
    }
    let table = history.table().unwrap_or(HISTORY_TABLE);
    for file in &plan.pending {
        let _ = write!(script.sql, "\n-- {}\n", file.path());
        script.in_transaction = !file.directives().no_transaction;
        refinery_migrate(&mut script, vec![to_refinery(file)?], Target::Latest, table, true)
            .map_err(|e| own_error(&e))?;
    }
    Ok(script.sql)
}

/// As [`preview`], for repeatable files.
pub fn preview_repeatable(files: &[&RepeatableFile], history: &SchemaHistory) -> String {
    let mut sql = String::new();
    let journal = journal::beside(history.table().unwrap_or(HISTORY_TABLE));
    if !files.is_empty() && !history.has_journal() {
        let _ = write!(sql, "\n{};\n", journal::any_preparation(&journal));
    }
    for file in files {
        let entry = journal::repeatable_row(&journal, file);
        let _ = write!(
            sql,
            "\n-- {}\nBEGIN;\n{}\n;\n{entry}\n;\nCOMMIT;\n",
            file.path(),
            file.sql()
        );
    }
    sql
}

/// Stands in for a connection and writes down what it is sent.
struct Script {
    sql: String,
    in_transaction: bool,
}

impl Transaction for Script {
    type Error = Error;

    fn execute<'q, T: Iterator<Item = &'q str>>(&mut self, queries: T) -> Result<usize, Error> {
        let queries: Vec<&str> = queries.collect();
        let (begin, commit) = if self.in_transaction {
            ("BEGIN;\n", "COMMIT;\n")
        } else {
            ("", "")
        };
        let _ = write!(self.sql, "{begin}{}\n;\n{commit}", queries.join("\n;\n"));
        Ok(queries.len())
    }
}
