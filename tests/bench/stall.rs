//! How long others stand behind a migration: readers and writers at work on a table, one of them for six seconds, while a
//! column is added to it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::peers;
use super::support::{Checkout, TestDatabase};

const COLUMN: &str = "ALTER TABLE people ADD COLUMN age int;\n";

/// How long the one reader takes, which everybody else stands behind.
const LONG_READER: Duration = Duration::from_secs(6);

/// The longest that a reader or a writer waited while `work` was done, and how long that took.
fn longest_wait(database: &TestDatabase, work: impl FnOnce()) -> (Duration, Duration) {
    let mut client = database.client();
    client
        .batch_execute(
            "CREATE TABLE people (id int PRIMARY KEY, n int);
             INSERT INTO people SELECT g, 0 FROM generate_series(1, 1000) g",
        )
        .unwrap();
    let (done, longest) = (AtomicBool::new(false), Mutex::new(Duration::ZERO));
    let hammer = |sql: &str| {
        let mut client = database.client();
        while !done.load(Ordering::Relaxed) {
            let begun = Instant::now();
            client.batch_execute(sql).unwrap();
            let mut longest = longest.lock().unwrap();
            *longest = longest.max(begun.elapsed());
            drop(longest);
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    let took = std::thread::scope(|scope| {
        scope.spawn(|| hammer("SELECT count(*) FROM people"));
        scope.spawn(|| hammer("SELECT n FROM people WHERE id = 7"));
        scope.spawn(|| hammer("UPDATE people SET n = n + 1 WHERE id = 1"));
        scope.spawn(|| hammer("UPDATE people SET n = n + 1 WHERE id = 2"));
        client.batch_execute("BEGIN; SELECT count(*) FROM people").unwrap();
        let reader = scope.spawn(move || {
            std::thread::sleep(LONG_READER);
            client.batch_execute("COMMIT").unwrap();
        });
        let begun = Instant::now();
        work();
        let took = begun.elapsed();
        reader.join().unwrap();
        done.store(true, Ordering::Relaxed);
        took
    });
    (longest.into_inner().unwrap(), took)
}

/// Each in turn, on a database of its own; the noise is what others waited while nothing was done.
pub fn compare() {
    println!("readers and writers behind a reader of 6 s, while a column is added");
    let (noise, _) = longest_wait(&TestDatabase::new(), || ());
    println!(
        "  {:<34} longest wait {:>6} ms",
        "nobody adds a column",
        noise.as_millis()
    );
    let show = |name: &str, (waited, took): (Duration, Duration)| {
        println!(
            "  {name:<34} longest wait {:>6} ms, added {:>6} ms; through after {:.1} s",
            waited.as_millis(),
            waited.saturating_sub(noise).as_millis(),
            took.as_secs_f64()
        );
    };
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    checkout.migration("V00001__column.sql", COLUMN);
    show(
        "dbtask",
        longest_wait(&database, || drop(checkout.run(&["db:push"]).exits(0))),
    );
    let database = TestDatabase::new();
    show(
        "ALTER TABLE, as it is",
        longest_wait(&database, || database.client().batch_execute(COLUMN).unwrap()),
    );
    for peer in peers::installed() {
        let database = TestDatabase::new();
        let folder = Checkout::new();
        let path = folder.root().join("peer");
        peer.write(&path, [COLUMN].into_iter());
        show(
            peer.name,
            longest_wait(&database, || peer.apply(&path, &database.url())),
        );
    }
}
