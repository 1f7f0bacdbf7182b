//! A workspace of a user's: a temporary folder with migrations and a `.env`, and the built `xtask` to run in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::database::TestDatabase;

/// The profile of this workspace: what a service of it is built with.
pub fn workspace_profile() -> String {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
    let at = manifest.find("[profile.").unwrap();
    manifest[at..].to_owned()
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The folder; deleted when it goes out of scope.
pub struct Checkout {
    root: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Everything that was printed, in the order stdout, stderr.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The JSON object on stdout.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON ({e}) in {:?}; stderr: {}", self.stdout, self.stderr))
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that a text was printed.
    #[track_caller]
    pub fn says(self, text: &str) -> Run {
        assert!(
            self.text().contains(text),
            "{text:?} is not in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that a text was not printed.
    #[track_caller]
    pub fn hides(self, text: &str) -> Run {
        assert!(
            !self.text().contains(text),
            "{text:?} is in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Checkout {
    /// An empty workspace with an empty migrations folder.
    pub fn new() -> Checkout {
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("dbtask-checkout-{}-{n}", std::process::id()));
        std::fs::create_dir_all(root.join("migrations")).unwrap();
        std::fs::write(root.join("Cargo.toml"), "[workspace]\n").unwrap();
        Checkout {
            root: root.canonicalize().unwrap(),
        }
    }

    /// A workspace whose `.env` names the database.
    pub fn on(database: &TestDatabase) -> Checkout {
        let checkout = Checkout::new();
        checkout.write(".env", format!("DATABASE_URL={}\n", database.url()));
        checkout
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes a workspace with a member `service` whose build script is the one call, with these features of the rules; the
    /// versions are those that the tests were built with, which are at hand without a network.
    pub fn service(&self, features: &[&str], profile: &str, main: &str) {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        self.write(
            "Cargo.toml",
            format!("[workspace]\nresolver = \"3\"\nmembers = [\"service\"]\n\n{profile}"),
        );
        self.write("Cargo.lock", std::fs::read(xtask.join("../Cargo.lock")).unwrap());
        let rules = xtask.join("rules").display().to_string();
        self.write(
            "service/Cargo.toml",
            format!(
                "[package]\nname = \"service\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                 [build-dependencies]\ndbtask-rules = {{ path = {rules:?}, features = {features:?} }}\n"
            ),
        );
        self.write(
            "service/build.rs",
            "fn main() -> std::process::ExitCode {\n    dbtask_rules::build_script(\"../migrations\")\n}\n",
        );
        self.write("service/src/main.rs", main);
    }

    /// Writes `migrations/NAME`.
    pub fn migration(&self, name: &str, sql: &str) -> &Checkout {
        self.write(&format!("migrations/{name}"), sql);
        self
    }

    /// Runs git in it, as somebody.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        for setting in ["user.name=t", "user.email=t@t", "init.defaultBranch=main"] {
            command.args(["-c", setting]);
        }
        finish(command.args(arguments).current_dir(&self.root)).exits(0);
    }

    /// Makes it a git repository whose first commit has the migrations.
    pub fn commit_migrations(&self) {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "migrations"]);
        self.git(&["commit", "--quiet", "--message", "files"]);
    }

    /// The command `cargo xtask` with these arguments, free of the caller's environment, without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("PG")
                || name.starts_with("DBTASK_")
                || name.starts_with("CARGO")
                || name.ends_with("DATABASE_URL")
            {
                command.env_remove(&*name);
            }
        }
        if let Some(bin) = std::env::var_os("DBTASK_PG_BIN") {
            command.env("DBTASK_PG_BIN", bin);
        }
        command
    }

    /// Runs `cargo xtask` with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        finish(&mut self.command(arguments))
    }

    /// Starts `cargo xtask` with these arguments, its outputs piped.
    pub fn spawn(&self, arguments: &[&str]) -> std::process::Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it on a terminal, with `typed` as what is typed there; both outputs come as `stdout`.
    pub fn run_on_terminal(&self, arguments: &[&str], typed: &str) -> Run {
        self.run_on_terminal_once(arguments, typed, || {})
    }

    /// As [`Checkout::run_on_terminal`]; nothing is typed before `ready` returns.
    pub fn run_on_terminal_once(&self, arguments: &[&str], typed: &str, ready: impl FnOnce()) -> Run {
        let words: Vec<String> = arguments
            .iter()
            .map(|a| format!("'{}'", a.replace('\'', r"'\''")))
            .collect();
        let line = format!(
            "stty cols 100 2>/dev/null; exec '{}' {}",
            env!("CARGO_BIN_EXE_xtask"),
            words.join(" ")
        );
        let mut command = self.command(&[]);
        let environment: Vec<_> = command
            .get_envs()
            .map(|(k, v)| (k.to_owned(), v.map(std::ffi::OsStr::to_owned)))
            .collect();
        command = Command::new("script");
        command
            .args([
                "--quiet",
                "--return",
                "--echo",
                "never",
                "--command",
                &line,
                "/dev/null",
            ])
            .current_dir(&self.root);
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        ready();
        stdin.write_all(typed.as_bytes()).unwrap();
        // the terminal's end of file, should the program still read
        let closer = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_secs(2));
            drop(stdin);
        });
        let output = child.wait_with_output().unwrap();
        let _ = closer.join();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
