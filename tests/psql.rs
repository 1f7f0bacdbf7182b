//! Where statements end, psql and the runner agree: on SQL as people write it, and on random pieces of it.
//!
//! (Not on a text that goes on with another quote on a later line: psql reads line by line, and forgets of what kind it was.
//! There the runner follows the server.)
//!
//! psql is connected to something that speaks just enough of the protocol to be sent each statement.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use arbtest::arbtest;
use dbtask::server::{Account, Installation};
use dbtask_rules::statements;

use crate::faults::is_long;
use crate::properties;

/// What psql sends for a text, statement by statement; comments and empty statements left out.
struct Psql {
    program: PathBuf,
    listener: TcpListener,
}

impl Psql {
    /// `None` where there is none.
    fn find() -> Option<Psql> {
        let account = Account::for_server().unwrap();
        let installation = Installation::choose(None, &account, &mut |_| {}).unwrap();
        let program = installation.program("psql");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        program.exists().then_some(Psql { program, listener })
    }

    fn statements(&self, sql: &str, standard: bool) -> Vec<String> {
        let port = self.listener.local_addr().unwrap().port();
        let mut child = Command::new(&self.program)
            .args(["--no-psqlrc", "--quiet", "--file=-"])
            .arg(format!(
                "--dbname=host=127.0.0.1 port={port} user=x dbname=x sslmode=disable gssencmode=disable"
            ))
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = sql.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let (stream, _) = self.listener.accept().unwrap();
        let mut sent = listen(stream, standard).unwrap();
        writer.join().unwrap().unwrap();
        child.wait().unwrap();
        sent.retain(|text| !statements::split_as(text, standard).is_empty());
        sent
    }
}

/// The server's part of the protocol, as far as psql needs it to go on.
fn listen(mut stream: TcpStream, standard: bool) -> std::io::Result<Vec<String>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    stream.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize - 4])?;
    let mut answer = message(b'R', &[0; 4]);
    for (name, value) in [
        ("server_version", "15.0"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", if standard { "on" } else { "off" }),
    ] {
        answer.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    answer.extend(message(b'Z', b"I"));
    stream.write_all(&answer)?;
    let mut sent = Vec::new();
    loop {
        let mut head = [0; 5];
        if stream.read_exact(&mut head).is_err() || head[0] == b'X' {
            return Ok(sent);
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        assert_eq!(head[0], b'Q');
        sent.push(String::from_utf8(body[..length - 1].to_vec()).unwrap());
        stream.write_all(&[message(b'I', b""), message(b'Z', b"I")].concat())?;
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// Asserts that both find the same statements.
fn compare(psql: &Psql, sql: &str, standard: bool, what: &str) {
    let ours = statements::split_as(sql, standard);
    let theirs = psql.statements(sql, standard);
    for (n, range) in ours.iter().enumerate() {
        // the last line break is not sent
        let statement = sql[range.clone()].trim_end();
        let Some(sent) = theirs.get(n) else {
            panic!(
                "{what}: psql sends {} statements; ours goes on with {statement:?}\nin {sql:?}",
                theirs.len()
            );
        };
        // psql sends the semicolon along where there is one, and comments
        let sent = sent.trim_end();
        assert!(
            [statement, &format!("{statement};")]
                .iter()
                .any(|ours| statements::are_same(sent, ours)),
            "{what}: psql sends {sent:?}, ours is {statement:?}\nin {sql:?}"
        );
    }
    assert_eq!(
        ours.len(),
        theirs.len(),
        "{what}: psql goes on with {:?}\nin {sql:?}",
        theirs[ours.len()]
    );
}

/// Every `.sql` file below a folder.
fn corpus(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(corpus(&path));
        } else if path.extension().is_some_and(|e| e == "sql") {
            files.push(path);
        }
    }
    files
}

#[test]
fn real_sql_ends_where_psql_ends_it() {
    let Some(psql) = Psql::find() else {
        println!("skipped: there is no psql");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = corpus(&root.join("migrations"));
    files.extend(corpus(&root.join("tests/corpus")));
    // more of it, such as PostgreSQL's own `src/test/regress/sql`
    if let Some(folder) = std::env::var_os("DBTASK_TEST_SQL") {
        files.extend(corpus(Path::new(&folder)));
    }
    let mut compared = 0;
    for path in &files {
        let Ok(sql) = std::fs::read_to_string(path) else {
            continue;
        };
        if has_commands_of_psql(&sql) {
            continue;
        }
        for standard in [true, false] {
            compare(&psql, &sql, standard, &path.display().to_string());
        }
        compared += 1;
    }
    println!("{compared} of {} files", files.len());
    assert!(compared >= 5);
}

/// What psql takes for a command or a variable of its own is no SQL.
fn has_commands_of_psql(sql: &str) -> bool {
    sql.lines()
        .any(|line| line.trim_start().starts_with('\\') || line.contains("\\g") || line.contains(":'"))
        || sql.contains(":{")
        || sql.starts_with('\u{feff}')
}

#[test]
fn random_sql_ends_where_psql_ends_it() {
    let Some(psql) = Psql::find() else {
        println!("skipped: there is no psql");
        return;
    };
    arbtest(|u| {
        let standard = u.arbitrary()?;
        let mut sql = properties::sql(u)?;
        // commands and variables of psql's own; and it takes BEGIN for that of a body wherever it stands
        sql.retain(|c| !matches!(c, '\\' | ':' | '\0' | '\u{feff}'));
        compare(&psql, &sql.replace("BEGIN ", "BEGIN ATOMIC "), standard, "random");
        Ok(())
    })
    .budget_ms(if is_long() { 60_000 } else { 1_500 });
}
