//! The schema history: refinery's own table, read without its panics.

use dbtask_rules::Version;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::{Error, Session, SqlError, sql_error};

/// The table's name, as refinery has it by default.
pub const HISTORY_TABLE: &str = "refinery_schema_history";

/// One row of the history: a file that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The file's version.
    pub version: i32,
    /// The file's description, as it was then.
    pub name: String,
    /// When, as refinery wrote it: a time in the form of RFC 3339.
    pub applied_on: String,
    /// refinery's checksum over name, version and text.
    pub checksum: u64,
}

impl Applied {
    /// When it was applied, to the second, in UTC.
    pub fn applied_at(&self) -> String {
        let Some(t) = parse_time(&self.applied_on) else {
            return self.applied_on.clone();
        };
        let t = t.to_offset(time::UtcOffset::UTC);
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

/// What was applied to a database, in order of version.
#[derive(Debug, Clone, Default)]
pub struct SchemaHistory {
    table: Option<String>,
    applied: Vec<Applied>,
}

impl SchemaHistory {
    /// Reads the history, with SELECT only. A database without the table has an empty history.
    pub fn read(session: &Session) -> Result<SchemaHistory, Error> {
        let Some(table) = SchemaHistory::find(session)? else {
            return Ok(SchemaHistory::default());
        };
        let applied = read_rows(session, &table)?;
        Ok(SchemaHistory {
            table: Some(table),
            applied,
        })
    }

    /// The history's table, qualified, where the search_path finds it.
    pub(crate) fn find(session: &Session) -> Result<Option<String>, Error> {
        session
            .query_one(FIND, &[(&HISTORY_TABLE, Type::TEXT)])
            .and_then(|row| row.try_get(0))
            .map_err(|e| sql_error("failed to look for the schema history", &e))
    }

    /// The table's qualified name; `None` where there is none yet.
    pub fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// What was applied, in order of version.
    pub fn applied(&self) -> &[Applied] {
        &self.applied
    }

    /// The highest version applied.
    pub fn version(&self) -> Option<Version> {
        self.applied.last().and_then(|a| Version::new(a.version))
    }
}

/// The table `$1`, qualified; NULL where there is none. A function looks the names up, since a new connection takes 2 ms
/// longer to plan the joins that would do the same: as long as all else of a check that finds nothing to do.
const FIND: &str = "SELECT (pg_catalog.pg_identify_object(\
'pg_catalog.pg_class'::pg_catalog.regclass, pg_catalog.to_regclass($1), 0)).identity";

/// Refuses a history whose `version` is a bigint: that of another refinery than ours.
pub(crate) fn refuse_int8_versions(table: &str, version: &Type) -> Result<(), Error> {
    if *version != Type::INT8 {
        return Ok(());
    }
    Err(
        Error::refused(format!("the schema history `{table}` was made by a refinery with `int8-versions`"))
            .cause("its checksums are others: every file would count as edited")
            .state("nothing was changed")
            .help("rebuild that service without `int8-versions`, and have it migrate a fresh database; or keep to it for this one"),
    )
}

fn read_rows(session: &Session, table: &str) -> Result<Vec<Applied>, Error> {
    let failed = |e| sql_error(format!("failed to read the schema history `{table}`"), &e);
    let sql = format!("SELECT version, name, applied_on, checksum FROM {table} ORDER BY version ASC");
    let misshapen = |e: SqlError| {
        Error::failed(format!("`{table}` is no schema history of refinery's"))
            .cause(e.to_string())
            .help("rename that table, or set a search_path that does not find it")
    };
    let mut applied = Vec::new();
    let mut take = |row: &Row| {
        let text = |i: usize| {
            row.try_get::<_, Option<&str>>(i)
                .map(Option::unwrap_or_default)
                .map_err(misshapen)
        };
        if applied.is_empty() {
            refuse_int8_versions(table, row.columns()[0].type_())?;
        }
        let version = row.try_get(0).map_err(misshapen)?;
        applied.push(parse_row(table, version, text(1)?, text(2)?, text(3)?)?);
        Ok(())
    };
    session.query_each(&sql, &[], &mut take).map_err(failed)??;
    Ok(applied)
}

fn parse_row(table: &str, version: i32, name: &str, applied_on: &str, checksum: &str) -> Result<Applied, Error> {
    let broken = |what: String| {
        Error::failed(format!(
            "the schema history `{table}` has a row that was not written by refinery"
        ))
        .cause(format!("version {version}: {what}"))
        .help(format!(
            "look at it: `SELECT * FROM {table} WHERE version = {version}`, then put it right or delete it"
        ))
    };
    if !is_plain_time(applied_on) && parse_time(applied_on).is_none() {
        return Err(broken(format!(
            "`applied_on` is `{applied_on}`, which is no RFC 3339 time"
        )));
    }
    Ok(Applied {
        version,
        checksum: checksum
            .parse()
            .map_err(|_| broken(format!("`checksum` is `{checksum}`, which is no u64")))?,
        applied_on: applied_on.to_owned(),
        name: name.to_owned(),
    })
}

fn parse_time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Whether a text is a time as refinery writes it, `2026-11-24T15:06:10.123456789Z`, on a day that every month has. It
/// spares a history of thousands of rows the parser.
fn is_plain_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(head), Some(tail)) = (bytes.get(..19), bytes.get(19..)) else {
        return false;
    };
    let form = b"dddd-dd-ddTdd:dd:dd";
    let number = |at: usize| (head[at] - b'0') * 10 + (head[at + 1] - b'0');
    let digits = match tail {
        [b'Z'] => &[][..],
        [b'.', digits @ .., b'Z'] if !digits.is_empty() => digits,
        _ => return false,
    };
    head.iter()
        .zip(form)
        .all(|(b, f)| if *f == b'd' { b.is_ascii_digit() } else { b == f })
        && digits.iter().all(u8::is_ascii_digit)
        && (1..=12).contains(&number(5))
        && (1..=28).contains(&number(8))
        && number(11) < 24
        && number(14) < 60
        && number(17) < 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_time_is_one_that_the_parser_takes() {
        for text in [
            "2026-11-24T15:06:10Z",
            "2026-11-24T15:06:10.5Z",
            "2026-01-28T23:59:59.123456789Z",
        ] {
            assert!(is_plain_time(text) && parse_time(text).is_some(), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-13-24T15:06:10Z",
            "2026-11-24T15:06:10",
            "2026-11-24T24:06:10Z",
            "2026-11-24T15:06:10.Z",
            "2026-02-30T15:06:10Z",
        ] {
            assert!(!is_plain_time(text) && parse_time(text).is_none(), "{text}");
        }
        // left to the parser
        for text in [
            "2026-11-30T15:06:10Z",
            "2026-11-24T15:06:10+01:00",
            "2026-11-24 15:06:10Z",
        ] {
            assert!(!is_plain_time(text) && parse_time(text).is_some(), "{text}");
        }
    }
}
