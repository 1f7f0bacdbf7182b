//! No password in any output, in any argument list.

use crate::support::{Checkout, TestDatabase, finish, shop};

#[test]
fn no_command_prints_the_password_whatever_goes_wrong() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let secret = "s3cr3t-%C3%A4-p4ss";
    let url = database.url();
    let (head, tail) = url.split_once("://").unwrap();
    let (user, rest) = tail.split_once('@').unwrap();
    let user = user.split(':').next().unwrap();
    let urls = [
        format!("{head}://{user}:{secret}@{rest}"),
        format!("{head}://{user}:{secret}@{rest}?sslmode=nonsense"),
        format!("{head}://{user}:{secret}@nowhere.invalid:5432/x"),
        format!("{head}://{user}:{secret}@127.0.0.1:1/x"),
        format!("{head}://{user}:{secret}@x@127.0.0.1/x"),
        format!("mysql://{user}:{secret}@127.0.0.1/x"),
        format!("{user}:{secret}@127.0.0.1/x"),
        format!("{head}://{user}:{secret}@127.0.0.1:99999/x"),
        format!("host=127.0.0.1 password={secret}"),
    ];
    let commands = [
        &["db:push"][..],
        &["db:status"],
        &["db:drop"],
        &["db:backup"],
        &["db:push", "--json"],
        &["setup"],
    ];
    for url in &urls {
        for command in commands {
            let by_variable = finish(
                checkout
                    .command(command)
                    .env("DATABASE_URL", url)
                    .env("RUST_BACKTRACE", "1")
                    .env("RUST_LOG", "trace"),
            );
            assert_ne!(by_variable.code, Some(0), "{url}: {}", by_variable.text());
            for hidden in ["s3cr3t", "p4ss"] {
                assert!(
                    !by_variable.text().contains(hidden),
                    "{command:?} with {url}:\n{}",
                    by_variable.text()
                );
            }
            assert!(
                by_variable.stderr.contains("help:"),
                "{command:?} with {url} says nothing to do:\n{}",
                by_variable.text()
            );
        }
        checkout.write(
            "bad.env",
            format!("DATABASE_URL={url}\nthis line \" is broken {secret}\n"),
        );
        checkout
            .run(&["db:status", "--env-file", "bad.env"])
            .hides("s3cr3t")
            .hides("p4ss");
    }
}

/// Every argument list of every process is public on a usual machine.
#[test]
fn no_child_has_the_password_among_its_arguments() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let role = database.role("argv", "SUPERUSER");
    let mut busy = database.client();
    busy.batch_execute("CREATE TABLE parts (id int) PARTITION BY RANGE (id)")
        .unwrap();
    let mut transaction = busy.transaction().unwrap();
    // it has no rows of its own, so that pg_dump is the first to wait for it
    transaction
        .batch_execute("LOCK TABLE parts IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let child = checkout
        .command(&["db:backup"])
        .env("DATABASE_URL", role.url(&database))
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen = false;
    for _ in 0..200 {
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).into_owned();
            assert!(!arguments.contains(role.password()), "{arguments}");
            seen |= arguments.contains("pg_dump") && arguments.contains(database.name());
        }
        if seen {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(
        seen || !std::path::Path::new("/proc").exists(),
        "pg_dump was never seen: the test proves nothing"
    );
    transaction.rollback().unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn another_session_s_statement_is_shown_without_its_password() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    checkout.migration(
        "V00004__column.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;\n",
    );
    let mut busy = database.client();
    busy.batch_execute("BEGIN; LOCK TABLE users; DO $$ BEGIN PERFORM 'password s3cr3t'; END $$")
        .unwrap();
    checkout
        .run(&["db:push", "--lock-budget", "1s"])
        .exits(1)
        .says("in the way: pid ")
        .says("LOCK TABLE users")
        .hides("s3cr3t");
    busy.batch_execute("ROLLBACK").unwrap();
}

#[test]
fn a_variable_for_libpq_leads_no_tool_to_another_server() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    for (name, value) in [
        ("PGHOSTADDR", "127.0.0.9"),
        ("PGSERVICE", "nowhere"),
        ("PGOPTIONS", "-c nonsense=1"),
    ] {
        finish(checkout.command(&["db:backup"]).env(name, value)).exits(0);
    }
}
