//! Files without a transaction: statement by statement, journalled, and never recorded over an INVALID index.

use crate::support::{Checkout, TestDatabase};

fn checkout(database: &TestDatabase) -> Checkout {
    let checkout = Checkout::on(database);
    checkout.migration(
        "V00001__people.sql",
        "CREATE TABLE people (id int, name text);\nINSERT INTO people SELECT g, 'x' FROM generate_series(1, 1000) g;\n",
    );
    checkout.run(&["db:push"]).exits(0);
    checkout
}

fn count(database: &TestDatabase, sql: &str) -> i64 {
    database.client().query_one(sql, &[]).unwrap().get(0)
}

const INVALID: &str = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
const RECORDED: &str = "SELECT count(*) FROM refinery_schema_history WHERE version = 2";

#[test]
fn what_cannot_run_in_a_transaction_runs() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let other = format!("{}_other", database.name());
    checkout.migration(
        "V00002__alone.sql",
        &format!(
            "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS people_id ON people (id);\n\
             CREATE UNIQUE INDEX CONCURRENTLY people_id2 ON people (id, name); -- two in one file; fine\n\
             REINDEX INDEX CONCURRENTLY people_id;\nVACUUM (ANALYZE) people;\nCREATE TYPE mood AS ENUM ('sad');\n\
             ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy';\nCREATE TABLE moods (m mood DEFAULT 'happy');\nCREATE DATABASE {other};\n"
        ),
    );
    checkout.run(&["db:push"]).exits(0).says("applied 1 file");
    assert_eq!(count(&database, INVALID), 0);
    assert_eq!(
        count(
            &database,
            "SELECT count(*) FROM pg_class WHERE relname IN ('people_id', 'people_id2', 'moods')"
        ),
        3
    );
    database
        .client()
        .batch_execute(&format!("DROP DATABASE {other}"))
        .unwrap();
    checkout.run(&["db:push"]).exits(0).says("nothing to do");
}

#[test]
fn a_file_that_fails_half_way_goes_on_where_it_stopped() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let head = "-- dbtask:no-transaction\nINSERT INTO people VALUES (2000, 'once');\n";
    checkout.migration(
        "V00002__steps.sql",
        &format!("{head}SELECT 1/0;\nINSERT INTO people VALUES (3000, 'last');\n"),
    );
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("migrations/V00002__steps.sql:3:1")
        .says("[22012] division by zero")
        .says("the first 1 of the 3 statements of `migrations/V00002__steps.sql` were carried out and stay")
        .says("goes on at statement 2");
    assert_eq!(count(&database, RECORDED), 0);
    // corrected where it failed, it goes on there
    checkout.migration(
        "V00002__steps.sql",
        &format!("{head}SELECT 1;\nINSERT INTO people VALUES (3000, 'last');\n"),
    );
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(
        count(&database, "SELECT count(*) FROM people WHERE id >= 2000"),
        2,
        "a statement was carried out twice, or not at all"
    );
    assert_eq!(count(&database, RECORDED), 1);
}

#[test]
fn a_file_changed_where_it_was_carried_out_is_refused() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.migration(
        "V00002__steps.sql",
        "-- dbtask:no-transaction\nCREATE TABLE first ();\nSELECT 1/0;\n",
    );
    checkout.run(&["db:push"]).exits(1);
    checkout.migration(
        "V00002__steps.sql",
        "-- dbtask:no-transaction\nCREATE TABLE second ();\nSELECT 1;\n",
    );
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("was changed where it was carried out already")
        .says("V00002__steps.sql:2:1");
    assert!(!database.has("second"));
}

#[test]
fn an_invalid_index_is_dropped_and_never_recorded_over() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    database
        .client()
        .batch_execute("INSERT INTO people VALUES (1, 'x')")
        .unwrap();
    for guard in ["", "IF NOT EXISTS "] {
        let sql =
            format!("-- dbtask:no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY {guard}people_key ON people (id);\n");
        checkout.migration("V00002__unique.sql", &sql);
        checkout
            .run(&["db:push"])
            .exits(1)
            .says("[23505]")
            .says("it left the INVALID index public.people_key behind, which was dropped");
        assert_eq!((count(&database, INVALID), count(&database, RECORDED)), (0, 0));
    }
    // one that somebody else left, and that IF NOT EXISTS would take for good
    let left = database
        .client()
        .batch_execute("CREATE UNIQUE INDEX CONCURRENTLY people_key ON people (id)");
    assert!(left.is_err() && count(&database, INVALID) == 1, "the test's premise");
    database
        .client()
        .batch_execute("DELETE FROM people WHERE ctid IN (SELECT max(ctid) FROM people WHERE id = 1)")
        .unwrap();
    checkout
        .run(&["db:push"])
        .exits(0)
        .says("dropped")
        .says("the INVALID index public.people_key");
    assert_eq!((count(&database, INVALID), count(&database, RECORDED)), (0, 1));
}

#[test]
fn a_failed_reindex_leaves_nothing_behind() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    database
        .client()
        .batch_execute("CREATE INDEX people_broken ON people ((1 / (id - 5000)))")
        .unwrap();
    database
        .client()
        .batch_execute("CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        .unwrap();
    checkout.migration(
        "V00002__reindex.sql",
        "-- dbtask:no-transaction\nSET statement_timeout = 1;\nREINDEX TABLE CONCURRENTLY people;\n",
    );
    database
        .client()
        .batch_execute("INSERT INTO people SELECT g, repeat('y', 50) FROM generate_series(6000, 60000) g")
        .unwrap();
    checkout.run(&["db:push"]).exits(1).says("[57014]");
    assert_eq!(
        count(
            &database,
            "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'"
        ),
        0
    );
    assert_eq!(count(&database, RECORDED), 0);
}

#[test]
fn ten_runners_at_once_build_concurrent_indexes_once() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.migration("V00002__index.sql", "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY people_a ON people (id);\nCREATE INDEX CONCURRENTLY people_b ON people (name);\n");
    checkout.migration("V00003__more.sql", "CREATE TABLE more (id int);\n");
    let children: Vec<_> = (0..10).map(|_| checkout.spawn(&["db:push"])).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(count(&database, INVALID), 0);
    assert_eq!(count(&database, "SELECT count(*) FROM refinery_schema_history"), 3);
}

#[test]
fn a_transaction_of_its_own_is_refused_before_anything_is_written() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    for (n, sql) in [
        "BEGIN;\nSELECT 1;\nCOMMIT;\n",
        "CREATE TABLE half ();\nCOMMIT;\nSELECT 1;\n",
        "-- dbtask:no-transaction\nCREATE TABLE half ();\nBEGIN;\nSELECT 1;\nCOMMIT;\n",
        "SELECT 1;\nROLLBACK;\n",
    ]
    .iter()
    .enumerate()
    {
        checkout.migration("V00002__own.sql", sql);
        checkout
            .run(&["db:push"])
            .exits(3)
            .says("has a transaction of its own: `")
            .says("nothing was applied")
            .says("V00002__own.sql:");
        assert!(!database.has("half"), "{n}");
    }
    checkout.migration(
        "V00002__own.sql",
        "SAVEPOINT a;\nCREATE TABLE half ();\nROLLBACK TO a;\nRELEASE a;\nDO $$ BEGIN NULL; END $$;\n",
    );
    checkout.run(&["db:push"]).exits(0);
}

#[test]
fn what_a_file_sets_holds_for_the_statements_that_are_left() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    database
        .client()
        .batch_execute("CREATE SCHEMA shop; CREATE TABLE shop.goods (id int); CREATE TABLE goods (id int); INSERT INTO shop.goods VALUES (1), (1)")
        .unwrap();
    let sql = "-- dbtask:no-transaction\nSET search_path = shop, public;\nCREATE UNIQUE INDEX CONCURRENTLY goods_id ON goods (id);\n";
    checkout.migration("V00002__index.sql", sql);
    checkout.run(&["db:push"]).exits(1).says("[23505]");
    database.client().batch_execute("TRUNCATE shop.goods").unwrap();
    checkout.run(&["db:push"]).exits(0);
    let table: String = database
        .client()
        .query_one(
            "SELECT indrelid::regclass::text FROM pg_index WHERE indexrelid = 'shop.goods_id'::regclass",
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(table, "shop.goods");
}

#[test]
fn a_timeout_that_a_file_sets_holds_until_it_takes_it_back() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let seen = |name: &str| {
        format!(
            "CREATE TABLE {name} AS SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement;\n"
        )
    };
    let sql = format!(
        "-- dbtask:no-transaction\nSET lock_timeout = '3s';\nSET statement_timeout TO '7min';\n{}SELECT 1/0;\n{}RESET lock_timeout;\n{}",
        seen("before"),
        seen("after"),
        seen("back")
    );
    checkout.migration("V00002__own.sql", &sql);
    let run = ["db:push", "--statement-timeout", "5min"];
    checkout.run(&run).exits(1).says("[22012]");
    // a rerun is another session: what was set before is set again
    checkout.migration("V00002__own.sql", &sql.replace("SELECT 1/0", "SELECT 1"));
    checkout.run(&run).exits(0);
    let timeouts = |table: &str| -> (String, String) {
        let row = database
            .client()
            .query_one(&format!("SELECT lock, statement FROM {table}"), &[])
            .unwrap();
        (row.get(0), row.get(1))
    };
    let own = ("3s".to_owned(), "7min".to_owned());
    assert_eq!(timeouts("before"), own);
    assert_eq!(timeouts("after"), own);
    assert_eq!(timeouts("back"), ("50ms".to_owned(), "7min".to_owned()));
}

#[test]
fn a_partition_whose_detaching_was_interrupted_is_detached_by_a_rerun() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    database
        .client()
        .batch_execute(
            "CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE one PARTITION OF parts FOR VALUES IN (1)",
        )
        .unwrap();
    checkout.migration(
        "V00002__detach.sql",
        "-- dbtask:no-transaction\nALTER TABLE parts DETACH PARTITION one CONCURRENTLY;\nVACUUM people;\n",
    );
    let mut reader = database.client();
    reader.batch_execute("BEGIN; SELECT FROM parts").unwrap();
    checkout.run(&["db:push", "--lock-budget", "1s"]).exits(1);
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'parts'::regclass";
    assert_eq!(count(&database, &format!("{partitions} AND inhdetachpending")), 1);
    reader.batch_execute("COMMIT").unwrap();
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(count(&database, partitions), 0);
    assert_eq!(count(&database, RECORDED), 1);
    // one that was carried out before its note could be written is gone already
    database
        .client()
        .batch_execute("DELETE FROM refinery_schema_history WHERE version = 2; DELETE FROM dbtask_journal WHERE event IN ('done', 'complete')")
        .unwrap();
    checkout.run(&["db:push"]).exits(0);
}

/// The server tells whether a text that goes on in a later line was taken for one.
#[test]
fn a_string_that_goes_on_in_a_later_line_stays_one() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.migration(
        "V00002__text.sql",
        "-- dbtask:no-transaction\nINSERT INTO people VALUES (2000, E'a''it\\'s; ' -- 'so;\n  'it\\'s');\nVACUUM people;\n",
    );
    checkout.run(&["db:push"]).exits(0);
    let name: String = database
        .client()
        .query_one("SELECT name FROM people WHERE id = 2000", &[])
        .unwrap()
        .get(0);
    assert_eq!(name, "a'it's; it's");
}

#[test]
fn rows_are_changed_once_even_if_their_note_cannot_be_written() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.migration(
        "V00002__double.sql",
        "-- dbtask:no-transaction\nUPDATE people SET id = id * 2 WHERE id = 7;\n",
    );
    checkout.migration("V00003__first.sql", "-- dbtask:no-transaction\nVACUUM people;\n");
    // the journal refuses the note that goes with the rows
    database.client().batch_execute("CREATE TABLE dbtask_journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(), event text CHECK (event <> 'done'), version int4, statement int4, checksum text, invalid_before oid[])").unwrap();
    checkout.run(&["db:push"]).exits(1).says("[23514]");
    assert_eq!(
        count(&database, "SELECT count(*) FROM people WHERE id = 7"),
        1,
        "the rows were changed without their note"
    );
    database
        .client()
        .batch_execute("ALTER TABLE dbtask_journal DROP CONSTRAINT dbtask_journal_event_check")
        .unwrap();
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(count(&database, "SELECT count(*) FROM people WHERE id = 14"), 2);
    // another role would write the journal as its own
    checkout.migration(
        "V00004__role.sql",
        "-- dbtask:no-transaction\nSET ROLE postgres;\nVACUUM people;\n",
    );
    checkout.run(&["db:push"]).exits(3).says("changes the role");
}

#[test]
fn a_file_whose_row_cannot_be_written_yet_says_that_its_statements_stay() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    checkout.migration(
        "V00002__index.sql",
        "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY people_id ON people (id);\n",
    );
    let mut busy = database.client();
    busy.batch_execute("BEGIN; LOCK TABLE refinery_schema_history IN SHARE MODE")
        .unwrap();
    checkout
        .run(&["db:push", "--lock-budget", "1s"])
        .exits(1)
        .says("the first 1 of the 1 statements")
        .says("only its row in the history is missing")
        .hides("rolled back whole");
    busy.batch_execute("COMMIT").unwrap();
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(count(&database, RECORDED), 1);
}
