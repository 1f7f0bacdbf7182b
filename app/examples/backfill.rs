//! The example migration script: fills `versions.sort_key` (V00013) in rows from before the column.
//!
//! ```text
//! cargo run --package app --example backfill
//! cargo run --package app --example backfill -- --batch 500 --pause 200
//! ```
//!
//! When a script, and not a migration file? When one `UPDATE` would lock too many rows for too long, leave too many
//! dead ones behind, or block the release until it is done. The column comes in a migration; the release that writes
//! it into new rows is started; then this runs, beside the service, for as long as it takes; a later migration may
//! make the column required.
//!
//! What makes it safe to run, to interrupt with Ctrl-C, and to run again:
//!
//! - The table itself says what is left to do (`sort_key IS NULL`): there is no progress to lose.
//! - Each batch is one short transaction over rows that follow each other in the primary key (keyset paging: the
//!   hundredth batch costs what the first did). When it is interrupted the server rolls that batch back.
//! - `FOR UPDATE SKIP LOCKED`: it never waits for a row of the service's. What it skipped it comes back for.
//! - `lock_timeout` and `statement_timeout` hold for each batch: it gives way to a migration, and cannot hang.
//! - Pauses let replicas and autovacuum keep up.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use dbtask_runner::{Environment, Error, sql_error};
use postgres::Client;

const USAGE: &str = "\
usage: backfill [--batch ROWS] [--pause MILLISECONDS]
rows a batch: from 1 to 100000, else 1000; the pause between two batches: else 50";

/// `SET LOCAL` ends with the transaction: it holds behind a pooler too, and leaks into nobody's session.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '500ms'";
/// What one batch may take. Counting a big table takes longer, and hurts nobody.
const STATEMENT_TIMEOUT: &str = "SET LOCAL statement_timeout = '30s'";

/// Fills the next rows after `$1`, at most `$2`: how many, and the last of them.
const FILL: &str = "\
WITH batch AS (
    SELECT id FROM versions
    WHERE id > $1 AND sort_key IS NULL
    ORDER BY id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), filled AS (
    UPDATE versions
    SET sort_key = string_to_array(number, '.')::int4[]
    FROM batch
    WHERE versions.id = batch.id
    RETURNING versions.id
)
SELECT count(*), max(id) FROM filled";

const LEFT: &str = "SELECT count(*) FROM versions WHERE sort_key IS NULL";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let options = Options::parse(std::env::args_os().skip(1))?;
    let url = Environment::of_service()?.database_url()?;
    let mut client = url.connect()?;
    let filled = backfill(&mut client, options)?;
    match left(&mut client)? {
        0 => {
            println!("rows filled: {filled}, left: 0");
            Ok(())
        }
        left => Err(Error::failed(format!("rows filled: {filled}, left: {left}"))
            .cause("other transactions hold them locked, or a release that does not fill them goes on writing")
            .help("run it again: it goes on where it stopped")),
    }
}

/// Passes over the table until none is left, or a whole pass finds nothing but locked rows.
fn backfill(client: &mut Client, options: Options) -> Result<i64, Error> {
    let total = left(client)?;
    let started = Instant::now();
    let mut filled = 0;
    loop {
        let before = filled;
        let mut after = i64::MIN;
        while let Some((rows, last)) = fill(client, after, options.batch)? {
            after = last;
            filled += rows;
            eprintln!("rows filled: {filled} of {total}, {} s", started.elapsed().as_secs());
            std::thread::sleep(options.pause);
        }
        if filled == before || left(client)? == 0 {
            return Ok(filled);
        }
    }
}

/// One batch, one transaction: how many rows were filled, and the last of them. `None` at the end of the table.
fn fill(client: &mut Client, after: i64, batch: i64) -> Result<Option<(i64, i64)>, Error> {
    let failed = |e| {
        sql_error(format!("failed to fill the batch after id {after}"), &e)
            .state("that batch was rolled back; those before it stay")
            .help("run it again: it goes on where it stopped")
    };
    let mut transaction = client.transaction().map_err(failed)?;
    transaction.batch_execute(LOCK_TIMEOUT).map_err(failed)?;
    transaction.batch_execute(STATEMENT_TIMEOUT).map_err(failed)?;
    let row = transaction.query_one(FILL, &[&after, &batch]).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    let rows = row.try_get(0).map_err(failed)?;
    let last: Option<i64> = row.try_get(1).map_err(failed)?;
    Ok(last.map(|last| (rows, last)))
}

fn left(client: &mut Client) -> Result<i64, Error> {
    let failed = |e| {
        sql_error("failed to count the rows that are left", &e)
            .help("the column comes with V00013: `cargo xtask db:status` says whether it is applied")
    };
    let mut transaction = client.transaction().map_err(failed)?;
    transaction.batch_execute(LOCK_TIMEOUT).map_err(failed)?;
    let row = transaction.query_one(LEFT, &[]).map_err(failed)?;
    row.try_get(0).map_err(failed)
}

/// How fast to go.
#[derive(Clone, Copy)]
struct Options {
    batch: i64,
    pause: Duration,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Options, Error> {
        let mut options = Options {
            batch: 1000,
            pause: Duration::from_millis(50),
        };
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .and_then(|v| v.to_str().and_then(|v| v.parse::<u32>().ok()));
            match (name.to_str(), value) {
                (Some("--batch"), Some(rows @ 1..=100_000)) => options.batch = rows.into(),
                (Some("--pause"), Some(ms)) => options.pause = Duration::from_millis(ms.into()),
                _ => {
                    return Err(Error::usage(format!("cannot make sense of `{}`", name.display())).help(USAGE));
                }
            }
        }
        Ok(options)
    }
}
