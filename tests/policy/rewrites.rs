//! What the help texts say to write instead, executed.

use dbtask_rules::lint::{Policy, RULES};
use dbtask_rules::statements::split;
use postgres::Client;

use super::clear;
use super::corpus::{apply, incidents, is_outside_of_a_transaction};
use super::lints::{about, findings};
use crate::support::TestDatabase;
use crate::support::server::Server;

/// Tables that existed before, which somebody waits for while all of their rows are read, or written anew.
const HELD: &str = "
    SELECT c.relname::text FROM before AS b JOIN pg_class AS c ON c.oid = b.oid
    JOIN pg_stat_xact_user_tables AS s ON s.relid = c.oid
    WHERE (s.seq_scan > b.seq_scan OR pg_relation_filenode(c.oid) <> b.file)
      AND EXISTS (
          SELECT FROM pg_locks AS l
          WHERE l.relation = c.oid AND l.pid = pg_backend_pid()
            AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      )";

const BEFORE: &str = "
    CREATE TEMPORARY TABLE before ON COMMIT DROP AS
    SELECT c.oid, coalesce(s.seq_scan, 0) AS seq_scan, pg_relation_filenode(c.oid) AS file
    FROM pg_class AS c LEFT JOIN pg_stat_xact_user_tables AS s ON s.relid = c.oid
    WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace = 'public'::regnamespace";

#[test]
fn every_rewrite_that_a_help_prints_runs_twice_and_holds_no_lock_for_long() {
    let major = Server::get().installation.major;
    let database = TestDatabase::new();
    let mut client = database.client();
    let (mut executed, mut wrong) = (0, Vec::new());
    for incident in incidents().iter().filter(|incident| major >= incident.outcome.from) {
        for finding in about(incident) {
            let mut blocks = blocks(&finding.help);
            match finding.rule {
                // where the foreign key goes on pointing is for a person to say
                "fk-sequence" => blocks.truncate(2),
                // as is what becomes of that which depends on it
                "drop-cascade" => blocks.clear(),
                _ => {}
            }
            if blocks.is_empty() {
                continue;
            }
            clear(&mut client);
            client.batch_execute(&incident.before).unwrap();
            // rows that break a rule are for the backfill that the help asks for
            remove_rows(&mut client);
            let migration = &incident.migration;
            for range in split(migration) {
                // the index goes behind the table that it is about, anything else stands in its statement's place
                let is_before = range.end <= finding.range.start || finding.rule == "fk-without-index";
                if is_before && !migration[range.clone()].contains("CONCURRENTLY") {
                    let _ = client.batch_execute(&migration[range]);
                }
            }
            if is_outside_of_a_transaction(migration) {
                for block in &mut blocks {
                    block.insert_str(0, "-- dbtask:no-transaction\n");
                }
            }
            for block in blocks {
                for time in ["first", "second"] {
                    executed += 1;
                    if let Err(error) = execute(&mut client, &block, !OTHER_RULES.contains(&finding.rule)) {
                        wrong.push(format!(
                            "{} [{}], the {time} time: {error}\n{block}",
                            incident.name, finding.rule
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {executed}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(executed > 100, "{executed}");
}

/// A key in the place of another: what the help prints has to bring the new one, also where it is to keep the name.
#[test]
fn a_key_that_replaces_another_is_the_new_one_afterwards() {
    let before = "CREATE TABLE seats (hall integer NOT NULL, seat integer NOT NULL, show integer NOT NULL,
                      CONSTRAINT seats_pkey PRIMARY KEY (seat), CONSTRAINT seats_seat_key UNIQUE (seat, show));
                  INSERT INTO seats SELECT n % 10, n, n FROM generate_series(1, 1000) AS n;";
    let database = TestDatabase::new();
    let mut client = database.client();
    for (sql, keys) in [
        (
            "ALTER TABLE seats DROP CONSTRAINT IF EXISTS seats_seat_key;\n\
             ALTER TABLE seats ADD CONSTRAINT seats_seat_key UNIQUE (hall, seat, show);",
            ["PRIMARY KEY (seat)", "UNIQUE (hall, seat, show)"],
        ),
        (
            "ALTER TABLE seats DROP CONSTRAINT IF EXISTS seats_pkey, ADD PRIMARY KEY (hall, seat);",
            ["PRIMARY KEY (hall, seat)", "UNIQUE (seat, show)"],
        ),
    ] {
        clear(&mut client);
        client.batch_execute(before).unwrap();
        let files = [("V00001__before.sql", before), ("V00002__key.sql", sql)];
        let found = findings(&Policy::default(), &files);
        let help = found
            .iter()
            .find(|finding| finding.rule == "unique-under-lock")
            .unwrap();
        for block in blocks(&help.help) {
            for _ in 0..2 {
                execute(&mut client, &block, true).unwrap();
            }
        }
        let seen = "SELECT pg_get_constraintdef(oid) FROM pg_constraint
                    WHERE conrelid = 'seats'::regclass AND contype IN ('p', 'u') ORDER BY 1";
        let seen: Vec<String> = client.query(seen, &[]).unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(seen, keys, "{}", help.help);
    }
}

/// What the pages have below `Instead`, in the schema that they speak of.
#[test]
fn what_the_pages_print_runs_twice_and_breaks_no_rule() {
    let database = TestDatabase::new();
    let mut client = database.client();
    let mut executed = 0;
    for rule in RULES {
        let (_, instead) = rule.page.split_once("## Instead\n").unwrap();
        let mut files: Vec<String> = vec![String::new()];
        for line in instead.lines() {
            match (line.strip_prefix("    "), files.last_mut()) {
                (Some(code), Some(file)) => file.extend([code, "\n"]),
                _ => files.push(String::new()),
            }
        }
        // a column on its own is no statement
        files.retain(|file| !split(file).is_empty() && file.contains(';'));
        clear(&mut client);
        let before = if REFERS.contains(&rule.name) {
            [SHOP, REFERENCE].concat()
        } else {
            SHOP.to_owned()
        };
        client.batch_execute(&before).unwrap();
        let mut history = vec![before];
        for file in files {
            history.push(file.clone());
            let names: Vec<String> = (1..=history.len()).map(|n| format!("V{n:05}__page.sql")).collect();
            let all: Vec<_> = names
                .iter()
                .zip(&history)
                .map(|(name, sql)| (name.as_str(), sql.as_str()))
                .collect();
            let found = findings(&Policy::default(), &all);
            let wrong = ["syntax", "not-idempotent", "concurrently-in-transaction", rule.name];
            let wrong: Vec<_> = found.iter().filter(|finding| wrong.contains(&finding.rule)).collect();
            assert!(wrong.is_empty(), "{}:\n{file}\n{wrong:#?}", rule.name);
            // nothing can stand around it, and nothing in it asks: the journal of a file without a transaction passes over it
            let times = if file.contains("DETACH") {
                &["first"][..]
            } else {
                &["first", "second"]
            };
            for time in times {
                executed += 1;
                if let Err(error) = apply(&mut client, &file) {
                    panic!("{}, the {time} time: {error:?}\n{file}", rule.name);
                }
            }
        }
    }
    assert!(executed > 40, "{executed}");
}

const SHOP: &str = "
    CREATE TABLE users (id bigint NOT NULL CONSTRAINT users_pkey PRIMARY KEY, email text, nickname text);
    CREATE UNIQUE INDEX users_id_key ON users (id);
    CREATE TABLE orders (id bigint, user_id bigint, total bigint);
    CREATE VIEW active_users AS SELECT 1 AS one;
    CREATE TYPE mood AS ENUM ('sad');
    CREATE TABLE plans (name text PRIMARY KEY);
    CREATE TABLE events (at timestamptz) PARTITION BY RANGE (at);
    CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');";

/// For the pages on what a foreign key is in the way of, or is to be validated.
const REFERENCE: &str = "
    ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;";

const REFERS: [&str; 3] = ["drop-cascade", "fk-sequence", "validate-same-file"];

/// What these print is the same statement, in another place or once more, what else is wrong with it others say; or an
/// index on a table of the same file.
const OTHER_RULES: [&str; 4] = ["enum-value-used", "fk-without-index", "long-lock", "not-idempotent"];

/// Executes a file; an error where it fails, or where it is to be gentle and reads or rewrites a table that it keeps
/// writers from.
fn execute(client: &mut Client, sql: &str, is_gentle: bool) -> Result<(), String> {
    let shown = |error: postgres::Error| format!("{error:?}");
    if is_outside_of_a_transaction(sql) {
        return apply(client, sql).map_err(shown);
    }
    client.batch_execute("BEGIN").unwrap();
    client.batch_execute(BEFORE).unwrap();
    let result = client.batch_execute(sql).map_err(shown);
    let held: Vec<String> = match result {
        Ok(()) => client.query(HELD, &[]).unwrap().iter().map(|row| row.get(0)).collect(),
        Err(_) => Vec::new(),
    };
    client
        .batch_execute(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })
        .unwrap();
    client.batch_execute("DISCARD ALL").unwrap();
    result?;
    if held.is_empty() || !is_gentle {
        Ok(())
    } else {
        Err(format!("it holds {held:?}"))
    }
}

fn remove_rows(client: &mut Client) {
    let tables = "SELECT format('TRUNCATE %s CASCADE', oid::regclass) FROM pg_class \
                  WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace";
    for row in client.query(tables, &[]).unwrap() {
        let truncate: String = row.get(0);
        client.batch_execute(&truncate).unwrap();
    }
}

/// The files that a help text consists of: what stands between its lines of prose. One with an ellipsis is to be
/// filled in by hand.
fn blocks(help: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in help.lines() {
        let is_sql = line
            .starts_with(|first: char| first.is_ascii_uppercase() || first.is_whitespace() || "-$)".contains(first));
        match blocks.last_mut() {
            Some(block) if is_sql => block.extend([line, "\n"]),
            _ => blocks.push(String::new()),
        }
    }
    let is_whole = |block: &String| {
        let mut lines = block.lines().filter(|line| !line.starts_with("--"));
        !block.is_empty() && lines.all(|line| !line.contains('…'))
    };
    blocks.into_iter().filter(is_whole).collect()
}
