//! The command line: help that teaches, "did you mean", exit codes, colour.

use expect_test::expect_file;

use crate::support::{Checkout, TestDatabase, finish, shop};

const COMMANDS: &[&str] = &[
    "setup",
    "db:push",
    "db:status",
    "db:new",
    "db:schema",
    "db:drift",
    "db:drop",
    "db:reset",
    "db:baseline",
    "db:repair",
    "db:backup",
    "db:restore",
    "db:mark",
    "db:plan",
    "db:rehearse",
    "db:apply",
    "db:log",
    "db:check",
    "db:up",
    "db:down",
];

#[test]
fn help_is_what_the_snapshots_say() {
    let checkout = Checkout::new();
    expect_file!["snapshots/help.txt"].assert_eq(&checkout.run(&["--help"]).exits(0).stdout);
    for &command in COMMANDS {
        let help = checkout.run(&[command, "--help"]).exits(0).stdout;
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots");
        expect_file![format!("{path}/help-{}.txt", command.replace(':', "-"))].assert_eq(&help);
    }
}

#[test]
fn a_typing_error_gets_the_right_word() {
    let checkout = Checkout::new();
    checkout.run(&["db:psuh"]).exits(2).says("db:push");
    checkout.run(&["push"]).exits(2).says("db:push");
    checkout.run(&["db:push", "--dryrun"]).exits(2).says("--dry-run");
    checkout.run(&[]).exits(2).says("db:push");
}

#[test]
fn colour_is_for_terminals_alone() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.migration("V00004__bad.sql", "SELEC 1;\n");
    checkout.run(&["db:push"]).exits(1).hides("\x1b[");
    checkout.run_on_terminal(&["db:push"], "").exits(1).says("\x1b[");
    let mut command = checkout.command(&["db:push"]);
    command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "");
    finish(&mut command).exits(1).hides("\x1b[");
}

#[test]
fn the_migrations_folder_can_be_elsewhere() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.write("db/V1__x.sql", "CREATE TABLE x ();\n");
    checkout
        .run(&["db:push", "--migrations", "db"])
        .exits(0)
        .says("applied  db/V1__x.sql");
    checkout
        .run(&["db:push", "--migrations", "nowhere"])
        .exits(1)
        .says("nowhere")
        .says("help:");
}

#[test]
fn outside_a_workspace_it_says_so() {
    let checkout = Checkout::new();
    let outside = std::env::temp_dir();
    finish(checkout.command(&["db:status"]).current_dir(outside))
        .exits(2)
        .says("no workspace around")
        .says("[workspace]");
}
