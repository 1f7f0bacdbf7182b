//! `db:rehearse`: what is proven, what is measured, and where it begins.

mod bodies;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::support::{Checkout, Run, TestDatabase, shop};

/// The cases of a folder: name, what is there before, the file.
fn cases(folder: &str) -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let entries = std::fs::read_dir(root.join("tests/rehearse").join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let (before, file) = text.split_once("-- then\n").unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            (name.to_owned(), before.to_owned(), file.to_owned())
        })
        .collect()
}

/// A checkout whose database has what is there before all cases, and whose pending files are the cases.
fn checkout(database: &TestDatabase, cases: &[(String, String, String)]) -> Checkout {
    let checkout = Checkout::on(database);
    let before: Vec<&str> = cases.iter().map(|(_, before, _)| before.as_str()).collect();
    checkout.migration("V00001__before.sql", &format!("SELECT 1;\n{}", before.join("\n")));
    checkout.run(&["db:push"]).exits(0);
    for ((name, _, file), version) in cases.iter().zip(2..) {
        checkout.migration(&format!("V{version:05}__{}.sql", &name[3..]), file);
    }
    checkout
}

fn files(run: &Run) -> Vec<Value> {
    run.json()["files"].as_array().unwrap().clone()
}

#[test]
fn of_eighty_files_it_knows_which_can_run_twice() {
    let mut mistakes = Vec::new();
    for (folder, proven) in [("twice", true), ("once", false)] {
        let cases = cases(folder);
        assert!(cases.len() >= 40, "{folder}: {}", cases.len());
        let database = TestDatabase::new();
        let run = checkout(&database, &cases).run(&["db:rehearse", "--json"]);
        let run = run.exits(if proven { 0 } else { 4 });
        let files = files(&run);
        assert_eq!(files.len(), cases.len(), "{}", run.stdout);
        for (file, (name, ..)) in files.iter().zip(&cases) {
            if file["proven"] != proven || (!proven && file["reasons"].as_array().unwrap().is_empty()) {
                mistakes.push(format!("{folder}/{name}: {}", file["reasons"]));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

/// What a statement does to a table `t` with rows: locks, `W` for a rewrite and `S` for a scan, as measured by hand. What
/// stands before the `|` is there before.
const LOCKS: &[(&str, &str, &str)] = &[
    ("CREATE INDEX ON t (a)", "t SHARE", "S"),
    ("CREATE UNIQUE INDEX ON t (id)", "t SHARE", "S"),
    ("CREATE INDEX CONCURRENTLY i ON t (a)", "t SHARE UPDATE EXCLUSIVE", "S"),
    ("CREATE INDEX i ON t (a) | DROP INDEX i", "t ACCESS EXCLUSIVE", ""),
    (
        "CREATE INDEX i ON t (a) | DROP INDEX CONCURRENTLY i",
        "t SHARE UPDATE EXCLUSIVE",
        "",
    ),
    ("CREATE INDEX i ON t (a) | REINDEX TABLE t", "t SHARE", "S"),
    (
        "CREATE INDEX i ON t (a) | REINDEX TABLE CONCURRENTLY t",
        "t SHARE UPDATE EXCLUSIVE",
        "S",
    ),
    ("ALTER TABLE t ADD COLUMN c int", "t ACCESS EXCLUSIVE", ""),
    (
        "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 5",
        "t ACCESS EXCLUSIVE",
        "",
    ),
    (
        "ALTER TABLE t ADD COLUMN c timestamptz DEFAULT now()",
        "t ACCESS EXCLUSIVE",
        "",
    ),
    (
        "ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()",
        "t ACCESS EXCLUSIVE",
        "WS",
    ),
    ("ALTER TABLE t ADD COLUMN c bigserial", "t ACCESS EXCLUSIVE", "WS"),
    (
        "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY",
        "t ACCESS EXCLUSIVE",
        "WS",
    ),
    (
        "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) STORED",
        "t ACCESS EXCLUSIVE",
        "WS",
    ),
    (
        "ALTER TABLE t ADD COLUMN c int CHECK (c > 0)",
        "t ACCESS EXCLUSIVE",
        "S",
    ),
    ("ALTER TABLE t ADD COLUMN c int UNIQUE", "t ACCESS EXCLUSIVE", "S"),
    ("ALTER TABLE t ALTER a TYPE bigint", "t ACCESS EXCLUSIVE", "WS"),
    ("ALTER TABLE t ALTER v TYPE varchar(5)", "t ACCESS EXCLUSIVE", "WS"),
    ("ALTER TABLE t ALTER n TYPE numeric(12,3)", "t ACCESS EXCLUSIVE", "WS"),
    ("ALTER TABLE t ALTER v TYPE varchar(20)", "t ACCESS EXCLUSIVE", ""),
    ("ALTER TABLE t ALTER v TYPE text", "t ACCESS EXCLUSIVE", ""),
    ("ALTER TABLE t ALTER n TYPE numeric(12,2)", "t ACCESS EXCLUSIVE", ""),
    ("ALTER TABLE t ALTER a SET NOT NULL", "t ACCESS EXCLUSIVE", "S"),
    (
        "ALTER TABLE t ADD CHECK (a IS NOT NULL) | ALTER TABLE t ALTER a SET NOT NULL",
        "t ACCESS EXCLUSIVE",
        "",
    ),
    (
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r",
        "r SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
        "S",
    ),
    (
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r NOT VALID",
        "r SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
        "",
    ),
    ("ALTER TABLE t ADD CHECK (a > 0)", "t ACCESS EXCLUSIVE", "S"),
    ("ALTER TABLE t ADD CHECK (a > 0) NOT VALID", "t ACCESS EXCLUSIVE", ""),
    (
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID | ALTER TABLE t VALIDATE CONSTRAINT c",
        "t SHARE UPDATE EXCLUSIVE",
        "S",
    ),
    ("ALTER TABLE t ADD UNIQUE (id)", "t ACCESS EXCLUSIVE", "S"),
    (
        "CREATE UNIQUE INDEX i ON t (id) | ALTER TABLE t ADD UNIQUE USING INDEX i",
        "t ACCESS EXCLUSIVE",
        "",
    ),
    ("CREATE TABLE z (a int REFERENCES r)", "r SHARE ROW EXCLUSIVE", ""),
    ("ALTER TABLE t DROP COLUMN a", "t ACCESS EXCLUSIVE", ""),
    (
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) | ALTER TABLE t DROP CONSTRAINT c",
        "t ACCESS EXCLUSIVE",
        "",
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES r | ALTER TABLE t DROP CONSTRAINT c",
        "r ACCESS EXCLUSIVE, t ACCESS EXCLUSIVE",
        "",
    ),
    ("ALTER TABLE t RENAME TO renamed", "t ACCESS EXCLUSIVE", ""),
    ("ALTER TABLE t RENAME COLUMN a TO b", "t ACCESS EXCLUSIVE", ""),
    ("ALTER TABLE t ALTER a SET DEFAULT 3", "t ACCESS EXCLUSIVE", ""),
    ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "t ACCESS EXCLUSIVE", ""),
    (
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "t SHARE ROW EXCLUSIVE",
        "",
    ),
    ("TRUNCATE t", "t ACCESS EXCLUSIVE", "W"),
    (
        "CREATE INDEX i ON t (a) | CLUSTER t USING i",
        "t ACCESS EXCLUSIVE",
        "WS",
    ),
    ("VACUUM FULL t", "t ACCESS EXCLUSIVE", "WS"),
    ("VACUUM t", "t SHARE UPDATE EXCLUSIVE", ""),
    ("ANALYZE t", "t SHARE UPDATE EXCLUSIVE", ""),
    ("COMMENT ON TABLE t IS 'x'", "t SHARE UPDATE EXCLUSIVE", ""),
    (
        "ALTER TABLE t ALTER a SET STATISTICS 500",
        "t SHARE UPDATE EXCLUSIVE",
        "",
    ),
    (
        "CREATE TABLE q PARTITION OF p FOR VALUES FROM (100) TO (200)",
        "p ACCESS EXCLUSIVE",
        "",
    ),
    (
        "ALTER TABLE p DETACH PARTITION p1",
        "p ACCESS EXCLUSIVE, p1 ACCESS EXCLUSIVE",
        "",
    ),
    ("UPDATE t SET a = a", "t ROW EXCLUSIVE", "S"),
    ("DROP TABLE t", "t ACCESS EXCLUSIVE", ""),
];

/// Each row of the table in a schema of its own, so that one run measures them all.
#[test]
fn locks_rewrites_and_scans_are_those_that_were_measured_by_hand() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let mut before = String::new();
    for (i, (sql, ..)) in LOCKS.iter().enumerate() {
        let (setup, statement) = sql.split_once(" | ").unwrap_or(("", sql));
        let _ = writeln!(before, "CREATE SCHEMA s{i}; SET search_path = s{i};");
        // only what is needed: to read the schema takes its time
        for (mark, table) in [
            (
                " t",
                "CREATE TABLE t (id int, a int, v varchar(10), n numeric(10,2)); INSERT INTO t SELECT g, g, 'x', g FROM generate_series(1, 9) g;",
            ),
            (
                "REFERENCES r",
                "CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 9);",
            ),
            (
                " p ",
                "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);",
            ),
        ] {
            if sql.contains(mark) {
                let _ = writeln!(before, "{table}");
            }
        }
        let _ = writeln!(before, "{setup};");
        // a file of one statement: the search_path is the database's own, and each statement names its schema
        let alone = ["CONCURRENTLY", "VACUUM"].iter().any(|word| statement.contains(word));
        let directive = if alone { "-- dbtask:no-transaction\n" } else { "" };
        checkout.migration(
            &format!("V{:05}__case_{i}.sql", i + 2),
            &format!("{directive}SET search_path = s{i};\n{statement};\n"),
        );
    }
    checkout.migration("V00001__before.sql", &before);
    checkout.run(&["db:push", "--to", "1"]).exits(0);
    let run = checkout.run(&["db:rehearse", "--json"]);
    let files = files(&run);
    assert_eq!(files.len(), LOCKS.len(), "{}", run.text());
    let mut mistakes = Vec::new();
    for (i, ((sql, locks, effects), file)) in LOCKS.iter().zip(&files).enumerate() {
        let step = &file["statements"][1];
        let names = |of: &Value, key: &str| -> Vec<String> {
            let name = |value: &Value| {
                let name = if key.is_empty() { value } else { &value[key] };
                name.as_str().unwrap().trim_start_matches(&format!("s{i}.")).to_owned()
            };
            of.as_array()
                .map(|list| list.iter().map(name).collect())
                .unwrap_or_default()
        };
        let mut found: Vec<String> = names(&step["locks"], "relation")
            .iter()
            .zip(names(&step["locks"], "mode"))
            .map(|(relation, mode)| format!("{relation} {mode}"))
            .filter(|lock| !lock.ends_with("ACCESS SHARE"))
            .collect();
        found.sort();
        let rewrite = if names(&step["rewrites"], "").is_empty() {
            ""
        } else {
            "W"
        };
        let scan = if names(&step["scans"], "table").is_empty() {
            ""
        } else {
            "S"
        };
        let found = (found.join(", "), format!("{rewrite}{scan}"));
        // PostgreSQL 14 writes down in its own time what statements outside of a transaction of ours scanned
        let is_unknown = database.server().installation.major < 15 && step["scans"].is_null();
        let effects = if is_unknown {
            effects.trim_end_matches('S')
        } else {
            *effects
        };
        if found != ((*locks).to_owned(), effects.to_owned()) {
            mistakes.push(format!(
                "{sql}: expected {locks} {effects}, found {} {}",
                found.0, found.1
            ));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

/// The shop, applied.
fn applied() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

#[test]
fn nothing_of_it_reaches_the_target() {
    let (database, checkout) = applied();
    checkout.run(&["db:rehearse"]).exits(0).says("nothing is pending");
    checkout.migration(
        "V00004__more.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS nick text;\nDELETE FROM orders;\nCREATE TABLE IF NOT EXISTS more ();\n",
    );
    let run = checkout.run(&["db:rehearse"]).exits(0);
    let run = run
        .says("1 file proven for database")
        .says("begun with the files that it has");
    let line = |words: &str| run.stdout.lines().find(|line| line.contains(words)).unwrap().to_owned();
    assert!(
        line("ADD COLUMN").contains("ACCESS EXCLUSIVE on users"),
        "{}",
        run.stdout
    );
    assert!(line("DELETE").contains("ROW EXCLUSIVE on orders"), "{}", run.stdout);
    assert!(line("CREATE TABLE").contains("held: "), "{}", run.stdout);
    assert!(
        !run.stdout.contains('\u{1b}'),
        "colour without a terminal: {}",
        run.stdout
    );
    let on_terminal = checkout.run_on_terminal(&["db:rehearse"], "").exits(0);
    assert!(
        on_terminal.stdout.contains("\u{1b}[31mACCESS EXCLUSIVE on users"),
        "{}",
        on_terminal.stdout
    );
    assert!(!database.has("more"));
    let orders: i64 = database
        .client()
        .query_one("SELECT count(*) FROM orders", &[])
        .unwrap()
        .get(0);
    assert_eq!(orders, 1);
    checkout.run(&["db:status"]).exits(0).says("1 file pending");
}

#[test]
fn a_file_that_fails_is_not_proven_and_says_where() {
    let (database, checkout) = applied();
    database
        .client()
        .batch_execute(&format!(
            "ALTER DATABASE {} SET check_function_bodies = off",
            database.name()
        ))
        .unwrap();
    checkout.migration(
        "V00004__body.sql",
        "SELECT 1;\nCREATE OR REPLACE FUNCTION broken() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETRUN 1; END $$;\n",
    );
    checkout.migration("V00005__behind.sql", "SELECT 1;\n");
    let run = checkout.run(&["db:rehearse", "--json"]).exits(4);
    let files = files(&run);
    assert_eq!(files.len(), 1, "what comes behind it is not tried: {}", run.stdout);
    let reason = files[0]["reasons"][0].as_str().unwrap();
    assert!(
        reason.starts_with("it cannot be applied: [42601]") && reason.ends_with("(line 2)"),
        "{reason}"
    );
    checkout.migration("V00004__body.sql", "COMMIT;\n");
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("no run would apply it")
        .says("1 of 1 file not proven; nothing was changed in");
}

#[test]
fn files_are_named_by_path_name_or_version() {
    let (_database, checkout) = applied();
    checkout.migration("V00004__four.sql", "CREATE TABLE IF NOT EXISTS four ();\n");
    checkout.migration("V00005__five.sql", "CREATE TABLE IF NOT EXISTS five ();\n");
    for (named, path) in [
        ("5", "migrations/V00005__five.sql"),
        ("V00005__five.sql", "migrations/V00005__five.sql"),
        ("migrations/V00004__four.sql", "migrations/V00004__four.sql"),
        // one that the target has is rehearsed on what was there before it
        ("2", "migrations/V00002__create_orders.sql"),
    ] {
        let run = checkout.run(&["db:rehearse", named, "--json"]).exits(0);
        let files = files(&run);
        assert_eq!(
            (files.len(), files[0]["file"].as_str()),
            (1, Some(path)),
            "{}",
            run.stdout
        );
    }
    let run = checkout.run(&["db:rehearse", "2", "--json"]).exits(0);
    let locks = files(&run)[0]["statements"][0]["locks"].to_string();
    assert!(
        locks.contains("SHARE ROW EXCLUSIVE") && locks.contains("public.users"),
        "{locks}"
    );
    checkout
        .run(&["db:rehearse", "17"])
        .exits(2)
        .says("no migration is called `17`");
}

#[test]
fn repeatable_files_come_behind_the_numbered_ones_and_current_ones_are_there_before() {
    let (_database, checkout) = applied();
    checkout.migration(
        "R__emails.sql",
        "CREATE OR REPLACE VIEW emails AS SELECT email FROM users;\n",
    );
    let run = checkout.run(&["db:rehearse", "--json"]).exits(0);
    assert_eq!(files(&run)[0]["file"], "migrations/R__emails.sql", "{}", run.stdout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__shorter.sql",
        "ALTER TABLE users ALTER email TYPE varchar(99);\n",
    );
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("cannot alter type of a column used by a view");
}

#[test]
fn a_repeatable_file_is_rehearsed_by_its_name() {
    let (database, checkout) = applied();
    checkout.migration(
        "V00004__phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n",
    );
    checkout.migration("R__once.sql", "CREATE VIEW once AS SELECT id FROM users;\n");
    checkout.migration(
        "R__emails.sql",
        "CREATE OR REPLACE VIEW emails AS SELECT email FROM users;\nCOMMENT ON TABLE users IS 'x';\n",
    );
    let proven = |names: &[&str]| -> Vec<Value> {
        let run = checkout.run(&[&["db:rehearse", "--json"], names].concat()).exits(0);
        files(&run)
    };
    let path = "migrations/R__emails.sql";
    for name in ["R__emails.sql", path] {
        let files = proven(&[name]);
        assert_eq!((files.len(), &files[0]["file"]), (1, &path.into()), "{files:?}");
        let comment = &files[0]["statements"][1];
        assert_eq!(comment["locks"][0]["mode"], "SHARE UPDATE EXCLUSIVE", "{files:?}");
    }
    let both = proven(&["R__emails.sql", "4", path]);
    let paths: Vec<&Value> = both.iter().map(|file| &file["file"]).collect();
    assert_eq!(paths, ["migrations/V00004__phone.sql", path]);
    checkout
        .run(&["db:rehearse", "R__once.sql"])
        .exits(4)
        .says("relation \"once\" already exists");
    assert!(!database.has("emails"));
    checkout.migration("R__once.sql", "CREATE OR REPLACE VIEW once AS SELECT id FROM users;\n");
    checkout.run(&["db:push"]).exits(0);
    checkout
        .run(&["db:rehearse", path])
        .exits(3)
        .says("`migrations/R__emails.sql` was carried out as it is, on 20")
        .says("nothing was changed")
        .says("it runs again when its text changes");
    checkout
        .run(&["db:rehearse", "R__none.sql"])
        .exits(2)
        .says("no migration is called `R__none.sql`");
}

#[test]
fn a_repeatable_file_that_builds_on_an_edited_one_finds_it_there_before() {
    let (_database, checkout) = applied();
    let ids = |sql: &str| checkout.migration("R__ids.sql", sql);
    ids("CREATE OR REPLACE VIEW ids AS SELECT id FROM users;\n");
    checkout.migration(
        "R__numbers.sql",
        "CREATE OR REPLACE VIEW numbers AS SELECT count(id) AS n FROM ids;\n",
    );
    checkout.run(&["db:push"]).exits(0);
    checkout.commit_migrations();
    ids("CREATE OR REPLACE VIEW ids AS SELECT id, email FROM users;\n");
    checkout
        .run(&["db:rehearse"])
        .exits(0)
        .says("1 file proven")
        .hides("note:");
    // what hangs on it is there
    ids("DROP VIEW IF EXISTS ids;\nCREATE VIEW ids AS SELECT id, email FROM users;\n");
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("cannot drop view ids because other objects depend on it");
    // it needs what is pending, which comes first
    checkout.migration(
        "V00004__phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n",
    );
    ids("CREATE OR REPLACE VIEW ids AS SELECT id, phone FROM users;\n");
    checkout
        .run(&["db:rehearse"])
        .exits(0)
        .says("2 files proven")
        .hides("note:");
    // where nobody knows what it said, what cannot be made is left out
    std::fs::remove_dir_all(checkout.root().join(".git")).unwrap();
    checkout
        .run(&["db:rehearse"])
        .exits(0)
        .says("`migrations/R__ids.sql` was edited after it was carried out; what it made is left out")
        .says("`migrations/R__numbers.sql` is left out, since `migrations/R__ids.sql` is, too");
    ids("CREATE OR REPLACE VIEW ids AS SELECT id, email FROM users;\n");
    checkout
        .run(&["db:rehearse"])
        .exits(0)
        .says("the rehearsal begins with what it says now");
    checkout
        .run(&["db:rehearse", "--schema-of-target"])
        .exits(0)
        .hides("note:");
    // one that fails by itself is an error
    ids("CREATE OR REPLACE VIEW ids AS SELECT id FROM users;\n");
    checkout.migration("V00002__create_orders.sql", "CREATE TABLE IF NOT EXISTS orders ();\n");
    checkout
        .run(&["db:rehearse"])
        .exits(1)
        .says("was edited after it was applied");
}

#[test]
fn a_check_that_passes_before_a_file_and_not_after_it_makes_it_not_proven() {
    let (_database, checkout) = applied();
    let check = |name: &str, sql: &str| checkout.write(&format!("migrations/checks/{name}.sql"), sql);
    check("orders_exist", "SELECT count(*) > 0 FROM orders;\n");
    check("emails_are_there", "SELECT id FROM users WHERE email IS NULL;\n");
    check("fails_from_the_start", "SELECT false;\n");
    check("of_the_future", "SELECT id FROM users WHERE nick IS NULL AND false;\n");
    checkout.migration(
        "V00004__nick.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS nick text;\n",
    );
    checkout.run(&["db:rehearse"]).exits(0).says("1 file proven");
    checkout.migration("V00005__empty.sql", "DELETE FROM orders;\n");
    checkout.migration(
        "V00006__no_email.sql",
        "ALTER TABLE users DROP COLUMN IF EXISTS email;\n",
    );
    let run = checkout.run(&["db:rehearse", "--json"]).exits(4);
    let reasons: Vec<Value> = files(&run).iter().map(|file| file["reasons"].clone()).collect();
    let orders = "the check `orders_exist` (migrations/checks/orders_exist.sql:1) passes before it and fails after it: {\"?column?\":false}";
    assert_eq!(
        (&reasons[0], &reasons[1]),
        (&serde_json::json!([]), &serde_json::json!([orders]))
    );
    let emails = reasons[2].to_string();
    assert!(
        emails.contains("`emails_are_there`") && emails.contains("cannot be carried out after it"),
        "{emails}"
    );
    assert_eq!(reasons[2].as_array().unwrap().len(), 1, "{emails}");
}

#[test]
fn empty_tables_get_made_up_rows_for_a_try() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration(
        "V00001__accounts.sql",
        "CREATE TABLE owner (id int PRIMARY KEY);\n\
         CREATE TABLE account (id bigint PRIMARY KEY, owner int NOT NULL REFERENCES owner, balance numeric(10,2) NOT NULL CHECK (balance > 0),\n\
           state text NOT NULL CHECK (state IN ('open', 'closed')), code varchar(3) UNIQUE, slug text, at timestamptz DEFAULT now());\n",
    );
    checkout.run(&["db:push"]).exits(0);
    checkout.migration("V00002__interest.sql", "UPDATE account SET balance = balance * 1.01;\n");
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("a second run changes rows (of some that were made up, since none are here): public.account");
    checkout.migration(
        "V00002__interest.sql",
        "UPDATE account SET slug = lower(code) WHERE slug IS NULL;\n",
    );
    checkout
        .run(&["db:rehearse"])
        .exits(0)
        .says("no row of public.account is here")
        .says("was tried on made-up rows alone; `--from-backup FILE` begins with rows");
}

#[test]
fn it_begins_with_a_backup_or_with_the_schema_as_it_is() {
    let (database, checkout) = applied();
    database
        .client()
        .batch_execute(
            "ALTER TABLE users ADD COLUMN by_hand int; INSERT INTO users SELECT g, 'x' FROM generate_series(2, 50) g",
        )
        .unwrap();
    let json = checkout.run(&["db:backup", "--json"]).exits(0).json();
    let backup = json["file"].as_str().unwrap();
    checkout.migration(
        "V00004__by_hand.sql",
        "UPDATE users SET by_hand = coalesce(by_hand, 0) + 1;\n",
    );
    checkout
        .run(&["db:rehearse"])
        .exits(4)
        .says("column \"by_hand\" does not exist");
    let run = checkout
        .run(&["db:rehearse", "--json", "--from-backup", backup])
        .exits(4);
    assert_eq!(files(&run)[0]["statements"][0]["rows"], 50, "{}", run.stdout);
    let run = run.says("public.users has as many as before (50), and others");
    assert!(
        run.json()["from"].as_str().unwrap().contains("begun with the backup "),
        "{}",
        run.stdout
    );
    checkout.migration(
        "V00004__by_hand.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS by_hand int;\n",
    );
    checkout
        .run(&["db:rehearse", "--schema-of-target"])
        .exits(0)
        .says("begun with its schema");
}

#[test]
fn a_page_that_cannot_be_written_is_said_before_anything_is_done() {
    let (_database, checkout) = applied();
    checkout.migration("V00004__next.sql", "CREATE TABLE IF NOT EXISTS next ();\n");
    for (path, why) in [
        ("nowhere/page.html", "there is no folder `nowhere`"),
        ("migrations", "that is a folder"),
    ] {
        checkout
            .run(&["db:rehearse", "--html", path])
            .exits(2)
            .says(&format!("`{path}` cannot be written"))
            .says(why)
            .hides("dbtask_shadow");
    }
}

/// Where the browser is installed; a test that needs it says so and does nothing where it is not.
fn browser() -> Option<&'static Path> {
    let known = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    known.into_iter().map(Path::new).find(|path| path.exists())
}

/// What is asked of the page in the browser: its bars, whether they can be seen, whether it reaches out, whether it fits.
const PROBE: &str = "<script>
const bars = [...document.querySelectorAll('.bar')].map(bar => {
  const rect = bar.querySelector('rect'), box = rect.getBoundingClientRect();
  return [bar.querySelector('title').textContent, getComputedStyle(rect).fill, Math.round(box.width), Math.round(box.height)];
});
const report = {
  bars, title: document.title, scripts: document.scripts.length, resources: performance.getEntriesByType('resource').length,
  fits: document.documentElement.scrollWidth <= innerWidth, rows: document.querySelectorAll('tbody tr').length,
};
document.documentElement.innerHTML = '<pre>' + encodeURIComponent(JSON.stringify(report)) + '</pre>';
</script>";

#[test]
fn the_page_shows_the_locks_statement_by_statement() {
    let (_database, checkout) = applied();
    checkout.migration(
        "V00004__page.sql",
        "COMMENT ON TABLE orders IS '</td><script>alert(1)</script>';\n\
         ALTER TABLE users ADD COLUMN IF NOT EXISTS nick text;\nUPDATE orders SET user_id = 1 WHERE user_id IS NULL;\n\
         ALTER TABLE orders ALTER user_id SET DEFAULT 1;\n",
    );
    checkout
        .run(&["db:rehearse", "--html", "page.html"])
        .exits(0)
        .says("page.html");
    let page = std::fs::read_to_string(checkout.root().join("page.html")).unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium is installed");
        return;
    };
    checkout.write("probed.html", page.replace("</body>", &format!("{PROBE}</body>")));
    let profile = checkout.root().join("profile");
    let output = std::process::Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1000,800",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}/probed.html", checkout.root().display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let report = dom.split("<pre>").nth(1).and_then(|rest| rest.split("</pre>").next());
    let report = report.unwrap_or_else(|| panic!("{dom}\n{}", String::from_utf8_lossy(&output.stderr)));
    let report: Value = serde_json::from_str(&decoded(report)).unwrap();
    assert_eq!(report["title"], "Rehearsal");
    assert_eq!(
        (&report["scripts"], &report["resources"], &report["rows"]),
        (&1.into(), &0.into(), &4.into()),
        "{report}"
    );
    assert_eq!(report["fits"], true, "{report}");
    let bars: Vec<String> = report["bars"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bar| {
            format!(
                "{} {} {}",
                bar[0].as_str().unwrap().split(": ").next().unwrap(),
                bar[1].as_str().unwrap(),
                bar[2]
            )
        })
        .collect();
    assert_eq!(
        bars,
        [
            "SHARE UPDATE EXCLUSIVE on public.orders, statements 1 to 3 rgb(116, 196, 118) 336",
            "ACCESS EXCLUSIVE on public.orders, statement 4 rgb(139, 10, 36) 112",
            "ACCESS EXCLUSIVE on public.users, statements 2 to 4 rgb(139, 10, 36) 336",
        ],
        "{report}"
    );
}

/// Decodes what `encodeURIComponent` made.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
