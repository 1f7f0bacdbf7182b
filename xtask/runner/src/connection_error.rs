//! Why a connection was not made, or the server said no, and what to type next.

use std::error::Error as _;
use std::io::ErrorKind;

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

use crate::tls::SslMode;
use crate::{DatabaseUrl, Error};

/// The error for a connection to `url` that was not made.
pub fn connection_error(url: &DatabaseUrl, error: &tokio_postgres::Error) -> Error {
    let place = place(url);
    let variable = url.variable();
    if let Some(code) = error.code() {
        let shown = sql_causes(error).into_iter().fold(
            Error::failed(format!("failed to connect to {place} as `{}`", url.user())),
            Error::cause,
        );
        return help_for_refusal(url, code, shown);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_error(url, &place, tls);
    }
    let unreachable = |cause: String| Error::failed(format!("failed to reach {place}")).cause(cause);
    match find::<std::io::Error>(error).map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => start_server(url, unreachable("nobody listens there (connection refused)".to_owned())),
        Some(ErrorKind::NotFound) => start_server(url, unreachable("there is no socket of a server (no such file)".to_owned())),
        Some(ErrorKind::TimedOut) => unreachable("no answer came in time".to_owned())
            .help("is the server up, and does a firewall let port and address through? with a hosted provider: is your address on its allow list?"),
        Some(ErrorKind::PermissionDenied) => unreachable("permission denied".to_owned()).help(format!("connect over TCP: `localhost` as the host in {variable}")),
        Some(_) | None if text(error).contains("lookup address") => unreachable("the host's name is not known (no address found)".to_owned())
            .help(format!("look for a typing error in the host of {}; is the network up?", url.setting())),
        _ if text(error).contains("does not support TLS") => Error::failed(format!("{place} does not speak TLS"))
            .cause(format!("{variable} asks for it with `sslmode`"))
            .help("switch it on at the server (`ssl = on`), or write `sslmode=disable` for a server on this machine"),
        _ if text(error).contains("password missing") => Error::failed(format!("{place} asks for a password, and {variable} has none"))
            .help(format!("write it as `postgres://{}:PASSWORD@…` in {}", url.user(), url.setting())),
        _ if text(error).contains("timed out") => unreachable("no answer came in time".to_owned())
            .help("is the server up, and does a firewall let port and address through? with a hosted provider: is your address on its allow list?"),
        _ => sql_causes(error)
            .into_iter()
            .fold(Error::failed(format!("failed to connect to {place}")), Error::cause)
            .help(format!("is this a PostgreSQL server? see host and port in {}", url.setting())),
    }
}

/// `127.0.0.1:5432`, or several.
fn place(url: &DatabaseUrl) -> String {
    let places: Vec<String> = url
        .endpoints()
        .iter()
        .map(|(host, port)| match host {
            socket if socket.starts_with('/') => format!("{socket}/.s.PGSQL.{port}"),
            v6 if v6.contains(':') => format!("[{v6}]:{port}"),
            host => format!("{host}:{port}"),
        })
        .collect();
    format!("`{}`", places.join("`, `"))
}

fn start_server(url: &DatabaseUrl, error: Error) -> Error {
    let error = error.help(format!(
        "correct {} if it names another server than you mean",
        url.setting()
    ));
    if url.is_local() {
        error.help("start the server (`cargo xtask db:up` starts this checkout's own, `systemctl start postgresql` the machine's)")
    } else {
        error.help("is the server up, and does it listen on that port and address?")
    }
}

/// The server answered, and said no.
fn help_for_refusal(url: &DatabaseUrl, code: &SqlState, error: Error) -> Error {
    let (user, database, setting) = (url.user(), url.database(), url.setting());
    match *code {
        SqlState::INVALID_PASSWORD => error
            .help(format!("correct the password in {setting}; escape `@` as `%40`, `/` as `%2F`, `%` as `%25`"))
            .help(format!("to set a new one, as a superuser in psql: `\\password {user}`")),
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => error
            .help(format!("does the role exist? `CREATE ROLE \"{user}\" LOGIN PASSWORD '…'`"))
            .help(format!("does the server's pg_hba.conf let it in from here? one that asks for encryption needs `sslmode=require` in {setting}")),
        SqlState::INVALID_CATALOG_NAME if !url.is_local() => error.help(format!(
            "correct the name in {setting}, or create it there: `CREATE DATABASE \"{database}\"`"
        )),
        SqlState::INVALID_CATALOG_NAME => error
            .help(format!("`cargo xtask db:push` creates `{database}`; or correct the name in {setting}")),
        SqlState::INSUFFICIENT_PRIVILEGE => error.help(format!("let the database's owner run `GRANT CONNECT ON DATABASE \"{database}\" TO \"{user}\"`")),
        SqlState::TOO_MANY_CONNECTIONS => error.help("close idle clients (`SELECT * FROM pg_stat_activity` lists them), or raise max_connections"),
        SqlState::CANNOT_CONNECT_NOW => error.help("the server is starting or stopping: try again in a moment"),
        _ => error.help("see the server's log for more"),
    }
}

fn tls_error(url: &DatabaseUrl, place: &str, tls: &rustls::Error) -> Error {
    let error = Error::failed(format!("no trusted TLS connection to {place}"));
    let full = url.ssl_mode() == SslMode::VerifyFull;
    match tls {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => error
                .cause("the server's certificate is not signed by a root that is trusted here")
                .help(format!("name the provider's root certificate: `sslrootcert=FILE` in {}", url.setting())),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => error
                .cause("the server's certificate is for another host name")
                .help(format!("use the name that the certificate is for as the host in {}", url.setting())),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                error.cause("the server's certificate has expired").help("renew it at the server; is this machine's clock right?")
            }
            CertificateError::Other(_) if full => error
                .cause(format!("the server's certificate cannot be used: {}", reason_text(tls)))
                .help("a certificate needs version 3 with the host as subjectAltName; `sslmode=verify-ca` does without the name"),
            _ => error.cause(reason_text(tls)).help("have the server's certificate renewed"),
        },
        _ => error.cause(reason_text(tls)).help("is this a PostgreSQL server that speaks TLS 1.2 or 1.3?"),
    }
}

fn reason_text(tls: &rustls::Error) -> String {
    tls.to_string()
}

/// What the server, or the connection, said: message with SQLSTATE, detail, hint, context.
pub(crate) fn sql_causes(error: &tokio_postgres::Error) -> Vec<String> {
    let Some(server) = error.as_db_error() else {
        return vec![text(error)];
    };
    let mut causes = vec![format!("[{}] {}", server.code().code(), server.message())];
    causes.extend(server.detail().map(|d| format!("detail: {d}")));
    causes.extend(server.hint().map(|h| format!("hint: {h}")));
    causes.extend(server.where_().map(|w| format!("where: {w}")));
    causes
}

/// The farthest reason, which says most: `postgres` itself says `error connecting to server`.
fn text(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The first reason of a type, going down.
fn find<'a, T: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(e) = current {
        if let Some(found) = e.downcast_ref::<T>() {
            return Some(found);
        }
        // an I/O error hides what it wraps from `source()`
        let inner = e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|i| i.downcast_ref::<T>()) {
            return Some(found);
        }
        current = e.source();
    }
    None
}
