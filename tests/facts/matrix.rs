//! Pairs of schemas that differ in one attribute of one kind of object: `matrix.sql`.

use dbtask::facts::{Change, Difference, Facts};

use super::session;
use crate::support::TestDatabase;

const MATRIX: &str = include_str!("matrix.sql");

/// What is there before the changes, and these.
pub struct Base {
    pub name: &'static str,
    pub sql: String,
    pub changes: Vec<Pair>,
}

/// One change.
pub struct Pair {
    /// `table: owner (of a view)`
    pub name: &'static str,
    /// From this major on.
    since: u32,
    pub sql: String,
}

impl Pair {
    /// Whether a server of that major has it.
    pub fn is_for(&self, major: u32) -> bool {
        self.since <= major
    }

    /// The kind, and the attribute; `added` or `missing` as they are.
    fn shows_as(&self) -> (&str, &str) {
        let name = self.name.split(" (").next().unwrap().trim();
        let (head, tail) = name.split_once(": ").unwrap();
        if matches!(head, "added" | "missing") {
            (tail, head)
        } else {
            (head, tail)
        }
    }

    fn is_among(&self, differences: &[Difference]) -> bool {
        let (kind, what) = self.shows_as();
        differences.iter().any(|difference| {
            difference.kind == kind
                && match &difference.change {
                    Change::Added => what == "added",
                    Change::Missing => what == "missing",
                    Change::Changed(changes) => changes
                        .iter()
                        .any(|c| c.attribute == what || c.attribute.starts_with(&format!("{what}."))),
                }
        })
    }
}

pub fn bases() -> Vec<Base> {
    let mut bases: Vec<Base> = Vec::new();
    for line in MATRIX.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            bases.push(Base {
                name,
                sql: String::new(),
                changes: Vec::new(),
            });
        } else if let Some(base) = bases.last_mut() {
            if let Some(name) = line.strip_prefix("-- ") {
                let (name, since) = match name.split_once(" [") {
                    Some((name, since)) => (name, since.trim_end_matches(']').parse().unwrap()),
                    None => (name, 0),
                };
                base.changes.push(Pair {
                    name,
                    since,
                    sql: String::new(),
                });
            } else {
                let sql = base.changes.last_mut().map_or(&mut base.sql, |pair| &mut pair.sql);
                sql.push_str(line);
                sql.push('\n');
            }
        }
    }
    bases
}

/// The roles that the matrix speaks of, for all databases of the server.
pub fn make_roles(database: &TestDatabase) {
    for role in ["facts_reader", "facts_writer", "facts_super SUPERUSER"] {
        let _ = database.client().batch_execute(&format!("CREATE ROLE {role}"));
    }
}

#[test]
fn each_of_the_pairs_shows_as_the_one_difference_that_it_is() {
    let database = TestDatabase::new();
    let major = database.server().installation.major;
    make_roles(&database);
    let session = session(&database.url());
    let (mut pairs, mut wrong) = (0, Vec::new());
    for base in bases() {
        session.batch("BEGIN").unwrap();
        session
            .batch(&base.sql)
            .unwrap_or_else(|e| panic!("{}: {e:?}", base.name));
        let before = Facts::of_transaction(&session).unwrap();
        for pair in base.changes.iter().filter(|pair| pair.is_for(major)) {
            pairs += 1;
            session.batch("SAVEPOINT pair").unwrap();
            if let Err(e) = session.batch(&pair.sql) {
                wrong.push(format!("{} / {}: {e:?}", base.name, pair.name));
            } else {
                let after = Facts::of_transaction(&session).unwrap();
                let differences = before.difference(&after);
                if !pair.is_among(&differences) {
                    wrong.push(format!("{} / {}: {differences:#?}", base.name, pair.name));
                }
                assert_eq!(before.fingerprint() == after.fingerprint(), differences.is_empty());
            }
            session.batch("ROLLBACK TO SAVEPOINT pair").unwrap();
        }
        assert_eq!(before.difference(&Facts::of_transaction(&session).unwrap()), []);
        session.batch("ROLLBACK").unwrap();
    }
    assert!(wrong.is_empty(), "{} of {pairs}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs >= 500, "{pairs}");
}
