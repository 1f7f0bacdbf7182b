//! The private server: a fresh clone works after `setup`, the URL stays right, and nobody else's server is touched.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dbtask::server::Account;
use postgres::{Client, NoTls};

use crate::support::server::Server;
use crate::support::{Checkout, Run, finish, shop};

/// Waits for the end of the test, which may be its death, and deletes the server.
const CLEAR_UP: &str = r#"cat >/dev/null; cd "$1" && "$2" db:down --delete; rm -rf "$1/.dbtask""#;

/// A workspace whose private server is deleted with it.
struct Workspace {
    root: PathBuf,
    leash: Child,
    checkout: Checkout,
}

impl Workspace {
    fn new() -> Workspace {
        Workspace::below("")
    }

    /// In a folder below the temporary one.
    fn below(folder: &str) -> Workspace {
        let checkout = Checkout::new();
        shop(&checkout);
        let root = checkout.root().join(folder);
        if !folder.is_empty() {
            std::fs::create_dir_all(&root).unwrap();
            copy(&checkout.root().join("Cargo.toml"), &root);
            copy(&checkout.root().join("migrations"), &root);
        }
        Workspace::at(root, checkout)
    }

    fn at(root: PathBuf, checkout: Checkout) -> Workspace {
        let mut leash = Command::new("sh");
        leash
            .args(["-c", CLEAR_UP, "sh"])
            .arg(&root)
            .arg(env!("CARGO_BIN_EXE_xtask"));
        leash
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Workspace {
            root,
            leash: leash.process_group(0).spawn().unwrap(),
            checkout,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.checkout.command(arguments);
        command.current_dir(&self.root);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        finish(&mut self.command(arguments))
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.join(name)).unwrap()
    }

    fn url(&self) -> String {
        let env = self.file(".env");
        env.lines()
            .find_map(|line| line.strip_prefix("DATABASE_URL="))
            .unwrap()
            .to_owned()
    }

    fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).unwrap()
    }

    fn pid_file(&self) -> PathBuf {
        self.root.join(".dbtask/data/postmaster.pid")
    }

    fn pid(&self) -> String {
        std::fs::read_to_string(self.pid_file())
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned()
    }

    /// Ends the server as a power cut or `kill -9` does.
    fn crash(&self) {
        let pid = self.pid();
        assert!(shell(&format!("kill -9 {pid}")));
        until("the server is gone", || !shell(&format!("kill -0 {pid}")));
    }

    /// What is left of a crashed server when its number is another program's by now.
    fn give_pid_to(&self, process: &Child) {
        let text = std::fs::read_to_string(self.pid_file()).unwrap();
        let rest = text.split_once('\n').unwrap().1;
        std::fs::write(self.pid_file(), format!("{}\n{rest}", process.id())).unwrap();
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        drop(self.leash.stdin.take());
        let _ = self.leash.wait();
        if let Some(folder) = fallback(&self.root) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn shell(line: &str) -> bool {
    Command::new("sh")
        .args(["-c", line])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

fn copy(from: &Path, to: &Path) {
    assert!(
        Command::new("cp")
            .arg("-a")
            .args([from, to])
            .status()
            .unwrap()
            .success()
    );
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A program of the server's account that has nothing to do with PostgreSQL; ended with the test.
struct Bystander(Child);

impl Bystander {
    fn new() -> Bystander {
        Bystander(
            Account::for_server()
                .unwrap()
                .command(Path::new("sleep"))
                .arg("600")
                .spawn()
                .unwrap(),
        )
    }

    #[track_caller]
    fn lives(&mut self) {
        assert!(
            self.0.try_wait().unwrap().is_none(),
            "a program that is no server was killed"
        );
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn setup_makes_a_fresh_clone_work_and_has_nothing_to_do_the_second_time() {
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0).says("applied 3 files").says(".env");
    let mode = std::fs::metadata(workspace.root.join(".env")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    let row = workspace
        .client()
        .query_one(
            "SELECT email, current_setting('server_encoding'), current_setting('TimeZone') FROM users",
            &[],
        )
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("ada@example.com", "UTF8", "UTC"));
    let before = workspace.file(".env");
    workspace
        .run(&["setup"])
        .exits(0)
        .says("nothing to do")
        .hides("creating");
    assert_eq!(workspace.file(".env"), before);
    workspace.run(&["db:status", "--check"]).exits(0);
}

#[test]
fn setup_with_a_url_that_leads_nowhere_says_how_to_get_a_server_instead() {
    let workspace = Workspace::new();
    workspace
        .checkout
        .write(".env", "DATABASE_URL=postgres://u@127.0.0.1:1/x\n");
    workspace
        .run(&["setup"])
        .exits(1)
        .says("DATABASE_URL is set already")
        .says("failed to reach")
        .says("take DATABASE_URL out of `.env`");
    // an empty line, as a copied template has it, is no URL
    workspace.checkout.write(".env", "DATABASE_URL=\n");
    workspace.run(&["setup"]).exits(0).says("applied 3 files");
    workspace.run(&["db:status", "--check"]).exits(0);
}

#[test]
fn a_stopped_server_comes_back_with_its_port_its_password_and_its_data() {
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0);
    let up = workspace.run(&["db:up", "--json"]).exits(0).json();
    workspace.run(&["db:down"]).exits(0).says("is stopped");
    assert!(Client::connect(&workspace.url(), NoTls).is_err());
    workspace.run(&["db:down"]).exits(0).says("was not running");
    assert_eq!(workspace.run(&["db:up", "--json"]).exits(0).json(), up);
    assert_eq!(workspace.client().query("SELECT * FROM users", &[]).unwrap().len(), 1);
    // and a command that needs it starts it by itself
    workspace.run(&["db:down"]).exits(0);
    workspace
        .run(&["db:status"])
        .exits(0)
        .says("started")
        .says("nothing is pending");
}

#[test]
fn the_password_is_in_no_argument_and_no_file_that_others_read() {
    let workspace = Workspace::new();
    workspace.run(&["db:up"]).exits(0);
    let password = workspace.file(".dbtask/password");
    assert_eq!(password.len(), 32);
    let arguments = std::fs::read(format!("/proc/{}/cmdline", workspace.pid())).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&arguments).contains(&password));
    for (name, mode) in [
        ("password", 0o600),
        ("port", 0o600),
        ("server.log", 0o600),
        ("data", 0o700),
    ] {
        let metadata = std::fs::metadata(workspace.root.join(".dbtask").join(name)).unwrap();
        assert_eq!(metadata.mode() & 0o777, mode, "{name}");
    }
    let url = |password: &str| {
        format!(
            "postgres://postgres:{password}@127.0.0.1:{}/postgres",
            workspace.file(".dbtask/port")
        )
    };
    assert!(Client::connect(&url("wrong"), NoTls).is_err());
    let address: String = Client::connect(&url(&password), NoTls)
        .unwrap()
        .query_one("SHOW listen_addresses", &[])
        .unwrap()
        .get(0);
    assert_eq!(address, "127.0.0.1");
}

#[test]
fn four_ups_at_once_make_one_server() {
    let workspace = Workspace::new();
    let children: Vec<Child> = (0..4)
        .map(|_| {
            workspace
                .command(&["db:up", "--json"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut answers: Vec<String> = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        answers.push(String::from_utf8(output.stdout).unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn after_kill_9_the_next_command_starts_the_server() {
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0);
    // a session that is at work does not notice at once that its server died
    let mut busy = workspace.client();
    let session = std::thread::spawn(move || busy.batch_execute("SELECT count(*) FROM generate_series(1, 4000000)"));
    std::thread::sleep(Duration::from_millis(200));
    workspace.crash();
    workspace
        .run(&["db:status"])
        .exits(0)
        .says("started")
        .says("nothing is pending");
    let _ = session.join().unwrap();
}

#[test]
fn a_creation_that_was_killed_half_way_is_done_again() {
    let workspace = Workspace::new();
    let mut first = workspace
        .command(&["db:up"])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = || {
        std::fs::read_dir(workspace.root.join(".dbtask"))
            .into_iter()
            .flatten()
            .flatten()
            .any(|e| e.file_name().to_string_lossy().starts_with("unfinished-"))
    };
    until("initdb is at work", begun);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(
        !workspace.root.join(".dbtask/data").exists(),
        "it was too quick: the test proves nothing"
    );
    workspace.run(&["setup"]).exits(0).says("applied 3 files");
}

#[test]
fn any_path_will_do() {
    let long = ["a folder whose name is neither short nor free of spaces"; 8].join("/");
    for folder in ["it's \"quoted\" & `odd` $HOME ü", &long] {
        let workspace = Workspace::below(folder);
        workspace.run(&["setup"]).exits(0).says("applied 3 files");
        workspace.run(&["db:down"]).exits(0).says("is stopped");
        workspace.run(&["db:status"]).exits(0).says("started");
        workspace.run(&["db:down", "--delete"]).exits(0);
    }
}

#[test]
fn a_deleted_server_is_gone_and_setup_makes_a_new_one_at_the_same_url() {
    let workspace = Workspace::new();
    workspace
        .run(&["db:down", "--delete"])
        .exits(0)
        .says("there is no private server here");
    workspace.run(&["setup"]).exits(0);
    let (url, pid) = (workspace.url(), workspace.pid());
    workspace.client().batch_execute("CREATE TABLE stray ()").unwrap();
    workspace.run(&["db:down", "--delete"]).exits(0).says("is deleted");
    assert!(!workspace.root.join(".dbtask/data").exists());
    until("the server is gone", || !shell(&format!("kill -0 {pid}")));
    workspace.run(&["setup"]).exits(0).says("applied 3 files");
    assert_eq!(workspace.url(), url);
    let stray: bool = workspace
        .client()
        .query_one("SELECT to_regclass('stray') IS NOT NULL", &[])
        .unwrap()
        .get(0);
    assert!(!stray);
}

#[test]
fn a_program_that_got_the_number_of_a_dead_server_is_left_alone() {
    let workspace = Workspace::new();
    let mut bystander = Bystander::new();
    workspace.run(&["setup"]).exits(0);
    workspace.crash();
    workspace.give_pid_to(&bystander.0);
    workspace.run(&["db:down"]).exits(0).says("was not running");
    bystander.lives();
    workspace.run(&["db:status"]).exits(0).says("started");
    bystander.lives();
    workspace.crash();
    workspace.give_pid_to(&bystander.0);
    workspace.run(&["db:down", "--delete"]).exits(0);
    bystander.lives();
}

#[test]
fn a_taken_port_is_an_error_that_names_the_program_and_the_ways_out() {
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0);
    workspace.run(&["db:down"]).exits(0);
    let port: u16 = workspace.file(".dbtask/port").parse().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let run = workspace
        .run(&["db:status"])
        .exits(1)
        .says(&format!("port {port} of the private server is taken by"))
        .says("rm '.dbtask/port'");
    if Path::new("/proc/net/tcp").exists() {
        assert!(
            run.stderr.contains(&format!("(pid {})", std::process::id())),
            "{}",
            run.stderr
        );
    }
    // the way out that it names keeps the data
    std::fs::remove_file(workspace.root.join(".dbtask/port")).unwrap();
    let moved = workspace.run(&["db:up", "--json"]).exits(0).json()["port"]
        .as_u64()
        .unwrap();
    assert_ne!(moved, u64::from(port));
    let env = workspace.file(".env").replace(&port.to_string(), &moved.to_string());
    std::fs::write(workspace.root.join(".env"), env).unwrap();
    workspace.run(&["db:status", "--check"]).exits(0);
    drop(listener);
}

#[test]
fn another_postgresql_at_the_port_is_never_touched() {
    let other = Server::get();
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0);
    workspace.run(&["db:down"]).exits(0);
    let (port, env) = (workspace.file(".dbtask/port"), workspace.file(".env"));
    std::fs::write(workspace.root.join(".dbtask/port"), other.port.to_string()).unwrap();
    std::fs::write(workspace.root.join(".env"), env.replace(&port, &other.port.to_string())).unwrap();
    for command in [&["db:up"][..], &["db:status"], &["setup"]] {
        workspace
            .run(command)
            .exits(1)
            .says(&format!("port {} of the private server is taken by", other.port));
    }
    workspace.run(&["db:down"]).exits(0).says("was not running");
    workspace.run(&["db:down", "--delete"]).exits(0);
    other.client("postgres").batch_execute("SELECT 1").unwrap();
}

#[test]
fn a_copy_of_a_checkout_leaves_the_server_of_the_first_alone() {
    let first = Workspace::new();
    first.run(&["setup"]).exits(0);
    first.run(&["db:down"]).exits(0);
    let checkout = Checkout::new();
    copy(&first.root.join("."), checkout.root());
    let second = Workspace::at(checkout.root().to_owned(), checkout);
    first.run(&["db:up"]).exits(0);
    std::fs::copy(first.pid_file(), second.pid_file()).unwrap();
    second.run(&["db:down"]).exits(0).says("was not running");
    second.run(&["db:status"]).exits(1).says("is taken by");
    second.run(&["db:down", "--delete"]).exits(0);
    first.client().batch_execute("SELECT 1").unwrap();
}

#[test]
fn a_moved_checkout_keeps_its_running_server() {
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0);
    let pid = workspace.pid();
    let checkout = Checkout::new();
    let moved = checkout.root().join("moved");
    std::fs::rename(&workspace.root, &moved).unwrap();
    let moved = Workspace::at(moved, checkout);
    moved.run(&["db:status", "--check"]).exits(0).hides("started");
    assert_eq!(moved.pid(), pid);
    moved.run(&["db:down"]).exits(0).says("is stopped");
}

#[test]
fn variables_for_other_servers_do_not_reach_the_private_one() {
    let workspace = Workspace::new();
    let mut setup = workspace.command(&["setup"]);
    setup
        .env("PGDATA", "/nonexistent")
        .env("PGPORT", "1")
        .env("PGHOST", "db.example.com")
        .env("PGUSER", "nobody")
        .env("PGOPTIONS", "-c fsync=on");
    finish(&mut setup).exits(0).says("applied 3 files");
}

#[test]
fn a_umask_that_closes_every_new_folder_does_no_harm() {
    let workspace = Workspace::new();
    let mut setup = Command::new("sh");
    setup.args(["-c", "umask 077; exec \"$0\" setup", env!("CARGO_BIN_EXE_xtask")]);
    setup
        .current_dir(&workspace.root)
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("DATABASE_URL");
    finish(&mut setup).exits(0).says("applied 3 files");
}

#[test]
fn a_folder_that_somebody_else_made_is_refused() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.root.join(".dbtask")).unwrap();
    std::fs::write(workspace.root.join(".dbtask/notes"), "mine").unwrap();
    workspace
        .run(&["db:up"])
        .exits(3)
        .says("was not made by this program")
        .says("nothing was touched")
        .says("mv '");
    assert_eq!(workspace.file(".dbtask/notes"), "mine");
}

#[test]
fn a_wrong_dbtask_pg_bin_says_what_is_missing() {
    let workspace = Workspace::new();
    let up = |bin: &str| finish(workspace.command(&["db:up"]).env("DBTASK_PG_BIN", bin));
    up("/nowhere")
        .exits(2)
        .says("DBTASK_PG_BIN is `/nowhere`")
        .says("it lacks `postgres`, `initdb`, `pg_ctl`")
        .says("help:");
    let bin = workspace.root.join("bin");
    std::fs::create_dir(&bin).unwrap();
    for program in ["postgres", "initdb"] {
        std::fs::write(bin.join(program), "#!/bin/sh\nexit 1\n").unwrap();
        std::fs::set_permissions(bin.join(program), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    up(bin.to_str().unwrap())
        .exits(2)
        .says("it lacks `pg_ctl`")
        .hides("`initdb`, `pg_ctl`");
    std::fs::copy(bin.join("initdb"), bin.join("pg_ctl")).unwrap();
    up(bin.to_str().unwrap())
        .exits(2)
        .says("`postgres --version` does not run there");
}

/// A machine where nothing is installed and nothing can be fetched.
fn bare(mut command: Command) -> Run {
    let root = command.get_current_dir().unwrap().to_owned();
    command
        .env_remove("DBTASK_PG_BIN")
        .env("DBTASK_PG_FETCH", "1")
        .env("PATH", "/nowhere")
        .env("XDG_CACHE_HOME", root);
    finish(&mut command)
}

#[test]
fn without_postgresql_and_without_a_way_to_fetch_it_the_error_says_what_to_install() {
    let workspace = Workspace::new();
    let run = bare(workspace.command(&["setup"]))
        .exits(1)
        .says("no PostgreSQL is on this machine, and none could be fetched")
        .says("with apt: ")
        .says("with pip: ")
        .says("install it, then type the command again: ")
        .says("DBTASK_PG_BIN=/path/to/bin")
        .says("DATABASE_URL");
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if release.contains("ID=debian") || release.contains("ID=ubuntu") {
        assert!(run.stderr.contains("apt-get install postgresql`"), "{}", run.stderr);
    }
    assert!(!workspace.root.join(".env").exists(), "half a setup");
    bare(workspace.command(&["db:up"])).exits(1);
    // and with PostgreSQL back, nothing stands in the way
    workspace.run(&["setup"]).exits(0);
}

#[test]
fn a_server_whose_programs_are_gone_keeps_its_data_and_says_which_ones_it_needs() {
    let workspace = Workspace::new();
    workspace.run(&["setup"]).exits(0);
    workspace.run(&["db:down"]).exits(0);
    let major = workspace.file(".dbtask/data/PG_VERSION");
    bare(workspace.command(&["db:status"]))
        .exits(1)
        .says(&format!(
            "the private server's data is PostgreSQL {}'s, and no such server is on this machine",
            major.trim()
        ))
        .says("the data is untouched")
        .says("db:down --delete");
    workspace.run(&["db:status", "--check"]).exits(0);
}

/// The number of an account, for tests that root runs.
fn nobody() -> Option<u32> {
    let id = |of: &[&str]| {
        Command::new("id")
            .arg("-u")
            .args(of)
            .output()
            .ok()
            .and_then(|o| String::from_utf8(o.stdout).ok()?.trim().parse().ok())
    };
    if id(&[]) != Some(0) {
        eprintln!("skipped: only root can become somebody else");
        return None;
    }
    id(&["nobody"])
}

/// The suite as root does not say what an ordinary user gets; as an ordinary user every other test does.
#[test]
fn an_ordinary_user_gets_the_same() {
    let Some(uid) = nobody() else { return };
    let workspace = Workspace::new();
    copy(Path::new(env!("CARGO_BIN_EXE_xtask")), &workspace.root);
    assert!(
        Command::new("chown")
            .arg("-R")
            .arg(uid.to_string())
            .arg(&workspace.root)
            .status()
            .unwrap()
            .success()
    );
    let run = |arguments: &[&str]| {
        let mut command = Command::new(workspace.root.join("xtask"));
        for (name, value) in workspace.command(&[]).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        finish(
            command
                .args(arguments)
                .current_dir(&workspace.root)
                .uid(uid)
                .gid(uid)
                .env("HOME", "/nonexistent"),
        )
    };
    run(&["setup"]).exits(0).says("applied 3 files");
    assert_eq!(
        std::fs::metadata(workspace.root.join(".dbtask/data")).unwrap().uid(),
        uid
    );
    assert_eq!(
        std::fs::metadata(workspace.root.join(".dbtask")).unwrap().mode() & 0o777,
        0o700
    );
    run(&["db:down"]).exits(0).says("is stopped");
    // root (`sudo cargo xtask`) works on it as its owner, and leaves it usable for them
    workspace.run(&["db:status"]).exits(0).says("started");
    run(&["db:status"]).exits(0).hides("started");
    run(&["db:down", "--delete"]).exits(0);
}

#[test]
fn what_root_made_is_an_error_with_a_way_out_for_an_ordinary_user() {
    let Some(uid) = nobody() else { return };
    let workspace = Workspace::new();
    workspace.run(&["db:up"]).exits(0);
    copy(Path::new(env!("CARGO_BIN_EXE_xtask")), &workspace.root);
    let mut command = Command::new(workspace.root.join("xtask"));
    command
        .args(["db:up"])
        .current_dir(&workspace.root)
        .env_remove("CARGO_MANIFEST_DIR")
        .uid(uid)
        .gid(uid);
    finish(&mut command)
        .exits(1)
        .says("belongs to another account")
        .says("sudo rm -rf");
    workspace.run(&["db:down"]).exits(0).says("is stopped");
}

/// The folder of `/var/tmp` that belongs to a workspace.
fn fallback(root: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir("/var/tmp")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    entries
        .filter(|path| path.to_string_lossy().starts_with("/var/tmp/dbtask-"))
        .find(|path| std::fs::read_to_string(path.join("workspace")).is_ok_and(|mark| Path::new(&mark) == root))
}

#[test]
fn root_below_a_closed_folder_gets_a_server_that_nobody_can_slip_something_to() {
    let Some(uid) = nobody() else { return };
    let workspace = Workspace::below("closed/checkout");
    std::fs::set_permissions(workspace.root.parent().unwrap(), std::fs::Permissions::from_mode(0o700)).unwrap();
    workspace.run(&["setup"]).exits(0).says("applied 3 files");
    assert!(!workspace.root.join(".dbtask").exists());
    let folder = fallback(&workspace.root).unwrap();
    workspace.run(&["db:down"]).exits(0).says("is stopped");
    // everyone may write into /var/tmp: a folder of somebody else's, or one that others can write into, is no good
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    workspace
        .run(&["db:status"])
        .exits(3)
        .says("was not made by this program")
        .says("root alone");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711)).unwrap();
    std::os::unix::fs::chown(&folder, Some(uid), None).unwrap();
    workspace
        .run(&["db:status"])
        .exits(1)
        .says("belongs to another account");
    std::os::unix::fs::chown(&folder, Some(0), None).unwrap();
    std::fs::write(folder.join("workspace"), "/another/checkout").unwrap();
    workspace
        .run(&["db:status"])
        .exits(3)
        .says("its mark names `/another/checkout`");
    std::fs::write(folder.join("workspace"), workspace.root.to_str().unwrap()).unwrap();
    workspace.run(&["db:status", "--check"]).exits(0);
}
