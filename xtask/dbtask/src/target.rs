//! The database that a command works on, as the connected server describes it.

use std::cell::OnceCell;
use std::net::SocketAddr;

use dbtask_runner::{
    DatabaseUrl, Environment, Error, Session, SqlError, SqlState, connection_error, quote_identifier, sql_error,
};

use crate::container;
use crate::output::Output;
use crate::server::Cluster;
use crate::workspace::Workspace;

/// What the server says of itself; never read from the URL's text.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The database's name.
    pub(crate) database: String,
    /// The role that is connected.
    pub(crate) user: String,
    /// `15.18`.
    pub(crate) version: String,
    /// `15`.
    pub(crate) major: u32,
    /// Both ends of the connection as the server names them, its own first; `None` over a Unix socket.
    pub(crate) ends: Option<(SocketAddr, SocketAddr)>,
    /// The cluster's identity, where the role may read it.
    pub(crate) system_identifier: Option<i64>,
    /// The database's object identifier.
    pub(crate) oid: u32,
    /// A standby.
    pub(crate) in_recovery: bool,
}

impl Identity {
    /// Where the server says it is.
    pub(crate) fn place(&self) -> String {
        self.ends
            .map_or_else(|| "a local socket".to_owned(), |(server, _)| server.to_string())
    }
}

/// A connected database.
pub(crate) struct Target {
    pub(crate) url: DatabaseUrl,
    pub(crate) session: Session,
    pub(crate) identity: Identity,
    /// Where a command is typed that leads here.
    workspace: Option<Workspace>,
    /// Whether it is on this machine, once somebody asked: the answer takes the kernel up to 10 ms.
    local: OnceCell<bool>,
}

impl Target {
    /// Connects to the database of `DATABASE_URL`; starts the private server first when the URL is its own.
    pub(crate) fn open(workspace: &Workspace, output: &Output) -> Result<Target, Error> {
        let url = database_url(workspace, output, Environment::database_url)?;
        let session = Session::connect(&url)?;
        Target::in_workspace(workspace, url, session)
    }

    /// As [`Target::open`], over `DIRECT_DATABASE_URL` where it is set.
    pub(crate) fn open_direct(workspace: &Workspace, output: &Output) -> Result<Target, Error> {
        let url = database_url(workspace, output, Environment::direct_database_url)?;
        let session = Session::connect(&url)?;
        Target::in_workspace(workspace, url, session)
    }

    /// As [`Target::open`], and creates the database where the server does not have it.
    pub(crate) fn open_or_create(workspace: &Workspace, output: &Output) -> Result<Target, Error> {
        let url = database_url(workspace, output, Environment::database_url)?;
        let session = connect_or_create(&url, Session::try_connect, output)?;
        Target::in_workspace(workspace, url, session)
    }

    /// As [`Target::open_direct`], with a session that can migrate.
    pub(crate) fn open_to_apply(workspace: &Workspace, output: &Output) -> Result<Target, Error> {
        let url = database_url(workspace, output, Environment::direct_database_url)?;
        let session = Session::connect_to_migrate(&url)?;
        Target::in_workspace(workspace, url, session)
    }

    /// As [`Target::open_or_create`], for migrations: over `DIRECT_DATABASE_URL` where it is set, and with Ctrl-C handled
    /// by the session.
    pub(crate) fn open_to_migrate(workspace: &Workspace, output: &Output) -> Result<Target, Error> {
        let url = database_url(workspace, output, Environment::direct_database_url)?;
        let session = connect_or_create(&url, Session::try_connect_to_migrate, output)?;
        session.cancel_on_signals()?;
        Target::in_workspace(workspace, url, session)
    }

    /// The database that a session is connected to, which commands typed in the workspace lead to.
    pub(crate) fn in_workspace(workspace: &Workspace, url: DatabaseUrl, session: Session) -> Result<Target, Error> {
        let target = Target::of(url, session)?;
        Ok(Target {
            workspace: Some(workspace.clone()),
            ..target
        })
    }

    /// Connects to a database whose address is known.
    pub(crate) fn at(url: DatabaseUrl) -> Result<Target, Error> {
        let session = Session::connect(&url)?;
        Target::of(url, session)
    }

    /// The database that a session is connected to.
    pub(crate) fn of(url: DatabaseUrl, session: Session) -> Result<Target, Error> {
        let identity = identify(&session)?;
        Ok(Target {
            url,
            session,
            identity,
            workspace: None,
            local: OnceCell::new(),
        })
    }

    /// A command as it is typed for this database.
    pub(crate) fn typed(&self, command: &str) -> String {
        match &self.workspace {
            Some(workspace) => workspace.typed(command),
            None => format!("cargo xtask {command}"),
        }
    }

    /// Whether the database is on this machine, as both the URL and the server say. One of them alone will not
    /// do: behind a tunnel the URL says loopback, behind a proxy the server may.
    pub(crate) fn is_local(&self) -> bool {
        *self.local.get_or_init(|| {
            self.url.is_local()
                && match self.identity.ends {
                    Some((server, client)) => is_here(server, client),
                    None => self.url.endpoints().iter().all(|(host, _)| host.starts_with('/')),
                }
        })
    }

    /// `database `shop` on 127.0.0.1:5432 (PostgreSQL 15.18) as `postgres``.
    pub(crate) fn describe(&self) -> String {
        let identity = &self.identity;
        format!(
            "database `{}` on {} (PostgreSQL {}) as `{}`",
            identity.database,
            identity.place(),
            identity.version,
            identity.user
        )
    }
}

/// The address, with what the reader should know about where it came from. Starts the private server when it is its.
fn database_url(
    workspace: &Workspace,
    output: &Output,
    which: fn(&Environment) -> Result<DatabaseUrl, Error>,
) -> Result<DatabaseUrl, Error> {
    let environment = workspace.environment()?;
    let url = which(&environment);
    for note in environment.notes() {
        output.note(&note);
    }
    let url = url?;
    wake(workspace, &url, output)?;
    Ok(url)
}

/// Starts the private server when the URL is its own and it is down.
pub(crate) fn wake(workspace: &Workspace, url: &DatabaseUrl, output: &Output) -> Result<(), Error> {
    let cluster = Cluster::of_workspace(workspace.root())?;
    let ours = url.endpoints().iter().any(|(host, port)| cluster.owns(host, *port));
    if ours && cluster.running().is_none() {
        let running = cluster.up(&mut |text| output.step("server", text))?;
        output.step(
            "started",
            &format!("the private PostgreSQL {} on port {}", running.version, running.port),
        );
    }
    Ok(())
}

/// A way to connect that keeps the server's own error.
type Connect = fn(&DatabaseUrl) -> Result<Result<Session, SqlError>, Error>;

/// Connects, and creates the URL's database where the server says that it does not exist.
fn connect_or_create(url: &DatabaseUrl, connect: Connect, output: &Output) -> Result<Session, Error> {
    match connect(url)? {
        Ok(session) => return Ok(session),
        // a typing error in the address of a remote server must not make a database there
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_DATABASE) && url.is_local() => {}
        Err(error) => return Err(connection_error(url, &error)),
    }
    let administration = Session::connect(&url.with_database("postgres"))?;
    match administration.batch(&format!("CREATE DATABASE {}", quote_identifier(url.database()))) {
        Ok(()) => output.step("created", &format!("database `{}`", url.database())),
        // somebody else was quicker
        Err(e) if e.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
        Err(e) => {
            return Err(sql_error(
                format!("failed to create the database `{}`", url.database()),
                &e,
            ));
        }
    }
    connect(url)?.map_err(|e| connection_error(url, &e))
}

/// Asks the server who it is.
pub(crate) fn identify(session: &Session) -> Result<Identity, Error> {
    let failed = |e| sql_error("failed to ask the server who it is", &e);
    let row = session
        .query_one(
            "SELECT current_database()::text, current_user::text, current_setting('server_version'), \
             current_setting('server_version_num')::int4, host(inet_server_addr()), inet_server_port(), \
             host(inet_client_addr()), inet_client_port(), \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()), pg_is_in_recovery()",
            &[],
        )
        .map_err(failed)?;
    let version: String = row.try_get(2).map_err(failed)?;
    let number: i32 = row.try_get(3).map_err(failed)?;
    let server = end(row.try_get(4).map_err(failed)?, row.try_get(5).map_err(failed)?);
    let client = end(row.try_get(6).map_err(failed)?, row.try_get(7).map_err(failed)?);
    Ok(Identity {
        database: row.try_get(0).map_err(failed)?,
        user: row.try_get(1).map_err(failed)?,
        version: version.split_whitespace().next().unwrap_or_default().to_owned(),
        major: u32::try_from(number / 10_000).unwrap_or_default(),
        ends: server.zip(client),
        oid: row.try_get(8).map_err(failed)?,
        in_recovery: row.try_get(9).map_err(failed)?,
        // A provider may have taken this function from ordinary roles.
        system_identifier: session
            .query_one("SELECT system_identifier FROM pg_catalog.pg_control_system()", &[])
            .ok()
            .and_then(|row| row.try_get(0).ok()),
    })
}

/// An end of a TCP connection, as the server names it; `None` over a socket.
fn end(host: Option<String>, port: Option<i32>) -> Option<SocketAddr> {
    Some(SocketAddr::new(host?.parse().ok()?, u16::try_from(port?).ok()?))
}

/// Whether the server, at the address that it names, is on this machine. Where the system does not tell about sockets,
/// loopback is taken at its word, and a container is not.
fn is_here(server: SocketAddr, client: SocketAddr) -> bool {
    match container::has_client_end(client, server) {
        Some(proven) => proven && (server.ip().is_loopback() || container::is_here(server.ip())),
        None => server.ip().is_loopback(),
    }
}
