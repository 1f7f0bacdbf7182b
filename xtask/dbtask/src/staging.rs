//! The database that a team calls staging: where a file is applied before it is applied to production.

use dbtask_runner::{DatabaseUrl, Error, Session, SqlError, SqlState, connection_error, sql_error};

use crate::guard::{self, Treatment};
use crate::mark::Mark;
use crate::output::Output;
use crate::target::{Target, wake};
use crate::workspace::Workspace;

/// The variable that `db:apply` finds its address in.
pub(crate) const VARIABLE: &str = "STAGING_DATABASE_URL";

/// A way to connect that keeps the server's own error.
type Connect = fn(&DatabaseUrl) -> Result<Result<Session, SqlError>, Error>;

/// Connects to the database that the variable names, in the environment or in `.env`, to read. Refused unless it is marked
/// staging.
pub(crate) fn open(variable: &str, workspace: &Workspace, output: &Output) -> Result<(Target, Treatment), Error> {
    connect(variable, Session::try_connect, workspace, output)
}

/// As [`open`], with a session that can migrate, on no standby.
pub(crate) fn open_to_apply(
    variable: &str,
    command: &str,
    workspace: &Workspace,
    output: &Output,
) -> Result<(Target, Treatment), Error> {
    let (target, treatment) = connect(variable, Session::try_connect_to_migrate, workspace, output)?;
    guard::primary_only(&target, command).map_err(|e| about(e, variable))?;
    Ok((target, treatment))
}

fn connect(
    variable: &str,
    connect: Connect,
    workspace: &Workspace,
    output: &Output,
) -> Result<(Target, Treatment), Error> {
    let own = |error: Error| about(error, variable).state_if_unsaid("nothing was changed");
    let url = address(variable, workspace).map_err(|e| e.state("nothing was changed"))?;
    wake(workspace, &url, output)?;
    let session = connect(&url).map_err(own)?.map_err(|error| {
        if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) {
            return sql_error("failed to connect to the staging database", &error)
                .state("nothing was changed")
                .help(format!("correct the name in {variable}, or create the database there"));
        }
        own(connection_error(&url, &error))
    })?;
    let target = Target::in_workspace(workspace, url, session).map_err(own)?;
    let treatment = Treatment::of(&target).map_err(own)?;
    if treatment.marks.is_hidden {
        return Err(no_staging(&target, &treatment, variable).help(treatment.how_to_show()));
    }
    if treatment.marks.mark() == Some(Mark::Staging) {
        return Ok((target, treatment));
    }
    let error = no_staging(&target, &treatment, variable);
    if treatment.marks.mark() == Some(Mark::Production) {
        return Err(error.help(format!(
            "correct {variable}: it has to lead to a database that is marked staging"
        )));
    }
    let error = treatment.copy().into_iter().fold(error, Error::cause);
    Err(error.help(format!(
        "if that is where files go before production, let `{}` say so: `cargo xtask db:mark staging`, with DATABASE_URL, or \
         `--env-file FILE`, naming it; else correct {variable}",
        treatment.marks.owner
    )))
}

/// The address in the variable. An address in place of its name is refused, and not repeated: it may have a password, which
/// everybody on the machine can read in the list of processes.
fn address(variable: &str, workspace: &Workspace) -> Result<DatabaseUrl, Error> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if variable.is_empty() || !variable.chars().all(is_of_name) {
        return Err(
            Error::usage("what stands behind `--on` is no name of a variable")
                .cause("an address in an argument, with its password, can be read by everybody on this machine")
                .help(format!("write `{VARIABLE}='postgres://USER:PASSWORD@HOST:5432/DATABASE'` into `.env`, and type `--on {VARIABLE}`")),
        );
    }
    let url = workspace
        .environment()?
        .url_in(variable)
        .map_err(|e| about(e, variable))?;
    url.ok_or_else(|| {
        let file = workspace.display(&workspace.env_file());
        Error::usage(format!(
            "{variable} is not set, neither in the environment nor in `{file}`"
        ))
        .cause("it names the database that is marked staging")
        .help(format!(
            "`echo \"{variable}='postgres://USER:PASSWORD@HOST:5432/DATABASE'\" >> {file}`"
        ))
    })
}

fn no_staging(target: &Target, treatment: &Treatment, variable: &str) -> Error {
    Error::refused(format!(
        "{variable} leads to no staging database: {}",
        target.describe()
    ))
    .cause(match treatment.marks.mark() {
        None if !treatment.marks.is_hidden => "nobody marked it".to_owned(),
        _ => treatment.because.clone(),
    })
    .state("nothing was changed")
}

/// Whether two connections lead to one database, or to it and a standby of it.
pub(crate) fn is_same(one: &Target, other: &Target) -> Result<bool, Error> {
    let (a, b) = (&one.identity, &other.identity);
    if a.oid != b.oid {
        return Ok(false);
    }
    if let (Some(a), Some(b)) = (a.system_identifier, b.system_identifier) {
        return Ok(a == b);
    }
    // a server that hides its identity still tells the moment of its start, to the microsecond
    let started = |target: &Target| -> Result<String, Error> {
        let row = target
            .session
            .query_one("SELECT pg_catalog.pg_postmaster_start_time()::text", &[]);
        row.and_then(|row| row.try_get(0))
            .map_err(|e| sql_error("failed to ask the server when it was started", &e))
    };
    Ok(a.database == b.database && started(one)? == started(other)?)
}

/// An error that speaks of `DATABASE_URL`, for another variable.
fn about(error: Error, variable: &str) -> Error {
    // only DATABASE_URL has a second variable for what goes past a pooler
    if error.hints().iter().any(|hint| hint.contains("DIRECT_DATABASE_URL")) {
        return error.only_help(format!(
            "write the server's own address into {variable}, not the pooler's"
        ));
    }
    error.reworded(|text| renamed(text, variable))
}

/// A text with the variable in the place of `DATABASE_URL`; a longer name that ends like that stays.
fn renamed(text: &str, variable: &str) -> String {
    let mut parts = text.split("DATABASE_URL");
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_longer = renamed.ends_with('_');
        renamed.push_str(if is_longer { "DATABASE_URL" } else { variable });
        renamed.push_str(part);
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_variable_that_was_read() {
        let error = about(Error::failed("DATABASE_URL x").help("see DATABASE_URL"), VARIABLE);
        assert_eq!(
            (error.message(), error.hints()),
            ("STAGING_DATABASE_URL x", &["see STAGING_DATABASE_URL".to_owned()][..])
        );
        let error = about(
            Error::failed("a pooler").help("write it into DIRECT_DATABASE_URL"),
            VARIABLE,
        );
        assert_eq!(
            error.hints(),
            ["write the server's own address into STAGING_DATABASE_URL, not the pooler's"]
        );
    }
}
