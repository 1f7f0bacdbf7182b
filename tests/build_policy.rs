//! The SQL policy through cargo: a migration that breaks it does not build, one that it only warns of does, and what the
//! build script keeps from run to run changes nothing about either.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::build_script::cargo;
use crate::support::{Checkout, Run, finish, workspace_profile};

/// A workspace with a member `service`, built as this one builds `app`.
struct Service {
    checkout: Checkout,
    target: PathBuf,
    /// One at a time: they are one package to cargo, wherever they lie.
    _turn: File,
}

impl Service {
    fn new() -> Service {
        // what is not the service itself is compiled for the first run of all, and stays
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy");
        fs::create_dir_all(&target).unwrap();
        let turn = File::create(target.join("turn")).unwrap();
        turn.lock().unwrap();
        let checkout = Checkout::new();
        checkout.service(
            &["lint"],
            &workspace_profile(),
            "static MIGRATIONS: &[(&str, &str, u64)] = include!(concat!(env!(\"OUT_DIR\"), \"/migrations.rs\"));\n\
             fn main() {\n    println!(\"{} files\", MIGRATIONS.len());\n}\n",
        );
        Service {
            checkout,
            target,
            _turn: turn,
        }
    }

    fn run(&self) -> Run {
        finish(
            cargo()
                .args(["run", "--offline", "--color", "never"])
                .current_dir(self.checkout.root())
                .env("CARGO_TARGET_DIR", &self.target),
        )
    }

    /// What the build script told cargo at a level, without cargo's words before it.
    fn told(run: &Run, level: &str) -> Vec<String> {
        let prefix = format!("{level}: service@1.0.0: ");
        let lines = run.stderr.lines().filter_map(|line| line.strip_prefix(&prefix));
        lines.map(str::to_owned).collect()
    }
}

const USERS: &str = "CREATE TABLE IF NOT EXISTS users (\n    id bigint PRIMARY KEY,\n    email text NOT NULL\n);\n";
const INDEX: &str = "-- people sign in with it\nCREATE INDEX IF NOT EXISTS users_email_idx ON users (email);\n";
const LOG: &str = "CREATE TABLE IF NOT EXISTS log (\n    entry json\n);\n";

#[test]
fn what_breaks_the_policy_does_not_build_until_it_is_mended_or_allowed() {
    let service = Service::new();
    let index = |text: &str| service.checkout.migration("V00002__index_email.sql", text);
    service.checkout.migration("V00001__create_users.sql", USERS);
    index(INDEX);
    let run = service.run().exits(101).hides("panicked");
    let told = Service::told(&run, "error");
    assert!(
        told[0].starts_with("migrations/V00002__index_email.sql:2:1: ") && told[0].ends_with(" [blocking-index]"),
        "{told:#?}"
    );
    assert!(told[1].starts_with("  why: it takes SHARE on the table"), "{told:#?}");
    assert!(told[2].starts_with("  help: "), "{told:#?}");
    let rewrite = "        CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);";
    assert!(told[3..].iter().any(|line| line == rewrite), "{told:#?}");

    // it is told each time, not only when the script runs first
    let again = service.run().exits(101);
    assert_eq!(Service::told(&again, "error"), told);

    // allowed where it stands
    index(&INDEX.replace("\nCREATE", "\n-- dbtask:allow(blocking-index): ten rows\nCREATE"));
    service.run().exits(0).says("2 files").hides("blocking-index");
    // an escape without a reason, and mended as the help says
    index(&INDEX.replace("\nCREATE", "\n-- dbtask:allow(blocking-index)\nCREATE"));
    service.run().exits(101).says("the directive gives no reason");
    index(
        "-- dbtask:no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS users_email_idx;\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);\n",
    );
    let run = service.run().exits(0).says("2 files");
    for level in ["error", "warning"] {
        assert!(Service::told(&run, level).is_empty(), "{}", run.stderr);
    }
}

#[test]
fn what_the_policy_warns_of_builds_and_is_told_whatever_file_is_edited() {
    let service = Service::new();
    service.checkout.migration("V00001__create_users.sql", USERS);
    service.checkout.migration("V00002__log.sql", LOG);
    let run = service.run().exits(0).says("2 files");
    let told = Service::told(&run, "warning");
    assert!(
        told[0].starts_with("migrations/V00002__log.sql:2:11: ") && told[0].ends_with(" [json-not-jsonb]"),
        "{told:#?}"
    );

    // an edit elsewhere: the script runs anew, and takes this file's findings from its last run
    service
        .checkout
        .migration("V00001__create_users.sql", &format!("-- people\n{USERS}"));
    let run = service.run().exits(0).says("Compiling service");
    assert_eq!(Service::told(&run, "warning"), told);
    // one that the later file hangs on: its table is another file's now
    service
        .checkout
        .migration("V00001__create_users.sql", &format!("{USERS}{LOG}"));
    service
        .checkout
        .migration("V00002__log.sql", "ALTER TABLE log ALTER COLUMN entry TYPE jsonb;\n");
    service.run().exits(101).says("V00002__log.sql:1:").says("[alter-type]");

    // the policy is a file of the folder like others
    service.checkout.migration("V00001__create_users.sql", USERS);
    service.checkout.migration("V00002__log.sql", LOG);
    service
        .checkout
        .migration("policy.toml", "[levels]\njson-not-jsonb = \"error\"\n");
    let run = service.run().exits(101);
    assert_eq!(Service::told(&run, "error"), told);
    service
        .checkout
        .migration("policy.toml", "[levels]\njson-not-jsonb = \"allow\"\n");
    service.run().exits(0).hides("json-not-jsonb");
}
