use super::*;
use crate::lint::{Level, lint_files, rule};
use crate::{FileName, Version};

const TOOL: &str = "this one";

/// A history whose later files have findings that hang on the earlier ones.
const HISTORY: [&str; 10] = [
    "-- people\nCREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text, note json);\n",
    "CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, user_id int REFERENCES users);\n",
    "INSERT INTO users VALUES (1, 'a@example.com') ON CONFLICT DO NOTHING;\n",
    "CREATE INDEX IF NOT EXISTS orders_user_idx ON orders (user_id);\n",
    "ALTER TABLE users ALTER COLUMN id TYPE bigint;\nALTER TABLE users RENAME TO people;\n",
    "CREATE TYPE state AS ENUM ('open');\nDO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'orders' || ' ADD a int'; END $$;\n",
    "SET search_path TO app;\nALTER TABLE people ADD COLUMN IF NOT EXISTS state state;\n",
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0);\nSELEC 1;\n",
    "-- dbtask:allow(drop-data): nobody reads it\nDROP TABLE orders;\nDROP TABLE people CASCADE;\n",
    "ALTER TABLE orders ADD COLUMN b int NOT NULL;\n",
];

fn file(number: i32, description: &str, text: &str) -> MigrationFile {
    let name = FileName::new(Version::new(number).unwrap(), 5, description).unwrap();
    MigrationFile::of_text(name, text.to_owned()).unwrap()
}

fn history() -> Vec<MigrationFile> {
    HISTORY
        .iter()
        .zip(1..)
        .map(|(text, number)| file(number, "x", text))
        .collect()
}

/// Looks at the files with what was kept; the findings are those without it. What is kept next.
#[track_caller]
fn same(files: &[MigrationFile], policy: &Policy, old: &[u8]) -> Vec<u8> {
    let (report, new) = recall(files, policy, TOOL, old);
    assert_eq!(report, lint_files(files, policy));
    // and what is kept now is as good as what a first run would have kept
    assert!(new == recall(files, policy, TOOL, &[]).1);
    new
}

#[test]
fn the_findings_are_the_same_whatever_is_edited() {
    let policy = Policy::default();
    let files = history();
    let kept = same(&files, &policy, &[]);
    assert!(lint_files(&files, &policy).findings.len() > 8);
    for at in 0..files.len() {
        let number = files[at].version().get();
        for text in [
            format!("-- a comment\n\n{}", HISTORY[at]),
            format!("{}CREATE TABLE more (id int);\n", HISTORY[at]),
            format!("{}DROP TABLE IF EXISTS users;\n", HISTORY[at]),
            format!("DO $$ BEGIN EXECUTE x; END $$;\n{}", HISTORY[at]),
            "SELECT 1;\n".to_owned(),
            HISTORY[(at + 3) % HISTORY.len()].to_owned(),
        ] {
            let mut edited = files.clone();
            edited[at] = file(number, "x", &text);
            let next = same(&edited, &policy, &kept);
            // and back again
            assert!(same(&files, &policy, &next) == kept);
        }
    }
}

#[test]
fn the_findings_are_the_same_when_files_come_go_and_change_their_names() {
    let policy = Policy::default();
    let files = history();
    let kept = same(&files, &policy, &[]);
    for at in 0..files.len() {
        let number = files[at].version().get();
        let mut fewer = files.clone();
        let gone = fewer.remove(at);
        let next = same(&fewer, &policy, &kept);
        same(&files, &policy, &next);

        let mut renamed = files.clone();
        renamed[at] = file(number, "renamed", HISTORY[at]);
        same(&renamed, &policy, &kept);

        let mut last = fewer.clone();
        last.push(file(11, "x", gone.sql()));
        same(&last, &policy, &kept);

        for text in [HISTORY[at], "SELECT 1;\n", "CREATE TABLE users (id int);\n"] {
            let mut more: Vec<MigrationFile> = Vec::new();
            for (place, known) in files.iter().enumerate() {
                // each keeps its text and gets a number of its own
                more.push(file(known.version().get() * 2, "x", known.sql()));
                if place == at {
                    more.push(file(known.version().get() * 2 + 1, "new", text));
                }
            }
            let next = same(&more, &policy, &kept);
            more.remove(at);
            same(&more, &policy, &next);
        }
    }
}

#[test]
fn another_policy_is_another_answer() {
    let files = history();
    let policy = Policy::default();
    let kept = same(&files, &policy, &[]);
    let lenient = policy.clone().with_level(rule("drop-data").unwrap(), Level::Warning);
    let next = same(&files, &lenient, &kept);
    same(&files, &policy, &next);
    let later = Policy::parse("policy.toml", "after = 4\npostgres = 18\n").unwrap();
    same(&files, &later, &kept);
}

#[test]
fn what_is_damaged_or_of_another_program_is_as_good_as_nothing() {
    let files = &history()[..5];
    let policy = Policy::default();
    let kept = same(files, &policy, &[]);
    for end in (0..kept.len()).step_by(13) {
        same(files, &policy, &kept[..end]);
    }
    let mut edited = files.to_vec();
    edited[0] = file(1, "x", "CREATE TABLE users (id int);\n");
    for at in (0..kept.len()).step_by(7) {
        let mut damaged = kept.clone();
        damaged[at] ^= 0x41;
        // the second one needs the stored statements too
        for files in [files, &edited] {
            let (report, next) = recall(files, &policy, TOOL, &damaged);
            assert_eq!(report, lint_files(files, &policy));
            // what nobody needed is kept as it is, and is still no danger
            assert_eq!(recall(&edited, &policy, TOOL, &next).0, lint_files(&edited, &policy));
        }
    }
    same(files, &policy, &[kept.as_slice(), b"more"].concat());

    let of_other = kept_with(files, &policy, "another one");
    assert_eq!(recall(files, &policy, TOOL, &of_other).0, lint_files(files, &policy));
}

/// What a program would keep for which no file has findings, or statements.
fn kept_with(files: &[MigrationFile], policy: &Policy, tool: &str) -> Vec<u8> {
    let mut record = Record::new(tool, &format!("{policy:?}"), files.len());
    for file in files {
        let effects = effects(&parse::parse(file.sql()));
        record.add(file, &effects, &Vec::new(), &Parsed::default());
    }
    record.finish()
}

#[test]
fn what_is_known_is_neither_judged_nor_parsed_again() {
    let files = history();
    let policy = Policy::default();
    // the program itself never keeps this: who believes it has not looked
    let believed = kept_with(&files, &policy, TOOL);
    assert_eq!(recall(&files, &policy, TOOL, &believed).0, Report::default());

    // a comment in the first file: no other one is judged again
    let mut edited = files.clone();
    edited[0] = file(1, "x", &format!("-- more\n{}", HISTORY[0]));
    let (report, _) = recall(&edited, &policy, TOOL, &believed);
    assert!(!report.findings.is_empty());
    assert!(report.findings.iter().all(|finding| finding.path == edited[0].path()));

    // another table in the first file: they are judged again, and not parsed
    edited[0] = file(1, "x", &format!("{}CREATE TABLE t (id int);\n", HISTORY[0]));
    let (report, _) = recall(&edited, &policy, TOOL, &believed);
    assert!(
        !report
            .findings
            .iter()
            .any(|finding| finding.rule == "syntax" && finding.path != edited[0].path())
    );
}

#[test]
fn a_file_that_cannot_be_written_is_no_obstacle() {
    let dir = std::env::temp_dir().join(format!("dbtask-cache-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("migrations")).unwrap();
    std::fs::write(dir.join("migrations/V00001__a.sql"), "DROP TABLE a;\n").unwrap();
    let folder = MigrationFolder::read(&dir.join("migrations")).unwrap();
    let policy = Policy::default();
    let expected = super::super::lint(&folder, &policy);
    for cache in [dir.join("cache"), dir.join("cache"), dir.join("not/there"), dir.clone()] {
        assert_eq!(lint_with_cache(&folder, &policy, &cache), expected);
    }
    assert!(dir.join("cache").exists());
    std::fs::remove_dir_all(&dir).unwrap();
}
