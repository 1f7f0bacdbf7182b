//! What depends on an object that a statement changes or drops, and the order to do it in: take away, change, put back.
//!
//! The order is not guessed but found by trying: dependants are taken away until the statement goes through, then each
//! that it goes through without is left alone, and what was taken away is put back.

use dbtask_rules::statements;
use dbtask_runner::{Error, Session, SqlError, SqlState, quote_identifier, sql_error};
use serde_json::Value;

use crate::facts::{Change, Fact, Facts};

/// How many dependants are tried.
const MOST: usize = 60;

/// The way around what stands in the way of a statement.
#[derive(Debug)]
pub(crate) struct Way {
    /// What the server says.
    pub(crate) because: String,
    /// Statements that take away what is in the way, in order.
    pub(crate) before: Vec<String>,
    /// Statements that put it back.
    pub(crate) behind: Vec<String>,
    /// Statements for a file of its own, later.
    pub(crate) later: Vec<String>,
    /// What the throwaway database said where putting something back failed.
    pub(crate) doubts: Vec<String>,
}

/// A dependant with the statements that drop it and make it again.
#[derive(Debug, Clone)]
struct Dependant {
    drop: String,
    create: String,
    validate: Option<String>,
}

/// Carries out a statement so that its failure undoes nothing else.
fn attempt(session: &Session, sql: &str) -> Result<(), SqlError> {
    session.batch("SAVEPOINT dbtask_attempt")?;
    let outcome = session.batch(sql);
    match outcome {
        Ok(()) => session.batch("RELEASE dbtask_attempt"),
        Err(error) => {
            session.batch("ROLLBACK TO dbtask_attempt;RELEASE dbtask_attempt")?;
            Err(error)
        }
    }
}

/// The way around a failure, if it is one of dependants.
pub(super) fn find(session: &Session, sql: &str, error: &SqlError) -> Result<Option<Way>, Error> {
    let failed = |e: SqlError| sql_error("failed to look for what depends on it", &e);
    let facts = Facts::of_transaction(session)?;
    let mut candidates: Vec<&Fact> = match error.code() {
        Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => dropped_in_cascade(session, sql, &facts)?,
        Some(&SqlState::FEATURE_NOT_SUPPORTED) => match table_of(session, sql) {
            Some(table) => all_dependants(&facts, &table),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    candidates.truncate(MOST);
    let dependants: Vec<Dependant> = candidates
        .iter()
        .filter_map(|fact| Dependant::of(fact, &facts))
        .collect();
    let Some(taken) = take_away(session, sql, &dependants).map_err(failed)? else {
        return Ok(None);
    };
    let needed = without_the_needless(session, sql, taken).map_err(failed)?;
    let mut way = Way {
        because: words(error),
        before: needed.iter().map(|d| d.drop.clone()).collect(),
        behind: Vec::new(),
        later: needed.iter().filter_map(|d| d.validate.clone()).collect(),
        doubts: Vec::new(),
    };
    for sql in way.before.iter().map(String::as_str).chain([sql]) {
        session.batch(sql).map_err(failed)?;
    }
    for dependant in needed.iter().rev() {
        if let Err(error) = attempt(session, &dependant.create) {
            way.doubts.push(format!("`{}`: {}", dependant.create, words(&error)));
        }
        way.behind.push(dependant.create.clone());
    }
    Ok(Some(way))
}

/// What the server says, with its detail.
fn words(error: &SqlError) -> String {
    let Some(server) = error.as_db_error() else {
        return error.to_string();
    };
    match server.detail() {
        Some(detail) => format!("{}: {}", server.message(), detail.replace('\n', "; ")),
        None => server.message().to_owned(),
    }
}

/// What goes with the object where the statement says CASCADE.
fn dropped_in_cascade<'a>(session: &Session, sql: &str, facts: &'a Facts) -> Result<Vec<&'a Fact>, Error> {
    let failed = |e: SqlError| sql_error("failed to look for what depends on it", &e);
    session.batch("SAVEPOINT dbtask_cascade").map_err(failed)?;
    let after = match session.batch(&format!("{sql} CASCADE")) {
        Ok(()) => Some(Facts::of_transaction(session)?),
        Err(_) => None,
    };
    session
        .batch("ROLLBACK TO dbtask_cascade;RELEASE dbtask_cascade")
        .map_err(failed)?;
    let gone = after.map(|after| facts.difference(&after)).unwrap_or_default();
    Ok(gone
        .iter()
        .filter(|difference| difference.change == Change::Missing)
        .filter_map(|difference| facts.get(&difference.kind, &difference.identity))
        .collect())
}

/// Everything that depends on a table, and on what depends on it.
fn all_dependants<'a>(facts: &'a Facts, table: &str) -> Vec<&'a Fact> {
    let mut found: Vec<&Fact> = Vec::new();
    let mut open = vec![table.to_owned()];
    while let Some(identity) = open.pop() {
        for fact in facts.dependants(&identity) {
            if !found.iter().any(|f| f.kind == fact.kind && f.identity == fact.identity) {
                open.push(fact.identity.clone());
                found.push(fact);
            }
        }
    }
    found
}

impl Dependant {
    /// `None` for what nobody should drop on the way: a table, a column, a type.
    fn of(fact: &Fact, facts: &Facts) -> Option<Dependant> {
        let parent = fact.parent.as_deref().unwrap_or_default();
        let name = fact
            .identity
            .strip_prefix(parent)
            .and_then(|rest| rest.strip_prefix('.'));
        let text = |attribute: &str| fact.attributes.get(attribute).and_then(Value::as_str);
        let definition = text("definition");
        let (drop, create, validate) = match fact.kind.as_str() {
            "constraint" => {
                let (name, definition) = (name?, definition?.trim_end_matches(" NOT VALID"));
                let add = format!("ALTER TABLE {parent} ADD CONSTRAINT {name} {definition}");
                let by_hand = matches!(text("type"), Some("f" | "c"));
                (
                    format!("ALTER TABLE {parent} DROP CONSTRAINT {name}"),
                    if by_hand { format!("{add} NOT VALID") } else { add },
                    by_hand.then(|| format!("ALTER TABLE {parent} VALIDATE CONSTRAINT {name}")),
                )
            }
            "view" => (
                format!("DROP VIEW {}", fact.identity),
                format!("CREATE VIEW {}{} AS {}", fact.identity, options(fact), definition?),
                None,
            ),
            "materialized view" => {
                let indexes = facts
                    .iter()
                    .filter(|f| f.kind == "index" && f.parent.as_deref() == Some(&fact.identity));
                let indexes: Vec<&str> = indexes
                    .filter_map(|f| f.attributes.get("definition").and_then(Value::as_str))
                    .collect();
                let query = definition?.trim_end_matches(';');
                let create = format!("CREATE MATERIALIZED VIEW {} AS {query}", fact.identity);
                (
                    format!("DROP MATERIALIZED VIEW {}", fact.identity),
                    std::iter::once(create.as_str())
                        .chain(indexes)
                        .collect::<Vec<_>>()
                        .join("; "),
                    None,
                )
            }
            "trigger" => (
                format!("DROP TRIGGER {} ON {parent}", name?),
                definition?.to_owned(),
                None,
            ),
            "rule" => (format!("DROP RULE {} ON {parent}", name?), definition?.to_owned(), None),
            "policy" => (
                format!("DROP POLICY {} ON {parent}", name?),
                policy(fact, name?, parent),
                None,
            ),
            "index" => (format!("DROP INDEX {}", fact.identity), definition?.to_owned(), None),
            "function" | "procedure" => (
                format!("DROP {} {}", fact.kind.to_uppercase(), fact.identity),
                definition?.to_owned(),
                None,
            ),
            _ => return None,
        };
        let end = |sql: String| sql.trim_end().trim_end_matches(';').to_owned();
        Some(Dependant {
            drop,
            create: end(create),
            validate,
        })
    }
}

/// ` WITH (security_barrier=true)`.
fn options(fact: &Fact) -> String {
    let Some(Value::Object(options)) = fact.attributes.get("options") else {
        return String::new();
    };
    let options: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    format!(" WITH ({})", options.join(", "))
}

fn policy(fact: &Fact, name: &str, table: &str) -> String {
    let text = |attribute: &str| fact.attributes.get(attribute).and_then(Value::as_str);
    let command = match text("command") {
        Some("r") => "SELECT",
        Some("a") => "INSERT",
        Some("w") => "UPDATE",
        Some("d") => "DELETE",
        _ => "ALL",
    };
    let is_permissive = fact.attributes.get("permissive") != Some(&Value::Bool(false));
    let roles = fact.attributes.get("roles").and_then(Value::as_array);
    let roles: Vec<String> = roles
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|role| {
            if role == "public" {
                role.to_owned()
            } else {
                quote_identifier(role)
            }
        })
        .collect();
    let kind = if is_permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let mut sql = format!(
        "CREATE POLICY {name} ON {table} AS {kind} FOR {command} TO {}",
        roles.join(", ")
    );
    if let Some(using) = text("using") {
        sql = format!("{sql} USING ({using})");
    }
    if let Some(check) = text("check") {
        sql = format!("{sql} WITH CHECK ({check})");
    }
    sql
}

/// Takes dependants away, each when nothing depends on it any more, until the statement goes through; what it took.
/// Leaves everything as it was.
fn take_away(session: &Session, sql: &str, all: &[Dependant]) -> Result<Option<Vec<Dependant>>, SqlError> {
    session.batch("SAVEPOINT dbtask_search")?;
    let mut left: Vec<&Dependant> = all.iter().collect();
    let mut taken = Vec::new();
    let mut goes = false;
    loop {
        let n = left.len();
        let mut i = 0;
        while i < left.len() && !goes {
            if attempt(session, &left[i].drop).is_ok() {
                taken.push(left.remove(i).clone());
                goes = attempt(session, sql).is_ok();
            } else {
                i += 1;
            }
        }
        if goes || left.len() == n {
            break;
        }
    }
    session.batch("ROLLBACK TO dbtask_search;RELEASE dbtask_search")?;
    Ok(goes.then_some(taken))
}

/// Leaves out, one after the other, what the statement goes through without.
fn without_the_needless(session: &Session, sql: &str, taken: Vec<Dependant>) -> Result<Vec<Dependant>, SqlError> {
    let mut needed = taken;
    // from the last one on: what is taken away later, others hung on
    for i in (0..needed.len()).rev() {
        let mut fewer = needed.clone();
        fewer.remove(i);
        session.batch("SAVEPOINT dbtask_search")?;
        let drops = fewer.iter().map(|d| d.drop.as_str());
        let goes = drops.chain([sql]).all(|sql| attempt(session, sql).is_ok());
        session.batch("ROLLBACK TO dbtask_search;RELEASE dbtask_search")?;
        if goes {
            needed = fewer;
        }
    }
    Ok(needed)
}

/// A table's name as an SQL text writes it, qualified.
fn qualified(session: &Session, name: &str) -> Result<Option<String>, SqlError> {
    let literal = name.replace('\'', "''");
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass('{literal}')"
    );
    let rows = session.query(&sql, &[])?;
    rows.first().map(|row| row.try_get(0)).transpose()
}

/// The table that a statement is about, by its first words: `ALTER TABLE [IF EXISTS] [ONLY] name`.
fn table_of(session: &Session, sql: &str) -> Option<String> {
    let skipped = ["alter", "table", "materialized", "view", "if", "exists", "only"];
    let heads = statements::heads(sql);
    let words = heads.first().map(|head| head.words.as_slice()).unwrap_or_default();
    let names: Vec<&String> = words
        .iter()
        .skip_while(|word| skipped.contains(&word.as_str()))
        .take(2)
        .collect();
    let guesses = match names[..] {
        [schema, table] => vec![format!("{schema}.{table}"), schema.clone()],
        [table] => vec![table.clone()],
        _ => Vec::new(),
    };
    guesses.iter().find_map(|guess| checked(session, guess).ok().flatten())
}

/// As [`qualified`], for what may be no name at all.
fn checked(session: &Session, guess: &str) -> Result<Option<String>, SqlError> {
    session.batch("SAVEPOINT dbtask_guess")?;
    let found = qualified(session, guess);
    session.batch("ROLLBACK TO dbtask_guess;RELEASE dbtask_guess")?;
    found
}
