//! The relations that a file finds, and what it has done to them so far.

use std::collections::{BTreeMap, BTreeSet};

use dbtask_runner::{Error, Session, SqlError, Type, sql_error};

use super::Reading;
use crate::lock_mode::LockMode;

/// Tables, materialised views, views, indexes and sequences of the user's, with where they are stored and the counters of
/// this transaction.
const RELATIONS: &str = "\
SELECT c.oid, c.relkind::text, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_relation_filenode(c.oid),
  pg_catalog.pg_stat_get_xact_numscans(c.oid), pg_catalog.pg_stat_get_xact_tuples_returned(c.oid),
  pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
    OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S', 'i', 'I') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relname NOT IN ('refinery_schema_history', 'dbtask_journal', 'refinery_schema_history_pkey', 'dbtask_journal_pkey', 'dbtask_journal_id_seq')";

/// The sequences behind the columns of tables: identity, serial, or a default that draws from one.
const SEQUENCES: &str = "\
SELECT DISTINCT d.refobjid, s.oid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.deptype IN ('a', 'i')
UNION
SELECT a.adrelid, d.refobjid FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_depend d
  ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = a.oid
JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'";

/// One relation.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// As `pg_class.relkind` has it.
    pub(crate) kind: char,
    /// Qualified, quoted for SQL.
    pub(crate) name: String,
    /// Where it is stored now.
    pub(crate) filenode: Option<u32>,
    pub(crate) counters: Counters,
    /// The strongest lock on it so far.
    pub(crate) lock: Option<LockMode>,
    /// The strongest lock on it in this transaction.
    pub(crate) held: Option<LockMode>,
    /// Whether it was written anew, or locked in ROW EXCLUSIVE mode: a statement that changes rows was planned.
    pub(crate) wrote: bool,
    /// Whether rows of it were changed.
    pub(crate) changed: bool,
}

/// What the server counts of a relation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) scans: i64,
    pub(crate) rows_read: i64,
    pub(crate) rows_changed: i64,
}

/// All that were there when a file began; later what it made, too.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    known: BTreeMap<u32, Relation>,
    /// Made by the file.
    made: BTreeMap<u32, Relation>,
    /// How many rows were changed in this transaction in tables that it made.
    rows_in_made: BTreeMap<u32, i64>,
    /// Table and sequence.
    sequences: BTreeSet<(u32, u32)>,
}

impl Relations {
    /// Reads what is there. In the transaction that is measured: between two of them the server moves its counters.
    pub(crate) fn read(session: &Session) -> Result<Relations, Error> {
        Ok(Relations {
            known: list(session)?,
            made: BTreeMap::new(),
            rows_in_made: BTreeMap::new(),
            sequences: sequences(session)?,
        })
    }

    /// Reads what the file made, once it is done.
    pub(crate) fn finish(&mut self, session: &Session) -> Result<(), Error> {
        let now = list(session)?;
        self.made = now
            .into_iter()
            .filter(|(oid, _)| !self.known.contains_key(oid))
            .collect();
        self.sequences.append(&mut sequences(session)?);
        Ok(())
    }

    pub(crate) fn get(&self, oid: u32) -> Option<&Relation> {
        self.known.get(&oid)
    }

    /// The tables that LOCK TABLE takes.
    pub(crate) fn lockable(&self) -> Vec<&str> {
        let tables = self
            .known
            .values()
            .filter(|relation| matches!(relation.kind, 'r' | 'p'));
        tables.map(|table| table.name.as_str()).collect()
    }

    /// Takes in what a reading says of a relation; what it was before.
    pub(crate) fn update(&mut self, reading: &Reading) -> Option<Relation> {
        let relation = self.known.get_mut(&reading.oid)?;
        let before = relation.clone();
        relation.wrote |= reading.writes || reading.filenode != relation.filenode;
        relation.filenode = reading.filenode;
        relation.lock = relation.lock.max(reading.lock);
        relation.held = relation.held.max(reading.lock);
        relation.changed |= reading.counters.rows_changed > relation.counters.rows_changed;
        relation.counters = reading.counters;
        Some(before)
    }

    /// How many rows were changed, since the last reading, in a table that the file made.
    pub(crate) fn rows_in_made(&mut self, reading: &Reading) -> i64 {
        let now = reading.counters.rows_changed;
        now - self.rows_in_made.insert(reading.oid, now).unwrap_or(0)
    }

    /// Where everything is stored.
    pub(crate) fn filenodes(&self) -> Vec<(u32, Option<u32>)> {
        self.known
            .iter()
            .map(|(oid, relation)| (*oid, relation.filenode))
            .collect()
    }

    /// Takes the counters as they are at the beginning of a transaction, in which no lock is held yet.
    pub(crate) fn new_transaction(&mut self, session: &Session) -> Result<(), Error> {
        let now = list(session)?;
        self.rows_in_made.clear();
        for (oid, relation) in &mut self.known {
            relation.held = None;
            if let Some(current) = now.get(oid) {
                relation.counters = current.counters;
                relation.filenode = current.filenode;
            }
        }
        Ok(())
    }

    /// The tables and sequences that it locked to change them or their rows, or made: identifier and relation.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (u32, &Relation)> {
        let locked = self
            .known
            .iter()
            .filter(|(_, relation)| relation.lock >= Some(LockMode::RowExclusive));
        locked.chain(&self.made).map(|(oid, relation)| (*oid, relation))
    }

    /// Whether it changes rows of what was there before, should there be any.
    pub(crate) fn has_changed_rows(&self) -> bool {
        let mut known = self.known.values();
        known.any(|relation| matches!(relation.kind, 'r' | 'p') && relation.wrote)
    }

    /// The tables that were there before and that it locked in whatever way: those that it changes, and those that it reads.
    pub(crate) fn tables_used(&self) -> impl Iterator<Item = &str> {
        let used = self
            .known
            .values()
            .filter(|relation| matches!(relation.kind, 'r' | 'p') && relation.lock.is_some());
        used.map(|relation| relation.name.as_str())
    }

    /// The tables whose rows were changed here, and that `other` did not touch.
    pub(crate) fn changed_beyond(&self, other: &Relations) -> impl Iterator<Item = &str> {
        let others: BTreeSet<u32> = other.touched().map(|(oid, _)| oid).collect();
        let changed = self
            .known
            .iter()
            .filter(move |(oid, relation)| relation.changed && !others.contains(oid));
        changed.map(|(_, relation)| relation.name.as_str())
    }

    /// The sequences behind the columns of the tables that are named.
    pub(crate) fn sequences_of(&self, tables: &[&str]) -> Vec<u32> {
        let is_one = |oid: &u32| {
            let relation = self.known.get(oid).or(self.made.get(oid));
            relation.is_some_and(|relation| tables.contains(&relation.name.as_str()))
        };
        self.sequences
            .iter()
            .filter(|(table, _)| is_one(table))
            .map(|(_, sequence)| *sequence)
            .collect()
    }
}

fn failed(e: &SqlError) -> Error {
    sql_error("failed to list the relations of the throwaway database", e)
}

fn list(session: &Session) -> Result<BTreeMap<u32, Relation>, Error> {
    let rows = session.query(RELATIONS, &[]).map_err(|e| failed(&e))?;
    rows.iter()
        .map(|row| {
            let kind: String = row.try_get(1)?;
            let relation = Relation {
                kind: kind.chars().next().unwrap_or(' '),
                name: row.try_get(2)?,
                filenode: row.try_get(3)?,
                counters: Counters {
                    scans: row.try_get(4)?,
                    rows_read: row.try_get(5)?,
                    rows_changed: row.try_get(6)?,
                },
                lock: None,
                held: None,
                wrote: false,
                changed: false,
            };
            Ok((row.try_get(0)?, relation))
        })
        .collect::<Result<_, _>>()
        .map_err(|e| failed(&e))
}

fn sequences(session: &Session) -> Result<BTreeSet<(u32, u32)>, Error> {
    let rows = session.query(SEQUENCES, &[]).map_err(|e| failed(&e))?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, _>>()
        .map_err(|e| failed(&e))
}

/// By table: how often it was read from end to end, and how many rows that were.
pub(super) type Scans = BTreeMap<u32, (i64, i64)>;

/// The full scans of tables so far, those of all sessions together; `None` on servers that
/// write such numbers down in their own time.
pub(super) fn total_scans(session: &Session, major: u32) -> Result<Option<Scans>, Error> {
    if major < 15 {
        return Ok(None);
    }
    session
        .query("SELECT pg_catalog.pg_stat_force_next_flush()", &[])
        .map_err(|e| failed(&e))?;
    let rows = session
        .query(
            "SELECT c.oid, pg_catalog.pg_stat_get_numscans(c.oid), pg_catalog.pg_stat_get_tuples_returned(c.oid) \
             FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') AND c.oid >= $1",
            &[(&FIRST_NORMAL, Type::OID)],
        )
        .map_err(|e| failed(&e))?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))))
        .collect::<Result<_, _>>()
        .map(Some)
        .map_err(|e| failed(&e))
}

/// The first identifier that is no built-in object's (`FirstNormalObjectId` in `access/transam.h`).
const FIRST_NORMAL: u32 = 16_384;
