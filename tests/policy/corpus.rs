//! Reads `incidents` and `good`; the README beside them says what is in there.

use std::fs;
use std::path::{Path, PathBuf};

use postgres::Client;

/// What a server does with an incident's file.
pub struct Outcome {
    /// The SQLSTATE that it ends with; `None` where it runs.
    pub fails: Option<String>,
    /// It ends with that only when it runs a second time.
    pub again: bool,
    /// From which major of PostgreSQL on.
    pub from: u32,
}

/// A migration that hurt somebody.
pub struct Incident {
    pub name: String,
    /// The rules that have to stop it; none where no static check can see what went wrong.
    pub expect: Vec<String>,
    pub outcome: Outcome,
    /// The major that the workspace is set to.
    pub target: Option<u32>,
    /// What earlier files made.
    pub before: String,
    pub migration: String,
}

/// Files that nobody has to change, in the order in which they are applied.
pub struct History {
    pub name: String,
    /// From which major of PostgreSQL on.
    pub from: u32,
    /// Names and texts.
    pub files: Vec<(String, String)>,
}

/// All incidents, in their order.
pub fn incidents() -> Vec<Incident> {
    folders("incidents").iter().map(|dir| incident(dir)).collect()
}

/// All good histories.
pub fn histories() -> Vec<History> {
    folders("good")
        .iter()
        .map(|dir| {
            let name = last_name(dir);
            let from = name.strip_prefix("from_").and_then(|rest| rest.split_once('_'));
            let mut files: Vec<_> = entries(dir).iter().map(|file| (last_name(file), read(file))).collect();
            // stable: the repeatable ones go behind the numbered ones
            files.sort_by_key(|(name, _)| name.starts_with("R__"));
            History {
                from: from.map_or(0, |(major, _)| major.parse().unwrap()),
                files,
                name,
            }
        })
        .collect()
}

/// Does with a file what the runner does: one transaction, or statement by statement. Leaves nothing in the session.
pub fn apply(client: &mut Client, sql: &str) -> Result<(), postgres::Error> {
    let result = if is_outside_of_a_transaction(sql) {
        dbtask_rules::statements::split(sql)
            .into_iter()
            .try_for_each(|range| client.batch_execute(&sql[range]))
    } else {
        client
            .batch_execute("BEGIN")
            .and_then(|()| client.batch_execute(sql))
            .and_then(|()| client.batch_execute("COMMIT"))
    };
    // outside of a transaction it is a warning
    client.batch_execute("ROLLBACK")?;
    client.batch_execute("DISCARD ALL")?;
    result
}

pub fn is_outside_of_a_transaction(sql: &str) -> bool {
    sql.starts_with("-- dbtask:no-transaction\n")
}

fn incident(dir: &Path) -> Incident {
    let story = read(&dir.join("incident.md"));
    let (head, _) = story.split_once("\n\n").unwrap();
    let field = |name: &str| {
        let mut values = head
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        values.next()
    };
    assert!(
        field("source").is_some_and(|source| source.starts_with("https://")),
        "{}",
        dir.display()
    );
    let expect = field("expect").unwrap();
    Incident {
        name: last_name(dir),
        expect: if expect.starts_with("none (") {
            Vec::new()
        } else {
            expect.split(", ").map(str::to_owned).collect()
        },
        outcome: outcome(field("server").unwrap()),
        target: field("target").map(|major| major.parse().unwrap()),
        before: read(&dir.join("before.sql")),
        migration: read(&dir.join("migration.sql")),
    }
}

fn outcome(text: &str) -> Outcome {
    let (text, from) = text.split_once(" from ").unwrap_or((text, "0"));
    let fails = text.strip_prefix("fails ");
    assert!(fails.is_some() || text == "runs", "{text}");
    Outcome {
        fails: fails.map(|code| code[..5].to_owned()),
        again: text.ends_with(" again"),
        from: from.parse().unwrap(),
    }
}

fn folders(kind: &str) -> Vec<PathBuf> {
    entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/policy").join(kind))
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn last_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
