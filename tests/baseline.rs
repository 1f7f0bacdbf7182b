//! `db:baseline`: a database that has its schema is adopted, and nothing is executed.

use refinery::Runner;

use crate::support::{Checkout, Run, TestDatabase, shop};

const SQLX: &str = "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,
    installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL);
  INSERT INTO _sqlx_migrations VALUES (20240102030405, 'create users', now(), true, '\\x00', 5),
    (20240203040506, 'create orders', now(), true, '\\x01', 6);";
const DIESEL: &str = "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT now());
  INSERT INTO __diesel_schema_migrations VALUES ('20240203040506'), ('20240102030405');";
const DBMATE: &str = "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);
  INSERT INTO schema_migrations VALUES ('20240203040506'), ('20240102030405');";
const FLYWAY: &str = "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL,
    type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL);
  INSERT INTO flyway_schema_history VALUES
    (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '\"shop\"', NULL, 'app', now(), 0, true),
    (1, '9.1', 'create users', 'SQL', 'V9_1__create_users.sql', 1, 'app', now(), 5, true),
    (2, NULL, 'views', 'SQL', 'R__views.sql', 3, 'app', now(), 5, true),
    (3, '10', 'Create Orders', 'SQL', 'V10__Create_Orders.sql', 2, 'app', now(), 5, true);";

/// A database whose first two files were applied by somebody else, with that tool's table.
fn adopted(sql: &str) -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let schema = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL); CREATE TABLE orders (id bigint, user_id bigint);";
    database.client().batch_execute(&format!("{schema}{sql}")).unwrap();
    (database, checkout)
}

fn baseline(checkout: &Checkout, database: &TestDatabase, arguments: &[&str]) -> Run {
    let mut all = vec!["db:baseline", "--yes", database.name()];
    all.extend(arguments);
    checkout.run(&all)
}

/// Refused, with nothing written.
fn refused(sql: &str, arguments: &[&str], says: &[&str]) {
    let (database, checkout) = adopted(sql);
    let mut run = baseline(&checkout, &database, arguments)
        .exits(3)
        .says("nothing was changed");
    for text in says {
        run = run.says(text);
    }
    assert!(!database.has("refinery_schema_history"));
}

#[test]
fn files_are_recorded_and_not_executed_and_a_push_applies_the_rest() {
    let (database, checkout) = adopted("");
    checkout.migration("V00002__create_orders.sql", "DROP TABLE users;\n");
    let run = baseline(&checkout, &database, &["V00002"])
        .exits(0)
        .says("record   migrations/V00001__create_users.sql")
        .says("pending  migrations/V00003__seed.sql");
    assert!(
        run.stdout.starts_with("recorded 2 files, executed none: "),
        "{}",
        run.stdout
    );
    assert!(database.has("users"));
    checkout.run(&["db:push"]).exits(0).says("applied 1 file");
    checkout.run(&["db:status", "--check"]).exits(0);
    let files = refinery::load_sql_migrations(checkout.root().join("migrations")).unwrap();
    let report = Runner::new(&files).run(&mut database.client()).unwrap();
    assert!(report.applied_migrations().is_empty());
}

#[test]
fn all_rows_are_recorded_or_none() {
    let (database, checkout) = adopted(
        "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255),
           checksum varchar(255), CHECK (version < 2))",
    );
    baseline(&checkout, &database, &["2"])
        .exits(1)
        .says("nothing was recorded");
    let n: i64 = database
        .client()
        .query_one("SELECT count(*) FROM refinery_schema_history", &[])
        .unwrap()
        .get(0);
    assert_eq!(n, 0);
}

#[test]
fn the_histories_of_other_tools_are_taken_over() {
    for (tool, sql, row) in [
        ("sqlx", SQLX, "from `20240203040506` (create orders)"),
        ("diesel", DIESEL, "from `20240203040506`"),
        ("dbmate", DBMATE, "from `20240203040506`"),
        ("flyway", FLYWAY, "from `10` (Create Orders)"),
    ] {
        let (database, checkout) = adopted(sql);
        baseline(&checkout, &database, &["--from", tool])
            .exits(0)
            .says(&format!("migrations/V00002__create_orders.sql  {row}"))
            .says("recorded 2 files")
            .says("has 1 file pending");
        baseline(&checkout, &database, &["--from", tool])
            .exits(0)
            .says("nothing to do");
        checkout.run(&["db:push"]).exits(0).says("applied 1 file");
        checkout.run(&["db:status", "--check"]).exits(0);
    }
}

#[test]
fn without_the_database_s_name_it_only_says_what_it_would_do() {
    let (database, checkout) = adopted(SQLX);
    checkout
        .run(&["db:baseline", "--from", "sqlx"])
        .exits(3)
        .says("as sqlx's `public._sqlx_migrations` has it")
        .says("record   migrations/V00001__create_users.sql")
        .says("pending  migrations/V00003__seed.sql")
        .says(&format!(
            "`cargo xtask db:baseline --from sqlx --yes {}`",
            database.name()
        ));
    checkout
        .run_on_terminal(&["db:baseline", "2"], "yes\n")
        .exits(3)
        .says("nothing was changed");
    let json = checkout
        .run(&["db:baseline", "2", "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["recorded"][1], "migrations/V00002__create_orders.sql");
    assert_eq!(json["pending"][0], "migrations/V00003__seed.sql");
    assert!(!database.has("refinery_schema_history"));
    let name = format!("{}\n", database.name());
    checkout
        .run_on_terminal(&["db:baseline", "2"], &name)
        .exits(0)
        .says("recorded 2 files");
}

#[test]
fn a_history_that_is_not_certain_is_refused() {
    let failed = format!("{SQLX} UPDATE _sqlx_migrations SET success = false WHERE description = 'create orders'");
    refused(
        &failed,
        &["--from", "sqlx"],
        &["`20240203040506` (create orders) failed"],
    );
    let renamed = format!("{SQLX} UPDATE _sqlx_migrations SET description = 'other' WHERE version = 20240102030405");
    refused(
        &renamed,
        &["--from", "sqlx"],
        &[
            "`20240102030405` (other)",
            "no file has that name",
            "db:baseline VERSION",
        ],
    );
    let moved = format!("{SQLX} UPDATE _sqlx_migrations SET version = 1 WHERE description = 'create orders'");
    refused(
        &moved,
        &["--from", "sqlx"],
        &["that is `migrations/V00002__create_orders.sql`"],
    );
    let more = format!("{DBMATE} INSERT INTO schema_migrations VALUES ('20250101000000'), ('20250101000001')");
    refused(
        &more,
        &["--from", "dbmate"],
        &["the counts differ: rows in it 4, migration files 3"],
    );
    let gap = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY); INSERT INTO schema_migrations VALUES ('1'), ('3')";
    refused(
        gap,
        &["--from", "dbmate"],
        &["`3` stands where `migrations/V00002__create_orders.sql` does"],
    );
    let setup = format!("{DIESEL} INSERT INTO __diesel_schema_migrations VALUES ('00000000000000')");
    refused(
        &setup,
        &["--from", "diesel"],
        &["`00000000000000` (diesel_initial_setup)"],
    );
    let squashed = format!("{FLYWAY} UPDATE flyway_schema_history SET type = 'BASELINE' WHERE installed_rank = 1");
    refused(
        &squashed,
        &["--from", "flyway"],
        &["`9.1` (create users) is of the type `BASELINE`"],
    );
    let empty = format!("{SQLX} DELETE FROM _sqlx_migrations");
    refused(&empty, &["--from", "sqlx"], &["it has no rows"]);
}

#[test]
fn a_tool_that_was_not_here_is_refused_and_the_one_that_was_is_named() {
    refused(DIESEL, &["--from", "sqlx"], &["`_sqlx_migrations`", "--from diesel"]);
    let other = "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (2, false)";
    refused(other, &["--from", "dbmate"], &["dbmate has no history here"]);
}

#[test]
fn a_history_that_has_rows_goes_on_with_a_push() {
    let (database, checkout) = adopted("");
    baseline(&checkout, &database, &["2"]).exits(0);
    baseline(&checkout, &database, &["1"]).exits(0).says("nothing to do");
    checkout
        .run(&["db:baseline", "1", "--dry-run"])
        .exits(0)
        .says("nothing to do");
    baseline(&checkout, &database, &["3"])
        .exits(3)
        .says("has rows already")
        .says("`cargo xtask db:push`");
    checkout.migration("V00001__create_users.sql", "SELECT 1;\n");
    baseline(&checkout, &database, &["2"])
        .exits(1)
        .says("was edited after it was applied");
}

#[test]
fn what_cannot_be_a_baseline_is_refused() {
    let (database, checkout) = adopted("");
    baseline(&checkout, &database, &["4"])
        .exits(2)
        .says("no migration has the version 4");
    baseline(&checkout, &database, &[]).exits(2).says("VERSION");
    baseline(&checkout, &database, &["2", "--from", "sqlx"]).exits(2);
    assert!(!database.has("refinery_schema_history"));
    let empty = TestDatabase::new();
    let checkout = Checkout::on(&empty);
    shop(&checkout);
    baseline(&checkout, &empty, &["2"])
        .exits(3)
        .says("there is nothing to adopt");
}
