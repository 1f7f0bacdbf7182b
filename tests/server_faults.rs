//! Faults of the server at every statement boundary: it crashes and comes back, its disk is full. Nothing is half-applied,
//! nothing is left that a rerun does not heal, no exit code contradicts the database. Sampled here; `DBTASK_TEST_LONG=1`
//! tries every boundary.

use std::process::Output;
use std::time::{Duration, Instant};

use crate::faults::{FILES, is_long, judge};
use crate::support::tablespace::SmallDisk;
use crate::support::{Checkout, TestDatabase};

/// The script that does the harm, in the server's data folder, where its programs are started.
const FAULT: &str = "fault.sh";

/// A statement that does nothing, unless there is a file `fault-N`: then the harm is done, once.
fn boundary(n: usize) -> String {
    format!("COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; if [ -e fault-{n} ]; then rm fault-{n}; sh ./{FAULT}; fi';\n")
}

/// The files of the fault suite with a boundary behind each statement, and how many there are.
fn with_boundaries(database: &TestDatabase) -> (Checkout, usize) {
    let checkout = Checkout::on(database);
    let mut n = 0;
    for (name, sql) in FILES {
        let mut text = String::new();
        for line in sql.split_inclusive('\n') {
            text.push_str(line);
            if line.ends_with(";\n") {
                text.push_str(&boundary(n));
                n += 1;
            }
        }
        checkout.migration(name, &text);
    }
    (checkout, n)
}

/// An empty database again, on the same server.
fn clear(database: &TestDatabase) {
    database
        .client()
        .batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .unwrap();
}

fn judge_output(database: &TestDatabase, checkout: &Checkout, output: &Output, what: &str) {
    let words = String::from_utf8_lossy(&output.stderr);
    judge(&mut database.client(), checkout, output.status.code(), &words, what);
}

#[test]
fn a_server_that_crashes_at_a_statement_boundary_is_healed_by_a_rerun() {
    let database = TestDatabase::on_own_server();
    let server = database.server();
    let (checkout, boundaries) = with_boundaries(&database);
    assert_eq!(boundaries, 13);
    // what `pg_ctl stop -m immediate` sends
    let crash = "kill -QUIT \"$(head -n 1 postmaster.pid)\"; sleep 5";
    std::fs::write(server.data().join(FAULT), crash).unwrap();
    for n in (0..boundaries).step_by(if is_long() { 1 } else { 4 }) {
        clear(&database);
        std::fs::write(server.data().join(format!("fault-{n}")), "").unwrap();
        server
            .account()
            .give(&server.data().join(format!("fault-{n}")))
            .unwrap();
        let child = checkout.spawn(&["db:push"]);
        let begun = Instant::now();
        while server.is_up() {
            assert!(begun.elapsed() < Duration::from_mins(1), "boundary {n} was not reached");
            std::thread::sleep(Duration::from_millis(5));
        }
        server.start_again();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "the server crashed in the middle");
        judge_output(&database, &checkout, &output, &format!("crash at boundary {n}"));
    }
}

#[test]
fn a_full_disk_at_a_statement_boundary_is_healed_by_a_rerun() {
    let Some(disk) = SmallDisk::mount(20) else {
        println!("skipped: a small disk can be mounted by root alone");
        return;
    };
    let database = TestDatabase::on_own_server();
    disk.take(&database);
    let server = database.server();
    let (checkout, boundaries) = with_boundaries(&database);
    let fill = disk.path().join("fill");
    let script = format!("dd if=/dev/zero of='{}' bs=8k 2>/dev/null; true", fill.display());
    std::fs::write(server.data().join(FAULT), script).unwrap();
    let mut times = 0;
    for n in (0..boundaries).step_by(if is_long() { 1 } else { 3 }) {
        clear(&database);
        std::fs::write(server.data().join(format!("fault-{n}")), "").unwrap();
        server
            .account()
            .give(&server.data().join(format!("fault-{n}")))
            .unwrap();
        let output = checkout.spawn(&["db:push"]).wait_with_output().unwrap();
        std::fs::remove_file(&fill).unwrap();
        if String::from_utf8_lossy(&output.stderr).contains("[53100]") {
            assert_eq!(output.status.code(), Some(1));
            times += 1;
        }
        judge_output(&database, &checkout, &output, &format!("disk full at boundary {n}"));
    }
    // the last files need no page more than they have
    assert!(times >= 2, "the disk was full {times} times");
}
