//! What was not looked into.

use super::{At, Check, Findings, Rule};
use crate::lint::finding::Level;
use crate::lint::parse::ProblemKind;

pub(super) const RULE: Rule = Rule {
    name: "not-analysed",
    level: Level::Warning,
    summary: "a statement that was not looked into",
    page: "\
## What it catches

A statement that is nested more deeply than the parser can take without harm, or on which the parser failed.

## Why

No other rule has looked at it: that they are silent means nothing here.

## Instead

Take the statement apart, for example a generated expression of a thousand terms into a table and a join. Where it has to
be so, read it yourself and say so above it:

    -- dbtask:allow(not-analysed): generated; looked at by hand
",
    check: Check::File(check),
};

fn check(at: &At<'_>, out: &mut Findings<'_>) {
    for problem in &at.parsed.problems {
        if problem.kind == ProblemKind::NotAnalysed {
            out.report(
                &problem.span,
                format!("this statement was not analysed: {}", problem.message),
                "no other rule has looked at it",
            )
            .help("take it apart, or read it yourself and write above it:\n-- dbtask:allow(not-analysed): looked at by hand");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    #[test]
    fn what_is_too_deep_is_said_once() {
        let deep = format!("SELECT {}1{};", "(".repeat(500), ")".repeat(500));
        one(&RULE, &[&deep]);
        silent(
            &RULE,
            &[&format!("-- dbtask:allow(not-analysed): looked at by hand\n{deep}")],
        );
    }
}
