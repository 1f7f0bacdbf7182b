//! The sample: its migrations read like the policy and hold to it; the service starts only where they are applied.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use postgres::Client;

use crate::build_script::cargo;
use crate::support::{Checkout, Run, TestDatabase, finish};

/// Rows as they were before the column `publisher_id`: 20 components with 10 versions each, every one but the first
/// needing the one before.
const OLD_ROWS: &str = "
    INSERT INTO publishers (name) VALUES ('acme'), ('globex');
    INSERT INTO components (publisher_id, name)
        SELECT p.id, 'part-' || n FROM generate_series(1, 20) n
        JOIN publishers p ON p.name = CASE WHEN n % 2 = 0 THEN 'acme' ELSE 'globex' END;
    INSERT INTO versions (component_name, number)
        SELECT name, '1.' || n || '.0' FROM components, generate_series(0, 9) n;
    INSERT INTO dependencies SELECT id, id - 1 FROM versions WHERE id > 1;
";

fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations")
}

/// The sample's files, in order: name and text.
fn sample_files() -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(sample_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// A workspace with the sample's files, on a fresh database to which nothing is applied yet.
fn sample(database: &TestDatabase) -> Checkout {
    let checkout = Checkout::on(database);
    for (name, sql) in sample_files() {
        checkout.migration(&name, &sql);
    }
    checkout
}

#[test]
fn the_sample_s_checks_pass_and_find_what_no_constraint_can() {
    let (database, checkout) = registry();
    for name in ["dependencies_have_no_cycle.sql", "sort_keys_follow_numbers.sql"] {
        let text = std::fs::read_to_string(sample_folder().join("checks").join(name)).unwrap();
        checkout.write(&format!("migrations/checks/{name}"), text);
    }
    let mut client = database.client();
    client
        .batch_execute(
            "INSERT INTO publishers (name) VALUES ('acme');
             INSERT INTO components (publisher_id, name) SELECT id, 'parser' FROM publishers;
             INSERT INTO versions (publisher_id, component_name, number, sort_key)
               SELECT id, 'parser', '1.0.' || n, ARRAY[1, 0, n] FROM publishers, generate_series(1, 3) n;
             INSERT INTO dependencies SELECT v.id, v.id + 1 FROM versions v WHERE number <> '1.0.3'",
        )
        .unwrap();
    checkout.run(&["db:check"]).exits(0).says("7 checks passed");
    client
        .batch_execute("INSERT INTO dependencies SELECT max(id), min(id) FROM versions; UPDATE versions SET sort_key = '{2}' WHERE number = '1.0.2'")
        .unwrap();
    checkout
        .run(&["db:check"])
        .exits(4)
        .says("failed  dependencies_have_no_cycle")
        .says("failed  sort_keys_follow_numbers");
}

/// The same, with everything applied.
fn registry() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = sample(&database);
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

/// The built programs `app` and `backfill`: cargo builds them once, as it built these tests.
fn program(checkout: &Checkout, name: &str, arguments: &[&str]) -> Command {
    static BUILT: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
        let profile = xtask.parent().unwrap();
        let mut cargo = cargo();
        cargo
            .args(["build", "--package", "app", "--bin", "app", "--example", "backfill"])
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(profile.parent().unwrap())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "the sample does not build");
        let text = String::from_utf8(output.stdout).unwrap();
        let messages = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        messages
            .filter_map(|m| {
                Some((
                    m["target"]["name"].as_str()?.to_owned(),
                    m["executable"].as_str()?.into(),
                ))
            })
            .collect()
    });
    let (_, path) = built.iter().find(|(n, _)| n == name).unwrap();
    let mut command = Command::new(path);
    command
        .args(arguments)
        .current_dir(checkout.root())
        .stdin(Stdio::null());
    // as clean of the caller's environment as the commands are
    for (name, value) in checkout.command(&[]).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn app(checkout: &Checkout, arguments: &[&str]) -> Run {
    finish(&mut program(checkout, "app", arguments))
}

/// The schema with the identities of its parts, and every row with the transaction that wrote it: two equal
/// pictures mean that nothing was made anew, rewritten or touched in between.
fn picture(client: &mut Client) -> Vec<String> {
    let schema = "
        SELECT format('relation %s %s %s', c.oid, c.oid::regclass, c.relfilenode) FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT format('column %s.%s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                      a.attnotnull, a.attidentity)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
        UNION ALL
        SELECT format('constraint %s %s %s %s', oid, conname, conrelid::regclass, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
        ORDER BY 1";
    let text = |row: &postgres::Row| row.get::<_, String>(0);
    let mut lines: Vec<String> = client.query(schema, &[]).unwrap().iter().map(text).collect();
    let tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
    let tables: Vec<String> = client.query(tables, &[]).unwrap().iter().map(text).collect();
    for table in tables {
        let rows = format!("SELECT format('row of {table} %s %s %s', ctid, xmin, t) FROM {table} t ORDER BY 1");
        lines.extend(client.query(&rows, &[]).unwrap().iter().map(text));
    }
    lines
}

fn apply(client: &mut Client, name: &str, sql: &str) {
    let mut transaction = client.transaction().unwrap();
    transaction
        .batch_execute(sql)
        .unwrap_or_else(|e| panic!("{name}: {e:?}"));
    transaction.commit().unwrap();
}

#[test]
fn every_sample_file_applied_twice_changes_nothing() {
    let database = TestDatabase::new();
    let mut client = database.client();
    for (name, sql) in sample_files() {
        apply(&mut client, &name, &sql);
        let once = picture(&mut client);
        apply(&mut client, &name, &sql);
        assert_eq!(once, picture(&mut client), "{name}");
        if name.starts_with("V00004") {
            client.batch_execute(OLD_ROWS).unwrap();
        }
    }
    let rows: i64 = client
        .query_one("SELECT count(*) FROM versions WHERE publisher_id > 0", &[])
        .unwrap()
        .get(0);
    assert_eq!(rows, 200);
}

#[test]
fn the_sample_files_are_what_push_applies_and_status_agrees_with() {
    let database = TestDatabase::new();
    let folder = sample_folder();
    let folder = folder.to_str().unwrap();
    let checkout = Checkout::on(&database);
    let last = sample_files().len();
    checkout
        .run(&["db:push", "--migrations", folder])
        .exits(0)
        .says(&format!("applied {last} files"))
        .says(&format!("at version {last}"));
    checkout
        .run(&["db:status", "--check", "--migrations", folder])
        .exits(0)
        .says("nothing is pending");
}

/// The foreign keys of a table: name, whether valid, and the unique index that each refers to.
fn foreign_keys(client: &mut Client, table: &str) -> Vec<(String, bool, String)> {
    let rows = client.query(
        "SELECT conname::text, convalidated, conindid::regclass::text FROM pg_constraint \
         WHERE contype = 'f' AND conrelid = $1::text::regclass ORDER BY conname",
        &[&table],
    );
    rows.unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

#[test]
fn the_key_under_a_foreign_key_is_changed_in_order_with_rows_in_place() {
    let database = TestDatabase::new();
    let checkout = sample(&database);
    let mut client = database.client();
    let key = |name: &str, valid, index: &str| vec![(name.to_owned(), valid, index.to_owned())];
    let insert = |client: &mut Client, component: &str| {
        client
            .execute(
                "INSERT INTO versions (publisher_id, component_name, number) \
                 SELECT id, $1, '9.9.9' FROM publishers WHERE name = 'acme'",
                &[&component],
            )
            .map_err(|e| e.as_db_error().unwrap().constraint().unwrap_or_default().to_owned())
    };

    checkout.run(&["db:push", "--to", "4"]).exits(0);
    client.batch_execute(OLD_ROWS).unwrap();
    checkout.run(&["db:push", "--to", "10"]).exits(0);
    assert_eq!(
        foreign_keys(&mut client, "versions"),
        key("versions_component_name_fkey", true, "components_name_key")
    );

    // in between it is not proven for old rows, and binds new ones all the same
    checkout.run(&["db:push", "--to", "11"]).exits(0);
    let new = "versions_publisher_id_component_name_fkey";
    assert_eq!(
        foreign_keys(&mut client, "versions"),
        key(new, false, "components_publisher_id_name_key")
    );
    assert_eq!(
        insert(&mut client, "part-1"),
        Err(new.to_owned()),
        "part-1 is a component of globex"
    );
    assert_eq!(insert(&mut client, "part-2"), Ok(1));

    checkout.run(&["db:push"]).exits(0);
    assert_eq!(
        foreign_keys(&mut client, "versions"),
        key(new, true, "components_publisher_id_name_key")
    );
    assert!(
        foreign_keys(&mut client, "dependencies")
            .iter()
            .all(|(_, valid, _)| *valid)
    );
    let old = client
        .query(
            "SELECT FROM pg_constraint WHERE conname IN ('components_name_key', 'versions_component_name_number_key')",
            &[],
        )
        .unwrap();
    assert!(old.is_empty());
    client
        .batch_execute(
            "INSERT INTO components (publisher_id, name) SELECT id, 'part-1' FROM publishers WHERE name = 'acme'",
        )
        .unwrap();
    let rows: i64 = client
        .query_one("SELECT count(*) FROM versions v JOIN components c ON (c.publisher_id, c.name) = (v.publisher_id, v.component_name)", &[])
        .unwrap()
        .get(0);
    assert_eq!(rows, 201, "old rows and the new one, each with its component");
}

#[test]
fn no_sample_file_after_the_tables_rewrites_one() {
    let database = TestDatabase::new();
    let checkout = sample(&database);
    let mut client = database.client();
    let mut storage = || -> Vec<(String, u32)> {
        let tables = "SELECT relname::text, relfilenode FROM pg_class \
                      WHERE relkind = 'r' AND relname IN ('publishers', 'components', 'versions', 'dependencies') ORDER BY 1";
        client
            .query(tables, &[])
            .unwrap()
            .iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect()
    };
    checkout.run(&["db:push", "--to", "4"]).exits(0);
    database.client().batch_execute(OLD_ROWS).unwrap();
    let before = storage();
    assert_eq!(before.len(), 4);
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(storage(), before);
}

#[test]
fn the_service_publishes_and_lists() {
    let (_database, checkout) = registry();
    app(&checkout, &[])
        .exits(0)
        .says("publishers: 0, components: 0, versions: 0")
        .says("usage:");
    app(&checkout, &["publish", "acme", "lexer", "1.10.0"])
        .exits(0)
        .says("published acme/lexer@1.10.0");
    app(&checkout, &["publish", "acme", "lexer", "1.9.0"]).exits(0);
    app(&checkout, &["publish", "globex", "lexer", "1.0.0", "acme/lexer@1.9.0"]).exits(0);
    app(
        &checkout,
        &[
            "publish",
            "acme",
            "parser",
            "0.1.0",
            "lexer@1.10.0",
            "globex/lexer@1.0.0",
        ],
    )
    .exits(0);
    let list = app(&checkout, &["list"]).exits(0);
    assert_eq!(
        list.stdout,
        "acme/lexer@1.9.0\n\
         acme/lexer@1.10.0\n\
         acme/parser@0.1.0  needs acme/lexer@1.10.0, globex/lexer@1.0.0\n\
         globex/lexer@1.0.0  needs acme/lexer@1.9.0\n"
    );
    app(&checkout, &[])
        .exits(0)
        .says("publishers: 2, components: 3, versions: 4");
}

#[test]
fn what_cannot_be_published_is_named_and_leaves_nothing() {
    let (database, checkout) = registry();
    app(&checkout, &["publish", "acme", "lexer", "1.0.0"]).exits(0);
    app(&checkout, &["publish", "acme", "lexer", "1.0.0"])
        .exits(1)
        .says("error: `acme/lexer@1.0.0` is published already")
        .says("give it a new number");
    app(
        &checkout,
        &[
            "publish",
            "new",
            "tool",
            "1.0.0",
            "acme/lexer@1.0.0",
            "a@1.0.0",
            "acme/lexer@2.0.0",
        ],
    )
    .exits(1)
    .says("error: `new/tool@1.0.0` needs what is not in the registry: `new/a@1.0.0`, `acme/lexer@2.0.0`");
    for (word, message) in [("1.0", "`1.0` is no version"), ("01.0.0", "`01.0.0` is no version")] {
        app(&checkout, &["publish", "acme", "lexer", word])
            .exits(1)
            .says(message);
    }
    app(&checkout, &["publish", "acme", "o'brien; --", "1.0.0"])
        .exits(1)
        .says("is no name");
    app(&checkout, &["lst"])
        .exits(1)
        .says("cannot make sense of `app lst`")
        .says("usage:");
    let publishers: i64 = database
        .client()
        .query_one("SELECT count(*) FROM publishers", &[])
        .unwrap()
        .get(0);
    assert_eq!(publishers, 1, "the failed one left its publisher");
}

#[test]
fn eight_publishing_one_version_at_once_end_as_one() {
    let (database, checkout) = registry();
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = program(&checkout, "app", &["publish", "acme", "lexer", "1.0.0"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut published = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() || words.contains("is published already"),
            "{words}"
        );
        published += usize::from(output.status.success());
    }
    assert_eq!(published, 1);
    let versions: i64 = database
        .client()
        .query_one("SELECT count(*) FROM versions", &[])
        .unwrap()
        .get(0);
    assert_eq!(versions, 1);
}

#[test]
fn a_publish_that_waited_for_another_sees_what_it_did() {
    let (database, checkout) = registry();
    let mut watch = database.client();
    let isolation = format!(
        "ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'",
        database.name()
    );
    watch.batch_execute(&isolation).unwrap();
    let mut client = database.client();
    let mut first = client.transaction().unwrap();
    first
        .batch_execute(
            "INSERT INTO publishers (name) VALUES ('acme');
             INSERT INTO components (publisher_id, name) SELECT id, 'lexer' FROM publishers;
             INSERT INTO versions (publisher_id, component_name, number) SELECT id, 'lexer', '1.0.0' FROM publishers;",
        )
        .unwrap();
    let mut second = program(&checkout, "app", &["publish", "acme", "lexer", "1.0.0"]);
    let second = second.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let waits = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let started = Instant::now();
    while watch.query(waits, &[]).unwrap().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not wait");
        std::thread::sleep(Duration::from_millis(10));
    }
    first.commit().unwrap();
    let words = String::from_utf8(second.wait_with_output().unwrap().stderr).unwrap();
    assert!(words.contains("`acme/lexer@1.0.0` is published already"), "{words}");
}

#[test]
fn the_service_does_not_start_where_a_migration_is_missing() {
    let database = TestDatabase::new();
    let checkout = sample(&database);
    let files = sample_files();
    let run = app(&checkout, &["list"])
        .exits(1)
        .says("error: the database lacks migrations that this service needs")
        .says("type `cargo xtask db:push`")
        .says("in production");
    for (name, _) in &files {
        assert!(
            run.stderr.contains(&format!("\n    migrations/{name}")),
            "{name} is not in {}",
            run.stderr
        );
    }
    assert!(
        !database.has("refinery_schema_history"),
        "the service wrote into the database"
    );

    let but_last = (files.len() - 1).to_string();
    checkout.run(&["db:push", "--to", &but_last]).exits(0);
    app(&checkout, &["list"])
        .exits(1)
        .says(&files[files.len() - 1].0)
        .hides(&files[0].0);
    checkout.run(&["db:push"]).exits(0);
    app(&checkout, &["list"]).exits(0);
}

#[test]
fn the_service_starts_on_a_newer_database_and_says_so() {
    let (_database, checkout) = registry();
    let next = sample_files().len() + 1;
    checkout.migration(
        &format!("V{next:05}__add_note.sql"),
        "ALTER TABLE versions ADD COLUMN IF NOT EXISTS note text;\n",
    );
    checkout.run(&["db:push"]).exits(0);
    app(&checkout, &["publish", "acme", "lexer", "1.0.0"])
        .exits(0)
        .says("note: the database is newer than this service")
        .says("add_note")
        .says("published acme/lexer@1.0.0");
}

#[test]
fn the_service_does_not_start_where_an_applied_file_was_another() {
    let (database, checkout) = registry();
    database
        .client()
        .batch_execute("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2")
        .unwrap();
    app(&checkout, &["list"])
        .exits(1)
        .says("`migrations/V00002__create_components.sql` was edited after it was applied");
}

#[test]
fn the_service_starts_and_lists_with_select_alone() {
    let (database, checkout) = registry();
    app(&checkout, &["publish", "acme", "lexer", "1.0.0"]).exits(0);
    let reader = database.role("registry_reader", "");
    let grants = format!(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}",
        reader.name()
    );
    database.client().batch_execute(&grants).unwrap();
    let as_reader =
        |arguments: &[&str]| finish(program(&checkout, "app", arguments).env("DATABASE_URL", reader.url(&database)));
    as_reader(&["list"]).exits(0).says("acme/lexer@1.0.0");
    as_reader(&[]).exits(0);
    as_reader(&["publish", "acme", "lexer", "2.0.0"])
        .exits(1)
        .says("failed to publish `acme/lexer@2.0.0`")
        .says("[42501]");

    let read_only = format!("{}?options=-c%20default_transaction_read_only%3Don", database.url());
    finish(program(&checkout, "app", &["list"]).env("DATABASE_URL", read_only))
        .exits(0)
        .says("acme/lexer@1.0.0");
}

/// Old rows for the backfill: 3,000 versions without `sort_key`.
fn rows_without_sort_key(client: &mut Client) {
    client
        .batch_execute(
            "INSERT INTO publishers (name) VALUES ('acme');
             INSERT INTO components (publisher_id, name) SELECT id, 'part' FROM publishers;
             INSERT INTO versions (publisher_id, component_name, number)
                SELECT id, 'part', '1.' || n || '.0' FROM publishers, generate_series(1, 3000) n;",
        )
        .unwrap();
}

fn count(client: &mut Client, condition: &str) -> i64 {
    client
        .query_one(&format!("SELECT count(*) FROM versions WHERE {condition}"), &[])
        .unwrap()
        .get(0)
}

const RIGHT: &str = "sort_key = string_to_array(number, '.')::int4[]";

#[test]
fn the_example_backfill_goes_in_batches_of_one_transaction_each() {
    let (database, checkout) = registry();
    let mut client = database.client();
    rows_without_sort_key(&mut client);
    let backfill = || finish(&mut program(&checkout, "backfill", &["--batch", "700", "--pause", "1"]));
    let run = backfill().exits(0).says("rows filled: 3000, left: 0");
    assert!(
        run.stderr
            .starts_with("rows filled: 700 of 3000, 0 s\nrows filled: 1400 of 3000"),
        "{}",
        run.stderr
    );
    assert_eq!(count(&mut client, RIGHT), 3000);
    let transactions: i64 = client
        .query_one("SELECT count(DISTINCT xmin::text) FROM versions", &[])
        .unwrap()
        .get(0);
    assert_eq!(transactions, 5);
    backfill().exits(0).says("rows filled: 0, left: 0");
}

#[test]
fn the_example_backfill_is_killed_and_a_second_run_finishes() {
    let (database, checkout) = registry();
    let mut client = database.client();
    rows_without_sort_key(&mut client);
    let mut command = program(&checkout, "backfill", &["--batch", "100", "--pause", "100"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let third = lines.map(Result::unwrap).nth(2).unwrap();
    assert!(third.starts_with("rows filled: 300 of 3000"), "{third}");
    child.kill().unwrap();
    child.wait().unwrap();
    let done = count(&mut client, RIGHT);
    assert!((300..3000).contains(&done) && done % 100 == 0, "{done}");
    finish(&mut program(&checkout, "backfill", &[]))
        .exits(0)
        .says(&format!("rows filled: {}, left: 0", 3000 - done));
    assert_eq!(count(&mut client, RIGHT), 3000);
}

#[test]
fn the_example_backfill_waits_for_nobody_and_says_what_is_left() {
    let (database, checkout) = registry();
    let mut client = database.client();
    rows_without_sort_key(&mut client);
    let backfill = || finish(&mut program(&checkout, "backfill", &["--pause", "1"]));

    let mut other = database.client();
    let mut row = other.transaction().unwrap();
    row.execute("SELECT FROM versions WHERE number = '1.1500.0' FOR UPDATE", &[])
        .unwrap();
    backfill()
        .exits(1)
        .says("rows filled: 2999, left: 1")
        .says("run it again");
    row.rollback().unwrap();

    let mut table = other.transaction().unwrap();
    table.batch_execute("LOCK TABLE versions").unwrap();
    let started = Instant::now();
    backfill().exits(1).says("[55P03]");
    assert!(started.elapsed() < Duration::from_secs(10));
    table.rollback().unwrap();

    backfill().exits(0).says("rows filled: 1, left: 0");
    assert_eq!(count(&mut client, RIGHT), 3000);
}

#[test]
fn the_example_backfill_says_what_is_missing() {
    let checkout = Checkout::new();
    finish(&mut program(&checkout, "backfill", &[]))
        .exits(1)
        .says("error: DATABASE_URL is not set, neither in the environment nor in `.env`")
        .says("cargo xtask setup");
    finish(&mut program(&checkout, "backfill", &["--batch", "0"]))
        .exits(1)
        .says("usage: backfill");
    let database = TestDatabase::new();
    let checkout = sample(&database);
    finish(&mut program(&checkout, "backfill", &[]))
        .exits(1)
        .says("[42P01]")
        .says("db:status");
}
