//! The private server of a workspace.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Instant;

use dbtask_runner::Error;

use super::data::{SUPERUSER, remove};
use super::folder::Folder;
use super::port::{holder, is_free};
use super::postmaster::{GLANCE, Stop};
use super::start::{START, Start};
use super::{Account, DataFolder, Installation, Postmaster, free_port, random_hex, write_private};

/// The private server of a workspace, whether it exists or not.
///
/// Its folder holds `data`, `server.log`, and what outlives a deletion of the data, so that the URL in `.env` stays
/// right: `password` and `port`. The port is chosen once. Where another program has taken it, a start fails rather
/// than moves: `.env`, an IDE and other tools hold the URL.
#[derive(Debug, Clone)]
pub struct Cluster {
    folder: Folder,
    data: DataFolder,
}

/// A server that takes connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// `15.18`.
    pub version: String,
    /// The port on `127.0.0.1`.
    pub port: u16,
}

impl Cluster {
    /// The server of the workspace at `root`. Creates and starts nothing.
    pub fn of_workspace(root: &Path) -> Result<Cluster, Error> {
        let folder = Folder::of_workspace(root)?;
        let data = DataFolder::at(folder.join("data"));
        Ok(Cluster { folder, data })
    }

    /// Whether it was created.
    pub fn exists(&self) -> bool {
        self.data.exists()
    }

    /// What runs, if it takes connections.
    pub fn running(&self) -> Option<Running> {
        self.data
            .postmaster()
            .filter(|postmaster| postmaster.ready)
            .map(|postmaster| self.describe(postmaster))
    }

    /// Whether a URL's host and port are this server's. Whether it runs is not asked.
    pub fn owns(&self, host: &str, port: u16) -> bool {
        let loopback = host.eq_ignore_ascii_case("localhost") || host.parse() == Ok(Ipv4Addr::LOCALHOST);
        loopback && self.recorded_port() == Some(port)
    }

    /// The URL of one of its databases, password included.
    pub fn url(&self, database: &str) -> Result<String, Error> {
        let password = self.password()?;
        let port = self.port()?;
        Ok(format!(
            "postgres://{SUPERUSER}:{password}@{}:{port}/{}",
            Ipv4Addr::LOCALHOST,
            percent_encoded(database)
        ))
    }

    /// Starts it; creates it first where it does not exist, with programs of this machine or fetched ones. Commands
    /// that do so at once wait for each other. `say` is told what takes long.
    pub fn up(&self, say: &mut dyn FnMut(&str)) -> Result<Running, Error> {
        self.folder.prepare()?;
        let _lock = self.folder.lock(say)?;
        if let Some(running) = self.settled()? {
            return Ok(running);
        }
        let (installation, account) = if self.exists() {
            let account = Account::owning(self.data.path())?;
            (Installation::choose(Some(self.data.major()?), &account, say)?, account)
        } else {
            self.create(say)?
        };
        let port = self.port()?;
        if !is_free(port) {
            return Err(self.port_taken(port));
        }
        let log = self.folder.join("server.log");
        let start = Start {
            installation: &installation,
            account: &account,
            data: &self.data,
            port,
            log: &log,
        };
        start
            .run()
            .map_err(|error| if is_free(port) { error } else { self.port_taken(port) })?;
        write_private(&self.folder.join("version"), &installation.version)?;
        Ok(Running {
            version: installation.version,
            port,
        })
    }

    /// Stops it, if it runs. The data stays.
    pub fn down(&self) -> Result<(), Error> {
        if !self.exists() {
            return Ok(());
        }
        self.folder.prepare()?;
        let _lock = self.folder.lock(&mut |_| {})?;
        Postmaster::stop(self.data.path(), Stop::Fast)
    }

    /// Stops it, if it runs, and deletes its data. Port and password stay: a new server has the same URL.
    pub fn delete(&self) -> Result<(), Error> {
        if !self.exists() {
            return Ok(());
        }
        self.folder.prepare()?;
        let _lock = self.folder.lock(&mut |_| {})?;
        Postmaster::stop(self.data.path(), Stop::Immediate)?;
        self.data.delete()?;
        for name in ["server.log", "version"] {
            remove(&self.folder.join(name))?;
        }
        Ok(())
    }

    fn create(&self, say: &mut dyn FnMut(&str)) -> Result<(Installation, Account), Error> {
        let account = Account::for_server()?;
        let installation = Installation::choose(None, &account, say)?;
        say(&format!(
            "creating a private server with PostgreSQL {}",
            installation.version
        ));
        self.data.create(&installation, &account, &self.password()?)?;
        Ok((installation, account))
    }

    /// Waits for a server that is starting or stopping right now; what runs then.
    fn settled(&self) -> Result<Option<Running>, Error> {
        let deadline = Instant::now() + START;
        loop {
            match self.data.postmaster() {
                None => return Ok(None),
                Some(postmaster) if postmaster.ready => return Ok(Some(self.describe(postmaster))),
                Some(Postmaster { pid, .. }) if Instant::now() > deadline => {
                    let log = self.folder.shown("server.log");
                    return Err(Error::failed(format!(
                        "the private server (pid {pid}) has been starting or stopping for {} s",
                        START.as_secs()
                    ))
                    .help(format!("see what it says: `tail '{log}'`"))
                    .help("stop it: `cargo xtask db:down`"));
                }
                Some(_) => std::thread::sleep(GLANCE),
            }
        }
    }

    fn describe(&self, postmaster: Postmaster) -> Running {
        let version = std::fs::read_to_string(self.folder.join("version")).ok();
        let major = || {
            self.data
                .major()
                .map_or("of an unknown version".to_owned(), |major| major.to_string())
        };
        Running {
            version: version.unwrap_or_else(major),
            port: postmaster.port,
        }
    }

    /// The password of the superuser, made when it is first asked for.
    fn password(&self) -> Result<String, Error> {
        let path = self.folder.join("password");
        match std::fs::read_to_string(&path) {
            Ok(password) if !password.is_empty() => Ok(password),
            // A server that exists has one, and a new one would not be it.
            Ok(_) | Err(_) if self.exists() => Err(Error::failed(format!(
                "the private server's password is gone: `{}`",
                path.display()
            ))
            .help("start over, without the data: `cargo xtask db:down --delete`, then `cargo xtask db:up`")),
            Ok(_) | Err(_) => {
                let password = random_hex(16)?;
                write_private(&path, &password)?;
                Ok(password)
            }
        }
    }

    fn recorded_port(&self) -> Option<u16> {
        std::fs::read_to_string(self.folder.join("port"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// The port of this server, chosen when it is first asked for.
    fn port(&self) -> Result<u16, Error> {
        if let Some(port) = self.recorded_port() {
            return Ok(port);
        }
        let port = free_port()?;
        write_private(&self.folder.join("port"), &port.to_string())?;
        Ok(port)
    }

    fn port_taken(&self, port: u16) -> Error {
        let file = self.folder.shown("port");
        Error::failed(format!(
            "port {port} of the private server is taken by {}",
            holder(port)
        ))
        .cause("the server keeps its port, so that the URL in `.env` and in other tools stays right")
        .state("that program was left alone, and the server is not running")
        .help("stop that program, then type the command again")
        .help(format!(
            "or move the server, data and all, to a free port: `rm '{file}'`, `cargo xtask db:up`, then replace {port} \
                 in DATABASE_URL"
        ))
    }
}

/// A database's name as a part of a URL.
fn percent_encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_takes_any_database_s_name() {
        assert_eq!(percent_encoded("shop_2.dev"), "shop_2.dev");
        assert_eq!(percent_encoded("a b/ü?"), "a%20b%2F%C3%BC%3F");
    }

    #[test]
    fn only_loopback_at_the_recorded_port_is_the_server_s() {
        let root = std::env::temp_dir().join(format!("dbtask-cluster-{}", std::process::id()));
        std::fs::create_dir_all(root.join(".dbtask")).unwrap();
        std::fs::write(root.join(".dbtask/workspace"), root.as_os_str().as_encoded_bytes()).unwrap();
        let cluster = Cluster::of_workspace(&root).unwrap();
        assert!(!cluster.owns("127.0.0.1", 5432));
        let port = cluster.port().unwrap();
        assert_eq!(cluster.port().unwrap(), port);
        assert!(cluster.owns("127.0.0.1", port) && cluster.owns("LocalHost", port));
        for (host, port) in [
            ("127.0.0.1", port + 1),
            ("db.example.com", port),
            ("::1", port),
            ("", port),
        ] {
            assert!(!cluster.owns(host, port), "{host}:{port}");
        }
        assert!(!cluster.exists() && cluster.running().is_none());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
