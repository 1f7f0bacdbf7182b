//! A throwaway database: like the target, but nobody's.
//!
//! [`Shadow::create`] makes an empty one; [`Shadow::install_extensions`] and [`Shadow::apply`] bring it to where files lead,
//! or a backup is restored into [`Shadow::target`]. It is dropped when the value goes out of scope. As long as the value
//! lives, Ctrl-C and SIGTERM end no process but a statement: whoever works on a shadow looks at [`Shadow::interruption`]
//! between two long steps. What a run that was killed left behind, the next run sweeps away.

mod extensions;
mod likeness;
mod reach;
mod server;
mod strays;

use std::time::Duration;

use dbtask_rules::MigrationFile;
use dbtask_runner::{Error, Migrations, Options, Script, Session, migrate, quote_identifier, sql_error};

use self::likeness::Likeness;
use self::server::Server;
use self::strays::{Name, sweep};
use crate::facts::Facts;
use crate::output::Output;
use crate::target::Target;
use crate::workspace::Workspace;

/// How long a look at the signals takes.
const GLANCE: Duration = Duration::from_millis(2);

/// The throwaway database, connected.
pub(crate) struct Shadow {
    // in this order: the session ends before its database goes
    target: Target,
    database: Database,
    beside_target: bool,
}

/// The database on its server; dropped with this value.
struct Database {
    name: Name,
    /// In the database `postgres`: holds the lock that says that the owner lives.
    administration: Session,
}

impl Shadow {
    /// Makes an empty database with the target's encoding, locale and settings: on `SHADOW_DATABASE_URL` where that is
    /// set, else on the target's server where the role may, else on the private server where there is one.
    pub(crate) fn create(target: &Target, workspace: &Workspace, output: &Output) -> Result<Shadow, Error> {
        // from here on no signal ends the process: what is made is dropped first
        target.session.cancel_on_signals()?;
        let server = Server::choose(target, workspace, output)?;
        let swept = sweep(&server.administration, &target.identity.database)?;
        for name in swept {
            output.step("dropped", &format!("`{name}`, which a run that was killed left behind"));
        }
        let likeness = Likeness::of(&target.session)?;
        let name = Name::new()?;
        name.take_lock(&server.administration)?;
        for note in likeness.create(&server, &name)? {
            output.note(&note);
        }
        let url = server.url.with_database(name.as_str());
        let database = Database {
            name,
            administration: server.administration,
        };
        let session = Session::connect_to_migrate(&url)?;
        session.cancel_on_signals()?;
        let shadow = Shadow {
            target: Target::of(url, session)?,
            database,
            beside_target: server.beside_target,
        };
        shadow.prove(target)?;
        match interruption(target, &shadow) {
            Some(interruption) => Err(interruption.state("nothing was changed")),
            None => Ok(shadow),
        }
    }

    /// Its session: one that migrates, and that Ctrl-C and SIGTERM cancel.
    pub(crate) fn session(&self) -> &Session {
        &self.target.session
    }

    /// It, as a target: for a restore, and for whatever else works on one.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// `database `dbtask_shadow_…` on 127.0.0.1:5432 (PostgreSQL 15.18) as `postgres``.
    pub(crate) fn describe(&self) -> String {
        self.target.describe()
    }

    /// Its schema, with the target's role in the place of its own: to be compared with the target's.
    pub(crate) fn schema_for(&self, target: &Target) -> Result<Facts, Error> {
        let mut facts = Facts::read(self.session())?;
        facts.rename_role(&self.target.identity.user, &target.identity.user);
        Ok(facts)
    }

    /// Whether it is on the server that the target is on.
    pub(crate) fn is_beside_target(&self) -> bool {
        self.beside_target
    }

    /// Installs the extensions that the target has, in their schemas and versions, without those that `files` create by
    /// themselves. What cannot be had here comes back in words, one for each.
    pub(crate) fn install_extensions(&self, target: &Target, files: &[MigrationFile]) -> Result<Vec<String>, Error> {
        extensions::install(&target.session, self.session(), files)
    }

    /// Applies files, as `db:push` does. Refused where one of them would reach beyond the throwaway database: roles,
    /// other databases, subscriptions.
    pub(crate) fn apply<'a>(&self, files: impl Into<Migrations<'a>>) -> Result<(), Error> {
        let files = files.into();
        let numbered = files.versioned.iter().map(Script::from);
        self.check_reach(numbered.chain(files.repeatable.iter().map(Script::from)))?;
        migrate(self.session(), files, Options::default(), &mut |_| {})
            .map(drop)
            .map_err(|e| {
                e.state("nothing was changed: that was on a throwaway database, which is gone")
                    .only_help("correct the file and type the command again")
            })
    }

    /// Refuses files that would reach beyond the throwaway database, for whoever sends their statements by itself.
    pub(crate) fn check_reach<'a>(&self, files: impl IntoIterator<Item = Script<'a>>) -> Result<(), Error> {
        reach::check(files, self.beside_target)
    }

    /// The error for a run that a signal stopped, if one did.
    pub(crate) fn interruption(&self) -> Option<Error> {
        self.session().pause(GLANCE);
        self.session().interruption()
    }

    /// Asserts that the session is in the new database: a pooler may lead every name to one database.
    fn prove(&self, target: &Target) -> Result<(), Error> {
        let here = &self.target.identity;
        let there = &target.identity;
        let is_target = here.oid == there.oid && self.beside_target;
        if here.database == self.database.name.as_str() && !is_target {
            return Ok(());
        }
        Err(Error::refused(format!(
            "the address of the throwaway database leads to another one, `{}`",
            here.database
        ))
        .cause("a pooler that leads every name to one database stands before the server")
        .state("nothing was changed")
        .help(server::ELSEWHERE))
    }
}

/// A signal that came while the database was made.
fn interruption(target: &Target, shadow: &Shadow) -> Option<Error> {
    target.session.pause(GLANCE);
    target.session.interruption().or_else(|| shadow.interruption())
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.name.as_str();
        // ours, and nobody else's: whatever is still connected, such as a tool that was interrupted, is in the way
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_identifier(name));
        if let Err(error) = self.administration.batch(&sql) {
            // a session that was ended does not always know it yet
            let again = Session::connect(self.administration.url());
            if again
                .and_then(|session| session.batch(&sql).map_err(|e| sql_error("", &e)))
                .is_err()
            {
                let causes = sql_error("", &error).causes().join(": ");
                Output::new(false).note(&format!(
                    "the throwaway database `{name}` could not be dropped ({causes}); the next run tries again"
                ));
            }
        }
    }
}
