//! What holds for any input: no panic, no secret in any output, pieces that joined give the whole.
//!
//! Each property takes its input from bytes. The suite hands it random ones, for a moment; the fuzz targets under
//! `tests/fuzz` hand it those that libFuzzer thinks of, for as long as they are let.

use std::path::PathBuf;

use arbtest::arbitrary::{Result, Unstructured};
use dbtask_rules::{Command, FileName, statements};
use dbtask_runner::{DatabaseUrl, Environment, Error};

/// Must be in no output.
const SECRET: &str = "s3cr3t";

/// A text of pieces that matter, and of characters that do not.
fn text(u: &mut Unstructured<'_>, pieces: &[&str]) -> Result<String> {
    let mut text = String::new();
    while !u.is_empty() && text.len() < 500 {
        if u.ratio(1, 6)? {
            text.push(u.arbitrary()?);
        } else {
            text.push_str(u.choose(pieces)?);
        }
    }
    Ok(text)
}

/// A few pieces.
fn some(u: &mut Unstructured<'_>, pieces: &[&str]) -> Result<String> {
    let mut text = String::new();
    for _ in 0..u.int_in_range(0..=4)? {
        text.push_str(u.choose(pieces)?);
    }
    Ok(text)
}

/// What is taken for a migration's name is one to refinery, too, and comes out as it went in.
pub fn file_name(u: &mut Unstructured<'_>) -> Result<()> {
    let name = text(
        u,
        &[
            "V",
            "U",
            "1",
            "007",
            "2147483648",
            "__",
            "_",
            "a",
            "Z",
            ".sql",
            ".SQL",
            "-",
            " ",
            "日",
            "/",
            ".",
            "|",
        ],
    )?;
    if let Ok(parsed) = FileName::parse(name.clone()) {
        assert_eq!(parsed.to_string(), name);
        let migration = refinery::Migration::unapplied(parsed.stem(), "").unwrap();
        assert_eq!(migration.version(), parsed.version().get());
        assert_eq!(migration.name(), parsed.description());
    }
    Ok(())
}

/// Pieces of SQL that matter to where statements end.
pub fn sql(u: &mut Unstructured<'_>) -> Result<String> {
    text(
        u,
        &[
            "'",
            "\"",
            "$$",
            "$a$",
            "$",
            "\\",
            "e'",
            "E'",
            "U&'",
            "--",
            "/*",
            "*/",
            "\n",
            ";",
            ";",
            "(",
            ")",
            " ",
            "SELECT ",
            "CREATE ",
            "OR REPLACE ",
            "FUNCTION ",
            "PROCEDURE ",
            "BEGIN ",
            "ATOMIC ",
            "CASE ",
            "END ",
            "COPY ",
            "FROM ",
            "STDIN ",
            "INDEX ",
            "CONCURRENTLY ",
            "ON ",
            "SET ROLE ",
            "ROLLBACK ",
            "TO ",
            "1",
            "x",
            "日",
            "\u{b}",
            "\t",
        ],
    )
}

/// Statements and what is between them are the text, nothing of value is between them, and each stands for itself.
pub fn splitter(u: &mut Unstructured<'_>) -> Result<()> {
    let standard = u.arbitrary()?;
    let sql = sql(u)?;
    let is_empty = |text: &str| statements::split_as(text, standard).is_empty();
    let mut end = 0;
    for range in statements::split_as(&sql, standard) {
        assert!(range.start < range.end && range.start >= end, "{range:?} in {sql:?}");
        let (between, statement) = (&sql[end..range.start], &sql[range.clone()]);
        assert!(is_empty(between), "between statements of {sql:?}");
        let alone = statements::split_as(statement, standard);
        assert!(alone.len() == 1 && alone[0] == (0..statement.len()), "in {sql:?}");
        let _ = Command::of(statement);
        end = range.end;
    }
    assert!(is_empty(&sql[end..]), "behind the statements of {sql:?}");
    assert!(statements::are_same(&sql, &sql));
    Ok(())
}

/// No output shows a password, whatever is wrong with the URL.
pub fn database_url(u: &mut Unstructured<'_>) -> Result<()> {
    let url = url(u)?;
    hides(&url, DatabaseUrl::parse(&url).as_ref());
    Ok(())
}

/// No output shows a password, whatever is wrong with the file.
pub fn env_file(u: &mut Unstructured<'_>) -> Result<()> {
    const PIECES: &[&str] = &[
        "'",
        "\"",
        "\n",
        "\\",
        "$",
        "${",
        "}",
        "#",
        " ",
        "=",
        "export ",
        "A=1\n",
        "DATABASE_URL",
        "\0",
        "\u{feff}",
        "日",
    ];
    let file = [
        some(u, PIECES)?,
        u.choose(&[
            "DATABASE_URL=",
            "\nDATABASE_URL=",
            "DIRECT_DATABASE_URL = ",
            "DATABASE_URL",
        ])?
        .to_string(),
        some(u, PIECES)?,
        url(u)?,
        some(u, PIECES)?,
    ]
    .concat();
    let path = path_of_this_thread();
    std::fs::write(&path, &file).unwrap();
    match Environment::read(&std::env::temp_dir(), Some(&path)) {
        Ok(environment) => {
            hides(&file, environment.database_url().as_ref());
            hides(&file, environment.direct_database_url().as_ref());
            assert!(!environment.notes().concat().contains(SECRET), "{file:?}");
        }
        Err(error) => hides(&file, Err(&error)),
    }
    std::fs::remove_file(path).unwrap();
    Ok(())
}

fn path_of_this_thread() -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    std::env::temp_dir().join(format!("dbtask-env-{}-{thread}", std::process::id()))
}

/// An address with a password, well-formed or not.
fn url(u: &mut Unstructured<'_>) -> Result<String> {
    const SPECIAL: &[&str] = &[
        "@", ":", "%", "%zz", "%40", "$", "'", "\"", "\\", "&", "=", "+", " ", "日", "x", "#", "?", "/", "[",
    ];
    const HOST: &[&str] = &[
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[",
        "%2Ftmp",
        ",",
        ":",
        "5432",
        ":x",
        "@",
        "日",
        "",
    ];
    const TAIL: &[&str] = &[
        "/db",
        "/",
        "?",
        "sslmode=",
        "require",
        "&",
        "options=-c",
        "%zz",
        "#",
        "port=x",
        "=",
        "日",
        "target_session_attrs=any",
    ];
    let password = format!("{}{SECRET}{}", some(u, SPECIAL)?, some(u, SPECIAL)?);
    if u.ratio(1, 4)? {
        let words = some(
            u,
            &[
                "host=",
                "localhost ",
                "user=x ",
                "port=x ",
                "=",
                "'",
                "\\",
                " ",
                "dbname=d ",
            ],
        )?;
        return Ok(format!("{words} password={password} {}", some(u, HOST)?));
    }
    let scheme = u.choose(&[
        "postgres://",
        "postgresql://",
        "mysql://",
        "postgres:/",
        "postgres:",
        "",
    ])?;
    Ok(format!("{scheme}user:{password}@{}{}", some(u, HOST)?, some(u, TAIL)?))
}

fn hides(input: &str, parsed: std::result::Result<&DatabaseUrl, &Error>) {
    let output = match parsed {
        Ok(url) => format!("{url:?} {}", url.without_password()),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(!output.contains(SECRET), "{output}\nfor {input:?}");
}
