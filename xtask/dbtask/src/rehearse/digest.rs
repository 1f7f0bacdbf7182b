//! What the rows of tables amount to, and where sequences stand: equal for equal rows in any order.

use std::collections::BTreeMap;

use dbtask_runner::{Error, Session, SqlError, Type, sql_error};

use crate::lock_mode::LockMode;
use crate::measure::Relations;
use crate::output::count;
use crate::row_digest::row_digest;

/// A table's columns, in order.
const COLUMNS: &str = "\
SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum";

/// Rows of a table, or the state of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Rows { many: i64, digest: String },
    Sequence { next: i64 },
}

/// The content of the tables and sequences that a file touches, by name: one that is dropped and made again is the same.
#[derive(Debug)]
pub(super) struct Digests(BTreeMap<String, (u32, Content)>);

impl Digests {
    pub(super) fn of(session: &Session, relations: &Relations) -> Result<Digests, Error> {
        let failed = |e: SqlError| sql_error("failed to read the rows of the throwaway database", &e);
        let mut contents = BTreeMap::new();
        for (_, relation) in relations.touched() {
            let found = session
                .query(
                    "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid",
                    &[(&relation.name, Type::TEXT)],
                )
                .map_err(failed)?;
            let oid: Option<u32> = found
                .first()
                .map(|row| row.try_get(0))
                .transpose()
                .map_err(failed)?
                .flatten();
            let Some(oid) = oid else { continue };
            let content = match relation.kind {
                'r' | 'm' => rows(session, oid, &relation.name).map_err(failed)?,
                'S' => sequence(session, &relation.name).map_err(failed)?,
                _ => continue,
            };
            contents.insert(relation.name.clone(), (oid, content));
        }
        Ok(Digests(contents))
    }

    /// The rows alone.
    pub(super) fn without_sequences(mut self) -> Digests {
        self.0.retain(|_, (_, content)| matches!(content, Content::Rows { .. }));
        self
    }

    /// What is not the same afterwards, in words. Of the sequences in `drawn`, numbers may be used up.
    pub(super) fn changes(&self, after: &Digests, drawn: &[u32]) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, (_, before)) in &self.0 {
            match (before, after.0.get(name)) {
                (before, Some((_, after))) if before == after => {}
                // what became of it is a matter of the schema
                (_, None) => {}
                (Content::Sequence { next }, Some((oid, Content::Sequence { next: now }))) => {
                    if !(drawn.contains(oid) && now >= next) {
                        changes.push(format!("the next number of {name} was {next} and is {now}"));
                    }
                }
                (Content::Rows { many, .. }, Some((_, Content::Rows { many: now, .. }))) => {
                    let (many, now) = (usize::try_from(*many).unwrap_or(0), usize::try_from(*now).unwrap_or(0));
                    changes.push(if many == now {
                        format!("{name} has as many as before ({many}), and others")
                    } else {
                        format!("{name} had {} and has {now}", count(many, "row"))
                    });
                }
                (_, Some(_)) => changes.push(format!("{name} is another kind of relation")),
            }
        }
        changes
    }
}

fn rows(session: &Session, oid: u32, name: &str) -> Result<Content, SqlError> {
    let columns = session.query(COLUMNS, &[(&oid, Type::OID)])?;
    let columns: Vec<String> = columns.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let (many, digest) = row_digest(session, &format!("ONLY {name}"), &columns)?;
    Ok(Content::Rows { many, digest })
}

fn sequence(session: &Session, name: &str) -> Result<Content, SqlError> {
    let row = session.query_one(
        &format!(
            "SELECT s.last_value OPERATOR(pg_catalog.+) CASE WHEN s.is_called THEN p.seqincrement ELSE 0 END FROM {name} s, pg_catalog.pg_sequence p \
             WHERE p.seqrelid OPERATOR(pg_catalog.=) s.tableoid"
        ),
        &[],
    )?;
    Ok(Content::Sequence { next: row.try_get(0)? })
}

/// Draws a number from each sequence that the file altered, as the service would between two runs: a second run that starts
/// it over then shows. The sequences, by name.
pub(super) fn use_restarted(session: &Session, relations: &Relations) -> Vec<String> {
    let altered: Vec<&str> = relations
        .touched()
        .filter(|(_, relation)| relation.kind == 'S' && relation.lock >= Some(LockMode::ShareRowExclusive))
        .map(|(_, relation)| relation.name.as_str())
        .collect();
    let mut drawn = Vec::new();
    for name in altered {
        // one that is dropped, or has no number left, shows nothing
        let outcome = session.query(
            "SELECT pg_catalog.nextval(pg_catalog.to_regclass($1))",
            &[(&name, Type::TEXT)],
        );
        if outcome.is_ok() {
            drawn.push(name.to_owned());
        }
    }
    drawn
}
