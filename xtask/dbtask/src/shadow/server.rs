//! Where a throwaway database can be made.

use dbtask_runner::{DatabaseUrl, Error, Session, connection_error, quote_identifier, sql_error};

use crate::output::Output;
use crate::server::Cluster;
use crate::target::{Identity, Target, identify, wake};
use crate::workspace::Workspace;

/// The database that throwaway databases are made from, and locked in; see `strays`.
const ADMINISTRATION: &str = "postgres";

/// The way out, wherever the target's server will not do.
pub(super) const ELSEWHERE: &str = "name a server for throwaway databases in `.env`: `SHADOW_DATABASE_URL='postgres://USER:PASSWORD@HOST:5432/postgres'`";

/// Nothing of ours may time out while it waits for others.
const PATIENT: &str = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
     WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_session_timeout')";

/// A server that takes throwaway databases.
pub(super) struct Server {
    pub(super) url: DatabaseUrl,
    /// Connected to the database `postgres`.
    pub(super) administration: Session,
    pub(super) identity: Identity,
    /// It is the target's.
    pub(super) beside_target: bool,
}

impl Server {
    /// The server that `SHADOW_DATABASE_URL` names; else the target's where the role may create databases; else the
    /// private one where there is one.
    pub(super) fn choose(target: &Target, workspace: &Workspace, output: &Output) -> Result<Server, Error> {
        let environment = workspace.environment()?;
        if let Some(url) = environment.shadow_database_url()? {
            wake(workspace, &url, output)?;
            let server =
                Server::connect(&url, target).map_err(|e| e.help("it is SHADOW_DATABASE_URL that leads there"))?;
            return match server.obstacle()? {
                None => Ok(server),
                Some(obstacle) => Err(impossible(&obstacle)
                    .help(grant(&server.identity.user))
                    .help("it is SHADOW_DATABASE_URL that leads there: name another server, or another role")),
            };
        }
        let Some(obstacle) = obstacle(&target.session, &target.identity)? else {
            // past a pooler, where there is one
            return Server::connect(&environment.direct_database_url()?, target).map_err(|e| e.help(ELSEWHERE));
        };
        let cluster = Cluster::of_workspace(workspace.root())?;
        if cluster.exists() {
            let url = DatabaseUrl::parse(&cluster.url(ADMINISTRATION)?)?;
            wake(workspace, &url, output)?;
            let server = Server::connect(&url, target)?;
            if server.obstacle()?.is_none() {
                output.note(&format!(
                    "{obstacle}: the throwaway database is made on the private server"
                ));
                return Ok(server);
            }
        }
        let error = impossible(&obstacle)
            .help(ELSEWHERE)
            .help("or make a private server, which is used then: `cargo xtask db:up`");
        Err(if target.identity.in_recovery {
            error
        } else {
            error.help(format!("or {}", grant(&target.identity.user)))
        })
    }

    fn connect(url: &DatabaseUrl, target: &Target) -> Result<Server, Error> {
        let url = url.with_database(ADMINISTRATION);
        // as one that migrates: a pooler in transaction mode, which would lose the lock, refuses that
        let administration = Session::try_connect_to_migrate(&url)?.map_err(|e| connection_error(&url, &e))?;
        let identity = identify(&administration)?;
        if identity.database != ADMINISTRATION {
            return Err(Error::refused(format!(
                "the address of the database `{ADMINISTRATION}` leads to another one, `{}`",
                identity.database
            ))
            .cause("a pooler that leads every name to one database stands before the server")
            .state("nothing was changed"));
        }
        administration
            .query(PATIENT, &[])
            .map_err(|e| sql_error("failed to prepare the session", &e))?;
        let beside_target = match (identity.system_identifier, target.identity.system_identifier) {
            (Some(here), Some(there)) => here == there,
            // nobody says: taken for the same, since that is the one that asks for care
            _ => true,
        };
        Ok(Server {
            url,
            administration,
            identity,
            beside_target,
        })
    }

    fn obstacle(&self) -> Result<Option<String>, Error> {
        obstacle(&self.administration, &self.identity)
    }
}

/// What keeps a session's role from creating databases; `None` where nothing does.
fn obstacle(session: &Session, identity: &Identity) -> Result<Option<String>, Error> {
    if identity.in_recovery {
        return Ok(Some(format!("the server on {} is a standby", identity.place())));
    }
    let may: bool = session
        .query_one(
            "SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user",
            &[],
        )
        .and_then(|row| row.try_get(0))
        .map_err(|e| sql_error("failed to ask whether the role may create databases", &e))?;
    Ok((!may).then(|| format!("`{}` may not create databases on {}", identity.user, identity.place())))
}

fn impossible(obstacle: &str) -> Error {
    Error::failed("there is no place for a throwaway database")
        .cause(obstacle)
        .state("nothing was changed")
}

fn grant(role: &str) -> String {
    format!("let a superuser run `ALTER ROLE {} CREATEDB`", quote_identifier(role))
}
