//! Files that would lose work, the lock or the session: detected, or without effect on what follows.

use crate::support::{Checkout, TestDatabase};

/// What must not be seen in the file behind a cheating one.
const PROBE: &str = "\
CREATE TABLE IF NOT EXISTS public.probe AS SELECT current_user::text AS role, session_user::text AS session,
  current_setting('search_path') AS search_path, current_setting('work_mem') AS work_mem,
  current_setting('lock_timeout') AS lock_timeout, current_setting('row_security') AS row_security,
  (SELECT count(*) FROM pg_listening_channels()) AS channels,
  (SELECT count(*) FROM pg_prepared_statements WHERE name = 'leak') AS prepared,
  (SELECT count(*) FROM pg_cursors) AS cursors,
  (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS temporary,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted) > 0 AS locked;
";

fn probe(cheat: Option<&str>) -> String {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let role = database.role("cheat", "");
    database
        .client()
        .batch_execute(&format!("GRANT ALL ON SCHEMA public TO {0}", role.name()))
        .unwrap();
    checkout.migration(
        "V00001__cheat.sql",
        &format!(
            "CREATE TABLE IF NOT EXISTS done ();\n{}\n",
            cheat.unwrap_or("").replace("TENANT", role.name())
        ),
    );
    checkout.migration("V00002__probe.sql", PROBE);
    checkout.run(&["db:push"]).exits(0);
    assert!(database.has("public.done"));
    let row: String = database
        .client()
        .query_one("SELECT probe::text FROM public.probe", &[])
        .unwrap()
        .get(0);
    row
}

/// Whether backslashes can escape in ordinary strings: not from PostgreSQL 19 on.
fn has_escapes() -> bool {
    TestDatabase::new().server().installation.major < 19
}

#[test]
fn nothing_leaks_into_the_next_file() {
    let clean = probe(None);
    assert!(clean.ends_with(",t)"), "the lock is not held: {clean}");
    for cheat in [
        "SET search_path = '';",
        "SELECT set_config('search_path', '', false);",
        "SET work_mem = '77MB'; SET lock_timeout = 0; SET row_security = off;",
        "SET ROLE TENANT;",
        "SET SESSION AUTHORIZATION TENANT;",
        "LISTEN leak;",
        "PREPARE leak AS SELECT 'leak';",
        "CREATE TEMP TABLE leak (id int);",
        "DECLARE leak CURSOR WITH HOLD FOR SELECT 1;",
        "SELECT pg_advisory_unlock_all();",
        "SET CONSTRAINTS ALL DEFERRED;",
        if has_escapes() {
            "SET standard_conforming_strings = off;"
        } else {
            "SET standard_conforming_strings = on;"
        },
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;",
        "SET statement_timeout = '1h'; SET client_min_messages = 'error'; SET default_transaction_isolation = 'serializable';",
        "DISCARD TEMP; DISCARD PLANS; DISCARD SEQUENCES;",
        "DEALLOCATE ALL; CLOSE ALL; UNLISTEN *;",
    ] {
        assert_eq!(probe(Some(cheat)), clean, "{cheat}");
    }
}

#[test]
fn what_would_lose_the_history_row_is_detected_and_rolled_back() {
    for (cheat, code, words) in [
        ("RESET ALL;", 1, "ended its own transaction, or reset its settings"),
        ("DISCARD ALL;", 1, "[25001]"),
        ("SET TRANSACTION READ ONLY;", 1, "[25006]"),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5);", 1, "[57014]"),
        ("CALL commits();", 1, "[2D000]"),
        ("DO $$ BEGIN COMMIT; END $$;", 1, "[2D000]"),
        (
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1);",
            1,
            "[23503]",
        ),
    ] {
        let database = TestDatabase::new();
        let checkout = Checkout::on(&database);
        database
            .client()
            .batch_execute("CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
            .unwrap();
        checkout.migration("V00001__cheat.sql", &format!("CREATE TABLE done ();\n{cheat}\n"));
        checkout.run(&["db:push"]).exits(code).says(words).says("rolled back");
        assert!(!database.has("done"), "{cheat}: work was left behind");
        let rows: i64 = database
            .client()
            .query_one("SELECT count(*) FROM refinery_schema_history", &[])
            .unwrap()
            .get(0);
        assert_eq!(rows, 0, "{cheat}");
    }
}

#[test]
fn a_commit_is_found_where_backslashes_escape() {
    if !has_escapes() {
        println!("skipped: this server has no `standard_conforming_strings = off`");
        return;
    }
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    database
        .client()
        .batch_execute(&format!(
            "ALTER DATABASE {} SET standard_conforming_strings = off",
            database.name()
        ))
        .unwrap();
    // by the standard the first string goes on to the quote before x, and hides the COMMIT
    checkout.migration(
        "V00001__cheat.sql",
        "CREATE TABLE done ();\nSELECT '\\'';COMMIT;SELECT 'x';\n",
    );
    checkout
        .run(&["db:push"])
        .exits(3)
        .says("has a transaction of its own: `COMMIT`");
    assert!(!database.has("done"));
}

#[test]
fn what_needs_psql_is_refused() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration(
        "V00001__copy.sql",
        "CREATE TABLE done (id int);\nCOPY done (id) FROM STDIN;\n1\n\\.\n",
    );
    checkout
        .run(&["db:push"])
        .exits(3)
        .says("`COPY … FROM STDIN`")
        .says("V00001__copy.sql:2:1")
        .says("INSERT");
    assert!(!database.has("done"));
}

#[test]
fn a_lock_that_was_let_go_and_taken_by_another_rolls_the_file_back() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__first.sql", "CREATE TABLE first ();\n");
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00002__cheat.sql",
        "CREATE TABLE second ();\nSELECT pg_advisory_unlock_all();\nSELECT pg_sleep(1.5);\n",
    );
    let child = checkout.spawn(&["db:push"]);
    let mut other = database.client();
    let key = i64::from_be_bytes(*b"\0dbtask\0");
    let taken = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let sleeping: i64 = other
            .query_one(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
                &[],
            )
            .unwrap()
            .get(0);
        sleeping > 0
            && other
                .query_one("SELECT pg_try_advisory_lock($1)", &[&key])
                .unwrap()
                .get(0)
    });
    assert!(taken, "the test's premise");
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(
        words.contains("let the migration lock go, and another session has it now"),
        "{words}"
    );
    assert!(!database.has("second"));
}
