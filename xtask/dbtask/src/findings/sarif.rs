//! SARIF 2.1.0.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use dbtask_rules::lint::{Edit, Finding, Level, RULES, Rule};
use serde_json::{Value, json};

/// One run with all rules, and the findings as its results.
pub(super) fn render(findings: &[&Finding]) -> String {
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dbtask",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| rule_json(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(|finding| result(finding)).collect::<Vec<_>>(),
        }],
    })
    .to_string()
}

fn rule_json(rule: &Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.level) },
    })
}

fn result(finding: &Finding) -> Value {
    let file = json!({ "uri": uri(&finding.path), "uriBaseId": "%SRCROOT%" });
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.level),
        "message": { "text": format!("{}\nwhy: {}\nhelp: {}", finding.message, finding.why, finding.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": file,
            "region": {
                "startLine": finding.start.line,
                "startColumn": finding.start.column,
                "endLine": finding.end.line,
                "endColumn": finding.end.column,
            },
        }}],
    });
    if !finding.edits.is_empty() {
        let replacements: Vec<Value> = finding.edits.iter().map(replacement).collect();
        result["fixes"] = json!([{
            "description": { "text": "what `cargo xtask db:lint --fix` writes" },
            "artifactChanges": [{ "artifactLocation": file, "replacements": replacements }],
        }]);
    }
    result
}

fn replacement(edit: &Edit) -> Value {
    json!({
        "deletedRegion": { "byteOffset": edit.range.start, "byteLength": edit.range.len() },
        "insertedContent": { "text": edit.replacement },
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Allow => "none",
    }
}

/// A path of the workspace as a relative reference.
fn uri(path: &str) -> String {
    path.replace('%', "%25")
        .replace(' ', "%20")
        .replace('#', "%23")
        .replace('?', "%3F")
}
