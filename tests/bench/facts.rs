//! What it costs to read a large schema, and how `db:drift` spends its time on one that is up to date.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use dbtask::facts::Facts;
use dbtask_runner::{DatabaseUrl, Session};

use super::{Cost, cpu, our_apply};
use crate::support::{Checkout, TestDatabase};

/// How many tables there are, and as many views; each table has nine columns.
const TABLES: usize = 500;

/// How many of them a file makes.
const A_FILE: usize = 10;

const ROUNDS: usize = 7;

/// What real schemas have: several schemas, keys, foreign keys, checks, indexes, defaults, enums, comments, grants,
/// functions and triggers.
fn write_files(checkout: &Checkout) {
    let mut first = String::from(
        "CREATE TYPE status AS ENUM ('new', 'open', 'done');\nCREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');\n\
         CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;\n",
    );
    for n in 0..5 {
        let _ = writeln!(first, "CREATE SCHEMA s{n};\nGRANT USAGE ON SCHEMA s{n} TO PUBLIC;");
    }
    checkout.migration("V00001__types.sql", &first);
    for (file, begin) in (0..TABLES).step_by(A_FILE).enumerate() {
        let mut sql = String::new();
        for i in begin..begin + A_FILE {
            let table = format!("s{}.table_{i}", i % 5);
            let up = i.saturating_sub(5);
            let parent = format!("s{}.table_{up}", up % 5);
            let _ = writeln!(
                sql,
                "CREATE TABLE {table} (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  tenant_id bigint NOT NULL,\n  \
                 parent_id bigint REFERENCES {parent} ON DELETE CASCADE,\n  name text NOT NULL DEFAULT '',\n  contact public.email,\n  \
                 status public.status NOT NULL DEFAULT 'new',\n  amount numeric(12,2) CHECK (amount >= 0),\n  \
                 payload jsonb NOT NULL DEFAULT '{{}}',\n  updated_at timestamptz NOT NULL DEFAULT now(),\n  UNIQUE (tenant_id, name)\n);\n\
                 CREATE INDEX ON {table} (parent_id);\nCREATE INDEX ON {table} (status, updated_at DESC) WHERE status <> 'done';\n\
                 COMMENT ON TABLE {table} IS 'Rows of kind {i}';\nCOMMENT ON COLUMN {table}.tenant_id IS 'Whose it is';\n\
                 COMMENT ON COLUMN {table}.payload IS 'As it came';\nGRANT SELECT, INSERT ON {table} TO PUBLIC;\n\
                 CREATE TRIGGER touch BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION public.touch();\n\
                 CREATE VIEW s{}.view_{i} AS SELECT t.id, t.tenant_id, t.name, p.name AS parent, t.amount, t.updated_at FROM {table} t \
                 LEFT JOIN {parent} p ON p.id = t.parent_id WHERE t.status <> 'done';",
                i % 5
            );
            if i % 5 == 0 {
                let _ = writeln!(
                    sql,
                    "CREATE FUNCTION s0.total_{i}(tenant bigint) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sum(amount) FROM {table} WHERE tenant_id = tenant $$;"
                );
            }
        }
        checkout.migration(&format!("V{:05}__tables.sql", file + 2), &sql);
    }
}

fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "as cargo xtask builds it"
    } else {
        "optimised"
    }
}

/// The CPU time of a process (Linux; elsewhere zero).
fn cpu_of(pid: i32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}

fn made() -> (TestDatabase, Checkout) {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    write_files(&checkout);
    our_apply(&DatabaseUrl::parse(&database.url()).unwrap(), &checkout);
    (database, checkout)
}

/// Reads once by a session of its own, as a command does: the cost here, the CPU time of the server for it, and the facts.
fn read(url: &DatabaseUrl) -> (Cost, Duration, Facts) {
    let session = Session::connect(url).unwrap();
    let pid: i32 = session
        .query_one("SELECT pg_backend_pid()", &[])
        .unwrap()
        .try_get(0)
        .unwrap();
    let (begun, before, server) = (Instant::now(), cpu(), cpu_of(pid));
    let facts = Facts::read(&session).unwrap();
    let cost = Cost {
        wall: begun.elapsed(),
        cpu: cpu().saturating_sub(before),
    };
    // the kernel has the last of it a moment later
    std::thread::sleep(Duration::from_millis(20));
    (cost, cpu_of(pid).saturating_sub(server), facts)
}

/// Facts of 500 tables, 500 views and 4,500 columns, in CPU seconds of both ends; best of the rounds.
pub fn facts() {
    let (database, _checkout) = made();
    let url = DatabaseUrl::parse(&database.url()).unwrap();
    let seconds = |d: Duration| d.as_secs_f64();
    for analysed in [false, true] {
        if analysed {
            database.client().batch_execute("ANALYZE").unwrap();
        }
        let mut best: Option<(Cost, Duration, Facts)> = None;
        for _ in 0..ROUNDS {
            let now = read(&url);
            let sum = |(cost, server, _): &(Cost, Duration, Facts)| cost.cpu + *server;
            if best.as_ref().is_none_or(|best| sum(&now) < sum(best)) {
                best = Some(now);
            }
        }
        let (cost, server, facts) = best.unwrap();
        let many = |kind: &str| facts.iter().filter(|fact| fact.kind == kind).count();
        println!(
            "facts of {} tables, {} views, {} columns ({} facts), {}, {}: client {:.2} + server {:.2} = {:.2} CPU s, {:.2} s wall",
            many("table"),
            many("view"),
            many("column"),
            facts.len(),
            profile(),
            if analysed {
                "after ANALYZE"
            } else {
                "right after the migration"
            },
            seconds(cost.cpu),
            seconds(server),
            seconds(cost.cpu + server),
            seconds(cost.wall)
        );
    }
}

/// `db:drift` of that database, which is up to date; best of three.
pub fn drift() {
    let (_database, checkout) = made();
    let mut best: Option<(f64, serde_json::Value)> = None;
    for _ in 0..3 {
        let begun = Instant::now();
        let json = checkout.run(&["db:drift", "--json"]).exits(0).json();
        let wall = begun.elapsed().as_secs_f64();
        if best.as_ref().is_none_or(|(least, _)| wall < *least) {
            best = Some((wall, json));
        }
    }
    let (wall, json) = best.unwrap();
    println!(
        "db:drift of {TABLES} tables and views, {} files, {}: {wall:.2} s wall; seconds: {}",
        json["files"],
        profile(),
        json["seconds"]
    );
}
