//! Files that no tool expects: refused with a place, or applied, or an error that can be read; and never held more than
//! once in memory. `DBTASK_TEST_LONG=1` tries the gigabyte.

use std::io::Write as _;
use std::time::Duration;

use crate::support::{Checkout, TestDatabase};

/// A push that fails, with what it printed.
fn push(sql: impl AsRef<[u8]>) -> String {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.write("migrations/V00001__bad.sql", sql);
    let run = checkout.run(&["db:push"]).exits(1);
    assert!(!database.has("half"), "{}", run.stderr);
    assert!(run.text().len() < 3_000, "{} bytes on the terminal", run.text().len());
    run.stderr
}

#[track_caller]
fn says(error: &str, text: &str) {
    assert!(error.contains(text), "{text:?} is not in\n{error}");
}

#[test]
fn bytes_that_postgresql_does_not_take_are_refused_with_their_place() {
    let file = "migrations/V00001__bad.sql";
    says(
        &push(b"CREATE TABLE half ();\nSELECT '\0';\n"),
        &format!("{file}:2:9: a NUL byte"),
    );
    says(
        &push(b"CREATE TABLE half ();\nSELECT 'caf\xE9';\n"),
        &format!("{file}:2:12: the text is not UTF-8: byte 0xE9 at offset 33"),
    );
    says(
        &push("\u{feff}CREATE TABLE half ();\n"),
        &format!("{file}:1:1: the text begins with a byte order mark"),
    );
}

/// So many bytes of SQL, of statements of a megabyte each.
fn large(bytes: usize) -> String {
    let statement = format!("SELECT length('{}');\n", "x".repeat(1_000_000));
    statement.repeat(bytes.div_ceil(statement.len()))
}

#[test]
fn an_error_in_the_last_line_of_a_large_file_rolls_back_the_whole_of_it() {
    let sql = format!("CREATE TABLE half ();\n{}SELECT 'ä',\tnothing;\n", large(9_000_000));
    let error = push(&sql);
    says(&error, "migrations/V00001__bad.sql:11:13");
    says(&error, "11 | SELECT 'ä',    nothing;\n   |                ^\n");
    says(&error, "was rolled back whole");
    // a syntax error, and one without a position
    let error = push(format!(
        "CREATE TABLE half ();\n{}SELECT 'ä' /*日本*/ FORM t;\n",
        large(9_000_000)
    ));
    says(&error, "migrations/V00001__bad.sql:11:24");
    says(
        &error,
        "11 | SELECT 'ä' /*日本*/ FORM t;\n   |                          ^\n",
    );
    let error = push(format!(
        "CREATE TABLE half ();\n{}  SELECT 1/0;\nSELECT 1;\n",
        large(9_000_000)
    ));
    says(&error, "migrations/V00001__bad.sql:11:3");
}

#[test]
fn a_line_of_20_mb_is_shown_around_the_error_alone() {
    let filler = "1, ".repeat(20_000_000 / 6);
    let error = push(format!("CREATE TABLE half (); SELECT {filler} FORM, {filler} 1;\n"));
    says(&error, "cause: [42");
    says(&error, "1 | …");
    let longest = error.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest < 260, "{error}");
}

#[test]
fn nested_parentheses_beyond_the_servers_depth_are_an_error_and_no_crash() {
    // the parser gives up on the first, its successor on the second
    for (open, depth) in [("(", 20_000), ("abs(", 9_000)] {
        let (open, close) = (open.repeat(depth), ")".repeat(depth));
        let error = push(format!("CREATE TABLE half ();\nSELECT {open}1{close};\n"));
        says(&error, "migrations/V00001__bad.sql:2:");
        says(&error, "nested too deep for the server");
    }
}

#[test]
fn ctrl_c_in_a_large_file_rolls_back_the_whole_of_it() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let sql = format!("CREATE TABLE half ();\n{}", "SELECT pg_sleep(0.01);\n".repeat(400_000));
    checkout.migration("V00001__long.sql", &sql);
    let child = checkout.spawn(&["db:push"]);
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while database.client().query_one(running, &[]).unwrap().get::<_, i64>(0) == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{words}");
    says(
        &words,
        "`migrations/V00001__long.sql` was rolled back whole; nothing was applied by this run",
    );
    assert!(!database.has("half"));
}

/// Applies a file of so many megabytes; the most memory that the program held meanwhile, in megabytes.
#[cfg(target_os = "linux")]
fn peak_memory(megabytes: usize) -> usize {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__large.sql", "");
    let mut file = std::fs::File::create(checkout.root().join("migrations/V00001__large.sql")).unwrap();
    for _ in 0..megabytes {
        file.write_all(large(1).as_bytes()).unwrap();
    }
    let mut child = checkout.spawn(&["db:push"]);
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        // it only ever grows, and after its peak the program goes on for a while
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line
            .and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
            .unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    peak / 1_000
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_file_is_held_once() {
    let megabytes = if std::env::var_os("DBTASK_TEST_LONG").is_some() {
        1_074
    } else {
        60
    };
    let peak = peak_memory(megabytes);
    println!("{megabytes} MB: {peak} MB held");
    assert!(
        peak < megabytes + 40,
        "{peak} MB were held for a file of {megabytes} MB"
    );
}
