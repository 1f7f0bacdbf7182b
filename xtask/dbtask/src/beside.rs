//! A database beside another one: made for a restore, and swapped in by its name.

use dbtask_runner::{Error, Session, SqlError, SqlState, Type, quote_identifier, sql_error};
use time::OffsetDateTime;

use crate::backup::{Archive, Backup, Manner, compact};
use crate::commands::mark;
use crate::mark::Marks;
use crate::output::Output;
use crate::target::Target;

/// The longest name that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// Restores into a new database on the target's server. When that fails, the new database is gone and nothing else was
/// touched.
pub(crate) fn restore(
    target: &Target,
    archive: &Archive,
    backup: Option<&Backup>,
    manner: Manner,
    output: &Output,
) -> Result<Target, Error> {
    let administration = administration(target)?;
    let name = name_beside(&target.identity.database, "restored");
    create(&administration, &name, backup, output)?;
    output.step("created", &format!("database `{name}`"));
    let url = target.url.with_database(&name);
    let restored = Target::at(url).and_then(|restored| archive.restore(&restored, manner).map(|()| restored));
    match restored {
        Ok(restored) => {
            settle(&restored, backup, output);
            Ok(restored)
        }
        Err(error) => {
            // made by this very run, and for nothing
            let dropped = administration.batch(&format!("DROP DATABASE {}", quote_identifier(&name)));
            let database = &target.identity.database;
            Err(error.state(match dropped {
                Ok(()) => format!("`{database}` is as it was, and the new database is gone again"),
                Err(_) => format!("`{database}` is as it was, and `{name}` is restored in part"),
            }))
        }
    }
}

/// Marks the new database as the other is marked: whoever uses the name finds the mark that was there.
pub(crate) fn mark_alike(old: &Target, new: &Target, output: &Output) -> Result<(), Error> {
    let Some(environment) = Marks::read(&old.session, &old.identity)?.mark() else {
        return Ok(());
    };
    let owner = Marks::read(&new.session, &new.identity)?.owner;
    if let Err(error) = mark::write(new, environment, &owner) {
        output.note(&format!(
            "the restored database could not be marked {}: {}",
            environment.name(),
            error.message()
        ));
    }
    Ok(())
}

/// Gives the restored database the other's name, and the other a new one, which is returned: both or neither.
pub(crate) fn swap(old: Target, new: Target) -> Result<String, Error> {
    let administration = administration(&old)?;
    let (database, oid) = (old.identity.database.clone(), old.identity.oid);
    let restored = new.identity.database.clone();
    let kept = name_beside(&database, "replaced");
    // nobody may be connected to a database that is renamed, this program included
    drop((old, new));
    let rename = |from: &str, to: &str| {
        administration.batch(&format!(
            "ALTER DATABASE {} RENAME TO {}",
            quote_identifier(from),
            quote_identifier(to)
        ))
    };
    let is_same = || {
        administration
            .query(
                "SELECT FROM pg_catalog.pg_database WHERE datname = $1 AND oid = $2",
                &[(&database, Type::TEXT), (&oid, Type::OID)],
            )
            .map(|rows| !rows.is_empty())
    };
    let swapped = administration.batch("BEGIN").and_then(|()| {
        if !is_same()? {
            return Ok(false);
        }
        rename(&database, &kept)?;
        rename(&restored, &database)?;
        administration.batch("COMMIT").map(|()| true)
    });
    match swapped {
        Ok(true) => Ok(kept),
        Ok(false) => Err(
            Error::failed(format!("`{database}` is not the database any more that it was"))
                .state(format!("the backup is restored as `{restored}`"))
                .help("somebody else is at work on this server: look at `psql --list`"),
        ),
        Err(error) => Err(stuck(&error, &database, &restored, &kept)),
    }
}

/// Gives a restored database the settings that pg_dump leaves out. What cannot be set is said, and is no failure.
pub(crate) fn settle(target: &Target, backup: Option<&Backup>, output: &Output) {
    let database = quote_identifier(&target.identity.database);
    for (name, value) in backup.map(Backup::settings).unwrap_or_default() {
        // FROM CURRENT takes lists, such as search_path, as they are
        let set = target
            .session
            .batch("BEGIN")
            .and_then(|()| {
                target.session.query(
                    "SELECT pg_catalog.set_config($1, $2, true)",
                    &[(&name, Type::TEXT), (&value, Type::TEXT)],
                )
            })
            .and_then(|_| {
                target.session.batch(&format!(
                    "ALTER DATABASE {database} SET {} FROM CURRENT",
                    setting(&name)
                ))
            })
            .and_then(|()| target.session.batch("COMMIT"));
        if let Err(error) = set {
            let _ = target.session.batch("ROLLBACK");
            let reason = error
                .as_db_error()
                .map_or(String::new(), |e| format!(": {}", e.message()));
            output.note(&format!(
                "the database's setting `{name}` = `{value}` was not restored{reason}"
            ));
        }
    }
}

/// A setting's name: one or two identifiers.
fn setting(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(quote_identifier).collect();
    parts.join(".")
}

fn create(administration: &Session, name: &str, backup: Option<&Backup>, output: &Output) -> Result<(), Error> {
    let create = |words: &str| administration.batch(&format!("CREATE DATABASE {} {words}", quote_identifier(name)));
    let created = match backup {
        None => create("TEMPLATE template0"),
        Some(backup) => create(&backup.locale()).or_else(|error| {
            if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
                return Err(error);
            }
            let reason = error
                .as_db_error()
                .map_or(String::new(), |e| format!(": {}", e.message()));
            output.note(&format!(
                "this server has not the backup's locale{reason}; its own is used"
            ));
            create("TEMPLATE template0")
        }),
    };
    created.map_err(|e| {
        sql_error(format!("failed to create the database `{name}`"), &e)
            .state("nothing was changed")
            .help("or empty this one with `cargo xtask db:drop`: an empty database takes a backup as it is")
    })
}

/// A session that is in neither of the databases.
fn administration(target: &Target) -> Result<Session, Error> {
    Session::connect(&target.url.with_database("postgres"))
}

/// `shop_restored_20261124t175043z`, cut to the length of a name.
fn name_beside(database: &str, what: &str) -> String {
    let tail = format!("_{what}_{}", compact(OffsetDateTime::now_utc()).to_lowercase());
    let mut end = database.len().min(LONGEST_NAME - tail.len());
    while !database.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{tail}", &database[..end])
}

fn stuck(error: &SqlError, database: &str, restored: &str, kept: &str) -> Error {
    let shown = sql_error("failed to swap the databases", error).state(format!(
        "`{database}` is as it was; the backup is restored as `{restored}`"
    ));
    let swap = format!(
        "`ALTER DATABASE {} RENAME TO {}; ALTER DATABASE {} RENAME TO {}`",
        quote_identifier(database),
        quote_identifier(kept),
        quote_identifier(restored),
        quote_identifier(database)
    );
    match error.code() {
        Some(&SqlState::OBJECT_IN_USE) => shown.help(format!(
            "stop the service and whoever else is connected, then swap them: {swap}"
        )),
        _ => shown.help(format!("swap them when that is mended: {swap}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beside_fits_and_says_what_it_is() {
        let name = name_beside("shop", "restored");
        assert!(name.starts_with("shop_restored_20") && name.ends_with('z'), "{name}");
        let long = name_beside(&"日".repeat(21), "replaced");
        assert!(long.len() <= LONGEST_NAME && long.starts_with('日'), "{long}");
    }
}
