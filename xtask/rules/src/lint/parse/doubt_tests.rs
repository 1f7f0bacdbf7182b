use squawk_syntax::SourceFile;

use super::*;
use crate::lint::ast::Span;
use crate::statements::{Lexer, Token};

/// A text for each of the parser's second looks, and some that they have nothing against.
const OBJECTIONABLE: &[&str] = &[
    "ALTER AGGREGATE a(int = 1) RENAME TO b",
    "ALTER FUNCTION f(int = 1) RENAME TO g",
    "ALTER PROCEDURE f(int = 1) RENAME TO g",
    "ALTER ROUTINE f(int = 1) RENAME TO g",
    "ALTER TABLE t ALTER COLUMN c SET STORAGE nowhere",
    "CREATE AGGREGATE a(OUT int) (sfunc = f, stype = int)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$ RETURN 1",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT from $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT a FROM t JOIN u $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql LEAKPROOF NOT LEAKPROOF AS $$ SELECT 1 $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql STRICT CALLED ON NULL INPUT AS $$ SELECT 1 $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SECURITY INVOKER AS $$ SELECT 1 $$",
    "CREATE FUNCTION f(OUT a int) RETURNS TABLE (b int) LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE FUNCTION f(VARIADIC a int[], b int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE PROCEDURE f(VARIADIC a int[], b int) LANGUAGE sql AS $$ SELECT 1 $$",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1 SELECT 2)",
    "CREATE TABLE left (a int)",
    "CREATE TABLE p PARTITION OF t FOR VALUES WITH (modulus 4)",
    "CREATE TABLE t (a)",
    "CREATE TABLE t (a numeric(1 + 1))",
    "DO LANGUAGE sql $$ SELECT 1 $$",
    "DO $$ BEGIN END $$ LANGUAGE plpgsql LANGUAGE plpgsql",
    "INSERT INTO t VALUES (1 + DEFAULT)",
    "MERGE INTO t USING u ON true WHEN MATCHED THEN UPDATE SET",
    "SELECT 'a' 'b'",
    "SELECT 'a' /* b */\n 'c'",
    "SELECT (SELECT)",
    "SELECT 1 SELECT 2",
    "SELECT 1 UNION SELECT 2 INTO t",
    "SELECT DISTINCT",
    "SELECT DISTINCT FROM t",
    "SELECT DISTINCT ON () a FROM t",
    "SELECT * FROM (t)",
    "SELECT * FROM LATERAL t",
    "SELECT * FROM ONLY f()",
    "SELECT * FROM t CROSS JOIN u USING (a)",
    "SELECT * FROM t JOIN u",
    "SELECT * FROM t NATURAL JOIN u USING (a)",
    "SELECT :a",
    "SELECT @1, a = any",
    "SELECT [1]",
    "SELECT ARRAY(1)",
    "SELECT U&'\\00'",
    "SELECT U&\"\\00\"",
    "SELECT a AS U&\"d!0061\" UESCAPE '+'",
    "SELECT ANY (a)",
    "SELECT COALESCE()",
    "SELECT NULLIF(1)",
    "SELECT a = 1 OR SOME (b)",
    "SELECT a IN (), b NOT IN 3",
    "SELECT a IN ROW (1, 2)",
    "SELECT a NOT IN b",
    "SELECT a, left",
    "SELECT array(1, 2)",
    "SELECT between(1)",
    "SELECT json_array(SELECT 1, 2)",
    "SELECT json_object(a: 1, 2)",
    "SELECT row (1) OVERLAPS row (2)",
    "SELECT select(1)",
    "SELECT = 1",
    "SET a TO",
    "UPDATE t SET",
    "UPDATE t SET a.b = DEFAULT",
    "FROM t",
    "FROM t SELECT a",
];

/// What in a block is objected to.
const BLOCKS: &[&str] = &[
    "BEGIN BEGIN NULL; END NULL; END",
    "BEGIN CASE CASE a WHEN 1 THEN 2 END WHEN 1 THEN NULL; END CASE; END",
    "BEGIN CASE a WHEN CASE WHEN b THEN 1 END THEN NULL; END CASE; END",
    "BEGIN FETCH ALL FROM c INTO x; END",
    "BEGIN FETCH c INTO STRICT x; END",
    "BEGIN FOR a, b IN 1..2 LOOP NULL; END LOOP; END",
    "BEGIN FOR a, b IN c LOOP NULL; END LOOP; END",
    "BEGIN FOR a IN REVERSE SELECT 1 LOOP NULL; END LOOP; END",
    "BEGIN IF CASE WHEN a THEN b END THEN NULL; END IF; END",
    "BEGIN IF a THEN NULL; ELSIF CASE WHEN a THEN b END THEN NULL; END IF; END",
    "BEGIN PERFORM a FROM t JOIN u; END",
    "DECLARE x U&\"tbl\" UESCAPE '!'%type; BEGIN NULL; END",
    "#print_strict_params maybe\nBEGIN NULL; END",
];

/// A doubt that is missing hides an error.
fn doubts_whatever_is_wrong(sql: &str) -> bool {
    let is_wrong = !SourceFile::parse(sql).errors().is_empty();
    let is_doubtful = is_possible(&Tree::parse(sql, EntryPoint::SourceFile));
    assert!(is_doubtful || !is_wrong, "{sql}");
    is_wrong
}

#[test]
fn whatever_is_objected_to_is_doubted() {
    let wrong = OBJECTIONABLE.iter().filter(|sql| doubts_whatever_is_wrong(sql)).count();
    assert!(wrong > OBJECTIONABLE.len() * 9 / 10, "{wrong}");
    for block in BLOCKS {
        let statement = format!("DO $body$ {block} $body$");
        let tree = Tree::parse(&statement, EntryPoint::SourceFile);
        let node = tree.root().children().next().unwrap();
        assert!(super::super::syntax::block(&node, block).is_err(), "{block}");
    }
}

/// The next number of a row that looks random.
fn next(seed: &mut usize) -> usize {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn mutants_that_are_objected_to_are_doubted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/policy");
    let files = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = files.into_iter().map(Result::unwrap);
    let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "sql"));
    let texts: Vec<String> = files
        .map(|file| std::fs::read_to_string(file.path()).unwrap())
        .collect();
    assert!(texts.len() > 300);
    let (mut seed, mut wrong) = (7, 0);
    for text in &texts {
        let tokens: Vec<(Token, Span)> = Lexer::new(text).collect();
        for (statement, own) in crate::statements::split_tokens(text, &tokens) {
            let sql = &text[statement.clone()];
            wrong += usize::from(doubts_whatever_is_wrong(sql));
            for _ in 0..2 {
                // a word is lost, doubled, or comes from elsewhere
                let (_, place) = &own[next(&mut seed) % own.len()];
                let place = place.start - statement.start..place.end - statement.start;
                let other = tokens[next(&mut seed) % tokens.len()].1.clone();
                let word = match next(&mut seed) % 3 {
                    0 => String::new(),
                    1 => format!("{0} {0}", &sql[place.clone()]),
                    _ => text[other].to_owned(),
                };
                let mutant = format!("{}{word}{}", &sql[..place.start], &sql[place.end..]);
                wrong += usize::from(doubts_whatever_is_wrong(&mutant));
            }
        }
    }
    assert!(wrong > 500, "{wrong}");
}
