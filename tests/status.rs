//! `db:status`: reads only, and tells CI.

use crate::support::{Checkout, TestDatabase, shop};

#[test]
fn status_lists_each_version_with_its_state() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push", "--to", "2"]).exits(0);
    let run = checkout
        .run(&["db:status"])
        .exits(0)
        .says("at version 2; 1 file pending: type `cargo xtask db:push`");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines[0].contains(database.name()) && lines[0].contains("on 127.0.0.1:"),
        "{}",
        run.stdout
    );
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(
        words[..2],
        ["applied", "migrations/V00001__create_users.sql"],
        "{}",
        run.stdout
    );
    assert!(words[2].starts_with("20") && words[4] == "UTC", "{}", run.stdout);
    assert_eq!(lines[3], "  pending  migrations/V00003__seed.sql");
    let json = checkout.run(&["db:status", "--json"]).exits(0).json();
    assert_eq!(json["pending"], 1);
    assert_eq!(json["files"][2]["state"], "pending");
    assert_eq!(json["files"][0]["version"], 1);
    assert_eq!(json["consistent"], true);
}

#[test]
fn check_exits_with_4_while_something_is_pending_and_creates_nothing() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:status", "--check"]).exits(4).says("3 files pending");
    assert!(!database.has("refinery_schema_history"));
    checkout.run(&["db:push"]).exits(0);
    checkout
        .run(&["db:status", "--check"])
        .exits(0)
        .says("nothing is pending");
}

#[test]
fn a_history_row_that_refinery_would_panic_on_is_named() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    database
        .client()
        .batch_execute("UPDATE refinery_schema_history SET applied_on = 'yesterday' WHERE version = 2")
        .unwrap();
    checkout
        .run(&["db:status"])
        .exits(1)
        .says("version 2: `applied_on` is `yesterday`")
        .says("SELECT * FROM public.refinery_schema_history WHERE version = 2");
}
