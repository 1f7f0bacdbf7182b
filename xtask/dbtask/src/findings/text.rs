//! For people: each finding with its place, the first ones in full, the rest counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dbtask_rules::MigrationFolder;
use dbtask_rules::lint::Finding;
use dbtask_runner::Excerpt;

use super::level_style;
use crate::output::{CYAN, GREEN, coloured_place, count};

/// How many findings of one rule are told in full: those behind them say the same of other places.
const IN_FULL: usize = 5;

/// How many places of the rest are listed.
const LISTED: usize = 10;

/// The findings in the order of the files; of a rule that has many, those behind the first few are listed by place.
pub(super) fn render(findings: &[&Finding], folder: &MigrationFolder, all: bool) -> String {
    let texts: BTreeMap<&str, &str> = folder.texts().collect();
    let mut rest: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parts = Vec::new();
    for finding in findings {
        let told = shown.entry(finding.rule).or_default();
        if all || *told < IN_FULL {
            *told += 1;
            parts.push(in_full(
                finding,
                texts.get(finding.path.as_str()).copied().unwrap_or_default(),
            ));
        } else {
            rest.entry(finding.rule).or_default().push(finding);
        }
    }
    parts.extend(rest.iter().map(|(rule, findings)| abridged(rule, findings)));
    parts.join("\n\n")
}

fn in_full(finding: &Finding, sql: &str) -> String {
    let style = level_style(finding.level);
    let mut text = format!(
        "{style}{}[{}]{style:#}: {}\n",
        finding.level, finding.rule, finding.message
    );
    let excerpt = Excerpt::of_range(&finding.path, sql, finding.range.clone());
    text.push_str(&coloured_place(&excerpt.to_string()));
    let _ = write!(text, "\n  {CYAN}why:{CYAN:#} {}", finding.why);
    if !finding.help.is_empty() {
        let _ = write!(
            text,
            "\n  {GREEN}help:{GREEN:#} {}",
            finding.help.replace('\n', "\n      ")
        );
    }
    text
}

/// The places alone.
fn abridged(rule: &str, findings: &[&Finding]) -> String {
    let style = findings
        .first()
        .map(|finding| level_style(finding.level))
        .unwrap_or_default();
    let mut text = format!("{style}{rule}{style:#}: {}, at", count(findings.len(), "more finding"));
    for finding in findings.iter().take(LISTED) {
        let _ = write!(
            text,
            "\n  {}:{}:{}",
            finding.path, finding.start.line, finding.start.column
        );
    }
    if findings.len() > LISTED {
        let _ = write!(
            text,
            "\n  and {} more: `--all` shows each of them",
            findings.len() - LISTED
        );
    }
    text
}
