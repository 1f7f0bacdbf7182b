//! `db:backup --verify`: what is restored is what was backed up, while others write and whatever is in the database.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres::NoTls;
use serde_json::{Value, json};

use crate::backup::{backup, backup_with, drop_databases, entries, manifest, pushed};
use crate::support::{Checkout, Run, TestDatabase, finish};

/// Throwaway databases on the suite's server are swept by whoever comes next; ours must be gone by itself.
fn shadows(database: &TestDatabase) -> i64 {
    let mut client = database.client();
    client
        .query_one(
            "SELECT count(*) FROM pg_database WHERE datname ~ '^dbtask_shadow_'",
            &[],
        )
        .unwrap()
        .get(0)
}

#[test]
fn a_proof_is_recorded_and_listed_and_the_throwaway_database_is_gone() {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    crate::support::shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let unproven = backup(&checkout);
    let proven = backup_with(&checkout, &["--verify"]);
    assert!(manifest(&unproven)["proof"].is_null());
    let proof = manifest(&proven)["proof"].clone();
    assert!(proof["at"].as_str().unwrap().ends_with('Z'), "{proof}");
    assert_eq!(proof["beside_target"], true);
    assert_eq!(shadows(&database), 0);

    let list = checkout.run(&["db:backup", "--list"]).exits(0);
    let lines: Vec<&str> = list.stdout.lines().collect();
    assert!(lines[0].contains("proven 20"), "{lines:?}");
    assert!(lines[1].contains("not proven"), "{lines:?}");
    checkout
        .run(&["db:backup", "--prove", unproven.to_str().unwrap()])
        .exits(0)
        .says("proven by a restore");
    assert!(!manifest(&unproven)["proof"].is_null());
}

#[test]
fn keeping_some_deletes_older_proven_ones_and_nothing_else() {
    let (_database, checkout) = pushed();
    let unproven = backup(&checkout);
    let first = backup_with(&checkout, &["--verify"]);
    let others = {
        // of another database with a name of its own: not ours to delete
        let (_other, there) = pushed();
        let path = backup_with(&there, &["--verify"]);
        let name = path.file_name().unwrap().to_owned();
        let here = checkout.root().join("backups").join(name);
        Command::new("cp").arg("-r").arg(&path).arg(&here).status().unwrap();
        here
    };
    // taken, and not proven: the last proven one stays
    let second = backup_with(&checkout, &["--keep", "1"]);
    assert!(first.exists());
    let third = backup_with(&checkout, &["--keep", "1", "--verify"]);
    assert!(!first.exists(), "the older proven one was to go");
    for kept in [&unproven, &others, &second, &third] {
        assert!(kept.exists(), "{}", kept.display());
    }
    assert_eq!(entries(&checkout.root().join("backups")).len(), 4);
    checkout.run(&["db:backup", "--keep", "0"]).exits(2);
}

/// Gives a manifest a valid seal again, as somebody who tampers would.
fn reseal(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut document = manifest(path);
    document.as_object_mut().unwrap().remove("sha256");
    change(&mut document);
    let text = format!("{document:#}");
    let body = text.strip_suffix("\n}").unwrap();
    let sum = sha256(body.as_bytes());
    std::fs::write(
        path.join("manifest.json"),
        format!("{body},\n  \"sha256\": \"{sum}\"\n}}\n"),
    )
    .unwrap();
}

fn sha256(bytes: &[u8]) -> String {
    let file = std::env::temp_dir().join(format!("dbtask-sum-{}", dbtask::server::random_hex(8).unwrap()));
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("sha256sum").arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn another_database_s_rows_are_no_proof() {
    let (database, checkout) = pushed();
    let mut client = database.client();
    client
        .batch_execute("CREATE TABLE \"Odd one\" (a int, b text); INSERT INTO \"Odd one\" VALUES (1, 'x'), (2, 'y'); CREATE SEQUENCE s; SELECT nextval('s'), nextval('s'); SELECT lo_from_bytea(4711, 'large')")
        .unwrap();
    let path = backup(&checkout);
    // the same number of rows, of other content; a row less; a sequence that went back; another large object
    client
        .batch_execute("UPDATE \"Odd one\" SET b = 'z' WHERE a = 2; DELETE FROM orders; SELECT setval('s', 1); SELECT lo_put(4711, 0, 'LARGE')")
        .unwrap();
    let other = backup(&checkout);
    std::fs::copy(other.join("data.dump"), path.join("data.dump")).unwrap();
    let files = manifest(&other)["files"].clone();
    reseal(&path, |document| document["files"] = files);
    checkout
        .run(&["db:backup", "--prove", path.to_str().unwrap()])
        .exits(1)
        .says("what was restored is not what was backed up")
        .says("public.\"Odd one\": rows differ")
        .says("public.orders: 1 rows became 0")
        .says("the sequence public.s is behind")
        .says("large objects differ")
        .says("is whole, and not proven");
    assert!(manifest(&path)["proof"].is_null());
    checkout
        .run(&["db:backup", "--prove", other.to_str().unwrap()])
        .exits(0);
}

#[test]
fn digests_agree_while_others_write_and_a_migration_tries_to_run() {
    let (database, checkout) = pushed();
    database
        .client()
        .batch_execute(
            "CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL, t text); \
             INSERT INTO counters SELECT g, 0, md5(g::text) FROM generate_series(1, 20000) g; CREATE SEQUENCE s",
        )
        .unwrap();
    checkout.migration(
        "V00004__more.sql",
        "ALTER TABLE counters ADD COLUMN extra int DEFAULT 7;\nUPDATE counters SET extra = 8;\n",
    );
    let over = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|seed: i32| {
                let (over, url) = (&over, database.url());
                scope.spawn(move || {
                    let mut client = postgres::Client::connect(&url, NoTls).unwrap();
                    let mut n = 0;
                    while !over.load(Ordering::Relaxed) {
                        client
                            .batch_execute(&format!(
                                "UPDATE counters SET n = n + 1 WHERE id % 97 = {} AND id % 3 = {seed}; INSERT INTO counters VALUES ({}, nextval('s'), 'new'); DELETE FROM counters WHERE id = {}",
                                (n + seed) % 97,
                                100_000 * (seed + 1) + n,
                                100_000 * (seed + 1) + n - 5,
                            ))
                            .unwrap();
                        n += 1;
                    }
                    n
                })
            })
            .collect();
        let mut backup = checkout.spawn(&["db:backup", "--verify", "--json"]);
        let mut words = BufReader::new(backup.stderr.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let first = words.next().unwrap();
        assert!(first.contains("of database"), "{first}");
        let push = checkout.spawn(&["db:push"]);
        let output = backup.wait_with_output().unwrap();
        over.store(true, Ordering::Relaxed);
        assert!(output.status.success(), "{}", words.collect::<Vec<_>>().join("\n"));
        let written: i32 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        let pushed = push.wait_with_output().unwrap();
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        written
    });
    assert!(written > 3, "nobody wrote meanwhile: the test proves nothing");
}

/// What a reader of pg_dump's text, or a comparison of it, could trip over.
const TRAPS: &str = r#"
    CREATE TABLE words (id int, t text);
    INSERT INTO words VALUES (1, '\.'), (2, E'\\.\n\\.\n'), (3, E'COPY public.users (id) FROM stdin;\n1\n'), (4, '\N'), (5, NULL),
        (6, ''), (7, E'a\tb\r\n\\'), (8, repeat('long ', 300000)), (9, '-- \restrict'), (10, '"');
    CREATE TABLE "a ""quoted"".name
COPY public.users (id) FROM stdin;
1" ("b ""c"", d" int, "x)
\." text);
    INSERT INTO "a ""quoted"".name
COPY public.users (id) FROM stdin;
1" VALUES (1, 'x');
    CREATE SEQUENCE "s'
COPY public.users (id, email) FROM stdin;
1	x
\.
";
    CREATE TABLE no_columns ();
    INSERT INTO no_columns DEFAULT VALUES;
    INSERT INTO no_columns DEFAULT VALUES;
    CREATE TABLE generated_alone (g int GENERATED ALWAYS AS (7) STORED);
    INSERT INTO generated_alone DEFAULT VALUES;
    CREATE TABLE generated (a int, g int GENERATED ALWAYS AS (a * 2) STORED, b text);
    INSERT INTO generated (a, b) VALUES (1, 'x');
    CREATE TABLE nobody (a int);
    -- a restore has the parent's columns first
    CREATE TABLE elder (a int, b text);
    CREATE TABLE younger (own int, b text, a int);
    ALTER TABLE younger INHERIT elder;
    INSERT INTO elder VALUES (1, 'x');
    INSERT INTO younger VALUES (2, E'y\t', 3), (4, NULL, 5);
    -- equal values may be in other partitions after a restore: pg_dump loads them by the root
    CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
    CREATE TABLE paint (c colour, n int) PARTITION BY HASH (c);
    CREATE TABLE paint_0 PARTITION OF paint FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE paint_1 (n int, c colour);
    ALTER TABLE paint ATTACH PARTITION paint_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO paint SELECT ('{red,green,blue}'::colour[])[1 + g % 3], g FROM generate_series(1, 30) g;
    CREATE UNLOGGED TABLE unlogged (a int);
    INSERT INTO unlogged VALUES (1);
    CREATE MATERIALIZED VIEW seen AS SELECT * FROM words;
    CREATE TABLE moments (at timestamptz, bytes bytea);
    INSERT INTO moments VALUES ('2026-01-01 12:00+00', '\x00ff');
    SELECT lo_from_bytea(0, decode(repeat('27225c2e0a', 20000), 'hex'));
"#;

#[test]
fn rows_and_names_that_look_like_the_dump_s_own_words_are_proven() {
    let (database, checkout) = pushed();
    let mut client = database.client();
    client.batch_execute(TRAPS).unwrap();
    let digests = |jobs| manifest(&backup_with(&checkout, &["--verify", "--jobs", jobs]))["tables"].clone();
    let tables = digests("1");
    let of = |tables: &Value, name: &str| {
        let found = tables.as_array().unwrap().iter().find(|table| table["table"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {tables}")).clone()
    };
    for (name, rows) in [
        ("words", 10),
        ("users", 1),
        ("no_columns", 2),
        ("generated_alone", 1),
        ("generated", 1),
        ("nobody", 0),
        ("younger", 2),
        ("unlogged", 1),
        ("paint", 30),
    ] {
        assert_eq!(of(&tables, &format!("public.{name}"))["rows"], rows, "{name}");
    }
    assert_eq!(of(&tables, "public.generated")["columns"], json!(["a", "b"]));
    assert_eq!(of(&tables, "public.no_columns")["columns"], json!([]));
    assert_eq!(digests("2"), tables);

    // how a session shows values makes no difference, a byte does
    client
        .batch_execute(&format!(
            "ALTER DATABASE {name} SET timezone = 'Asia/Kolkata'; ALTER DATABASE {name} SET bytea_output = 'escape'; \
             ALTER DATABASE {name} SET datestyle = 'German'; ALTER DATABASE {name} SET quote_all_identifiers = on",
            name = database.name()
        ))
        .unwrap();
    assert_eq!(digests("1"), tables);
    client
        .batch_execute("UPDATE words SET t = overlay(t PLACING 'X' FROM 700000) WHERE id = 8")
        .unwrap();
    let changed = digests("2");
    let differ = |name: &str| of(&changed, name)["digest"] != of(&tables, name)["digest"];
    assert!(differ("public.words") && !differ("public.moments") && !differ("public.paint"));
}

#[test]
fn a_database_in_another_encoding_is_proven() {
    let (database, checkout) = pushed();
    let name = format!("{}_latin1", database.name());
    let mut server = database.server().client("postgres");
    server
        .batch_execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .unwrap();
    let mut client = database.server().client(&name);
    client
        .batch_execute(
            "CREATE TABLE \"Größe\" (\"Länge\" int, t text); INSERT INTO \"Größe\" VALUES (1, 'ß'), (2, 'é')",
        )
        .unwrap();
    drop(client);
    let url = database.url().replace(database.name(), &name);
    for jobs in ["1", "2"] {
        let run = finish(
            checkout
                .command(&["db:backup", "--verify", "--json", "--jobs", jobs])
                .env("DATABASE_URL", &url),
        )
        .exits(0);
        let manifest = manifest(&checkout.root().join(run.json()["file"].as_str().unwrap()));
        assert_eq!(manifest["database"]["encoding"], "LATIN1");
        let table = &manifest["tables"][0];
        assert_eq!((&table["columns"], &table["rows"]), (&json!(["Länge", "t"]), &json!(2)));
    }
    drop_databases(&database, &[&name]);
}

#[test]
fn the_digests_of_an_older_format_are_not_compared_and_its_rows_are_restored() {
    let (_database, checkout) = pushed();
    let path = backup(&checkout);
    reseal(&path, |document| document["format"] = json!(2));
    let shown = path.to_str().unwrap();
    checkout
        .run(&["db:backup", "--prove", shown])
        .exits(2)
        .says("made by an older dbtask")
        .says("can be restored")
        .says("take another backup");
    let empty = TestDatabase::new();
    finish(
        checkout
            .command(&["db:restore", shown])
            .env("DATABASE_URL", empty.url()),
    )
    .exits(0);
    assert!(empty.has("orders"));
}

/// What pg_dump writes of a database's structure, without what differs from run to run.
fn structure(database: &TestDatabase, url: &str) -> String {
    let tools = dbtask::server::client_tools(database.server().installation.major).unwrap();
    let output = Command::new(tools.bin.join("pg_dump"))
        .args(["--schema-only", "--dbname", url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_of_object_comes_through() {
    let (database, checkout) = pushed();
    database.client().batch_execute(include_str!("kinds.sql")).unwrap();
    for jobs in ["1", "2"] {
        let path = backup_with(&checkout, &["--verify", "--jobs", jobs]);
        assert!(manifest(&path)["tables"].as_array().unwrap().len() > 10);
        let empty = TestDatabase::new();
        finish(
            checkout
                .command(&["db:restore", path.to_str().unwrap()])
                .env("DATABASE_URL", empty.url()),
        )
        .exits(0);
        assert_eq!(
            structure(&database, &database.url()),
            structure(&database, &empty.url())
        );
    }
}

/// pg_dump's own formats, as each major writes them, beside the text that pg_restore makes of them.
#[test]
fn what_zlib_compressed_is_read_as_pg_restore_reads_it() {
    let (database, checkout) = pushed();
    let mut client = database.client();
    client.batch_execute(include_str!("kinds.sql")).unwrap();
    client
        .batch_execute(
            "SELECT lo_create(0), lo_from_bytea(0, ''), lo_from_bytea(0, decode(repeat('ab', 100000), 'hex'))",
        )
        .unwrap();
    let rows = client
        .query(
            "SELECT n.nspname::text, c.relname::text, coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum > 0), '{}')
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_|^information_schema$' GROUP BY 1, 2",
            &[],
        )
        .unwrap();
    let bytes = |name: String| name.into_bytes();
    let tables: Vec<dbtask_rows::Table> = rows
        .iter()
        .map(|row| dbtask_rows::Table {
            schema: bytes(row.get(0)),
            name: bytes(row.get(1)),
            columns: row.get::<_, Vec<String>>(2).into_iter().map(bytes).collect(),
        })
        .collect();
    let tools = dbtask::server::client_tools(database.server().installation.major).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(tools.bin.join(program)).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let (file, folder) = (checkout.root().join("file"), checkout.root().join("folder"));
    let dumps = [
        (&file, "--format=custom", "--jobs=1"),
        (&folder, "--format=directory", "--jobs=2"),
    ];
    for (path, format, jobs) in dumps {
        let shown = path.to_str().unwrap();
        run(
            "pg_dump",
            &[
                "--dbname",
                &database.url(),
                format,
                jobs,
                "--compress=1",
                "--file",
                shown,
            ],
        );
        let text = run("pg_restore", &["--section=data", "--file=-", shown]);
        let expected = dbtask_rows::digests(&mut text.as_slice(), &tables).unwrap();
        assert!(expected.iter().flatten().any(|digest| digest.rows() > 0), "{format}");
        let read = if path.is_dir() {
            dbtask_rows::digests_of_folder(path, &tables, 3).unwrap()
        } else {
            let whole = std::fs::read(path).unwrap();
            assert!(dbtask_rows::is_archive(&whole));
            Some(dbtask_rows::digests_of_archive(&mut whole.as_slice(), &tables).unwrap())
        };
        assert_eq!(read.unwrap(), expected, "{format}");
    }
    // a file that is damaged, one with more behind its end, and one that is missing, of which pg_restore speaks
    let mut data: Vec<std::path::PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".dat.gz") && !path.to_str().unwrap().contains("blob_"))
        .collect();
    data.sort();
    let whole = std::fs::read(&data[0]).unwrap();
    let fails = || {
        dbtask_rows::digests_of_folder(&folder, &tables, 2)
            .unwrap_err()
            .to_string()
    };
    std::fs::write(&data[0], &whole[..whole.len() - 1]).unwrap();
    assert!(fails().contains(data[0].to_str().unwrap()), "{}", fails());
    std::fs::write(&data[0], [whole.as_slice(), b"x"].concat()).unwrap();
    assert!(fails().contains("something stands behind its end"), "{}", fails());
    std::fs::remove_file(&data[0]).unwrap();
    assert_eq!(dbtask_rows::digests_of_folder(&folder, &tables, 2).unwrap(), None);
}

/// All of them take minutes; what is above has one of each.
#[test]
fn every_pair_of_the_catalog_matrix_comes_through() {
    if std::env::var_os("DBTASK_TEST_LONG").is_none() {
        println!("skipped: takes minutes, DBTASK_TEST_LONG=1 runs it");
        return;
    }
    for base in crate::facts::matrix::bases() {
        let (database, checkout) = pushed();
        let mut client = database.client();
        crate::facts::matrix::make_roles(&database);
        client
            .batch_execute(&base.sql)
            .unwrap_or_else(|e| panic!("{}: {e}", base.name));
        // one on top of the other, those that go together
        for pair in &base.changes {
            let _ = client.batch_execute(&pair.sql);
        }
        drop(client);
        let path = backup_with(&checkout, &["--verify"]);
        assert!(!manifest(&path)["proof"].is_null(), "{}", base.name);
        let _ = database.client().batch_execute(
            "DO $$ DECLARE s name; BEGIN FOR s IN SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database() \
             LOOP EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', s); EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s); EXECUTE format('DROP SUBSCRIPTION %I', s); END LOOP; END $$",
        );
    }
}

#[test]
fn what_is_encrypted_is_opened_with_the_secret_key_alone() {
    let Ok(keygen) = Command::new("age-keygen").output() else {
        println!("skipped: age is not installed");
        return;
    };
    let (database, checkout) = pushed();
    let key = String::from_utf8(keygen.stdout).unwrap();
    let recipient = key.split("# public key: ").nth(1).unwrap().lines().next().unwrap();
    checkout.write("key.txt", &key);
    checkout
        .run(&["db:backup", "--encrypt-to", "age1nonsense"])
        .exits(1)
        .says("age failed")
        .says("no backup was written");
    checkout
        .run(&["db:backup", "--encrypt-to", "shop"])
        .exits(2)
        .says("age-keygen");
    checkout
        .run(&["db:backup", "--encrypt-to", recipient, "--verify"])
        .exits(2)
        .says("--identity FILE");
    assert_eq!(entries(&checkout.root().join("backups")), Vec::<String>::new());

    let path = backup_with(
        &checkout,
        &["--encrypt-to", recipient, "--verify", "--identity", "key.txt"],
    );
    assert_eq!(entries(&path), ["data.dump.age", "manifest.json", "schema.json"]);
    let bytes = std::fs::read(path.join("data.dump.age")).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/"));
    assert_eq!(manifest(&path)["dump"]["encrypted"], json!(true));

    let empty = TestDatabase::new();
    let restore = |more: &[&str]| -> Run {
        let arguments: Vec<&str> = ["db:restore", path.to_str().unwrap()]
            .iter()
            .chain(more)
            .copied()
            .collect();
        finish(checkout.command(&arguments).env("DATABASE_URL", empty.url()))
    };
    restore(&[]).exits(2).says("is encrypted").says("--identity FILE");
    let other = Command::new("age-keygen").output().unwrap();
    checkout.write("other.txt", other.stdout);
    restore(&["--identity", "other.txt"])
        .exits(1)
        .says("is no whole backup");
    assert!(!empty.has("users"));
    restore(&["--identity", "key.txt"]).exits(0).says("at version 3");
    assert!(empty.has("orders") && database.has("orders"));
}
