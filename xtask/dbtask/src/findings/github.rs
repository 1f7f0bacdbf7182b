//! Workflow commands of GitHub Actions: `::error file=…,line=…::message`.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use dbtask_rules::lint::{Finding, Level};

/// One line a finding.
pub(super) fn render(findings: &[&Finding]) -> String {
    findings
        .iter()
        .map(|finding| line(finding))
        .collect::<Vec<_>>()
        .join("\n")
}

fn line(finding: &Finding) -> String {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Allow => "notice",
    };
    // columns make sense to GitHub within one line only
    let columns = if finding.start.line == finding.end.line {
        format!(",col={},endColumn={}", finding.start.column, finding.end.column)
    } else {
        String::new()
    };
    format!(
        "::{command} file={},line={},endLine={}{columns},title={}::{}",
        property(&finding.path),
        finding.start.line,
        finding.end.line,
        property(finding.rule),
        data(&format!(
            "{}\nwhy: {}\nhelp: {}",
            finding.message, finding.why, finding.help
        )),
    )
}

/// The escapes that the runner undoes in a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes that it undoes in a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
