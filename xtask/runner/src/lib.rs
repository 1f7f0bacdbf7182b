//! How a migration is applied: history, lock, transaction, errors with a place, over refinery and postgres.

mod error;

pub use error::{Error, Excerpt, Kind};
