//! What can be typed: the commands of `cargo xtask`.
//!
//! A workspace adopts them with one dependency and one line:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     dbtask::main()
//! }
//! ```
//!
//! Every command is a straight line: *environment → target → plan → guard → apply → report*.

mod apply;
mod backup;
mod beside;
mod catalog;
mod checks;
mod cli;
mod commands;
mod confirm;
mod container;
mod diagram;
mod drift;
mod edits;
mod erase;
mod exit;
pub mod facts;
mod findings;
mod fix;
mod forecast;
mod guard;
mod lock_mode;
mod mark;
mod measure;
mod named;
mod output;
mod progress;
mod proven;
mod rehearse;
mod row_digest;
mod schema;
pub mod server;
mod shadow;
mod staging;
mod takeover;
mod target;
mod typed;
mod workspace;

use std::process::ExitCode;

/// Runs what was typed. The exit code is one of those that `cargo xtask --help` lists.
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse_line();
    let output = output::Output::new(cli.global.json);
    match cli.run(&output) {
        Ok(code) => code.into(),
        Err(error) => {
            output.error(&error);
            exit::Exit::from(error.kind()).into()
        }
    }
}
