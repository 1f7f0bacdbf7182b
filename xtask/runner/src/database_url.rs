//! The database's address, as libpq reads it.
//!
//! Source: PostgreSQL, "Connection URIs" and "Parameter Key Words" (`libpq-connect`). A parameter that is not
//! supported is refused by its name; none is passed over.

mod parse;

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::Config;

use self::parse::{Parts, Settings, decode, malformed, unsupported};
use crate::tls::{SslMode, Tls};
use crate::{Error, connection_error};

/// What needs no escape inside a part of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An address that can be connected to. Its password shows nowhere, not in `Debug` either.
#[derive(Clone)]
pub struct DatabaseUrl {
    user: String,
    password: Option<String>,
    endpoints: Vec<(String, u16)>,
    hostaddrs: Vec<IpAddr>,
    database: String,
    tls: Tls,
    /// Parameters beyond those above, as given, for the client programs.
    parameters: Vec<(String, String)>,
    config: Config,
    source: Source,
}

/// Where an address was read, for help: the variable, and what has it: `` `.env` `` or `the environment`.
#[derive(Clone)]
struct Source {
    variable: String,
    place: Option<String>,
}

impl Default for Source {
    fn default() -> Source {
        Source {
            variable: "DATABASE_URL".to_owned(),
            place: None,
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.without_password()).finish()
    }
}

impl DatabaseUrl {
    /// Reads a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`.
    pub fn parse(text: &str) -> Result<DatabaseUrl, Error> {
        let Parts { authority, path, query } = Parts::of(text.trim())?;
        let (credentials, hosts) = authority
            .rsplit_once('@')
            .map_or((None, authority), |(c, h)| (Some(c), h));
        let mut settings = Settings::default();
        if let Some(credentials) = credentials {
            let (user, password) = credentials
                .split_once(':')
                .map_or((credentials, None), |(u, p)| (u, Some(p)));
            settings.user = Some(decode(user, "the user name")?).filter(|u| !u.is_empty());
            settings.password = password.map(|p| decode(p, "the password")).transpose()?;
        }
        settings.take_hosts(hosts)?;
        settings.database = Some(decode(path, "the database's name")?).filter(|d| !d.is_empty());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| malformed("a parameter behind the `?` has no `=`"))?;
            let name = decode(key, "a parameter's name")?;
            if !settings.take_parameter(&name, decode(value, "a parameter's value")?)? {
                return Err(unsupported(&name, query));
            }
        }
        settings.finish()
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The hosts (or folders of sockets) and ports, in the order in which they are tried.
    pub fn endpoints(&self) -> &[(String, u16)] {
        &self.endpoints
    }

    /// The role to log in as.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether every host is this machine, by its name or address: a socket, `localhost`, loopback.
    pub fn is_local(&self) -> bool {
        self.endpoints.iter().all(|(host, _)| is_local_host(host)) && self.hostaddrs.iter().all(IpAddr::is_loopback)
    }

    /// The same server's other database.
    pub fn with_database(&self, database: &str) -> DatabaseUrl {
        let mut other = self.clone();
        database.clone_into(&mut other.database);
        other.config.dbname(database);
        other
    }

    /// A client of the `postgres` crate, for a service's queries. The error says what to do.
    pub fn connect(&self) -> Result<postgres::Client, Error> {
        postgres::Config::from(self.config.clone())
            .connect(self.tls()?)
            .map_err(|e| connection_error(self, &e))
    }

    /// The URL for libpq's programs, without the password: an argument can be read by every user.
    pub fn without_password(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let hosts: Vec<String> = self
            .endpoints
            .iter()
            .map(|(host, port)| match host.parse::<IpAddr>() {
                Ok(IpAddr::V6(v6)) => format!("[{v6}]:{port}"),
                _ => format!("{}:{port}", encode(host)),
            })
            .collect();
        let mut url = format!(
            "postgresql://{}@{}/{}",
            encode(&self.user),
            hosts.join(","),
            encode(&self.database)
        );
        for ((name, value), sign) in self
            .parameters
            .iter()
            .zip(std::iter::once('?').chain(std::iter::repeat('&')))
        {
            url.push(sign);
            let _ = write!(url, "{}={}", encode(name), encode(value));
        }
        url
    }

    /// What libpq's programs need in their environment: the password, and the root certificates where
    /// [`DatabaseUrl::parse`] took the machine's own.
    pub fn child_environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("PGAPPNAME", crate::APPLICATION.to_owned())];
        variables.extend(self.password.clone().map(|p| ("PGPASSWORD", p)));
        variables.extend(self.tls.roots_for_libpq().map(|file| ("PGSSLROOTCERT", file)));
        variables
    }

    /// The address, which was read from a variable that stands in `place`.
    pub(crate) fn read_from(mut self, variable: &str, place: String) -> DatabaseUrl {
        self.source = Source {
            variable: variable.to_owned(),
            place: Some(place),
        };
        self
    }

    /// The variable that it was read from.
    pub(crate) fn variable(&self) -> &str {
        &self.source.variable
    }

    /// ``DATABASE_URL (read from `.env`)``, for whoever has to correct it.
    pub(crate) fn setting(&self) -> String {
        let Source { variable, place } = &self.source;
        let place = place.as_ref().map(|place| format!(" (read from {place})"));
        format!("{variable}{}", place.unwrap_or_default())
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn tls(&self) -> Result<tokio_postgres_rustls::MakeRustlsConnect, Error> {
        self.tls.connector()
    }

    pub(crate) fn ssl_mode(&self) -> SslMode {
        self.tls.mode
    }
}

fn is_local_host(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
