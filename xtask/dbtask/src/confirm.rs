//! The second act before anything is deleted or adopted: the database's name, typed.

use std::io::{IsTerminal as _, Write as _};

use dbtask_runner::Error;

/// Asks for `database`'s name, or takes it from `--yes NAME`. Without a terminal it never asks.
///
/// `command` is what to type again, such as `db:drop`.
pub(crate) fn by_name(database: &str, yes: Option<&str>, command: &str) -> Result<(), Error> {
    possible(database, yes, command)?;
    if yes.is_some() {
        return Ok(());
    }
    anstream::eprint!("To go on, type the database's name: ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|e| {
        Error::failed("failed to read the answer")
            .cause(e.to_string())
            .state("nothing was changed")
    })?;
    matches(line.trim(), database, "you typed")
}

/// Refuses where the end is known before anybody is asked: `--yes` has another name, or nobody is there. For what does long
/// work before it asks.
pub(crate) fn possible(database: &str, yes: Option<&str>, command: &str) -> Result<(), Error> {
    if let Some(name) = yes {
        return matches(name, database, "`--yes` names");
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Error::refused("nobody is there to confirm: this is no terminal")
        .state("nothing was changed")
        .help(format!(
            "to confirm on the command line: `cargo xtask {command} --yes {database}`"
        )))
}

fn matches(name: &str, database: &str, how: &str) -> Result<(), Error> {
    if name == database {
        return Ok(());
    }
    Err(
        Error::refused(format!("{how} `{name}`, but the database is `{database}`"))
            .state("nothing was changed")
            .help("look at DATABASE_URL: is this the database that you mean?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_name_confirms() {
        assert!(by_name("shop", Some("shop"), "db:drop").is_ok());
        for wrong in ["Shop", "", "shop ", "sho", "y", "yes"] {
            assert!(by_name("shop", Some(wrong), "db:drop").is_err(), "{wrong:?}");
        }
    }
}
