//! What a backup and its proof cost, beside pg_dump and pg_restore by hand on the same database.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dbtask::server::{ClientTools, client_tools};
use dbtask_runner::DatabaseUrl;

use super::support::{Checkout, TestDatabase};

/// How many tables hold the rows.
const TABLES: usize = 4;

/// Half a kilobyte of text each: some that gzip makes small, some that it cannot make much of.
const TEXTS: [(&str, &str); 2] = [
    (
        "compressible text",
        "repeat('The quick brown fox jumps over the lazy dog. ', 10) || g",
    ),
    (
        "random text",
        "(SELECT string_agg(md5(random()::text || g || n), '') FROM generate_series(1, 14) AS n)",
    ),
];

/// Each text in turn, on a server of its own.
pub fn compare(megabytes: usize, rounds: usize) {
    for (name, text) in TEXTS {
        let database = TestDatabase::on_own_server();
        fill(&database, megabytes, text);
        println!("{name}, {}", size(&database));
        let bench = Bench::new(&database);
        bench.take(rounds, 1);
        bench.take(rounds, 2);
        bench.prove(rounds);
    }
}

fn fill(database: &TestDatabase, megabytes: usize, text: &str) {
    let mut client = database.client();
    let rows = megabytes * 1_940 / TABLES;
    for table in 1..=TABLES {
        client
            .batch_execute(&format!(
                "CREATE TABLE t{table} (id bigint, at timestamptz, body text);
                 INSERT INTO t{table} SELECT g, '2026-01-01'::timestamptz + g * interval '1 s', {text} FROM generate_series(1, {rows}) g;
                 ALTER TABLE t{table} ADD PRIMARY KEY (id)"
            ))
            .unwrap();
    }
    // each by itself: VACUUM is no part of a transaction
    client.batch_execute("VACUUM ANALYZE").unwrap();
    client.batch_execute("CHECKPOINT").unwrap();
}

fn size(database: &TestDatabase) -> String {
    let sql = "SELECT pg_size_pretty(pg_database_size(current_database()))";
    database.client().query_one(sql, &[]).unwrap().get(0)
}

/// A way to do it, and the best of its rounds.
struct Contender<'a> {
    name: String,
    run: Box<dyn FnMut() -> Duration + 'a>,
    best: Duration,
}

impl<'a> Contender<'a> {
    fn new(name: impl Into<String>, run: impl FnMut() -> Duration + 'a) -> Contender<'a> {
        Contender {
            name: name.into(),
            run: Box::new(run),
            best: Duration::MAX,
        }
    }
}

/// Lets them take turns; the last one is ours, and is held against each of the others.
fn turns(title: &str, rounds: usize, mut contenders: Vec<Contender<'_>>) {
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        order.rotate_left(round % contenders.len());
        for i in order {
            let took = (contenders[i].run)();
            contenders[i].best = contenders[i].best.min(took);
        }
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "  {title} (best of {rounds}; load {})",
        load.split(' ').next().unwrap_or("?")
    );
    let ours = contenders.last().unwrap().best.as_secs_f64();
    for contender in &contenders {
        let seconds = contender.best.as_secs_f64();
        println!(
            "    {:<44} {seconds:>7.2} s   ours is {:.2} x",
            contender.name,
            ours / seconds
        );
    }
}

struct Bench<'a> {
    database: &'a TestDatabase,
    checkout: Checkout,
    tools: ClientTools,
    url: DatabaseUrl,
}

impl Bench<'_> {
    fn new(database: &TestDatabase) -> Bench<'_> {
        Bench {
            database,
            checkout: Checkout::on(database),
            tools: client_tools(database.server().installation.major).unwrap(),
            url: DatabaseUrl::parse(&database.url()).unwrap(),
        }
    }

    /// A program of PostgreSQL's, as it is typed by hand.
    fn by_hand(&self, program: &str, url: &DatabaseUrl, arguments: &[&str]) -> Duration {
        let mut command = Command::new(self.tools.bin.join(program));
        command
            .args(arguments)
            .arg(format!("--dbname={}", url.without_password()))
            .env("PGPASSWORD", &self.database.server().password)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        timed(&mut command)
    }

    fn ours(&self, arguments: &[&str]) -> Duration {
        timed(
            self.checkout
                .command(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
    }

    /// `db:backup` beside pg_dump, with its default compression and with ours.
    fn take(&self, rounds: usize, jobs: usize) {
        let manifest = self.one_backup();
        let compression = manifest["dump"]["compression"].as_str().unwrap();
        // as majors before 16 spell it, too
        let compress = format!("--compress={}", compression.trim_start_matches("gzip:"));
        let jobs = jobs.to_string();
        let file = self.checkout.root().join("by_hand");
        let path = file.to_str().unwrap();
        let dump = |more: &[&str]| {
            let parallel = ["--format=directory", "--jobs", &jobs];
            let format = if jobs == "1" {
                &["--format=custom"][..]
            } else {
                &parallel
            };
            let took = self.by_hand("pg_dump", &self.url, &[format, &["--file", path], more].concat());
            remove(&file);
            took
        };
        turns(
            &format!("a backup, {jobs} at once"),
            rounds,
            vec![
                Contender::new("pg_dump, its default gzip", || dump(&[])),
                Contender::new(format!("pg_dump, {compression}, as ours"), || dump(&[&compress])),
                Contender::new("db:backup", || {
                    let took = self.ours(&["db:backup", "--jobs", &jobs]);
                    remove(&self.checkout.root().join("backups"));
                    took
                }),
            ],
        );
    }

    /// `db:backup --prove` beside pg_restore of the same archive.
    fn prove(&self, rounds: usize) {
        remove(&self.checkout.root().join("backups"));
        let manifest = self.one_backup();
        let folder = self.checkout.root().join("backups");
        let backup = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let archive = backup.join(manifest["data"].as_str().unwrap());
        let restore = |more: &[&str]| {
            let mut server = self.database.server().client("postgres");
            server
                .batch_execute("CREATE DATABASE by_hand TEMPLATE template0")
                .unwrap();
            let url = self.url.with_database("by_hand");
            let took = self.by_hand("pg_restore", &url, &[more, &[archive.to_str().unwrap()]].concat());
            server.batch_execute("DROP DATABASE by_hand").unwrap();
            took
        };
        turns(
            "its proof",
            rounds,
            vec![
                Contender::new("pg_restore", || restore(&[])),
                Contender::new("pg_restore --jobs=2", || restore(&["--jobs=2"])),
                Contender::new("db:backup --prove", || {
                    self.ours(&["db:backup", "--prove", backup.to_str().unwrap()])
                }),
            ],
        );
    }

    /// Takes one, and reads its manifest.
    fn one_backup(&self) -> serde_json::Value {
        let json = self.checkout.run(&["db:backup", "--json"]).exits(0).json();
        let folder = self.checkout.root().join(json["file"].as_str().unwrap());
        serde_json::from_str(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap()
    }
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let status = command.status().unwrap();
    let took = begun.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    took
}

fn remove(path: &Path) {
    let _ = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
}
