//! What a database is marked as: in itself, by its owner, for itself alone.

use std::time::Duration;

use postgres::Client;

use crate::guard::{remote, remote_url};
use crate::support::database::TestRole;
use crate::support::{Checkout, TestDatabase, finish, shop};

/// A database with the schema of the shop, and a role that owns it and is no superuser.
fn owned() -> (TestDatabase, TestRole) {
    let database = TestDatabase::new();
    let owner = database.role("owner", "");
    let statement = format!("ALTER DATABASE {} OWNER TO {}", database.name(), owner.name());
    database.client().batch_execute(&statement).unwrap();
    let statement = format!("ALTER SCHEMA public OWNER TO {}", owner.name());
    database.client().batch_execute(&statement).unwrap();
    (database, owner)
}

fn checkout_at(url: &str) -> Checkout {
    let checkout = Checkout::new();
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    shop(&checkout);
    checkout
}

fn setting(database: &TestDatabase) -> Option<String> {
    database
        .client()
        .query_opt(
            "SELECT s FROM pg_db_role_setting r, unnest(setconfig) s, pg_database d
             WHERE d.oid = setdatabase AND setrole = 0 AND datname = current_database() AND s LIKE 'dbtask.%'",
            &[],
        )
        .unwrap()
        .map(|row| row.get(0))
}

fn environment(checkout: &Checkout) -> serde_json::Value {
    checkout.run(&["db:status", "--json"]).exits(0).json()["environment"].clone()
}

#[test]
fn status_shows_the_mark_as_text_and_as_json() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout
        .run(&["db:status"])
        .exits(0)
        .says("counts as development: it is not marked, and on this machine");
    let run = checkout.run(&["db:mark", "production", "--json"]).exits(0);
    assert_eq!(run.json()["environment"], "production");
    assert_eq!(run.json()["setting"], true);
    assert!(run.json()["before"].is_null());
    checkout
        .run(&["db:status"])
        .exits(0)
        .says("counts as production: it is marked production (by `postgres`, 20")
        .says("3 files pending")
        .hides("db:push");
    let shown = environment(&checkout);
    assert_eq!(
        (
            &shown["mark"],
            &shown["row"]["mark"],
            &shown["setting"],
            &shown["counts_as"]
        ),
        (
            &"production".into(),
            &"production".into(),
            &"production".into(),
            &"production".into()
        ),
        "{shown}"
    );
    assert_eq!(setting(&database).unwrap(), "dbtask.environment=production");
    checkout
        .run(&["db:mark", "prod"])
        .exits(2)
        .says("[possible values: development, staging, production]");
}

#[test]
fn a_mere_owner_marks_by_the_row_and_everybody_reads_it() {
    let (database, owner) = owned();
    let checkout = checkout_at(&owner.url(&database));
    let run = checkout.run(&["db:mark", "production", "--json"]).exits(0);
    assert_eq!(run.json()["setting"], false);
    assert_eq!(setting(&database), None);
    // before 15 the right to a setting that no extension knows cannot be granted
    if database.server().installation.major >= 15 {
        let grant = format!("GRANT SET ON PARAMETER dbtask.environment TO {}", owner.name());
        database.client().batch_execute(&grant).unwrap();
        let run = checkout.run(&["db:mark", "production", "--json"]).exits(0);
        assert_eq!(run.json()["setting"], true);
        let revoke = format!("REVOKE SET ON PARAMETER dbtask.environment FROM {}", owner.name());
        database.client().batch_execute(&revoke).unwrap();
        assert_eq!(setting(&database).unwrap(), "dbtask.environment=production");
    }
    let reader = database.role("reader", "");
    let shown = environment(&checkout_at(&reader.url(&database)));
    assert_eq!(
        (&shown["mark"], &shown["row"]["by"]),
        (&"production".into(), &owner.name().into())
    );
}

#[test]
fn a_superuser_s_mark_is_the_owner_s_to_change() {
    let (database, owner) = owned();
    let name = database.name();
    Checkout::on(&database).run(&["db:mark", "production"]).exits(0);
    database
        .client()
        .batch_execute(&format!("ALTER DATABASE {name} RESET dbtask.environment"))
        .unwrap();
    let checkout = checkout_at(&owner.url(&database));
    checkout.run(&["db:mark", "staging", "--yes", name]).exits(0);
    assert_eq!(environment(&checkout)["mark"], "staging");
}

#[test]
fn nobody_but_the_owner_marks() {
    let (database, owner) = owned();
    let other = database.role("other", "");
    database
        .client()
        .batch_execute(&format!(
            "GRANT CREATE ON DATABASE {} TO {}",
            database.name(),
            other.name()
        ))
        .unwrap();
    for mark in ["production", "development"] {
        checkout_at(&other.url(&database))
            .run(&["db:mark", mark])
            .exits(3)
            .says(&format!("`{}` may not mark", other.name()))
            .says(&format!("it belongs to `{}`", owner.name()))
            .says("nothing was changed");
    }
    // what they write by hand loosens nothing
    let mut client = Client::connect(&other.url(&database), postgres::NoTls).unwrap();
    client
        .batch_execute(
            "CREATE SCHEMA dbtask; GRANT USAGE ON SCHEMA dbtask TO PUBLIC;
             CREATE TABLE dbtask.environment AS SELECT 'development' AS environment, system_identifier, d.oid AS database,
               'x'::text AS marked_by, now() AS marked_at
             FROM pg_control_system(), pg_database d WHERE datname = current_database();
             GRANT SELECT ON dbtask.environment TO PUBLIC; CREATE TABLE dbtask.data ()",
        )
        .unwrap();
    let away = checkout_at(&remote_url(&owner.url(&database)));
    away.run(&["db:push"]).exits(3).says("treated as production");
    client
        .batch_execute("UPDATE dbtask.environment SET environment = 'production'")
        .unwrap();
    checkout_at(&owner.url(&database))
        .run(&["db:push"])
        .exits(3)
        .says("is production");
    // and keeps the owner from nothing: the error says how
    checkout_at(&owner.url(&database))
        .run(&["db:mark", "development", "--yes", database.name()])
        .exits(1)
        .says("[42501]")
        .says("nothing was changed");
}

#[test]
fn production_is_marked_as_anything_else_only_after_its_name_was_typed() {
    let database = TestDatabase::new();
    let (checkout, name) = (Checkout::on(&database), database.name());
    shop(&checkout);
    checkout.run(&["db:mark", "production"]).exits(0);
    for mark in ["development", "staging"] {
        checkout
            .run(&["db:mark", mark])
            .exits(3)
            .says("this is no terminal")
            .says(&format!("`cargo xtask db:mark {mark} --yes {name}`"));
        checkout
            .run(&["db:mark", mark, "--yes", "other"])
            .exits(3)
            .says("`--yes` names `other`");
        checkout
            .run_on_terminal(&["db:mark", mark], "yes\n")
            .exits(3)
            .says("you typed `yes`");
    }
    assert_eq!(environment(&checkout)["mark"], "production");
    checkout
        .run_on_terminal(&["db:mark", "development"], &format!("{name}\n"))
        .exits(0)
        .says("counts as production: it is marked production");
    assert_eq!(environment(&checkout)["mark"], "development");
    assert_eq!(setting(&database).unwrap(), "dbtask.environment=development");
    // the other way, and among the two, nobody is asked
    for mark in ["staging", "development", "production", "production"] {
        checkout.run(&["db:mark", mark]).exits(0);
    }
    // what is treated as production is asked for, too
    let other = TestDatabase::new();
    let away = remote(&other);
    away.run(&["db:push"]).exits(0);
    away.run(&["db:mark", "development"])
        .exits(3)
        .says("this is no terminal");
    away.run(&["db:mark", "development", "--yes", other.name()]).exits(0);
    away.run(&["db:reset", "--yes", other.name()]).exits(0);
}

#[test]
fn the_stricter_of_row_and_setting_holds() {
    let (database, owner) = owned();
    let checkout = checkout_at(&owner.url(&database));
    let set = |value: &str| {
        let statement = format!("ALTER DATABASE {} SET dbtask.environment = '{value}'", database.name());
        database.client().batch_execute(&statement).unwrap();
    };
    checkout.run(&["db:mark", "development"]).exits(0);
    for (value, counts_as) in [
        ("production", "production"),
        ("Production ", "production"),
        ("prod", "production"),
        ("staging", "staging"),
        ("development", "development"),
    ] {
        set(value);
        assert_eq!(environment(&checkout)["counts_as"], counts_as, "{value}");
    }
    // an owner who may not change the setting is told who can
    set("production");
    if database.server().installation.major >= 15 {
        checkout
            .run(&["db:mark", "development", "--yes", database.name()])
            .exits(1)
            .says("its setting `dbtask.environment` says production")
            .says(&format!(
                "ALTER DATABASE \"{}\" RESET dbtask.environment",
                database.name()
            ))
            .says("nothing was changed");
    }
    // a setting of a role, or of the session, is nobody's mark
    set("development");
    database
        .client()
        .batch_execute(&format!(
            "ALTER ROLE {} SET dbtask.environment = 'production'; ALTER ROLE {0} IN DATABASE {} SET dbtask.environment = 'production'",
            owner.name(),
            database.name()
        ))
        .unwrap();
    assert_eq!(environment(&checkout)["counts_as"], "development");
}

#[test]
fn a_copy_a_template_and_a_restored_backup_count_as_unmarked_and_a_renamed_database_as_itself() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.run(&["db:mark", "production"]).exits(0);
    let backup = checkout.run(&["db:backup", "--json"]).exits(0).json()["file"]
        .as_str()
        .unwrap()
        .to_owned();
    let copies = [TestDatabase::new(), TestDatabase::new()];
    let mut client = database.server().client("postgres");
    client
        .batch_execute(&format!("DROP DATABASE {}", copies[0].name()))
        .unwrap();
    client
        .batch_execute(&format!(
            "CREATE DATABASE {} TEMPLATE {}",
            copies[0].name(),
            database.name()
        ))
        .unwrap();
    finish(
        checkout
            .command(&["db:restore", &backup])
            .env("DATABASE_URL", copies[1].url()),
    )
    .exits(0);
    for copy in &copies {
        let checkout = Checkout::on(copy);
        shop(&checkout);
        let shown = environment(&checkout);
        assert!(shown["mark"].is_null(), "{shown}");
        assert_eq!(
            (&shown["copied"], &shown["counts_as"]),
            (&"production".into(), &"development".into()),
            "{shown}"
        );
        checkout
            .run(&["db:status"])
            .exits(0)
            .says("its mark, production, is another database's: this is a copy");
        // away from here a copy is treated as production
        remote(copy)
            .run(&["db:push"])
            .exits(3)
            .says("treated as production")
            .says("this is a copy");
        checkout.run(&["db:mark", "development"]).exits(0);
        checkout.run(&["db:reset", "--yes", copy.name()]).exits(0);
    }
    let renamed = format!("{}_renamed", database.name());
    let rename = |from: &str, to: &str| {
        let mut client = database.server().client("postgres");
        client
            .batch_execute(&format!("ALTER DATABASE {from} RENAME TO {to}"))
            .unwrap();
    };
    rename(database.name(), &renamed);
    let url = database.url().replace(database.name(), &renamed);
    finish(checkout.command(&["db:push"]).env("DATABASE_URL", url))
        .exits(3)
        .says("is production");
    rename(&renamed, database.name());
}

#[test]
fn the_mark_outlives_drop_and_restore_and_is_not_restored() {
    let database = TestDatabase::new();
    let (checkout, name) = (Checkout::on(&database), database.name());
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.run(&["db:mark", "staging"]).exits(0);
    let backup = checkout.run(&["db:backup", "--json"]).exits(0).json()["file"]
        .as_str()
        .unwrap()
        .to_owned();
    checkout.run(&["db:mark", "development"]).exits(0);
    checkout
        .run(&["db:drop", "--yes", name])
        .exits(0)
        .says("the database itself and its mark")
        .hides("schema dbtask");
    assert_eq!(environment(&checkout)["mark"], "development");
    checkout.run(&["db:drop"]).exits(0).says("nothing to delete");
    checkout.run(&["db:restore", &backup]).exits(0);
    assert!(database.has("users"));
    assert_eq!(environment(&checkout)["mark"], "development");
    let restored = checkout.run(&["db:restore", &backup, "--swap", "--yes", name, "--json"]);
    let kept = restored.exits(0).json()["kept_as"].as_str().unwrap().to_owned();
    assert_eq!(environment(&checkout)["mark"], "development");
    crate::backup::drop_databases(&database, &[&kept]);
}

#[test]
fn an_empty_production_can_be_restored_into_and_not_pushed_to() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let backup = checkout.run(&["db:backup", "--json"]).exits(0).json()["file"]
        .as_str()
        .unwrap()
        .to_owned();
    let production = TestDatabase::new();
    checkout.write(".env", format!("DATABASE_URL={}\n", production.url()));
    checkout.run(&["db:mark", "production"]).exits(0);
    checkout.run(&["db:push"]).exits(3).says("is production");
    checkout.run(&["db:restore", &backup]).exits(0);
    assert!(production.has("users"));
    checkout
        .run(&["db:restore", &backup, "--swap", "--yes", production.name()])
        .exits(3);
    assert_eq!(environment(&checkout)["mark"], "production");
}

#[test]
fn a_mark_that_cannot_be_read_counts_as_production() {
    let (database, owner) = owned();
    Checkout::on(&database).run(&["db:mark", "development"]).exits(0);
    let other = database.role("other", "");
    let checkout = checkout_at(&other.url(&database));
    let grant = format!("GRANT CREATE ON SCHEMA public TO {}", other.name());
    database.client().batch_execute(&grant).unwrap();
    for (hide, show) in [
        (
            "REVOKE USAGE ON SCHEMA dbtask FROM PUBLIC",
            "GRANT USAGE ON SCHEMA dbtask TO PUBLIC",
        ),
        (
            "REVOKE SELECT ON dbtask.environment FROM PUBLIC",
            "GRANT SELECT ON dbtask.environment TO PUBLIC",
        ),
        (
            "ALTER TABLE dbtask.environment ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE dbtask.environment DISABLE ROW LEVEL SECURITY",
        ),
    ] {
        database.client().batch_execute(hide).unwrap();
        checkout
            .run(&["db:push"])
            .exits(3)
            .says(&format!("it has a mark that `{}` may not read", other.name()))
            .says("GRANT SELECT ON dbtask.environment TO PUBLIC");
        database.client().batch_execute(show).unwrap();
    }
    checkout.run(&["db:push"]).exits(0);
    drop(owner);
}

#[test]
fn a_mark_waits_for_the_run_that_is_under_way() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.migration("V00004__long.sql", "SELECT pg_sleep(2);\n");
    let push = checkout.spawn(&["db:push"]);
    while !database.has("users") {
        std::thread::sleep(Duration::from_millis(20));
    }
    checkout
        .run(&["db:mark", "production"])
        .exits(0)
        .says("another run holds the lock");
    assert!(push.wait_with_output().unwrap().status.success());
    checkout.run(&["db:status", "--check"]).exits(0);
}

#[test]
fn a_standby_and_a_read_only_session_are_not_marked() {
    let database = TestDatabase::new();
    let checkout = checkout_at(&format!(
        "{}?options=-cdefault_transaction_read_only%3Don",
        database.url()
    ));
    checkout
        .run(&["db:mark", "production"])
        .exits(1)
        .says("[25006]")
        .says("nothing was changed");
    assert!(!database.has("dbtask.environment"));
}
