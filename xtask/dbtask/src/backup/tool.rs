//! Running PostgreSQL's programs: the password in their environment, their words line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dbtask_runner::{DatabaseUrl, Error};

use crate::server::clean;

/// How many lines of a failed tool's words are shown.
const SHOWN_LINES: usize = 12;

/// What changes how values are written as text, and what pg_dump leaves to chance: two dumps of equal rows are equal text.
/// Not `lc_monetary`, for what is written must be read again with the database's.
pub(super) const FIXED: [(&str, &str); 2] = [("PGTZ", "UTC"), ("PGOPTIONS", "-c bytea_output=hex")];

/// How much a pipe holds where that can be chosen: what anybody may have. Else it is 64 kB, and whoever writes waits for whoever
/// reads whenever that one has to wait for a processor.
const WIDE: usize = 1 << 20;

/// Of which a wide pipe is worth reading, and a narrow one.
const LITTLE: [usize; 2] = [1 << 17, 1 << 15];

/// A nap while a pipe fills, a wide one and a narrow one.
const NAP: [Duration; 2] = [Duration::from_micros(200), Duration::from_micros(20)];

/// Starts a tool, its words to be read. With a URL, its password goes into the environment, never among the arguments.
pub(super) fn spawn(command: &mut Command, url: Option<&DatabaseUrl>) -> Result<Child, Error> {
    spawn_with(command, url, &[])
}

/// As [`spawn`], with more in its environment.
pub(super) fn spawn_with(
    command: &mut Command,
    url: Option<&DatabaseUrl>,
    variables: &[(&str, &str)],
) -> Result<Child, Error> {
    clean(command);
    if let Some(url) = url {
        command.envs(url.child_environment());
    }
    command.envs(variables.iter().copied());
    command.stderr(Stdio::piped()).spawn().map_err(|e| {
        Error::failed(format!("failed to run `{}`", command.get_program().to_string_lossy())).cause(e.to_string())
    })
}

/// Has a pipe hold more; whether it does.
pub(super) fn widen(pipe: &impl AsFd) -> bool {
    #[cfg(target_os = "linux")]
    return rustix::pipe::fcntl_setpipe_size(pipe, WIDE).is_ok();
    #[cfg(not(target_os = "linux"))]
    return false;
}

/// Reads from a pipe without haste. PostgreSQL's programs write 4 kB at a time, and who reads each as it comes has the
/// kernel switch between the two every time, which costs more than to decompress them.
pub(super) struct Unhurried<R> {
    pipe: R,
    little: usize,
    nap: Duration,
    had_little: bool,
}

impl<R: Read + AsFd> Unhurried<R> {
    pub(super) fn new(pipe: R) -> Unhurried<R> {
        let width = usize::from(!widen(&pipe));
        Unhurried {
            pipe,
            little: LITTLE[width],
            nap: NAP[width],
            had_little: false,
        }
    }
}

impl<R: Read> Read for Unhurried<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.had_little {
            std::thread::sleep(self.nap);
        }
        let n = self.pipe.read(buffer)?;
        self.had_little = n < self.little;
        Ok(n)
    }
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
