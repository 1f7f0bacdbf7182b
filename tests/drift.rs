//! `db:drift`: the database against what its files make.

use crate::support::{Checkout, TestDatabase, finish, shop};

fn pushed(files: &[(&str, &str)]) -> (TestDatabase, Checkout) {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    for (name, sql) in files {
        checkout.migration(name, sql);
    }
    checkout.run(&["db:push"]).exits(0);
    (database, checkout)
}

fn databases(database: &TestDatabase) -> Vec<String> {
    let rows = database
        .server()
        .client("postgres")
        .query(
            "SELECT datname FROM pg_database WHERE datname LIKE 'dbtask_shadow%'",
            &[],
        )
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn what_the_files_make_is_no_drift() {
    let (database, checkout) = pushed(&[
        (
            "V00001__types.sql",
            "CREATE EXTENSION IF NOT EXISTS citext;\nCREATE TYPE mood AS ENUM ('good', 'bad');\n",
        ),
        (
            "V00002__tables.sql",
            "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email citext UNIQUE, mood mood DEFAULT 'good');\nGRANT SELECT ON users TO PUBLIC;\n",
        ),
        (
            "V00003__index.sql",
            "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS users_mood ON users (mood);\n",
        ),
        (
            "V00004__view.sql",
            "CREATE OR REPLACE VIEW moods AS SELECT mood, count(*) FROM users GROUP BY mood;\n",
        ),
        ("V00005__later.sql", "CREATE TABLE later ();\n"),
    ]);
    checkout
        .run(&["db:drift"])
        .exits(0)
        .says("is what 5 files make: no drift")
        .says("compared  with a throwaway database: made in");
    // a file that is pending is none either
    checkout.migration("V00006__pending.sql", "CREATE TABLE pending ();\n");
    let run = checkout
        .run(&["db:drift", "--json"])
        .exits(0)
        .says("1 file not applied yet, and not counted");
    let json = run.json();
    assert_eq!((&json["equal"], &json["files"]), (&true.into(), &5.into()));
    assert!(!database.has("pending"));
    assert!(databases(&database).iter().all(|name| name != database.name()));
}

#[test]
fn each_difference_is_told_attribute_by_attribute_and_the_exit_code_is_4() {
    let (database, checkout) = pushed(&[(
        "V00001__shop.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\nCREATE INDEX users_email ON users (email);\n\
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1;\nSELECT 2';\n",
    )]);
    database
        .client()
        .batch_execute(
            "ALTER TABLE users ALTER COLUMN email TYPE varchar(80), ADD COLUMN stray int DEFAULT 1;
             DROP INDEX users_email; GRANT SELECT ON users TO PUBLIC;
             CREATE TABLE loose (id int PRIMARY KEY);
             CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1;\nSELECT 3';
             CREATE EXTENSION citext",
        )
        .unwrap();
    let run = checkout.run(&["db:drift"]).exits(4);
    for text in [
        "  changed  column public.users.email\n             type: `text` in the files, `character varying(80)` in the database",
        "  added    column public.users.stray, with 1 part",
        "  missing  index public.users_email",
        "  changed  table public.users\n             grants.public: nothing in the files, `[\"SELECT\"]` in the database",
        "  added    table public.loose, with 2 parts",
        "             - SELECT 2$function$\n             + SELECT 3$function$",
        "  added    extension citext",
        "differences between database",
    ] {
        assert!(run.stdout.contains(text), "{text:?} is not in\n{}", run.stdout);
    }
    let json = checkout.run(&["db:drift", "--json"]).exits(4).json();
    let differences = json["differences"].as_array().unwrap();
    let email = differences
        .iter()
        .find(|d| d["identity"] == "public.users.email")
        .unwrap();
    assert_eq!(
        *email,
        serde_json::json!({
            "kind": "column", "identity": "public.users.email", "parent": "public.users", "change": "changed",
            "attributes": [{ "attribute": "type", "files": "text", "database": "character varying(80)" }],
        })
    );
    assert_eq!(json["equal"], false);
}

#[test]
fn secrets_that_differ_are_not_told() {
    let (database, checkout) = pushed(&[(
        "V00001__server.sql",
        "CREATE FOREIGN DATA WRAPPER drift_w;\nCREATE SERVER drift_s FOREIGN DATA WRAPPER drift_w OPTIONS (password 'hunter2');\n\
         CREATE USER MAPPING FOR PUBLIC SERVER drift_s OPTIONS (password 'hunter2');\n",
    )]);
    checkout.run(&["db:drift"]).exits(0);
    database
        .client()
        .batch_execute("ALTER SERVER drift_s OPTIONS (SET password 'hunter3'); ALTER USER MAPPING FOR PUBLIC SERVER drift_s OPTIONS (SET password 'hunter3')")
        .unwrap();
    let run = checkout.run(&["db:drift"]).exits(4);
    run.says("options.secret_password: the secret differs")
        .says("secret_options: the secret differs")
        .hides("hunter");
    let json = checkout.run(&["db:drift", "--json"]).exits(4).json();
    assert_eq!(json["differences"][0]["attributes"][0]["files"], "(secret)");
}

#[test]
fn who_migrates_may_be_another_role_than_who_looks() {
    let database = TestDatabase::new();
    let owner = database.role("owner", "");
    database
        .client()
        .batch_execute(&format!("GRANT CREATE ON SCHEMA public TO {}", owner.name()))
        .unwrap();
    let checkout = Checkout::new();
    checkout.write(".env", format!("DATABASE_URL={}\n", owner.url(&database)));
    shop(&checkout);
    checkout.migration(
        "V00004__grants.sql",
        "GRANT SELECT ON users TO PUBLIC;\nREVOKE DELETE ON orders FROM CURRENT_USER;\nALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;\n",
    );
    checkout.run(&["db:push"]).exits(0);
    let admin = Checkout::on(&database);
    for name in [
        "V00001__create_users.sql",
        "V00002__create_orders.sql",
        "V00003__seed.sql",
        "V00004__grants.sql",
    ] {
        admin.migration(
            name,
            &std::fs::read_to_string(checkout.root().join("migrations").join(name)).unwrap(),
        );
    }
    let run = admin.run(&["db:drift"]).exits(4);
    // what no file did: the grant by hand, and nothing else
    assert!(run.stdout.contains("changed  schema public"), "{}", run.stdout);
    assert!(run.stdout.contains("1 difference between"), "{}", run.stdout);
    database
        .client()
        .batch_execute(&format!("REVOKE CREATE ON SCHEMA public FROM {}", owner.name()))
        .unwrap();
    admin.run(&["db:drift"]).exits(0);
    database
        .client()
        .batch_execute("ALTER TABLE users OWNER TO postgres")
        .unwrap();
    admin
        .run(&["db:drift"])
        .exits(4)
        .says("owner: `(the role that migrates)` in the files, `postgres` in the database");
}

#[test]
fn the_database_is_only_read() {
    let (database, checkout) = pushed(&[("V00001__t.sql", "CREATE TABLE t (id int);\n")]);
    let role = database.role("looker", "CREATEDB");
    database
        .client()
        .batch_execute(&format!("GRANT SELECT ON refinery_schema_history TO {}", role.name()))
        .unwrap();
    let url = role.url(&database);
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    checkout.run(&["db:drift"]).exits(0);
    let bystander = database.role("bystander", "");
    database
        .client()
        .batch_execute(&format!(
            "GRANT SELECT ON refinery_schema_history TO {}",
            bystander.name()
        ))
        .unwrap();
    let url = bystander.url(&database);
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    checkout.run(&["db:drift"]).exits(1).says("SHADOW_DATABASE_URL");
    let mut command = checkout.command(&["db:drift"]);
    command.env("SHADOW_DATABASE_URL", database.server().url("postgres"));
    finish(&mut command).exits(0).says("no drift");
}

#[test]
fn files_that_are_edited_or_gone_are_told() {
    let (_database, checkout) = pushed(&[
        ("V00001__t.sql", "CREATE TABLE t (id int);\n"),
        ("V00002__u.sql", "CREATE TABLE u (id int);\n"),
    ]);
    checkout.migration("V00001__t.sql", "CREATE TABLE t (id bigint);\n");
    std::fs::remove_file(checkout.root().join("migrations/V00002__u.sql")).unwrap();
    checkout
        .run(&["db:drift"])
        .exits(4)
        .says("`migrations/V00001__t.sql` was edited after it was applied; what it says now counts")
        .says("version 2 `u` was applied, and its file is missing: what it made shows as added")
        .says("changed  column public.t.id")
        .says("added    table public.u");
}

#[test]
fn an_extension_that_no_server_has_is_told() {
    let (database, checkout) = pushed(&[("V00001__t.sql", "CREATE TABLE t (id int);\n")]);
    // as if it had been installed and its files were gone
    database
        .client()
        .batch_execute("INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) VALUES (99999, 'nowhere', 10, 11, false, '1')")
        .unwrap();
    checkout
        .run(&["db:drift"])
        .exits(4)
        .says("the server of the throwaway database lacks the extension `nowhere`")
        .says("added    extension nowhere");
}

#[test]
fn a_file_that_cannot_be_applied_any_more_is_named() {
    let (_database, checkout) = pushed(&[("V00001__t.sql", "CREATE TABLE t (id int);\n")]);
    checkout.migration("V00001__t.sql", "CREATE TABLE t (id nonsense);\n");
    checkout
        .run(&["db:drift"])
        .exits(1)
        .says("the files cannot be applied to a throwaway database")
        .says("type \"nonsense\" does not exist");
}

#[test]
fn what_a_repeatable_file_makes_is_no_drift_and_an_edited_one_is_told() {
    let (database, checkout) = pushed(&[
        (
            "V00001__users.sql",
            "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
        ),
        (
            "R__a_emails.sql",
            "CREATE OR REPLACE VIEW emails AS SELECT email FROM users;\n",
        ),
        (
            "R__b_domains.sql",
            "CREATE OR REPLACE VIEW domains AS SELECT split_part(email, '@', 2) AS domain FROM emails;\n",
        ),
    ]);
    let equal = checkout.run(&["db:drift", "--json"]).exits(0).json();
    assert_eq!((&equal["files"], &equal["notes"]), (&3.into(), &serde_json::json!([])));
    // another one builds on it, and it builds on a file that is pending
    let told = "`migrations/R__a_emails.sql` was edited and not carried out again; what it makes is not compared: view public.emails";
    for (column, pending) in [("id", ""), ("phone", "ALTER TABLE users ADD COLUMN phone text;\n")] {
        if !pending.is_empty() {
            std::fs::remove_file(checkout.root().join("migrations/R__b_domains.sql")).unwrap();
            database.client().batch_execute("DROP VIEW domains").unwrap();
            checkout.migration("V00002__phone.sql", pending);
        }
        checkout.migration(
            "R__a_emails.sql",
            &format!("CREATE OR REPLACE VIEW emails AS SELECT email, {column} FROM users;\n"),
        );
        checkout.run(&["db:drift"]).exits(0).says(told).says("no drift");
    }
    // what is not of its making counts as ever, and so does a view of a file that is as it was carried out
    database
        .client()
        .batch_execute("ALTER TABLE users ADD COLUMN stray int; CREATE VIEW loose AS SELECT 1")
        .unwrap();
    let run = checkout.run(&["db:drift"]).exits(4).says(told);
    for text in ["added    column public.users.stray", "added    view public.loose"] {
        assert!(run.stdout.contains(text), "{text:?} is not in\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("public.emails"), "{}", run.stdout);
    checkout.migration(
        "R__a_emails.sql",
        "CREATE OR REPLACE VIEW emails AS SELECT nonsense FROM users;\n",
    );
    checkout
        .run(&["db:drift"])
        .exits(4)
        .says("cannot be as it is (")
        .says("nonsense");
}
