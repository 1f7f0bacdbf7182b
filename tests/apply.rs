//! `db:apply`: the next files, and these alone, held against the policy, behind a proven backup and a rehearsal, checked before
//! their commit, recorded. `db:log` shows it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::backup::entries;
use crate::support::{Checkout, Run, TestDatabase, finish, shop};

const NEXT: &str = "migrations/V00004__add_phone.sql";

/// A production database with the shop's files and rows, and one more file, all of them committed.
pub fn production() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n",
    );
    checkout.commit_migrations();
    checkout.run(&["db:mark", "production"]).exits(0);
    (database, checkout)
}

pub fn commit(checkout: &Checkout) {
    checkout.git(&["add", "migrations"]);
    checkout.git(&["commit", "--quiet", "--message", "more"]);
}

pub fn apply(checkout: &Checkout, database: &TestDatabase, more: &[&str]) -> Run {
    let mut all = vec!["db:apply", "--yes", database.name()];
    all.extend(more);
    checkout.run(&all)
}

/// The versions in the history.
pub fn versions(database: &TestDatabase) -> Vec<i32> {
    let sql = "SELECT version FROM refinery_schema_history ORDER BY version";
    let rows = database.client().query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

pub fn has_column(database: &TestDatabase, column: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = $1)";
    database.client().query_one(sql, &[&column]).unwrap().get(0)
}

pub fn records(database: &TestDatabase) -> Vec<(Option<i32>, Value)> {
    let mut client = database.client();
    if !database.has("dbtask_journal") {
        return Vec::new();
    }
    let sql = "SELECT version, details::text FROM dbtask_journal WHERE event = 'apply' ORDER BY id";
    let rows = client.query(sql, &[]).unwrap();
    rows.iter()
        .map(|row| (row.get(0), serde_json::from_str(row.get(1)).unwrap()))
        .collect()
}

pub fn is_untouched(database: &TestDatabase) {
    assert_eq!(versions(database), [1, 2, 3]);
    assert!(!has_column(database, "phone"));
    assert_eq!(records(database), []);
}

fn head(checkout: &Checkout) -> String {
    let mut git = std::process::Command::new("git");
    let run = finish(git.args(["rev-parse", "HEAD"]).current_dir(checkout.root())).exits(0);
    run.stdout.trim().to_owned()
}

#[test]
fn a_file_is_applied_to_production_behind_a_proven_backup_and_recorded() {
    let (database, checkout) = production();
    checkout.run(&["db:push"]).exits(3).says("db:apply FILE");
    let plan = checkout.run(&["db:plan", NEXT, "--json"]).exits(0).json();
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    checkout.migration("V00005__later.sql", "CREATE TABLE IF NOT EXISTS later ();\n");
    commit(&checkout);
    let run = apply(&checkout, &database, &[NEXT, "--plan", fingerprint, "--json"])
        .exits(0)
        .says("one transaction, checked before its commit")
        .says("marked production");
    let json = run.json();
    assert_eq!(json["applied"][0]["file"], NEXT);
    assert_eq!(json["checks_passed"], 5);
    assert_eq!(json["commit"], head(&checkout));
    // that file, and not the one behind it
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert!(has_column(&database, "phone") && !database.has("later"));
    let backups = checkout.run(&["db:backup", "--list", "--json"]).exits(0).json();
    assert_eq!(backups["backups"].as_array().unwrap().len(), 1);
    assert_eq!(backups["backups"][0]["file"], json["backup"]);
    assert!(backups["backups"][0]["proven_at"].is_string());
    assert_eq!(backups["backups"][0]["version"], 3);
    let (version, details) = records(&database).remove(0);
    assert_eq!(version, Some(4));
    assert_eq!(details["role"], "postgres");
    assert_eq!(details["client"], "127.0.0.1");
    assert_eq!(details["commit"], head(&checkout));
    assert_eq!(details["backup"], json["backup"]);
    assert_eq!(details["plan"], fingerprint);
    assert!(details["host"].is_string() && details["seconds"].as_f64().unwrap() > 0.0);
    // the next one finds the backup young enough
    apply(&checkout, &database, &["5"])
        .exits(0)
        .says("proven, is young enough");
    assert_eq!(entries(&checkout.root().join("backups")).len(), 1);
    apply(&checkout, &database, &["5"])
        .exits(3)
        .says("is applied already, on 20");
    let log = checkout.run(&["db:log", "--json"]).exits(0).json();
    let words: Vec<(&str, i64)> = log["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["event"].as_str().unwrap(), line["version"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        words,
        [
            ("history", 1),
            ("history", 2),
            ("history", 3),
            ("apply", 4),
            ("apply", 5)
        ]
    );
    assert_eq!(log["log"][3]["details"]["plan"], fingerprint);
    checkout
        .run(&["db:log"])
        .exits(0)
        .says("history     V00001 create_users: no record of who")
        .says("apply       V00004 add_phone\n    role postgres")
        .says(&format!("commit {}", &head(&checkout)[..10]));
    // with a younger one wanted it takes another
    checkout.migration("V00006__last.sql", "CREATE TABLE IF NOT EXISTS last ();\n");
    commit(&checkout);
    apply(&checkout, &database, &["6", "--backup-max-age", "1ms"]).exits(0);
    assert_eq!(entries(&checkout.root().join("backups")).len(), 2);
    checkout.run(&["db:push"]).exits(3);
}

#[test]
fn what_is_not_next_edited_or_unknown_is_refused() {
    let (database, checkout) = production();
    checkout.migration("V00005__later.sql", "CREATE TABLE IF NOT EXISTS later ();\n");
    commit(&checkout);
    apply(&checkout, &database, &["5"])
        .exits(3)
        .says("what is named is not next: migrations/V00004__add_phone.sql goes before it");
    apply(&checkout, &database, &["V00003__seed.sql"])
        .exits(3)
        .says("is applied already");
    apply(&checkout, &database, &["17"])
        .exits(2)
        .says("no migration is called `17`");
    checkout.migration("V00003__seed.sql", "SELECT 1;\n");
    apply(&checkout, &database, &["4"])
        .exits(1)
        .says("was edited after it was applied");
    is_untouched(&database);
    assert!(!checkout.root().join("backups").exists());
}

#[test]
fn on_production_a_file_is_committed_and_nothing_lies_beside_it() {
    let (database, checkout) = production();
    let dirty = |what: &str| {
        apply(&checkout, &database, &["4"]).exits(3).says(what);
        is_untouched(&database);
    };
    checkout.write("migrations/checks/new.sql", "SELECT true\n");
    dirty("the migrations folder is not as it was committed");
    commit(&checkout);
    checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone int;\n",
    );
    dirty("migrations/V00004__add_phone.sql");
    // neither does it help to have git look away
    checkout.git(&["update-index", "--assume-unchanged", NEXT]);
    dirty("is not as commit");
    checkout.git(&["update-index", "--no-assume-unchanged", NEXT]);
    checkout.git(&["rm", "--quiet", "--cached", NEXT]);
    checkout.git(&["commit", "--quiet", "--message", "forgotten"]);
    checkout.write(".git/info/exclude", "V00004*\n");
    dirty("is not as commit");
    std::fs::remove_dir_all(checkout.root().join(".git")).unwrap();
    dirty("in no git repository");
    // elsewhere git is not needed
    checkout.run(&["db:mark", "staging", "--yes", database.name()]).exits(0);
    apply(&checkout, &database, &["4"]).exits(0).says("marked staging");
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert_eq!(records(&database)[0].1.get("commit"), None);
}

#[test]
fn another_schema_than_planned_a_wrong_name_and_nobody_there_are_refused() {
    let (database, checkout) = production();
    let plan = checkout.run(&["db:plan", NEXT, "--json"]).exits(0).json();
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    apply(&checkout, &database, &["4", "--plan", "0123"])
        .exits(3)
        .says("the schema is not the one that was planned for")
        .says(fingerprint);
    database
        .client()
        .batch_execute("CREATE TABLE by_hand (id bigint)")
        .unwrap();
    apply(&checkout, &database, &["4", "--plan", fingerprint])
        .exits(3)
        .says("db:plan FILE");
    checkout
        .run(&["db:apply", "4", "--yes", "shop"])
        .exits(3)
        .says("`--yes` names `shop`");
    checkout
        .run(&["db:apply", "4"])
        .exits(3)
        .says("nobody is there to confirm")
        .says(&format!("cargo xtask db:apply 4 --yes {}", database.name()));
    // whose answer is known before the question is spared the work
    assert!(!checkout.root().join("backups").exists());
    // on a terminal the question comes when everything is ready
    checkout
        .run_on_terminal(&["db:apply", "4"], "yes\n")
        .exits(3)
        .says("begins with the schema as it is")
        .says("you typed `yes`");
    assert_eq!(entries(&checkout.root().join("backups")).len(), 1);
    is_untouched(&database);
    let name = format!("{}\n", database.name());
    checkout.run_on_terminal(&["db:apply", "4"], &name).exits(0);
    assert_eq!(versions(&database), [1, 2, 3, 4]);
}

#[test]
fn what_the_rehearsal_does_not_prove_is_refused() {
    let (database, checkout) = production();
    checkout.migration(
        "V00004__add_phone.sql",
        "-- dbtask:allow(not-idempotent): nobody runs it twice\nALTER TABLE users ADD COLUMN phone text;\n",
    );
    commit(&checkout);
    apply(&checkout, &database, &["4"])
        .exits(3)
        .says("the rehearsal does not prove 1 of 1 file")
        .says("a second run fails");
    is_untouched(&database);
}

#[test]
fn what_the_policy_is_against_is_refused_before_the_backup() {
    let (database, checkout) = production();
    let file = |sql: &str| {
        checkout.migration("V00004__add_phone.sql", sql);
        commit(&checkout);
    };
    file("ALTER TABLE users ADD COLUMN phone text;\n");
    let run = apply(&checkout, &database, &["4"])
        .exits(3)
        .says("error[not-idempotent]")
        .says("migrations/V00004__add_phone.sql:1:1")
        .says("the SQL policy is against it: 1 error")
        .says("`-- dbtask:allow(not-idempotent): reason`");
    assert_eq!(run.stdout, "");
    is_untouched(&database);
    assert!(!checkout.root().join("backups").exists());
    // what it has against other files is not this one's
    checkout.migration("V00005__later.sql", "CREATE TABLE later (id bigint);\n");
    // a warning is shown, and no more
    file("ALTER TABLE users ADD COLUMN IF NOT EXISTS extra json;\n");
    apply(&checkout, &database, &["4"])
        .exits(0)
        .says("warning[json-not-jsonb]")
        .hides("V00005");
    // and the policy is the folder's own
    checkout.write("migrations/policy.toml", "[levels]\nnot-idempotent = \"warning\"\n");
    commit(&checkout);
    apply(&checkout, &database, &["5"])
        .exits(3)
        .says("warning[not-idempotent]")
        .says("the rehearsal does not prove");
}

#[test]
fn what_was_proven_is_not_rehearsed_again_until_its_text_or_the_schema_changes() {
    let (database, checkout) = production();
    let again = "by an earlier run: neither text nor schema changed since";
    let file = |column: &str| {
        let sql = format!(
            "ALTER TABLE users ADD COLUMN IF NOT EXISTS {column} text;\nUPDATE users SET {column} = '?' WHERE {column} IS NULL;\n"
        );
        checkout.migration("V00004__add_phone.sql", &sql);
    };
    // it fails behind the rehearsal, over and over
    checkout.write(
        "migrations/checks/never.sql",
        "SELECT 1 FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname IN ('phone', 'mobile')\n",
    );
    file("phone");
    commit(&checkout);
    let run = |is_rehearsed: bool| {
        let run = apply(&checkout, &database, &["4"]).exits(1).says("was not committed");
        assert_eq!(run.text().contains(again), !is_rehearsed, "{}", run.text());
    };
    run(true);
    run(false);
    file("mobile");
    commit(&checkout);
    run(true);
    file("phone");
    commit(&checkout);
    run(false);
    // another schema
    database
        .client()
        .batch_execute("CREATE TABLE by_hand (id bigint)")
        .unwrap();
    run(true);
    run(false);
    // another text of a file that is applied would be refused, and another name is another file
    is_untouched(&database);
    // db:rehearse proves as much, of what the files make
    database.client().batch_execute("DROP TABLE by_hand").unwrap();
    std::fs::remove_dir_all(checkout.root().join(".dbtask")).unwrap();
    checkout.write("migrations/checks/never.sql", "SELECT true\n");
    commit(&checkout);
    checkout.run(&["db:rehearse", "4"]).exits(0);
    checkout.write(
        "migrations/checks/never.sql",
        "SELECT 1 FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname IN ('phone', 'mobile')\n",
    );
    commit(&checkout);
    run(false);
    // another database
    let other = TestDatabase::new();
    checkout.write(".env", format!("DATABASE_URL={}\n", other.url()));
    apply(&checkout, &other, &["1", "2", "3"]).exits(0).hides(again);
    apply(&checkout, &other, &["4"]).exits(1).hides(again);
    // another checkout knows nothing
    std::fs::remove_dir_all(checkout.root().join(".dbtask")).unwrap();
    apply(&checkout, &other, &["4"]).exits(1).hides(again);
}

#[test]
fn a_repeatable_file_takes_the_same_steps() {
    let (database, checkout) = production();
    let view = |sql: &str| {
        checkout.migration("R__emails.sql", sql);
    };
    let of_view = |database: &TestDatabase| -> Vec<String> {
        let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('emails') AND attnum > 0 ORDER BY attnum";
        let rows = database.client().query(sql, &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let noted = |event: &str| -> i64 {
        let sql = "SELECT count(*) FROM dbtask_journal WHERE event = $1 AND version IS NULL AND details->>'name' = 'R__emails.sql' AND checksum IS NOT NULL";
        database.client().query_one(sql, &[&event]).unwrap().get(0)
    };
    view("CREATE OR REPLACE VIEW emails AS SELECT id, email FROM users;\n");
    apply(&checkout, &database, &["R__emails.sql"])
        .exits(3)
        .says("what is named is not next: migrations/V00004__add_phone.sql goes before it");
    apply(&checkout, &database, &["migrations/R__emails.sql", "4"])
        .exits(3)
        .says("is not as it was committed")
        .says("R__emails.sql");
    is_untouched(&database);
    commit(&checkout);
    let run = apply(&checkout, &database, &["migrations/R__emails.sql", "4", "--json"])
        .exits(0)
        .says("migrations/R__emails.sql  one transaction, checked before its commit");
    let json = run.json();
    assert_eq!(json["applied"][0]["file"], NEXT);
    assert_eq!(json["applied"][1]["file"], "migrations/R__emails.sql");
    assert_eq!(of_view(&database), ["id", "email"]);
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert_eq!((noted("repeatable"), noted("apply")), (1, 1));
    checkout
        .run(&["db:status", "--check"])
        .exits(0)
        .says("current  migrations/R__emails.sql");
    apply(&checkout, &database, &["R__emails.sql"])
        .exits(3)
        .says("`migrations/R__emails.sql` was carried out as it is, on 20");
    // another text, and a check that it breaks
    view("DROP VIEW IF EXISTS emails;\nCREATE OR REPLACE VIEW emails AS SELECT email FROM users;\n");
    checkout.write("migrations/checks/ids.sql", "SELECT id IS NOT NULL FROM emails\n");
    commit(&checkout);
    checkout.run(&["db:push"]).exits(3);
    checkout
        .run(&["db:status", "--check"])
        .exits(4)
        .says("changed  migrations/R__emails.sql");
    apply(&checkout, &database, &["R__emails.sql"])
        .exits(1)
        .says("`migrations/R__emails.sql` was not committed: 1 check failed that did not before")
        .says("column \"id\" does not exist")
        .says("was rolled back whole");
    assert_eq!(of_view(&database), ["id", "email"]);
    assert_eq!((noted("repeatable"), noted("apply")), (1, 1));
    // what the rehearsal does not prove
    view("-- dbtask:allow(not-idempotent): the rehearsal is to find it\nCREATE VIEW emails AS SELECT id FROM users;\n");
    commit(&checkout);
    apply(&checkout, &database, &["R__emails.sql"])
        .exits(3)
        .says("the rehearsal does not prove 1 of 1 file");
    view("CREATE OR REPLACE VIEW emails AS SELECT id, email, phone FROM users;\n");
    commit(&checkout);
    apply(&checkout, &database, &["R__emails.sql"]).exits(0);
    assert_eq!(of_view(&database), ["id", "email", "phone"]);
    assert_eq!((noted("repeatable"), noted("apply")), (2, 2));
    assert_eq!(records(&database).len(), 3);
    let log = checkout.run(&["db:log", "--json"]).exits(0).json();
    let of_file: Vec<_> = log["log"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["name"] == "R__emails.sql")
        .collect();
    // one line each, with who and with which backup
    assert_eq!(of_file.len(), 2);
    for line in of_file {
        assert_eq!(line["event"], "apply");
        assert!(line["details"]["backup"].is_string(), "{line}");
        assert_eq!(line["details"]["role"], "postgres");
    }
}

#[test]
fn a_failing_check_rolls_the_file_back_and_one_that_failed_before_does_not() {
    let (database, checkout) = production();
    checkout.write(
        "migrations/checks/ada.sql",
        "SELECT * FROM users WHERE email <> 'ada@example.com'\n",
    );
    checkout.write("migrations/checks/never.sql", "SELECT id FROM orders\n");
    checkout.write(
        "migrations/checks/phones.sql",
        "SELECT id FROM users WHERE phone IS NULL\n",
    );
    checkout.write(
        "migrations/checks/writes.sql",
        "SELECT pg_catalog.set_config('transaction_read_only', 'off', true) IS NOT NULL AS ok, nextval('numbers') > 0 AS b\n",
    );
    // its settings and its search_path are none of the checks' business
    checkout.migration(
        "V00004__add_phone.sql",
        "SET LOCAL search_path = pg_catalog;\nALTER TABLE public.users ADD COLUMN IF NOT EXISTS phone text;\n\
         UPDATE public.users SET email = 'eve@example.com', phone = '1' WHERE email <> 'eve@example.com';\n",
    );
    commit(&checkout);
    database.client().batch_execute("CREATE SEQUENCE numbers").unwrap();
    apply(&checkout, &database, &["4"])
        .exits(1)
        .says("the check `never` fails before anything is applied")
        .says("`migrations/V00004__add_phone.sql` was not committed: 1 check failed that did not before")
        .says("eve@example.com")
        .says("was rolled back whole; nothing was applied by this run");
    is_untouched(&database);
    // a check that could not be asked before counts, too
    checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n",
    );
    commit(&checkout);
    apply(&checkout, &database, &["4"])
        .exits(1)
        .says("failed  phones")
        .hides("failed  ada");
    is_untouched(&database);
    // two files: what the first leaves undone the second does
    checkout.migration(
        "V00005__phones.sql",
        "UPDATE users SET phone = '1' WHERE phone IS NULL;\n",
    );
    commit(&checkout);
    apply(&checkout, &database, &["4", "5"])
        .exits(0)
        .says("2 failed, as before");
    assert_eq!(versions(&database), [1, 2, 3, 4, 5]);
    assert_eq!(records(&database).len(), 2);
    let called: bool = database
        .client()
        .query_one("SELECT is_called FROM numbers", &[])
        .unwrap()
        .get(0);
    assert!(!called, "a check wrote");
}

#[test]
fn rows_against_a_constraint_are_looked_for_when_nobody_is_kept_out_any_more() {
    let (database, checkout) = production();
    checkout.migration(
        "V00004__orders_fkey.sql",
        "ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_user_id_fkey;\n\
         DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'orders_users') THEN\n\
         ALTER TABLE orders ADD CONSTRAINT orders_users FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;\nEND IF; END $$;\n",
    );
    checkout.migration(
        "V00005__validate.sql",
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_users;\n",
    );
    std::fs::remove_file(checkout.root().join(NEXT)).unwrap();
    commit(&checkout);
    database
        .client()
        .batch_execute("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey; INSERT INTO orders VALUES (2, 17)")
        .unwrap();
    apply(&checkout, &database, &["4", "5"])
        .exits(1)
        .says("`migrations/V00004__orders_fkey.sql` is applied: 1 check failed that did not before")
        .says(r#"orders_users of orders: {"user_id":17}"#)
        .says("is applied, and stays")
        .says("VALIDATE CONSTRAINT fails until these rows are cleaned up");
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert_eq!(records(&database).len(), 1);
    database
        .client()
        .batch_execute("DELETE FROM orders WHERE id = 2")
        .unwrap();
    apply(&checkout, &database, &["5"]).exits(0);
}

#[test]
fn a_file_without_a_transaction_stays_and_says_how_to_go_back() {
    let (database, checkout) = production();
    checkout.write(
        "migrations/checks/no_index.sql",
        "SELECT indexname FROM pg_indexes WHERE indexname = 'users_email'\n",
    );
    checkout.migration(
        "V00004__add_phone.sql",
        "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);\n",
    );
    checkout.migration("V00005__later.sql", "CREATE TABLE IF NOT EXISTS later ();\n");
    commit(&checkout);
    apply(&checkout, &database, &["4", "5"])
        .exits(1)
        .says("statement by statement: cannot be rolled back")
        .says("has no transaction and is applied: 1 check failed that did not before")
        .says("and stays")
        .says("cargo xtask db:restore backups/");
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert_eq!(records(&database).len(), 1);
    assert!(!database.has("later"));
}

#[test]
fn a_first_deployment_names_all_files_and_backs_nothing_up() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.commit_migrations();
    checkout.run(&["db:mark", "production"]).exits(0);
    apply(&checkout, &database, &["3", "1", "2"])
        .exits(0)
        .says("the database is empty: there is nothing to back up");
    assert_eq!(versions(&database), [1, 2, 3]);
    let details = records(&database);
    assert_eq!(details.len(), 3);
    assert_eq!(details[0].1.get("backup"), None);
    assert!(!checkout.root().join("backups").exists());
}

#[test]
fn killed_in_the_middle_nothing_is_half_applied_and_the_next_run_goes_on() {
    let (database, checkout) = production();
    checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\nSELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM slow) THEN 20 ELSE 0 END);\n",
    );
    checkout.migration(
        "V00001__create_users.sql",
        "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text NOT NULL);\n",
    );
    commit(&checkout);
    database
        .client()
        .batch_execute("CREATE TABLE slow (id bigint); INSERT INTO slow VALUES (1)")
        .unwrap();
    let mut child = checkout.spawn(&["db:apply", "4", "--yes", database.name()]);
    let begun = Instant::now();
    let sleeps = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND state = 'active')";
    while !database.client().query_one(sleeps, &[]).unwrap().get::<_, bool>(0) {
        assert!(begun.elapsed() < Duration::from_mins(2), "it never came to the file");
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    database.client().query(end, &[]).unwrap();
    is_untouched(&database);
    database.client().batch_execute("DELETE FROM slow").unwrap();
    apply(&checkout, &database, &["4"])
        .exits(0)
        .says("proven, is young enough");
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert_eq!(records(&database).len(), 1);
}

#[test]
fn of_two_at_once_one_applies_the_file() {
    let (database, checkout) = production();
    let arguments = ["db:apply", "4", "--yes", database.name()];
    let children = [checkout.spawn(&arguments), checkout.spawn(&arguments)];
    let mut codes: Vec<Option<i32>> = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().status.code())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(3)]);
    assert_eq!(versions(&database), [1, 2, 3, 4]);
    assert_eq!(records(&database).len(), 1);
}
