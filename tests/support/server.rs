//! The suite's own PostgreSQL: one per test process, on a leash, and proven to be its own.
//!
//! It is started from programs that the product finds (`DBTASK_PG_BIN` names others), in a temporary folder, on a port
//! that nobody uses. It ends with the test process, however that ends: a shell holds it that reads a pipe from this
//! process, which the system closes even after `kill -9`.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use dbtask::server::{Account, DataFolder, Installation, free_port, random_hex};
use postgres::{Client, NoTls};

/// What the folder of a test server is called; the sweep touches nothing else.
const PREFIX: &str = "dbtask-test-server-";

/// Serves until the pipe is closed, then clears up.
const LEASH: &str = r#"
home=$1
shift
"$@" </dev/null &
cat >/dev/null
kill -INT $!
wait
rm -rf "$home"
"#;

/// The server of this test process.
pub struct Server {
    pub port: u16,
    pub password: String,
    /// The programs that it runs from.
    pub installation: Installation,
    home: PathBuf,
    data: DataFolder,
    account: Account,
    /// Its input is the pipe that the system closes when this process ends.
    leash: Mutex<Child>,
    /// Held as long as this process lives.
    _lock: File,
}

impl Server {
    /// The server, started when it is first asked for.
    pub fn get() -> &'static Server {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Server::start)
    }

    /// Another server, which ends when this value does.
    pub fn start() -> Server {
        let account = Account::for_server().unwrap();
        let installation = Installation::choose(None, &account, &mut |text| eprintln!("{text}")).unwrap();
        let parent = [std::env::temp_dir(), "/var/tmp".into()]
            .into_iter()
            .find(|dir| account.can_enter(dir))
            .unwrap();
        sweep(&parent);
        let (home, lock) = new_home(&parent, &account);
        let data = DataFolder::at(home.join("data"));
        let password = random_hex(16).unwrap();
        data.create(&installation, &account, &password).unwrap();
        for _ in 0..5 {
            let port = free_port().unwrap();
            if let Some(leash) = serve(&home, &data, &installation, &account, port) {
                let server = Server {
                    port,
                    password,
                    installation,
                    home,
                    data,
                    account,
                    leash: Mutex::new(leash),
                    _lock: lock,
                };
                prove(&server);
                return server;
            }
        }
        panic!("the test server does not start: {}", log(&home));
    }

    /// The URL of one of its databases, as the superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_as("postgres", &self.password, database)
    }

    /// The URL of one of its databases, as another role.
    pub fn url_as(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The account that it runs as.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Whether its postmaster is there.
    pub fn is_up(&self) -> bool {
        self.data.postmaster().is_some()
    }

    /// Starts it again, at the same port, after it crashed.
    pub fn start_again(&self) {
        let mut leash = self.leash.lock().unwrap();
        // without its shell nothing is cleared up
        leash.kill().unwrap();
        leash.wait().unwrap();
        *leash = serve(&self.home, &self.data, &self.installation, &self.account, self.port)
            .unwrap_or_else(|| panic!("the test server does not start again: {}", log(&self.home)));
    }

    /// A connection as the superuser.
    pub fn client(&self, database: &str) -> Client {
        Client::connect(&self.url(database), NoTls).unwrap()
    }
}

/// A folder that the server's account owns, and the lock that says that this process lives. It gets the name that
/// the sweep looks for when the lock is held.
fn new_home(parent: &Path, account: &Account) -> (PathBuf, File) {
    let name = format!("{PREFIX}{}-{}", std::process::id(), random_hex(4).unwrap());
    let new = parent.join(format!("new-{name}"));
    DirBuilder::new().mode(0o700).create(&new).unwrap();
    let lock = File::create(new.join("lock")).unwrap();
    lock.lock().unwrap();
    account.give(&new).unwrap();
    let home = parent.canonicalize().unwrap().join(name);
    std::fs::rename(new, &home).unwrap();
    (home, lock)
}

/// Starts the server on a port, and the shell that holds it; `None` when it gives up.
fn serve(home: &Path, data: &DataFolder, installation: &Installation, account: &Account, port: u16) -> Option<Child> {
    let log_file = File::create(home.join("server.log")).unwrap();
    let mut leash = account
        .command(Path::new("/bin/sh"))
        .args(["-c", LEASH, "sh"])
        .arg(home)
        .arg(installation.program("postgres"))
        .args(data.arguments(port))
        .stdin(Stdio::piped())
        .stdout(log_file.try_clone().unwrap())
        .stderr(log_file)
        // a Ctrl-C ends this process, and that the server
        .process_group(0)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !data
        .postmaster()
        .is_some_and(|postmaster| postmaster.ready && postmaster.port == port)
    {
        // one that recovers from a crash says so to whoever comes too early
        let gave_up = |line: &str| line.contains("FATAL") && !line.contains("the database system is");
        if log(home).lines().any(gave_up) || begun.elapsed() > Duration::from_mins(1) {
            leash.kill().unwrap();
            leash.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(leash)
}

fn log(home: &Path) -> String {
    std::fs::read_to_string(home.join("server.log")).unwrap_or_default()
}

/// Asserts that what answers at the port is the server that was just made, before any test touches it.
fn prove(server: &Server) {
    let row = server
        .client("postgres")
        .query_one(
            "SELECT system_identifier, current_setting('data_directory') FROM pg_control_system()",
            &[],
        )
        .unwrap();
    let (identifier, folder): (i64, String) = (row.get(0), row.get(1));
    assert_eq!(
        identifier.cast_unsigned(),
        server.data.system_identifier().unwrap(),
        "another server answers"
    );
    assert_eq!(Path::new(&folder), server.data(), "another server answers");
}

/// Removes the folders of test processes that are gone: nobody holds their lock any more.
fn sweep(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry
            .file_name()
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .is_some_and(|rest| {
                rest.split_once('-').is_some_and(|(pid, random)| {
                    pid.bytes().all(|b| b.is_ascii_digit())
                        && random.len() == 8
                        && random.bytes().all(|b| b.is_ascii_hexdigit())
                })
            });
        let abandoned = || File::open(entry.path().join("lock")).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_ours && abandoned() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[test]
fn folders_of_living_test_processes_and_of_others_are_not_swept() {
    let parent = std::env::temp_dir().join(format!("dbtask-sweep-{}", std::process::id()));
    for name in [
        "dbtask-test-server-1-0123abcd",
        "dbtask-test-server-2-0123abcd",
        "dbtask-test-server-x-0123abcd",
        "other",
    ] {
        std::fs::create_dir_all(parent.join(name)).unwrap();
        File::create(parent.join(name).join("lock")).unwrap();
    }
    let alive = File::open(parent.join("dbtask-test-server-2-0123abcd/lock")).unwrap();
    alive.lock().unwrap();
    sweep(&parent);
    let mut left: Vec<_> = std::fs::read_dir(&parent)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "dbtask-test-server-2-0123abcd",
            "dbtask-test-server-x-0123abcd",
            "other"
        ]
    );
    std::fs::remove_dir_all(&parent).unwrap();
}

/// The promise that no run leaves a server behind, for the worst end of all.
#[test]
fn a_leashed_server_ends_with_its_test_process() {
    let account = Account::for_server().unwrap();
    let installation = Installation::choose(None, &account, &mut |_| {}).unwrap();
    let (home, _lock) = new_home(&std::env::temp_dir(), &account);
    let data = DataFolder::at(home.join("data"));
    data.create(&installation, &account, &random_hex(16).unwrap()).unwrap();
    let mut leash = serve(&home, &data, &installation, &account, free_port().unwrap()).expect("it starts");
    // what the system does with the pipe of a killed process
    drop(leash.stdin.take());
    leash.wait().unwrap();
    let begun = Instant::now();
    while data.postmaster().is_some() || home.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the server outlived its leash"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
