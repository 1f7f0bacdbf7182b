//! How long clients wait for a change of a unique key that two tables refer to: eight of them read and write, the table has ten
//! million rows, and the change goes the whole way of `db:apply`, one file at a time; then by psql.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::key_change::{FILES, Load, Met, begun, changed, fill};
use super::support::{Checkout, TestDatabase};

/// How long the clients are watched while nothing else is done.
const NOISE: Duration = Duration::from_secs(30);

/// No client may wait longer because of us.
const LIMIT: Duration = Duration::from_millis(250);

/// What is done in one phase.
type Work<'a> = &'a dyn Fn(&TestDatabase, &Checkout);

/// One way of changing the key, on a database of its own: what the clients met in each phase, and how long that took.
fn watch(rows: i32, phases: &[(&str, Work<'_>)]) -> Vec<(String, Met, Duration)> {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    begun(&checkout);
    checkout.run(&["db:push"]).exits(0);
    let since = Instant::now();
    fill(&mut database.client(), rows);
    println!("  (filled in {:.0} s)", since.elapsed().as_secs_f64());
    changed(&checkout);
    checkout.commit_migrations();
    checkout.run(&["db:mark", "production"]).exits(0);
    let load = Load::start(&database, rows);
    let mut took = Vec::new();
    for (number, (_, work)) in phases.iter().enumerate() {
        load.enter(number);
        let since = Instant::now();
        work(&database, &checkout);
        took.push(since.elapsed());
    }
    let met = load.stop(phases.len());
    let names = phases.iter().map(|(name, _)| (*name).to_owned());
    names
        .zip(met)
        .zip(took)
        .map(|((name, met), took)| (name, met, took))
        .collect()
}

fn quiet(_: &TestDatabase, _: &Checkout) {
    std::thread::sleep(NOISE);
}

fn back_up(_: &TestDatabase, checkout: &Checkout) {
    checkout.run(&["db:backup", "--verify"]).exits(0);
}

fn apply(database: &TestDatabase, checkout: &Checkout, version: &str) {
    let name = database.name();
    checkout
        .run(&["db:apply", version, "--backup-max-age", "2h", "--yes", name])
        .exits(0);
}

/// The file as it is, in one transaction unless it says otherwise; again where it was ended by a deadlock.
fn psql(database: &TestDatabase, checkout: &Checkout, number: usize) {
    let (name, sql) = FILES[number];
    let server = database.server();
    let mut command = Command::new(server.installation.program("psql"));
    command
        .args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--host=127.0.0.1",
            "--username=postgres",
        ])
        .arg(format!("--port={}", server.port))
        .arg(format!("--dbname={}", database.name()))
        .arg("--file")
        .arg(checkout.root().join("migrations").join(name))
        .env("PGPASSWORD", &server.password)
        .stdin(Stdio::null());
    if !sql.contains("no-transaction") {
        command.arg("--single-transaction");
    }
    let failed = (0..20).take_while(|_| !command.status().unwrap().success()).count();
    assert!(failed < 20, "psql never gets through");
    if failed > 0 {
        println!("  (psql failed {failed} times with {name})");
    }
}

fn show(rows: &[(String, Met, Duration)]) {
    for (name, met, took) in rows {
        println!("  {name:<32} {:>6.1} s: {met}", took.as_secs_f64());
    }
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The change by `db:apply`, then by psql, each on a database of its own.
pub fn compare(rows: i32) {
    println!(
        "a unique key that two tables refer to changes, {rows} rows, 8 clients; load average {}",
        load_average()
    );
    let ours = watch(
        rows,
        &[
            ("nobody changes anything", &quiet),
            ("db:backup --verify", &back_up),
            ("db:apply, the index", &|d, c| apply(d, c, "2")),
            ("db:apply, the change", &|d, c| apply(d, c, "3")),
            ("db:apply, the validation", &|d, c| apply(d, c, "4")),
            ("nobody changes anything, again", &quiet),
        ],
    );
    println!("by db:apply; load average {}", load_average());
    show(&ours);
    let psqls = watch(
        rows,
        &[
            ("nobody changes anything", &quiet),
            ("psql, the index", &|d, c| psql(d, c, 0)),
            ("psql, the change", &|d, c| psql(d, c, 1)),
            ("psql, the validation", &|d, c| psql(d, c, 2)),
        ],
    );
    println!("by psql; load average {}", load_average());
    show(&psqls);
    let noise = ours[0].1.longest.max(ours[5].1.longest);
    let longest = ours[2..5]
        .iter()
        .map(|(_, met, _)| met.longest)
        .max()
        .unwrap_or_default();
    println!(
        "because of db:apply: {:.1} ms - {:.1} ms of noise = {:.1} ms (limit: {} ms)",
        longest.as_secs_f64() * 1e3,
        noise.as_secs_f64() * 1e3,
        longest.saturating_sub(noise).as_secs_f64() * 1e3,
        LIMIT.as_millis()
    );
}
