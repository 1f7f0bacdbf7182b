//! The guard where nobody marked anything: a database that is not on this machine and not empty.

use crate::support::{Checkout, TestDatabase, shop};

/// The same database by a name that is not this machine's: `hostaddr` says where it really is.
pub fn remote(database: &TestDatabase) -> Checkout {
    let checkout = Checkout::new();
    checkout.write(".env", format!("DATABASE_URL={}\n", remote_url(&database.url())));
    shop(&checkout);
    checkout
}

pub fn remote_url(url: &str) -> String {
    format!("{}?hostaddr=127.0.0.1", url.replace("127.0.0.1", "db.example.com"))
}

#[test]
fn a_remote_database_that_is_not_empty_refuses_push_baseline_drop_reset_and_restore() {
    let database = TestDatabase::new();
    let checkout = remote(&database);
    checkout.run(&["db:push"]).exits(0).says("applied 3 files");
    let backup = checkout.run(&["db:backup", "--json"]).exits(0).json()["file"]
        .as_str()
        .unwrap()
        .to_owned();
    let name = database.name();
    for arguments in [
        &["db:push"][..],
        &["db:baseline", "3", "--yes", name],
        &["db:drop", "--yes", name],
        &["db:reset", "--yes", name],
        &["db:restore", &backup, "--swap", "--yes", name],
    ] {
        checkout
            .run(arguments)
            .exits(3)
            .says(&format!("`{}` is refused", arguments[0]))
            .says("is treated as production")
            .says("nothing was changed")
            .says("cargo xtask db:backup");
    }
    assert!(database.has("users"));
    checkout.run(&["db:status", "--check"]).exits(0);
    checkout.run(&["db:push", "--dry-run"]).exits(0).says("nothing to do");
}

#[test]
fn an_empty_remote_database_takes_its_first_push() {
    let database = TestDatabase::new();
    remote(&database).run(&["db:push"]).exits(0);
}

#[test]
fn a_refusal_names_the_steps_with_the_commands_for_this_database() {
    let database = TestDatabase::new();
    let checkout = remote(&database);
    checkout.run(&["db:push"]).exits(0);
    std::fs::rename(checkout.root().join(".env"), checkout.root().join("prod.env")).unwrap();
    let run = checkout.run(&["db:push", "--env-file", "prod.env"]).exits(3);
    for command in [
        "`cargo xtask db:plan FILE --env-file prod.env`",
        "`cargo xtask db:backup --verify --env-file prod.env`",
        "`cargo xtask db:rehearse FILE --env-file prod.env`",
        "`cargo xtask db:apply FILE --env-file prod.env`",
        "`cargo xtask db:check --env-file prod.env`",
        "`cargo xtask db:mark development --env-file prod.env`",
    ] {
        assert!(run.text().contains(command), "{command} is not in {}", run.text());
    }
}

#[test]
fn a_reset_never_pushes_to_another_database_than_the_one_that_it_emptied() {
    let (here, there) = (TestDatabase::new(), TestDatabase::new());
    let checkout = Checkout::new();
    shop(&checkout);
    checkout.write(
        ".env",
        format!("DATABASE_URL={}\nDIRECT_DATABASE_URL={}\n", here.url(), there.url()),
    );
    checkout
        .run(&["db:reset", "--yes", here.name()])
        .exits(3)
        .says("lead to different databases")
        .says("was not touched");
    assert!(!there.has("users"));
    // a URL that is typed for one command is not overruled by the file
    let scratch = TestDatabase::new();
    crate::support::finish(checkout.command(&["db:push"]).env("DATABASE_URL", scratch.url())).exits(0);
    assert!(scratch.has("users") && !there.has("users"));
}

#[test]
fn a_typing_error_in_a_remote_url_creates_no_database() {
    let database = TestDatabase::new();
    let checkout = Checkout::new();
    shop(&checkout);
    let url = database.url().replace("127.0.0.1", "db.example.com");
    checkout.write(".env", format!("DATABASE_URL={url}_typo?hostaddr=127.0.0.1\n"));
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("[3D000]")
        .says("or create it there")
        .hides("created");
}
