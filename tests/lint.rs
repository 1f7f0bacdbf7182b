//! The SQL policy on the command line: `db:lint`, `db:explain`. The rules themselves are tested where they stand.

use crate::support::{Checkout, TestDatabase};

const BLOCKING: &str = "CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);\n";

/// A table, and a file with two errors and a warning about it.
fn checkout() -> Checkout {
    let checkout = Checkout::new();
    checkout
        .migration(
            "V00001__create_users.sql",
            "CREATE TABLE IF NOT EXISTS users (email text);\n",
        )
        .migration("V00002__email.sql", BLOCKING)
        .migration(
            "V00003__log.sql",
            "-- für später\nCREATE TABLE log (\n\tentry json\n);\n",
        );
    checkout
}

#[test]
fn findings_have_place_reason_and_what_to_write_and_need_no_database() {
    let run = checkout().run(&["db:lint"]).exits(1);
    for text in [
        "error[blocking-index]: ",
        " --> migrations/V00002__email.sql:1:1\n",
        "1 | CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);\n  | ^^^^^^^^^^^^",
        "  why: it takes SHARE on the table",
        "      CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);",
        "error[not-idempotent]: ",
        "warning[json-not-jsonb]: ",
        // behind a tab, which is shown as four columns
        "3 |     entry json\n  |           ^^^^\n",
    ] {
        assert!(run.stdout.contains(text), "{text:?} is not in\n{}", run.stdout);
    }
    assert!(
        run.stderr.starts_with("2 errors, 1 warning in 3 files; "),
        "{}",
        run.stderr
    );
    assert!(!run.stdout.contains('\u{1b}'), "no colour where there is no terminal");
}

#[test]
fn a_terminal_gets_colour() {
    let run = checkout().run_on_terminal(&["db:lint"], "").exits(1);
    assert!(
        run.stdout.contains("\u{1b}[1m\u{1b}[31merror[blocking-index]"),
        "{:?}",
        run.stdout
    );
}

#[test]
fn a_folder_in_order_has_no_findings() {
    let checkout = Checkout::new();
    checkout.migration(
        "V00001__create_users.sql",
        "CREATE TABLE IF NOT EXISTS users (email text);\n",
    );
    checkout.run(&["db:lint"]).exits(0).says("no findings in 1 file");
}

/// They come last, whatever their names, and are judged whatever `after` says.
#[test]
fn repeatable_files_are_held_against_it_like_numbered_ones() {
    let checkout = Checkout::new();
    checkout
        .migration(
            "V00001__create_users.sql",
            "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
        )
        .migration(
            "R__active.sql",
            "DROP VIEW IF EXISTS active;\nCREATE VIEW active AS SELECT id FROM users;\n",
        );
    checkout.write("migrations/policy.toml", "after = 1\n");
    checkout.run(&["db:lint"]).exits(0).says("no findings in 2 files");

    checkout
        .migration("R__broken.sql", "CREATE OR REPLACE VIEW broken AS SELEC 1;\n")
        .migration("R__emptied.sql", "DELETE FROM users;\n")
        .migration(
            "R__index.sql",
            "CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);\n",
        )
        .migration("R__once.sql", "-- again\nCREATE VIEW once AS SELECT 1 AS a;\n")
        .migration(
            "R__untold.sql",
            "-- dbtask:allow(drop-data): nobody reads it\nDELETE FROM users;\n",
        );
    let run = checkout.run(&["db:lint"]).exits(1);
    for text in [
        "error[syntax]: ",
        " --> migrations/R__broken.sql:1:34\n",
        "error[drop-data]: every row of `users` is deleted\n --> migrations/R__emptied.sql:1:1\n",
        "error[blocking-index]: ",
        "do it in numbered files, `cargo xtask db:new NAME`\n      put it into a file of its own:\n      -- dbtask:no-transaction\n",
        "error[not-idempotent]: `CREATE VIEW once` fails when it is there already\n --> migrations/R__once.sql:2:1\n",
    ] {
        assert!(run.stdout.contains(text), "{text:?} is not in\n{}", run.stdout);
    }
    assert!(run.stderr.starts_with("4 errors in 7 files; "), "{}", run.stderr);
    checkout
        .run(&["db:lint", "R__once.sql"])
        .exits(1)
        .says("1 error in 1 file");
}

#[test]
fn warnings_fail_where_that_is_asked_for() {
    let checkout = checkout();
    let only = ["db:lint", "V00003__log.sql", "--deny-warnings"];
    checkout.write("migrations/policy.toml", "[levels]\nnot-idempotent = \"allow\"\n");
    checkout
        .run(&only[..2])
        .exits(0)
        .says("1 warning in 1 file")
        .hides("V00002");
    checkout.run(&only).exits(1);
    checkout
        .run(&["db:lint", "V00009__gone.sql"])
        .exits(2)
        .says("no migration has the name `V00009__gone.sql`");
    checkout.write("migrations/policy.toml", "[levels]\nnot-idempotnt = \"allow\"\n");
    checkout
        .run(&["db:lint"])
        .exits(1)
        .says("migrations/policy.toml:2:1: there is no rule `not-idempotnt`")
        .says("did you mean `not-idempotent`?");
}

#[test]
fn machines_get_json_annotations_and_sarif() {
    let checkout = checkout();
    let json = checkout.run(&["db:lint", "--json"]).exits(1).json();
    assert_eq!((&json["errors"], &json["warnings"]), (&2.into(), &1.into()));
    let found = &json["findings"][2];
    assert_eq!(found["rule"], "json-not-jsonb");
    assert_eq!(
        (&found["file"], &found["line"], &found["column"]),
        (&"migrations/V00003__log.sql".into(), &3.into(), &8.into())
    );
    let edit = &found["edits"][0];
    let sql = std::fs::read_to_string(checkout.root().join("migrations/V00003__log.sql")).unwrap();
    let offset = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
    let range = offset("start")..offset("end");
    assert_eq!((&sql[range], &edit["text"]), ("json", &"jsonb".into()));

    let github = checkout.run(&["db:lint", "--format", "github"]).exits(1).stdout;
    let first = github.lines().next().unwrap();
    assert!(
        first.starts_with("::error file=migrations/V00002__email.sql,line=1,endLine=1,col=1,"),
        "{first}"
    );
    assert!(
        first.contains(",title=blocking-index::") && first.contains("%0Ahelp: "),
        "{first}"
    );
    assert_eq!(github.lines().count(), 3, "one line a finding");

    let sarif: serde_json::Value =
        serde_json::from_str(&checkout.run(&["db:lint", "--format", "sarif"]).exits(1).stdout).unwrap();
    let run = &sarif["runs"][0];
    let result = &run["results"][2];
    assert_eq!(result["ruleId"], "json-not-jsonb");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 8);
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "jsonb");
    assert_eq!(replacement["deletedRegion"]["byteLength"], 4);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
    }
}

#[test]
fn hundreds_of_findings_stay_readable() {
    let checkout = Checkout::new();
    for n in 1..=300 {
        checkout.migration(&format!("V{n:05}__t.sql"), &format!("CREATE TABLE t{n} (x int);\n"));
    }
    let run = checkout.run(&["db:lint"]).exits(1);
    assert!(
        run.stdout
            .contains("not-idempotent: 295 more findings, at\n  migrations/V00006__t.sql:1:"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.lines().count() < 80, "{}", run.stdout);
    assert!(run.stderr.starts_with("300 errors in 300 files"), "{}", run.stderr);
    let all = checkout.run(&["db:lint", "--all"]).exits(1);
    assert_eq!(all.stdout.matches("error[not-idempotent]").count(), 300);
}

#[test]
fn safe_changes_are_made_where_nobody_has_applied_the_file() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__a.sql", "CREATE TABLE a (x json);\n");
    checkout.run(&["db:push"]).exits(0);
    checkout
        .migration("V00002__b.sql", "CREATE TABLE b (x json);\n")
        .commit_migrations();
    checkout
        .migration(
            "V00003__c.sql",
            "CREATE TABLE c (x json, y JSON[]);\nCREATE INDEX c_idx ON c (x);\n",
        )
        .migration("R__d.sql", "CREATE VIEW d AS SELECT 1 AS one;\n");
    checkout
        .run(&["db:lint", "--fix"])
        .exits(1)
        .says("`migrations/V00001__a.sql` is left as it is: it is applied to the database of DATABASE_URL")
        .says("`migrations/V00002__b.sql` is left as it is: git has committed it")
        .says("fixed  migrations/V00003__c.sql: 4 findings");
    let read = |name: &str| std::fs::read_to_string(checkout.root().join("migrations").join(name)).unwrap();
    assert_eq!(
        read("V00003__c.sql"),
        "CREATE TABLE IF NOT EXISTS c (x jsonb, y jsonb[]);\nCREATE INDEX IF NOT EXISTS c_idx ON c (x);\n"
    );
    assert_eq!(read("V00001__a.sql"), "CREATE TABLE a (x json);\n");
    assert_eq!(read("V00002__b.sql"), "CREATE TABLE b (x json);\n");
    assert_eq!(read("R__d.sql"), "CREATE OR REPLACE VIEW d AS SELECT 1 AS one;\n");
    checkout.run(&["db:lint", "V00003__c.sql"]).exits(0);
}

#[test]
fn without_git_and_database_nothing_is_changed() {
    let checkout = checkout();
    checkout
        .run(&["db:lint", "--fix"])
        .exits(3)
        .says("`--fix` cannot tell which files are applied somewhere")
        .says("no file was changed");
    let sql = std::fs::read_to_string(checkout.root().join("migrations/V00002__email.sql")).unwrap();
    assert_eq!(sql, BLOCKING);
}

#[test]
fn each_rule_has_a_page() {
    let checkout = Checkout::new();
    let list = checkout.run(&["db:explain", "--json"]).exits(0).json();
    let rules = list["rules"].as_array().unwrap();
    assert!(rules.len() >= 25);
    let text = checkout.run(&["db:explain"]).exits(0).stdout;
    for rule in rules {
        assert!(text.contains(rule["summary"].as_str().unwrap()));
    }
    checkout
        .run(&["db:explain", "blocking-index"])
        .exits(0)
        .says("blocking-index (error): ")
        .says("What it catches\n")
        .says("https://www.postgresql.org/docs/");
    checkout
        .run(&["db:explain", "blocking-indx"])
        .exits(2)
        .says("there is no rule `blocking-indx`")
        .says("did you mean `cargo xtask db:explain blocking-index`?");
    checkout.write("migrations/policy.toml", "[levels]\nblocking-index = \"warning\"\n");
    checkout
        .run(&["db:explain", "blocking-index"])
        .exits(0)
        .says("blocking-index (warning): ");
}
