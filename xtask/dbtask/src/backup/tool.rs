//! Running PostgreSQL's programs: the password in their environment, their words line by line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use dbtask_runner::{DatabaseUrl, Error};

use crate::server::clean;

/// How many lines of a failed tool's words are shown.
const SHOWN_LINES: usize = 12;

/// Starts a tool, its words to be read. With a URL, its password goes into the environment, never among the arguments.
pub(super) fn spawn(command: &mut Command, url: Option<&DatabaseUrl>) -> Result<Child, Error> {
    clean(command);
    if let Some(url) = url {
        command.envs(url.child_environment());
    }
    command.stderr(Stdio::piped()).spawn().map_err(|e| {
        Error::failed(format!("failed to run `{}`", command.get_program().to_string_lossy())).cause(e.to_string())
    })
}

/// A tool's words, line by line, until it ends.
pub(super) fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let stderr = child.stderr.take();
    stderr.into_iter().flat_map(|pipe| {
        BufReader::new(pipe)
            .split(b'\n')
            .map_while(Result::ok)
            .map(|line| String::from_utf8_lossy(&line).into_owned())
    })
}

pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// The errors to show, and how many more there are.
pub(super) fn shown(errors: &[String]) -> impl Iterator<Item = &String> {
    errors.iter().take(SHOWN_LINES)
}
