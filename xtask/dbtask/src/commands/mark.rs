//! `db:mark`

use clap::Args;
use dbtask_runner::{Error, MigrationLock, Options, Session, SqlError, SqlState, quote_identifier, sql_error};
use serde_json::json;

use crate::confirm;
use crate::exit::Exit;
use crate::guard::{self, Treatment};
use crate::mark::{Mark as Value, Marks, SETTING, TABLE};
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// Mark a database as production, staging or development
///
/// The mark is kept in the database itself: in a row of dbtask.environment that only the database's owner may write, and,
/// where the role may, in a setting of the database. It is bound to this very database: a copy or a restored backup counts
/// as unmarked. db:status shows it; the stricter of the two holds.
///
/// Production is never pushed to, dropped, reset, baselined or restored over, and no flag lifts that. What counts as
/// production is marked as anything else only after its name was typed.
#[derive(Debug, Args)]
pub(crate) struct Mark {
    /// What the database is
    #[arg(value_name = "ENVIRONMENT", value_enum)]
    mark: Value,
    /// Confirm without being asked: the name of the database
    #[arg(long, value_name = "DATABASE")]
    yes: Option<String>,
}

impl Mark {
    pub(crate) fn run(&self, workspace: &Workspace, output: &Output) -> Result<Exit, Error> {
        let target = Target::open_direct(workspace, output)?;
        guard::primary_only(&target, "db:mark")?;
        let before = Treatment::of(&target)?;
        may_mark(&target, &before.marks)?;
        if before.counts_as == Value::Production && self.mark < Value::Production {
            output.text(&format!(
                "{} counts as production: {}.\nMarked {} it can be pushed to, and emptied.",
                target.describe(),
                before.because,
                self.mark.name()
            ));
            let command = format!("db:mark {}", self.mark.name());
            confirm::by_name(&target.identity.database, self.yes.as_deref(), &command)?;
        }
        // no migration that was let through runs on
        let _lock = MigrationLock::take(&target.session, Options::default().lock_wait, &mut |holder| {
            output.waiting(&holder.description);
        })
        .map_err(|e| e.state("nothing was changed"))?;
        let written = write(&target, self.mark, &before.marks.owner);
        if written.is_err() {
            let _ = target.session.batch("ROLLBACK");
        }
        let marks = written?;
        let setting = marks.setting().is_some();
        let place = if setting {
            format!("in `{TABLE}`, and as the setting `{SETTING}`")
        } else {
            format!("in `{TABLE}`")
        };
        output.result(
            &format!("marked {}, {place}: {}", self.mark.name(), target.describe()),
            &json!({
                "database": target.identity.database,
                "environment": self.mark.name(),
                "before": before.marks.mark().map(Value::name),
                "setting": setting,
            }),
        );
        Ok(Exit::Done)
    }
}

/// A mark is the owner's word.
fn may_mark(target: &Target, marks: &Marks) -> Result<(), Error> {
    let (user, owner) = (&target.identity.user, &marks.owner);
    if !marks.may_mark {
        return Err(Error::refused(format!("`{user}` may not mark {}", target.describe()))
            .cause(format!("it belongs to `{owner}`, and only the owner's word counts"))
            .state("nothing was changed")
            .help(format!(
                "connect as `{owner}`, or let a superuser run `ALTER DATABASE {} OWNER TO {}`",
                quote_identifier(&target.identity.database),
                quote_identifier(user)
            )));
    }
    if target.identity.system_identifier.is_none() {
        return Err(Error::refused(format!("`{user}` may not read the server's identity"))
            .cause("a mark is bound to it, so that a copy of the database is not taken for the original")
            .state("nothing was changed")
            .help(format!(
                "let a superuser run `GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {}`",
                quote_identifier(user)
            )));
    }
    Ok(())
}

/// Writes both in one transaction, reads them back, and commits only what then reads as it was meant.
pub(crate) fn write(target: &Target, mark: Value, owner: &str) -> Result<Marks, Error> {
    let session = &target.session;
    let failed = |e| sql_error("failed to write the mark", &e).state("nothing was changed");
    session.batch(&row(target, mark)).map_err(failed)?;
    let owner = quote_identifier(owner);
    let (database, mark_name) = (quote_identifier(&target.identity.database), mark.name());
    for sql in [
        // so that the owner can mark it, too, where a superuser has done it
        format!("ALTER SCHEMA dbtask OWNER TO {owner};ALTER TABLE {TABLE} OWNER TO {owner}"),
        format!("ALTER DATABASE {database} SET {SETTING} = '{mark_name}'"),
    ] {
        where_allowed(session, &sql).map_err(failed)?;
    }
    let marks = Marks::read(session, &target.identity)?;
    if marks.mark() != Some(mark) {
        return Err(contradicted(target, &marks, mark));
    }
    session.batch("COMMIT").map_err(failed)?;
    Ok(marks)
}

/// Carries out a statement where the role may; where it may not, what was done before stays.
fn where_allowed(session: &Session, sql: &str) -> Result<(), SqlError> {
    match session.batch(&format!("SAVEPOINT s;{sql};RELEASE s")) {
        Err(e) if e.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => session.batch("ROLLBACK TO s;RELEASE s"),
        outcome => outcome,
    }
}

/// The row, in a table that everybody may read. What was copied here with another database goes.
fn row(target: &Target, mark: Value) -> String {
    format!(
        "BEGIN;SET LOCAL lock_timeout = '5s';SET LOCAL client_min_messages = warning;\
         CREATE SCHEMA IF NOT EXISTS dbtask;\
         GRANT USAGE ON SCHEMA dbtask TO PUBLIC;\
         CREATE TABLE IF NOT EXISTS {TABLE} (\
         environment text NOT NULL CHECK (environment IN ('production', 'staging', 'development')), \
         system_identifier int8 NOT NULL, database oid NOT NULL, \
         marked_by text NOT NULL DEFAULT current_user, marked_at timestamptz NOT NULL DEFAULT pg_catalog.now(), \
         PRIMARY KEY (system_identifier, database));\
         GRANT SELECT ON {TABLE} TO PUBLIC;\
         COMMENT ON TABLE {TABLE} IS 'What this database is: written by `cargo xtask db:mark`, by its owner alone';\
         DELETE FROM {TABLE};\
         INSERT INTO {TABLE} (environment, system_identifier, database) VALUES ('{}', {}, {})",
        mark.name(),
        target.identity.system_identifier.unwrap_or_default(),
        target.identity.oid
    )
}

/// The row was written, and still it does not count as what it says.
fn contradicted(target: &Target, marks: &Marks, mark: Value) -> Error {
    let error =
        Error::failed(format!("{} cannot be marked {}", target.describe(), mark.name())).state("nothing was changed");
    match marks.setting() {
        Some(setting) if setting != mark => error
            .cause(format!(
                "its setting `{SETTING}` says {}, and `{}` may not change it",
                setting.name(),
                target.identity.user
            ))
            .help(format!(
                "let a superuser run `ALTER DATABASE {} RESET {SETTING}`",
                quote_identifier(&target.identity.database)
            )),
        _ => error
            .cause(format!("`{TABLE}` belongs to somebody who does not own the database"))
            .help(format!(
                "let a superuser run `ALTER SCHEMA dbtask OWNER TO {0}; ALTER TABLE {TABLE} OWNER TO {0}`",
                quote_identifier(&marks.owner)
            )),
    }
}
