//! `db:repair`: a file that was edited after it was applied is recorded as it is now, with a reason.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dbtask_runner::{DatabaseUrl, Embedded, Verification, verify};
use refinery::Runner;

use crate::support::proxy::{Cut, Proxy, Way};
use crate::support::{Checkout, Run, TestDatabase, finish, shop};

const USERS: &str = "V00001__create_users.sql";
const REASON: &str = "a comment, agreed in review";

/// A database to which the shop's files are applied, known to git.
fn applied() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.commit_migrations();
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

fn text(checkout: &Checkout, name: &str) -> String {
    std::fs::read_to_string(checkout.root().join("migrations").join(name)).unwrap()
}

/// Puts a comment over a file.
fn comment(checkout: &Checkout, name: &str) {
    let before = text(checkout, name);
    checkout.migration(name, &format!("-- why\n{before}"));
}

fn repair(checkout: &Checkout, database: &TestDatabase, files: &[&str]) -> Run {
    let mut all = vec!["db:repair", "--yes", database.name(), "--reason", REASON];
    all.extend(files);
    checkout.run(&all)
}

/// Version, name, time and checksum of every row.
fn history(database: &TestDatabase) -> Vec<String> {
    let sql =
        "SELECT concat_ws(' ', version, name, applied_on, checksum) FROM refinery_schema_history ORDER BY version";
    let rows = database.client().query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn journal(database: &TestDatabase) -> Vec<(String, Option<i32>, serde_json::Value)> {
    let sql = "SELECT event, version, coalesce(details, '{}')::text FROM dbtask_journal ORDER BY id";
    let rows = database.client().query(sql, &[]).unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), serde_json::from_str(row.get(2)).unwrap()))
        .collect()
}

#[test]
fn an_edited_file_is_recorded_as_it_is_and_everybody_agrees_again() {
    let (database, checkout) = applied();
    comment(&checkout, USERS);
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("cargo xtask db:repair FILE --reason TEXT");
    checkout.run(&["db:status", "--check"]).exits(4).says("db:repair");
    let before = history(&database);
    let run = repair(&checkout, &database, &["migrations/V00001__create_users.sql"])
        .exits(0)
        .says("This records 1 file as in the folder, and executes nothing")
        .says("repair   migrations/V00001__create_users.sql, applied on 20")
        .says("only comments and white space changed since commit ");
    assert!(
        run.stdout.starts_with("recorded 1 file as in the folder"),
        "{}",
        run.stdout
    );
    checkout.run(&["db:status", "--check"]).exits(0);
    checkout.run(&["db:push"]).exits(0).says("nothing to do");
    let files = refinery::load_sql_migrations(checkout.root().join("migrations")).unwrap();
    let report = Runner::new(&files).run(&mut database.client()).unwrap();
    assert!(report.applied_migrations().is_empty());
    // one row has another checksum, and nothing else is another
    let after = history(&database);
    assert_eq!(after[1..], before[1..]);
    let words = |row: &str| row.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (words(&before[0]), words(&after[0]));
    assert_eq!(old[..3], new[..3]);
    assert_ne!(old[3], new[3]);
    let (event, version, details) = &journal(&database)[0];
    assert_eq!((event.as_str(), *version), ("repair", Some(1)));
    assert_eq!(details["reason"], REASON);
    assert_eq!(details["role"], "postgres");
    assert_eq!(details["before"]["checksum"], old[3].as_str());
    let since = "SELECT clock_timestamp() - at < interval '5 min' FROM dbtask_journal";
    assert!(database.client().query_one(since, &[]).unwrap().get::<_, bool>(0));
}

#[test]
fn what_changed_is_shown_before_anything_is_and_nothing_happens_without_the_name() {
    let (database, checkout) = applied();
    let edited = text(&checkout, USERS).replace("email text NOT NULL", "email text");
    checkout.migration(USERS, &edited);
    let before = history(&database);
    checkout
        .run(&["db:repair", "1", "--reason", REASON])
        .exits(3)
        .says("-CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text NOT NULL);")
        .says("+CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text);")
        .says(" becomes ")
        .says("nothing was changed");
    checkout
        .run_on_terminal(&["db:repair", "1", "--reason", REASON], "yes\n")
        .exits(3);
    let json = checkout
        .run(&["db:repair", "V00001", "--reason", REASON, "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["dry_run"], true);
    assert_eq!(json["repaired"][0]["file"], "migrations/V00001__create_users.sql");
    assert_ne!(
        json["repaired"][0]["before"]["checksum"],
        json["repaired"][0]["after"]["checksum"]
    );
    checkout.run(&["db:repair", "1"]).exits(2).says("--reason");
    checkout.run(&["db:repair", "1", "--reason", ""]).exits(2);
    assert_eq!(history(&database), before);
    assert!(!database.has("dbtask_journal"));
    let name = format!("{}\n", database.name());
    checkout
        .run_on_terminal(&["db:repair", "1", "--reason", REASON], &name)
        .exits(0)
        .says("recorded 1 file");
    // what the file would do now is not done
    let required = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'email'";
    assert!(database.client().query_one(required, &[]).unwrap().get::<_, bool>(0));
}

#[test]
fn a_new_description_and_many_files_are_recorded_at_once_or_not_at_all() {
    let (database, checkout) = applied();
    let folder = checkout.root().join("migrations");
    std::fs::rename(folder.join(USERS), folder.join("V00001__people.sql")).unwrap();
    comment(&checkout, "V00001__people.sql");
    comment(&checkout, "V00002__create_orders.sql");
    let before = history(&database);
    database
        .client()
        .batch_execute("ALTER TABLE refinery_schema_history ADD CONSTRAINT fixed CHECK (version <> 2) NOT VALID")
        .unwrap();
    repair(&checkout, &database, &["1", "2"])
        .exits(1)
        .says("failed to repair the row of `migrations/V00002__create_orders.sql`")
        .says("nothing was changed");
    assert_eq!(history(&database), before);
    assert!(!database.has("dbtask_journal"));
    database
        .client()
        .batch_execute("ALTER TABLE refinery_schema_history DROP CONSTRAINT fixed")
        .unwrap();
    repair(&checkout, &database, &["V00001__people.sql", "2"])
        .exits(0)
        .says("name     create_users becomes people")
        .says("`migrations/V00001__people.sql`: only comments and white space changed since commit ")
        .says("recorded 2 files");
    checkout.run(&["db:status", "--check"]).exits(0);
    assert_eq!(journal(&database)[0].2["before"]["name"], "create_users");
}

#[test]
fn what_cannot_be_repaired_is_refused_and_nothing_is_deleted() {
    let (database, checkout) = applied();
    checkout.migration("V00004__later.sql", "CREATE TABLE later ();\n");
    std::fs::remove_file(checkout.root().join("migrations/V00002__create_orders.sql")).unwrap();
    let before = history(&database);
    repair(&checkout, &database, &["2", "4"])
        .exits(3)
        .says("version 2 (`create_orders`, applied on ")
        .says("git log --diff-filter=D")
        .says("`migrations/V00004__later.sql` was never applied")
        .says("nothing was changed");
    repair(&checkout, &database, &["9"])
        .exits(2)
        .says("no migration has the name or the version `9`");
    repair(&checkout, &database, &["1"]).exits(0).says("nothing to do");
    assert_eq!(history(&database), before);
    assert!(!database.has("dbtask_journal"));
}

#[test]
fn line_endings_are_named_where_git_does_not_know_them() {
    let (database, checkout) = applied();
    let with_returns = text(&checkout, USERS).replace('\n', "\r\n");
    let applied = refinery::Migration::unapplied("V00001__create_users", &with_returns).unwrap();
    let sql = format!(
        "UPDATE refinery_schema_history SET checksum = '{}' WHERE version = 1",
        applied.checksum()
    );
    database.client().batch_execute(&sql).unwrap();
    repair(&checkout, &database, &["1"])
        .exits(0)
        .says("only line endings changed");
    checkout.run(&["db:status", "--check"]).exits(0);
}

#[test]
fn production_is_repaired_too_with_its_name_and_a_role_that_may_write_the_history() {
    let (database, checkout) = applied();
    comment(&checkout, USERS);
    let url = database.url().replace("127.0.0.1", "db.example.com");
    checkout.write(".env", format!("DATABASE_URL={url}?hostaddr=127.0.0.1\n"));
    checkout.run(&["db:push"]).exits(3).says("is treated as production");
    checkout
        .run(&["db:repair", "1", "--reason", REASON])
        .exits(3)
        .says("nobody is there to confirm");
    let read_only = format!("{url}?hostaddr=127.0.0.1&options=-c%20default_transaction_read_only%3Don");
    checkout.write(".env", format!("DATABASE_URL={read_only}\n"));
    repair(&checkout, &database, &["1"]).exits(3).says("read only");
    let role = database.role("reader", "");
    let grant = format!("GRANT SELECT, INSERT ON refinery_schema_history TO {}", role.name());
    database.client().batch_execute(&grant).unwrap();
    checkout.write(".env", format!("DATABASE_URL={}\n", role.url(&database)));
    repair(&checkout, &database, &["1"])
        .exits(1)
        .says("[42501]")
        .says("nothing was changed")
        .says("GRANT");
    checkout.write(".env", format!("DATABASE_URL={url}?hostaddr=127.0.0.1\n"));
    repair(&checkout, &database, &["1"]).exits(0);
    checkout.run(&["db:status", "--check"]).exits(0);
}

#[test]
fn a_journal_of_the_older_shape_is_kept_and_gets_its_column() {
    let (database, checkout) = applied();
    let older = "CREATE TABLE dbtask_journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(), event text NOT NULL, version int4 NOT NULL,
        statement int4, checksum text, invalid_before oid[]);
      INSERT INTO dbtask_journal (event, version) VALUES ('complete', 1)";
    database.client().batch_execute(older).unwrap();
    comment(&checkout, USERS);
    repair(&checkout, &database, &["1"]).exits(0);
    comment(&checkout, USERS);
    repair(&checkout, &database, &["1"]).exits(0);
    let events: Vec<_> = journal(&database).into_iter().map(|(event, ..)| event).collect();
    assert_eq!(events, ["complete", "repair", "repair"]);
    // and files without a transaction go on writing into it
    checkout.migration("V00004__vacuum.sql", "-- dbtask:no-transaction\nVACUUM users;\n");
    checkout.run(&["db:push"]).exits(0);
}

#[test]
fn a_repair_waits_for_the_run_that_has_the_lock() {
    let (database, checkout) = applied();
    comment(&checkout, USERS);
    let mut other = database.client();
    let key = i64::from_be_bytes(*b"\0dbtask\0");
    other.execute("SELECT pg_advisory_lock($1)", &[&key]).unwrap();
    let child = checkout.spawn(&["db:repair", "1", "--reason", REASON, "--yes", database.name()]);
    std::thread::sleep(Duration::from_millis(500));
    assert!(!database.has("dbtask_journal"));
    drop(other);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another run holds the lock"));
}

#[test]
fn a_wire_cut_during_a_repair_leaves_row_and_note_or_neither() {
    let (database, checkout) = applied();
    let repairs = |database: &TestDatabase| {
        let noted = database.has("dbtask_journal") && !journal(database).is_empty();
        (noted, history(database))
    };
    let run = |cut: Option<Cut>| {
        let proxy = Proxy::start(database.server().port, cut);
        let url = database.url_through(proxy.port);
        let arguments = ["db:repair", "1", "--reason", REASON, "--yes", database.name()];
        finish(checkout.command(&arguments).env("DATABASE_URL", url));
        proxy.traffic.to_server.load(Ordering::Relaxed)
    };
    let before = history(&database);
    comment(&checkout, USERS);
    let total = run(None);
    assert!(repairs(&database).0);
    let restore = |row: &str| {
        let checksum = row.rsplit(' ').next().unwrap();
        let sql = format!(
            "TRUNCATE dbtask_journal; UPDATE refinery_schema_history SET checksum = '{checksum}' WHERE version = 1"
        );
        database.client().batch_execute(&sql).unwrap();
    };
    let mut cut_short = 0;
    for after in (1..total).step_by((total / 12).max(1)) {
        restore(&before[0]);
        run(Some(Cut {
            way: Way::ToServer,
            after,
        }));
        let (noted, rows) = repairs(&database);
        assert_eq!(noted, rows != before, "cut after {after} bytes");
        cut_short += usize::from(!noted);
        repair(&checkout, &database, &["1"]).exits(0);
        checkout.run(&["db:status", "--check"]).exits(0);
    }
    assert!(cut_short > 0);
}

#[test]
fn a_service_of_before_and_one_of_after_the_repair_both_start() {
    let (database, checkout) = applied();
    let embedded = || -> Vec<Embedded> {
        ["create_users", "create_orders", "seed"]
            .iter()
            .zip(1..)
            .map(|(name, n)| {
                let name = format!("V{n:05}__{name}.sql");
                let text: &'static str = Box::leak(text(&checkout, &name).into_boxed_str());
                let path: &'static str = Box::leak(format!("migrations/{name}").into_boxed_str());
                let name = dbtask_rules::FileName::parse(name).unwrap();
                (path, text, dbtask_rules::checksum(&name, text))
            })
            .collect()
    };
    let url = DatabaseUrl::parse(&database.url()).unwrap();
    let current = |table: &[Embedded]| matches!(verify(&url, table), Ok(Verification::Current { .. }));
    let before = embedded();
    comment(&checkout, USERS);
    let after = embedded();
    assert!(current(&before) && !current(&after));
    repair(&checkout, &database, &["1"]).exits(0);
    assert!(current(&before) && current(&after));
    // a text that never was applied is no text of before
    let mut other = before.clone();
    other[0].2 += 1;
    assert!(!current(&other));
    let role = database.role("service", "");
    let grant = format!("GRANT SELECT ON refinery_schema_history TO {}", role.name());
    database.client().batch_execute(&grant).unwrap();
    let url = DatabaseUrl::parse(&role.url(&database)).unwrap();
    let error = verify(&url, &before).unwrap_err().to_string();
    assert!(error.contains("was edited after it was applied"), "{error}");
    assert!(matches!(verify(&url, &after), Ok(Verification::Current { .. })));
}
