//! The command line.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use dbtask_runner::Error;

use crate::commands::{
    apply, backup, baseline, check, down, drift, drop, explain, lint, log, mark, new, plan, push, rehearse, repair,
    reset, restore, schema, setup, status, up,
};
use crate::exit::Exit;
use crate::output::Output;
use crate::workspace::Workspace;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
To begin:          cargo xtask setup
Every day:         cargo xtask db:new add_users, write the SQL, cargo xtask db:push
To start over:     cargo xtask db:reset
Production:        cargo xtask db:apply FILE; README.md, \"Production\", has the steps

DATABASE_URL comes from the environment, else from .env at the workspace root.

Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a guard, 4 something is pending,\ndiffers or is not proven, 130 and 143 interrupted by Ctrl-C, by SIGTERM";

/// Migrations for PostgreSQL, checked by the compiler and applied one transaction a file
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, styles = STYLES)]
#[command(after_help = AFTER_HELP, subcommand_required = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The migrations folder [default: migrations at the workspace root]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) migrations: Option<PathBuf>,
    /// The result as one JSON object on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read DATABASE_URL from this file instead of .env
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Setup(setup::Setup),
    #[command(name = "db:push")]
    Push(push::Push),
    #[command(name = "db:status")]
    Status(status::Status),
    #[command(name = "db:new")]
    New(new::New),
    #[command(name = "db:rehearse")]
    Rehearse(rehearse::Rehearse),
    #[command(name = "db:lint")]
    Lint(lint::Lint),
    #[command(name = "db:explain")]
    Explain(explain::Explain),
    #[command(name = "db:schema")]
    Schema(schema::Schema),
    #[command(name = "db:drift")]
    Drift(drift::DriftCommand),
    #[command(name = "db:drop")]
    Drop(drop::Drop),
    #[command(name = "db:reset")]
    Reset(reset::Reset),
    #[command(name = "db:baseline")]
    Baseline(baseline::Baseline),
    #[command(name = "db:repair")]
    Repair(repair::Repair),
    #[command(name = "db:backup")]
    Backup(backup::Backup),
    #[command(name = "db:restore")]
    Restore(restore::Restore),
    #[command(name = "db:mark")]
    Mark(mark::Mark),
    #[command(name = "db:plan")]
    Plan(plan::Plan),
    #[command(name = "db:apply")]
    Apply(apply::Apply),
    #[command(name = "db:log")]
    Log(log::Log),
    #[command(name = "db:check")]
    Check(check::Check),
    #[command(name = "db:up")]
    Up(up::Up),
    #[command(name = "db:down")]
    Down(down::Down),
}

impl Cli {
    /// Reads the command line; ends the process where it cannot be used, or asks for help.
    pub(crate) fn parse_line() -> Cli {
        Cli::try_parse().unwrap_or_else(|error| suggest(error).exit())
    }

    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Error> {
        let workspace = Workspace::locate(&self.global)?;
        match &self.command {
            Command::Setup(command) => command.run(&workspace, output),
            Command::Push(command) => command.run(&workspace, output),
            Command::Status(command) => command.run(&workspace, output),
            Command::New(command) => command.run(&workspace, output),
            Command::Rehearse(command) => command.run(&workspace, output),
            Command::Lint(command) => command.run(&workspace, output),
            Command::Explain(command) => command.run(&workspace, output),
            Command::Schema(command) => command.run(&workspace, output),
            Command::Drift(command) => command.run(&workspace, output),
            Command::Drop(command) => command.run(&workspace, output),
            Command::Reset(command) => command.run(&workspace, output),
            Command::Baseline(command) => command.run(&workspace, output),
            Command::Repair(command) => command.run(&workspace, output),
            Command::Backup(command) => command.run(&workspace, output),
            Command::Restore(command) => command.run(&workspace, output),
            Command::Mark(command) => command.run(&workspace, output),
            Command::Plan(command) => command.run(&workspace, output),
            Command::Apply(command) => command.run(&workspace, output),
            Command::Log(command) => command.run(&workspace, output),
            Command::Check(command) => command.run(&workspace, output),
            Command::Up(command) => command.run(&workspace, output),
            Command::Down(command) => command.run(&workspace, output),
        }
    }
}

/// Adds "did you mean" for a command that was typed without its `db:`.
fn suggest(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) {
        let meant = format!("db:{typed}");
        if Cli::command()
            .get_subcommands()
            .any(|command| command.get_name() == meant)
        {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant]));
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
