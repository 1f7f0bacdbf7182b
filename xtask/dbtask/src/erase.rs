//! Deleting everything of the user's: what `db:drop` and `db:reset` share.
//!
//! The database, its mark, its extensions, roles and privileges stay. Objects go in batches, each a transaction of its
//! own, because a transaction holds a lock for every object it drops and the server's lock table is small
//! (`max_locks_per_transaction` × `max_connections`): one DROP SCHEMA CASCADE over 10,000 tables ends in "out of
//! shared memory".

use std::collections::{BTreeMap, VecDeque};

use dbtask_runner::{Condition, Error, Kind, SqlError, SqlState, sql_error};

use crate::catalog::{self, Object, Table};
use crate::output::{Output, bytes, count, thousands};
use crate::progress::Progress;
use crate::target::Target;

/// How many objects a statement drops at first.
const BATCH: usize = 200;

/// How many large objects a statement unlinks; each takes a lock, too.
const LARGE_OBJECTS: usize = 1_000;

/// How many tables, and how many objects of another owner, are named one by one.
const NAMED: usize = 5;

/// What would go.
pub(crate) struct Inventory {
    objects: Vec<Object>,
    tables: Vec<Table>,
    large_objects: u64,
}

impl Inventory {
    /// Reads what would go. Fails when the role may not drop all of it: better nothing than half.
    pub(crate) fn read(target: &Target) -> Result<Inventory, Error> {
        // even a table's size waits for its lock
        target
            .session
            .batch("SET client_min_messages = warning; SET lock_timeout = '5s'")
            .map_err(|e| sql_error("failed to prepare the session", &e))?;
        let objects = catalog::objects(&target.session)?;
        let mut foreign: Vec<String> = objects
            .iter()
            .filter(|o| !o.droppable)
            .map(|o| format!("{} {}", o.kind, o.identity))
            .collect();
        match catalog::foreign_large_objects(&target.session)? {
            0 => {}
            n => foreign.push(plural(usize::try_from(n).unwrap_or(usize::MAX), "large object")),
        }
        if !foreign.is_empty() {
            let mut named = foreign[..foreign.len().min(NAMED)].join(", ");
            if foreign.len() > NAMED {
                named = format!("{named} and {} more", foreign.len() - NAMED);
            }
            return Err(
                Error::failed(format!("`{}` may not drop everything here", target.identity.user))
                    .cause(format!("owned by others: {named}"))
                    .state("nothing was deleted")
                    .help(format!(
                        "connect as their owner, or let the owner run `REASSIGN OWNED BY CURRENT_USER TO {}`",
                        target.identity.user
                    )),
            );
        }
        Ok(Inventory {
            objects,
            tables: catalog::tables(&target.session).map_err(|e| e.state("nothing was deleted"))?,
            large_objects: catalog::large_objects(&target.session)?,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.large_objects == 0
    }

    /// How many objects.
    pub(crate) fn len(&self) -> usize {
        self.objects.len() + usize::try_from(self.large_objects).unwrap_or(usize::MAX)
    }

    /// What will go, for people: where, how many of each kind in each schema, the largest tables.
    pub(crate) fn describe(&self, target: &Target) -> String {
        let mut lines = vec![format!("This deletes everything in {}:", target.describe())];
        let mut kinds: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for object in self.objects.iter().filter(|o| o.kind != "schema") {
            *kinds
                .entry(object.schema.as_deref().unwrap_or(""))
                .or_default()
                .entry(&object.kind)
                .or_default() += 1;
        }
        for (schema, kinds) in &kinds {
            let things: Vec<String> = kinds.iter().map(|(kind, n)| plural(*n, kind)).collect();
            let place = if schema.is_empty() {
                "database-wide".to_owned()
            } else {
                format!("schema {schema}")
            };
            lines.push(format!("  {place}: {}", things.join(", ")));
        }
        if self.large_objects > 0 {
            lines.push(format!(
                "  {}",
                plural(
                    usize::try_from(self.large_objects).unwrap_or(usize::MAX),
                    "large object"
                )
            ));
        }
        let size = self.tables.iter().map(|t| t.bytes).sum();
        lines.push(format!("  in all {}, {}", bytes(size), self.rows()));
        for table in self.tables.iter().filter(|t| t.rows != Some(0)).take(NAMED) {
            let rows = match table.rows {
                Some(rows) => format!(", about {} rows", thousands(rows)),
                None => String::new(),
            };
            lines.push(format!("    {}: {}{rows}", table.identity, bytes(table.bytes)));
        }
        lines.push(
            "What stays: the database itself and its mark, extensions, roles, the schema public and its privileges."
                .to_owned(),
        );
        lines.join("\n")
    }

    /// How many rows there are, as far as the statistics tell.
    fn rows(&self) -> String {
        let rows: u64 = self.tables.iter().filter_map(|t| t.rows).sum();
        let uncounted = self.tables.iter().filter(|t| t.rows.is_none()).count();
        let about = format!("about {} rows", thousands(rows));
        let others = format!("the rows of {} without statistics", count(uncounted, "table"));
        match (rows, uncounted) {
            (0, 0) => "no rows".to_owned(),
            (_, 0) => about,
            (0, _) => others,
            _ => format!("{about}, and {others}"),
        }
    }

    /// Deletes it all. Interrupted half-way it can be run again: it reads what is left.
    pub(crate) fn erase(self, target: &Target, condition: &Condition, output: &Output) -> Result<(), Error> {
        let total = self.len();
        let mut progress = Progress::new();
        let all = self.objects.len();
        let mut left = all;
        for group in groups(self.objects) {
            let outcome = drop_group(target, condition, group, &mut |dropped| {
                left -= dropped;
                progress.show(&format!(
                    "deleting: {} of {} left",
                    thousands(left as u64),
                    thousands(total as u64)
                ));
            });
            outcome.map_err(|e| {
                if left == all && e.kind() == Kind::Refused {
                    e.state("nothing was deleted")
                } else {
                    e
                }
            })?;
        }
        unlink_large_objects(target, condition)?;
        drop(progress);
        let rest = catalog::objects(&target.session)?;
        if let Some(object) = rest.first() {
            return Err(
                Error::failed(format!("{} of the user's are left", count(rest.len(), "object")))
                    .cause(format!("the first is {} {}", object.kind, object.identity))
                    .help("type the command again: somebody may have created it meanwhile"),
            );
        }
        output.step("deleted", &count(total, "object"));
        target
            .session
            .batch("RESET client_min_messages; RESET lock_timeout")
            .map_err(|e| sql_error("failed to reset the session", &e))
    }
}

fn plural(n: usize, kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if n != 1 => format!("{} {stem}ies", thousands(n as u64)),
        _ if n != 1 && kind.ends_with('s') => format!("{} {kind}es", thousands(n as u64)),
        _ => count(n, kind),
    }
}

/// Neighbours that one DROP statement can name together.
fn groups(objects: Vec<Object>) -> Vec<VecDeque<Object>> {
    let mut groups: Vec<VecDeque<Object>> = Vec::new();
    for object in objects {
        match groups.last_mut() {
            Some(group) if group.front().is_some_and(|first| first.drop_as == object.drop_as) => {
                group.push_back(object);
            }
            _ => groups.push(VecDeque::from([object])),
        }
    }
    groups
}

/// Drops a group batch by batch. A batch that needs more locks than the server has is halved; a single object
/// that still does (a parent of thousands) waits until what hangs on it is gone.
fn drop_group(
    target: &Target,
    condition: &Condition,
    mut group: VecDeque<Object>,
    dropped: &mut dyn FnMut(usize),
) -> Result<(), Error> {
    let mut size = BATCH;
    let mut postponed = 0;
    while let Some(first) = group.front() {
        // these take one name a statement
        let one_name = matches!(
            first.drop_as.as_str(),
            "CAST" | "OPERATOR CLASS" | "OPERATOR FAMILY" | "CONVERSION" | "EVENT TRIGGER"
        ) || first.drop_as.starts_with("TEXT SEARCH");
        let n = if one_name { 1 } else { size.min(group.len()) };
        let names: Vec<&str> = group.iter().take(n).map(|o| o.identity.as_str()).collect();
        let sql = format!("DROP {} IF EXISTS {} CASCADE", first.drop_as, names.join(", "));
        match change(target, condition, &sql) {
            Ok(()) => {
                group.drain(..n);
                dropped(n);
                postponed = 0;
                size = (size * 2).min(BATCH);
            }
            Err(e) if e.code() == Some(&SqlState::OUT_OF_MEMORY) && n > 1 => size = n / 2,
            Err(e) if e.code() == Some(&SqlState::OUT_OF_MEMORY) && postponed < group.len() => {
                group.rotate_left(1);
                postponed += 1;
            }
            Err(e) => return Err(stuck(target, condition, &e)),
        }
    }
    Ok(())
}

/// Sends a statement behind the condition: in one message, and so in one transaction.
fn change(target: &Target, condition: &Condition, sql: &str) -> Result<(), SqlError> {
    target.session.batch(&format!("{};{sql}", condition.statement()))
}

fn unlink_large_objects(target: &Target, condition: &Condition) -> Result<(), Error> {
    while catalog::large_objects(&target.session)? > 0 {
        let sql = format!(
            "SELECT pg_catalog.lo_unlink(oid) FROM (SELECT oid FROM pg_catalog.pg_largeobject_metadata LIMIT {LARGE_OBJECTS}) AS l"
        );
        change(target, condition, &sql).map_err(|e| stuck(target, condition, &e))?;
    }
    Ok(())
}

fn stuck(target: &Target, condition: &Condition, e: &SqlError) -> Error {
    // a DROP … IF EXISTS never misses what it names
    if let Some(refusal) = condition
        .refusal_of_itself(e)
        .filter(|_| e.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE))
    {
        return refusal.state("what was deleted before that is gone; the rest was not touched");
    }
    let error =
        sql_error("failed to delete everything", e).state("what is left can be deleted by typing the command again");
    match e.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => error
            .cause(format!("other sessions are using `{}`", target.identity.database))
            .help("stop the service (and close open transactions), then type the command again"),
        _ => error,
    }
}
