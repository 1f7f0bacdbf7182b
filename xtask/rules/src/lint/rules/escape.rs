//! Escapes that do nothing.

use super::{Check, Rule};
use crate::lint::finding::Level;

pub(in crate::lint) const RULE: Rule = Rule {
    name: "escape",
    level: Level::Error,
    summary: "a `dbtask:allow` that names no rule, or allows nothing",
    page: "\
## What it catches

`-- dbtask:allow(rule): reason` where there is no such rule, or where the rule has nothing against the statement below.
(One without a reason is refused already with the file's other directives.)

## Why

An escape that does nothing hides the next finding of its kind, and tells the reader something that is not so.

## Instead

Correct the rule's name, or remove the line. An escape stands in a comment directly above its statement:

    -- dbtask:allow(blocking-index): a few thousand rows, well under a second
    CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);
",
    // the escapes themselves are matched once all other rules have spoken
    check: Check::File(|_, _| {}),
};

#[cfg(test)]
mod tests {
    use super::super::testing::{fixed, one, silent};
    use super::RULE;

    #[test]
    fn an_escape_is_for_the_statement_below() {
        silent(&RULE, &["-- dbtask:allow(own-transaction): a test\nBEGIN;"]);
        let finding = one(&RULE, &["-- dbtask:allow(own-transaction): a test\nSELECT 1;\nBEGIN;"]);
        assert_eq!(
            finding.message,
            "`own-transaction` has nothing against the statement below"
        );
        one(&RULE, &["SELECT 1;\n-- dbtask:allow(own-transaction): at the end\n"]);
    }

    #[test]
    fn a_rule_that_does_not_exist_has_a_nearest() {
        let finding = one(&RULE, &["-- dbtask:allow(own-transactio): a test\nBEGIN;"]);
        assert_eq!(finding.help, "did you mean `own-transaction`?");
    }

    #[test]
    fn an_unused_one_can_be_removed() {
        let text = "SELECT 1;\n  -- dbtask:allow(rename): why\nSELECT 2;\n";
        assert_eq!(fixed(&RULE, &[text]), "SELECT 1;\nSELECT 2;\n");
    }
}
