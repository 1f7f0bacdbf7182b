//! Not in the way of others, and not deaf to signals.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::support::{Checkout, TestDatabase, shop};

/// Waits until the condition holds in the database.
fn until(database: &TestDatabase, condition: &str) {
    let mut client = database.client();
    let begun = Instant::now();
    while !client
        .query_one(&format!("SELECT {condition}"), &[])
        .unwrap()
        .get::<_, bool>(0)
    {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "waited in vain for {condition}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

const RUNNING: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dbtask' AND state = 'active' AND wait_event = 'PgSleep')";
const IDLE: &str =
    "NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dbtask')";

fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let code = output.status.code().or(output.status.signal().map(|s| 128 + s));
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_table_in_use_is_waited_for_a_moment_at_a_time_and_the_blocker_is_named() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__column.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;\n",
    );
    let mut busy = database.client();
    busy.batch_execute("SET application_name = 'the reporting job'; BEGIN; SELECT * FROM users")
        .unwrap();
    checkout
        .run(&["db:push", "--lock-budget", "2s"])
        .exits(1)
        .says("[55P03]")
        .says("in the way: pid ")
        .says("the reporting job")
        .says("tried ")
        .says("--lock-budget")
        .says("rolled back whole");
    // and once the other is done it goes through, by itself
    let child = checkout.spawn(&["db:push"]);
    std::thread::sleep(Duration::from_millis(700));
    busy.batch_execute("COMMIT").unwrap();
    let (code, words) = end(child);
    assert_eq!(code, Some(0), "{words}");
}

#[test]
fn readers_are_not_held_up_behind_a_file_that_waits() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__column.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;\n",
    );
    let mut busy = database.client();
    busy.batch_execute("BEGIN; SELECT * FROM users").unwrap();
    let child = checkout.spawn(&["db:push"]);
    // the longest that a reader stood behind the file: a try lasts at most 200 ms
    let mut reader = database.client();
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(2) {
        let one = Instant::now();
        reader.batch_execute("SELECT count(*) FROM users").unwrap();
        longest = longest.max(one.elapsed());
    }
    busy.batch_execute("COMMIT").unwrap();
    let (code, words) = end(child);
    assert_eq!(code, Some(0), "{words}");
    // no measure of speed: without the limit it would be the two seconds
    assert!(
        longest < Duration::from_secs(1),
        "a reader stood in line for {longest:?}"
    );
}

#[test]
fn ctrl_c_and_sigterm_cancel_the_statement_and_say_what_was_rolled_back() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        for head in ["", "-- dbtask:no-transaction\n"] {
            let database = TestDatabase::new();
            let checkout = Checkout::on(&database);
            checkout.migration("V00001__first.sql", "CREATE TABLE first ();\n");
            checkout.migration(
                "V00002__long.sql",
                &format!("{head}CREATE TABLE second ();\nSELECT pg_sleep(30);\n"),
            );
            let child = checkout.spawn(&["db:push"]);
            until(&database, RUNNING);
            let begun = Instant::now();
            signal(&child, name);
            let (ended, words) = end(child);
            assert_eq!(ended, Some(code), "{words}");
            until(&database, IDLE);
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the server went on for {:?}",
                begun.elapsed()
            );
            assert!(
                words.contains("interrupted by ") && words.contains("1 file was applied by this run and stays"),
                "{words}"
            );
            assert!(database.has("first"));
            assert_eq!(database.has("second"), !head.is_empty(), "{words}");
            let rows: i64 = database
                .client()
                .query_one("SELECT count(*) FROM refinery_schema_history", &[])
                .unwrap()
                .get(0);
            assert_eq!(rows, 1);
        }
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_another_run_and_for_a_lock() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__column.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;\n",
    );
    let mut busy = database.client();
    busy.batch_execute("BEGIN; SELECT * FROM users").unwrap();
    let child = checkout.spawn(&["db:push"]);
    std::thread::sleep(Duration::from_millis(800));
    let other = checkout.spawn(&["db:push"]);
    std::thread::sleep(Duration::from_millis(500));
    for child in [other, child] {
        signal(&child, "INT");
        let (code, words) = end(child);
        assert_eq!(code, Some(130), "{words}");
    }
}

#[test]
fn after_kill_9_nothing_is_half_applied_and_the_server_goes_idle() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__long.sql", "CREATE TABLE half ();\nSELECT pg_sleep(60);\n");
    let child = checkout.spawn(&["db:push"]);
    until(&database, RUNNING);
    signal(&child, "KILL");
    end(child);
    let begun = Instant::now();
    until(&database, IDLE);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "the server went on for {:?}",
        begun.elapsed()
    );
    assert!(!database.has("half"));
    checkout.migration("V00001__long.sql", "CREATE TABLE half ();\n");
    checkout.run(&["db:push"]).exits(0);
}

#[test]
fn a_long_statement_says_what_it_is_doing() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__long.sql", "SELECT pg_sleep(4);\n");
    let run = checkout.run_on_terminal(&["db:push"], "").exits(0);
    assert!(
        run.stdout.contains("migrations/V00001__long.sql: running for 2."),
        "{}",
        run.stdout
    );
}

#[test]
fn a_statement_timeout_can_be_set() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__long.sql", "SELECT pg_sleep(20);\n");
    checkout
        .run(&["db:push", "--statement-timeout", "100ms"])
        .exits(1)
        .says("[57014]");
    checkout
        .run(&["db:push", "--statement-timeout", "5"])
        .exits(2)
        .says("such as 500ms, 30s, 5min or 2h");
}

#[test]
fn a_connection_that_is_lost_is_told_as_what_it_is() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__first.sql", "CREATE TABLE first ();\n");
    checkout.migration("V00002__long.sql", "CREATE TABLE half ();\nSELECT pg_sleep(20);\n");
    let child = checkout.spawn(&["db:push"]);
    until(&database, RUNNING);
    database.client().batch_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'").unwrap();
    let (code, words) = end(child);
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.contains("was rolled back whole; 1 file was applied by this run and stays"),
        "{words}"
    );
    assert!(!database.has("half"));
}
