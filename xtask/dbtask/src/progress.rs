//! A line that says how far something is: rewritten on a terminal, repeated now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// How often a line appears where it cannot be rewritten.
const PERIOD: Duration = Duration::from_secs(10);

pub(crate) struct Progress {
    terminal: bool,
    last: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress {
            terminal: std::io::stderr().is_terminal(),
            last: Instant::now(),
            shown: false,
        }
    }

    /// Whether somebody watches the line change.
    pub(crate) fn is_rewritten(&self) -> bool {
        self.terminal
    }

    /// Takes the line away, so that another can be printed.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            anstream::eprint!("\r\x1b[2K");
        }
    }

    /// Shows `text` in place of the last one.
    pub(crate) fn show(&mut self, text: &str) {
        if self.terminal {
            anstream::eprint!("\r\x1b[2K{text}");
            self.shown = true;
        } else if self.last.elapsed() >= PERIOD {
            anstream::eprintln!("{text}");
            self.last = Instant::now();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
