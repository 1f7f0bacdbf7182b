//! What the help texts say to write instead, executed.

use dbtask_rules::statements::split;
use postgres::Client;

use super::clear;
use super::corpus::{apply, incidents, is_outside_of_a_transaction};
use super::lints::about;
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
