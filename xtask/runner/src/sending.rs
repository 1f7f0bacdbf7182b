//! Sending a file, part by part, and looking after what takes long.

use std::time::{Duration, Instant};

use crate::apply::{Event, Run};
use crate::message::{Message, Part};
use crate::observer::Observation;
use crate::patience::Patience;
use crate::session::{Failure, Watch};
use crate::{BeforeCommit, Error, Script};

/// When a statement counts as long, and how often it is looked at then.
const LONG: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_secs(1);

/// When a try that follows a failed one is looked at, to name who is in the way: within the shortest lock_timeout.
const LOOK_FOR_BLOCKER: Duration = Duration::from_millis(25);

/// How far the sending of a file came.
pub(crate) enum Sent<'m> {
    Whole,
    /// A signal came between two of its parts: its transaction is open.
    Interrupted(Error),
    /// What is done before the COMMIT failed: its transaction is open.
    Objected(Error),
    Failed(&'m Part<'m>, Failure),
}

impl Run<'_> {
    /// Sends what a file consists of. A signal that comes between two parts finds nothing to cancel, and ends it, too.
    pub(crate) fn send_parts<'m>(
        &mut self,
        file: Script<'_>,
        message: &'m Message<'_>,
        before_commit: Option<&BeforeCommit>,
        patience: &Patience,
    ) -> Sent<'m> {
        let since = Instant::now();
        for (part, number) in message.parts.iter().zip(0..) {
            if number > 0
                && let Some(interrupted) = self.interrupted(String::new())
            {
                return Sent::Interrupted(interrupted);
            }
            if number + 1 == message.parts.len()
                && let Some(Err(error)) = before_commit.map(|work| work.carry_out(self.session, self.table()))
            {
                return Sent::Objected(error);
            }
            if let Err(failure) = self.send_since(since, file, &part.text, patience) {
                return Sent::Failed(part, failure);
            }
        }
        Sent::Whole
    }

    /// Sends a text and, when it takes long, tells what it is doing.
    pub(crate) fn send_watched(&mut self, file: Script<'_>, sql: &str, patience: &Patience) -> Result<usize, Failure> {
        self.send_since(Instant::now(), file, sql, patience)
    }

    fn send_since(
        &mut self,
        since: Instant,
        file: Script<'_>,
        sql: &str,
        patience: &Patience,
    ) -> Result<usize, Failure> {
        let first = if patience.tries() > 0 { LOOK_FOR_BLOCKER } else { LONG };
        let (tell, blocker) = (&mut self.tell, &mut self.blocker);
        let mut seen = |observation: Observation| {
            if let Some(name) = &observation.blockers {
                *blocker = Some(name.clone());
            }
            if observation.elapsed >= LONG {
                tell(Event::Running(file, &observation));
            }
        };
        let watch = Watch {
            pid: self.preflight.pid,
            since,
            first,
            every: LOOK,
            tell: &mut seen,
        };
        let outcome = self.session.run(sql, Some(watch));
        for notice in self.session.take_notices() {
            if notice.severity() == "WARNING" {
                (self.tell)(Event::Warning(file, notice.message()));
            }
        }
        outcome
    }
}
