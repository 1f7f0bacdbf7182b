//! The guard, in a table of situations: marker × host × role × options × environment × copy × pooler. Where it refuses,
//! not one statement that changes anything reaches the database; where it does not, the commands do their work.

use std::fmt::Write as _;
use std::time::Duration;

use crate::guard::remote_url;
use crate::preflight::Pooler;
use crate::support::{Checkout, TestDatabase, finish, shop};

/// Counts every statement that changes something, also of a transaction that is rolled back: a sequence never goes back.
const AUDIT: &str = "
CREATE SCHEMA audit;
CREATE SEQUENCE audit.statements;
CREATE FUNCTION audit.ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN PERFORM nextval('audit.statements'); END $$;
CREATE FUNCTION audit.rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN PERFORM nextval('audit.statements'); RETURN NULL; END $$;
CREATE TRIGGER audit BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON users EXECUTE FUNCTION audit.rows();
CREATE TRIGGER audit BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON refinery_schema_history EXECUTE FUNCTION audit.rows();
CREATE EVENT TRIGGER audit ON ddl_command_start EXECUTE FUNCTION audit.ddl();";

/// What is written in the database, and how it counts here and away from here.
#[derive(Debug, Clone, Copy)]
enum Marker {
    None,
    Row(&'static str),
    Setting(&'static str),
    Both(&'static str, &'static str),
    /// The row of the database that this one is a copy of.
    Copied(&'static str),
}

impl Marker {
    fn write(self, database: &TestDatabase) {
        let row = |word: &str, shift: i64| {
            format!(
                "CREATE SCHEMA dbtask; GRANT USAGE ON SCHEMA dbtask TO PUBLIC;
                 CREATE TABLE dbtask.environment AS SELECT '{word}'::text AS environment, system_identifier + {shift} AS system_identifier,
                   d.oid AS database, 'dba'::text AS marked_by, now() AS marked_at
                 FROM pg_control_system(), pg_database d WHERE datname = current_database();
                 GRANT SELECT ON dbtask.environment TO PUBLIC;"
            )
        };
        let setting = |word: &str| format!("ALTER DATABASE {} SET dbtask.environment = '{word}';", database.name());
        let sql = match self {
            Marker::None => String::new(),
            Marker::Row(word) => row(word, 0),
            Marker::Setting(word) => setting(word),
            Marker::Both(in_row, in_setting) => row(in_row, 0) + &setting(in_setting),
            Marker::Copied(word) => row(word, 1),
        };
        database.client().batch_execute(&sql).unwrap();
    }

    fn is_refused(self, host: Host) -> bool {
        match self {
            Marker::None | Marker::Copied(_) => host == Host::Away,
            Marker::Row(word) | Marker::Setting(word) => !["staging", "development"].contains(&word),
            Marker::Both(a, b) => a == "production" || b == "production",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Here,
    Away,
}

/// What somebody may try so that the guard looks away: options, variables, settings of the session.
const TRICKS: [&[(&str, &str)]; 4] = [
    &[],
    &[
        ("DBTASK_ENVIRONMENT", "development"),
        ("CI", "true"),
        ("DBTASK_FORCE", "1"),
    ],
    &[
        ("PGOPTIONS", "-c dbtask.environment=development"),
        ("PGHOST", "127.0.0.1"),
    ],
    &[
        ("ENVIRONMENT", "development"),
        ("DATABASE_ENVIRONMENT", "development"),
        ("RUST_ENV", "test"),
    ],
];

const MARKERS: [Marker; 16] = [
    Marker::None,
    Marker::Row("production"),
    Marker::Row("staging"),
    Marker::Row("development"),
    Marker::Row("PRODUCTION"),
    Marker::Setting("production"),
    Marker::Setting("staging"),
    Marker::Setting("development"),
    Marker::Setting("prod"),
    Marker::Both("production", "production"),
    Marker::Both("production", "development"),
    Marker::Both("development", "production"),
    Marker::Both("development", "development"),
    Marker::Both("staging", "production"),
    Marker::Copied("production"),
    Marker::Copied("development"),
];

/// A database with the shop's first two files applied, the third pending, and the audit; the `.env` names `url`.
fn situation(database: &TestDatabase, url: &str) -> Checkout {
    let checkout = Checkout::on(database);
    shop(&checkout);
    checkout.run(&["db:push", "--to", "2"]).exits(0);
    database.client().batch_execute(AUDIT).unwrap();
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    checkout
}

fn statements(database: &TestDatabase) -> i64 {
    database
        .client()
        .query_one(
            "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit.statements",
            &[],
        )
        .unwrap()
        .get(0)
}

/// Every command that would change something, with everything that confirms or widens it.
fn commands<'a>(name: &'a str, backup: &'a str) -> [Vec<&'a str>; 7] {
    [
        vec!["db:push"],
        vec!["db:push", "--allow-out-of-order", "--to", "3"],
        vec!["db:drop", "--yes", name],
        vec!["db:reset", "--yes", name],
        vec!["db:restore", backup, "--swap", "--yes", name, "--no-owner"],
        vec!["db:baseline", "3", "--yes", name],
        vec!["setup"],
    ]
}

/// Everything in it belongs to the role, and so does it.
fn give(database: &TestDatabase, role: &str) {
    let statement = format!(
        "ALTER DATABASE {} OWNER TO {role}; ALTER SCHEMA public OWNER TO {role}; ALTER SCHEMA audit OWNER TO {role};
         ALTER TABLE users OWNER TO {role}; ALTER TABLE orders OWNER TO {role}; ALTER TABLE refinery_schema_history OWNER TO {role};
         ALTER SEQUENCE audit.statements OWNER TO {role}; ALTER FUNCTION audit.rows() OWNER TO {role};",
        database.name()
    );
    database.client().batch_execute(&statement).unwrap();
}

/// Runs all markers on one host; what went wrong, and how many situations were refused and allowed.
fn table(host: Host) -> (String, usize, usize) {
    let original = TestDatabase::new();
    let backups = situation(&original, &original.url());
    let backup = backups.run(&["db:backup", "--json"]).exits(0).json()["file"]
        .as_str()
        .unwrap()
        .to_owned();
    let backup = backups.root().join(backup);
    let (mut refused, mut allowed, mut report) = (0, 0, String::new());
    for (n, marker) in MARKERS.into_iter().enumerate() {
        for is_superuser in [true, false] {
            let database = TestDatabase::new();
            let owner = database.role("owner", "");
            let mut url = if is_superuser {
                database.url()
            } else {
                owner.url(&database)
            };
            if host == Host::Away {
                url = remote_url(&url);
            }
            if n % 2 == 1 {
                let mark = if url.contains('?') { '&' } else { '?' };
                write!(url, "{mark}options=-cdbtask.environment%3Ddevelopment").unwrap();
            }
            let checkout = situation(&database, &url);
            if !is_superuser {
                give(&database, owner.name());
            }
            marker.write(&database);
            let case = format!("{marker:?} {host:?} superuser={is_superuser}");
            let before = statements(&database);
            let trick = TRICKS[n % TRICKS.len()];
            let run = |arguments: &[&str]| finish(checkout.command(arguments).envs(trick.iter().copied()));
            if marker.is_refused(host) {
                refused += 1;
                for arguments in commands(database.name(), backup.to_str().unwrap()) {
                    let run = run(&arguments);
                    if run.code != Some(3) || !run.stderr.contains("production") || statements(&database) != before {
                        writeln!(report, "{case} {arguments:?} is not refused: {run:?}").unwrap();
                    }
                }
            } else {
                allowed += 1;
                let name = database.name();
                // a mere owner may not drop it
                database
                    .client()
                    .batch_execute("DROP EVENT TRIGGER audit; DROP FUNCTION audit.ddl()")
                    .unwrap();
                for arguments in [
                    &["db:push"][..],
                    &["db:reset", "--yes", name],
                    &["db:drop", "--yes", name],
                ] {
                    let run = run(arguments);
                    if run.code != Some(0) {
                        writeln!(report, "{case} {arguments:?} is refused: {run:?}").unwrap();
                    }
                }
                assert!(report.contains(&case) || !database.has("users"), "{case}");
            }
        }
    }
    (report, refused, allowed)
}

#[test]
fn here_what_is_marked_production_is_never_changed_and_nothing_else_is_refused() {
    let (report, refused, allowed) = table(Host::Here);
    assert_eq!((report.as_str(), refused, allowed), ("", 16, 16));
}

#[test]
fn away_from_here_what_is_not_marked_is_never_changed_either() {
    let (report, refused, allowed) = table(Host::Away);
    assert_eq!((report.as_str(), refused, allowed), ("", 22, 10));
}

/// Marks the database behind the back of a command, by hand, without waiting for anybody.
fn mark_by_hand(database: &TestDatabase, word: &'static str) {
    Marker::Row(word).write(database);
}

/// Waits until a command holds the migration lock and sits there doing nothing: it asks a question.
fn wait_for_question(database: &TestDatabase) {
    let mut client = database.client();
    let begun = std::time::Instant::now();
    loop {
        let asks: bool = client
            .query_one(
                "SELECT EXISTS (SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
                 WHERE l.locktype = 'advisory' AND a.datname = current_database() AND a.state = 'idle'
                   AND a.state_change < clock_timestamp() - interval '700 ms')",
                &[],
            )
            .unwrap()
            .get(0);
        if asks {
            return;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "nobody asks");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_mark_set_while_the_name_is_asked_for_is_seen_in_the_transaction_that_would_delete() {
    for command in ["db:drop", "db:reset", "db:restore"] {
        let database = TestDatabase::new();
        let checkout = situation(&database, &database.url());
        let backup = checkout.run(&["db:backup", "--json"]).exits(0).json()["file"]
            .as_str()
            .unwrap()
            .to_owned();
        let arguments = if command == "db:restore" {
            vec![command, &backup, "--swap"]
        } else {
            vec![command]
        };
        let mut before = 0;
        checkout
            .run_on_terminal_once(&arguments, &format!("{}\n", database.name()), || {
                wait_for_question(&database);
                mark_by_hand(&database, "production");
                before = statements(&database);
            })
            .exits(3)
            .says("is refused: the mark of database")
            .says("it was changed after this command had looked at it")
            .says(if command == "db:restore" {
                "nothing was changed"
            } else {
                "nothing was deleted"
            });
        assert_eq!(statements(&database), before, "{command}");
        assert!(database.has("users"));
    }
}

#[test]
fn a_mark_set_while_a_baseline_asks_stops_it() {
    let database = TestDatabase::new();
    database.client().batch_execute("CREATE TABLE users ()").unwrap();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout
        .run_on_terminal_once(&["db:baseline", "2"], &format!("{}\n", database.name()), || {
            wait_for_question(&database);
            mark_by_hand(&database, "production");
        })
        .exits(3)
        .says("`db:baseline` is refused: the mark of database")
        .says("nothing was recorded");
    assert!(!database.has("refinery_schema_history"));
}

#[test]
fn a_mark_set_between_two_files_or_two_statements_stops_the_run_before_the_next() {
    for directive in ["", "-- dbtask:no-transaction\n"] {
        let database = TestDatabase::new();
        let checkout = Checkout::on(&database);
        // as a role's DISCARD ALL or PREPARE in a file would be
        checkout
            .migration(
                "V1__first.sql",
                &format!("{directive}CREATE TABLE t1 ();\nDEALLOCATE ALL;\nSELECT pg_sleep(2);\nCREATE TABLE t2 ();\n"),
            )
            .migration("V2__second.sql", "CREATE TABLE t3 ();\n");
        let push = checkout.spawn(&["db:push"]);
        let sleeps =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
        while database.client().query_one(sleeps, &[]).unwrap().get::<_, i64>(0) == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        mark_by_hand(&database, "production");
        let output = push.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains("`db:push` is refused: the mark of database"), "{text}");
        assert!(!database.has("t3"));
        if directive.is_empty() {
            assert!(
                database.has("t2") && text.contains("1 file was applied by this run and stays"),
                "{text}"
            );
        } else {
            assert!(
                !database.has("t2") && text.contains("the first 3 of the 4 statements"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_mark_that_vanishes_or_changes_to_another_is_seen_too() {
    for change in [
        "DROP SCHEMA dbtask CASCADE",
        "UPDATE dbtask.environment SET environment = 'staging'",
        "DELETE FROM dbtask.environment",
    ] {
        let database = TestDatabase::new();
        let checkout = situation(&database, &remote_url(&database.url()));
        mark_by_hand(&database, "development");
        checkout
            .run_on_terminal_once(&["db:drop"], &format!("{}\n", database.name()), || {
                wait_for_question(&database);
                database.client().batch_execute(change).unwrap();
            })
            .exits(3)
            .says("`db:drop` is refused: the mark of database");
        assert!(database.has("users"));
    }
}

#[test]
fn what_was_marked_or_filled_by_whoever_held_the_lock_is_not_pushed_to() {
    let key = i64::from_be_bytes(*b"\0dbtask\0");
    for (away, change, says) in [
        (false, "production", "is production"),
        (true, "CREATE TABLE filled ()", "is treated as production"),
    ] {
        let database = TestDatabase::new();
        let checkout = if away {
            crate::guard::remote(&database)
        } else {
            Checkout::on(&database)
        };
        shop(&checkout);
        let mut holder = database.client();
        holder.execute("SELECT pg_advisory_lock($1)", &[&key]).unwrap();
        let push = checkout.spawn(&["db:push"]);
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbtask' AND datname = current_database() AND query ~ 'pg_locks|advisory'";
        while holder.query_one(waits, &[]).unwrap().get::<_, i64>(0) == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        if away {
            holder.batch_execute(change).unwrap();
        } else {
            mark_by_hand(&database, change);
        }
        drop(holder);
        let output = push.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && text.contains(says), "{text}");
        assert!(!database.has("users") && !database.has("refinery_schema_history"));
    }
}

#[test]
fn a_pooler_in_front_of_production_hides_nothing() {
    let database = TestDatabase::new();
    let checkout = situation(&database, &database.url());
    mark_by_hand(&database, "production");
    let Some(pooler) = Pooler::start(&database, "ignore_startup_parameters = options") else {
        println!("skipped: there is no pgbouncer on this machine");
        return;
    };
    let url = format!(
        "postgres://postgres@127.0.0.1:{}/{}?sslmode=disable",
        pooler.port,
        database.name()
    );
    checkout.write(".env", format!("DATABASE_URL={url}\n"));
    let before = statements(&database);
    let name = database.name();
    for arguments in [
        &["db:push"][..],
        &["db:drop", "--yes", name],
        &["db:reset", "--yes", name],
    ] {
        checkout
            .run(arguments)
            .exits(3)
            .says("is production")
            .hides("pooler in transaction mode");
        assert_eq!(statements(&database), before);
    }
}
