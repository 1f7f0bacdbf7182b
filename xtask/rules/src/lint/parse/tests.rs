use super::*;
use crate::lint::ast::{Action, Kind};

#[test]
fn what_no_parser_takes_is_left_alone() {
    for (open, close) in [("(", ")"), ("CASE WHEN a THEN ", " END"), ("a + ", "")] {
        let sql = format!("SELECT {}1{};\nSELECT 2;", open.repeat(20_000), close.repeat(20_000));
        let parsed = parse(&sql);
        assert_eq!(parsed.problems.len(), 1, "{open}");
        assert_eq!(parsed.problems[0].kind, ProblemKind::NotAnalysed);
        assert_eq!(parsed.statements.len(), 1, "the statement behind it is read");
    }
}

#[test]
fn nested_comments_and_quotes_are_no_depth() {
    let comments = format!("{}x{} SELECT 1", "/*".repeat(20_000), "*/".repeat(20_000));
    let quotes: Vec<String> = (0..20_000).map(|i| format!("SELECT $q{i}$ ( $q{i}$;")).collect();
    let quotes = quotes.join("\n");
    let unfinished: Vec<String> = (0..20_000).map(|i| format!("$q{i}$")).collect();
    let unfinished = unfinished.join(" ");
    assert_eq!(parse(&comments).problems, []);
    assert_eq!(parse(&quotes).statements.len(), 20_000);
    assert_eq!(parse(&format!("SELECT {unfinished}")).problems.len(), 1);
}

#[test]
fn a_body_that_is_nested_too_deeply_is_left_alone() {
    let deep = format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000));
    for sql in [
        format!("DO $$ BEGIN PERFORM {deep}; END $$"),
        format!("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT {deep} $$"),
        format!("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN {deep}; END $$"),
        format!("DO $a$ BEGIN EXECUTE $b$ SELECT {deep} $b$; END $a$"),
    ] {
        let parsed = parse(&sql);
        assert!(
            parsed.problems.iter().all(|p| p.kind == ProblemKind::NotAnalysed),
            "{:?}",
            parsed.problems
        );
    }
}

#[test]
fn psql_commands_and_rows_are_blanked_out() {
    let parsed = parse("\\set x 1\nCOPY t (a) FROM STDIN;\n1\n2\n\\.\nSELECT '\n\\not this';\n");
    let kinds: Vec<_> = parsed.problems.iter().map(|p| (p.kind, p.message.as_str())).collect();
    assert_eq!(kinds, [(ProblemKind::Backslash, "\\set x 1")]);
    assert_eq!(parsed.statements.len(), 2);
}

#[test]
fn a_block_is_read_with_what_it_executes() {
    let sql = "DO $$ BEGIN\n  IF true THEN\n    ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);\n  END IF;\n  \
               EXECUTE 'DROP TABLE u';\n  EXECUTE format('DROP TABLE %I', x);\nEND $$;";
    let parsed = parse(sql);
    assert_eq!(parsed.problems, []);
    let [block, alter, drop] = parsed.statements.as_slice() else {
        panic!("{:?}", parsed.statements)
    };
    assert!(matches!(&block.kind, Kind::Do(block) if block.dynamic.len() == 1));
    assert_eq!(&sql[alter.span.clone()], "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)");
    assert!(
        alter.in_block
            && matches!(&alter.kind, Kind::AlterTable(t) if matches!(t.actions[0].1, Action::AddConstraint(_)))
    );
    assert_eq!(&sql[drop.span.clone()], "DROP TABLE u");
}

#[test]
fn a_statement_that_says_nothing_is_a_syntax_error() {
    for sql in [
        "ALTER TABLE t",
        "DROP TABLE",
        "DROP TABLE IF EXISTS",
        "CREATE TABLE t",
        "ALTER FOREIGN TABLE t",
    ] {
        let parsed = parse(sql);
        assert_eq!(parsed.problems.len(), 1, "{sql}");
        assert_eq!(parsed.problems[0].kind, ProblemKind::Syntax);
    }
    for sql in [
        "CREATE TABLE t PARTITION OF p DEFAULT",
        "CREATE TABLE t OF ty",
        "CREATE TABLE t ()",
    ] {
        assert_eq!(parse(sql).problems, [], "{sql}");
    }
}

#[test]
fn a_reserved_word_is_a_name_in_quotes_alone() {
    for sql in [
        "ALTER TABLE t ADD COLUMN user text",
        "ALTER TABLE t ADD IF NOT EXISTS order int NOT NULL",
        "ALTER TABLE t DROP COLUMN IF EXISTS end",
        "ALTER TABLE t RENAME COLUMN a TO Group",
        "ALTER TABLE t ADD CONSTRAINT check CHECK (a > 0)",
        "CREATE POLICY all ON t USING (true)",
        "DO $$ BEGIN ALTER TABLE t ADD COLUMN limit int; END $$",
    ] {
        let problems = parse(sql).problems;
        assert!(
            problems.len() == 1 && problems[0].message.contains("is a reserved word"),
            "{sql}: {problems:?}"
        );
    }
    for sql in [
        "ALTER TABLE t ADD COLUMN \"user\" text, ADD name text, ADD level int, ADD CHECK (a > 0), ADD UNIQUE (a)",
        "ALTER TABLE t DROP COLUMN value, DROP CONSTRAINT IF EXISTS c, ALTER COLUMN date SET NOT NULL",
        "ALTER TABLE t RENAME type TO role",
    ] {
        assert_eq!(parse(sql).problems, [], "{sql}");
    }
}
