//! How to wait for a lock without standing in anybody's way.
//!
//! A statement that queues for ACCESS EXCLUSIVE makes every later reader of the table queue behind it. So each try
//! waits for a moment only, and the pauses between tries let the others through; there is never a last try without a
//! limit.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

/// How long the first try waits for a lock, by how much each later one waits longer, and the longest.
const FIRST: Duration = Duration::from_millis(50);
const RISE: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_millis(200);

/// The pause between two tries, give or take half of it.
const PAUSE: Duration = Duration::from_millis(150);

/// The tries of one file, or of one statement.
pub(crate) struct Patience {
    started: Instant,
    budget: Duration,
    tries: u32,
}

impl Patience {
    pub(crate) fn new(budget: Duration) -> Patience {
        Patience {
            started: Instant::now(),
            budget,
            tries: 0,
        }
    }

    /// How long the next try may wait for a lock.
    pub(crate) fn lock_timeout(&self) -> Duration {
        (FIRST + RISE * self.tries).min(LONGEST)
    }

    /// What is left of the budget: never nothing, which would mean for ever.
    pub(crate) fn left(&self) -> Duration {
        self.budget.saturating_sub(self.started.elapsed()).max(FIRST)
    }

    /// How many tries there were before.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The pause before another try; `None` when the budget is used up.
    pub(crate) fn again(&mut self) -> Option<Duration> {
        self.tries += 1;
        let spread = RandomState::new().hash_one(self.tries) % 1000;
        let pause = PAUSE / 2 + PAUSE * u32::try_from(spread).unwrap_or(0) / 1000;
        (self.started.elapsed() + pause < self.budget).then_some(pause)
    }
}

/// Whether another try can end otherwise: a lock that was not to be had, a deadlock, a serialization failure.
pub(crate) fn is_transient(code: &SqlState) -> bool {
    [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ]
    .contains(code)
}
