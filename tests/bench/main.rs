//! How fast the runner is, as ratios to a bare loop in the same run:
//!
//! ```text
//! cargo bench --package xtask --bench runner                 # 1,000 and 10,000 files
//! cargo bench --package xtask --bench runner -- 1000 5       # 1,000 files, five rounds
//! cargo bench --package xtask --bench runner -- drop 10000   # db:drop of so many tables
//! cargo bench --package xtask --bench runner -- build 10000  # build.rs and the compile step of a service, so many files
//! cargo bench --package xtask --bench runner -- build 1000 plain  # without the profile of this workspace
//! cargo bench --package xtask --bench runner -- facts        # a schema of 500 tables and views, read; CPU time of both ends
//! cargo bench --package xtask --bench runner -- drift        # db:drift of it, and what it spends its time on
//! cargo bench --package xtask --bench runner -- stall        # how long others stand behind a migration
//! cargo bench --package xtask --bench runner -- constraint   # how long clients wait for a new key under foreign keys, 10 million rows
//! cargo bench --package xtask --bench runner -- warm         # cargo xtask db:push with nothing pending, and the binary
//! cargo bench --package xtask --bench runner -- backup 1000  # db:backup and its proof, beside pg_dump and pg_restore; so many MB
//! ```
//!
//! The bare loop uses the same client crate and does no more than it must: one message `BEGIN; file; history row; COMMIT`
//! a file. `sqlx`, `diesel`, `refinery` and `dbmate` take part where they are on PATH. Each figure is the best of its rounds, which take turns. Nothing here is asserted: what a machine does to a
//! clock is no promise of the project's. `cargo bench --profile dev …` measures the programs as `cargo xtask` builds them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on stops"
)]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the support is the test suite's, and serves more than this"
)]

mod backup;
mod compile;
mod constraint;
mod facts;
mod files;
mod peers;
mod stall;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use dbtask_rules::MigrationFolder;
use dbtask_runner::{DatabaseUrl, Embedded, Options, Session, Verification, migrate, verify};
use refinery::Migration;

use support::{Checkout, TestDatabase};

/// Wall time and the CPU time of this process.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

impl Cost {
    fn min(self, other: Cost) -> Cost {
        Cost {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
        }
    }
}

/// The CPU time of this thread, in which everything of ours runs, and of the programs that it started and that ended, to
/// the hundredth of a second (Linux; elsewhere zero).
fn cpu() -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let own = schedule.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // `cutime` and `cstime` of proc(5), counted from behind the program's name
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(13).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Duration::from_nanos(own) + Duration::from_millis(ticks * 10)
}

fn measure(work: impl FnOnce()) -> Cost {
    let (begun, before) = (Instant::now(), cpu());
    work();
    Cost {
        wall: begun.elapsed(),
        cpu: cpu().saturating_sub(before),
    }
}

/// The best of some rounds, in which the competitors take turns.
fn rounds(n: usize, competitors: &mut [(&str, &mut dyn FnMut() -> Cost)]) {
    let mut best: Vec<Option<Cost>> = vec![None; competitors.len()];
    for round in 0..n {
        // whoever comes second meets what the first one left the server to do
        let mut order: Vec<usize> = (0..competitors.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for i in order {
            let cost = competitors[i].1();
            best[i] = Some(best[i].map_or(cost, |b| b.min(cost)));
        }
    }
    let base = best[0].unwrap();
    for (cost, (name, _)) in best.into_iter().zip(competitors.iter()) {
        let cost = cost.unwrap();
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64().max(1e-9);
        println!(
            "  {name:<34} wall {:>9.1} ms ({:.2} x)   CPU {:>8.1} ms ({:.2} x)",
            cost.wall.as_secs_f64() * 1e3,
            ratio(cost.wall, base.wall),
            cost.cpu.as_secs_f64() * 1e3,
            ratio(cost.cpu, base.cpu)
        );
    }
}

/// Of ten files four make a table, and the rest change what the four made.
fn write_files(checkout: &Checkout, n: usize) {
    for i in 1..=n {
        let table = i / 10 * 4 + (i % 10).min(3);
        let sql = match i % 10 {
            0..4 => format!("CREATE TABLE IF NOT EXISTS t{table} (id bigint PRIMARY KEY, name text NOT NULL);\n"),
            4..7 => format!("ALTER TABLE t{} ADD COLUMN IF NOT EXISTS c{i} int;\n", table - i % 3),
            _ => format!("CREATE INDEX IF NOT EXISTS i{i} ON t{} (name);\n", table - i % 3),
        };
        checkout.migration(&format!("V{i:05}__change_{i}.sql"), &sql);
    }
}

fn paths(checkout: &Checkout) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(checkout.root().join("migrations"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn read(checkout: &Checkout) -> Vec<Migration> {
    paths(checkout)
        .iter()
        .map(|path| {
            Migration::unapplied(
                path.file_stem().unwrap().to_str().unwrap(),
                &std::fs::read_to_string(path).unwrap(),
            )
            .unwrap()
        })
        .collect()
}

const HISTORY: &str = "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255))";

/// The least that applying files takes.
fn bare_apply(url: &DatabaseUrl, checkout: &Checkout) {
    let mut client = url.connect().unwrap();
    let files = read(checkout);
    client.batch_execute(HISTORY).unwrap();
    for file in files {
        client
            .batch_execute(&format!(
                "BEGIN;{};INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES ({}, '{}', '2026-01-01T00:00:00Z', '{}');COMMIT",
                file.sql().unwrap(),
                file.version(),
                file.name(),
                file.checksum()
            ))
            .unwrap();
    }
}

fn our_apply(url: &DatabaseUrl, checkout: &Checkout) -> usize {
    let folder = MigrationFolder::read(&checkout.root().join("migrations")).unwrap();
    let session = Session::connect_to_migrate(url).unwrap();
    migrate(&session, folder.files(), Options::default(), &mut |_| {})
        .unwrap()
        .applied
}

/// The least that finding nothing to do takes: the files read and hashed, the history read and compared.
fn bare_check(url: &DatabaseUrl, checkout: &Checkout) {
    let files = read(checkout);
    let mut client = url.connect().unwrap();
    let rows = client
        .query(
            "SELECT version, checksum FROM refinery_schema_history ORDER BY version",
            &[],
        )
        .unwrap();
    assert_eq!(rows.len(), files.len());
    for (row, file) in rows.iter().zip(&files) {
        assert_eq!(
            (row.get::<_, i32>(0), row.get::<_, &str>(1)),
            (file.version(), file.checksum().to_string().as_str())
        );
    }
}

fn bare_history(url: &DatabaseUrl) {
    let mut client = url.connect().unwrap();
    let rows = client
        .query(
            "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
            &[],
        )
        .unwrap();
    assert!(rows.iter().map(|row| row.get::<_, &str>(3).len()).sum::<usize>() > 0);
}

fn compare(n: usize, count: usize) {
    let checkout = Checkout::new();
    write_files(&checkout, n);
    let parse = |database: &TestDatabase| DatabaseUrl::parse(&database.url()).unwrap();

    println!("apply {n} files from empty, reading them included");
    let mut bare = || {
        let database = TestDatabase::new();
        measure(|| bare_apply(&parse(&database), &checkout))
    };
    let mut ours = || {
        let database = TestDatabase::new();
        measure(|| assert_eq!(our_apply(&parse(&database), &checkout), n))
    };
    let texts: Vec<String> = paths(&checkout)
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let mut others: Vec<_> = peers::installed()
        .into_iter()
        .map(|peer| {
            let folder = Checkout::new();
            let path = folder.root().join("peer");
            peer.write(&path, texts.iter().map(String::as_str));
            let name = peer.name;
            let apply = move || {
                let (database, folder) = (TestDatabase::new(), &folder);
                measure(|| peer.apply(&folder.root().join("peer"), &database.url()))
            };
            (name, apply)
        })
        .collect();
    let mut competitors: Vec<(&str, &mut dyn FnMut() -> Cost)> = vec![("bare loop", &mut bare), ("dbtask", &mut ours)];
    for (name, apply) in &mut others {
        competitors.push((name, apply));
    }
    rounds(count, &mut competitors);

    let database = TestDatabase::new();
    let url = parse(&database);
    our_apply(&url, &checkout);
    println!("nothing pending of {n} files, from files");
    rounds(
        count * 3,
        &mut [
            ("bare loop that reads and hashes", &mut || {
                measure(|| bare_check(&url, &checkout))
            }),
            ("dbtask", &mut || measure(|| assert_eq!(our_apply(&url, &checkout), 0))),
        ],
    );

    let folder = MigrationFolder::read(&checkout.root().join("migrations")).unwrap();
    let table: Vec<Embedded> = folder
        .files()
        .iter()
        .map(|f| (&*f.path().to_owned().leak(), &*f.sql().to_owned().leak(), f.checksum()))
        .collect();
    println!("nothing pending of {n} files, from the embedded table");
    rounds(
        count * 3,
        &mut [
            ("history read alone", &mut || measure(|| bare_history(&url))),
            ("dbtask", &mut || {
                measure(|| assert!(matches!(verify(&url, &table).unwrap(), Verification::Current { .. })))
            }),
        ],
    );

    println!("peak memory of a process that applied {n} files");
    let database = TestDatabase::new();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["memory", &database.url(), checkout.root().to_str().unwrap()])
        .output()
        .unwrap();
    println!("  {}", String::from_utf8_lossy(&output.stdout).trim());
}

/// In a process of its own: applies, then says how much memory it ever held.
fn memory(url: &str, root: &str) {
    let folder = MigrationFolder::read(&std::path::Path::new(root).join("migrations")).unwrap();
    let session = Session::connect_to_migrate(&DatabaseUrl::parse(url).unwrap()).unwrap();
    migrate(&session, folder.files(), Options::default(), &mut |_| {}).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!(
        "{}",
        status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or("not known on this system")
    );
}

/// `db:drop` of a database with so many tables, each with a key and an index.
fn drop_tables(n: usize) {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    let mut client = database.client();
    for first in (0..n).step_by(500) {
        let last = n.min(first + 500) - 1;
        client
            .batch_execute(&format!(
                "DO $$ BEGIN FOR i IN {first}..{last} LOOP \
                 EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, v text UNIQUE)', i); END LOOP; END $$"
            ))
            .unwrap();
    }
    let begun = Instant::now();
    checkout.run(&["db:drop", "--yes", database.name()]).exits(0);
    let left: i64 = client
        .query_one(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
            &[],
        )
        .unwrap()
        .get(0);
    println!(
        "db:drop of {n} tables: {:.1} s; relations left: {left}",
        begun.elapsed().as_secs_f64()
    );
}

/// A push with nothing pending, by cargo and by the binaries alone.
fn warm() {
    let database = TestDatabase::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .args(["db:push"])
            .current_dir(root)
            .env("DATABASE_URL", database.url());
        assert!(command.output().unwrap().status.success());
    };
    let debug = root.join("target/debug/xtask").display().to_string();
    run("cargo", &["xtask"]);
    rounds(
        20,
        &mut [
            ("xtask, release", &mut || {
                measure(|| run(env!("CARGO_BIN_EXE_xtask"), &[]))
            }),
            ("xtask, as cargo xtask builds it", &mut || measure(|| run(&debug, &[]))),
            ("cargo xtask", &mut || measure(|| run("cargo", &["xtask"]))),
        ],
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["memory", url, root] => memory(url, root),
        ["drop", tables] => drop_tables(tables.parse().unwrap()),
        ["build"] => [1_000, 10_000]
            .into_iter()
            .for_each(|files| compile::measure(files, false)),
        ["build", files] => compile::measure(files.parse().unwrap(), false),
        ["build", files, "plain"] => compile::measure(files.parse().unwrap(), true),
        ["facts"] => facts::facts(),
        ["drift"] => facts::drift(),
        ["stall"] => stall::compare(),
        ["constraint"] => constraint::compare(10_000_000),
        ["constraint", rows] => constraint::compare(rows.parse().unwrap()),
        ["warm"] => warm(),
        ["backup"] => backup::compare(1_000, 3),
        ["backup", megabytes] => backup::compare(megabytes.parse().unwrap(), 3),
        ["backup", megabytes, rounds] => backup::compare(megabytes.parse().unwrap(), rounds.parse().unwrap()),
        [files, rounds] => compare(files.parse().unwrap(), rounds.parse().unwrap()),
        [files] => compare(files.parse().unwrap(), 3),
        _ => {
            compare(1_000, 5);
            compare(10_000, 2);
        }
    }
}
