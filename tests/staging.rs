//! Staging vouches for a file: `db:rehearse --on` applies it there, `db:apply --require-staging` asks for that.

use serde_json::Value;

use crate::support::{Checkout, Run, Server, TestDatabase, shop};

const NEXT: &str = "migrations/V00004__add_phone.sql";
const PHONE: &str = "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone text;\n";

/// Production and staging with the shop's files, and one more file, all of them committed.
struct Path {
    production: TestDatabase,
    staging: TestDatabase,
    checkout: Checkout,
}

impl Path {
    fn new() -> Path {
        let (production, staging) = (TestDatabase::new(), TestDatabase::new());
        let checkout = Checkout::new();
        shop(&checkout);
        checkout.write(
            ".env",
            format!(
                "DATABASE_URL={}\nSTAGING_DATABASE_URL={}\n",
                production.url(),
                staging.url()
            ),
        );
        checkout.write("staging.env", format!("DATABASE_URL={}\n", staging.url()));
        let path = Path {
            production,
            staging,
            checkout,
        };
        path.run(&["db:push"]).exits(0);
        path.run(&["db:mark", "production"]).exits(0);
        path.there(&["db:push"]).exits(0);
        path.there(&["db:mark", "staging"]).exits(0);
        path.checkout.migration("V00004__add_phone.sql", PHONE);
        path.checkout.commit_migrations();
        path
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.checkout.run(arguments)
    }

    /// With DATABASE_URL naming staging.
    fn there(&self, arguments: &[&str]) -> Run {
        self.run(&[arguments, &["--env-file", "staging.env"]].concat())
    }

    fn rehearse(&self) -> Run {
        self.run(&["db:rehearse", "--on", "STAGING_DATABASE_URL"])
    }

    fn apply(&self, files: &[&str]) -> Run {
        let fixed = ["db:apply", "--require-staging", "--yes", self.production.name()];
        self.run(&[&fixed, files].concat())
    }

    fn commit(&self) {
        self.checkout.git(&["add", "migrations"]);
        self.checkout.git(&["commit", "--quiet", "--message", "more"]);
    }

    /// Refused, and production is as it was.
    #[track_caller]
    fn refused(&self, files: &[&str], code: i32) -> Run {
        let run = self.apply(files).exits(code).says("now: nothing was changed");
        assert_eq!(versions(&self.production), [1, 2, 3]);
        assert!(
            !self.checkout.root().join("backups").exists(),
            "a backup was taken first"
        );
        run
    }
}

fn versions(database: &TestDatabase) -> Vec<i32> {
    let sql = "SELECT version FROM refinery_schema_history ORDER BY version";
    let rows = database.client().query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn what_was_rehearsed_on_staging_is_applied_to_production() {
    let path = Path::new();
    path.refused(&["4"], 3)
        .says("staging does not vouch for 1 of 1 file")
        .says(&format!("`{NEXT}` was not applied there"))
        .says(&format!("staging is database `{}`", path.staging.name()))
        .says("cargo xtask db:rehearse --on STAGING_DATABASE_URL");
    let run = path
        .run(&["db:rehearse", "--on", "STAGING_DATABASE_URL", "--json"])
        .exits(0);
    let json = run.json();
    assert_eq!(json["applied"][0]["file"], NEXT);
    assert_eq!(json["checks_passed"], 5);
    assert_ne!(json["plan"], json["fingerprint_behind"]);
    assert_eq!(versions(&path.staging), [1, 2, 3, 4]);
    assert_eq!(versions(&path.production), [1, 2, 3]);
    let log = path.there(&["db:log", "--json"]).exits(0).json();
    let details = &log["log"][3]["details"];
    assert_eq!(
        (&details["environment"], &log["log"][3]["event"]),
        (&"staging".into(), &"apply".into())
    );
    assert_eq!(details["plan"], json["plan"]);
    path.rehearse().exits(0).says("nothing is pending");
    path.apply(&["4"])
        .exits(0)
        .says(&format!("{NEXT}: applied there on 20"))
        .says(", by role postgres");
    assert_eq!(versions(&path.production), [1, 2, 3, 4]);
}

#[test]
fn a_file_that_fails_on_staging_or_a_check_there_leaves_it_as_it_was() {
    let path = Path::new();
    path.checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone text;\n",
    );
    path.rehearse()
        .exits(1)
        .says("failed to apply `migrations/V00004__add_phone.sql`")
        .says("cargo xtask db:rehearse --on STAGING_DATABASE_URL")
        .hides("db:push");
    path.checkout.migration("V00004__add_phone.sql", PHONE);
    path.checkout.write(
        "migrations/checks/phones.sql",
        "SELECT id FROM users WHERE phone IS NULL\n",
    );
    path.rehearse().exits(1).says("failed  phones");
    assert_eq!(versions(&path.staging), [1, 2, 3]);
}

#[test]
fn another_content_does_not_count_whichever_of_the_two_was_edited() {
    let path = Path::new();
    path.checkout.migration(
        "V00004__add_phone.sql",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS phone int;\n",
    );
    path.rehearse().exits(0);
    path.checkout.migration("V00004__add_phone.sql", PHONE);
    path.refused(&["4"], 3)
        .says(&format!("`{NEXT}` is not what was applied there on 20"))
        .says("it was edited since")
        .says("bring staging to where this database is");
    // repaired there it has the checksum, and was never executed
    path.there(&["db:repair", "4", "--reason", "a comment", "--yes", path.staging.name()])
        .exits(0);
    path.refused(&["4"], 3)
        .says(&format!("`{NEXT}` was only recorded there, by `db:repair` on 20"))
        .says("by role postgres");
}

#[test]
fn what_was_only_recorded_on_staging_does_not_count() {
    let (path, other) = (Path::new(), TestDatabase::new());
    let use_other = |environment: &str| {
        path.checkout
            .write("staging.env", format!("DATABASE_URL={}\n", other.url()));
        path.checkout.write(
            ".env",
            format!(
                "DATABASE_URL={}\nSTAGING_DATABASE_URL={}\n",
                path.production.url(),
                other.url()
            ),
        );
        path.there(&["db:mark", environment]).exits(0);
    };
    other
        .client()
        .batch_execute("CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, phone text)")
        .unwrap();
    use_other("staging");
    path.there(&["db:baseline", "4", "--yes", other.name()]).exits(0);
    path.refused(&["4"], 3)
        .says(&format!("`{NEXT}` is in the history there since 20"))
        .says("no record says that it was executed");
}

#[test]
fn an_entry_of_another_time_or_database_does_not_count() {
    let path = Path::new();
    // applied when it was marked development
    path.there(&["db:mark", "development"]).exits(0);
    path.there(&["db:apply", "4", "--yes", path.staging.name()]).exits(0);
    std::fs::remove_dir_all(path.checkout.root().join("backups")).unwrap();
    path.refused(&["4"], 3)
        .says("leads to no staging database")
        .says("it is marked development (by `postgres`")
        .says("cargo xtask db:mark staging");
    path.there(&["db:mark", "staging"]).exits(0);
    path.refused(&["4"], 3)
        .says("when that database was not marked staging");
    // a copy has the journal, and neither the mark nor the identity
    let copy = format!("{}_copy", path.staging.name());
    let original = Path::new();
    original.rehearse().exits(0);
    let server = Server::get();
    server
        .client("postgres")
        .batch_execute(&format!("CREATE DATABASE {copy} TEMPLATE {}", original.staging.name()))
        .unwrap();
    let url = server.url(&copy);
    original.checkout.write(
        ".env",
        format!(
            "DATABASE_URL={}\nSTAGING_DATABASE_URL={url}\n",
            original.production.url()
        ),
    );
    original
        .refused(&["4"], 3)
        .says("nobody marked it")
        .says("its mark, staging, is another database's");
    original.checkout.write("staging.env", format!("DATABASE_URL={url}\n"));
    original.there(&["db:mark", "staging"]).exits(0);
    original.refused(&["4"], 3).says("or in the one that it is a copy of");
    server
        .client("postgres")
        .batch_execute(&format!("DROP DATABASE {copy} WITH (FORCE)"))
        .unwrap();
}

#[test]
fn what_db_push_and_db_apply_do_on_staging_counts_too() {
    let path = Path::new();
    path.checkout.migration(
        "V00005__index.sql",
        "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS users_phone ON users (phone);\n",
    );
    path.checkout
        .migration("V00006__later.sql", "CREATE TABLE IF NOT EXISTS later ();\n");
    path.commit();
    path.there(&["db:push", "--to", "5"]).exits(0);
    path.there(&["db:apply", "6", "--yes", path.staging.name()]).exits(0);
    let log = path.there(&["db:log", "--json"]).exits(0).json();
    let events: Vec<&Value> = log["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["event"])
        .collect();
    assert_eq!(events, ["history", "history", "history", "push", "push", "apply"]);
    assert!(log["log"][3]["details"]["commit"].is_string());
    path.apply(&["4", "5", "6"]).exits(0);
    assert_eq!(versions(&path.production), [1, 2, 3, 4, 5, 6]);
    // elsewhere a push leaves no record
    let log = path.run(&["db:log", "--json"]).exits(0).json();
    assert!(!log.to_string().contains("\"push\""), "{log}");
}

#[test]
fn where_staging_is_not_there_is_production_or_is_the_target_itself_nothing_happens() {
    let path = Path::new();
    let set = |line: &str| {
        path.checkout
            .write(".env", format!("DATABASE_URL={}\n{line}\n", path.production.url()));
    };
    set("");
    path.refused(&["4"], 2)
        .hides("STAGING_STAGING")
        .says("STAGING_DATABASE_URL is not set, neither in the environment nor in `.env`")
        .says("`--require-staging` asks");
    set("STAGING_DATABASE_URL=postgres://postgres:secret@127.0.0.1:1/staging");
    path.refused(&["4"], 1)
        .says("failed to reach `127.0.0.1:1`")
        .says("correct STAGING_DATABASE_URL (read from `.env`) if it names another server")
        .hides("secret");
    path.rehearse().exits(1).says("failed to reach `127.0.0.1:1`");
    set("STAGING_DATABASE_URL=postgres://postgres:sec@ret@127.0.0.1:1/staging");
    path.refused(&["4"], 2)
        .says("it was read from STAGING_DATABASE_URL")
        .hides("sec@ret");
    set(&format!("STAGING_DATABASE_URL={}", Server::get().url("nowhere")));
    path.refused(&["4"], 1)
        .says("[3D000]")
        .says("correct the name in STAGING_DATABASE_URL");
    set(&format!("STAGING_DATABASE_URL={}", path.production.url()));
    path.refused(&["4"], 3)
        .says("STAGING_DATABASE_URL leads to no staging database")
        .says("marked production")
        .says("correct STAGING_DATABASE_URL")
        .hides("db:mark");
    path.rehearse().exits(3).says("leads to no staging database");
    let own = path.there(&["db:apply", "4", "--require-staging", "--yes", path.staging.name()]);
    own.exits(2).says("STAGING_DATABASE_URL is not set");
    path.checkout.write(
        "staging.env",
        format!("DATABASE_URL={0}\nSTAGING_DATABASE_URL={0}\n", path.staging.url()),
    );
    path.there(&["db:apply", "4", "--require-staging", "--yes", path.staging.name()])
        .exits(3)
        .says("STAGING_DATABASE_URL and DATABASE_URL lead to the same database");
    // an address has no place on the command line
    path.run(&["db:rehearse", "--on", "postgres://postgres:secret@127.0.0.1:1/staging"])
        .exits(2)
        .says("is no name of a variable")
        .says("type `--on STAGING_DATABASE_URL`")
        .hides("secret");
    assert_eq!(versions(&path.staging), [1, 2, 3]);
}

#[test]
fn the_policy_of_the_folder_can_ask_for_staging_so_that_nobody_forgets() {
    let path = Path::new();
    path.checkout
        .write("migrations/policy.toml", "require_staging = true\n");
    path.commit();
    let plain = ["db:apply", "4", "--yes", path.production.name()];
    path.run(&plain).exits(3).says("staging does not vouch for 1 of 1 file");
    path.checkout
        .write(".env", format!("DATABASE_URL={}\n", path.production.url()));
    path.run(&plain)
        .exits(2)
        .says("`require_staging` in `migrations/policy.toml` asks");
    // staging itself is asked for nothing
    path.there(&["db:apply", "4", "--yes", path.staging.name()]).exits(0);
    path.checkout.write(
        ".env",
        format!(
            "DATABASE_URL={}\nSTAGING_DATABASE_URL={}\n",
            path.production.url(),
            path.staging.url()
        ),
    );
    path.run(&plain).exits(0).says(&format!("{NEXT}: applied there on 20"));
}

#[test]
fn repeatable_files_take_the_same_way() {
    let path = Path::new();
    let emails = |sql: &str| {
        path.checkout.migration("R__emails.sql", sql);
        path.commit();
    };
    emails("CREATE OR REPLACE VIEW emails AS SELECT email FROM users;\n");
    path.refused(&["4", "R__emails.sql"], 3)
        .says("staging does not vouch for 2 of 2 files")
        .says("`migrations/R__emails.sql` was not applied there");
    path.rehearse().exits(0).says("applied 2 files on staging");
    path.apply(&["4", "R__emails.sql"])
        .exits(0)
        .says("migrations/R__emails.sql: applied there on 20");
    assert!(path.production.has("emails"));
    emails("CREATE OR REPLACE VIEW emails AS SELECT email, id FROM users;\n");
    path.apply(&["R__emails.sql"])
        .exits(3)
        .says("`migrations/R__emails.sql` is not what was applied there on 20");
    // a push while it was not marked staging does not count, one while it is does
    path.there(&["db:mark", "development"]).exits(0);
    path.there(&["db:push"]).exits(0);
    path.there(&["db:mark", "staging"]).exits(0);
    path.apply(&["R__emails.sql"])
        .exits(3)
        .says("when that database was not marked staging");
    emails("CREATE OR REPLACE VIEW emails AS SELECT email, id, phone FROM users;\n");
    path.there(&["db:push"]).exits(0);
    path.apply(&["R__emails.sql"]).exits(0);
    // one line for each run, also where two entries speak of it
    let log = path.there(&["db:log"]).exits(0).text();
    assert_eq!(log.matches("R__emails.sql").count(), 3, "{log}");
}
