//! Encryption to an age recipient, by the `age` program.
//!
//! The program and not the crate: a backup that can be opened without this tool is worth more, and the crate with what it
//! brings would cost every build what few need.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dbtask_runner::Error;

/// The programs that speak the format, the first that is found is used.
const PROGRAMS: [&str; 2] = ["age", "rage"];

/// Who can open a backup: an age public key, `age1…`.
#[derive(Debug, Clone)]
pub(crate) struct Recipient(String);

impl std::str::FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Recipient, String> {
        if text.starts_with("AGE-SECRET-KEY-") {
            return Err("that is the secret key; the recipient is its public key, `age1…`".to_owned());
        }
        let rest = text
            .strip_prefix("age1")
            .filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        match rest {
            Some(_) => Ok(Recipient(text.to_owned())),
            None => Err("an age recipient begins with `age1`, and `age-keygen` prints it".to_owned()),
        }
    }
}

/// Encrypts its standard input into `file`.
pub(super) fn encrypt(recipient: &Recipient, file: File) -> Result<Command, Error> {
    let mut command = Command::new(program()?);
    command
        .args(["--encrypt", "--recipient", &recipient.0])
        .stdin(Stdio::piped())
        .stdout(file);
    Ok(command)
}

/// Decrypts `path` to its standard output, with the secret key in the file `identity`.
pub(super) fn decrypt(identity: &Path, path: &Path) -> Result<Command, Error> {
    let mut command = Command::new(program()?);
    command
        .arg("--decrypt")
        .arg("--identity")
        .arg(identity)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Ok(command)
}

fn program() -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = PROGRAMS
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|program| program.is_file());
    found.ok_or_else(|| {
        Error::usage("`age` is not installed")
            .state("nothing was changed")
            .help("install it, then type the command again: `apt-get install age` (or `brew install age`)")
    })
}
