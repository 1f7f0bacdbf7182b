//! `db:plan`: what a file would do here, measured elsewhere.

use serde_json::{Value, json};

use crate::support::{Checkout, TestDatabase, shop};

/// The shop with rows, everything applied, and the statistics of it.
fn pushed() -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    database
        .client()
        .batch_execute(
            "INSERT INTO users SELECT n, 'user ' || n FROM generate_series(2, 1000) n;
             INSERT INTO orders SELECT n, 1 + n % 1000 FROM generate_series(2, 3000) n; ANALYZE",
        )
        .unwrap();
    (database, checkout)
}

/// The plan of a file with that text.
fn plan(checkout: &Checkout, sql: &str) -> Value {
    checkout.migration("V00004__next.sql", sql);
    let run = checkout.run(&["db:plan", "migrations/V00004__next.sql", "--json"]);
    assert!([Some(0), Some(4)].contains(&run.code), "{}", run.text());
    run.json()
}

fn lock(table: &str, mode: &str) -> Value {
    json!({ "table": table, "mode": mode })
}

#[test]
fn locks_rewrites_and_scans_are_what_the_server_does() {
    let (_database, checkout) = pushed();
    let (users, orders) = ("public.users", "public.orders");
    let exclusive = |table: &str| lock(table, "ACCESS EXCLUSIVE");
    for (sql, locks, rewrites, reads_all) in [
        (
            "ALTER TABLE users ADD COLUMN a int DEFAULT 1",
            vec![exclusive(users)],
            vec![],
            vec![],
        ),
        (
            "ALTER TABLE users ADD COLUMN a float DEFAULT random()",
            vec![exclusive(users)],
            vec![users],
            vec![],
        ),
        (
            "ALTER TABLE orders ALTER COLUMN id TYPE numeric",
            vec![exclusive(orders)],
            vec![orders],
            vec![],
        ),
        (
            "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
            vec![exclusive(users)],
            vec![],
            vec![],
        ),
        (
            "ALTER TABLE users ADD CHECK (email <> '')",
            vec![exclusive(users)],
            vec![],
            vec![users],
        ),
        (
            "ALTER TABLE orders ADD CONSTRAINT o FOREIGN KEY (user_id) REFERENCES users NOT VALID",
            vec![lock(orders, "SHARE ROW EXCLUSIVE"), lock(users, "SHARE ROW EXCLUSIVE")],
            vec![],
            vec![],
        ),
        (
            "CREATE INDEX ON orders (user_id)",
            vec![lock(orders, "SHARE")],
            vec![],
            vec![orders],
        ),
        (
            "CREATE TABLE new (user_id bigint REFERENCES users)",
            vec![lock(users, "SHARE ROW EXCLUSIVE")],
            vec![],
            vec![],
        ),
        (
            "UPDATE users SET email = 'x' WHERE id = 7",
            vec![lock(users, "ROW EXCLUSIVE")],
            vec![],
            vec![],
        ),
        ("TRUNCATE orders", vec![exclusive(orders)], vec![], vec![]),
        (
            "CREATE TABLE new (id int); CREATE INDEX ON new (id)",
            vec![],
            vec![],
            vec![],
        ),
        (
            "DROP TABLE orders",
            vec![exclusive(orders), exclusive(users)],
            vec![],
            vec![],
        ),
        (
            "COMMENT ON TABLE users IS 'x'",
            vec![lock(users, "SHARE UPDATE EXCLUSIVE")],
            vec![],
            vec![],
        ),
    ] {
        let plan = plan(&checkout, &format!("{sql};\n"));
        let step = &plan["statements"][0];
        assert_eq!(step["locks"], json!(locks), "{sql}: {step}");
        // what becomes of an index, or is checked by one, is another table's file
        if sql.starts_with("ALTER TABLE orders ALTER") {
            assert_eq!(step["rewrites"], json!(rewrites), "{sql}: {step}");
        } else {
            assert_eq!(
                (&step["rewrites"], &step["reads_all"]),
                (&json!(rewrites), &json!(reads_all)),
                "{sql}: {step}"
            );
        }
        assert_eq!(step["sampled"], false);
    }
}

#[test]
fn a_statement_under_an_earlier_one_s_lock_is_not_said_to_touch_nothing() {
    let (_database, checkout) = pushed();
    checkout.migration(
        "V00004__next.sql",
        "ALTER TABLE users ADD COLUMN a int;\nUPDATE users SET a = 1 WHERE id = 7;\n",
    );
    checkout
        .run(&["db:plan", "migrations/V00004__next.sql"])
        .says("takes no lock beyond those that earlier statements hold")
        .hides("touches no table");
}

#[test]
fn what_cannot_be_in_a_transaction_is_seen_from_outside_while_it_runs() {
    let (_database, checkout) = pushed();
    let (users, orders) = ("public.users", "public.orders");
    let plan = plan(
        &checkout,
        "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY o ON orders (user_id);\nALTER TABLE users ADD COLUMN a int;\nVACUUM users;\n",
    );
    assert_eq!(plan["transaction"], false);
    let [concurrently, column, vacuum] = [0, 1, 2].map(|n| plan["statements"][n].clone());
    assert_eq!(
        (&concurrently["locks"], &concurrently["sampled"]),
        (&json!([lock(orders, "SHARE UPDATE EXCLUSIVE")]), &json!(true))
    );
    assert_eq!(concurrently["reads_all"], json!([orders]));
    assert_eq!(
        (&column["locks"], &column["sampled"]),
        (&json!([lock(users, "ACCESS EXCLUSIVE")]), &json!(false))
    );
    assert_eq!(vacuum["locks"], json!([lock(users, "SHARE UPDATE EXCLUSIVE")]));
}

#[test]
fn sizes_rows_and_the_time_to_read_are_the_target_s_and_nothing_is_changed_there() {
    let (database, checkout) = pushed();
    let sql = "ALTER TABLE users ADD COLUMN a float DEFAULT random();\nALTER TABLE users ADD COLUMN b int;\nCREATE TABLE t ();\n";
    let plan = plan(&checkout, sql);
    let table = &plan["tables"][0];
    assert_eq!(
        (&table["table"], &table["rows"]),
        (&json!("public.users"), &json!(1000))
    );
    assert!(
        table["bytes"].as_u64().unwrap() > 50_000 && table["seconds_to_read"].as_f64().unwrap() > 0.0,
        "{table}"
    );
    checkout
        .run(&["db:plan", "V00004__next.sql"])
        .exits(0)
        .says("migrations/V00004__next.sql: 3 statements, one transaction")
        .says(" 1  line 1: ALTER TABLE users ADD COLUMN a float DEFAULT random()")
        .says("ACCESS EXCLUSIVE on public.users, ")
        .says("about 1,000 rows: keeps out readers and writers")
        .says("rewrites public.users: reading it takes about ")
        .says("takes no lock beyond those that earlier statements hold")
        .says("nobody is in the way at this moment")
        .hides("differences");
    let mut client = database.client();
    let columns = client.query_one(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0",
        &[],
    );
    assert_eq!(columns.unwrap().get::<_, i64>(0), 2);
    assert!(!database.has("t"));
    // the fingerprint is the schema's: of no data, and of no other schema
    let again = crate::plan::plan(&checkout, "CREATE TABLE t ();\n");
    client.batch_execute("INSERT INTO users VALUES (0, 'x')").unwrap();
    assert_eq!(
        crate::plan::plan(&checkout, "CREATE TABLE t ();\n")["fingerprint"],
        again["fingerprint"]
    );
    client
        .batch_execute("ALTER TABLE users ADD COLUMN by_hand int")
        .unwrap();
    let after = crate::plan::plan(&checkout, "CREATE TABLE t ();\n");
    assert_ne!(after["fingerprint"], again["fingerprint"]);
    checkout
        .run(&["db:plan", "V00004__next.sql"])
        .exits(0)
        .says("not what the applied files make of an empty database");
}

#[test]
fn what_hangs_on_it_is_written_out_in_an_order_that_works() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration(
        "V00001__base.sql",
        "CREATE TABLE parent (id bigint, amount int, CONSTRAINT parent_key UNIQUE (id), CHECK (amount > 0));
         CREATE TABLE \"Child one\" (id bigint CONSTRAINT \"to parent\" REFERENCES parent (id) ON DELETE CASCADE);
         CREATE TABLE other (id bigint REFERENCES parent (id));
         CREATE VIEW low AS SELECT id, amount FROM parent WHERE amount < 10;
         CREATE VIEW lower WITH (security_barrier=true) AS SELECT * FROM low WHERE amount < 5;
         CREATE MATERIALIZED VIEW sums AS SELECT sum(amount) AS s FROM lower;
         CREATE UNIQUE INDEX sums_key ON sums (s);
         CREATE VIEW unconcerned AS SELECT id FROM parent;
         ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
         CREATE POLICY small ON parent FOR SELECT USING (amount < 100);
         INSERT INTO parent VALUES (1, 5); INSERT INTO \"Child one\" VALUES (1);\n",
    );
    checkout.run(&["db:push"]).exits(0);
    for (sql, before, behind) in [
        (
            "ALTER TABLE parent DROP CONSTRAINT parent_key",
            vec![
                "ALTER TABLE public.\"Child one\" DROP CONSTRAINT \"to parent\"",
                "ALTER TABLE public.other DROP CONSTRAINT other_id_fkey",
            ],
            2,
        ),
        (
            "ALTER TABLE parent ALTER COLUMN amount TYPE bigint",
            vec![
                "DROP MATERIALIZED VIEW public.sums",
                "DROP POLICY small ON public.parent",
                "DROP VIEW public.lower",
                "DROP VIEW public.low",
            ],
            4,
        ),
        (
            "DROP VIEW low",
            vec!["DROP MATERIALIZED VIEW public.sums", "DROP VIEW public.lower"],
            2,
        ),
    ] {
        checkout.migration(
            "V00002__next.sql",
            &format!("CREATE TABLE fine ();\n{sql};\nCREATE TABLE never ();\n"),
        );
        let run = checkout
            .run(&["db:plan", "migrations/V00002__next.sql", "--json"])
            .exits(4);
        let plan = run.json();
        let statements = plan["statements"].as_array().unwrap();
        assert_eq!((statements.len(), &statements[1]["fails"]), (2, &json!(true)), "{plan}");
        let texts = |part: &str| -> Vec<String> {
            let parts = plan["order"][part].as_array().unwrap();
            parts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let mut found = texts("before");
        found.sort();
        let mut expected = before.clone();
        expected.sort_unstable();
        assert_eq!(found, expected, "{plan}");
        assert_eq!(texts("behind").len(), behind, "{plan}");
        // the order works on the very database, in one transaction; only what hangs on a vanished thing cannot come back
        let is_gone = sql.starts_with("DROP") || sql.contains("DROP CONSTRAINT");
        let mut client = database.client();
        let mut transaction = client.transaction().unwrap();
        for statement in texts("before").iter().map(String::as_str).chain([sql]) {
            transaction.batch_execute(statement).unwrap();
        }
        if is_gone {
            assert!(!plan["order"]["doubts"].as_array().unwrap().is_empty(), "{plan}");
        } else {
            for statement in texts("behind").iter().chain(&texts("later")) {
                transaction.batch_execute(statement).unwrap();
            }
            let kept = "SELECT (SELECT relispopulated FROM pg_class WHERE oid = 'sums'::regclass) AND to_regclass('sums_key') IS NOT NULL
                AND (SELECT reloptions = '{security_barrier=true}' FROM pg_class WHERE oid = 'lower'::regclass)
                AND EXISTS (SELECT FROM pg_policies WHERE policyname = 'small' AND cmd = 'SELECT' AND qual = '(amount < 100)')";
            assert!(transaction.query_one(kept, &[]).unwrap().get::<_, bool>(0));
        }
        transaction.rollback().unwrap();
        checkout
            .run(&["db:plan", "migrations/V00002__next.sql"])
            .exits(4)
            .says("fails as it is")
            .says("in this order it goes")
            .says(&format!("  {};", before[0]));
    }
}

#[test]
fn who_is_in_the_way_at_this_moment_is_named_and_nobody_else() {
    let (database, checkout) = pushed();
    checkout.migration("V00004__next.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
    let mut reader = database.client();
    reader
        .batch_execute("SET application_name = 'nightly report'; BEGIN; SELECT count(*) FROM orders")
        .unwrap();
    let mut elsewhere = database.client();
    elsewhere
        .batch_execute("SET application_name = 'harmless'; BEGIN; SELECT count(*) FROM users")
        .unwrap();
    checkout
        .run(&["db:plan", "V00004__next.sql"])
        .exits(0)
        .says("in the way at this moment:")
        .says("session: pid ")
        .says("nightly report, user postgres, idle in transaction")
        .says("holds ACCESS SHARE on public.orders")
        .hides("harmless");
    // a weaker lock goes together with a reader's
    checkout.migration("V00004__next.sql", "CREATE INDEX ON orders (user_id);\n");
    checkout
        .run(&["db:plan", "V00004__next.sql"])
        .exits(0)
        .says("nobody is in the way");
    reader
        .batch_execute("UPDATE orders SET user_id = 2 WHERE id = 1")
        .unwrap();
    checkout
        .run(&["db:plan", "V00004__next.sql"])
        .exits(0)
        .says("holds ROW EXCLUSIVE on public.orders");
    // what builds an index without keeping anybody out waits for every old transaction
    std::thread::sleep(std::time::Duration::from_secs(6));
    checkout.migration(
        "V00004__next.sql",
        "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS o ON orders (user_id);\n",
    );
    checkout
        .run(&["db:plan", "V00004__next.sql"])
        .exits(0)
        .says("seen from a second connection: it is its own transaction")
        .says("old transaction: pid ")
        .says("harmless");
}

#[test]
fn a_file_that_is_no_plan_is_refused_by_name() {
    let (_database, checkout) = pushed();
    checkout
        .run(&["db:plan", "V00003__seed.sql"])
        .exits(3)
        .says("is applied already");
    checkout
        .run(&["db:plan", "V00009__none.sql"])
        .exits(2)
        .says("no migration is called `V00009__none.sql`")
        .says("`cargo xtask db:status` lists them");
    checkout.migration("V00004__next.sql", "CREATE TABLE next ();\n");
    checkout.migration("V00005__wrong.sql", "ALTER TABLE next\n    ADD COLUMN a nonsense;\n");
    // those before it are taken in
    checkout
        .run(&["db:plan", "migrations/V00005__wrong.sql"])
        .exits(4)
        .says("`migrations/V00005__wrong.sql` would fail")
        .says("migrations/V00005__wrong.sql:2:18")
        .says("[42704]")
        .says("nothing was changed");
}

#[test]
fn a_repeatable_file_is_planned_for_behind_what_goes_before_it() {
    let (database, checkout) = pushed();
    let buyers = |sql: &str| {
        checkout.migration("R__buyers.sql", sql);
    };
    buyers("CREATE OR REPLACE VIEW buyers AS SELECT id FROM users;\n");
    checkout.run(&["db:push"]).exits(0);
    for name in ["R__buyers.sql", "migrations/R__buyers.sql"] {
        checkout
            .run(&["db:plan", name])
            .exits(3)
            .says("`migrations/R__buyers.sql` was carried out as it is, on 20")
            .says("it runs again when its text changes");
    }
    checkout
        .run(&["db:plan", "R__none.sql"])
        .exits(2)
        .says("no migration is called `R__none.sql`");
    // what it made hangs on what a numbered file changes
    let hanging = plan(&checkout, "ALTER TABLE users ALTER COLUMN id TYPE numeric;\n");
    assert_eq!(
        hanging["order"]["before"],
        json!(["DROP VIEW public.buyers"]),
        "{hanging}"
    );
    assert_eq!(hanging["differences_from_files"], 0);
    checkout.commit_migrations();
    // it needs a numbered file and a repeatable one that are pending, too
    checkout.migration("V00004__next.sql", "ALTER TABLE users ADD COLUMN phone text;\n");
    checkout.migration(
        "R__a_phones.sql",
        "CREATE OR REPLACE VIEW phones AS SELECT id, phone FROM users;\n",
    );
    buyers(
        "DROP VIEW IF EXISTS buyers;\nCREATE VIEW buyers AS SELECT phone FROM phones;\nALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;\n",
    );
    let run = checkout.run(&["db:plan", "R__buyers.sql", "--json"]).exits(0);
    let planned = run.json();
    assert_eq!(planned["file"], "migrations/R__buyers.sql");
    assert_eq!(
        (&planned["transaction"], &planned["differences_from_files"]),
        (&json!(true), &json!(0))
    );
    let locks = |n: usize| planned["statements"][n]["locks"].clone();
    let exclusive = |name: &str| json!([lock(name, "ACCESS EXCLUSIVE")]);
    assert_eq!(
        [locks(0), locks(2)],
        [exclusive("public.buyers"), exclusive("public.orders")],
        "{planned}"
    );
    let orders = |table: &&Value| table["table"] == "public.orders";
    let size = planned["tables"].as_array().unwrap().iter().find(orders).unwrap();
    assert_eq!(size["rows"], 3000, "{planned}");
    assert!(!database.has("phones"));
    // by version, as everywhere
    checkout
        .run(&["db:plan", "4"])
        .exits(0)
        .says("V00004__next.sql: 1 statement");
    buyers("CREATE OR REPLACE VIEW buyers AS SELECT id,\n    nothing FROM users;\n");
    checkout
        .run(&["db:plan", "R__buyers.sql"])
        .exits(4)
        .says("`migrations/R__buyers.sql` would fail")
        .says("migrations/R__buyers.sql:2:5");
}
