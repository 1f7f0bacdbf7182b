use super::*;
use crate::lint::parse::parse;

/// The schema after some files.
fn after(files: &[&str]) -> Schema {
    let mut schema = Schema::default();
    for (number, sql) in files.iter().enumerate() {
        schema.begin(number);
        for statement in parse(sql).statements {
            schema.apply(&statement.kind);
        }
    }
    schema
}

fn named(name: &str) -> Name {
    Name {
        schema: None,
        name: name.to_owned(),
        written: name.to_owned(),
    }
}

#[test]
fn a_table_is_live_from_the_next_file_on() {
    let schema = after(&[
        "CREATE TABLE a (id int);",
        "CREATE TABLE IF NOT EXISTS a (id int); CREATE TABLE b (id int); CREATE TEMP TABLE c (id int);",
    ]);
    assert!(schema.is_live(&named("a")));
    assert!(!schema.is_live(&named("b")) && !schema.is_live(&named("c")));
    assert!(schema.is_live(&named("older_than_the_files")));
}

#[test]
fn what_dynamic_sql_made_is_not_guessed() {
    let schema = after(&["DO $$ BEGIN EXECUTE format('CREATE TABLE %I (id int)', 'x'); END $$;"]);
    assert!(!schema.is_live(&named("x")));
    let schema = after(&[
        "CREATE TABLE t (a int);",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD CHECK (a > ' || 1 || ')'; END $$;",
    ]);
    assert!(!schema.knows(&named("t")) && schema.is_live(&named("t")));
}

#[test]
fn keys_and_what_hangs_on_them_are_followed() {
    let mut schema = after(&[
        "CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE);
         CREATE TABLE c (p_id int REFERENCES p, code text, CONSTRAINT by_code FOREIGN KEY (code) REFERENCES p (code));",
        "ALTER TABLE p RENAME COLUMN code TO short; ALTER TABLE p RENAME TO q;",
    ]);
    let q = key(&named("q"));
    let names = |schema: &Schema, column: &str| -> Vec<String> {
        schema
            .references(&q, &[column.to_owned()])
            .map(|fk| fk.name.clone())
            .collect()
    };
    assert_eq!(names(&schema, "id"), ["c_p_id_fkey"]);
    assert_eq!(names(&schema, "short"), ["by_code"]);
    for statement in parse("ALTER TABLE c DROP CONSTRAINT by_code").statements {
        schema.apply(&statement.kind);
    }
    assert_eq!(names(&schema, "short"), Vec::<String>::new());
}

#[test]
fn a_check_is_valid_once_it_is_validated() {
    let files = [
        "CREATE TABLE t (a int);",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;",
    ];
    assert!(!after(&files).table(&named("t")).unwrap().proves_not_null("a"));
    let schema = after(&[files[0], files[1], "ALTER TABLE t VALIDATE CONSTRAINT c;"]);
    assert!(schema.table(&named("t")).unwrap().proves_not_null("a"));
}
