//! Reading a URL's text, part by part.

use std::net::IpAddr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{
    ChannelBinding, LoadBalanceHosts, SslMode as ClientSslMode, SslNegotiation, TargetSessionAttrs,
};

use super::{DatabaseUrl, Source};
use crate::Error;
use crate::tls::{SslMode, Tls};

/// PostgreSQL's port.
const DEFAULT_PORT: u16 = 5432;

/// How long connecting may take where `connect_timeout` is not given: libpq would wait for ever.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a silent connection may be before the system asks whether the other end is there: two hours by default.
const KEEPALIVES_IDLE: Duration = Duration::from_mins(1);

/// Where servers put their socket when no host is named.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Parameters of libpq that are not supported, with what to do instead.
const UNSUPPORTED: [(&str, &str); 14] = [
    ("service", "write out what the service file says"),
    ("servicefile", "write out what the service file says"),
    ("passfile", "put the password into the URL"),
    (
        "sslcert",
        "log in with a password; client certificates are not supported",
    ),
    (
        "sslkey",
        "log in with a password; client certificates are not supported",
    ),
    (
        "sslpassword",
        "log in with a password; client certificates are not supported",
    ),
    ("sslcrl", "revocation lists are not supported"),
    ("sslcrldir", "revocation lists are not supported"),
    ("ssl_max_protocol_version", "leave it out: TLS 1.2 and 1.3 are spoken"),
    ("requirepeer", "connect over TCP with sslmode=verify-full"),
    ("require_auth", "leave it out"),
    ("krbsrvname", "log in with a password; Kerberos is not supported"),
    ("replication", "leave it out: migrations need an ordinary connection"),
    (
        "schema",
        "leave it out (it is another tool's), or write `options=-csearch_path%3DNAME`",
    ),
];

/// The text between the scheme and the end, in its three parts.
pub(super) struct Parts<'a> {
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(text: &'a str) -> Result<Parts<'a>, Error> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let what = if text.contains('=') {
                "DATABASE_URL is a list of `key=value`, not a URL"
            } else {
                "DATABASE_URL is not a URL"
            };
            return Err(malformed(what));
        };
        if scheme != "postgres" && scheme != "postgresql" {
            // a scheme that is none may be part of a password
            let known = [
                "mysql",
                "mariadb",
                "sqlite",
                "http",
                "https",
                "jdbc:postgresql",
                "redis",
                "mongodb",
                "sqlserver",
                "cockroachdb",
            ];
            let named = if known.contains(&scheme) {
                format!(" `{scheme}`")
            } else {
                String::new()
            };
            return Err(malformed(format!(
                "DATABASE_URL has the wrong scheme{named}: it begins with `postgres://`"
            )));
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix('/').unwrap_or(path);
        let port_is_odd = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()));
        let first = query.split('=').next().unwrap_or_default();
        let name_is_odd = !first.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if authority.matches('@').count() > 1 {
            return Err(
                malformed("the password (or user name) in DATABASE_URL has an unescaped `@`")
                    .help("write each `@` of the password as `%40`"),
            );
        }
        // an `@` that comes later may be the one in front of the host, and what is taken for the host part of a password
        let is_odd = (port_is_odd || name_is_odd) && !authority.starts_with('[') && query.contains('@');
        if path.contains('@') || (!authority.contains('@') && is_odd) {
            return Err(
                malformed("the password (or user name) in DATABASE_URL has an unescaped `/` or `?`")
                    .help("write `/` as `%2F` and `?` as `%3F` (and an `@` in the database's name as `%40`)"),
            );
        }
        Ok(Parts { authority, path, query })
    }
}

pub(super) fn malformed(message: impl Into<String>) -> Error {
    Error::usage(message).help("its form is `postgres://USER:PASSWORD@HOST:5432/DATABASE`")
}

pub(super) fn decode(text: &str, what: &str) -> Result<String, Error> {
    let bytes = text.as_bytes();
    let stray = bytes.iter().enumerate().any(|(i, &b)| {
        b == b'%' && !matches!((bytes.get(i + 1), bytes.get(i + 2)), (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    });
    if stray {
        return Err(malformed(format!("{what} in DATABASE_URL has an unescaped `%`")).help("write each `%` as `%25`"));
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| malformed(format!("{what} in DATABASE_URL is not UTF-8")))?;
    if decoded.contains('\0') {
        return Err(malformed(format!("{what} in DATABASE_URL has a NUL")));
    }
    Ok(decoded.into_owned())
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    hosts: Vec<String>,
    ports: Vec<u16>,
    hostaddrs: Vec<IpAddr>,
    pub(super) database: Option<String>,
    tls: Tls,
    connect_timeout: Option<Duration>,
    keepalives_idle: Option<Duration>,
    parameters: Vec<(String, String)>,
    config: Config,
}

impl Settings {
    pub(super) fn take_hosts(&mut self, hosts: &str) -> Result<(), Error> {
        for part in hosts.split(',').filter(|_| !hosts.is_empty()) {
            let (host, port) = match part.strip_prefix('[').map(|v6| v6.split_once(']')) {
                Some(Some((host, rest))) => (host, rest.strip_prefix(':')),
                Some(None) => return Err(malformed("a host in DATABASE_URL has `[` without `]`")),
                None => part
                    .rsplit_once(':')
                    .map_or((part, None), |(host, port)| (host, Some(port))),
            };
            self.hosts.push(decode(host, "the host")?);
            self.ports
                .push(port.filter(|p| !p.is_empty()).map_or(Ok(DEFAULT_PORT), parse_port)?);
        }
        Ok(())
    }

    /// Whether it is one that is supported.
    pub(super) fn take_parameter(&mut self, name: &str, value: String) -> Result<bool, Error> {
        match name {
            "host" => self.hosts = value.split(',').map(str::to_owned).collect(),
            "port" => self.ports = value.split(',').map(parse_port).collect::<Result<_, _>>()?,
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            _ if self.take_tls(name, &value)? || self.take_other(name, &value)? || is_passed_over(name, &value)? => {
                self.parameters.push((name.to_owned(), value));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A parameter about encryption; whether it is one.
    fn take_tls(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        match (name, value) {
            ("sslmode", _) => {
                let allowed = "disable, prefer, require, verify-ca, verify-full";
                self.tls.mode = SslMode::parse(value).ok_or_else(|| wrong(name, allowed))?;
            }
            ("sslrootcert", _) => self.tls.root_cert = Some(value.to_owned()),
            ("channel_binding", "disable") => drop(self.config.channel_binding(ChannelBinding::Disable)),
            ("channel_binding", "prefer") => drop(self.config.channel_binding(ChannelBinding::Prefer)),
            ("channel_binding", "require") => drop(self.config.channel_binding(ChannelBinding::Require)),
            ("channel_binding", _) => return Err(wrong(name, "disable, prefer, require")),
            ("sslnegotiation", "postgres") => {}
            ("sslnegotiation", "direct") => {
                self.tls.direct = true;
                self.config.ssl_negotiation(SslNegotiation::Direct);
            }
            ("sslnegotiation", _) => return Err(wrong(name, "postgres, direct")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Another parameter that the client knows; whether it is one.
    fn take_other(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        let number = || value.parse::<u32>().map_err(|_| wrong(name, "a whole number"));
        let seconds = || Ok::<_, Error>(Duration::from_secs(number()?.into()));
        let config = &mut self.config;
        match name {
            "hostaddr" => {
                let addresses = value
                    .split(',')
                    .map(|a| a.parse().map_err(|_| wrong(name, "IP addresses")));
                self.hostaddrs = addresses.collect::<Result<_, _>>()?;
            }
            "target_session_attrs" => drop(config.target_session_attrs(match value {
                "any" => TargetSessionAttrs::Any,
                // a primary takes writes unless somebody set `default_transaction_read_only`
                "read-write" | "primary" => TargetSessionAttrs::ReadWrite,
                _ => return Err(wrong(name, "any, read-write, primary: migrations write")),
            })),
            "load_balance_hosts" => drop(config.load_balance_hosts(match value {
                "disable" => LoadBalanceHosts::Disable,
                "random" => LoadBalanceHosts::Random,
                _ => return Err(wrong(name, "disable, random")),
            })),
            "options" => drop(config.options(value)),
            "application_name" => drop(config.application_name(value)),
            // in libpq zero means for ever
            "connect_timeout" => self.connect_timeout = Some(seconds()?),
            "keepalives" => drop(config.keepalives(number()? != 0)),
            "keepalives_idle" => self.keepalives_idle = Some(seconds()?),
            "keepalives_interval" => drop(config.keepalives_interval(seconds()?)),
            "keepalives_count" => drop(config.keepalives_retries(number()?)),
            "tcp_user_timeout" => drop(config.tcp_user_timeout(Duration::from_millis(number()?.into()))),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn finish(mut self) -> Result<DatabaseUrl, Error> {
        let user = self
            .user
            .or_else(|| std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok())
            .ok_or_else(|| malformed("DATABASE_URL names no user"))?;
        let database = self.database.unwrap_or_else(|| user.clone());
        if self.hosts.is_empty() {
            self.hosts = self.hostaddrs.iter().map(ToString::to_string).collect();
        }
        if self.hosts.is_empty() {
            let port = self.ports.first().copied().unwrap_or(DEFAULT_PORT);
            let socket = SOCKET_FOLDERS
                .iter()
                .find(|f| std::path::Path::new(f).join(format!(".s.PGSQL.{port}")).exists());
            self.hosts = vec![socket.map_or("localhost", |f| f).to_owned()];
        }
        let ports = match self.ports.len() {
            0 => vec![DEFAULT_PORT; self.hosts.len()],
            1 => vec![self.ports[0]; self.hosts.len()],
            n if n == self.hosts.len() => self.ports,
            _ => return Err(malformed("DATABASE_URL has more or fewer ports than hosts")),
        };
        if !self.hostaddrs.is_empty() && self.hostaddrs.len() != self.hosts.len() {
            return Err(malformed(
                "DATABASE_URL has more or fewer addresses (`hostaddr`) than hosts",
            ));
        }
        let endpoints: Vec<(String, u16)> = self
            .hosts
            .into_iter()
            .map(|h| if h.is_empty() { "localhost".to_owned() } else { h })
            .zip(ports)
            .collect();
        // as libpq: over a socket there is no TLS to ask for
        if endpoints.iter().all(|(host, _)| host.starts_with('/')) {
            self.tls.mode = SslMode::Disable;
        }
        self.tls.check()?;
        let config = &mut self.config;
        for (host, port) in &endpoints {
            config.host(host).port(*port);
        }
        for &address in &self.hostaddrs {
            config.hostaddr(address);
        }
        config
            .user(&user)
            .dbname(&database)
            .keepalives_idle(self.keepalives_idle.unwrap_or(KEEPALIVES_IDLE));
        match self.connect_timeout.unwrap_or(CONNECT_TIMEOUT) {
            // as libpq has it: for ever
            Duration::ZERO => {}
            timeout => drop(config.connect_timeout(timeout)),
        }
        config.ssl_mode(match self.tls.mode {
            SslMode::Disable => ClientSslMode::Disable,
            SslMode::Prefer => ClientSslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => ClientSslMode::Require,
        });
        if let Some(password) = &self.password {
            config.password(password);
        }
        Ok(DatabaseUrl {
            user,
            password: self.password,
            endpoints,
            hostaddrs: self.hostaddrs,
            database,
            tls: self.tls,
            parameters: self.parameters,
            config: self.config,
            source: Source::default(),
        })
    }
}

/// Whether it is a parameter that asks for what is so anyway.
fn is_passed_over(name: &str, value: &str) -> Result<bool, Error> {
    match (name, value) {
        ("gssencmode", "require") => Err(wrong(name, "disable, prefer; GSSAPI encryption is not supported")),
        ("ssl_min_protocol_version", "TLSv1.3") => Err(wrong(name, "TLSv1.2; 1.3 is preferred anyway")),
        ("client_encoding", _) if !["utf8", "utf-8", "auto"].contains(&value.to_ascii_lowercase().as_str()) => {
            Err(wrong(name, "UTF8"))
        }
        ("gssencmode" | "ssl_min_protocol_version" | "client_encoding" | "fallback_application_name" | "sslsni", _) => {
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A parameter's value that is not allowed. It is not shown: it may be part of a password.
fn wrong(name: &str, allowed: &str) -> Error {
    malformed(format!("`{name}` in DATABASE_URL has a value that is not allowed")).help(format!("allowed: {allowed}"))
}

/// The text is not shown: where a `/` of the password was not escaped, it is part of the password.
fn parse_port(text: &str) -> Result<u16, Error> {
    text.parse()
        .ok()
        .filter(|&port| port > 0)
        .ok_or_else(|| malformed("the port in DATABASE_URL is no number from 1 to 65535"))
}

/// The error of a parameter that is not supported, out of all that stand behind the `?`.
pub(super) fn unsupported(name: &str, query: &str) -> Error {
    let error = |named: &str| malformed(format!("{named} in DATABASE_URL is not supported"));
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(known, _)| *known == name) {
        return error(&format!("`{name}`")).help(*instead);
    }
    // an `@` behind it may be the one in front of the host, and the name part of the password
    let is_plain = name.len() < 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_plain || query.contains('@') {
        return error("a parameter behind the `?`")
            .help("leave it out; and if that `?` is one of the password's, write it as `%3F`, and each `@` as `%40`");
    }
    error(&format!("`{name}`")).help("leave it out of the URL: PostgreSQL's own clients do not know it")
}
