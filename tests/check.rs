//! `db:check`: what holds of a database, asked in a way that cannot change it.

use serde_json::Value;

use crate::support::{Checkout, TestDatabase, shop};

fn pushed() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

/// The report of a check, by its name.
fn report(checkout: &Checkout, name: &str) -> Value {
    let json = checkout.run(&["db:check", "--json"]).json();
    let checks = json["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no check {name:?} in {json}")).clone()
}

#[test]
fn a_database_in_order_passes_and_nothing_is_written() {
    let (_database, checkout) = pushed();
    checkout.write(
        "migrations/checks/orders_have_a_user.sql",
        "-- by a key, too\nSELECT o.id FROM orders o LEFT JOIN users u ON u.id = o.user_id WHERE u.id IS NULL;\n",
    );
    checkout.write(
        "migrations/checks/users_exist.sql",
        "SELECT count(*) > 0 AS ok FROM users; TABLE orders LIMIT 0; (VALUES (true));\n",
    );
    // the number that the next transaction with a number gets
    let assigned = |database: &TestDatabase| -> i64 {
        let row = database
            .client()
            .query_one("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8", &[])
            .unwrap();
        row.get(0)
    };
    let run = checkout.run(&["db:check"]).exits(0);
    let run = run
        .says("ok      history and files agree")
        .says("ok      orders_have_a_user  migrations/checks/orders_have_a_user.sql:2")
        .says("ok      users_exist 3  migrations/checks/users_exist.sql:1")
        .says("9 checks passed");
    assert!(!run.text().contains("failed"), "{}", run.text());
    // on a server of one's own no transaction gets a number
    let alone = TestDatabase::on_own_server();
    checkout.write(".env", format!("DATABASE_URL={}\n", alone.url()));
    checkout.run(&["db:push"]).exits(0);
    let before = assigned(&alone);
    checkout.run(&["db:check"]).exits(0);
    assert_eq!(assigned(&alone), before);
    // what is pending is not wrong
    checkout.migration("V00004__next.sql", "CREATE TABLE next ();\n");
    checkout.run(&["db:check"]).exits(0);
}

#[test]
fn rows_and_anything_but_true_fail_with_exit_code_4() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute("INSERT INTO users SELECT n, 'x' FROM generate_series(2, 9) n")
        .unwrap();
    for (sql, shown) in [
        (
            "SELECT id, email FROM users WHERE email = 'x' ORDER BY id",
            r#"{"id":2,"email":"x"}"#,
        ),
        ("SELECT count(*) > 100 AS ok FROM users", r#"{"ok":false}"#),
        ("SELECT NULL::boolean AS ok", r#"{"ok":null}"#),
        ("SELECT 1 AS one", r#"{"one":1}"#),
    ] {
        checkout.write("migrations/checks/holds.sql", sql);
        checkout
            .run(&["db:check"])
            .exits(4)
            .says("failed  holds")
            .says(shown)
            .says("1 of 6 checks failed");
        let report = report(&checkout, "holds");
        assert_eq!(
            (&report["state"], &report["rows"][0], &report["file"]),
            (&"failed".into(), &shown.into(), &"migrations/checks/holds.sql:1".into())
        );
    }
    checkout.write("migrations/checks/holds.sql", "SELECT id FROM users");
    assert_eq!(report(&checkout, "holds")["rows"].as_array().unwrap().len(), 6);
    checkout.run(&["db:check"]).exits(4).says("and more");
}

#[test]
fn a_check_that_tries_to_write_fails_and_says_so() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute(
            "CREATE FUNCTION wipe() RETURNS boolean LANGUAGE sql AS 'DELETE FROM orders; SELECT true';
             CREATE SEQUENCE numbers",
        )
        .unwrap();
    for sql in [
        "SELECT wipe()",
        "SELECT nextval('numbers') > 0",
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone",
        "SELECT id FROM orders FOR UPDATE",
    ] {
        checkout.write("migrations/checks/bad.sql", format!("-- {sql}\n{sql};\n"));
        checkout
            .run(&["db:check"])
            .exits(4)
            .says("the check `bad` tries to write")
            .says("migrations/checks/bad.sql:2:")
            .says("a check reads only");
    }
    for sql in [
        "COMMIT",
        "DELETE FROM orders",
        "SET default_transaction_read_only = off",
        "DO $$ BEGIN DELETE FROM orders; END $$",
        "CALL nothing()",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "BEGIN READ WRITE",
        "COPY orders TO PROGRAM 'cat'",
    ] {
        checkout.write(
            "migrations/checks/bad.sql",
            format!("SELECT true;\n{sql};\nDELETE FROM orders;\n"),
        );
        checkout
            .run(&["db:check"])
            .exits(4)
            .says("`bad 2` has a statement that is no query")
            .says("migrations/checks/bad.sql:2:1")
            .says("`bad 3` has a statement that is no query");
    }
    // nor does it get out of the query that it is put into, or out of the transaction
    for sql in [
        "SELECT true) AS a; DELETE FROM orders; SELECT (true",
        "SELECT true) AS a LIMIT 1; COMMIT; DELETE FROM orders --",
        "SELECT set_config('transaction_read_only', 'off', false) = 'off'",
        "SELECT set_config('default_transaction_read_only', 'off', false) = 'off'; SELECT wipe()",
    ] {
        checkout.write("migrations/checks/bad.sql", sql);
        checkout.run(&["db:check"]).exits(4);
    }
    let left: i64 = database
        .client()
        .query_one("SELECT count(*) FROM orders", &[])
        .unwrap()
        .get(0);
    assert_eq!(left, 1);
    let drawn: bool = database
        .client()
        .query_one("SELECT is_called FROM numbers", &[])
        .unwrap()
        .get(0);
    assert!(!drawn);
}

#[test]
fn a_check_that_is_wrong_or_takes_too_long_says_where_and_why() {
    let (_database, checkout) = pushed();
    checkout.write("migrations/checks/typo.sql", "-- ä\nSELECT 1\nFROM userz;\n");
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("the check `typo` could not be carried out")
        .says("migrations/checks/typo.sql:3:6")
        .says("[42P01]");
    assert_eq!(report(&checkout, "typo")["state"], "broken");
    checkout.write("migrations/checks/typo.sql", "SELECT pg_sleep(20) IS NULL");
    checkout
        .run(&["db:check", "--statement-timeout", "300ms"])
        .exits(4)
        .says("it did not end within 300 ms")
        .says("--statement-timeout");
    checkout
        .run(&["db:check", "--statement-timeout", "5"])
        .exits(2)
        .says("a time is a number with its unit");
}

#[test]
fn the_folder_holds_checks_and_nothing_else() {
    let (_database, checkout) = pushed();
    checkout.write("migrations/checks/Upper.sql", "SELECT true");
    checkout.write("migrations/checks/notes.txt", "x");
    checkout.write("migrations/checks/empty.sql", "-- to do\n");
    checkout.write("migrations/checks/latin.sql", b"SELECT '\xe4'");
    checkout
        .run(&["db:check"])
        .exits(1)
        .says("4 findings")
        .says("migrations/checks/Upper.sql: it is no check")
        .says("migrations/checks/notes.txt: it is no check")
        .says("migrations/checks/empty.sql: it has no query")
        .says("migrations/checks/latin.sql: it cannot be read");
    // it is none of the migrations
    checkout.run(&["db:push"]).exits(0);
}

#[test]
fn an_invalid_index_and_a_sequence_that_is_behind_are_found() {
    let (database, checkout) = pushed();
    let mut client = database.client();
    client
        .batch_execute(
            "CREATE TABLE \"odd name\" (id serial PRIMARY KEY, \"B c\" int GENERATED ALWAYS AS IDENTITY (INCREMENT -1 MAXVALUE 100 MINVALUE -100 START 100), d int8 DEFAULT nextval('users_id'))"
                .replace("'users_id'", "'\"odd name_id_seq\"'")
                .as_str(),
        )
        .unwrap();
    client.batch_execute("INSERT INTO \"odd name\" DEFAULT VALUES").unwrap();
    checkout.run(&["db:check"]).exits(0);
    client
        .batch_execute(
            "INSERT INTO \"odd name\" (id, \"B c\") OVERRIDING SYSTEM VALUE VALUES (17, 5);
             INSERT INTO users SELECT n, 'x' FROM generate_series(2, 9) n",
        )
        .unwrap();
    let built = client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email)");
    assert!(built.is_err());
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("failed  no index is INVALID")
        .says("public.users_email_key of users")
        .says("failed  every sequence is ahead of its column")
        .says("\"odd name_id_seq\" gives 4 next, and \"odd name\".id has 17 already")
        .says("\"odd name_B c_seq\" gives 99 next, and \"odd name\".\"B c\" has 5 already");
    client
        .batch_execute("DROP INDEX users_email_key; SELECT setval('\"odd name_id_seq\"', 17); SELECT setval('\"odd name_B c_seq\"', 5)")
        .unwrap();
    checkout.run(&["db:check"]).exits(0);
    // a role that may not look is told so, not calmed
    let reader = database.role("reader", "");
    client
        .batch_execute(&format!("GRANT SELECT ON refinery_schema_history TO {}", reader.name()))
        .unwrap();
    checkout.write(".env", format!("DATABASE_URL={}\n", reader.url(&database)));
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("may not be read by this role")
        .says("needs SELECT on both");
}

#[test]
fn a_constraint_left_not_valid_and_the_rows_against_it_are_found() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout
        .migration("V1__tables.sql", "CREATE TABLE a (x int, y int, UNIQUE (x, y));\nCREATE TABLE b (x int, y int, z int);\nINSERT INTO a VALUES (1, 1);\nINSERT INTO b VALUES (1, 1, 1), (NULL, 9, 2);\n")
        .migration("V2__keys.sql", "ALTER TABLE b ADD CONSTRAINT b_a_fkey FOREIGN KEY (x, y) REFERENCES a (x, y) NOT VALID;\nALTER TABLE b ADD CONSTRAINT b_z_check CHECK (z > 0) NOT VALID;\n");
    checkout.run(&["db:push"]).exits(0);
    // of the newest file: the next one validates them
    checkout
        .run(&["db:check"])
        .exits(0)
        .says("note: to be validated by the next file: b_a_fkey, b_z_check");
    checkout.migration(
        "V3__other.sql",
        "-- forgets b_a_fkey and b_z_check\nCREATE TABLE c ();\n",
    );
    checkout.run(&["db:push"]).exits(0);
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("failed  no constraint of an earlier file is left NOT VALID")
        .says("b_a_fkey of b")
        .says("b_z_check of b")
        .says("ok      no row contradicts");
    checkout.migration("V4__validate.sql", "ALTER TABLE b VALIDATE CONSTRAINT b_a_fkey;\nDO $$ BEGIN ALTER TABLE b VALIDATE CONSTRAINT b_z_check; END $$;\n");
    checkout
        .run(&["db:check"])
        .exits(0)
        .says("to be validated by the next file");
    let mut client = database.client();
    // rows that came in before: by a trigger that was off
    client
        .batch_execute("SET session_replication_role = replica; INSERT INTO b VALUES (7, 8, 1); SET session_replication_role = origin;
            ALTER TABLE b DROP CONSTRAINT b_z_check; INSERT INTO b VALUES (1, 1, -5); ALTER TABLE b ADD CONSTRAINT b_z_check CHECK (z > 0) NOT VALID")
        .unwrap();
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("failed  no row contradicts a constraint that is NOT VALID yet")
        .says(r#"b_a_fkey of b: {"x":7,"y":8}"#)
        .says(r#"b_z_check of b: {"x":1,"y":1,"z":-5}"#);
    // MATCH FULL: a key that is null in part is wrong, too
    client
        .batch_execute(
            "ALTER TABLE b DROP CONSTRAINT b_a_fkey; DELETE FROM b WHERE x = 7 OR z = -5;
            ALTER TABLE b ADD CONSTRAINT b_a_fkey FOREIGN KEY (x, y) REFERENCES a (x, y) MATCH FULL NOT VALID",
        )
        .unwrap();
    checkout
        .run(&["db:check"])
        .exits(4)
        .says(r#"b_a_fkey of b: {"x":null,"y":9}"#);
    client.batch_execute("DELETE FROM b WHERE x IS NULL").unwrap();
    checkout.run(&["db:push"]).exits(0);
    checkout.run(&["db:check"]).exits(0).hides("to be validated");
}

#[test]
fn history_and_files_that_contradict_each_other_are_found() {
    let (_database, checkout) = pushed();
    checkout.migration("V00002__create_orders.sql", "SELECT 2;\n");
    std::fs::remove_file(checkout.root().join("migrations/V00003__seed.sql")).unwrap();
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("failed  history and files agree")
        .says("`migrations/V00002__create_orders.sql` was edited after it was applied")
        .says("version 3 `seed` is applied, and has no file");
}

#[test]
fn rows_that_a_policy_hides_are_not_overlooked() {
    let (database, checkout) = pushed();
    let reader = database.role("reader", "");
    database
        .client()
        .batch_execute(&format!(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {0};
             ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
            reader.name()
        ))
        .unwrap();
    checkout.write("migrations/checks/no_orders.sql", "SELECT id FROM orders");
    checkout.write(".env", format!("DATABASE_URL={}\n", reader.url(&database)));
    checkout.run(&["db:check"]).exits(4).says("row-level security policy");
}
