//! `db:drop` and `db:reset`: everything of the user's goes, after the name was typed; nothing else does.

use crate::support::{Checkout, Run, TestDatabase, finish, shop};

/// One object of every kind that a schema can hold, and some that a database holds.
const ALL_KINDS: &str = r#"
CREATE SCHEMA "Sales & co";
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN "Sales & co".price AS numeric CHECK (value >= 0);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE float_range AS RANGE (subtype = float8);
CREATE TABLE "Sales & co"."Order ""x""" (id bigserial PRIMARY KEY, mood mood, price "Sales & co".price);
CREATE TABLE measured (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
CREATE VIEW seen AS SELECT * FROM a; CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen;
CREATE SEQUENCE counter;
CREATE FUNCTION twice(n int, OUT result int) LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION twice(n text, VARIADIC more text[]) RETURNS text LANGUAGE sql AS 'SELECT n';
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS cls FOR TYPE pair USING btree FAMILY fam AS STORAGE pair;
CREATE COLLATION "german" FROM "C";
CREATE CONVERSION conv FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
CREATE TEXT SEARCH CONFIGURATION cfg (COPY = simple);
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
CREATE STATISTICS stats ON id, at FROM measured;
CREATE PUBLICATION pub FOR TABLE a;
CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER elsewhere FOREIGN DATA WRAPPER wrapper;
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION on_ddl();
SELECT lo_create(0), lo_create(0);
"#;

/// What a catalog query of our own, not the product's, still finds of the user's.
const LEFT: &str = "
SELECT 'relation ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'routine ' || proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'type ' || typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT 'operator ' || oprname FROM pg_operator JOIN pg_namespace n ON n.oid = oprnamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'class ' || opcname FROM pg_opclass JOIN pg_namespace n ON n.oid = opcnamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'family ' || opfname FROM pg_opfamily JOIN pg_namespace n ON n.oid = opfnamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'collation ' || collname FROM pg_collation JOIN pg_namespace n ON n.oid = collnamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'conversion ' || conname FROM pg_conversion JOIN pg_namespace n ON n.oid = connamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'configuration ' || cfgname FROM pg_ts_config JOIN pg_namespace n ON n.oid = cfgnamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'dictionary ' || dictname FROM pg_ts_dict JOIN pg_namespace n ON n.oid = dictnamespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'statistics ' || stxname FROM pg_statistic_ext
UNION ALL SELECT 'publication ' || pubname FROM pg_publication
UNION ALL SELECT 'server ' || srvname FROM pg_foreign_server
UNION ALL SELECT 'wrapper ' || fdwname FROM pg_foreign_data_wrapper
UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata
UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')";

fn left(database: &TestDatabase) -> Vec<String> {
    database
        .client()
        .query(LEFT, &[])
        .unwrap()
        .iter()
        .map(|r| r.get(0))
        .collect()
}

fn drop(checkout: &Checkout, database: &TestDatabase) -> Run {
    checkout.run(&["db:drop", "--yes", database.name()])
}

#[test]
fn an_object_of_every_kind_goes() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    database.client().batch_execute(ALL_KINDS).unwrap();
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    drop(&checkout, &database).exits(0).says("is empty");
    assert_eq!(left(&database), Vec::<String>::new());
    checkout.run(&["db:push"]).exits(0).says("applied 3 files");
    drop(&checkout, &database).exits(0);
    drop(&checkout, &database).exits(0).says("nothing to delete");
}

#[test]
fn database_privileges_and_default_privileges_stay() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let role = database.role("tenant", "");
    let name = role.name();
    database
        .client()
        .batch_execute(&format!(
            "GRANT CREATE, USAGE ON SCHEMA public TO {name}; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {name};
             ALTER DATABASE {} SET work_mem = '7MB'",
            database.name()
        ))
        .unwrap();
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    drop(&checkout, &database).exits(0);
    checkout.run(&["db:push"]).exits(0);
    let may: bool = database.client().query_one(&format!("SELECT has_schema_privilege('{name}', 'public', 'create') AND has_table_privilege('{name}', 'users', 'select')"), &[]).unwrap().get(0);
    assert!(may);
    let work_mem: String = database.client().query_one("SHOW work_mem", &[]).unwrap().get(0);
    assert_eq!(work_mem, "7MB");
}

#[test]
fn what_goes_is_said_first_by_the_server_s_own_words() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    database
        .client()
        .batch_execute("INSERT INTO users SELECT g, 'x' FROM generate_series(2, 5000) g; ANALYZE users")
        .unwrap();
    drop(&checkout, &database)
        .exits(0)
        .says(&format!(
            "This deletes everything in database `{}` on 127.0.0.1:",
            database.name()
        ))
        .says("schema public: 3 tables")
        .says("public.users: ")
        .says("about 5,000 rows, and the rows of 2 tables without statistics");
}

#[test]
fn rows_that_no_statistics_tell_of_are_not_said_to_be_none() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let mut client = database.client();
    client
        .batch_execute(
            "CREATE TABLE never (id int) WITH (autovacuum_enabled = false); INSERT INTO never SELECT generate_series(1, 700);
             CREATE TABLE later (id int) WITH (autovacuum_enabled = false); ANALYZE later;
             INSERT INTO later SELECT generate_series(1, 700);
             CREATE TABLE empty (id int PRIMARY KEY)",
        )
        .unwrap();
    let said = |checkout: &Checkout| checkout.run(&["db:drop"]).exits(3).hides("about 0 rows");
    said(&checkout)
        .says("kB, the rows of 2 tables without statistics\n    public.later: ")
        .says("public.never: ")
        .hides("public.empty: ");
    // the statistics are scaled to the size that a table has now; the rows of a partitioned table are counted once
    client
        .batch_execute(
            "ANALYZE never; INSERT INTO never SELECT generate_series(1, 7000); TRUNCATE later;
             CREATE TABLE whole (id int) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF whole DEFAULT;
             INSERT INTO whole SELECT generate_series(1, 1000); ANALYZE whole",
        )
        .unwrap();
    let rows = |run: Run, begin: &str| -> u64 {
        let text = run.text();
        let line = text.lines().find(|line| line.trim_start().starts_with(begin)).unwrap();
        let digits = line.rsplit("about ").next().unwrap().chars();
        let digits: String = digits.filter(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let of_never = rows(said(&checkout), "public.never: ");
    assert!((6_000..9_000).contains(&of_never), "{of_never}");
    assert_eq!(rows(said(&checkout), "in all "), of_never + 1000);
    client.batch_execute("TRUNCATE never, whole").unwrap();
    said(&checkout).says("kB, no rows\nWhat stays");
}

#[test]
fn nothing_goes_without_the_database_s_name() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    for command in ["db:drop", "db:reset"] {
        checkout
            .run(&[command])
            .exits(3)
            .says("this is no terminal")
            .says(&format!("{command} --yes {}", database.name()));
        checkout
            .run(&[command, "--yes", "other"])
            .exits(3)
            .says("`--yes` names `other`")
            .says("nothing was changed");
        checkout
            .run_on_terminal(&[command], "yes\n")
            .exits(3)
            .says("you typed `yes`")
            .says("nothing was changed");
        checkout.run_on_terminal(&[command], "\n").exits(3);
    }
    assert!(database.has("users"));
    checkout
        .run_on_terminal(&["db:drop"], &format!("{}\n", database.name()))
        .exits(0)
        .says("type the database's name");
    assert!(!database.has("users"));
}

#[test]
fn reset_deletes_nothing_while_the_files_are_not_in_order() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration("V4_bad.sql", "SELECT 1;");
    checkout
        .run(&["db:reset", "--yes", database.name()])
        .exits(1)
        .says("no database was touched");
    assert!(database.has("users"));
    std::fs::remove_file(checkout.root().join("migrations/V4_bad.sql")).unwrap();
    database.client().batch_execute("CREATE TABLE stray ()").unwrap();
    checkout
        .run(&["db:reset", "--yes", database.name()])
        .exits(0)
        .says("applied 3 files");
    assert!(!database.has("stray") && database.has("users"));
}

#[test]
fn objects_of_another_owner_are_named_and_nothing_goes() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let role = database.role("half_owner", "");
    database
        .client()
        .batch_execute(&format!(
            "GRANT CREATE ON SCHEMA public TO {0}; SET ROLE {0}; CREATE TABLE mine ()",
            role.name()
        ))
        .unwrap();
    finish(
        checkout
            .command(&["db:drop", "--yes", database.name()])
            .env("DATABASE_URL", role.url(&database)),
    )
    .exits(1)
    .says("may not drop everything here")
    .says("table public.users")
    .says("nothing was deleted");
    assert!(database.has("mine"));
}

#[test]
fn a_table_in_use_is_no_hang_and_the_rest_can_be_dropped_later() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let mut busy = database.client();
    let mut transaction = busy.transaction().unwrap();
    transaction.query("SELECT * FROM orders", &[]).unwrap();
    drop(&checkout, &database)
        .exits(1)
        .says("other sessions are using")
        .says("typing the command again");
    transaction.rollback().unwrap();
    drop(&checkout, &database).exits(0);
    assert_eq!(left(&database), Vec::<String>::new());
}

/// More tables than one transaction can lock: 64 locks × 100 connections by default.
#[test]
fn more_tables_than_a_transaction_can_lock_go() {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    let mut client = database.client();
    for batch in 0..8 {
        client
            .batch_execute(&format!(
                "DO $$ BEGIN FOR i IN {batch} * 500 .. {batch} * 500 + 499 LOOP
                   EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, v text UNIQUE)', i); END LOOP; END $$"
            ))
            .unwrap();
    }
    // a parent whose partitions alone are more than one transaction can lock with their indexes
    client
        .batch_execute("CREATE TABLE hub (id int PRIMARY KEY) PARTITION BY LIST (id)")
        .unwrap();
    for batch in 0..6 {
        client
            .batch_execute(&format!(
                "DO $$ BEGIN FOR i IN {batch} * 500 .. {batch} * 500 + 499 LOOP
                   EXECUTE format('CREATE TABLE hub_%s PARTITION OF hub FOR VALUES IN (%s)', i, i); END LOOP; END $$"
            ))
            .unwrap();
    }
    let whole = client.batch_execute("DROP SCHEMA public CASCADE").unwrap_err();
    assert_eq!(whole.code().unwrap().code(), "53200", "the test's premise: {whole}");
    std::mem::drop(client);
    drop(&checkout, &database).exits(0);
    assert_eq!(left(&database), Vec::<String>::new());
}

#[test]
fn what_belongs_to_extensions_stays_and_casts_of_the_user_s_go() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let mut client = database.client();
    client
        .batch_execute("CREATE CAST (varchar AS json) WITH INOUT; CREATE TYPE pair AS (a int, b int)")
        .unwrap();
    let available: Vec<String> = client
        .query(
            "SELECT name FROM pg_available_extensions WHERE name IN ('dblink', 'tablefunc', 'hstore')",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    for name in &available {
        client.batch_execute(&format!("CREATE EXTENSION {name}")).unwrap();
    }
    println!("with {available:?}");
    drop(&checkout, &database).exits(0);
    let casts: i64 = client.query_one("SELECT count(*) FROM pg_cast c WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')", &[]).unwrap().get(0);
    assert_eq!(casts, 0);
    let kept: i64 = client
        .query_one("SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql'", &[])
        .unwrap()
        .get(0);
    assert_eq!(usize::try_from(kept).unwrap(), available.len());
    drop(&checkout, &database).exits(0).says("nothing to delete");
}

#[test]
fn large_objects_of_another_owner_are_named_before_anything_goes() {
    let database = TestDatabase::new();
    let checkout = Checkout::new();
    let role = database.role("small", "");
    database
        .client()
        .batch_execute(&format!(
            "SELECT lo_create(0); GRANT CREATE ON SCHEMA public TO {0}; SET ROLE {0}; CREATE TABLE mine ()",
            role.name()
        ))
        .unwrap();
    finish(
        checkout
            .command(&["db:drop", "--yes", database.name()])
            .env("DATABASE_URL", role.url(&database)),
    )
    .exits(1)
    .says("1 large object")
    .says("nothing was deleted");
    assert!(database.has("mine"));
}
