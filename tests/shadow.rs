//! Throwaway databases: like the target, never the target, and gone afterwards.

use std::process::Child;
use std::time::{Duration, Instant};

use dbtask::server::{Account, Cluster};
use postgres::{Client, NoTls};

use crate::support::{Checkout, Run, TestDatabase, finish, shop};

const SHADOWS: &str = "SELECT datname::text FROM pg_database WHERE datname LIKE 'dbtask_shadow_%' ORDER BY 1";

fn names(client: &mut Client) -> Vec<String> {
    let rows = client.query(SHADOWS, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// A target at version 3 with a file pending that takes its time.
fn slow(database: &TestDatabase, seconds: u32) -> Checkout {
    let checkout = Checkout::on(database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__slow.sql",
        &format!("CREATE TABLE IF NOT EXISTS slow ();\nSELECT pg_sleep({seconds});\n"),
    );
    checkout
}

/// Waits for what a process that was just started does.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the slow file is under way, and says in which databases.
fn wait_for_sleep(client: &mut Client, many: usize) -> Vec<String> {
    let sleeping = "SELECT datname::text FROM pg_stat_activity WHERE datname LIKE 'dbtask_shadow_%' AND query LIKE '%pg_sleep%' \
         AND state = 'active' ORDER BY 1";
    let mut found = Vec::new();
    wait_until("a slow file", || {
        found = client
            .query(sleeping, &[])
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        found.len() == many
    });
    found
}

fn end(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn two_at_once_do_not_meet_a_signal_leaves_nothing_and_what_a_killed_run_left_is_swept() {
    let database = TestDatabase::on_own_server();
    let mut client = database.client();
    let checkout = slow(&database, 2);
    let children = [checkout.spawn(&["db:rehearse"]), checkout.spawn(&["db:rehearse"])];
    let living = wait_for_sleep(&mut client, 2);
    for (child, name) in children.into_iter().zip(&living) {
        let run = end(child).exits(0).hides("left behind");
        assert!(living.iter().any(|n| run.stderr.contains(n)), "{name}: {}", run.stderr);
    }
    assert_eq!(names(&mut client), Vec::<String>::new());

    let mut killed = checkout.spawn(&["db:rehearse"]);
    let stray = wait_for_sleep(&mut client, 1).remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // its session may be at work for a while; until then nobody takes it away
    wait_until("the killed run's session ends", || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
        client.query_one(sql, &[&stray]).unwrap().get::<_, i64>(0) == 0
    });
    // a name that is not quite one, and one whose owner lives: it holds the lock
    let (other, held) = ("dbtask_shadow_1_keep", "dbtask_shadow_1_00000000000000ff");
    for name in [other, held] {
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    }
    let mut owner = database.server().client("postgres");
    owner.batch_execute("SELECT pg_advisory_lock(255)").unwrap();
    let child = checkout.spawn(&["db:rehearse"]);
    end(child)
        .exits(0)
        .says(&format!("`{stray}`, which a run that was killed left behind"));
    assert_eq!(names(&mut client), [held, other]);
    drop(owner);
    wait_until("the owner's session ends", || {
        let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 255";
        client.query_one(sql, &[]).unwrap().get::<_, i64>(0) == 0
    });
    checkout.run(&["db:rehearse"]).exits(0).says(held);
    assert_eq!(names(&mut client), [other]);

    checkout.migration("V00004__slow.sql", "SELECT pg_sleep(30);\n");
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let child = checkout.spawn(&["db:rehearse"]);
        wait_for_sleep(&mut client, 1);
        signal(&child, name);
        end(child)
            .exits(code)
            .says("interrupted by")
            .says("nothing was changed");
        assert_eq!(names(&mut client), [other], "after {name}");
    }
    assert!(!database.has("slow"));
}

#[test]
fn a_role_that_may_not_create_databases_is_told_what_to_do() {
    let database = TestDatabase::new();
    let checkout = Checkout::new();
    shop(&checkout);
    let role = database.role("guest", "");
    let rehearse = |more: &[(&str, String)]| {
        let mut command = checkout.command(&["db:rehearse"]);
        command.env("DATABASE_URL", role.url(&database));
        finish(command.envs(more.iter().map(|(k, v)| (k, v))))
    };
    rehearse(&[])
        .exits(1)
        .says("there is no place for a throwaway database")
        .says(&format!("`{}` may not create databases on 127.0.0.1:", role.name()))
        .says("SHADOW_DATABASE_URL='postgres://")
        .says("cargo xtask db:up")
        .says(&format!("ALTER ROLE \"{}\" CREATEDB", role.name()));
    rehearse(&[("SHADOW_DATABASE_URL", role.url(&database))])
        .exits(1)
        .says("SHADOW_DATABASE_URL that leads there");
    rehearse(&[("SHADOW_DATABASE_URL", database.url())]).exits(0);
    database
        .client()
        .batch_execute(&format!("ALTER ROLE {} CREATEDB", role.name()))
        .unwrap();
    rehearse(&[]).exits(0);
}

#[test]
fn another_server_takes_it_where_the_target_s_cannot() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.run(&["db:up"]).exits(0);
    let private = Cluster::of_workspace(checkout.root()).unwrap().url("postgres").unwrap();
    checkout.run(&["db:down"]).exits(0);

    // the role may not
    let role = database.role("guest", "");
    database
        .client()
        .batch_execute(&format!("GRANT SELECT ON refinery_schema_history TO {}", role.name()))
        .unwrap();
    let mut command = checkout.command(&["db:rehearse", "3"]);
    finish(command.env("DATABASE_URL", role.url(&database)))
        .exits(0)
        .says("the throwaway database is made on the private server");

    // the file would reach beyond it
    checkout.migration(
        "V00004__role.sql",
        "DO $$ BEGIN\n  CREATE ROLE reached;\nEND $$;\nCREATE TABLE IF NOT EXISTS t ();\n",
    );
    checkout
        .run(&["db:rehearse"])
        .exits(3)
        .says("`migrations/V00004__role.sql` would reach beyond the throwaway database: it changes roles")
        .says("V00004__role.sql:2:3")
        .says("SHADOW_DATABASE_URL=");
    let roles = |client: &mut Client| -> i64 {
        let sql = "SELECT count(*) FROM pg_roles WHERE rolname = 'reached'";
        client.query_one(sql, &[]).unwrap().get(0)
    };
    assert_eq!(roles(&mut database.client()), 0);
    let mut command = checkout.command(&["db:rehearse"]);
    // there it runs, twice as any file, and the second time it is in its own way
    finish(command.env("SHADOW_DATABASE_URL", &private))
        .exits(4)
        .says("a second run fails: [42710] role \"reached\" already exists");
    assert_eq!(roles(&mut database.client()), 0);
    assert_eq!(roles(&mut Client::connect(&private, NoTls).unwrap()), 1);

    // it is a standby, and the private server too
    checkout.run(&["db:down"]).exits(0);
    let data = checkout.root().join(".dbtask/data");
    let mark = data.join("standby.signal");
    std::fs::write(&mark, "").unwrap();
    Account::owning(&data).unwrap().give(&mark).unwrap();
    checkout.migration("V00004__role.sql", "CREATE TABLE IF NOT EXISTS t ();\n");
    let mut command = checkout.command(&["db:rehearse"]);
    finish(command.env("DATABASE_URL", &private))
        .exits(1)
        .says("is a standby")
        .says("SHADOW_DATABASE_URL='postgres://")
        .hides("CREATEDB");
    let mut command = checkout.command(&["db:rehearse"]);
    command.env("DATABASE_URL", &private);
    finish(command.env("SHADOW_DATABASE_URL", database.url()))
        .exits(0)
        .says(&format!("on 127.0.0.1:{}", database.server().port));
    checkout.run(&["db:down", "--delete"]).exits(0);
}

#[test]
fn it_has_the_target_s_encoding_locale_settings_and_extensions() {
    let database = TestDatabase::new();
    let name = database.name();
    let mut client = database.server().client("postgres");
    client.batch_execute(&format!("DROP DATABASE {name}")).unwrap();
    client
        .batch_execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';"
        ))
        .unwrap();
    client
        .batch_execute(&format!(
            "ALTER DATABASE {name} SET search_path = 'App s', public; ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'; \
             ALTER DATABASE {name} SET default_transaction_read_only = off"
        ))
        .unwrap();
    let mut inside = database.client();
    inside.batch_execute("CREATE SCHEMA \"App s\"").unwrap();
    let available: bool = inside
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext')",
            &[],
        )
        .unwrap()
        .get(0);
    let extension = if available {
        inside
            .batch_execute("CREATE EXTENSION citext SCHEMA \"App s\" VERSION '1.5'")
            .unwrap();
        "ASSERT 'a'::\"App s\".citext = 'A';\n ASSERT (SELECT extversion FROM pg_extension WHERE extname = 'citext') = '1.5';\n"
    } else {
        ""
    };
    let checkout = Checkout::on(&database);
    checkout.migration(
        "V00001__look.sql",
        &format!(
            "DO $$ BEGIN\n ASSERT current_database() LIKE 'dbtask!_shadow!_%' ESCAPE '!';\n \
             ASSERT (SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database \
               WHERE datname = current_database()) = 'LATIN1 C C';\n \
             ASSERT current_setting('search_path') = '\"App s\", public', current_setting('search_path');\n \
             ASSERT current_setting('timezone') = 'Asia/Tokyo';\n{extension}END $$;\n"
        ),
    );
    // the schema of the search_path comes with the extension, else nobody makes it
    checkout.run(&["db:rehearse"]).exits(0);
}
