//! What the lints say about the corpus.

use std::collections::BTreeMap;

use dbtask_rules::lint::{Finding, Policy, lint_files, rule};
use dbtask_rules::statements::split;
use dbtask_rules::{MigrationFile, RepeatableFile};

use super::corpus::{Incident, histories, incidents, is_outside_of_a_transaction};
use crate::locks::claims::CLAIMS;

/// The findings about the last of some files, which are a history.
pub fn findings(policy: &Policy, files: &[(&str, &str)]) -> Vec<Finding> {
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let last = files.last().unwrap().0;
    let (repeatables, numbered): (Vec<_>, Vec<_>) = files
        .iter()
        .map(|(name, sql)| (leak(name), leak(sql), 0))
        .partition(|(name, _, _)| name.starts_with("R__"));
    let numbered: Vec<_> = numbered
        .into_iter()
        .map(|f| MigrationFile::embedded(f).unwrap())
        .collect();
    let repeatables: Vec<_> = repeatables
        .into_iter()
        .map(|f| RepeatableFile::embedded(f).unwrap())
        .collect();
    let all = lint_files(&numbered, &repeatables, policy).findings;
    all.into_iter().filter(|finding| finding.path == last).collect()
}

/// The findings about an incident's migration.
pub fn about(incident: &Incident) -> Vec<Finding> {
    let target = incident.target.map(|major| format!("postgres = {major}\n"));
    let policy = Policy::parse("policy.toml", &target.unwrap_or_default()).unwrap();
    let files = [
        ("V00001__before.sql", incident.before.as_str()),
        ("V00002__migration.sql", incident.migration.as_str()),
    ];
    findings(&policy, &files)
}

#[test]
fn nine_in_ten_of_the_incidents_that_can_be_seen_are_stopped() {
    let mut seen = 0;
    let mut missed = Vec::new();
    for incident in incidents().iter().filter(|incident| !incident.expect.is_empty()) {
        seen += 1;
        let found: Vec<_> = about(incident).iter().map(|finding| finding.rule).collect();
        assert!(
            incident.expect.iter().all(|name| rule(name).is_some()),
            "{}",
            incident.name
        );
        if !incident.expect.iter().all(|name| found.contains(&name.as_str())) {
            missed.push(format!("{}: {:?}, not {found:?}", incident.name, incident.expect));
        }
    }
    let share = 100 * (seen - missed.len()) / seen;
    println!("{share} % of {seen} are stopped; missed:\n{}", missed.join("\n"));
    assert!(share >= 90, "{share} %:\n{}", missed.join("\n"));
}

#[test]
fn nothing_is_said_about_good_files() {
    let mut said = Vec::new();
    for history in histories() {
        for last in 0..history.files.len() {
            for finding in findings(&Policy::default(), &upto(&history.files, last, None)) {
                let Finding { rule, message, .. } = finding;
                said.push(format!(
                    "{}/{}: [{rule}] {message}",
                    history.name, history.files[last].0
                ));
            }
        }
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
}

#[test]
fn every_claim_about_locks_names_a_rule_that_there_is() {
    for claim in CLAIMS.iter().filter(|claim| !claim.rule.is_empty()) {
        assert!(rule(claim.rule).is_some(), "{}", claim.rule);
    }
}

/// Good files, each with one thing spoilt.
#[test]
fn good_files_that_are_spoilt_are_found() {
    let mut figures: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for history in histories() {
        for (last, (name, sql)) in history.files.iter().enumerate() {
            for (how, mutant) in mutants(sql) {
                let (all, missed) = figures.entry(how).or_default();
                *all += 1;
                let is_refused = std::panic::catch_unwind(|| {
                    findings(&Policy::default(), &upto(&history.files, last, Some(&mutant))).is_empty()
                });
                if is_refused.unwrap_or(false) {
                    missed.push(format!("{}/{name}:\n{mutant}", history.name));
                }
            }
        }
    }
    let figure =
        |(how, (all, missed)): (&&str, &(usize, Vec<String>))| format!("{how}: {} of {all}", all - missed.len());
    println!("{}", figures.iter().map(figure).collect::<Vec<_>>().join("\n"));
    let missed: Vec<_> = figures
        .iter()
        .flat_map(|(how, (_, missed))| missed.iter().map(move |text| format!("{how}: {text}")))
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(figures.values().map(|(all, _)| all).sum::<usize>() > 400);
}

/// The files up to one of them, with another text for that one.
fn upto<'a>(files: &'a [(String, String)], last: usize, text: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let mut files: Vec<_> = files[..=last]
        .iter()
        .map(|(name, sql)| (name.as_str(), sql.as_str()))
        .collect();
    if let Some(text) = text {
        files[last].1 = text;
    }
    files
}

/// What is wrong with each, and the text.
fn mutants(sql: &str) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let mut without = |how: &'static str, words: &str, is_meant: &dyn Fn(&str, &str) -> bool| {
        for (at, _) in sql.match_indices(words) {
            let (before, after) = (&sql[..at], &sql[at + words.len()..]);
            let line = before.rsplit('\n').next().unwrap();
            if !line.contains("--") && is_meant(before, after) {
                all.push((how, format!("{before}{after}")));
            }
        }
    };
    // what is dropped first or goes with the session needs no guard
    let in_block = |before: &str| {
        before.matches("$$").count() % 2 == 1
            || before.contains("DROP FUNCTION")
            || before.ends_with("TEMPORARY TABLE ")
    };
    without("no IF NOT EXISTS", "IF NOT EXISTS ", &|before, after| {
        !in_block(before) && !after.starts_with('(')
    });
    without("no IF EXISTS", "IF EXISTS ", &|before, after| {
        !in_block(before) && !after.starts_with('(')
    });
    without("no CONCURRENTLY", " CONCURRENTLY", &|before, _| {
        !before.ends_with("VIEW")
    });
    without("no NOT VALID", " NOT VALID", &|_, after| after.starts_with(';'));
    without("no OR REPLACE", "OR REPLACE ", &|before, _| !in_block(before));
    without("no LOCAL", "SET LOCAL ", &|_, after| !after.is_empty());
    if is_outside_of_a_transaction(sql) {
        all.push(("in a transaction", sql.split_once('\n').unwrap().1.to_owned()));
    }
    for range in split(sql) {
        let statement = &sql[range.clone()];
        let first = statement
            .lines()
            .find(|line| !line.starts_with("--"))
            .unwrap_or_default();
        let changes = first.starts_with("UPDATE ") || first.starts_with("DELETE ");
        let is_live = !sql.contains("CREATE TABLE");
        if let Some(at) = statement.rfind("WHERE ").filter(|_| changes && is_live) {
            all.push(("no WHERE", format!("{}{};\n", &sql[..range.start], &statement[..at])));
        }
    }
    if !sql.contains("dbtask:") {
        all.push((
            "a COMMIT",
            format!("{}\n;COMMIT;\n", sql.trim_end().trim_end_matches(';')),
        ));
        all.push(("a search_path", format!("SET search_path = '';\n{sql}")));
    }
    all
}
