//! The sample service: a component registry.
//!
//! Its start is the part to copy: *environment → verify → connect → work*. It carries the migrations that its build
//! script checked, compares them with the database, with SELECT only, and does not start where one is missing.

mod registry;

use std::io::Write as _;
use std::process::ExitCode;

use dbtask_runner::{DatabaseUrl, Embedded, Environment, Error, Verification, verify};
use postgres::Client;

use crate::registry::{Counts, Listed, Name, Number, Version};

/// Path, text and checksum of every migration, as the build script wrote them.
static MIGRATIONS: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The same of every repeatable file.
static REPEATABLES: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/repeatables.rs"));

const USAGE: &str = "\
usage:
  app                                                              how much the registry holds
  app list                                                         every version with what it needs
  app publish PUBLISHER COMPONENT VERSION [[PUBLISHER/]COMPONENT@VERSION...]
                                                                   a new version, and what it needs";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let command = Command::parse(&arguments()?)?;
    if let Command::Help = command {
        return print(USAGE);
    }
    let url = Environment::of_service()?.database_url()?;
    check_schema(&url)?;
    let mut client = url.connect()?;
    print(&command.run(&mut client)?)
}

/// What was typed.
enum Command {
    Help,
    Status,
    List,
    Publish { version: Version, requires: Vec<Version> },
}

impl Command {
    fn parse(arguments: &[String]) -> Result<Command, Error> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words[..] {
            [] => Ok(Command::Status),
            ["-h" | "--help" | "help"] => Ok(Command::Help),
            ["list"] => Ok(Command::List),
            ["publish", publisher, component, number, ref requires @ ..] => {
                let publisher = Name::parse(publisher)?;
                let requires = requires
                    .iter()
                    .map(|text| Version::parse(text, &publisher))
                    .collect::<Result<_, _>>()?;
                let version = Version {
                    publisher,
                    component: Name::parse(component)?,
                    number: Number::parse(number)?,
                };
                Ok(Command::Publish { version, requires })
            }
            _ => Err(Error::usage(format!("cannot make sense of `app {}`", words.join(" "))).help(USAGE)),
        }
    }

    /// Does the work; the text is for stdout.
    fn run(&self, client: &mut Client) -> Result<String, Error> {
        match self {
            Command::Help => Ok(USAGE.to_owned()),
            Command::Status => {
                let Counts {
                    publishers,
                    components,
                    versions,
                } = registry::count(client)?;
                Ok(format!(
                    "publishers: {publishers}, components: {components}, versions: {versions}\n{USAGE}"
                ))
            }
            Command::List => {
                let line = |listed: Listed| match &listed.requires[..] {
                    [] => listed.version,
                    requires => format!("{}  needs {}", listed.version, requires.join(", ")),
                };
                let lines: Vec<_> = registry::list(client)?.into_iter().map(line).collect();
                Ok(lines.join("\n"))
            }
            Command::Publish { version, requires } => {
                registry::publish(client, version, requires)?;
                Ok(format!("published {version}"))
            }
        }
    }
}

/// Refuses a database that lacks a migration. One that has more than this binary knows is accepted: a release that is
/// rolled back after a migration has to start.
fn check_schema(url: &DatabaseUrl) -> Result<(), Error> {
    match verify(url, (MIGRATIONS, REPEATABLES))? {
        Verification::Current { .. } => Ok(()),
        Verification::Newer { by } => {
            eprintln!("note: the database is newer than this service: {}", by.join(", "));
            Ok(())
        }
        Verification::Pending { files } => Err(Error::failed("the database lacks migrations that this service needs")
            .cause(format!("not applied yet:\n{}", files.join("\n")))
            .help("in development, type `cargo xtask db:push`")
            .help("in production, apply them before this release starts: migrations/README.md, \"Production\"")),
    }
}

fn arguments() -> Result<Vec<String>, Error> {
    let text = |argument: std::ffi::OsString| {
        argument
            .into_string()
            .map_err(|raw| Error::usage(format!("`{}` is not UTF-8", raw.display())).help(USAGE))
    };
    std::env::args_os().skip(1).map(text).collect()
}

/// Prints a result, if it has a line. A reader that has seen enough (`app list | head`) is no failure.
fn print(text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::failed("failed to print the result").cause(e.to_string()))
        }
        _ => Ok(()),
    }
}
