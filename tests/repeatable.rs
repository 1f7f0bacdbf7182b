//! Repeatable files: carried out again whenever their text changed, behind the numbered ones.

use std::sync::atomic::Ordering;
use std::time::Duration;

use dbtask_runner::{
    DatabaseUrl, Embedded, Migrations, Options, Session, Verification, embedded_files, embedded_repeatables, migrate,
    verify,
};
use refinery::Runner;

use crate::support::proxy::{Cut, Proxy, Way};
use crate::support::{Checkout, TestDatabase, finish, shop};

/// Each leaves a trace of every time that it is carried out.
const TALLY: &str = "CREATE TABLE IF NOT EXISTS tally (id bigint GENERATED ALWAYS AS IDENTITY, file text);\n";

fn counted(name: &str, sql: &str) -> String {
    format!("INSERT INTO tally (file) VALUES ('{name}');\n{sql}\n")
}

/// The shop with a table to count in, a view, and a view upon that one.
fn checkout(database: &TestDatabase) -> Checkout {
    let checkout = Checkout::on(database);
    shop(&checkout);
    checkout.migration("V00004__tally.sql", TALLY);
    checkout.migration(
        "R__b_names.sql",
        &counted("b", "CREATE OR REPLACE VIEW names AS SELECT id FROM buyers;"),
    );
    checkout.migration(
        "R__a_buyers.sql",
        &counted("a", "CREATE OR REPLACE VIEW buyers AS SELECT id FROM users;"),
    );
    checkout
}

/// Which files were carried out, in order.
fn carried_out(database: &TestDatabase) -> String {
    let sql = "SELECT coalesce(string_agg(file, ' ' ORDER BY id), '') FROM tally";
    database.client().query_one(sql, &[]).unwrap().get(0)
}

/// Which the journal knows of, in order.
fn noted(database: &TestDatabase) -> String {
    let sql = "SELECT coalesce(string_agg(substr(details->>'name', 4, 1), ' ' ORDER BY id), '') FROM dbtask_journal
               WHERE event = 'repeatable' AND version IS NULL AND checksum IS NOT NULL AND details->>'role' = 'postgres'";
    database.client().query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn they_are_carried_out_behind_the_numbered_ones_and_again_when_they_changed() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let run = checkout.run(&["db:push"]).exits(0).says("applied 6 files");
    let at = |name: &str| run.stderr.find(name).unwrap();
    assert!(at("V00004__tally") < at("R__a_buyers") && at("R__a_buyers") < at("R__b_names"));
    assert!(run.stdout.contains("at version 4"), "{}", run.stdout);
    checkout.run(&["db:push"]).exits(0).says("nothing to do");
    assert_eq!(carried_out(&database), "a b");
    let changed = counted(
        "b",
        "CREATE OR REPLACE VIEW names AS SELECT id, id * 2 AS twice FROM buyers;",
    );
    checkout.migration("R__b_names.sql", &changed);
    checkout.migration("V00005__later.sql", "CREATE TABLE later ();\n");
    checkout.run(&["db:push"]).exits(0).says("applied 2 files");
    assert_eq!(carried_out(&database), "a b b");
    // back to what it was before is a change, too
    let back = "DROP VIEW IF EXISTS names;\nCREATE OR REPLACE VIEW names AS SELECT id FROM buyers;";
    checkout.migration("R__b_names.sql", &counted("b", back));
    checkout.run(&["db:push"]).exits(0);
    checkout.migration("R__b_names.sql", &changed);
    checkout.run(&["db:push"]).exits(0).says("applied 1 file");
    assert_eq!(carried_out(&database), "a b b b b");
    assert_eq!(noted(&database), carried_out(&database));
}

#[test]
fn status_and_a_dry_run_list_them() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout
        .run(&["db:push", "--dry-run"])
        .exits(0)
        .says("would apply 6 files")
        .says("\n  migrations/V00004__tally.sql\n  migrations/R__a_buyers.sql\n  migrations/R__b_names.sql");
    checkout.run(&["db:push", "--to", "4"]).exits(0).says("applied 4 files");
    assert_eq!(carried_out(&database), "");
    checkout
        .run(&["db:push", "--to", "4", "--dry-run"])
        .exits(0)
        .says("nothing to do");
    checkout
        .run(&["db:status", "--check"])
        .exits(4)
        .says("  pending  migrations/R__a_buyers.sql")
        .says("at version 4; 2 files pending: type `cargo xtask db:push`");
    assert!(!database.has("dbtask_journal"));
    // what it prints is what is sent: psql could carry it out
    let sql = checkout.run(&["db:push", "--dry-run", "--sql"]).exits(0).stdout;
    database.client().batch_execute(&sql).unwrap();
    checkout.run(&["db:status", "--check"]).exits(0);
    assert_eq!(noted(&database), "a b");
    checkout.migration(
        "R__a_buyers.sql",
        &counted("a", "CREATE OR REPLACE VIEW buyers AS SELECT id FROM users; -- x"),
    );
    let sql = checkout.run(&["db:push", "--dry-run", "--sql"]).exits(0).stdout;
    assert!(
        !sql.contains("CREATE TABLE") && sql.contains("'R__a_buyers.sql'"),
        "{sql}"
    );
    std::fs::remove_file(checkout.root().join("migrations/R__b_names.sql")).unwrap();
    let run = checkout
        .run(&["db:status"])
        .exits(0)
        .says("  changed  migrations/R__a_buyers.sql")
        .says("  gone     R__b_names.sql, no file")
        .says("1 file pending");
    assert!(run.stdout.contains(" UTC"));
    checkout.run(&["db:push"]).exits(0).says("applied 1 file");
    // one that has vanished is no reason to fail
    let json = checkout.run(&["db:status", "--check", "--json"]).exits(0).json();
    let of = |i: usize, key: &str| json["files"][i][key].clone();
    assert_eq!(
        (of(4, "state"), of(4, "version")),
        ("current".into(), serde_json::Value::Null)
    );
    assert_eq!(
        (of(5, "state"), of(5, "name")),
        ("gone".into(), "R__b_names.sql".into())
    );
    assert_eq!(json["pending"], 0);
}

#[test]
fn one_that_fails_is_rolled_back_whole_and_the_numbered_ones_stay() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration("V00005__later.sql", "CREATE TABLE later ();\n");
    checkout.migration(
        "R__a_buyers.sql",
        &counted("a", "CREATE OR REPLACE VIEW buyers AS SELECT email FROM users;"),
    );
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("failed to apply `migrations/R__a_buyers.sql`")
        .says("--> migrations/R__a_buyers.sql:2:")
        .says("[42P16] cannot change name of view column")
        .says("put `DROP VIEW IF EXISTS` before it")
        .says("`migrations/R__a_buyers.sql` was rolled back whole; 1 file was applied by this run and stays; the database is at `migrations/V00005__later.sql`");
    assert!(database.has("later"));
    assert_eq!((carried_out(&database), noted(&database)), ("a b".into(), "a b".into()));
    checkout.run(&["db:status", "--check"]).exits(4).says("changed");
    // as the help says; what hangs on it goes first
    let sql = "DROP VIEW IF EXISTS names, buyers;\nCREATE VIEW buyers AS SELECT email FROM users;\nCREATE VIEW names AS SELECT 1;";
    checkout.migration("R__a_buyers.sql", &counted("a", sql));
    checkout.run(&["db:push"]).exits(0);
    // an error that has no position is placed by the statement
    checkout.migration("R__c.sql", "SELECT 1;\n\nSELECT 1/0;\n");
    checkout.run(&["db:push"]).exits(1).says("R__c.sql:3:1");
    checkout.migration(
        "R__c.sql",
        "CREATE OR REPLACE FUNCTION c() RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
    );
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "R__c.sql",
        "CREATE OR REPLACE FUNCTION c() RETURNS text LANGUAGE sql AS 'SELECT $$1$$';\n",
    );
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("[42P13]")
        .says("DROP FUNCTION IF EXISTS");
}

#[test]
fn what_a_numbered_file_may_not_a_repeatable_one_may_not_either() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.migration("R__c.sql", "CREATE TABLE half ();\nCOMMIT;\nCREATE TABLE other ();\n");
    checkout
        .run(&["db:push"])
        .exits(3)
        .says("`migrations/R__c.sql` has a transaction of its own")
        .says("nothing was applied");
    assert!(!database.has("users"));
    checkout.migration("R__c.sql", "-- dbtask:no-transaction\nVACUUM;\n");
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("migrations/R__c.sql:1:4: a repeatable file cannot be without a transaction");
    // a session that was bent, and a lock that was let go, reach neither the entry nor the next file
    checkout.migration(
        "R__c.sql",
        "SET search_path = '';\nSET ROLE pg_monitor;\nSELECT pg_advisory_unlock_all();\nDEALLOCATE ALL;\n",
    );
    checkout.migration("R__d.sql", "CREATE OR REPLACE VIEW d AS SELECT 1 AS one;\n");
    checkout.run(&["db:push"]).exits(0).says("applied 8 files");
    assert_eq!(noted(&database), "a b c d");
    assert!(database.has("public.d"));
    let reset = "DO $$ BEGIN PERFORM set_config('dbtask.file', '', true); END $$;\n";
    checkout.migration("R__d.sql", reset);
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("`migrations/R__d.sql` ended its own transaction, or reset its settings");
    assert_eq!(noted(&database), "a b c d");
}

#[test]
fn refinery_passes_over_them() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let files = refinery::load_sql_migrations(checkout.root().join("migrations")).unwrap();
    assert_eq!(files.len(), 4);
    Runner::new(&files).run(&mut database.client()).unwrap();
    checkout.run(&["db:push"]).exits(0).says("applied 2 files");
    let report = Runner::new(&files).run(&mut database.client()).unwrap();
    assert!(report.applied_migrations().is_empty());
}

#[test]
fn a_reset_carries_them_out_again_and_a_baseline_leaves_them_pending() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.run(&["db:push"]).exits(0);
    checkout
        .run(&["db:reset", "--yes", database.name()])
        .exits(0)
        .says("applied 6 files");
    assert_eq!((carried_out(&database), noted(&database)), ("a b".into(), "a b".into()));
    // the journal goes first with the history: what a drop that was interrupted left is never taken for carried out
    let mut other = database.client();
    other
        .batch_execute("BEGIN; LOCK TABLE users IN ACCESS SHARE MODE")
        .unwrap();
    checkout.run(&["db:drop", "--yes", database.name()]).exits(1);
    assert!(database.has("users") && !database.has("dbtask_journal"));
    other.batch_execute("COMMIT").unwrap();
    checkout.run(&["db:drop", "--yes", database.name()]).exits(0);
    let schema = "CREATE TABLE users (id bigint); CREATE TABLE orders (id bigint)";
    database.client().batch_execute(&format!("{schema}; {TALLY}")).unwrap();
    checkout
        .run(&["db:baseline", "4", "--yes", database.name()])
        .exits(0)
        .says("  pending  migrations/R__b_names.sql")
        .says("has 2 files pending: type `cargo xtask db:push`");
    checkout.run(&["db:push"]).exits(0).says("applied 2 files");
}

#[test]
fn a_new_one_has_no_number_and_one_that_is_there_stays() {
    let checkout = Checkout::new();
    let run = ["db:new", "--repeatable", "Component", "names"];
    checkout.run(&run).exits(0).says("migrations/R__component_names.sql");
    checkout
        .run(&run)
        .exits(1)
        .says("`migrations/R__component_names.sql` is there already");
    checkout.run(&["db:new", "--repeatable", "!!!"]).exits(2).says("help:");
    checkout.run(&["db:new", "first"]).exits(0).says("V00001__first.sql");
}

#[test]
fn they_cost_a_round_trip_each_and_one_where_nothing_is_pending_and_none_where_there_are_none() {
    let trips = |database: &TestDatabase, repeatables: usize| {
        let checkout = Checkout::on(database);
        checkout.migration("V00001__t.sql", "CREATE TABLE IF NOT EXISTS t (id int);\n");
        for n in 0..repeatables {
            checkout.migration(
                &format!("R__v{n}.sql"),
                &format!("CREATE OR REPLACE VIEW v{n} AS SELECT 1 AS a;\n"),
            );
        }
        let proxy = Proxy::start(database.server().port, None);
        let url = format!("{}?sslmode=disable", database.url_through(proxy.port));
        finish(checkout.command(&["db:push"]).env("DATABASE_URL", url)).exits(0);
        proxy.traffic.round_trips.load(Ordering::Relaxed)
    };
    let (none, few, many) = (TestDatabase::new(), TestDatabase::new(), TestDatabase::new());
    trips(&none, 0);
    let (of_few, of_many) = (trips(&few, 5), trips(&many, 25));
    // the proxy misses a round trip now and then, when the machine is busy; twenty of twenty-five it does not
    assert!(
        (of_many - of_few).abs_diff(20) <= 2,
        "20 files more took {}",
        of_many - of_few
    );
    let (without, with) = (trips(&none, 0), trips(&many, 25));
    assert!(
        with.abs_diff(without + 1) <= 1,
        "nothing pending: {without} round trips without any, {with} with 25"
    );
}

#[test]
fn ten_runners_at_once_carry_each_out_once() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let children: Vec<_> = (0..10).map(|_| checkout.spawn(&["db:push"])).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!((carried_out(&database), noted(&database)), ("a b".into(), "a b".into()));
}

/// After a fault: what was carried out is noted, nothing else is, and a rerun does what is left.
fn judge(database: &TestDatabase, checkout: &Checkout, code: Option<i32>, what: &str) {
    let busy =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dbtask%'";
    let mut client = database.client();
    while client.query_one(busy, &[]).unwrap().get::<_, i64>(0) > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let state = |database: &TestDatabase| {
        let carried_out = if database.has("tally") {
            carried_out(database)
        } else {
            String::new()
        };
        let noted = if database.has("dbtask_journal") {
            noted(database)
        } else {
            String::new()
        };
        (carried_out, noted)
    };
    let (done, noted) = state(database);
    assert_eq!(done, noted, "{what}");
    match code {
        Some(0) => assert_eq!(done, "a b", "{what}: success was reported"),
        Some(_) => assert_ne!(done, "a b", "{what}: failure was reported, and all is done"),
        // one that was killed reported nothing
        None => {}
    }
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(state(database), ("a b".into(), "a b".into()), "{what}: after a rerun");
}

#[test]
fn a_runner_killed_at_any_moment_is_healed_by_a_rerun() {
    for n in 0..12 {
        let database = TestDatabase::new();
        let checkout = checkout(&database);
        let mut child = checkout.spawn(&["db:push"]);
        std::thread::sleep(Duration::from_millis(15 + n * 6));
        child.kill().unwrap();
        let code = child.wait().unwrap().code();
        judge(&database, &checkout, code, &format!("kill {n}"));
    }
}

#[test]
fn a_wire_cut_while_they_are_carried_out_is_healed_by_a_rerun() {
    let run = |database: &TestDatabase, checkout: &Checkout, cut: Option<Cut>| {
        let proxy = Proxy::start(database.server().port, cut);
        let url = database.url_through(proxy.port);
        let run = finish(checkout.command(&["db:push"]).env("DATABASE_URL", url));
        let traffic = &proxy.traffic;
        (
            run.code,
            traffic.to_server.load(Ordering::Relaxed),
            traffic.to_client.load(Ordering::Relaxed),
        )
    };
    let numbered = || {
        let database = TestDatabase::new();
        let checkout = checkout(&database);
        checkout.run(&["db:push", "--to", "4"]).exits(0);
        (database, checkout)
    };
    let (database, checkout) = numbered();
    let (_, to_server, to_client) = run(&database, &checkout, None);
    for (way, total) in [(Way::ToServer, to_server), (Way::ToClient, to_client)] {
        for after in (1..total).step_by(total / 10) {
            let (database, checkout) = numbered();
            let cut = Cut { way, after };
            let (code, ..) = run(&database, &checkout, Some(cut));
            judge(&database, &checkout, code, &format!("{cut:?}"));
        }
    }
}

#[test]
fn one_gives_way_to_whoever_uses_what_it_replaces() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.run(&["db:push"]).exits(0);
    let sql = "DROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT 2 AS two;";
    checkout.migration("R__b_names.sql", &counted("b", sql));
    let mut reader = database.client();
    reader.batch_execute("BEGIN; SELECT FROM names").unwrap();
    checkout
        .run(&["db:push", "--lock-budget", "1s"])
        .exits(1)
        .says("in the way: pid ")
        .says("`migrations/R__b_names.sql` was rolled back whole");
    let child = checkout.spawn(&["db:push"]);
    std::thread::sleep(Duration::from_millis(700));
    reader.batch_execute("COMMIT").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(
        (carried_out(&database), noted(&database)),
        ("a b b".into(), "a b b".into())
    );
}

/// The tables that a build script would write.
fn embedded(checkout: &Checkout) -> (Vec<Embedded>, Vec<Embedded>) {
    fn leak(text: &str) -> &'static str {
        Box::leak(text.to_owned().into_boxed_str())
    }
    let folder = dbtask_rules::MigrationFolder::read(&checkout.root().join("migrations")).unwrap();
    let numbered = folder.files().iter();
    let repeatable = folder.repeatables().iter();
    (
        numbered
            .map(|f| (leak(f.path()), leak(f.sql()), f.checksum()))
            .collect(),
        repeatable
            .map(|f| (leak(f.path()), leak(f.sql()), f.checksum()))
            .collect(),
    )
}

#[test]
fn a_service_says_which_are_pending_carries_them_out_and_starts_when_it_is_rolled_back() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let url = DatabaseUrl::parse(&database.url()).unwrap();
    let (files, repeatables) = embedded(&checkout);
    let state = |repeatables: &[Embedded]| verify(&url, (&files[..], repeatables)).unwrap();
    checkout.run(&["db:push", "--to", "4"]).exits(0);
    let pending = |names: [&str; 2]| Verification::Pending {
        files: names.iter().map(|name| format!("migrations/{name}")).collect(),
    };
    assert_eq!(state(&repeatables), pending(["R__a_buyers.sql", "R__b_names.sql"]));
    // without that table it knows of none
    assert!(matches!(verify(&url, &files).unwrap(), Verification::Current { .. }));
    let session = Session::connect_to_migrate(&url).unwrap();
    let (versioned, repeatable) = (
        embedded_files(&files).unwrap(),
        embedded_repeatables(&repeatables).unwrap(),
    );
    let all = Migrations {
        versioned: &versioned,
        repeatable: &repeatable,
    };
    for applied in [2, 0] {
        let migrated = migrate(&session, all, Options::default(), &mut |_| {}).unwrap();
        assert_eq!(migrated.applied, applied);
    }
    assert!(matches!(state(&repeatables), Verification::Current { .. }));
    // the next release changes one: the old one may still start, the next one not before that was carried out
    checkout.migration(
        "R__b_names.sql",
        &counted("b", "CREATE OR REPLACE VIEW names AS SELECT id FROM users;"),
    );
    let (_, next) = embedded(&checkout);
    assert!(matches!(state(&next), Verification::Pending { files } if files == ["migrations/R__b_names.sql"]));
    checkout.run(&["db:push"]).exits(0);
    assert!(matches!(state(&next), Verification::Current { .. }));
    assert!(matches!(state(&repeatables), Verification::Newer { by } if by == ["R__b_names.sql"]));
    // with SELECT on history and journal alone
    let role = database.role("service", "");
    let grant = |table: &str| format!("GRANT SELECT ON {table} TO {}", role.name());
    database
        .client()
        .batch_execute(&grant("refinery_schema_history"))
        .unwrap();
    let as_role = DatabaseUrl::parse(&role.url(&database)).unwrap();
    let error = verify(&as_role, (&files[..], &next[..])).unwrap_err().to_string();
    assert!(
        error.contains("permission denied for table dbtask_journal") && error.contains("GRANT SELECT"),
        "{error}"
    );
    database.client().batch_execute(&grant("dbtask_journal")).unwrap();
    assert!(matches!(
        verify(&as_role, (&files[..], &next[..])).unwrap(),
        Verification::Current { .. }
    ));
}

#[test]
fn a_journal_of_the_older_shape_gets_its_column() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let older = "CREATE TABLE dbtask_journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(), event text NOT NULL, version int4 NOT NULL,
        statement int4, checksum text, invalid_before oid[]);
      INSERT INTO dbtask_journal (event, version) VALUES ('complete', 1)";
    database.client().batch_execute(older).unwrap();
    checkout.run(&["db:push"]).exits(0).says("applied 6 files");
    assert_eq!(noted(&database), "a b");
    checkout.run(&["db:push"]).exits(0).says("nothing to do");
}
