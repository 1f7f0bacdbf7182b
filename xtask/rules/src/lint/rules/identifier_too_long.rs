//! Names that PostgreSQL cuts.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::Statement;
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "identifier-too-long",
    level: Level::Warning,
    summary: "a name of more than 63 bytes, which PostgreSQL cuts",
    page: "\
## What it catches

An identifier of more than 63 bytes.

## Why

PostgreSQL cuts it with a NOTICE that nobody reads. Two long names may become one, and a guard that asks the catalog for the long name never finds it.

## Instead

A shorter name.

PostgreSQL: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
",
    check: Check::Statement(check),
};

const LONGEST: usize = 63;

fn check(_: &At<'_>, statement: &Statement, out: &mut Findings<'_>) {
    for (name, span) in &statement.long_names {
        let bare = name.trim_matches('"');
        let mut cut = LONGEST;
        while !bare.is_char_boundary(cut) {
            cut -= 1;
        }
        out.report(
            span,
            format!("the name has {} bytes, and PostgreSQL keeps {LONGEST}", bare.len()),
            "it is cut without an error, and two long names may become one",
        )
        .help(format!("choose a shorter one; it would become `{}`", &bare[..cut]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    #[test]
    fn the_64th_byte_is_too_much() {
        let name = "a".repeat(63);
        silent(&RULE, &[&format!("CREATE TABLE {name} (\"{name}\" int);")]);
        one(&RULE, &[&format!("CREATE TABLE {name}b (a int);")]);
        one(&RULE, &[&format!("CREATE TABLE \"{}\" (a int);", "ä".repeat(32))]);
    }
}
