//! A database and roles for one test.

use std::sync::atomic::{AtomicUsize, Ordering};

use dbtask::server::random_hex;
use postgres::Client;

use super::server::Server;

/// Numbers databases and roles; the server is this process's alone.
static COUNT: AtomicUsize = AtomicUsize::new(1);

/// A fresh database; dropped when it goes out of scope.
pub struct TestDatabase {
    name: String,
    /// Where it is not on the suite's server but on one of its own.
    own: Option<Server>,
}

impl TestDatabase {
    pub fn new() -> TestDatabase {
        TestDatabase::create(None)
    }

    /// A fresh database on a server of its own: for a test that would get in the way of others on the suite's.
    pub fn on_own_server() -> TestDatabase {
        TestDatabase::create(Some(Server::start()))
    }

    fn create(own: Option<Server>) -> TestDatabase {
        TestDatabase::called(format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed)), own)
    }

    /// A fresh database of that name, on a server of its own.
    pub fn on_own_server_as(name: &str) -> TestDatabase {
        TestDatabase::called(name.to_owned(), Some(Server::start()))
    }

    fn called(name: String, own: Option<Server>) -> TestDatabase {
        let database = TestDatabase { name, own };
        // half the time of the default on servers that write no files to disk; unknown before 15
        let strategy = if database.server().installation.major >= 15 {
            "STRATEGY file_copy"
        } else {
            ""
        };
        let statement = format!("CREATE DATABASE {} TEMPLATE template0 {strategy}", database.name);
        database.server().client("postgres").batch_execute(&statement).unwrap();
        database
    }

    /// The server that it is on.
    pub fn server(&self) -> &Server {
        self.own.as_ref().unwrap_or_else(|| Server::get())
    }

    /// Its name, which needs no quotes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, as the superuser, through a proxy that listens on another port of loopback.
    pub fn url_through(&self, port: u16) -> String {
        self.url()
            .replace(&format!(":{}/", self.server().port), &format!(":{port}/"))
    }

    /// Its URL, as the superuser.
    pub fn url(&self) -> String {
        self.server().url(&self.name)
    }

    /// A connection as the superuser.
    pub fn client(&self) -> Client {
        self.server().client(&self.name)
    }

    /// Whether it has a table, view or the like of that name.
    pub fn has(&self, table: &str) -> bool {
        self.client()
            .query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])
            .unwrap()
            .get(0)
    }

    /// A role that may log in, with attributes such as `CREATEDB`. What it owns in this database goes with it.
    pub fn role(&self, label: &str, attributes: &str) -> TestRole {
        let name = format!("{label}_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let password = random_hex(16).unwrap();
        let statement = format!("CREATE ROLE {name} LOGIN {attributes} PASSWORD '{password}'");
        self.client().batch_execute(&statement).unwrap();
        TestRole {
            name,
            password,
            database: self.name.clone(),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = self.server().client("postgres").batch_execute(&statement);
    }
}

/// A role; dropped when it goes out of scope.
pub struct TestRole {
    name: String,
    password: String,
    database: String,
}

impl TestRole {
    /// Its name, which needs no quotes.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    /// The URL of a database, as this role.
    pub fn url(&self, database: &TestDatabase) -> String {
        database.server().url_as(&self.name, &self.password, database.name())
    }
}

impl Drop for TestRole {
    fn drop(&mut self) {
        let server = Server::get();
        // the database may be gone already; then so is what the role owned there
        if let Ok(mut client) = Client::connect(&server.url(&self.database), postgres::NoTls) {
            let _ = client.batch_execute(&format!("DROP OWNED BY {} CASCADE", self.name));
        }
        let _ = server
            .client("postgres")
            .batch_execute(&format!("DROP ROLE IF EXISTS {}", self.name));
    }
}
