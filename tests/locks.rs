//! What the lints say about locks, rewrites and scans, measured: `pg_locks`, `pg_relation_filenode`, `seq_tup_read`.

pub mod claims;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use self::claims::{CLAIMS, Claim, LockMode, ROWS, TABLES};
use crate::support::TestDatabase;

/// What was seen on one table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    table: String,
    lock: LockMode,
    rewrites: bool,
    reads: u32,
}

/// A table before the statement: its name, its file, the rows that were read of it.
struct Table {
    name: String,
    file: u32,
    read: i64,
}

#[test]
fn statements_lock_rewrite_and_read_what_is_claimed() {
    let database = TestDatabase::new();
    let major = database.server().installation.major;
    let mut client = database.client();
    let mut wrong = Vec::new();
    for claim in CLAIMS
        .iter()
        .filter(|claim| (claim.majors.0..=claim.majors.1).contains(&major))
    {
        client
            .batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; RESET ALL;")
            .unwrap();
        client.batch_execute(TABLES).unwrap();
        client.batch_execute(claim.given).unwrap();
        let seen = if claim.alone {
            alone(&database, &mut client, claim)
        } else {
            in_transaction(&mut client, claim)
        };
        let mut claimed: Vec<Seen> = claim
            .effects
            .iter()
            .map(|effect| Seen {
                table: effect.table.to_owned(),
                lock: effect.lock,
                rewrites: effect.rewrites,
                reads: effect.reads,
            })
            .collect();
        claimed.sort_by(|one, other| one.table.cmp(&other.table));
        if seen != claimed {
            let Claim { statement, rule, .. } = claim;
            wrong.push(format!(
                "{statement} [{rule}]\n  claimed {claimed:?}\n  seen    {seen:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "on PostgreSQL {major}:\n{}", wrong.join("\n"));
}

/// Runs the statement in a transaction that is rolled back.
fn in_transaction(client: &mut Client, claim: &Claim) -> Vec<Seen> {
    client.batch_execute("BEGIN").unwrap();
    let before = tables(client, "pg_stat_xact_user_tables");
    client
        .batch_execute(claim.statement)
        .unwrap_or_else(|error| panic!("{}: {error:?}", claim.statement));
    let locks = locks(client, "pid = pg_backend_pid()");
    let after = tables(client, "pg_stat_xact_user_tables");
    client.batch_execute("ROLLBACK").unwrap();
    seen(&before, &after, &locks)
}

/// Runs the statement on its own, against a lock that it has to wait for: one that lets pass what looks first.
fn alone(database: &TestDatabase, client: &mut Client, claim: &Claim) -> Vec<Seen> {
    let before = tables(client, "pg_stat_user_tables");
    let mut holder = database.client();
    let table = claim.effects[0].table;
    holder
        .batch_execute(&format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE"))
        .unwrap();
    let mut session = database.client();
    let pid: i32 = session.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let statement = claim.statement;
    let running = thread::spawn(move || session.batch_execute(statement));
    let waits = format!("pid = {pid} AND NOT granted");
    let locks = until(|| locks(client, &waits), |locks| !locks.is_empty());
    holder.batch_execute("ROLLBACK").unwrap();
    running
        .join()
        .unwrap()
        .unwrap_or_else(|error| panic!("{}: {error:?}", claim.statement));
    let expected = claim.effects[0].reads;
    // what a session has read is told when it has ended
    until(
        || seen(&before, &tables(client, "pg_stat_user_tables"), &locks),
        |seen| seen.iter().any(|seen| seen.table == table && seen.reads >= expected),
    )
}

/// Asks again until it is so, for ten seconds at the longest.
fn until<T>(mut ask: impl FnMut() -> T, is_so: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if is_so(&answer) || begun.elapsed() > Duration::from_secs(10) {
            return answer;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The tables that are there, by their number.
fn tables(client: &mut Client, statistics: &str) -> BTreeMap<u32, Table> {
    let query = format!(
        "SELECT c.oid, c.relname::text, coalesce(pg_relation_filenode(c.oid), 0), coalesce(s.seq_tup_read, 0)
         FROM pg_class AS c LEFT JOIN {statistics} AS s ON s.relid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm')"
    );
    let rows = client.query(&query, &[]).unwrap();
    let table = |row: &postgres::Row| Table {
        name: row.get(1),
        file: row.get(2),
        read: row.get(3),
    };
    rows.iter().map(|row| (row.get(0), table(row))).collect()
}

/// The strongest lock of each table that a session has or waits for.
fn locks(client: &mut Client, whose: &str) -> BTreeMap<u32, LockMode> {
    let query = format!(
        "SELECT relation, mode FROM pg_locks
         WHERE locktype = 'relation' AND {whose}
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    let mut strongest = BTreeMap::new();
    for row in client.query(&query, &[]).unwrap() {
        let mode = LockMode::shown(row.get(1));
        strongest
            .entry(row.get(0))
            .and_modify(|known: &mut LockMode| *known = mode.max(*known))
            .or_insert(mode);
    }
    strongest
}

fn seen(before: &BTreeMap<u32, Table>, after: &BTreeMap<u32, Table>, locks: &BTreeMap<u32, LockMode>) -> Vec<Seen> {
    let mut seen: Vec<Seen> = before
        .iter()
        .filter_map(|(number, table)| {
            let after = after.get(number);
            Some(Seen {
                table: table.name.clone(),
                lock: *locks.get(number)?,
                rewrites: after.is_some_and(|after| after.file != table.file),
                reads: after.map_or(0, |after| u32::try_from((after.read - table.read) / ROWS).unwrap()),
            })
        })
        .collect();
    seen.sort_by(|one, other| one.table.cmp(&other.table));
    seen
}
