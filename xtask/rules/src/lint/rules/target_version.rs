//! Syntax that the target server does not have.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::Statement;
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "target-version",
    level: Level::Error,
    summary: "syntax that is newer than the server that `policy.toml` names",
    page: "\
## What it catches

Syntax that came with a later major version than `postgres = …` in `policy.toml`: for example `MERGE` (15), `NULLS NOT DISTINCT` (15), `JSON_TABLE` (17), virtual generated
columns (18). Without that line the rule is silent.

## Why

It passes on a developer's newer server, and is a syntax error in production.

## Instead

Write it as the target has it, or raise `postgres` once production runs the newer version.

PostgreSQL: <https://www.postgresql.org/docs/release/>
",
    check: Check::Statement(check),
};

fn check(at: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    let Some(target) = at.policy.postgres() else { return };
    for (feature, span) in &statement.features {
        if feature.since > target {
            out.report(
                span,
                format!(
                    "{} came with PostgreSQL {}, and the target is {target}",
                    feature.name, feature.since
                ),
                "the target server takes it for a syntax error",
            )
            .help(format!(
                "write it without, or set `postgres = {}` in policy.toml once production has it",
                feature.since
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found_under, silent};
    use super::RULE;
    use crate::lint::Policy;

    #[test]
    fn what_the_target_does_not_have_is_found() {
        let policy = |major: u32| Policy::parse("policy.toml", &format!("postgres = {major}")).unwrap();
        for (sql, since) in [
            ("CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;", 15),
            ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE;", 15),
            ("SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int PATH '$'));", 17),
            ("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL);", 18),
            ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED;", 18),
            (
                "CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
                14,
            ),
            ("SELECT uuidv7();", 18),
        ] {
            if since > 14 {
                assert_eq!(found_under(&policy(since - 1), &RULE, &[sql]).len(), 1, "{sql}");
            }
            assert_eq!(found_under(&policy(since), &RULE, &[sql]).len(), 0, "{sql}");
            silent(&RULE, &[sql]);
        }
    }
}
