//! Plain refinery finds nothing to do after us, and we nothing after it.

use refinery::Runner;

use crate::support::{Checkout, TestDatabase, shop};

fn files(checkout: &Checkout) -> Vec<refinery::Migration> {
    refinery::load_sql_migrations(checkout.root().join("migrations")).unwrap()
}

#[test]
fn plain_refinery_has_nothing_to_do_after_us() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let sync = Runner::new(&files(&checkout)).run(&mut database.client()).unwrap();
    assert!(sync.applied_migrations().is_empty());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let applied = runtime.block_on(async {
        let (mut client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        Runner::new(&files(&checkout)).run_async(&mut client).await.unwrap()
    });
    assert!(applied.applied_migrations().is_empty());
}

#[test]
fn we_have_nothing_to_do_after_plain_refinery_and_go_on_from_there() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    Runner::new(&files(&checkout)).run(&mut database.client()).unwrap();
    checkout.run(&["db:push"]).exits(0).says("nothing to do");
    checkout.run(&["db:status", "--check"]).exits(0);
    checkout.migration("V00004__more.sql", "CREATE TABLE more ();\n");
    checkout.run(&["db:push"]).exits(0).says("applied 1 file");
    assert!(
        Runner::new(&files(&checkout))
            .run(&mut database.client())
            .unwrap()
            .applied_migrations()
            .is_empty()
    );
}

#[test]
fn the_history_is_refinery_s_to_the_letter() {
    let shape = |database: &TestDatabase| -> Vec<String> {
        database
            .client()
            .query(
                "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull::text) FROM pg_attribute
                 WHERE attrelid = 'refinery_schema_history'::regclass AND attnum > 0 ORDER BY attnum",
                &[],
            )
            .unwrap()
            .iter()
            .map(|r| r.get(0))
            .collect()
    };
    let rows = |database: &TestDatabase| -> Vec<(i32, String, String)> {
        let rows = database
            .client()
            .query(
                "SELECT version, name, checksum FROM refinery_schema_history ORDER BY 1",
                &[],
            )
            .unwrap();
        rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect()
    };
    let (ours, theirs) = (TestDatabase::new(), TestDatabase::new());
    let checkout = Checkout::on(&ours);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    Runner::new(&files(&checkout)).run(&mut theirs.client()).unwrap();
    assert_eq!(shape(&ours), shape(&theirs));
    assert_eq!(rows(&ours), rows(&theirs));
}

#[test]
fn our_checksum_is_refinery_s() {
    let texts = ["", "SELECT 1;", "-- ünïcödé 日本語\r\n\0", &"x".repeat(1 << 20)];
    for name in ["V1__a.sql", "V00042__create_users_2.sql", "V2147483647__z.sql"] {
        let name = dbtask_rules::FileName::parse(name).unwrap();
        for text in texts {
            let theirs = refinery::Migration::unapplied(name.stem(), text).unwrap().checksum();
            assert_eq!(dbtask_rules::checksum(&name, text), theirs, "{name}");
        }
    }
}

#[test]
fn a_service_on_tokio_migrates_and_verifies_on_a_thread_of_its_own() {
    use dbtask_runner::{DatabaseUrl, Embedded, Options, Session, Verification, embedded_files, migrate, verify};
    let sql = "CREATE TABLE served (id int);\n";
    let name = dbtask_rules::FileName::parse("V1__served.sql").unwrap();
    let table: [Embedded; 1] = [("migrations/V1__served.sql", sql, dbtask_rules::checksum(&name, sql))];
    let database = TestDatabase::new();
    let url = DatabaseUrl::parse(&database.url()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let verification = runtime.block_on(async {
        let work = tokio::task::spawn_blocking(move || {
            assert!(matches!(verify(&url, &table).unwrap(), Verification::Pending { files } if files.len() == 1));
            let session = Session::connect_to_migrate(&url).unwrap();
            let files = embedded_files(&table).unwrap();
            let migrated = migrate(&session, &files, Options::default(), &mut |_| {}).unwrap();
            assert_eq!(migrated.applied, 1);
            verify(&url, &table).unwrap()
        });
        work.await.unwrap()
    });
    assert!(matches!(verification, Verification::Current { version: Some(v) } if v.get() == 1));
    assert!(database.has("served"));
}
