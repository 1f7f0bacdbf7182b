//! Whether functions still hold when a file is through.

use crate::support::{Checkout, TestDatabase};

/// Two files; the first is pushed, the second is pending.
fn checkout(before: &str, pending: &str) -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__before.sql", before);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration("V00002__pending.sql", pending);
    (database, checkout)
}

#[test]
fn a_file_that_takes_from_a_function_what_it_needs_is_not_proven() {
    let (_database, checkout) = checkout(
        "CREATE SCHEMA s;\nCREATE TABLE s.t (a int, b int);\nCREATE TABLE gone ();\n\
         CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SET search_path = s AS 'SELECT sum(b) FROM t';\n\
         CREATE FUNCTION holds() RETURNS bigint LANGUAGE sql AS 'SELECT sum(a) FROM s.t';\n\
         CREATE FUNCTION rows() RETURNS void LANGUAGE plpgsql AS 'DECLARE r gone%ROWTYPE; BEGIN END';\n\
         SET check_function_bodies = off;\n\
         CREATE FUNCTION never_held() RETURNS int LANGUAGE sql AS 'SELECT nothing FROM s.t';\n",
        "ALTER TABLE s.t DROP COLUMN IF EXISTS b;\nDROP TABLE IF EXISTS gone;\n",
    );
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("a function would fail after it: total(): [42703] column \"b\" does not exist")
        .says("a function would fail after it: rows(): [42P01] relation \"gone\" does not exist")
        .hides("never_held")
        .hides("holds()");
}

#[test]
fn functions_that_hold_prove_a_file() {
    let (_database, checkout) = checkout(
        "CREATE TABLE t (a int, b int);\nCREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT sum(b) FROM t';\n",
        "SET check_function_bodies = off;\n\
         CREATE OR REPLACE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT sum(c) FROM t';\n\
         ALTER TABLE t ADD COLUMN IF NOT EXISTS c int;\n",
    );
    checkout.run(&["db:rehearse"]).exits(0).says("1 file proven");
    // a body that no check at its creation has looked at is looked at all the same
    checkout.migration(
        "V00002__pending.sql",
        "SET check_function_bodies = off;\nCREATE OR REPLACE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT sum(d) FROM t';\n",
    );
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("g(): [42703] column \"d\" does not exist");
}

/// Whether the suite's server has the extension; says so where it has not.
fn has_plpgsql_check(database: &TestDatabase) -> bool {
    let has: bool = database
        .client()
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check')",
            &[],
        )
        .unwrap()
        .get(0);
    if !has {
        eprintln!("skipped: this server has no plpgsql_check (Debian: postgresql-15-plpgsql-check)");
    }
    has
}

#[test]
fn plpgsql_check_finds_a_wrong_column_in_a_body_and_nothing_in_a_good_one() {
    let before = "CREATE TABLE t (id int PRIMARY KEY, n int);\n\
        CREATE FUNCTION old(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT n FROM t WHERE id = i); END $$;\n";
    let good = "CREATE OR REPLACE FUNCTION good(i int) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN (SELECT n FROM t WHERE id = i);\nEND $$;\n\
        CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := 1; RETURN NEW; END $$;\n\
        CREATE OR REPLACE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();\n";
    let (database, checkout) = checkout(before, good);
    if !has_plpgsql_check(&database) {
        return;
    }
    checkout.run(&["db:rehearse"]).exits(0).hides("plpgsql_check");
    let pending = |sql: &str| {
        checkout.migration("V00002__pending.sql", sql);
        checkout.run(&["db:rehearse"])
    };
    pending(&good.replace("SELECT n FROM t", "SELECT m FROM t"))
        .exits(4)
        .says(
            "a function would fail after it: good(integer): [42703] column \"m\" does not exist (line 3 of the body)",
        );
    // on the table that has the trigger
    pending(&good.replace("NEW.n", "NEW.m"))
        .exits(4)
        .says("a function would fail after it: touch(): [42703] record \"new\" has no field \"m\"");
    // one that was there before
    pending("ALTER TABLE t DROP COLUMN IF EXISTS n;\n")
        .exits(4)
        .says("a function would fail after it: old(integer): [42703] column \"n\" does not exist");
    // what it cannot know is no refusal
    pending(
        "CREATE OR REPLACE FUNCTION own() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE x (a int); INSERT INTO x VALUES (1); DROP TABLE x; END $$;\n",
    )
    .exits(0)
    .says("plpgsql_check does not know the temporary tables of a function: own(): [42P01] relation \"x\" does not exist");
}
