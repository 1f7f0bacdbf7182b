//! Errors name the file, the line and the column, and say what is applied now and what to type next.

use expect_test::expect;

use crate::support::{Checkout, TestDatabase};

/// The error that pushing one file gives, without what differs from run to run.
fn push(sql: &str) -> String {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration(
        "V00001__first.sql",
        "CREATE TABLE known (id int PRIMARY KEY, n int CHECK (n > 0));\n",
    );
    checkout.migration("V00002__second.sql", sql);
    let run = checkout.run(&["db:push"]).exits(1);
    let error = run.stderr.find("error:").unwrap();
    run.stderr[error..].to_owned()
}

#[test]
fn a_syntax_error_has_a_caret() {
    expect![[r#"
        error: failed to apply `migrations/V00002__second.sql`
         --> migrations/V00002__second.sql:2:8
          |
        2 | CREATE TABEL x ();
          |        ^
          cause: [42601] syntax error at or near "TABEL"
          now: `migrations/V00002__second.sql` was rolled back whole; 1 file was applied by this run and stays; the database is at `migrations/V00001__first.sql`
          help: correct `migrations/V00002__second.sql` and type `cargo xtask db:push` again
    "#]].assert_eq(&push("SELECT 1;\nCREATE TABEL x ();\n"));
}

#[test]
fn a_missing_table_is_found_behind_tabs_and_wide_characters() {
    expect![[r#"
        error: failed to apply `migrations/V00002__second.sql`
         --> migrations/V00002__second.sql:2:22
          |
        2 | SELECT 'ä日本',    * FROM nowhere;
          |                           ^
          cause: [42P01] relation "nowhere" does not exist
          now: `migrations/V00002__second.sql` was rolled back whole; 1 file was applied by this run and stays; the database is at `migrations/V00001__first.sql`
          help: look for a typing error, or for a migration with a higher number that creates it
          help: correct `migrations/V00002__second.sql` and type `cargo xtask db:push` again
    "#]].assert_eq(&push("-- 日本語\nSELECT 'ä日本',\t* FROM nowhere;\n"));
}

#[test]
fn an_error_without_a_position_is_placed_at_its_statement() {
    expect![[r#"
        error: failed to apply `migrations/V00002__second.sql`
         --> migrations/V00002__second.sql:4:3
          |
        4 |   INSERT INTO known VALUES (2, 2), (1, 1);
          |   ^
          cause: [23505] duplicate key value violates unique constraint "known_pkey"
          cause: detail: Key (id)=(1) already exists.
          now: `migrations/V00002__second.sql` was rolled back whole; 1 file was applied by this run and stays; the database is at `migrations/V00001__first.sql`
          help: rows that are there already contradict it: `ON CONFLICT DO NOTHING` for seed data, or clean the rows up first
          help: correct `migrations/V00002__second.sql` and type `cargo xtask db:push` again
    "#]].assert_eq(&push(
        "INSERT INTO known VALUES (1, 1);\n\n/* ; */ -- ;\n  INSERT INTO known VALUES (2, 2), (1, 1);\nSELECT 1;\n",
    ));
}

#[test]
fn an_object_that_exists_says_how_to_guard_it() {
    expect![[r#"
        error: failed to apply `migrations/V00002__second.sql`
         --> migrations/V00002__second.sql:2:1
          |
        2 | CREATE TABLE known (id int);
          | ^
          cause: [42P07] relation "known" already exists
          now: `migrations/V00002__second.sql` was rolled back whole; 1 file was applied by this run and stays; the database is at `migrations/V00001__first.sql`
          help: to let the file run twice: `CREATE TABLE IF NOT EXISTS` (`CREATE INDEX IF NOT EXISTS` for an index)
          help: correct `migrations/V00002__second.sql` and type `cargo xtask db:push` again
    "#]].assert_eq(&push("SELECT ';';\nCREATE TABLE known (id int);\n"));
}

#[test]
fn an_error_inside_a_function_tells_where() {
    expect![[r#"
        error: failed to apply `migrations/V00002__second.sql`
         --> migrations/V00002__second.sql:2:1
          |
        2 | DO $$
          | ^
          cause: [23514] new row for relation "known" violates check constraint "known_n_check"
          cause: detail: Failing row contains (1, 0).
          cause: where: SQL statement "INSERT INTO known VALUES (1, 0)"
            PL/pgSQL function inline_code_block line 3 at SQL statement
          now: `migrations/V00002__second.sql` was rolled back whole; 1 file was applied by this run and stays; the database is at `migrations/V00001__first.sql`
          help: rows that are there already contradict it: correct them earlier in the file
          help: correct `migrations/V00002__second.sql` and type `cargo xtask db:push` again
    "#]].assert_eq(&push(
        "SELECT 1;\nDO $$\nBEGIN\n  INSERT INTO known VALUES (1, 0);\nEND $$;\n",
    ));
}

#[test]
fn the_last_line_of_a_long_file_is_counted_right() {
    let sql = format!("{}SELECT nothing_here;\n", "SELECT 1; -- ünïcödé\n".repeat(20_000));
    assert!(push(&sql).contains("migrations/V00002__second.sql:20001:8"));
}

#[test]
fn an_error_is_json_for_machines() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__first.sql", "SELECT 1;\nSELECT 1/0;\n");
    let json = checkout.run(&["db:push", "--json"]).exits(1).json();
    let error = &json["error"];
    assert_eq!(error["kind"], "failed");
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(2), Some(1)));
    assert_eq!(error["file"], "migrations/V00001__first.sql");
    assert!(
        error["causes"][0]
            .as_str()
            .unwrap()
            .contains("[22012] division by zero")
    );
    assert!(!error["help"].as_array().unwrap().is_empty());
}

#[test]
fn an_object_with_dependants_says_to_drop_in_order() {
    let error = push("CREATE VIEW v AS SELECT * FROM known;\nDROP TABLE known;\n");
    assert!(
        error.contains("[2BP01] cannot drop table known because other objects depend on it"),
        "{error}"
    );
    assert!(
        error.contains("drop in order: first the foreign keys and views"),
        "{error}"
    );
}

#[test]
fn a_missing_privilege_names_the_grant() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let role = database.role("creator", "");
    let name = role.name();
    database
        .client()
        .batch_execute(&format!(
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE SCHEMA own AUTHORIZATION {name}; ALTER ROLE {name} SET search_path = own"
        ))
        .unwrap();
    checkout.migration("V00001__first.sql", "CREATE TABLE public.first ();\n");
    crate::support::finish(checkout.command(&["db:push"]).env("DATABASE_URL", role.url(&database)))
        .exits(1)
        .says("[42501] permission denied for schema public")
        .says("GRANT USAGE, CREATE ON SCHEMA public TO");
}
