//! A database's whole schema as data: one fact for each object, with its attributes, and who depends on whom.
//!
//! The facts of two databases are equal when `pg_dump --schema-only` says the same of both, and they survive a dump and a
//! restore. What counts is what is defined: object identifiers, statistics, the order of grants do not. Members of
//! extensions are the extension's, and count where their privileges were changed.
//!
//! Where pg_dump leaves out what is there, facts do not: an INVALID index, a schema `public` that was dropped, and, before
//! 18, a child table's column that lost the NOT NULL of its parent's.

mod difference;
mod query;
mod spelling;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hasher as _;

use dbtask_runner::{Error, Session, SqlError, SqlState, sql_error};
use serde_json::Value;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

pub use difference::{AttributeChange, Change, Difference};
use query::{DEPENDENCIES, Fit};
pub(crate) use spelling::settled;

/// How often facts are read again when somebody changes the schema meanwhile: the server's functions that spell
/// definitions look at the catalog as it is now, and fail on what the snapshot still has.
const ATTEMPTS: usize = 5;

/// Whatever the role, the database or the URL has set, the server spells things in one way.
const SPELLING: &str = "SET LOCAL search_path = ''; SET LOCAL jit = off; SET LOCAL quote_all_identifiers = off; \
    SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL extra_float_digits = 1; SET LOCAL lc_monetary = 'C'; SET LOCAL standard_conforming_strings = on";

/// One object of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is, in PostgreSQL's words: `table`, `column`, `operator class`, `comment`, …
    pub kind: String,
    /// Its name, qualified and quoted for SQL; unique among its kind.
    pub identity: String,
    /// The identity of what it is a part of: a column's table, a table's schema.
    pub parent: Option<String>,
    /// What defines it. An attribute that has its default value may be left out. Where the name of one begins with
    /// `secret_`, its value is a digest.
    pub attributes: BTreeMap<String, Value>,
}

/// The schema of a database, read in one snapshot.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// In order of kind and identity.
    facts: Vec<Fact>,
    /// Dependent and referenced, by their places in `facts`.
    edges: BTreeSet<(usize, usize)>,
}

/// An object's place in the catalog: class, object, column.
type Address = (u32, u32, i32);

impl Facts {
    /// Reads the facts of the user's schema, in one read-only transaction. What this tool keeps for itself is left out:
    /// tables named `refinery_schema_history` or `dbtask_journal`, and the schema `dbtask`.
    pub fn read(session: &Session) -> Result<Facts, Error> {
        Facts::in_snapshot(session, true)
    }

    /// As [`Facts::read`], with what this tool keeps for itself.
    pub fn read_everything(session: &Session) -> Result<Facts, Error> {
        Facts::in_snapshot(session, false)
    }

    /// As [`Facts::read`], in the transaction that the caller has begun on the session: with what that did so far.
    pub fn of_transaction(session: &Session) -> Result<Facts, Error> {
        session
            .batch(&format!("SAVEPOINT dbtask_facts; {SPELLING}"))
            .map_err(failed)?;
        let facts = collect(session, true).map_err(failed);
        // also takes the settings back
        session
            .batch("ROLLBACK TO SAVEPOINT dbtask_facts; RELEASE SAVEPOINT dbtask_facts")
            .map_err(failed)?;
        facts
    }

    fn in_snapshot(session: &Session, users_alone: bool) -> Result<Facts, Error> {
        let mut attempt = 1;
        loop {
            session
                .batch(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SPELLING}"))
                .map_err(failed)?;
            let facts = collect(session, users_alone);
            let ended = session.batch("ROLLBACK");
            match facts {
                Err(error) if is_overtaken(&error) && attempt < ATTEMPTS => attempt += 1,
                facts => {
                    let facts = facts.map_err(failed)?;
                    ended.map_err(failed)?;
                    return Ok(facts);
                }
            }
        }
    }

    /// All of them, in order of kind and identity.
    pub fn iter(&self) -> std::slice::Iter<'_, Fact> {
        self.facts.iter()
    }

    /// The fact of that kind and identity.
    pub fn get(&self, kind: &str, identity: &str) -> Option<&Fact> {
        self.facts
            .binary_search_by(|fact| key(fact).cmp(&(kind, identity)))
            .ok()
            .and_then(|i| self.facts.get(i))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether the database holds nothing of the user's but the schema that it was made with.
    pub fn is_empty(&self) -> bool {
        self.facts
            .iter()
            .all(|fact| fact.kind == "schema" && fact.identity == "public")
    }

    /// What depends on the objects of that identity, or on a column of theirs, as PostgreSQL's catalog says.
    pub fn dependants(&self, identity: &str) -> Vec<&Fact> {
        let own: BTreeSet<usize> = (0..self.facts.len())
            .filter(|&i| {
                let fact = &self.facts[i];
                fact.identity == identity
                    || (matches!(fact.kind.as_str(), "column" | "attribute")
                        && fact.parent.as_deref() == Some(identity))
            })
            .collect();
        let dependants: BTreeSet<usize> = self
            .edges
            .iter()
            .filter(|(dependant, referenced)| own.contains(referenced) && !own.contains(dependant))
            .map(|(dependant, _)| *dependant)
            .collect();
        dependants.into_iter().map(|i| &self.facts[i]).collect()
    }

    /// The facts as JSON, for [`Facts::of_json`].
    pub fn to_json(&self) -> Value {
        let object = |fact: &Fact| serde_json::json!({ "kind": fact.kind, "identity": fact.identity, "parent": fact.parent, "attributes": fact.attributes });
        self.facts.iter().map(object).collect()
    }

    /// The facts of such a text, without what depends on what; `None` when it is none.
    pub fn of_json(json: &Value) -> Option<Facts> {
        let fact = |fact: &Value| {
            Some(Fact {
                kind: fact["kind"].as_str()?.to_owned(),
                identity: fact["identity"].as_str()?.to_owned(),
                parent: fact["parent"].as_str().map(str::to_owned),
                attributes: fact["attributes"]
                    .as_object()?
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
            })
        };
        let facts = json.as_array()?.iter().map(fact).collect::<Option<_>>()?;
        Some(Facts {
            facts,
            edges: BTreeSet::new(),
        })
    }

    /// Leaves out who owns what and who may do what: two databases may be the same but for their roles.
    pub fn forget_roles(&mut self) {
        self.facts
            .retain(|fact| fact.kind != "privileges" && fact.kind != "default privileges");
        for fact in &mut self.facts {
            fact.attributes.remove("owner");
            fact.attributes.remove("grants");
        }
    }

    /// A text that is equal for equal facts, in any session and on any machine, and else differs.
    pub fn fingerprint(&self) -> String {
        let mut hasher = SipHasher13::new();
        for fact in &self.facts {
            let attributes = Value::from_iter(fact.attributes.clone());
            for part in [&fact.kind, &fact.identity, &attributes.to_string()] {
                hasher.write(part.as_bytes());
                hasher.write_u8(0);
            }
        }
        format!("{:032x}", u128::from(hasher.finish128()))
    }

    /// What would have to happen to these facts to make them the others.
    pub fn difference(&self, other: &Facts) -> Vec<Difference> {
        difference::between(&self.facts, &other.facts)
    }

    /// Leaves out the facts that are not to be kept, and their edges.
    pub fn retain(&mut self, keep: impl Fn(&Fact) -> bool) {
        let mut places = Vec::with_capacity(self.facts.len());
        let mut kept = 0;
        for fact in &self.facts {
            places.push(keep(fact).then_some(kept));
            kept += usize::from(keep(fact));
        }
        let edges = self.edges.iter().filter_map(|&(a, b)| Some((places[a]?, places[b]?)));
        self.edges = edges.collect();
        self.facts.retain(keep);
    }

    /// Names a role as another one wherever facts speak of it, as owner, in privileges and in policies: two databases may
    /// be the same but for who migrates them.
    pub fn rename_role(&mut self, from: &str, to: &str) {
        for fact in &mut self.facts {
            difference::rename_role(fact, from, to);
        }
        // the role may be a part of an identity
        let mut order: Vec<usize> = (0..self.facts.len()).collect();
        order.sort_by(|&a, &b| key(&self.facts[a]).cmp(&key(&self.facts[b])));
        let mut places = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            places[old] = new;
        }
        self.edges = self.edges.iter().map(|&(a, b)| (places[a], places[b])).collect();
        self.facts.sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Facts) -> bool {
        self.facts == other.facts
    }
}

impl Eq for Facts {}

impl<'a> IntoIterator for &'a Facts {
    type Item = &'a Fact;
    type IntoIter = std::slice::Iter<'a, Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What facts are in order of.
fn key(fact: &Fact) -> (&str, &str) {
    (&fact.kind, &fact.identity)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: SqlError) -> Error {
    sql_error("failed to read the database's schema", &error)
}

/// Whether somebody dropped what was about to be spelled.
fn is_overtaken(error: &SqlError) -> bool {
    [
        SqlState::INTERNAL_ERROR,
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_OBJECT,
    ]
    .iter()
    .any(|state| error.code() == Some(state))
}

/// Reads facts and edges in the transaction that is under way.
fn collect(session: &Session, users_alone: bool) -> Result<Facts, SqlError> {
    let row = session.query_one(
        "SELECT current_setting('server_version_num')::int4, current_setting('is_superuser') = 'on'",
        &[],
    )?;
    let fit = Fit {
        version: row.try_get(0)?,
        superuser: row.try_get(1)?,
        users_alone,
    };
    let mut found: Vec<(Fact, Option<Address>)> = Vec::new();
    prepare(session, &fit.name(), &|| fit.facts())?;
    for row in session.query(&format!("EXECUTE {}", fit.name()), &[])? {
        let kind: String = row.try_get(0)?;
        let attributes: String = row.try_get(3)?;
        let mut attributes = serde_json::from_str(&attributes).unwrap_or_default();
        if HAVE_EXPRESSIONS.contains(&kind.as_str()) {
            settle(&mut attributes);
        }
        let address = (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?);
        found.push((
            Fact {
                kind,
                identity: row.try_get(1)?,
                parent: row.try_get(2)?,
                attributes,
            },
            match address {
                (Some(class), Some(object), Some(column)) => Some((class, object, column)),
                _ => None,
            },
        ));
    }
    found.sort_by(|(a, _), (b, _)| key(a).cmp(&key(b)));
    let places: HashMap<Address, usize> = found
        .iter()
        .enumerate()
        .filter_map(|(i, (_, address))| address.map(|address| (address, i)))
        .collect();
    // right after a big migration the server thinks the catalog small, and would loop over it: a minute for 500 tables
    session.batch("SET LOCAL enable_nestloop = off")?;
    let mut edges = BTreeSet::new();
    prepare(session, "dbtask_dependencies", &|| DEPENDENCIES.to_owned())?;
    for row in session.query("EXECUTE dbtask_dependencies", &[])? {
        let dependant = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let referenced = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        if let (Some(dependant), Some(referenced)) = (places.get(&dependant), places.get(&referenced)) {
            edges.insert((*dependant, *referenced));
        }
    }
    Ok(Facts {
        facts: found.into_iter().map(|(fact, _)| fact).collect(),
        edges,
    })
}

/// The kinds whose attributes are, or hold, expressions; the text of a function is its author's.
const HAVE_EXPRESSIONS: [&str; 12] = [
    "column",
    "constraint",
    "default",
    "domain",
    "index",
    "materialized view",
    "policy",
    "publication",
    "rule",
    "statistics",
    "trigger",
    "view",
];

fn settle(attributes: &mut BTreeMap<String, Value>) {
    fn each(value: &mut Value) {
        match value {
            Value::String(text) => *text = settled(text),
            Value::Object(inner) => inner.values_mut().for_each(each),
            _ => {}
        }
    }
    attributes.values_mut().for_each(each);
}

/// Has the session keep a query prepared: to plan it takes the server longer than to run it.
fn prepare(session: &Session, name: &str, sql: &dyn Fn() -> String) -> Result<(), SqlError> {
    let known = session.query_one(
        &format!("SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = '{name}')"),
        &[],
    )?;
    if known.try_get(0)? {
        return Ok(());
    }
    session.batch(&format!("PREPARE {name} AS {}", sql()))
}
