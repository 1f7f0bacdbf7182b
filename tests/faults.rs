//! Faults at any moment: nothing half-applied, nothing that a rerun does not heal, no exit code that contradicts the
//! database. Sampled here; `DBTASK_TEST_LONG=1` tries every byte and every moment.

use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use postgres::Client;

use crate::support::proxy::{Cut, Proxy, Way};
use crate::support::{Checkout, TestDatabase, finish};

/// Files with and without a transaction, such that each one's traces tell whether it was carried out, and how often.
pub const FILES: [(&str, &str); 5] = [
    (
        "V00001__tally.sql",
        "CREATE TABLE tally (file int, n int);\nINSERT INTO tally VALUES (1, 1);\nCREATE TABLE t (id int, v text);\nINSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 500) g;\n",
    ),
    (
        "V00002__more.sql",
        "INSERT INTO tally VALUES (2, 1);\nUPDATE t SET v = v || 'x';\n",
    ),
    (
        "V00003__steps.sql",
        "-- dbtask:no-transaction\nCREATE INDEX CONCURRENTLY t_id ON t (id);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_v ON t (v);\nCREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'happy';\n",
    ),
    (
        "V00004__deferred.sql",
        "INSERT INTO tally VALUES (4, 1);\nALTER TABLE t ADD COLUMN m mood DEFAULT 'happy';\n",
    ),
    ("V00005__last.sql", "INSERT INTO tally VALUES (5, 1);\n"),
];

/// What a database must look like in the end.
const WHOLE: &str = "recorded 1,2,3,4,5; tally 1:1,2:1,4:1,5:1; indexes t_id,t_v; column true; moods sad,happy; x 500";

/// The state in words, also that of a database that has nothing yet.
fn state(client: &mut Client) -> String {
    let mut ask = |exists: &str, sql: &str| -> String {
        let there: bool = client
            .query_one(
                "SELECT to_regclass($1) IS NOT NULL OR to_regtype($1) IS NOT NULL",
                &[&exists],
            )
            .unwrap()
            .get(0);
        if there {
            client
                .query_one(sql, &[])
                .unwrap()
                .get::<_, Option<String>>(0)
                .unwrap_or_default()
        } else {
            String::new()
        }
    };
    let recorded = ask(
        "refinery_schema_history",
        "SELECT string_agg(version::text, ',' ORDER BY version) FROM refinery_schema_history",
    );
    let tally = ask(
        "tally",
        "SELECT string_agg(file || ':' || n, ',' ORDER BY file) FROM (SELECT file, sum(n) AS n FROM tally GROUP BY file) s",
    );
    let indexes = ask(
        "t",
        "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = 't'::regclass AND indisvalid",
    );
    let column = ask(
        "t",
        "SELECT (count(*) > 0)::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'm'",
    );
    let moods = ask(
        "mood",
        "SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum",
    );
    let x = ask("t", "SELECT count(*)::text FROM t WHERE v LIKE '%x'");
    format!("recorded {recorded}; tally {tally}; indexes {indexes}; column {column}; moods {moods}; x {x}")
}

/// No transactional file has traces without its row, or a row without its traces.
fn assert_whole_files(state: &str, what: &str) {
    for file in ["1", "2", "4", "5"] {
        let list = |name: &str| -> Vec<String> {
            let at = state.find(name).unwrap() + name.len();
            state[at..]
                .split(';')
                .next()
                .unwrap()
                .trim()
                .split(',')
                .map(|item| item.split(':').next().unwrap().to_owned())
                .collect()
        };
        let (recorded, traced) = (list("recorded"), list("tally"));
        assert_eq!(
            recorded.contains(&file.to_owned()),
            traced.contains(&file.to_owned()),
            "{what}: {state}"
        );
    }
    assert!(!state.contains(":2"), "{what}: carried out twice: {state}");
}

fn checkout(database: &TestDatabase) -> Checkout {
    let checkout = Checkout::on(database);
    for (name, sql) in FILES {
        checkout.migration(name, sql);
    }
    checkout
}

pub fn is_long() -> bool {
    std::env::var_os("DBTASK_TEST_LONG").is_some()
}

/// After a fault: the exit code agrees with the database, files are whole, and a rerun heals.
pub fn judge(client: &mut Client, checkout: &Checkout, code: Option<i32>, words: &str, what: &str) {
    // the old backend may still be rolling back: the rerun waits for its lock, so the look comes after it ends
    let begun = std::time::Instant::now();
    let busy =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dbtask%'";
    while client.query_one(busy, &[]).unwrap().get::<_, i64>(0) > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{what}: the server never went idle"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = state(client);
    assert_whole_files(&left, what);
    if code == Some(0) {
        assert_eq!(left, WHOLE, "{what}: success was reported\n{words}");
    } else if code.is_some() {
        // one that was killed reported nothing
        assert_ne!(
            left.split(';').next(),
            WHOLE.split(';').next(),
            "{what}: failure was reported, and all is applied\n{words}"
        );
    }
    if words.contains("was rolled back whole") {
        let path = words
            .split("now: `")
            .nth(1)
            .and_then(|rest| rest.split('`').next())
            .unwrap_or_default();
        let number = path.split("V0000").nth(1).and_then(|rest| rest.chars().next()).unwrap();
        assert!(
            !left.split(';').next().unwrap().contains(number),
            "{what}: {left}\n{words}"
        );
    }
    checkout.run(&["db:push"]).exits(0);
    assert_eq!(state(client), WHOLE, "{what}: after a rerun");
    checkout.run(&["db:status", "--check"]).exits(0);
}

/// Runs a push whose wire is cut, and leaves the database empty again: making one is most of the work of a cut.
fn cut(database: &TestDatabase, checkout: &Checkout, client: &mut Client, cut: Cut) {
    let proxy = Proxy::start(database.server().port, Some(cut));
    let url = database.url_through(proxy.port);
    let run = finish(checkout.command(&["db:push"]).env("DATABASE_URL", url));
    judge(client, checkout, run.code, &run.text(), &format!("{cut:?}"));
    client
        .batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .unwrap();
}

#[test]
fn a_wire_cut_at_any_byte_is_healed_by_a_rerun() {
    let database = TestDatabase::new();
    let checkout = checkout(&database);
    let proxy = Proxy::start(database.server().port, None);
    let url = database.url_through(proxy.port);
    finish(checkout.command(&["db:push"]).env("DATABASE_URL", url)).exits(0);
    assert_eq!(state(&mut database.client()), WHOLE);
    let total = |way| match way {
        Way::ToServer => proxy.traffic.to_server.load(Ordering::Relaxed),
        Way::ToClient => proxy.traffic.to_client.load(Ordering::Relaxed),
    };
    let mut cuts = Vec::new();
    for way in [Way::ToServer, Way::ToClient] {
        // a step that is no divisor of anything, so that another run of the numbers hits other bytes
        let step = if is_long() { 1 } else { (total(way) / 16).max(1) };
        cuts.extend((1..total(way)).step_by(step).map(|after| Cut { way, after }));
    }
    // spread, so that one that is stopped early has tried some of everything
    cuts.sort_by_key(|cut| cut.after.wrapping_mul(0x9e37_79b9) & 0xffff);
    // a long run can be stopped, and taken up again where it was
    let from = std::env::var("DBTASK_TEST_FROM").map_or(0, |from| from.parse().unwrap());
    let total = cuts.len();
    let cuts: Vec<(usize, Cut)> = cuts.into_iter().enumerate().skip(from).collect();
    let place = || {
        let database = TestDatabase::new();
        let (checkout, client) = (self::checkout(&database), database.client());
        (database, checkout, client)
    };
    side_by_side(cuts, place, |(database, checkout, client), (number, next)| {
        if number % 500 == 0 {
            println!("cut {number} of {total}");
        }
        cut(database, checkout, client, next);
    });
}

/// Does something to each item, several at a time, each time in its own place: most of it is waiting. One that panics
/// fails the test at its end.
fn side_by_side<P, T: Send>(items: Vec<T>, place: impl Fn() -> P + Sync, each: impl Fn(&mut P, T) + Sync) {
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut place = place();
                while let Some(item) = next() {
                    each(&mut place, item);
                }
            });
        }
    });
}

#[test]
fn a_runner_killed_at_any_moment_is_healed_by_a_rerun() {
    let moments = if is_long() { 200 } else { 12 };
    for n in 0..moments {
        let database = TestDatabase::new();
        let checkout = checkout(&database);
        let mut child = checkout.spawn(&["db:push"]);
        std::thread::sleep(Duration::from_millis(10 + n * 120 / moments));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        judge(
            &mut database.client(),
            &checkout,
            output.status.code(),
            &String::from_utf8_lossy(&output.stderr),
            &format!("kill {n}"),
        );
    }
}

#[test]
fn a_backend_terminated_at_any_moment_is_healed_by_a_rerun() {
    let moments = if is_long() { 200 } else { 12 };
    for n in 0..moments {
        let database = TestDatabase::new();
        let checkout = checkout(&database);
        let child = checkout.spawn(&["db:push"]);
        std::thread::sleep(Duration::from_millis(10 + n * 120 / moments));
        database
            .client()
            .batch_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        judge(
            &mut database.client(),
            &checkout,
            output.status.code(),
            &String::from_utf8_lossy(&output.stderr),
            &format!("terminate {n}"),
        );
    }
}

#[test]
fn many_runners_at_once_apply_each_file_once() {
    let sizes: &[usize] = if is_long() { &[2, 10, 50] } else { &[2, 10] };
    for &runners in sizes {
        for half_migrated in [false, true] {
            let database = TestDatabase::new();
            let checkout = checkout(&database);
            if half_migrated {
                checkout.run(&["db:push", "--to", "2"]).exits(0);
            }
            let children: Vec<_> = (0..runners).map(|_| checkout.spawn(&["db:push"])).collect();
            for child in children {
                let output = child.wait_with_output().unwrap();
                assert!(
                    output.status.success(),
                    "{runners}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            assert_eq!(state(&mut database.client()), WHOLE, "{runners}");
        }
    }
}

#[test]
fn a_file_is_one_round_trip_and_nothing_pending_is_few() {
    let trips = |files: usize, database: &TestDatabase| {
        let checkout = Checkout::on(database);
        for n in 1..=files {
            checkout.migration(&format!("V{n:05}__t{n}.sql"), &format!("CREATE TABLE t{n} (id int);\n"));
        }
        let proxy = Proxy::start(database.server().port, None);
        let url = format!("{}?sslmode=disable", database.url_through(proxy.port));
        finish(checkout.command(&["db:push"]).env("DATABASE_URL", url)).exits(0);
        proxy.traffic.round_trips.load(Ordering::Relaxed)
    };
    let database = TestDatabase::new();
    let (few, more) = (trips(10, &TestDatabase::new()), trips(60, &database));
    assert_eq!(more - few, 50, "50 files more took {} round trips more", more - few);
    let nothing = trips(60, &database);
    assert!(nothing <= 13, "nothing pending took {nothing} round trips");
}

/// Numbers that look random and come again with the same seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

/// A file with number `n` that builds on what the ones before it made.
fn random_file(dice: &mut Dice, n: u64) -> String {
    let table =
        format!("CREATE TABLE t{n} (id int, v text);\nINSERT INTO t{n} SELECT g, 'v' FROM generate_series(1, 50) g;\n");
    match dice.below(6) {
        _ if n == 1 => table,
        0 => table,
        1 => format!("{table}ALTER TABLE t{n} ADD COLUMN w int DEFAULT 7, ADD UNIQUE (id);\n"),
        2 => format!("{table}CREATE INDEX i{n} ON t{n} (v);\nUPDATE t{n} SET id = id + 1;\n"),
        3 => format!(
            "-- dbtask:no-transaction\nCREATE TABLE t{n} (id int, v text);\nCREATE INDEX CONCURRENTLY i{n} ON t{n} (id);\nVACUUM t{n};\n"
        ),
        4 => format!(
            "-- dbtask:no-transaction\nCREATE TYPE e{n} AS ENUM ('a');\nALTER TYPE e{n} ADD VALUE 'b';\nCREATE TABLE t{n} (e e{n} DEFAULT 'b');\n"
        ),
        _ => {
            format!("{table}CREATE VIEW v{n} AS SELECT * FROM t{n};\nDO $$ BEGIN PERFORM count(*) FROM v{n}; END $$;\n")
        }
    }
}

/// Everything in the schema, with its rows counted, in words.
fn catalog(database: &TestDatabase) -> String {
    let mut client = database.client();
    let relations = "SELECT c.relname, c.relkind::text, coalesce(i.indisvalid, true) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
         WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'dbtask%' AND relname NOT LIKE 'refinery%' ORDER BY 1";
    let mut words = String::new();
    for row in client.query(relations, &[]).unwrap() {
        let (name, kind, valid): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
        let _ = write!(words, "{name} {kind} {valid}");
        if kind == "r" {
            let sql = format!("SELECT count(*), coalesce(sum(hashtext(x::text)::int8), 0)::int8 FROM {name} x");
            let row = client.query_one(&sql, &[]).unwrap();
            let _ = write!(words, " {} {}", row.get::<_, i64>(0), row.get::<_, i64>(1));
        }
        words.push('\n');
    }
    let enums =
        "SELECT coalesce(string_agg(enumlabel, ',' ORDER BY enumtypid::regtype::text, enumsortorder), '') FROM pg_enum";
    words.push_str(client.query_one(enums, &[]).unwrap().get(0));
    words
}

/// Whatever the files and whatever the fault, a rerun ends where an undisturbed run does.
#[test]
fn random_files_and_random_faults_end_as_an_undisturbed_run_does() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    for round in 0..if is_long() { 200 } else { 6 } {
        let seed = (now.as_secs() ^ u64::from(now.subsec_nanos())).wrapping_add(round) | 1;
        let mut dice = Dice(seed);
        let files: Vec<String> = (1..=3 + dice.below(5)).map(|n| random_file(&mut dice, n)).collect();
        let write = |checkout: &Checkout| {
            for (sql, n) in files.iter().zip(1..) {
                checkout.migration(&format!("V{n:05}__random.sql"), sql);
            }
        };
        let (calm, stormy) = (TestDatabase::new(), TestDatabase::new());
        let (here, there) = (Checkout::on(&calm), Checkout::on(&stormy));
        write(&here);
        write(&there);
        here.run(&["db:push"]).exits(0);
        let way = if dice.below(2) == 0 {
            Way::ToServer
        } else {
            Way::ToClient
        };
        let after = 200 + usize::try_from(dice.below(4000)).unwrap();
        let proxy = Proxy::start(stormy.server().port, Some(Cut { way, after }));
        let mut child = there
            .command(&["db:push"])
            .env("DATABASE_URL", stormy.url_through(proxy.port))
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        if dice.below(2) == 0 {
            std::thread::sleep(Duration::from_millis(20 + dice.below(60)));
            let _ = child.kill();
        }
        child.wait().unwrap();
        there.run(&["db:push"]).exits(0);
        assert_eq!(
            catalog(&stormy),
            catalog(&calm),
            "seed {seed}, cut {way:?} after {after}"
        );
        there.run(&["db:status", "--check"]).exits(0);
    }
}
