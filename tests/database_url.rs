//! `DATABASE_URL`: from the environment, else `.env`; each mistake has one clear sentence and what to type.

use std::os::unix::ffi::OsStrExt as _;

use dbtask_runner::DatabaseUrl;

use crate::support::{Checkout, Run, TestDatabase, finish, shop};

/// What `db:status` says with this `.env`.
fn with_file(content: impl AsRef<[u8]>) -> Run {
    let checkout = Checkout::new();
    checkout.write(".env", content);
    checkout.run(&["db:status"])
}

/// What `db:status` says with this URL in the environment.
fn with_url(url: &str) -> Run {
    finish(Checkout::new().command(&["db:status"]).env("DATABASE_URL", url))
}

#[test]
fn missing_or_empty_says_what_to_type() {
    for (run, what) in [
        (Checkout::new().run(&["db:status"]), "DATABASE_URL is not set"),
        (with_file("OTHER=1\n"), "DATABASE_URL is not set"),
        (with_file("DATABASE_URL=\n"), "DATABASE_URL is set, but empty"),
        (with_url(""), "DATABASE_URL is set, but empty"),
    ] {
        run.exits(2)
            .says(what)
            .says("cargo xtask setup")
            .says("DATABASE_URL='postgres://USER:PASSWORD@HOST:5432/DATABASE'");
    }
}

/// A URL, what is said of it, and what is said to do.
const MISTAKES_IN_THE_URL: &[(&str, &str, &str)] = &[
    (
        "localhost/db",
        "DATABASE_URL is not a URL",
        "postgres://USER:PASSWORD@HOST:5432/DATABASE",
    ),
    (
        "host=localhost dbname=db",
        "is a list of `key=value`, not a URL",
        "postgres://USER",
    ),
    (
        "mysql://u:s3cr3t@localhost/db",
        "has the wrong scheme `mysql`",
        "postgres://USER",
    ),
    (
        "s3cr3t://u@localhost/db",
        "has the wrong scheme: it begins with",
        "postgres://USER",
    ),
    // the name of a parameter, as it seems, is part of the password
    (
        "postgres://u:@?s3cr3t=x@localhost/db",
        "a parameter behind the `?`",
        "`%3F`",
    ),
    (
        "postgres://u:@h?a=b&s3cr3t=x@localhost/db",
        "a parameter behind the `?`",
        "`%40`",
    ),
    ("postgres://u:s3c@r3t@localhost/db", "an unescaped `@`", "`%40`"),
    ("postgres://u:s3c/r3t@localhost/db", "an unescaped `/` or `?`", "`%2F`"),
    (
        "postgres://u:s3@c/r3t@localhost/db",
        "an unescaped `/` or `?`",
        "in the database's name as `%40`",
    ),
    ("postgres://u:s3c?r3t@localhost/db", "an unescaped `/` or `?`", "`%3F`"),
    (
        "postgres://u:?s3cr3t=x@localhost/db",
        "an unescaped `/` or `?`",
        "`%3F`",
    ),
    (
        "postgres://u:12?s3cr3t=x@localhost/db",
        "an unescaped `/` or `?`",
        "`%3F`",
    ),
    (
        "postgres://u:s3cr3t%@localhost/db",
        "the password in DATABASE_URL has an unescaped `%`",
        "`%25`",
    ),
    (
        "postgres://u:s3cr3t%FF@localhost/db",
        "the password in DATABASE_URL is not UTF-8",
        "postgres://USER",
    ),
    (
        "postgres://u:s3cr3t@localhost:0/db",
        "the port in DATABASE_URL is no number from 1 to 65535",
        "5432",
    ),
    (
        "postgres://u:s3cr3t@localhost:70000/db",
        "the port in DATABASE_URL is no number",
        "5432",
    ),
    ("postgres://u:s3cr3t@[::1/db", "has `[` without `]`", "postgres://USER"),
    (
        "postgres://u:s3cr3t@a,b,c/db?port=1,2",
        "more or fewer ports than hosts",
        "postgres://USER",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?sslmode",
        "a parameter behind the `?` has no `=`",
        "postgres://USER",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?sslmode=allow",
        "`sslmode` in DATABASE_URL has a value",
        "prefer, require",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?sslmode=require&sslrootcert=system",
        "goes with `sslmode=verify-full`",
        "verify-full",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?sslnegotiation=direct",
        "needs `sslmode=require`",
        "verify-full",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?target_session_attrs=standby",
        "`target_session_attrs`",
        "read-write",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?sslcert=a.pem",
        "`sslcert` in DATABASE_URL is not supported",
        "password",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?service=x",
        "`service` in DATABASE_URL is not supported",
        "service file",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?pgbouncer=true",
        "`pgbouncer` in DATABASE_URL is not supported",
        "leave it out",
    ),
    (
        "postgres://u:s3cr3t@localhost/db?sslmode=verify-full&sslrootcert=nowhere.crt",
        "`nowhere.crt` cannot be used",
        "PEM",
    ),
];

#[test]
fn each_mistake_in_the_url_has_its_sentence() {
    for (url, sentence, help) in MISTAKES_IN_THE_URL {
        with_url(url)
            .exits(2)
            .says(sentence)
            .says(help)
            .says("help:")
            .hides("s3c");
        let file = with_file(format!("DATABASE_URL='{url}'\n"))
            .exits(2)
            .says(sentence)
            .hides("s3c");
        // a file that is missing has nothing to do with where the URL stands
        assert!(
            file.text().contains("it was read from `.env`") || url.contains("nowhere.crt"),
            "{}",
            file.text()
        );
    }
}

#[test]
fn each_mistake_in_the_file_has_its_sentence() {
    for (content, sentence, help) in [
        (
            &b"DATABASE_URL=postgres://u:s3cr3t$ign@localhost/db\n"[..],
            "the `$` in DATABASE_URL (`.env`, line 1) would be taken for a variable",
            "single quotes",
        ),
        (
            b"\xEF\xBB\xBFDATABASE_URL=postgres://u:s3cr3t@localhost/db\n",
            "begins with a byte order mark",
            "without BOM",
        ),
        (
            b"A=1\nDATABASE_URL='s3cr3t\n",
            "`.env`, line 2: this is not `NAME=value`",
            "single quotes",
        ),
        (
            b"A=1\nDATABASE_URL=a\ns3cr3t and more\n",
            "`.env`, line 3: this is not `NAME=value`",
            "single quotes",
        ),
        (b"DATABASE_URL=s3cr3t\xFF\n", "`.env` is not UTF-8 (offset 19)", "UTF-8"),
        (b"D\0A\0T\0", "`.env` has a NUL byte at offset 1", "UTF-16"),
        (
            b"DATABASE_URL=postgres://u:s3cr3t@h/a\nDATABASE_URL=postgres://u:s3cr3t@h/b\n",
            "is set twice in `.env`, differently (lines 1 and 2)",
            "keep the one",
        ),
    ] {
        with_file(content)
            .exits(2)
            .says(sentence)
            .says(help)
            .says("help:")
            .hides("s3cr3t");
    }
    Checkout::new()
        .run(&["db:status", "--env-file", "nowhere.env"])
        .exits(2)
        .says("failed to read `nowhere.env`")
        .says("help:");
    let latin = std::ffi::OsStr::from_bytes(b"postgres://u:s3cr3t\xE4@localhost/db");
    finish(Checkout::new().command(&["db:status"]).env("DATABASE_URL", latin))
        .exits(2)
        .says("is not UTF-8")
        .hides("s3cr3t");
}

#[test]
fn the_forms_that_work_work() {
    let database = TestDatabase::new();
    let url = database.url();
    for content in [
        format!("DATABASE_URL={url}\n"),
        format!("# mine\nexport DATABASE_URL=\"{url}\"\r\n"),
        format!("DATABASE_URL = '{url}' # comment"),
        format!("DATABASE_URL={}\n", url.replace("postgres://", "postgresql://")),
        format!(
            "DATABASE_URL={url}?connect_timeout=5&application_name=mine&options=-c%20work_mem%3D7MB&keepalives=1\n"
        ),
        format!("DATABASE_URL={url}?sslmode=disable&channel_binding=prefer&target_session_attrs=read-write\n"),
        // the first host is down
        format!(
            "DATABASE_URL={}\n",
            url.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
        ),
    ] {
        let checkout = Checkout::new();
        shop(&checkout);
        checkout.write(".env", &content);
        checkout.run(&["db:status"]).exits(0).says(database.name());
    }
    let session = DatabaseUrl::parse(&format!("{url}?options=-c%20work_mem%3D7MB")).unwrap();
    let work_mem: String = session
        .connect()
        .unwrap()
        .query_one("SHOW work_mem", &[])
        .unwrap()
        .get(0);
    assert_eq!(work_mem, "7MB");
}

#[test]
fn the_environment_wins_and_a_difference_is_said() {
    let database = TestDatabase::new();
    let checkout = Checkout::new();
    shop(&checkout);
    checkout.write(".env", "DATABASE_URL=postgres://u:s3cr3t@nowhere.invalid/db\n");
    let run = |value: &str| finish(checkout.command(&["db:status"]).env("DATABASE_URL", value));
    run(&database.url())
        .exits(0)
        .says("note: DATABASE_URL is set in the environment and, differently, in `.env`")
        .hides("s3cr3t");
    checkout.write(".env", format!("DATABASE_URL={}\n", database.url()));
    run("")
        .exits(0)
        .says("note: DATABASE_URL is empty in the environment; that of `.env` is used");
    run(&database.url()).exits(0).hides("note:");
}

#[test]
fn a_stray_env_in_a_parent_folder_is_not_read() {
    let checkout = Checkout::new();
    checkout.write(".env", "DATABASE_URL=postgres://u@nowhere.invalid/production\n");
    checkout.write("inner/Cargo.toml", "[workspace]\n");
    checkout.write("inner/migrations/README.md", "");
    finish(
        checkout
            .command(&["db:status"])
            .current_dir(checkout.root().join("inner")),
    )
    .exits(2)
    .says("DATABASE_URL is not set");
}

#[test]
fn a_server_that_is_not_there_says_what_to_do() {
    with_url("postgres://u:s3cr3t@127.0.0.1:1/db")
        .exits(1)
        .says("failed to reach `127.0.0.1:1`")
        .says("nobody listens there (connection refused)")
        .says("cargo xtask db:up");
    with_url("postgres://u:s3cr3t@db.invalid/db")
        .exits(1)
        .says("failed to reach `db.invalid:5432`")
        .says("no address found")
        .says("typing error");
    with_url("postgres://u:s3cr3t@%2Fnowhere/db")
        .exits(1)
        .says("`/nowhere/.s.PGSQL.5432`")
        .says("there is no socket");
    // nobody answers in this network (RFC 5737)
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    with_url(&format!("postgres://u:s3cr3t@127.0.0.1:{port}/db?sslmode=disable"))
        .exits(1)
        .says("is this a PostgreSQL server?");
}

#[test]
fn a_refusal_of_the_server_says_what_to_do() {
    let database = TestDatabase::new();
    let role = database.role("locked", "");
    database
        .client()
        .batch_execute(&format!("ALTER ROLE {} NOLOGIN", role.name()))
        .unwrap();
    let checkout = Checkout::new();
    shop(&checkout);
    let run = |url: &str| finish(checkout.command(&["db:status"]).env("DATABASE_URL", url));
    run(&role.url(&database))
        .exits(1)
        .says("[28000]")
        .says("is not permitted to log in")
        .says("help:");
    let (head, tail) = database
        .url()
        .split_once("://")
        .map(|(h, t)| (h.to_owned(), t.to_owned()))
        .unwrap();
    let (credentials, place) = tail.split_once('@').unwrap();
    let user = credentials.split(':').next().unwrap();
    run(&format!("{head}://{user}:wrong-s3cr3t@{place}"))
        .exits(1)
        .says("[28P01] password authentication failed")
        .says("correct the password in DATABASE_URL")
        .hides("wrong-s3cr3t");
    run(&format!("{head}://{user}@{place}"))
        .exits(1)
        .says("asks for a password, and DATABASE_URL has none")
        .says(&format!("postgres://{user}:PASSWORD@"));
    run(&format!("{head}://nobody_here:x@{place}")).exits(1).says("[28P01]");
    run(&format!("{}_x", database.url()))
        .exits(1)
        .says("[3D000] database")
        .says("`cargo xtask db:push` creates");
}

#[test]
fn a_wrong_password_is_corrected_where_it_was_read() {
    let database = TestDatabase::new();
    let role = database.role("keyless", "");
    let wrong = role.url(&database).replacen('@', "-wrong@", 1);
    let other = "postgres://u@db.invalid/db";
    let checkout = Checkout::new();
    shop(&checkout);
    let says = |arguments: &[&str], variables: &[(&str, &str)], setting: &str| {
        finish(checkout.command(arguments).envs(variables.iter().copied()))
            .exits(1)
            .says("[28P01] password authentication failed")
            .says(&format!("correct the password in {setting}; escape"))
            .hides("-wrong");
    };
    checkout.write(".env", format!("DATABASE_URL={wrong}\n"));
    says(&["db:status"], &[], "DATABASE_URL (read from `.env`)");
    let (url, direct) = (
        ("DATABASE_URL", wrong.as_str()),
        ("DIRECT_DATABASE_URL", wrong.as_str()),
    );
    checkout.write(".env", format!("DATABASE_URL={other}\n"));
    says(&["db:status"], &[url], "DATABASE_URL (read from the environment)");
    says(
        &["db:push"],
        &[direct],
        "DIRECT_DATABASE_URL (read from the environment)",
    );
    checkout.write(
        "prod.env",
        format!("DATABASE_URL={}\nSTAGING_DATABASE_URL={wrong}\n", database.url()),
    );
    let on_staging = ["db:rehearse", "--on", "STAGING_DATABASE_URL", "--env-file", "prod.env"];
    says(&on_staging, &[], "STAGING_DATABASE_URL (read from `prod.env`)");
    checkout.write("prod.env", format!("DATABASE_URL={wrong}\n"));
    says(
        &["db:status", "--env-file", "prod.env"],
        &[],
        "DATABASE_URL (read from `prod.env`)",
    );
}
