//! What a run would send, for people to read.

use std::fmt::Write as _;

use dbtask_rules::RepeatableFile;

use crate::apply::create_history;
use crate::history::HISTORY_TABLE;
use crate::history_row::history_row;
use crate::{Error, Plan, SchemaHistory, Session, journal};

/// The SQL that [`migrate`](crate::migrate) would send for the pending files, for people to read and for psql.
pub fn preview(plan: &Plan<'_>, history: &SchemaHistory) -> Result<String, Error> {
    let mut sql = String::new();
    if history.table().is_none() && !plan.pending.is_empty() {
        sql.push_str(&create_history());
        sql.push('\n');
    }
    let table = history.table().unwrap_or(HISTORY_TABLE);
    for file in &plan.pending {
        let row = history_row(file, table)?;
        let (begin, commit) = if file.directives().no_transaction {
            ("", "")
        } else {
            ("BEGIN;\n", "COMMIT;\n")
        };
        let _ = write!(
            sql,
            "\n-- {}\n{begin}{}\n;\n{row}\n;\n{commit}",
            file.path(),
            file.sql()
        );
    }
    Ok(sql)
}

/// As [`preview`], for repeatable files.
pub fn preview_repeatable(
    session: &Session,
    files: &[&RepeatableFile],
    history: &SchemaHistory,
) -> Result<String, Error> {
    let mut sql = String::new();
    let journal = journal::beside(history.table().unwrap_or(HISTORY_TABLE));
    if !files.is_empty() && journal::find(session, history)?.is_none() {
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
    Ok(sql)
}
