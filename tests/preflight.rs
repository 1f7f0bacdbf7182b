//! What cannot end well is refused before the first write, with what to do.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use dbtask::server::{Account, free_port, random_hex};

use crate::support::{Checkout, TestDatabase, finish, shop};

#[test]
fn a_read_only_session_is_refused() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let url = format!("{}?options=-c%20default_transaction_read_only%3Don", database.url());
    finish(checkout.command(&["db:push"]).env("DATABASE_URL", url))
        .exits(3)
        .says("this session is read only")
        .says("nothing was applied")
        .says("ALTER ROLE");
    assert!(!database.has("users"));
}

#[test]
fn a_role_that_may_not_create_gets_the_grant_to_run() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    database
        .client()
        .batch_execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        .unwrap();
    let role = database.role("guest", "");
    let push = || finish(checkout.command(&["db:push"]).env("DATABASE_URL", role.url(&database)));
    push()
        .exits(3)
        .says("may not create tables in the schema \"public\"")
        .says(&format!(
            "GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"{}\"",
            role.name()
        ));
    database
        .client()
        .batch_execute(&format!("GRANT USAGE, CREATE ON SCHEMA public TO {}", role.name()))
        .unwrap();
    push().exits(0);
}

#[test]
fn a_history_of_int8_versions_is_refused() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    checkout.run(&["db:push"]).exits(0);
    database
        .client()
        .batch_execute("ALTER TABLE refinery_schema_history ALTER COLUMN version TYPE int8")
        .unwrap();
    checkout.migration("V00004__more.sql", "CREATE TABLE more ();\n");
    let is_refused = || {
        checkout
            .run(&["db:push"])
            .exits(3)
            .says("`int8-versions`")
            .says("nothing was changed");
        assert!(!database.has("more"));
    };
    is_refused();
    database
        .client()
        .batch_execute("DELETE FROM refinery_schema_history")
        .unwrap();
    is_refused();
}

#[test]
fn a_table_of_that_name_that_is_no_history_is_named() {
    let database = TestDatabase::new();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    database.client().batch_execute("CREATE TABLE refinery_schema_history (version text, name int, applied_on text, checksum text); INSERT INTO refinery_schema_history VALUES ('x', 1, 'y', 'z')").unwrap();
    checkout
        .run(&["db:push"])
        .exits(1)
        .says("is no schema history of refinery's");
}

/// Citus is not at hand: the extension's row and its one function stand in for it.
#[test]
fn a_worker_of_citus_is_refused() {
    let database = TestDatabase::on_own_server();
    let checkout = Checkout::on(&database);
    shop(&checkout);
    let mut client = database.client();
    client
        .batch_execute(
            "CREATE FUNCTION citus_is_coordinator() RETURNS bool LANGUAGE sql AS 'SELECT false';
             SET allow_system_table_mods = on;
             INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) VALUES (99999, 'citus', 10, 2200, false, '12')",
        )
        .unwrap();
    checkout
        .run(&["db:push"])
        .exits(3)
        .says("a worker of a Citus cluster")
        .says("coordinator");
    client
        .batch_execute("CREATE OR REPLACE FUNCTION citus_is_coordinator() RETURNS bool LANGUAGE sql AS 'SELECT true'")
        .unwrap();
    checkout.run(&["db:push"]).exits(0);
}

#[test]
fn a_standby_is_refused() {
    let checkout = Checkout::new();
    shop(&checkout);
    checkout.run(&["setup"]).exits(0);
    checkout.run(&["db:down"]).exits(0);
    // it waits for the writes of a primary that never come, as the account that owns the rest of its folder
    let data = checkout.root().join(".dbtask/data");
    let signal = data.join("standby.signal");
    std::fs::write(&signal, "").unwrap();
    Account::owning(&data).unwrap().give(&signal).unwrap();
    checkout.migration("V00004__more.sql", "CREATE TABLE more ();\n");
    checkout.run(&["db:status"]).exits(0).says("1 file pending");
    checkout.run(&["db:push"]).exits(3).says("is a standby").says("primary");
    checkout
        .run(&["db:drop", "--yes", "development"])
        .exits(3)
        .says("is a standby");
    checkout.run(&["db:down", "--delete"]).exits(0);
}

/// PgBouncer in transaction mode before the database; it ends with this value.
pub struct Pooler {
    process: Child,
    folder: std::path::PathBuf,
    pub port: u16,
}

impl Pooler {
    pub fn start(database: &TestDatabase, extra: &str) -> Option<Pooler> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
            .into_iter()
            .map(Path::new)
            .find(|p| p.exists())?;
        let account = Account::for_server().unwrap();
        let folder = std::env::temp_dir().join(format!("dbtask-pooler-{}", random_hex(8).unwrap()));
        std::fs::create_dir(&folder).unwrap();
        let (port, server) = (free_port().unwrap(), database.server());
        let settings = format!(
            "[databases]\n{name} = host=127.0.0.1 port={} user=postgres password={} dbname={name}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n{extra}\n",
            server.port,
            server.password,
            name = database.name()
        );
        std::fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        account.give(&folder).unwrap();
        account.give(&folder.join("pgbouncer.ini")).unwrap();
        let process = account
            .command(program)
            .arg(folder.join("pgbouncer.ini"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Pooler { process, folder, port })
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_pooler_in_transaction_mode_is_refused_and_gone_around() {
    // by default PgBouncer refuses start-up options; told to ignore them, it mixes two sessions up
    for extra in ["", "ignore_startup_parameters = options"] {
        let database = TestDatabase::new();
        let checkout = Checkout::new();
        shop(&checkout);
        let Some(pooler) = Pooler::start(&database, extra) else {
            println!("skipped: there is no pgbouncer on this machine");
            return;
        };
        let url = format!(
            "postgres://postgres@127.0.0.1:{}/{}?sslmode=disable",
            pooler.port,
            database.name()
        );
        checkout.write(".env", format!("DATABASE_URL={url}\n"));
        checkout
            .run(&["db:push"])
            .exits(3)
            .says("a pooler in transaction mode stands before the server")
            .says("DIRECT_DATABASE_URL")
            .says("nothing was applied");
        assert!(!database.has("users") && !database.has("refinery_schema_history"));
        checkout.run(&["db:status"]).exits(0).says("3 files pending");
        checkout.write(
            ".env",
            format!("DATABASE_URL={url}\nDIRECT_DATABASE_URL={}\n", database.url()),
        );
        checkout.run(&["db:push"]).exits(0).says("applied 3 files");
        checkout.run(&["db:status", "--check"]).exits(0);
    }
}
