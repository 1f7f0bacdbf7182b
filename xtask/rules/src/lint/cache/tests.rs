use std::collections::BTreeSet;

use super::*;
use crate::lint::{Level, lint_files, rule};
use crate::{FileName, MigrationFile, RepeatableFile, Version};

const TOOL: &str = "this one";

/// A history whose later files have findings that hang on the earlier ones.
const HISTORY: [&str; 12] = [
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
    "CREATE VIEW v AS SELECT note FROM users;\nCREATE INDEX i ON users (note) WHERE note IS NOT NULL;\n",
    "ALTER TABLE users ALTER note TYPE text;\n",
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

/// Repeatable files with findings that hang on each other and on what is left of the first files of the history.
const REPEATABLE: [(&str, &str); 4] = [
    (
        "R__a_emails.sql",
        "CREATE OR REPLACE VIEW emails AS SELECT id, email FROM people;\n",
    ),
    ("R__b_rows.sql", "DELETE FROM people;\n"),
    (
        "R__c_index.sql",
        "CREATE INDEX IF NOT EXISTS people_note_idx ON people (id);\n",
    ),
    ("R__d_type.sql", "ALTER TABLE people ALTER COLUMN email TYPE varchar;\n"),
];

fn repeatable(name: &'static str, text: &str) -> RepeatableFile {
    RepeatableFile::embedded((name, "", 0))
        .unwrap()
        .with_text(text.to_owned())
}

fn repeatables() -> Vec<RepeatableFile> {
    REPEATABLE.iter().map(|(name, text)| repeatable(name, text)).collect()
}

/// Looks at the files with what was kept; the findings are those without it. What is kept next.
#[track_caller]
fn same(files: &[MigrationFile], policy: &Policy, old: &[u8]) -> Vec<u8> {
    same_with(files, &[], policy, old)
}

#[track_caller]
fn same_with(files: &[MigrationFile], repeatables: &[RepeatableFile], policy: &Policy, old: &[u8]) -> Vec<u8> {
    let all = SqlFile::all(files, repeatables);
    let (report, new) = recall(&all, policy, TOOL, old);
    assert_eq!(report, lint_files(files, repeatables, policy));
    // and what is kept now is as good as what a first run would have kept
    assert!(new == recall(&all, policy, TOOL, &[]).1);
    new
}

/// The findings with what was kept.
fn recalled(files: &[MigrationFile], repeatables: &[RepeatableFile], policy: &Policy, old: &[u8]) -> Report {
    recall(&SqlFile::all(files, repeatables), policy, TOOL, old).0
}

#[test]
fn the_findings_are_the_same_whatever_is_edited() {
    let policy = Policy::default();
    let files = history();
    let kept = same(&files, &policy, &[]);
    assert!(lint_files(&files, &[], &policy).findings.len() > 8);
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
        last.push(file(13, "x", gone.sql()));
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
fn the_findings_of_repeatable_files_are_the_same_whatever_is_edited() {
    let policy = Policy::default();
    let (files, all) = (&history()[..6], repeatables());
    let kept = same_with(files, &all, &policy, &[]);
    for (path, rule) in [
        ("R__b_rows.sql", "drop-data"),
        ("R__c_index.sql", "blocking-index"),
        ("R__d_type.sql", "alter-type"),
    ] {
        let findings = lint_files(files, &all, &policy).findings;
        let is_it = |finding: &Finding| finding.path == path && finding.rule == rule;
        assert!(findings.iter().any(is_it), "{path}");
    }
    for at in 0..all.len() {
        let (name, text) = REPEATABLE[at];
        for text in [
            format!("-- a comment\n\n{text}"),
            format!("{text}CREATE TABLE more (id int);\n"),
            format!("{text}ALTER TABLE people RENAME COLUMN email TO mail;\n"),
            "SELECT 1;\n".to_owned(),
            "CREATE OR REPLACE VIEW emails AS SELECT id FROM people;\n".to_owned(),
            REPEATABLE[(at + 1) % REPEATABLE.len()].1.to_owned(),
        ] {
            let mut edited = all.clone();
            edited[at] = repeatable(name, &text);
            let next = same_with(files, &edited, &policy, &kept);
            // and back again
            assert!(same_with(files, &all, &policy, &next) == kept);
        }
        let mut fewer = all.clone();
        let gone = fewer.remove(at);
        let next = same_with(files, &fewer, &policy, &kept);
        same_with(files, &all, &policy, &next);
        fewer.push(repeatable("R__z_last.sql", gone.sql()));
        same_with(files, &fewer, &policy, &kept);

        // what it says, in a numbered file: there it is of a time, and has a next one
        let mut more = files.to_vec();
        more.push(file(7, "x", gone.sql()));
        let next = same_with(&more, &all, &policy, &kept);
        same_with(files, &all, &policy, &next);
    }
    for at in 0..files.len() {
        for text in [
            format!("-- a comment\n{}", HISTORY[at]),
            format!("{}DROP TABLE IF EXISTS people;\n", HISTORY[at]),
            "SELECT 1;\n".to_owned(),
        ] {
            let mut edited = files.to_vec();
            edited[at] = file(files[at].version().get(), "x", &text);
            let next = same_with(&edited, &all, &policy, &kept);
            same_with(&edited, &[], &policy, &next);
            assert!(same_with(files, &all, &policy, &next) == kept);
        }
    }
    let later = Policy::parse("policy.toml", "after = 6\n").unwrap();
    let next = same_with(files, &all, &later, &kept);
    let findings = recalled(files, &all, &later, &next).findings;
    assert!(!findings.is_empty() && findings.iter().all(|finding| finding.path.starts_with("R__")));
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
            let (report, next) = recall(&SqlFile::all(files, &[]), &policy, TOOL, &damaged);
            assert_eq!(report, lint_files(files, &[], &policy));
            // what nobody needed is kept as it is, and is still no danger
            assert_eq!(
                recalled(&edited, &[], &policy, &next),
                lint_files(&edited, &[], &policy)
            );
        }
    }
    same(files, &policy, &[kept.as_slice(), b"more"].concat());

    let of_other = kept_with(&SqlFile::all(files, &[]), &policy, "another one", no_statements);
    assert_eq!(
        recalled(files, &[], &policy, &of_other),
        lint_files(files, &[], &policy)
    );
}

/// What a program would keep for which no file has findings; `parse` is what it takes for their statements.
fn kept_with(files: &[SqlFile<'_>], policy: &Policy, tool: &str, parse: fn(&str) -> Parsed) -> Vec<u8> {
    let mut record = Record::new(tool, &format!("{policy:?}"), files.len());
    for &file in files {
        let effects = effects(&parse::parse(file.sql));
        record.add(file, &effects, &Vec::new(), &parse(file.sql));
    }
    record.finish()
}

fn no_statements(_: &str) -> Parsed {
    Parsed::default()
}

#[test]
fn what_is_known_is_neither_judged_nor_parsed_again() {
    let files = history();
    let policy = Policy::default();
    // the program itself never keeps this: who believes it has not looked
    let believed = kept_with(&SqlFile::all(&files, &[]), &policy, TOOL, no_statements);
    assert_eq!(recalled(&files, &[], &policy, &believed), Report::default());

    // a comment in the first file: no other one is judged again
    let mut edited = files.clone();
    edited[0] = file(1, "x", &format!("-- more\n{}", HISTORY[0]));
    let report = recalled(&edited, &[], &policy, &believed);
    assert!(!report.findings.is_empty());
    assert!(report.findings.iter().all(|finding| finding.path == edited[0].path()));

    // another table in the first file: they are judged again, and not parsed
    edited[0] = file(1, "x", &format!("{}CREATE TABLE t (id int);\n", HISTORY[0]));
    let report = recalled(&edited, &[], &policy, &believed);
    assert!(
        !report
            .findings
            .iter()
            .any(|finding| finding.rule == "syntax" && finding.path != edited[0].path())
    );
}

#[test]
fn of_repeatable_files_those_behind_what_changed_are_judged_again() {
    let (files, all) = (&history()[..6], repeatables());
    let policy = Policy::default();
    let believed = kept_with(&SqlFile::all(files, &all), &policy, TOOL, parse::parse);
    assert_eq!(recalled(files, &all, &policy, &believed), Report::default());
    let judged = |files: &[MigrationFile], all: &[RepeatableFile]| -> BTreeSet<String> {
        let findings = recalled(files, all, &policy, &believed).findings;
        findings.into_iter().map(|finding| finding.path).collect()
    };

    // the schema stays what it was
    let mut edited = all.clone();
    edited[1] = repeatable("R__b_rows.sql", "-- all of them\nDELETE FROM people;\n");
    assert_eq!(judged(files, &edited), BTreeSet::from(["R__b_rows.sql".to_owned()]));

    // a view reads something else
    edited[1] = all[1].clone();
    edited[0] = repeatable(
        "R__a_emails.sql",
        "CREATE OR REPLACE VIEW emails AS SELECT email FROM people;\n",
    );
    let behind = ["R__b_rows.sql", "R__c_index.sql", "R__d_type.sql"].map(str::to_owned);
    assert_eq!(judged(files, &edited), BTreeSet::from(behind.clone()));

    // and so it is behind a numbered file that does more
    let mut more = files.to_vec();
    more[5] = file(
        6,
        "x",
        &format!("{}CREATE TABLE IF NOT EXISTS t (id int);\n", HISTORY[5]),
    );
    let last = more[5].path().to_owned();
    assert_eq!(judged(&more, &all), behind.into_iter().chain([last]).collect());
}

#[test]
fn a_file_that_cannot_be_written_is_no_obstacle() {
    let dir = std::env::temp_dir().join(format!("dbtask-cache-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("migrations")).unwrap();
    std::fs::write(dir.join("migrations/V00001__a.sql"), "DROP TABLE a;\n").unwrap();
    std::fs::write(dir.join("migrations/R__b.sql"), "DELETE FROM b;\n").unwrap();
    let folder = MigrationFolder::read(&dir.join("migrations")).unwrap();
    let policy = Policy::default();
    let expected = super::super::lint(&folder, &policy);
    assert!(
        expected
            .findings
            .iter()
            .any(|finding| finding.path.ends_with("R__b.sql"))
    );
    for cache in [dir.join("cache"), dir.join("cache"), dir.join("not/there"), dir.clone()] {
        assert_eq!(lint_with_cache(&folder, &policy, &cache), expected);
    }
    assert!(dir.join("cache").exists());
    std::fs::remove_dir_all(&dir).unwrap();
}

/// They come last, and their findings hang on the numbered ones.
#[test]
fn repeatable_files_are_kept_like_numbered_ones() {
    let policy = Policy::parse("policy.toml", "after = 9\n").unwrap();
    let index = ("R__index.sql", "CREATE INDEX IF NOT EXISTS i ON fresh (a);\n", 0);
    let repeatables = [RepeatableFile::embedded(index).unwrap()];
    let look = |files: &[MigrationFile], old: &[u8]| {
        let (report, new) = recall(&SqlFile::all(files, &repeatables), &policy, TOOL, old);
        assert_eq!(report, lint_files(files, &repeatables, &policy));
        (report.findings, new)
    };
    let mut files = vec![file(1, "x", "CREATE TABLE fresh (a int);\n")];
    let (found, kept) = look(&files, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(look(&files, &kept).0, found);
    // another table in front of it
    files[0] = file(1, "x", "CREATE TABLE fresh (a int) PARTITION BY RANGE (a);\n");
    let (partitioned, kept) = look(&files, &kept);
    assert_ne!(partitioned, found);
    files[0] = file(1, "x", "CREATE TABLE fresh (a int);\n");
    assert_eq!(look(&files, &kept).0, found);
}
