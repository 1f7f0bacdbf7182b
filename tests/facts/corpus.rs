//! Facts against pg_dump on the schemas of real projects, which are no part of this one. `DBTASK_TEST_CORPUS` names a folder
//! that has a folder for each: SQL files which make, one after the other, a schema of the one before, in the order of their
//! names. A statement that fails is skipped, as psql does.
//!
//! Of each two schemas of a project the facts must be equal exactly when pg_dump says the same of both; each that is dumped
//! and restored must have the facts that it had; and the text of the last one, by `db:schema`, must load into an empty
//! database, give the same facts and come out the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dbtask::facts::Facts;
use dbtask::server::{ClientTools, client_tools};

use super::dump::{dump, feed, psql};
use super::session;
use crate::support::{Checkout, TestDatabase};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    entries
}

fn facts(database: &TestDatabase) -> Facts {
    Facts::read(&session(&database.url())).unwrap()
}

/// What was found of a project.
#[derive(Default)]
struct Found {
    /// Consecutive schemas, and how many of them pg_dump tells apart.
    pairs: usize,
    unlike: usize,
    wrong: Vec<String>,
}

fn check(project: &Path, tools: &ClientTools) -> Found {
    let name = project.file_name().unwrap().to_string_lossy().into_owned();
    let mut found = Found::default();
    let database = TestDatabase::new();
    // by dump: facts, and the file that made them; and the other way round
    let mut of_dump: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut of_facts: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut before = String::new();
    for file in entries(project) {
        let step = format!("{name}/{}", file.file_name().unwrap().to_string_lossy());
        let sql = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        let _ = feed(tools, &database, &sql, false);
        let (now, text) = (facts(&database), dump(tools, &database));
        let print = now.fingerprint();
        found.pairs += 1;
        found.unlike += usize::from(text != before);
        before.clone_from(&text);
        if let Some((other, earlier)) = of_dump.get(&text) {
            if *other != print {
                found
                    .wrong
                    .push(format!("{step} and {earlier}: pg_dump says the same, the facts differ"));
            }
            continue;
        }
        if let Some((other, earlier)) = of_facts.get(&print) {
            let line = text.lines().zip(other.lines()).find(|(a, b)| a != b);
            found
                .wrong
                .push(format!("{step} and {earlier}: equal facts, pg_dump differs: {line:?}"));
        }
        of_dump.insert(text.clone(), (print.clone(), step.clone()));
        of_facts.insert(print, (text.clone(), step.clone()));
        let restored = TestDatabase::new();
        if let Err(words) = psql(tools, &restored, &text) {
            found
                .wrong
                .push(format!("{step}: pg_dump's own text does not load: {}", words.trim()));
            continue;
        }
        let difference = now.difference(&facts(&restored));
        if !difference.is_empty() {
            found
                .wrong
                .push(format!("{step}: differs after restoring: {difference:?}"));
        }
    }
    found.wrong.extend(written(&name, &database, tools));
    found
}

/// What is wrong with the text of `db:schema`.
fn written(name: &str, database: &TestDatabase, tools: &ClientTools) -> Option<String> {
    let run = Checkout::on(database).run(&["db:schema"]);
    if run.code != Some(0) {
        return Some(format!("{name}: db:schema: {}", run.text()));
    }
    let loaded = TestDatabase::new();
    if let Err(words) = psql(tools, &loaded, &run.stdout) {
        return Some(format!("{name}: the text does not load: {words}"));
    }
    let difference = facts(database).difference(&facts(&loaded));
    if !difference.is_empty() {
        return Some(format!("{name}: the text makes something else: {difference:?}"));
    }
    let again = Checkout::on(&loaded).run(&["db:schema"]).stdout;
    let line = run.stdout.lines().zip(again.lines()).find(|(a, b)| a != b);
    (again != run.stdout).then(|| format!("{name}: the text comes out another one: {line:?}"))
}

#[test]
fn facts_agree_with_pg_dump_on_the_schemas_of_real_projects() {
    let Some(folder) = std::env::var_os("DBTASK_TEST_CORPUS") else {
        eprintln!("skipped: DBTASK_TEST_CORPUS names no folder of schemas");
        return;
    };
    let major = TestDatabase::new().server().installation.major;
    let tools = client_tools(major).unwrap();
    let projects = entries(Path::new(&folder));
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Found::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(project) = projects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(project, &tools);
                    let (pairs, unlike, wrong) = (found.pairs, found.unlike, found.wrong.len());
                    eprintln!(
                        "{}: {pairs} steps, {unlike} of them a change; {wrong} wrong",
                        project.display()
                    );
                    for words in &found.wrong {
                        eprintln!("    {words}");
                    }
                    let mut all = all.lock().unwrap();
                    all.pairs += found.pairs;
                    all.unlike += found.unlike;
                    all.wrong.extend(found.wrong);
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    eprintln!("{} steps, {} of them a change", all.pairs, all.unlike);
    assert!(all.wrong.is_empty(), "{}", all.wrong.len());
}
