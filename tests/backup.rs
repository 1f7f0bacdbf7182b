//! `db:backup` and `db:restore`.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use crate::support::{Checkout, TestDatabase, finish, shop};

fn pushed() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

fn backup(checkout: &Checkout) -> PathBuf {
    let json = checkout.run(&["db:backup", "--json"]).exits(0).json();
    assert!(json["bytes"].as_u64().unwrap() > 0);
    checkout.root().join(json["file"].as_str().unwrap())
}

#[test]
fn a_backup_is_private_whole_and_named_after_what_it_holds() {
    let (database, checkout) = pushed();
    let path = backup(&checkout);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with(&format!("{}-V3-20", database.name())) && name.ends_with("Z.dump"),
        "{name}"
    );
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_backup_goes_into_an_empty_database_and_comes_out_equal() {
    let (_database, checkout) = pushed();
    let path = backup(&checkout);
    let empty = TestDatabase::new();
    let other = Checkout::on(&empty);
    shop(&other);
    other
        .run(&["db:restore", path.to_str().unwrap()])
        .exits(0)
        .says("at version 3");
    other.run(&["db:status", "--check"]).exits(0);
    let email: String = empty.client().query_one("SELECT email FROM users", &[]).unwrap().get(0);
    assert_eq!(email, "ada@example.com");
}

#[test]
fn restoring_over_data_asks_as_drop_does() {
    let (database, checkout) = pushed();
    let path = backup(&checkout);
    let path = path.to_str().unwrap();
    database
        .client()
        .batch_execute("INSERT INTO users VALUES (2, 'later'); CREATE TABLE stray ()")
        .unwrap();
    checkout
        .run(&["db:restore", path])
        .exits(3)
        .says("This deletes everything")
        .says("nothing was changed");
    assert!(database.has("stray"));
    checkout.run(&["db:restore", path, "--yes", database.name()]).exits(0);
    assert!(!database.has("stray"));
    let n: i64 = database
        .client()
        .query_one("SELECT count(*) FROM users", &[])
        .unwrap()
        .get(0);
    assert_eq!(n, 1);
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_deleted() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute("INSERT INTO users SELECT g, md5(g::text) FROM generate_series(2, 20000) g")
        .unwrap();
    let path = backup(&checkout);
    let whole = std::fs::read(&path).unwrap();
    for (what, bytes) in [
        ("cut", whole[..whole.len() * 2 / 3].to_vec()),
        ("flipped", {
            let mut bytes = whole.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
            bytes
        }),
        ("no backup at all", b"hello".to_vec()),
    ] {
        let broken = checkout.root().join("broken.dump");
        std::fs::write(&broken, bytes).unwrap();
        let run = checkout.run(&["db:restore", "broken.dump", "--yes", database.name()]);
        assert_eq!(run.code, Some(1), "{what}: {}", run.text());
        assert!(run.text().contains("is no whole backup"), "{what}: {}", run.text());
    }
    assert!(database.has("users"));
    checkout
        .run(&["db:restore", "nowhere.dump"])
        .exits(2)
        .says("failed to read the backup `nowhere.dump`")
        .says("ls backups");
}

#[test]
fn a_dump_that_fails_leaves_no_file_and_says_why() {
    let (database, checkout) = pushed();
    let role = database.role("blind", "");
    let backup = || {
        finish(
            checkout
                .command(&["db:backup"])
                .env("DATABASE_URL", role.url(&database)),
        )
    };
    // first the history cannot be read, then the tables
    for _ in 0..2 {
        backup()
            .exits(1)
            .says("permission denied")
            .says("GRANT pg_read_all_data TO")
            .says("no backup was written")
            .hides(role.password());
        database
            .client()
            .batch_execute(&format!("GRANT SELECT ON refinery_schema_history TO {}", role.name()))
            .unwrap();
    }
    let left: Vec<_> = std::fs::read_dir(checkout.root().join("backups")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_an_interrupted_backup_left_is_swept_and_a_running_one_s_file_is_not() {
    let (_database, checkout) = pushed();
    checkout.write("backups/old.dump.partial", "half");
    checkout.write("backups/running.dump.partial", "half");
    let running = std::fs::File::open(checkout.root().join("backups/running.dump.partial")).unwrap();
    running.lock().unwrap();
    backup(&checkout);
    assert!(!checkout.root().join("backups/old.dump.partial").exists());
    assert!(checkout.root().join("backups/running.dump.partial").exists());
}

#[test]
fn no_migration_runs_through_a_backup() {
    let (database, checkout) = pushed();
    let mut busy = database.client();
    let mut transaction = busy.transaction().unwrap();
    transaction
        .batch_execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let child = checkout
        .command(&["db:backup"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut client = database.client();
    let held = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND datname = current_database()";
    let waited = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        client.query_one(held, &[]).unwrap().get::<_, i64>(0) > 0
    });
    assert!(waited, "the backup does not hold the migration lock");
    checkout.migration("V00004__more.sql", "SELECT 1;\n");
    let mut push = checkout
        .command(&["db:push"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(push.stderr.take().unwrap())
        .lines()
        .next()
        .unwrap()
        .unwrap();
    assert!(first.contains("another run holds the lock"), "{first}");
    transaction.rollback().unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(push.wait().unwrap().success());
}

#[test]
fn extensions_and_the_schemas_that_they_live_in_come_through() {
    let (database, checkout) = pushed();
    let mut client = database.client();
    let available = client
        .query("SELECT FROM pg_available_extensions WHERE name = 'citext'", &[])
        .unwrap();
    if available.is_empty() {
        println!("skipped: this server has no extension citext");
        return;
    }
    client
        .batch_execute("CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE TABLE people (name ext.citext UNIQUE); INSERT INTO people VALUES ('Ada')")
        .unwrap();
    let path = backup(&checkout);
    let path = path.to_str().unwrap();
    checkout.run(&["db:restore", path, "--yes", database.name()]).exits(0);
    let empty = TestDatabase::new();
    finish(checkout.command(&["db:restore", path]).env("DATABASE_URL", empty.url())).exits(0);
    for database in [&database, &empty] {
        let found: i64 = database
            .client()
            .query_one(
                "SELECT count(*) FROM people WHERE name OPERATOR(ext.=) 'ADA'::ext.citext",
                &[],
            )
            .unwrap()
            .get(0);
        assert_eq!(found, 1);
    }
    checkout.run(&["db:drop", "--yes", database.name()]).exits(0);
    assert!(
        database.client().batch_execute("SELECT 'a'::ext.citext").is_ok(),
        "the extension went"
    );
}
