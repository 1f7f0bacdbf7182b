//! `db:backup` and `db:restore`.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Checkout, TestDatabase, finish, shop};

pub fn pushed() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

/// Takes a backup, with more arguments.
pub fn backup_with(checkout: &Checkout, arguments: &[&str]) -> PathBuf {
    let arguments: Vec<&str> = ["db:backup", "--json"].iter().chain(arguments).copied().collect();
    let json = checkout.run(&arguments).exits(0).json();
    assert!(json["bytes"].as_u64().unwrap() > 0);
    checkout.root().join(json["file"].as_str().unwrap())
}

pub fn backup(checkout: &Checkout) -> PathBuf {
    backup_with(checkout, &[])
}

pub fn manifest(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path.join("manifest.json")).unwrap()).unwrap()
}

/// The names in a folder, sorted.
pub fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn drop_databases(database: &TestDatabase, names: &[&str]) {
    let mut client = database.server().client("postgres");
    for name in names {
        client
            .batch_execute(&format!("DROP DATABASE \"{name}\" WITH (FORCE)"))
            .unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_is_private_whole_and_named_after_what_it_holds() {
    let (database, checkout) = pushed();
    for jobs in ["1", "3"] {
        let arguments = ["db:backup", "--json", "--jobs", jobs];
        let inner = checkout.command(&arguments);
        // whatever the caller's umask lets others do
        let mut command = Command::new("sh");
        command.args(["-c", "umask 000 && exec \"$0\" \"$@\""]);
        command
            .arg(inner.get_program())
            .args(arguments)
            .current_dir(checkout.root());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let json = finish(&mut command).exits(0).json();
        let path = checkout.root().join(json["file"].as_str().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("{}-V3-20", database.name())) && !name.contains("partial"),
            "{name}"
        );
        let mut files = 0;
        let mut folders = vec![path];
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
            for path in entries(&folder).iter().map(|name| folder.join(name)) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert_eq!(mode(&path), 0o600, "{}", path.display());
                    files += 1;
                }
            }
        }
        assert!(files > 1);
    }
    assert_eq!(mode(&checkout.root().join("backups")), 0o700);
    assert_eq!(entries(&checkout.root().join("backups")).len(), 2, "more was left");
}

#[test]
fn the_manifest_tells_what_must_come_out_and_what_pg_dump_leaves_out() {
    let (database, checkout) = pushed();
    let role = database.role("reader", "NOINHERIT");
    let mut client = database.client();
    client
        .batch_execute(&format!(
            r#"GRANT SELECT ON users TO {reader};
               ALTER DATABASE {name} SET search_path = public, "Other";
               ALTER ROLE {reader} IN DATABASE {name} SET work_mem = '8MB';
               CREATE SEQUENCE numbers; SELECT nextval('numbers'), nextval('numbers');
               CREATE TABLE "My Table" (a int, "b c" text, d int GENERATED ALWAYS AS (a * 2) STORED);
               INSERT INTO "My Table" VALUES (1, 'x'), (1, 'x'), (2, NULL);
               SELECT lo_from_bytea(0, 'large')"#,
            reader = role.name(),
            name = database.name()
        ))
        .unwrap();
    let path = backup(&checkout);
    let text = std::fs::read_to_string(path.join("manifest.json")).unwrap();
    assert!(!text.contains(role.password()) && !text.contains("SCRAM"), "{text}");
    let manifest = manifest(&path);
    let of = |list: &str, key: &str, name: &str| -> Value {
        let found = manifest[list].as_array().unwrap().iter().find(|o| o[key] == name);
        found
            .unwrap_or_else(|| panic!("no {name} among {list} of {text}"))
            .clone()
    };
    assert_eq!(manifest["format"], 3);
    assert_eq!(manifest["migrations"], 3);
    assert_eq!(manifest["database"]["name"], database.name());
    assert_eq!(manifest["database"]["encoding"], "UTF8");
    assert!(manifest["lsn"].as_str().unwrap().contains('/'));
    let table = of("tables", "table", r#"public."My Table""#);
    assert_eq!(table["columns"], json!(["a", "b c"]));
    assert_eq!(table["rows"], 3);
    // what the manifest's documentation says that the digest is, computed of `1\tx`, `1\tx` and `2\t\N` in Python
    assert_eq!(table["digest"], "01df343031540db7362023a08c2586d1");
    assert_eq!(of("sequences", "sequence", "public.numbers")["last_value"], 2);
    assert_eq!(manifest["large_objects"]["count"], 1);
    assert_eq!(
        manifest["settings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["role"].is_null())
            .unwrap()["settings"],
        json!(["search_path=public, \"Other\""])
    );
    assert_eq!(of("settings", "role", role.name())["settings"], json!(["work_mem=8MB"]));
    let reader = of("roles", "name", role.name());
    assert_eq!((&reader["login"], &reader["inherit"]), (&json!(true), &json!(false)));
    assert!(reader.get("password").is_none());
    assert!(manifest["proof"].is_null() && manifest["citus"].is_null() && manifest["environment"].is_null());
    let file = &manifest["files"][0];
    let sum = Command::new("sha256sum")
        .arg(path.join(file["path"].as_str().unwrap()))
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&sum.stdout).starts_with(file["sha256"].as_str().unwrap()),
        "{file}"
    );
}

/// Citus itself is not at hand: its catalog, with what it says of a distributed table.
#[test]
fn the_distribution_of_tables_is_in_the_manifest() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute(
            r#"SET allow_system_table_mods = on;
               CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int);
               CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass);
               CREATE FUNCTION pg_catalog.column_to_column_name(regclass, text) RETURNS text LANGUAGE sql AS $$ SELECT 'user_id' $$;
               INSERT INTO pg_catalog.pg_dist_partition VALUES ('orders', 'h', '{VAR}', 7), ('users', 'n', NULL, 8);
               INSERT INTO pg_catalog.pg_dist_shard VALUES ('orders'), ('orders')"#,
        )
        .unwrap();
    assert_eq!(
        manifest(&backup(&checkout))["citus"],
        json!([
            { "table": "public.orders", "method": "h", "column": "user_id", "colocation": 7, "shards": 2 },
            { "table": "public.users", "method": "n", "column": null, "colocation": 8, "shards": 0 },
        ])
    );
}

#[test]
fn how_far_it_is_shows_on_a_terminal() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute("INSERT INTO users SELECT g, repeat(md5(g::text), 20) FROM generate_series(2, 300000) g")
        .unwrap();
    let run = checkout.run_on_terminal(&["db:backup"], "").exits(0);
    run.says("backing up: ")
        .says(" tables, ")
        .says(" of about ")
        .says(" written");
    assert_eq!(entries(&checkout.root().join("backups")).len(), 1);
}

#[test]
fn a_restore_leaves_a_database_with_data_alone_and_goes_beside_it() {
    let (database, checkout) = pushed();
    let path = backup(&checkout);
    database.client().batch_execute("CREATE TABLE stray ()").unwrap();
    let run = checkout.run(&["db:restore", path.to_str().unwrap(), "--json"]).exits(0);
    let beside = run.json()["database"].as_str().unwrap().to_owned();
    assert!(
        beside.starts_with(&format!("{}_restored_", database.name())),
        "{beside}"
    );
    assert!(database.has("stray"));
    let row = database
        .server()
        .client(&beside)
        .query_one("SELECT count(*), to_regclass('stray') IS NULL FROM users", &[])
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1)), (1, true));
    drop_databases(&database, &[&beside]);
}

#[test]
fn a_swap_is_asked_for_and_keeps_what_was_there() {
    let (database, checkout) = pushed();
    let name = database.name();
    database
        .client()
        .batch_execute(&format!(
            "ALTER DATABASE {name} SET search_path = public, \"Other\"; ALTER DATABASE {name} SET dbtask.environment = 'development'"
        ))
        .unwrap();
    let path = backup(&checkout);
    let path = path.to_str().unwrap();
    database.client().batch_execute("CREATE TABLE stray ()").unwrap();
    checkout
        .run(&["db:restore", path, "--swap"])
        .exits(3)
        .says("is kept")
        .says(&format!("--swap --yes {name}"))
        .says("nothing was changed");
    checkout.run(&["db:restore", path, "--swap", "--yes", "other"]).exits(3);

    // a service that is still connected
    let busy = database.client();
    let run = checkout.run(&["db:restore", path, "--swap", "--yes", name]).exits(1);
    let run = run
        .says("is being accessed by other users")
        .says("stop the service")
        .says("is as it was");
    let beside = run.stderr.split("the backup is restored as `").nth(1).unwrap();
    assert!(database.has("stray"));
    drop(busy);
    drop_databases(&database, &[beside.split('`').next().unwrap()]);

    let json = checkout
        .run(&["db:restore", path, "--swap", "--yes", name, "--json"])
        .exits(0)
        .json();
    assert_eq!(json["database"], name);
    let kept = json["kept_as"].as_str().unwrap();
    assert!(!database.has("stray") && database.has("users"));
    let stray = database
        .server()
        .client(kept)
        .query_one("SELECT to_regclass('stray') IS NOT NULL", &[])
        .unwrap();
    assert!(stray.get::<_, bool>(0));
    // the backup's settings came along; the mark is that of the database which had the name
    let settings: Vec<String> = database
        .client()
        .query(
            "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(
        settings,
        ["search_path=public, \"Other\"", "dbtask.environment=development"]
    );
    drop_databases(&database, &[kept]);
}

#[test]
fn a_restore_that_cannot_end_well_leaves_no_database_behind() {
    let (database, checkout) = pushed();
    let beside = || {
        let pattern = format!("^{}_", database.name());
        let mut client = database.client();
        client
            .query("SELECT FROM pg_database WHERE datname ~ $1", &[&pattern])
            .unwrap()
            .len()
    };
    let path = {
        let role = database.role("owner", "");
        let mut client = database.client();
        client
            .batch_execute(&format!(
                "GRANT CREATE ON SCHEMA public TO {0}; ALTER TABLE orders OWNER TO {0}",
                role.name()
            ))
            .unwrap();
        let path = backup(&checkout);
        client
            .batch_execute(&format!(
                "REASSIGN OWNED BY {0} TO postgres; DROP OWNED BY {0}",
                role.name()
            ))
            .unwrap();
        path
    };
    checkout
        .run(&["db:restore", path.to_str().unwrap()])
        .exits(1)
        .says("this server lacks 1 role of the backup's")
        .says("CREATE ROLE \"owner_")
        .says("nothing was changed");
    assert_eq!(beside(), 0);
    // a bare dump, of which nobody knows before
    checkout
        .run(&["db:restore", path.join("data.dump").to_str().unwrap()])
        .exits(1)
        .says("pg_restore reports")
        .says("--no-owner")
        .says("the new database is gone again");
    assert_eq!(beside(), 0);
    let json = checkout
        .run(&["db:restore", path.to_str().unwrap(), "--no-owner", "--json"])
        .exits(0)
        .json();
    drop_databases(&database, &[json["database"].as_str().unwrap()]);
}

#[test]
fn a_bare_dump_of_pg_dump_s_stays_restorable() {
    let (_database, checkout) = pushed();
    let bytes = std::fs::read(backup(&checkout).join("data.dump")).unwrap();
    checkout.write("old.dump", bytes);
    let empty = TestDatabase::new();
    finish(
        checkout
            .command(&["db:restore", "old.dump"])
            .env("DATABASE_URL", empty.url()),
    )
    .exits(0)
    .says("at version 3");
    assert!(empty.has("orders"));
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
fn a_damaged_backup_is_refused_before_anything_is_deleted() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute("INSERT INTO users SELECT g, md5(g::text) FROM generate_series(2, 20000) g")
        .unwrap();
    let path = backup(&checkout);
    let dump = path.join("data.dump");
    let whole = std::fs::read(&dump).unwrap();
    let (cut, mut flipped) = (whole[..whole.len() * 2 / 3].to_vec(), whole);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let broken = checkout.root().join("broken.dump");
    // what is flipped in a bare dump shows where its compression has a checksum, which zstd's in pg_dump has not
    for (what, file, bytes) in [
        ("cut", &dump, &cut),
        ("flipped", &dump, &flipped),
        ("bare and cut", &broken, &cut),
        ("no backup at all", &broken, &b"hello".to_vec()),
    ] {
        std::fs::write(file, bytes).unwrap();
        let named = if *file == dump { &path } else { file };
        let run = checkout.run(&[
            "db:restore",
            named.to_str().unwrap(),
            "--swap",
            "--yes",
            database.name(),
        ]);
        assert_eq!(run.code, Some(1), "{what}: {}", run.text());
        assert!(run.text().contains("is no whole backup"), "{what}: {}", run.text());
    }
    assert!(database.has("users"));
    checkout
        .run(&["db:restore", "nowhere.dump"])
        .exits(2)
        .says("failed to read the backup `nowhere.dump`")
        .says("db:backup --list");
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

/// A pg_dump that leaves a table's rows out, and succeeds.
#[test]
fn a_table_that_is_not_in_the_dump_is_missed() {
    let (database, checkout) = pushed();
    let tools = dbtask::server::client_tools(database.server().installation.major).unwrap();
    let bin = checkout.root().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for (program, more) in [
        ("pg_dump", "--exclude-table-data=public.users"),
        ("pg_restore", ""),
        ("psql", ""),
    ] {
        let real = tools.bin.join(program);
        let script = format!("#!/bin/sh\nexec '{}' \"$@\" {more}\n", real.display());
        std::fs::write(bin.join(program), script).unwrap();
        std::fs::set_permissions(bin.join(program), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for jobs in ["1", "2"] {
        finish(
            checkout
                .command(&["db:backup", "--jobs", jobs])
                .env("DBTASK_PG_BIN", &bin),
        )
        .exits(1)
        .says("pg_dump left tables out")
        .says("public.users")
        .says("no backup was written");
    }
    assert_eq!(entries(&checkout.root().join("backups")), Vec::<String>::new());
}

#[test]
fn what_an_interrupted_backup_left_is_swept_and_a_running_one_s_file_is_not() {
    let (_database, checkout) = pushed();
    let folder = checkout.root().join("backups");
    checkout.write("backups/older.dump.partial", "half");
    checkout.write("backups/old.partial/data.dump", "half");
    checkout.write("backups/running.partial/data.dump", "half");
    let running = std::fs::File::open(folder.join("running.partial")).unwrap();
    running.lock().unwrap();
    let path = backup(&checkout);
    assert_eq!(
        entries(&folder),
        ["running.partial", path.file_name().unwrap().to_str().unwrap()]
    );
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
    drop(client);
    let path = backup(&checkout);
    let path = path.to_str().unwrap();
    let json = checkout
        .run(&["db:restore", path, "--swap", "--yes", database.name(), "--json"])
        .exits(0)
        .json();
    drop_databases(&database, &[json["kept_as"].as_str().unwrap()]);
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
