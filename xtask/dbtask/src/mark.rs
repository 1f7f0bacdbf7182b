//! What a database is marked as, by those who own it: production, staging or development.
//!
//! It is kept with the database, on the server, in two places: a row in a table that only the owner may write, bound to
//! the database's identity, so that a copy, a template or a restored dump counts as unmarked; and, where the role may,
//! a setting of the database (a mere owner needs `GRANT SET ON PARAMETER` for it, which there is from PostgreSQL 15 on). The setting is
//! read from `pg_db_role_setting`, never from the session, which can be told anything. The stricter of the two holds.

use clap::ValueEnum;
use dbtask_runner::{Error, Session, SqlError, sql_error};

use crate::target::Identity;

/// The schema, which is ours alone, its table, and the setting.
pub(crate) const SCHEMA: &str = "dbtask";
pub(crate) const TABLE: &str = "dbtask.environment";
pub(crate) const SETTING: &str = "dbtask.environment";

/// What a database is, the stricter the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Mark {
    /// Somebody's own: may be pushed to, and emptied
    Development,
    /// Like production, and nobody's data: may be pushed to, and emptied
    Staging,
    /// Never pushed to, never emptied
    Production,
}

impl Mark {
    /// As it is typed, and written into the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mark::Development => "development",
            Mark::Staging => "staging",
            Mark::Production => "production",
        }
    }

    /// What is written there. A word that nobody knows is taken for the strictest.
    fn read(word: &str) -> Mark {
        let known = Mark::value_variants().iter();
        known
            .copied()
            .find(|mark| mark.name().eq_ignore_ascii_case(word.trim()))
            .unwrap_or(Mark::Production)
    }
}

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) mark: Mark,
    /// Whether it is about this very database, and not about the one that this is a copy of.
    pub(crate) is_own: bool,
    /// Who wrote it, and when.
    pub(crate) by: String,
    pub(crate) at: String,
}

/// Everything that is written about a database.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    rows: Vec<Row>,
    setting: Option<Mark>,
    /// There is a table, but this role cannot read its rows, or not all of them.
    pub(crate) is_hidden: bool,
    /// The table belongs to somebody who may act for the database's owner.
    is_owners: bool,
    /// Who owns the database, and whether the connected role may act for them.
    pub(crate) owner: String,
    pub(crate) may_mark: bool,
    /// What was read, for the server to compare.
    raw: Raw,
}

#[derive(Debug, Clone)]
struct Raw {
    database: u32,
    /// `None` where there is no table that can be read.
    rows: Option<String>,
    has_table: bool,
    setting: String,
}

const ASK: &str = "\
SELECT pg_catalog.pg_get_userbyid(d.datdba)::text, pg_catalog.pg_has_role(d.datdba, 'USAGE'), t.oid IS NOT NULL,
  coalesce(t.relkind = 'r' AND NOT t.relrowsecurity AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND pg_catalog.has_table_privilege(t.oid, 'SELECT'), false),
  coalesce(pg_catalog.pg_has_role(t.relowner, d.datdba, 'USAGE')
    AND pg_catalog.pg_has_role(n.nspowner, d.datdba, 'USAGE'), false), {setting}
FROM pg_catalog.pg_database d
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'dbtask'
LEFT JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = 'environment'
WHERE d.datname = pg_catalog.current_database()";

const ROWS: &str = "\
SELECT environment::text, system_identifier::int8, database::oid, marked_by::text,
  pg_catalog.to_char(marked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
FROM dbtask.environment";

/// The rows as one text.
const ROWS_AS_READ: &str = "\
(SELECT coalesce(pg_catalog.string_agg(pg_catalog.concat_ws('/', environment, system_identifier, database), ',' \
ORDER BY environment, system_identifier, database), '') FROM dbtask.environment)";

/// The setting as one text.
const SETTING_AS_READ: &str = "\
(SELECT coalesce(pg_catalog.string_agg(s.s, ',' ORDER BY s.s), '') FROM pg_catalog.pg_db_role_setting r, pg_catalog.unnest(r.setconfig) AS s (s) \
WHERE r.setrole = 0 AND s.s LIKE 'dbtask.environment=%' AND r.setdatabase = \
(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))";

impl Marks {
    /// Reads what is written, with nothing but SELECT.
    pub(crate) fn read(session: &Session, identity: &Identity) -> Result<Marks, Error> {
        let failed = |e: SqlError| {
            sql_error("failed to read what the database is marked as", &e).help(format!("look at the table `{TABLE}`"))
        };
        // nearly every command asks this: one round trip where there is no table
        let ask = ASK.replace("{setting}", SETTING_AS_READ);
        let row = session.query_one(&ask, &[]).map_err(failed)?;
        let (has_table, is_readable): (bool, bool) = (row.try_get(2).map_err(failed)?, row.try_get(3).map_err(failed)?);
        let rows_as_read = || -> Result<String, Error> {
            let row = session.query_one(&format!("SELECT {ROWS_AS_READ}"), &[]);
            row.and_then(|row| row.try_get(0)).map_err(failed)
        };
        let raw = Raw {
            database: identity.oid,
            rows: is_readable.then(rows_as_read).transpose()?,
            has_table,
            setting: row.try_get(5).map_err(failed)?,
        };
        let mut rows = Vec::new();
        if is_readable {
            for row in session.query(ROWS, &[]).map_err(failed)? {
                let mark = Mark::read(row.try_get(0).map_err(failed)?);
                let (system, database): (Option<i64>, u32) =
                    (row.try_get(1).map_err(failed)?, row.try_get(2).map_err(failed)?);
                rows.push(Row {
                    mark,
                    is_own: database == identity.oid && is_system(mark, system, identity.system_identifier),
                    by: row.try_get(3).map_err(failed)?,
                    at: row.try_get(4).map_err(failed)?,
                });
            }
        }
        Ok(Marks {
            rows,
            setting: raw.setting.split_once('=').map(|(_, word)| Mark::read(word)),
            is_hidden: has_table && !is_readable,
            is_owners: row.try_get(4).map_err(failed)?,
            owner: row.try_get(0).map_err(failed)?,
            may_mark: row.try_get(1).map_err(failed)?,
            raw,
        })
    }

    /// What the database is marked as: the strictest of what is written about it. `None` where nobody marked it.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.setting.max(self.row().map(|row| row.mark))
    }

    /// The row about this very database. One that somebody else than the owner put there loosens nothing.
    pub(crate) fn row(&self) -> Option<&Row> {
        let counts = |row: &&Row| row.is_own && (self.is_owners || row.mark == Mark::Production);
        self.rows.iter().filter(counts).max_by_key(|row| row.mark)
    }

    /// Whether there is the table.
    pub(crate) fn has_table(&self) -> bool {
        self.raw.has_table
    }

    /// What the setting says.
    pub(crate) fn setting(&self) -> Option<Mark> {
        self.setting
    }

    /// What the database was marked as that this is a copy of.
    pub(crate) fn original(&self) -> Option<Mark> {
        self.rows.iter().filter(|row| !row.is_own).map(|row| row.mark).max()
    }

    /// A boolean expression of SQL: nothing of it has changed since it was read, and it is still the same database.
    pub(crate) fn unchanged(&self) -> String {
        let rows = match (&self.raw.rows, self.raw.has_table) {
            (Some(rows), _) => format!("{ROWS_AS_READ} = {}", literal(rows)),
            (None, true) => "false".to_owned(),
            (None, false) => format!("pg_catalog.to_regclass('{TABLE}') IS NULL"),
        };
        format!(
            "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) = {} \
             AND {SETTING_AS_READ} = {} AND {rows}",
            self.raw.database,
            literal(&self.raw.setting)
        )
    }
}

/// Whether a row is about this server. Where the server does not tell its identifier, only the strictest mark counts.
fn is_system(mark: Mark, written: Option<i64>, own: Option<i64>) -> bool {
    match (written, own) {
        (Some(written), Some(own)) => written == own,
        _ => mark == Mark::Production,
    }
}

/// A text as an SQL literal, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    let escaped = text.replace('\'', "''").replace('\\', "\\\\");
    format!("E'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_is_greater_and_a_word_that_nobody_knows_is_the_strictest() {
        assert!(Mark::Production > Mark::Staging && Mark::Staging > Mark::Development);
        for (word, mark) in [
            ("development", Mark::Development),
            (" Staging ", Mark::Staging),
            ("prod", Mark::Production),
            ("", Mark::Production),
        ] {
            assert_eq!(Mark::read(word), mark, "{word:?}");
        }
    }

    #[test]
    fn where_the_server_hides_its_identifier_only_the_strictest_mark_counts() {
        assert!(is_system(Mark::Development, Some(1), Some(1)));
        assert!(!is_system(Mark::Production, Some(1), Some(2)));
        assert!(is_system(Mark::Production, Some(1), None));
        assert!(!is_system(Mark::Development, Some(1), None));
    }

    #[test]
    fn a_literal_ends_nowhere_but_at_its_end() {
        assert_eq!(literal(r"a'b\c"), r"E'a''b\\c'");
    }
}
