//! `db:schema`: text, `--check`, `--diagram`.

use dbtask::facts::Facts;
use dbtask::server::client_tools;

use crate::facts::dump::psql;
use crate::facts::matrix::{bases, make_roles};
use crate::facts::session;
use crate::support::tablespace::Tablespace;
use crate::support::{Checkout, TestDatabase, finish, shop};

fn facts(database: &TestDatabase) -> Facts {
    Facts::read(&session(&database.url())).unwrap()
}

fn schema(database: &TestDatabase) -> String {
    Checkout::on(database).run(&["db:schema"]).exits(0).stdout
}

/// Every kind of object there is, with owners, privileges and comments.
fn everything(database: &TestDatabase) {
    let major = database.server().installation.major;
    let session = session(&database.url());
    make_roles(database);
    for (n, base) in bases().iter().enumerate() {
        let own = |sql: &str| sql.replace("CREATE SCHEMA s;", &format!("CREATE SCHEMA IF NOT EXISTS s{n};"));
        session
            .batch(&format!(
                "CREATE SCHEMA base{n}; SET search_path = base{n}, public; {}",
                own(&base.sql)
            ))
            .unwrap_or_else(|e| panic!("{}: {e:?}", base.name));
        for pair in base.changes.iter().filter(|pair| pair.is_for(major)) {
            let further = [
                "owner",
                ": grants",
                "added: comment",
                "added: constraint",
                "added: default",
            ];
            if further.iter().any(|part| pair.name.contains(part)) {
                // some of them do not go together, or were meant for the schema `s`
                let _ = session.batch(&format!("BEGIN; {}; COMMIT", pair.sql));
                let _ = session.batch("ROLLBACK");
            }
        }
    }
    // it holds a secret, and is therefore not in the text
    session
        .batch("ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub; DROP USER MAPPING FOR facts_reader SERVER srv; ALTER SERVER srv OPTIONS (DROP password)")
        .unwrap();
}

#[test]
fn the_text_loads_into_an_empty_database_and_comes_out_the_same() {
    let database = TestDatabase::new();
    everything(&database);
    let text = schema(&database);
    assert_eq!(schema(&database), text);
    let loaded = TestDatabase::new();
    let tools = client_tools(database.server().installation.major).unwrap();
    psql(&tools, &loaded, &text).unwrap();
    let (one, other) = (facts(&database), facts(&loaded));
    assert!(one.len() > 250, "{}", one.len());
    assert_eq!(one.difference(&other), []);
    assert_eq!(one.fingerprint(), other.fingerprint());
    assert!(schema(&loaded) == text, "the text differs after loading");
}

/// What pg_dump sets for some objects it takes back for those behind them, and what it spells anew after loading is spelled
/// so from the start.
#[test]
fn the_text_keeps_each_table_s_access_method_and_the_spelling_that_comes_back() {
    let database = TestDatabase::new();
    session(&database.url())
        .batch(
            "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
             CREATE TABLE a (n int) USING heap2; CREATE TABLE b (n int); CREATE TABLE c (n int) USING heap2;
             CREATE TABLE d (s varchar(9) CHECK (s IN ('a', 'b')), n int CHECK (n BETWEEN 1 AND 5 AND n <> 3));
             CREATE VIEW v AS SELECT n FROM d WHERE n NOT BETWEEN 1 AND 2 OR n = 7",
        )
        .unwrap();
    let text = schema(&database);
    let loaded = TestDatabase::new();
    psql(
        &client_tools(database.server().installation.major).unwrap(),
        &loaded,
        &text,
    )
    .unwrap();
    assert_eq!(facts(&database).difference(&facts(&loaded)), []);
    assert_eq!(schema(&loaded), text);
}

/// Where a table lies is set for what comes next, too, and set back for what comes behind it: also where the database, or the
/// role that loads the text, has another default.
#[test]
fn the_text_keeps_each_table_s_tablespace_whatever_the_default_is_where_it_is_loaded() {
    let (space, other) = (Tablespace::new("schema_space"), Tablespace::new("schema_other"));
    let (name, default) = (space.name(), other.name());
    let database = TestDatabase::new();
    session(&database.url())
        .batch(&format!(
            "CREATE TABLE a (n int); CREATE TABLE b (n int PRIMARY KEY USING INDEX TABLESPACE {name}, m int UNIQUE);
             CREATE TABLE c (n int) TABLESPACE {name}; CREATE TABLE d (n int); CREATE INDEX ON c (n); CREATE INDEX ON d (n) TABLESPACE {name};
             CREATE INDEX ON d ((n + 1)); CREATE MATERIALIZED VIEW e TABLESPACE {name} AS SELECT n FROM d;
             CREATE MATERIALIZED VIEW f AS SELECT n FROM d; CREATE TABLE g (n int) PARTITION BY RANGE (n) TABLESPACE {name};
             CREATE TABLE g1 PARTITION OF g FOR VALUES FROM (1) TO (2) TABLESPACE pg_default; CREATE TABLE g2 PARTITION OF g DEFAULT;
             GRANT SELECT ON a TO PUBLIC"
        ))
        .unwrap();
    let text = schema(&database);
    let tools = client_tools(database.server().installation.major).unwrap();
    for default in [None, Some(default)] {
        let loaded = TestDatabase::new();
        if let Some(default) = default {
            let set = format!("ALTER DATABASE {} SET default_tablespace = {default}", loaded.name());
            loaded.client().batch_execute(&set).unwrap();
        }
        psql(&tools, &loaded, &text).unwrap();
        let facts = facts(&loaded);
        assert_eq!(self::facts(&database).difference(&facts), [], "{default:?}");
        let of = |kind: &str, identity: &str| facts.get(kind, identity).unwrap().attributes.get("tablespace").cloned();
        assert_eq!(of("table", "public.c"), Some(name.into()));
        assert_eq!(of("table", "public.d"), None);
        assert_eq!(schema(&loaded), text, "{default:?}");
    }
}

#[test]
fn the_text_is_the_same_for_everybody_who_migrates_and_says_who_else_owns_something() {
    let sql = "CREATE TABLE t (id int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT SELECT ON t TO PUBLIC";
    let made_by = |role: Option<&str>| {
        let database = TestDatabase::new();
        let role = role.map(|label| database.role(label, "SUPERUSER"));
        let url = role.as_ref().map_or(database.url(), |role| role.url(&database));
        session(&url).batch(sql).unwrap();
        let checkout = Checkout::new();
        checkout.write(".env", format!("DATABASE_URL={url}\n"));
        let text = checkout.run(&["db:schema"]).exits(0).stdout;
        (database, role, text)
    };
    let (database, _, text) = made_by(None);
    let (_other, _role, same) = made_by(Some("deputy"));
    assert_eq!(text, same);
    assert!(
        !text.contains("OWNER TO") && text.contains("GRANT SELECT ON TABLE public.t TO PUBLIC;"),
        "{text}"
    );
    let role = database.role("foreign", "");
    database
        .client()
        .batch_execute(&format!("ALTER TABLE t OWNER TO {}", role.name()))
        .unwrap();
    let owned = schema(&database);
    assert!(
        owned.contains(&format!("ALTER TABLE public.t OWNER TO \"{}\";", role.name())),
        "{owned}"
    );
}

#[test]
fn what_the_tool_keeps_for_itself_is_not_in_the_text_and_neither_is_a_secret() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    database
        .client()
        .batch_execute(
            "CREATE SCHEMA dbtask; CREATE TABLE dbtask.x (); CREATE TABLE dbtask_journal (x int); CREATE FOREIGN DATA WRAPPER w;
             CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'shown', password 'hunter2');
             CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'u', password 'hunter2');
             CREATE SUBSCRIPTION x CONNECTION 'host=nowhere.invalid password=hunter2' PUBLICATION p WITH (connect = false)",
        )
        .unwrap();
    let run = checkout.run(&["db:schema"]).exits(0);
    database
        .client()
        .batch_execute("ALTER SUBSCRIPTION x SET (slot_name = NONE); DROP SUBSCRIPTION x")
        .unwrap();
    run.says("CREATE TABLE public.orders")
        .says("host 'shown'")
        .says("password '(secret)'")
        .says("-- Not written here, since it says how to connect: subscription x.")
        .hides("hunter2")
        .hides("refinery_schema_history")
        .hides("dbtask_journal")
        .hides("dbtask.")
        .hides("SCHEMA dbtask");
}

#[test]
fn check_shows_what_differs_and_exits_with_4() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout
        .run(&["db:schema", "--check", "schema.sql"])
        .exits(2)
        .says("failed to read `schema.sql`")
        .says("cargo xtask db:schema > schema.sql");
    checkout
        .run(&["db:schema", "--check", "migrations"])
        .exits(2)
        .says("name the file that")
        .hides("> migrations");
    checkout
        .run(&["db:schema", "--diagram", "nowhere/shop.svg"])
        .exits(2)
        .says("there is no folder `nowhere`");
    checkout.write("schema.sql", checkout.run(&["db:schema"]).exits(0).stdout);
    checkout
        .run(&["db:schema", "--check", "schema.sql"])
        .exits(0)
        .says("schema.sql says what");
    database
        .client()
        .batch_execute("ALTER TABLE users ADD COLUMN stray int")
        .unwrap();
    let run = checkout.run(&["db:schema", "--check", "schema.sql"]).exits(4);
    let changed: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(
        changed,
        [
            "-    email text NOT NULL",
            "+    email text NOT NULL,",
            "+    stray integer"
        ]
    );
    run.says("differ; to take over what the database has");
    let json = checkout
        .run(&["db:schema", "--check", "schema.sql", "--json"])
        .exits(4)
        .json();
    assert_eq!(json["equal"], false);
    assert!(json["diff"].as_str().unwrap().contains("+    stray integer"));
}

#[test]
fn reading_the_schema_needs_no_write_and_says_what_it_lacks() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let text = checkout.run(&["db:schema"]).exits(0).stdout;
    let role = database.role("reader", "");
    let url = role.url(&database);
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    checkout
        .run(&["db:schema"])
        .exits(1)
        .says("permission denied for table")
        .says("GRANT pg_read_all_data TO ROLE");
    database
        .client()
        .batch_execute(&format!(
            "GRANT pg_read_all_data TO {0}; ALTER ROLE {0} SET default_transaction_read_only = on",
            role.name()
        ))
        .unwrap();
    // the role that migrates owns the schema history: the text is the same for one that only reads
    assert_eq!(checkout.run(&["db:schema"]).exits(0).stdout, text);
}

#[test]
fn without_a_fitting_pg_dump_it_says_what_to_install() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    let mut command = checkout.command(&["db:schema"]);
    // the machine's own programs do not count then, and there are no fetched ones of that name
    command
        .env("DBTASK_PG_FETCH", "apt")
        .env("DBTASK_PG_BIN", "")
        .env("XDG_CACHE_HOME", checkout.root());
    let run = finish(&mut command);
    if run.code == Some(1) {
        run.says("no pg_dump on this machine is new enough for PostgreSQL")
            .says("install it");
    } else {
        // root's cache is where it is, and may have been filled
        run.exits(0).says("set_config");
    }
}

#[test]
fn diagrams_show_tables_columns_keys_and_references_by_schema() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    database
        .client()
        .batch_execute(
            "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(80) NOT NULL UNIQUE, boss bigint REFERENCES users);
             CREATE SCHEMA shop;
             CREATE TABLE shop.\"Order <1>\" (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, at timestamptz, total numeric(10, 2));
             CREATE TABLE shop.profile (user_id bigint PRIMARY KEY REFERENCES users);
             CREATE TABLE shop.line (a int, b int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
             CREATE TABLE shop.line_1 PARTITION OF shop.line FOR VALUES FROM (0) TO (9);
             CREATE TABLE shop.part (line_a int, line_b int, FOREIGN KEY (line_a, line_b) REFERENCES shop.line);
             CREATE VIEW shop.v AS SELECT 1 AS one",
        )
        .unwrap();
    let mermaid = checkout.run(&["db:schema", "--diagram", "mermaid"]).exits(0).stdout;
    expect_test::expect![[r#"
        erDiagram
            %% schema public
            "public.users" {
                bigint id PK
                varchar(80) email UK
                bigint boss FK "null"
            }
            %% schema shop
            "shop.Order <1>" {
                bigint id PK
                bigint user_id FK
                timestamptz at "null"
                numeric(10_2) total "total numeric(10,2), null"
            }
            "shop.line" {
                integer a PK
                integer b PK
            }
            "shop.part" {
                integer line_a FK "null"
                integer line_b FK "null"
            }
            "shop.profile" {
                bigint user_id PK, FK
            }
            "public.users" }o--o| "public.users" : "boss"
            "shop.Order <1>" }o--|| "public.users" : "user_id"
            "shop.part" }o--o| "shop.line" : "line_a, line_b"
            "shop.profile" |o--|| "public.users" : "user_id"
    "#]]
    .assert_eq(&mermaid);
    checkout
        .run(&["db:schema", "--diagram", "schema.svg"])
        .exits(0)
        .says("schema.svg: the diagram of");
    let svg = std::fs::read_to_string(checkout.root().join("schema.svg")).unwrap();
    assert_eq!(checkout.run(&["db:schema", "--diagram", "svg"]).exits(0).stdout, svg);
    for part in [
        ">Order &lt;1&gt;</text>",
        "<title>shop.part (line_a, line_b) refers to shop.line</title>",
        ">timestamptz?</text>",
        "class=\"schema-name\"",
    ] {
        assert!(svg.contains(part), "{part}: {svg}");
    }
    assert!(!svg.contains("line_1"), "a partition is its table's");
    checkout
        .run(&["db:schema", "--diagram", "schema.png"])
        .exits(2)
        .says("no diagram is made as `schema.png`")
        .says("--diagram FILE.svg");
}

/// The rectangles of the tables in a picture.
fn tables(svg: &str) -> Vec<[f64; 4]> {
    svg.split("<g class=\"table\"><rect ")
        .skip(1)
        .map(|rest| {
            let number = |name: &str| -> f64 {
                let value = rest.split_once(&format!("{name}=\"")).unwrap().1;
                value.split('"').next().unwrap().parse().unwrap()
            };
            [number("x"), number("y"), number("width"), number("height")]
        })
        .collect()
}

#[test]
fn no_table_of_a_big_diagram_lies_over_another_or_outside() {
    use std::fmt::Write as _;
    let database = TestDatabase::new();
    let mut sql = "CREATE SCHEMA a; CREATE SCHEMA b;".to_owned();
    for i in 0..80 {
        let schema = ["public", "a", "b"][i % 3];
        let _ = write!(sql, "CREATE TABLE {schema}.t{i} (id int PRIMARY KEY");
        for j in 0..i * 7 % 12 {
            let _ = write!(sql, ", column_{j} text");
        }
        // every fifth stands alone
        if i > 2 && i % 5 > 0 {
            let (near, far) = (i - 3, i * 13 % i);
            let _ = write!(sql, ", near int REFERENCES {}.t{near}", ["public", "a", "b"][near % 3]);
            let _ = write!(sql, ", far int REFERENCES {}.t{far}", ["public", "a", "b"][far % 3]);
        }
        sql.push_str(");");
    }
    // two that refer to each other
    sql.push_str("ALTER TABLE t0 ADD COLUMN round int REFERENCES t3");
    database.client().batch_execute(&sql).unwrap();
    let svg = Checkout::on(&database)
        .run(&["db:schema", "--diagram", "svg"])
        .exits(0)
        .stdout;
    let tables = tables(&svg);
    assert_eq!(tables.len(), 80);
    let view = svg.split_once("viewBox=\"").unwrap().1.split('"').next().unwrap();
    let view: Vec<f64> = view.split(' ').map(|n| n.parse().unwrap()).collect();
    for (i, [x, y, width, height]) in tables.iter().enumerate() {
        assert!(x >= &view[0] && y >= &view[1] && x + width <= view[0] + view[2] && y + height <= view[1] + view[3]);
        for [x2, y2, width2, height2] in &tables[i + 1..] {
            let apart = x + width <= *x2 || x2 + width2 <= *x || y + height <= *y2 || y2 + height2 <= *y;
            assert!(apart, "two tables lie over one another");
        }
    }
    // about as high as wide
    let ratio = view[2] / view[3];
    assert!((0.3..4.0).contains(&ratio), "{ratio}");
}
