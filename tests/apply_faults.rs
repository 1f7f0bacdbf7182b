//! `db:apply` under faults at any moment of its path, and under a check that fails: the file is there with its record, or
//! neither is; the exit code says which; a rerun goes on. Sampled here; `DBTASK_TEST_LONG=1` tries more moments.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use postgres::Client;

use crate::apply::{apply, commit, has_column, records, versions};
use crate::faults::is_long;
use crate::support::proxy::{Cut, Proxy, Way};
use crate::support::{Checkout, TestDatabase, shop};

fn points(usual: u32, long: u32) -> u32 {
    if is_long() { long } else { usual }
}

/// As [`crate::apply::production`], on a server that nobody else uses, and with a file that takes a moment.
fn production() -> (TestDatabase, Checkout) {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\nSELECT pg_sleep(0.2);\n",
    );
    checkout.commit_migrations();
    checkout.run(&["db:mark", "production"]).exits(0);
    (database, checkout)
}

/// Whether the file is applied: with its column, its row and its record, or with none of them.
fn is_applied(database: &TestDatabase, what: &str) -> bool {
    let is = (
        versions(database) == [1, 2, 3, 4],
        has_column(database, "phone"),
        records(database).len() == 1,
    );
    assert!(
        is == (true, true, true) || is == (false, false, false),
        "{what}: {is:?}"
    );
    is.0
}

/// Waits until the server has no session but ours: what a killed one began is committed or rolled back then, and the
/// lock that shows whose throwaway database it is is free.
fn settle(client: &mut Client) {
    let begun = Instant::now();
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'parallel worker')";
    while client.query_one(sql, &[]).unwrap().get::<_, i64>(0) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "a session stays");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Back to before, so that every step is taken again.
fn reset(database: &TestDatabase, checkout: &Checkout) {
    let is_there = database.has("dbtask_journal");
    let mut client = database.client();
    client
        .batch_execute(
            "ALTER TABLE users DROP COLUMN IF EXISTS phone; DELETE FROM refinery_schema_history WHERE version = 4",
        )
        .unwrap();
    if is_there {
        client.batch_execute("DELETE FROM dbtask_journal").unwrap();
    }
    for folder in ["backups", ".dbtask/proven"] {
        let _ = std::fs::remove_dir_all(checkout.root().join(folder));
    }
}

/// The throwaway databases that are left.
fn throwaways(database: &TestDatabase) -> i64 {
    let sql = "SELECT count(*) FROM pg_database WHERE datname LIKE 'dbtask\\_shadow\\_%'";
    database.client().query_one(sql, &[]).unwrap().get(0)
}

/// A rerun goes on, and leaves nothing behind.
fn goes_on(database: &TestDatabase, checkout: &Checkout) {
    let run = apply(checkout, database, &["4"]);
    let words = run.text();
    if run.code == Some(3) {
        run.says("is applied already");
    } else {
        run.exits(0);
    }
    assert!(is_applied(database, "after a rerun"));
    assert_eq!(throwaways(database), 0, "{words}");
}

/// How long it takes when nothing happens.
fn whole(database: &TestDatabase, checkout: &Checkout) -> Duration {
    let begun = Instant::now();
    apply(checkout, database, &["4"]).exits(0);
    let whole = begun.elapsed();
    reset(database, checkout);
    whole
}

#[test]
fn killed_at_any_moment_the_file_is_there_with_its_record_or_neither_is() {
    let (database, checkout) = production();
    let whole = whole(&database, &checkout);
    let mut server = database.server().client("postgres");
    let mut killed = 0;
    let points = points(8, 50);
    for point in 0..points {
        let mut child = checkout.spawn(&["db:apply", "4", "--yes", database.name()]);
        std::thread::sleep(whole * (point + 1) / points);
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        settle(&mut server);
        is_applied(&database, &format!("killed at {point} of {points}"));
        if point % 4 == 3 || point + 1 == points {
            goes_on(&database, &checkout);
        }
        reset(&database, &checkout);
    }
    assert!(killed > 0, "nothing was killed: the test proves nothing");
}

#[test]
fn with_its_sessions_terminated_at_any_moment_the_exit_code_says_what_is() {
    let (database, checkout) = production();
    let whole = whole(&database, &checkout);
    let mut server = database.server().client("postgres");
    let (mut failed, points) = (0, points(8, 50));
    for point in 0..points {
        let child = checkout.spawn(&["db:apply", "4", "--yes", database.name()]);
        std::thread::sleep(whole * (point + 1) / points);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'parallel worker')";
        server.execute(end, &[]).unwrap();
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        settle(&mut server);
        let is_applied = is_applied(&database, &format!("terminated at {point} of {points}: {words}"));
        assert_eq!(
            output.status.code(),
            Some(i32::from(!is_applied)),
            "{point} of {points}: {words}"
        );
        failed += usize::from(!is_applied);
        if point % 4 == 3 || point + 1 == points {
            goes_on(&database, &checkout);
        }
        reset(&database, &checkout);
    }
    assert!(failed > 0, "nothing was terminated: the test proves nothing");
}

#[test]
fn with_the_wire_cut_at_any_byte_the_exit_code_says_what_is() {
    let (database, checkout) = production();
    let through =
        |proxy: &Proxy| checkout.write(".env", format!("DATABASE_URL={}\n", database.url_through(proxy.port)));
    let uncut = Proxy::start(database.server().port, None);
    through(&uncut);
    apply(&checkout, &database, &["4"]).exits(0);
    let bytes = |way| match way {
        Way::ToServer => uncut.traffic.to_server.load(Ordering::Relaxed),
        Way::ToClient => uncut.traffic.to_client.load(Ordering::Relaxed),
    };
    let mut server = database.server().client("postgres");
    let points = points(6, 60) as usize;
    let mut failed = 0;
    for way in [Way::ToServer, Way::ToClient] {
        for point in 0..points {
            reset(&database, &checkout);
            // most of what matters is at the end: the file, its row, its checks, its record
            let after = bytes(way) - bytes(way) * point * point / (points * points) - 1;
            through(&Proxy::start(database.server().port, Some(Cut { way, after })));
            let run = apply(&checkout, &database, &["4"]);
            settle(&mut server);
            let what = format!("{way:?} cut after {after}: {}", run.text());
            let is_applied = is_applied(&database, &what);
            assert_eq!(run.code, Some(i32::from(!is_applied)), "{what}");
            failed += usize::from(!is_applied);
        }
    }
    assert!(failed > 0, "no cut had an effect: the test proves nothing");
    checkout.write(".env", format!("DATABASE_URL={}\n", database.url()));
    goes_on(&database, &checkout);
}

#[test]
fn of_many_at_once_one_applies_the_file() {
    let (database, checkout) = production();
    for _ in 0..points(1, 5) {
        let children: Vec<_> = (0..points(3, 8))
            .map(|_| checkout.spawn(&["db:apply", "4", "--yes", database.name()]))
            .collect();
        let mut codes: Vec<Option<i32>> = children
            .into_iter()
            .map(|child| child.wait_with_output().unwrap().status.code())
            .collect();
        codes.sort_unstable();
        assert_eq!(codes[0], Some(0), "{codes:?}");
        assert!(codes[1..].iter().all(|code| *code == Some(3)), "{codes:?}");
        assert!(is_applied(&database, "many at once"));
        assert_eq!(throwaways(&database), 0);
        reset(&database, &checkout);
    }
}

/// What a file may do behind its change, by which a check could miss it.
const WAYS: [(&str, &str); 9] = [
    ("nothing", ""),
    ("it looks elsewhere", "SET LOCAL search_path = pg_catalog;"),
    (
        "it has a table that hides the real one",
        "CREATE TEMP TABLE IF NOT EXISTS users AS SELECT 0 AS id, '' AS email;",
    ),
    ("a savepoint of the checks' own name", "SAVEPOINT dbtask_checks;"),
    (
        "it is in a hurry",
        "SET LOCAL statement_timeout = '100ms'; SET LOCAL lock_timeout = '1ms';",
    ),
    ("it reads alone from here on", "SET LOCAL transaction_read_only = on;"),
    ("it is another role", "SET LOCAL ROLE pg_monitor;"),
    ("it puts constraints off", "SET CONSTRAINTS ALL DEFERRED;"),
    ("it works as a replica", "SET LOCAL session_replication_role = replica;"),
];

/// Checks that pass before the file; each with how it fails behind it.
const CHECKS: [(&str, &str); 4] = [
    ("SELECT id FROM users WHERE email LIKE 'eve%'", "\"id\":1"),
    (
        "SELECT 1 / (1 - count(*)) >= 0 FROM users WHERE email LIKE 'eve%'",
        "division by zero",
    ),
    (
        "SELECT pg_sleep(10) IS NOT NULL FROM users WHERE email LIKE 'eve%'",
        "timeout",
    ),
    (
        "SELECT nextval('numbers') > 0 FROM users WHERE email LIKE 'eve%'",
        "read-only",
    ),
];

#[test]
fn a_failing_check_always_leaves_the_file_unapplied() {
    let (database, checkout) = production();
    database.client().batch_execute("CREATE SEQUENCE numbers").unwrap();
    let (query, found) = CHECKS[0];
    let cases = WAYS.iter().map(|(name, sql)| (*name, *sql, query, found));
    let cases = cases.chain(
        CHECKS
            .iter()
            .skip(1)
            .map(|(query, found)| ("nothing", "", *query, *found)),
    );
    let mut objected = 0;
    for (name, sql, query, found) in cases {
        checkout.write("migrations/checks/eve.sql", format!("{query}\n"));
        checkout.migration(
            "V00004__add_phone.sql",
            &format!(
                "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n\
                 UPDATE users SET email = 'eve@example.com' WHERE id = 1 AND email NOT LIKE 'eve%';\n{sql}\n"
            ),
        );
        commit(&checkout);
        let run = apply(&checkout, &database, &["4", "--check-timeout", "300ms"]);
        let what = format!("{name}, {query}: {}", run.text());
        assert!(!is_applied(&database, &what), "{what}");
        assert_ne!(run.code, Some(0), "{what}");
        if run.text().contains("was not committed") {
            assert!(run.text().contains(found), "{what}");
            objected += 1;
        } else {
            // the server itself was against it
            assert!(run.text().contains("failed to apply"), "{what}");
        }
    }
    // two of them cannot write their row in the history
    assert!(
        objected >= WAYS.len() + CHECKS.len() - 3,
        "only {objected} came to the checks"
    );
    checkout.write("migrations/checks/eve.sql", "SELECT true\n");
    commit(&checkout);
    goes_on(&database, &checkout);
}
