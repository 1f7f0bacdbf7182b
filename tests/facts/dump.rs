//! Facts against pg_dump: two schemas have equal facts exactly when it says the same of both, and a dump that is restored
//! has the facts that it was made of. Two programs a pair take minutes: this runs where `DBTASK_TEST_LONG` is 1, or a part of
//! the names of the bases that are to be tried.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dbtask::facts::Facts;
use dbtask::server::{ClientTools, client_tools};

use super::matrix::{Base, bases, make_roles};
use super::session;
use crate::support::TestDatabase;

/// A program of PostgreSQL's on a database.
fn program(tools: &ClientTools, name: &str, database: &TestDatabase) -> Command {
    let mut command = Command::new(tools.bin.join(name));
    command
        .env("PGPASSWORD", &database.server().password)
        .args(["--host=127.0.0.1", "--username=postgres", "--no-password"])
        .arg(format!("--port={}", database.server().port))
        .arg(format!("--dbname={}", database.name()));
    command
}

/// What pg_dump says of the schema, without the words that are new in every run.
pub fn dump(tools: &ClientTools, database: &TestDatabase) -> String {
    let output = program(tools, "pg_dump", database)
        .arg("--schema-only")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| {
        // a setting that older servers do not have
        !line.starts_with("\\restrict")
            && !line.starts_with("\\unrestrict")
            && !line.starts_with("SET transaction_timeout")
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Runs an SQL text by psql, up to the first error.
pub fn psql(tools: &ClientTools, database: &TestDatabase, sql: &str) -> Result<(), String> {
    feed(tools, database, sql, true)
}

/// Runs an SQL text by psql, up to the first error or in spite of them.
pub fn feed(tools: &ClientTools, database: &TestDatabase, sql: &str, stop: bool) -> Result<(), String> {
    let mut child = program(tools, "psql", database)
        .args(["--no-psqlrc", "--quiet"])
        .arg(format!("--set=ON_ERROR_STOP={}", u8::from(stop)))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, sql) = (child.stdin.take().unwrap(), sql.to_owned());
    // beside it: its errors may fill their pipe meanwhile; and it may have stopped at one
    std::thread::spawn(move || input.write_all(sql.as_bytes()));
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A database of its own, which may hold a subscription.
struct Made(TestDatabase);

impl Made {
    fn new(steps: &[&str]) -> Made {
        let made = Made(TestDatabase::new());
        let session = session(&made.0.url());
        for sql in steps {
            session
                .batch(&format!("BEGIN; {sql}; COMMIT"))
                .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        }
        made
    }

    fn facts(&self) -> Facts {
        Facts::read(&session(&self.0.url())).unwrap()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // a database with a subscription cannot be dropped
        let _ = self.0.client().batch_execute(
            "DO $$ DECLARE s name; BEGIN FOR s IN SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database() LOOP
                 EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', s); EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s);
                 EXECUTE format('DROP SUBSCRIPTION %I', s); END LOOP; END $$",
        );
    }
}

/// What is wrong with a base and its changes.
fn check(base: &Base, tools: &ClientTools, major: u32) -> Vec<String> {
    let mut wrong = Vec::new();
    let first = Made::new(&[&base.sql]);
    let (facts, dumped) = (first.facts(), dump(tools, &first.0));
    let again = Made::new(&[&base.sql]);
    if again.facts() != facts || dump(tools, &again.0) != dumped {
        wrong.push(format!("{}: made twice, not equal", base.name));
    }
    for pair in base.changes.iter().filter(|pair| pair.is_for(major)) {
        let name = format!("{} / {}", base.name, pair.name);
        let second = Made::new(&[&base.sql, &pair.sql]);
        let (changed, text) = (second.facts(), dump(tools, &second.0));
        if text == dumped {
            wrong.push(format!("{name}: pg_dump sees no difference"));
        }
        if changed == facts {
            wrong.push(format!("{name}: the facts see no difference"));
        }
        let restored = Made::new(&[]);
        if let Err(words) = psql(tools, &restored.0, &text) {
            // 18 writes a child's own NOT NULL as no server before it reads it
            if tools.major > major && words.contains("syntax error") {
                eprintln!(
                    "{name}: pg_dump {} writes what PostgreSQL {major} does not read",
                    tools.major
                );
                continue;
            }
            wrong.push(format!("{name}: not restored: {words}"));
            continue;
        }
        let difference = changed.difference(&restored.facts());
        if !difference.is_empty() {
            wrong.push(format!("{name}: differs after restoring: {difference:?}"));
        }
    }
    wrong
}

#[test]
fn facts_agree_with_pg_dump_on_every_pair_and_survive_a_restore() {
    if let Some(which) = std::env::var("DBTASK_TEST_LONG")
        .ok()
        .filter(|which| !matches!(which.as_str(), "" | "0"))
    {
        let database = TestDatabase::new();
        make_roles(&database);
        let major = database.server().installation.major;
        let tools = client_tools(major).unwrap();
        let mut bases = bases();
        bases.retain(|base| which == "1" || base.name.contains(&which));
        assert!(!bases.is_empty(), "no base is called {which:?}");
        let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(base) = bases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = check(base, &tools, major);
                        eprintln!("{}: {} wrong of {}", base.name, found.len(), base.changes.len());
                        wrong.lock().unwrap().extend(found);
                    }
                });
            }
        });
        let wrong = wrong.into_inner().unwrap();
        assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    }
}
