//! `db:push`: whole or not at all, once, in order, and silent when there is nothing to do.

use std::process::Stdio;

use crate::support::{Checkout, TestDatabase, finish, shop};

fn history(database: &TestDatabase) -> Vec<(i32, String)> {
    let rows = database
        .client()
        .query(
            "SELECT version, name FROM refinery_schema_history ORDER BY version",
            &[],
        )
        .unwrap();
    rows.iter().map(|r| (r.get(0), r.get(1))).collect()
}

#[test]
fn pending_files_are_applied_in_order_and_recorded() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let run = checkout
        .run(&["db:push"])
        .exits(0)
        .says("applied  migrations/V00001__create_users.sql")
        .says("at version 3");
    assert!(run.stdout.starts_with("applied 3 files in "), "{}", run.stdout);
    assert_eq!(
        history(&database),
        [
            (1, "create_users".to_owned()),
            (2, "create_orders".to_owned()),
            (3, "seed".to_owned())
        ]
    );
    checkout
        .run(&["db:push"])
        .exits(0)
        .says("nothing to do")
        .hides("applied ");
}

#[test]
fn the_result_is_one_json_object_when_asked() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let json = checkout.run(&["db:push", "--json"]).exits(0).json();
    assert_eq!(json["version"], 3);
    assert_eq!(json["database"], database.name());
    assert_eq!(json["applied"][2]["file"], "migrations/V00003__seed.sql");
    assert!(json["applied"][2]["seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_missing_database_is_created() {
    let database = TestDatabase::new();
    let name = format!("{}_New \"db\"", database.name());
    let checkout = Checkout::new();
    let url = database.url().replace(
        &format!("/{}", database.name()),
        &format!("/{}", name.replace('"', "%22").replace(' ', "%20")),
    );
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    shop(&checkout);
    checkout
        .run(&["db:status"])
        .exits(1)
        .says("does not exist")
        .says("db:push");
    checkout
        .run(&["db:push"])
        .exits(0)
        .says("created")
        .says("applied 3 files");
    let mut client = database.client();
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    assert_eq!(client.execute(&format!("DROP DATABASE {quoted}"), &[]).unwrap(), 0);
}

#[test]
fn a_failing_file_leaves_nothing_and_those_before_it_stay() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.migration(
        "V00004__broken.sql",
        "CREATE TABLE half (id int);\nINSERT INTO nowhere VALUES (1);\n",
    );
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("`migrations/V00004__broken.sql` was rolled back whole")
        .says("3 files were applied by this run and stay");
    assert_eq!(history(&database).len(), 3);
    assert!(!database.has("half"), "the first statement of the failed file stayed");
    checkout.migration("V00004__broken.sql", "CREATE TABLE half (id int);\n");
    checkout.run(&["db:push"]).exits(0).says("applied 1 file");
    assert!(database.has("half"));
}

#[test]
fn to_stops_at_a_version_and_an_unknown_one_is_refused() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout
        .run(&["db:push", "--to", "V00002"])
        .exits(0)
        .says("at version 2");
    assert!(database.has("orders"));
    checkout
        .run(&["db:push", "--to", "9"])
        .exits(2)
        .says("no migration has the version 9")
        .says("db:status");
    checkout
        .run(&["db:push", "--to", "two"])
        .exits(2)
        .says("such as 7 or V00007");
    checkout.run(&["db:push", "--to", "3"]).exits(0).says("applied 1 file");
}

#[test]
fn a_dry_run_changes_nothing_and_its_sql_does_the_same() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout
        .run(&["db:push", "--dry-run"])
        .exits(0)
        .says("would apply 3 files")
        .says("migrations/V00002__create_orders.sql");
    assert!(!database.has("users") && !database.has("refinery_schema_history"));
    let sql = checkout.run(&["db:push", "--dry-run", "--sql"]).exits(0).stdout;
    database.client().batch_execute(&sql).unwrap();
    checkout.run(&["db:push"]).exits(0).says("nothing to do");
    checkout.run(&["db:status", "--check"]).exits(0);
}

#[test]
fn eight_pushes_at_once_apply_each_file_once() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout
        .migration(
            "V00001__account.sql",
            "CREATE TABLE IF NOT EXISTS account (v int);\nINSERT INTO account VALUES (100);\n",
        )
        .migration(
            "V00002__double.sql",
            "SELECT pg_sleep(0.3);\nUPDATE account SET v = v * 2;\n",
        );
    let children: Vec<_> = (0..8)
        .map(|_| {
            checkout
                .command(&["db:push"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut waited = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}");
        waited += usize::from(words.contains("another run holds the lock: pid "));
    }
    let v: i32 = database
        .client()
        .query_one("SELECT v FROM account", &[])
        .unwrap()
        .get(0);
    assert_eq!(v, 200);
    assert!(waited > 0, "nobody said whom it waited for");
}

#[test]
fn nothing_pending_needs_select_on_the_history_alone() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let reader = database.role("reader", "");
    database
        .client()
        .batch_execute(&format!(
            "GRANT SELECT ON refinery_schema_history TO {}; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            reader.name()
        ))
        .unwrap();
    let url = reader.url(&database);
    let run = |arguments: &[&str]| finish(checkout.command(arguments).env("DATABASE_URL", &url));
    run(&["db:push"]).exits(0).says("nothing to do");
    run(&["db:status", "--check"]).exits(0);
    // and in a read-only session
    let read_only = format!("{}?options=-c%20default_transaction_read_only%3Don", database.url());
    finish(checkout.command(&["db:push"]).env("DATABASE_URL", read_only))
        .exits(0)
        .says("nothing to do");
    checkout.migration("V00004__more.sql", "CREATE TABLE IF NOT EXISTS more (id int);\n");
    run(&["db:push"])
        .exits(3)
        .says("may not write the schema history")
        .says("GRANT")
        .says("nothing was applied");
}

#[test]
fn files_that_contradict_the_history_are_refused_all_at_once() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.migration("V00005__late.sql", "SELECT 1;\n");
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00001__create_users.sql",
        "CREATE TABLE IF NOT EXISTS users (id int);\n",
    );
    std::fs::remove_file(checkout.root().join("migrations/V00002__create_orders.sql")).unwrap();
    checkout.migration("V00004__skipped.sql", "SELECT 1;\n");
    let run = checkout
        .run(&["db:push"])
        .exits(1)
        .says("`migrations/V00001__create_users.sql` was edited after it was applied on ")
        .says("version 2 (`create_orders`, applied on ")
        .says("`migrations/V00004__skipped.sql` was never applied, but a higher version was (5)")
        .says("nothing was applied")
        .says("db:reset");
    assert!(run.stderr.contains("git checkout"));
    let status = checkout
        .run(&["db:status"])
        .exits(0)
        .says("edited")
        .says("missing")
        .says("skipped");
    assert!(status.stdout.contains("contradict"));
    checkout.run(&["db:status", "--check"]).exits(4);
}

#[test]
fn a_database_without_the_connect_privilege_says_what_to_grant() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let role = database.role("stranger", "");
    database
        .client()
        .batch_execute(&format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database.name()))
        .unwrap();
    finish(checkout.command(&["db:push"]).env("DATABASE_URL", role.url(&database)))
        .exits(1)
        .says("GRANT CONNECT");
}

#[test]
fn an_edit_is_shown_as_far_as_git_knows_what_was_applied() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.commit_migrations();
    checkout.run(&["db:push"]).exits(0);
    let path = "V00001__create_users.sql";
    let before = std::fs::read_to_string(checkout.root().join("migrations").join(path)).unwrap();
    checkout.migration(path, &format!("-- users of the shop\n{before}"));
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("only comments and white space changed since commit ");
    checkout.migration(path, &before.replace("email text NOT NULL", "email text"));
    checkout
        .run(&["db:status", "--check"])
        .exits(4)
        .says("-CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text NOT NULL);")
        .says("+CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);");
    // carriage returns are known without git
    let files = refinery::Migration::unapplied("V00001__create_users", &before.replace('\n', "\r\n")).unwrap();
    let sql = format!(
        "UPDATE refinery_schema_history SET checksum = '{}' WHERE version = 1",
        files.checksum()
    );
    database.client().batch_execute(&sql).unwrap();
    checkout.migration(path, &before);
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("only its line endings changed");
}
