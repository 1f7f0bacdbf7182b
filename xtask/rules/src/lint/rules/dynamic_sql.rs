//! DDL that is put together at run time.

use super::{At, Check, Findings, Rule};
use crate::lint::ast::{Dynamic, Kind};
use crate::lint::finding::Level;

pub(super) const RULE: Rule = Rule {
    name: "dynamic-sql",
    level: Level::Warning,
    summary: "DDL that is put together at run time, which no rule can look into",
    page: "\
## What it catches

`EXECUTE` of a text that is not written out, where it changes the schema, and `DO` blocks in another language than PL/pgSQL.
It is said once a file. An `EXECUTE 'ALTER TABLE …'` of a whole string is read like any other statement, and so is what
stands in a `DO` block without `EXECUTE`.

## Why

No other rule has looked at what will be executed, and what it does to the schema is not known to later files.

## Instead

Write the statements out. Where a loop over the catalog is what it takes, rehearse the file on a copy of production.

PostgreSQL: <https://www.postgresql.org/docs/current/plpgsql-statements.html#PLPGSQL-STATEMENTS-EXECUTING-DYN>
",
    check: Check::File(check),
};

fn check(at: &At<'_>, out: &mut Findings<'_>) {
    for statement in &at.parsed.statements {
        let Kind::Do(block) = &statement.kind else { continue };
        let ddl = block.dynamic.iter().find(|dynamic| is_ddl(dynamic));
        let span = match ddl {
            Some(dynamic) => &dynamic.span,
            None if !block.read && at.parsed.problems.is_empty() => &statement.span,
            None => continue,
        };
        out.report(
            span,
            "this is put together at run time, and was not analysed",
            "no other rule has looked at what it will execute",
        )
        .help("write the statements out; or try the file on a copy of production, and write above the block:\n-- dbtask:allow(dynamic-sql): tried on a copy");
        return;
    }
}

fn is_ddl(dynamic: &Dynamic) -> bool {
    let mut words = dynamic
        .text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return true;
    };
    !matches!(
        first,
        "select" | "insert" | "update" | "delete" | "with" | "grant" | "revoke" | "comment" | "analyze"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{one, silent};
    use super::RULE;

    #[test]
    fn ddl_from_the_catalog_is_said_once() {
        let block = "DO $$ DECLARE t text; BEGIN\n FOR t IN SELECT relname FROM pg_class LOOP\n  EXECUTE format('ALTER TABLE %I ADD a int', t);\n END LOOP; END $$;";
        let finding = one(&RULE, &[&format!("{block}\n{block}")]);
        assert_eq!(finding.start.line, 3);
    }

    #[test]
    fn what_is_written_out_or_changes_no_schema_is_none() {
        for sql in [
            "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD a int'; END $$;",
            "DO $$ BEGIN EXECUTE format('GRANT SELECT ON %I TO x', 'a'); END $$;",
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type) THEN CREATE TYPE x AS ENUM ('a'); END IF; END $$;",
        ] {
            silent(&RULE, &[sql]);
        }
    }
}
