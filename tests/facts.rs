//! The schema as facts.

pub mod corpus;
pub mod dump;
pub mod matrix;

use dbtask::facts::Facts;
use dbtask_runner::{DatabaseUrl, Session};

use crate::support::TestDatabase;

pub fn session(url: &str) -> Session {
    Session::connect(&DatabaseUrl::parse(url).unwrap()).unwrap()
}

fn text(session: &Session, sql: &str) -> String {
    session.query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn what_depends_on_an_object_is_known() {
    let database = TestDatabase::new();
    let session = session(&database.url());
    session
        .batch(
            "CREATE TYPE mood AS ENUM ('good');
             CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood[], n int);
             CREATE TABLE b (id int, a_id bigint REFERENCES a);
             CREATE VIEW v AS SELECT id FROM a;
             CREATE VIEW w AS SELECT id FROM v;
             CREATE INDEX i ON a (n);",
        )
        .unwrap();
    let facts = Facts::read(&session).unwrap();
    let dependants = |identity: &str| -> Vec<String> {
        facts
            .dependants(identity)
            .iter()
            .map(|fact| format!("{} {}", fact.kind, fact.identity))
            .collect()
    };
    assert_eq!(
        dependants("public.a"),
        [
            "constraint public.a.a_pkey",
            "constraint public.b.b_a_id_fkey",
            "index public.i",
            "view public.v"
        ]
    );
    assert_eq!(dependants("public.a.n"), ["index public.i"]);
    assert_eq!(dependants("public.v"), ["view public.w"]);
    assert_eq!(dependants("public.mood"), ["column public.a.m"]);
    assert_eq!(dependants("public.w"), [""; 0]);
}

#[test]
fn reading_writes_nothing_and_leaves_the_session_as_it_was() {
    let database = TestDatabase::new();
    let session = session(&database.url());
    session
        .batch("CREATE TABLE t (id int, at timestamptz DEFAULT '2026-01-01 00:00+00'); SET search_path = public; SET timezone = 'Asia/Tokyo'")
        .unwrap();
    let facts = Facts::read(&session).unwrap();
    let shown = text(
        &session,
        "SELECT current_setting('search_path') || current_setting('timezone')",
    );
    assert_eq!(shown, "publicAsia/Tokyo");
    // whatever a session has set, the same is read
    let default = facts.get("default", "public.t.at").unwrap();
    assert_eq!(
        default.attributes["expression"],
        "'2026-01-01 00:00:00+00'::timestamp with time zone"
    );
    session.batch("SET default_transaction_read_only = on").unwrap();
    assert_eq!(Facts::read(&session).unwrap(), facts);
    session.batch("BEGIN READ ONLY").unwrap();
    assert_eq!(Facts::of_transaction(&session).unwrap(), facts);
    assert_eq!(text(&session, "SELECT current_setting('search_path')"), "public");
    session.batch("ROLLBACK").unwrap();
}

#[test]
fn a_role_that_may_read_no_table_reads_the_same_schema() {
    let database = TestDatabase::new();
    let admin = session(&database.url());
    admin
        .batch("CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        .unwrap();
    let role = database.role("blind", "");
    let blind = session(&role.url(&database));
    assert_eq!(Facts::read(&blind).unwrap(), Facts::read(&admin).unwrap());
}

#[test]
fn what_the_tool_keeps_for_itself_is_left_out() {
    let database = TestDatabase::new();
    let session = session(&database.url());
    let empty = Facts::read(&session).unwrap();
    session
        .batch(
            "CREATE SCHEMA dbtask; CREATE TABLE dbtask.environment (name text PRIMARY KEY); COMMENT ON SCHEMA dbtask IS 'x';
             CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY); COMMENT ON COLUMN refinery_schema_history.version IS 'x';
             CREATE TABLE dbtask_journal (version int4); CREATE INDEX ON dbtask_journal (version); CREATE INDEX ON refinery_schema_history (version)",
        )
        .unwrap();
    let facts = Facts::read(&session).unwrap();
    assert_eq!(empty.difference(&facts), []);
    assert!(facts.is_empty());
    let everything = Facts::read_everything(&session).unwrap();
    assert!(everything.get("table", "dbtask.environment").is_some());
    assert!(everything.get("comment", "schema dbtask").is_some());
    assert!(
        everything
            .get("column", "public.refinery_schema_history.version")
            .is_some()
    );
}

/// The minor releases of November 2026 keep it beside a column's options, and no other server knows it.
#[test]
fn the_server_s_own_count_in_a_column_is_left_out() {
    let database = TestDatabase::new();
    let session = session(&database.url());
    session
        .batch(
            "CREATE TABLE t (a int, b int); ALTER TABLE t ALTER b SET (n_distinct = 5);
             CREATE VIEW v AS SELECT a FROM t; CREATE TYPE c AS (a int)",
        )
        .unwrap();
    let count = |n: u32| {
        session
            .batch(&format!(
                "BEGIN; SET LOCAL allow_system_table_mods = on; UPDATE pg_attribute SET attoptions = ARRAY['pg_attver={n}'] || coalesce(
                   (SELECT array_agg(o) FROM unnest(attoptions) o WHERE o NOT LIKE 'pg_attver=%'), '{{}}')
                 WHERE attrelid::regclass::text IN ('t', 'v', 'c') AND attnum > 0; COMMIT"
            ))
            .unwrap();
        Facts::read(&session).unwrap()
    };
    let facts = Facts::read(&session).unwrap();
    assert_eq!(facts.difference(&count(1)), []);
    assert_eq!(facts.difference(&count(22_345_000)), []);
    let options = &facts.get("column", "public.t.b").unwrap().attributes["options"];
    assert_eq!(options.to_string(), r#"{"n_distinct":"5"}"#);
}

#[test]
fn secrets_are_digests() {
    let database = TestDatabase::new();
    let session = session(&database.url());
    session
        .batch(
            "CREATE FOREIGN DATA WRAPPER w;
             CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'shown', password 'hunter2', api_key 'hunter2');
             CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u', password 'hunter2');
             CREATE SUBSCRIPTION x CONNECTION 'host=nowhere.invalid password=hunter2' PUBLICATION p WITH (connect = false)",
        )
        .unwrap();
    let facts = Facts::read(&session).unwrap();
    let all = format!("{facts:?}");
    session
        .batch("ALTER SUBSCRIPTION x SET (slot_name = NONE); DROP SUBSCRIPTION x")
        .unwrap();
    assert!(all.contains("shown") && !all.contains("hunter2"), "{all}");
    let mapping = facts.get("user mapping", "s for public").unwrap();
    assert_eq!(mapping.attributes["secret_options"].as_str().unwrap().len(), 64);
}

/// btree_gist has hundreds of members, each of which depends on others.
#[test]
fn an_extension_with_many_members_is_one_fact() {
    let database = TestDatabase::new();
    let session = session(&database.url());
    session
        .batch("CREATE EXTENSION btree_gist; CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =)); CREATE TABLE u (a gbtreekey4)")
        .unwrap();
    let facts = Facts::read(&session).unwrap();
    let kinds: Vec<&str> = facts
        .iter()
        .filter(|fact| !fact.identity.starts_with("public.t") && !fact.identity.starts_with("public.u"))
        .map(|fact| fact.kind.as_str())
        .collect();
    assert_eq!(kinds, ["comment", "extension", "schema"]);
    let dependants: Vec<&str> = facts
        .dependants("btree_gist")
        .iter()
        .map(|fact| fact.identity.as_str())
        .collect();
    assert_eq!(dependants, ["public.u.a", "public.t.t_a_excl"]);
}

/// The server spells definitions by the catalog as it is now, not by the snapshot.
#[test]
fn facts_can_be_read_while_others_change_the_schema() {
    let database = TestDatabase::new();
    let url = database.url();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let other = session(&url);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                other
                    .batch("CREATE TABLE t (id int PRIMARY KEY DEFAULT 1); CREATE VIEW v AS SELECT id FROM t; CREATE INDEX i ON t ((id + 1)); DROP TABLE t CASCADE")
                    .unwrap();
            }
        });
        let session = session(&url);
        let read: Vec<_> = (0..40).map(|_| Facts::read(&session)).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for facts in read {
            facts.unwrap();
        }
    });
}
