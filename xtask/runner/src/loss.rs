//! A connection that is lost while a file is applied: how the file ended is asked over a new one.

use std::time::{Duration, Instant};

use crate::apply::{Closing, Run};
use crate::session::Failure;
use crate::unit::Unit;
use crate::{Error, MigrationLock, Session, sql_error};

/// How long a lost connection is looked for again.
const RECONNECT: Duration = Duration::from_secs(15);

/// How a file ended whose message failed.
enum Outcome {
    Applied,
    NotApplied,
    /// The server does not answer any more.
    Unknown,
}

impl<'a> Run<'a> {
    /// The connection is gone: connects again and looks how the file ended.
    pub(crate) fn after_loss(&self, unit: Unit<'a>, failure: &Failure, closing: Option<&Closing>) -> Result<(), Error> {
        let file = unit.script();
        let path = file.path();
        let error = sql_error(
            format!("the connection was lost while `{path}` was applied"),
            &failure.error,
        );
        match self.look_again(unit) {
            Outcome::Applied if self.done + 1 == self.total() => Ok(()),
            Outcome::Applied => Err(error
                .state(format!("`{path}` is applied and recorded; those behind it are not"))
                .help("type `cargo xtask db:push` to go on")),
            Outcome::NotApplied => Err(error
                .state(self.rolled_back(file, closing))
                .help("type `cargo xtask db:push` again")),
            Outcome::Unknown => Err(error
                .state(format!("it is not known whether `{path}` was applied: whole or not at all"))
                .help("when the server answers again, `cargo xtask db:status` says it; `cargo xtask db:push` goes on from there")),
        }
    }

    /// Asks over a new connection. The old backend may still be at work: its lock says so.
    fn look_again(&self, unit: Unit<'a>) -> Outcome {
        let started = Instant::now();
        while started.elapsed() < RECONNECT && self.session.interruption().is_none() {
            let left = RECONNECT.saturating_sub(started.elapsed());
            if let Ok(session) = Session::connect_to_migrate(self.session.url())
                && let Ok(_lock) = MigrationLock::take(&session, left, &mut |_| {})
                && let Ok(recorded) = unit.is_recorded(&session)
            {
                return if recorded {
                    Outcome::Applied
                } else {
                    Outcome::NotApplied
                };
            }
            self.session.pause(Duration::from_millis(200));
        }
        Outcome::Unknown
    }
}
