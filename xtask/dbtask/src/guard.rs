//! What keeps production from harm. A guard may only refuse: nothing that is typed or set lifts it.

use dbtask_runner::{Condition, Error};

use crate::catalog;
use crate::mark::{Mark, Marks};
use crate::target::Target;

/// What a database counts as, and why.
pub(crate) struct Treatment {
    pub(crate) counts_as: Mark,
    pub(crate) because: String,
    pub(crate) marks: Marks,
}

impl Treatment {
    /// Reads the marks; where there are none, what is on this machine or empty is development, all else production.
    pub(crate) fn of(target: &Target) -> Result<Treatment, Error> {
        let marks = Marks::read(&target.session, &target.identity)?;
        let (counts_as, because) = match marks.mark() {
            _ if marks.is_hidden => (
                Mark::Production,
                format!("it has a mark that `{}` may not read", target.identity.user),
            ),
            Some(mark) => (mark, format!("it is marked {}{}", mark.name(), source(&marks, mark))),
            None if target.is_local() => (Mark::Development, "it is not marked, and on this machine".to_owned()),
            None if catalog::is_empty(&target.session)? => {
                (Mark::Development, "it is not marked, and empty".to_owned())
            }
            None => (
                Mark::Production,
                "it is not marked, not on this machine (by its URL and by the address that the server itself reports), and not empty".to_owned(),
            ),
        };
        Ok(Treatment {
            counts_as,
            because,
            marks,
        })
    }

    /// What to type where there is a mark that the role may not read.
    pub(crate) fn how_to_show(&self) -> String {
        format!(
            "let `{}` run `GRANT USAGE ON SCHEMA {} TO PUBLIC; GRANT SELECT ON {} TO PUBLIC`",
            self.marks.owner,
            crate::mark::SCHEMA,
            crate::mark::TABLE
        )
    }

    /// Says of a database without a mark whose mark it has: its original's.
    pub(crate) fn copy(&self) -> Option<String> {
        let original = self.marks.original().filter(|_| self.marks.mark().is_none())?;
        Some(format!(
            "its mark, {}, is another database's: this is a copy or a restored backup (or the server was upgraded by pg_upgrade: then mark it again)",
            original.name()
        ))
    }
}

fn source(marks: &Marks, mark: Mark) -> String {
    match marks.row().filter(|row| row.mark == mark) {
        Some(row) => format!(" (by `{}`, {})", row.by, row.at),
        None => format!(" (by the setting `{}` of the database)", crate::mark::SETTING),
    }
}

/// A command for development that is not refused.
pub(crate) struct Allowed {
    pub(crate) treatment: Treatment,
    /// What has to hold in each transaction of it.
    pub(crate) condition: Condition,
}

/// Refuses `command` on production, marked or treated as such, and on a standby. What it returns has to hold in each
/// transaction that the command changes something in.
#[must_use = "the marks can change between here and the first change: each transaction asks again"]
pub(crate) fn development_only(target: &Target, command: &str) -> Result<Allowed, Error> {
    primary_only(target, command)?;
    let treatment = Treatment::of(target)?;
    if treatment.counts_as < Mark::Production {
        return Ok(Allowed {
            condition: unchanged(target, command, &treatment),
            treatment,
        });
    }
    let error = Error::refused(format!(
        "`{command}` is refused: {} is {}",
        target.describe(),
        match treatment.marks.mark() {
            Some(Mark::Production) => "production",
            _ => "treated as production",
        }
    ))
    .cause(treatment.because.clone());
    let error = treatment.copy().into_iter().fold(error, Error::cause);
    let error = error.state("nothing was changed").help(steps(target));
    Err(match (treatment.marks.is_hidden, treatment.marks.mark()) {
        (true, _) => error.help(treatment.how_to_show()),
        (false, Some(_)) => error.help(format!(
            "if it is production no longer, `{}` can say so, and the database's name has to be typed",
            target.typed("db:mark development")
        )),
        (false, None) => error.help(format!(
            "for development: use a database on this machine (`cargo xtask setup` makes one), or let its owner say that this is one: `{}`",
            target.typed("db:mark development")
        )),
    })
}

/// What has to hold in each transaction of a command that went by what the database is marked as.
pub(crate) fn unchanged(target: &Target, command: &str, treatment: &Treatment) -> Condition {
    let changed = Error::refused(format!(
        "`{command}` is refused: the mark of {} has changed",
        target.describe()
    ))
    .cause("it was changed after this command had looked at it")
    .state("nothing was changed")
    .help("`cargo xtask db:status` says what it is now");
    Condition::new(treatment.marks.unchanged(), changed)
}

/// Refuses a standby.
pub(crate) fn primary_only(target: &Target, command: &str) -> Result<(), Error> {
    if !target.identity.in_recovery {
        return Ok(());
    }
    Err(
        Error::refused(format!("`{command}` is refused: {} is a standby", target.describe()))
            .state("nothing was changed")
            .help("point DATABASE_URL at the primary"),
    )
}

/// How production is changed, with the commands for this database.
fn steps(target: &Target) -> String {
    format!(
        "production is changed in steps, never pushed to:\n\
         1. write one targeted, idempotent file: `cargo xtask db:new NAME`; `{}` says what it would do\n\
         2. take a backup, and prove it: `{}`\n\
         3. rehearse the file: `{}`\n\
         4. apply exactly that file: `{}`, which takes these steps itself where they are not taken, and runs the checks; \
         later `{}` asks again, and `{}` says who applied what",
        target.typed("db:plan FILE"),
        target.typed("db:backup --verify"),
        target.typed("db:rehearse FILE"),
        target.typed("db:apply FILE"),
        target.typed("db:check"),
        target.typed("db:log"),
    )
}
