//! How a migration is applied: history, lock, transaction, errors with a place, over refinery and postgres.
//!
//! A service needs two calls: [`Environment::read`] for its [`DatabaseUrl`], and [`verify`] with the table that
//! its build script embedded. The commands of `cargo xtask` add [`migrate`].

mod apply;
mod connection_error;
mod database_url;
mod environment;
mod error;
mod history;
mod indexes;
mod interrupt;
mod journal;
mod lock;
mod message;
mod observer;
mod patience;
mod place;
mod plan;
mod preflight;
mod session;
mod sql;
mod steps;
mod tls;
mod verify;

pub use apply::{AppliedFile, Event, Migrated, Options, migrate, preview};
pub use connection_error::connection_error;
pub use database_url::DatabaseUrl;
pub use dbtask_rules::Embedded;
pub use environment::Environment;
pub use error::{Error, Excerpt, Kind};
pub use history::{Applied, HISTORY_TABLE, SchemaHistory};
pub use lock::{Holder, MigrationLock};
pub use observer::Observation;
pub use plan::{Divergent, Plan};
pub use session::{Parameter, Session};
pub use sql::{quote_identifier, sql_error};
pub use tokio_postgres::Error as SqlError;
pub use tokio_postgres::error::SqlState;
pub use verify::{Verification, embedded_files, verify};

/// What a session says it is, in `pg_stat_activity`, unless the URL has an `application_name`.
pub(crate) const APPLICATION: &str = "dbtask";
