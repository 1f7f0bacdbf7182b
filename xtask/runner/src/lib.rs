//! How a migration is applied: history, lock, transaction, errors with a place, over refinery and postgres.
//!
//! A service needs two calls: [`Environment::of_service`] for its [`DatabaseUrl`], and [`verify`] with the table that its
//! build script embedded.
//!
//! ```no_run
//! use dbtask_runner::{Embedded, Environment, Error, Verification, verify};
//!
//! // in a service: include!(concat!(env!("OUT_DIR"), "/migrations.rs")), and "/repeatables.rs"
//! static MIGRATIONS: &[Embedded] = &[];
//! static REPEATABLES: &[Embedded] = &[];
//!
//! fn start() -> Result<(), Error> {
//!     let url = Environment::of_service()?.database_url()?;
//!     match verify(&url, (MIGRATIONS, REPEATABLES))? {
//!         Verification::Current { .. } | Verification::Newer { .. } => Ok(()),
//!         Verification::Pending { files } => Err(Error::failed(format!("not applied yet: {}", files.join(", ")))),
//!     }
//! }
//! ```
//!
//! A service that migrates by itself, such as one that ships its own database, calls [`migrate`] instead.
//!
//! Everything here blocks. In a service on tokio it belongs on a thread of its own, since each session has a runtime of
//! its own, and one cannot be started inside another:
//!
//! ```no_run
//! use dbtask_runner::{
//!     Embedded, Environment, Error, Migrations, Options, Session, embedded_files, embedded_repeatables, migrate,
//! };
//!
//! static MIGRATIONS: &[Embedded] = &[];
//! static REPEATABLES: &[Embedded] = &[];
//!
//! async fn start() -> Result<(), Box<dyn std::error::Error>> {
//!     let migrated = tokio::task::spawn_blocking(|| -> Result<_, Error> {
//!         let url = Environment::of_service()?.direct_database_url()?;
//!         let session = Session::connect_to_migrate(&url)?;
//!         let (versioned, repeatable) = (embedded_files(MIGRATIONS)?, embedded_repeatables(REPEATABLES)?);
//!         let files = Migrations { versioned: &versioned, repeatable: &repeatable };
//!         migrate(&session, files, Options::default(), &mut |_| {})
//!     })
//!     .await??;
//!     println!("{} files applied", migrated.applied);
//!     Ok(())
//! }
//! ```

mod application;
mod apply;
mod baseline;
mod before_commit;
mod condition;
mod connection_error;
mod database_url;
mod environment;
mod error;
mod fit;
mod history;
mod history_row;
mod indexes;
mod interrupt;
mod journal;
mod lock;
mod loss;
mod message;
mod observer;
mod patience;
mod place;
mod plan;
mod preflight;
mod preview;
mod repair;
mod repeatable;
mod script;
mod sending;
mod session;
mod sql;
mod steps;
mod tls;
mod unit;
mod verify;

pub use application::{Application, Entry, journal_entries};
pub use apply::{Event, Migrated, Options, migrate};
pub use baseline::{Baseline, record};
pub use before_commit::BeforeCommit;
pub use condition::Condition;
pub use connection_error::connection_error;
pub use database_url::DatabaseUrl;
pub use dbtask_rules::Embedded;
pub use environment::Environment;
pub use error::{Error, Excerpt, Kind};
pub use fit::check_fit;
pub use history::{Applied, HISTORY_TABLE, SchemaHistory};
pub use lock::{Holder, MigrationLock};
pub use observer::Observation;
pub use place::{error_offset, statement_error};
pub use plan::{Divergent, Plan};
pub use preview::{preview, preview_repeatable};
pub use repair::Repair;
pub use repeatable::{RepeatableRuns, RepeatableState, Repeatables, repeatable_runs};
pub use script::{Migrations, Script};
pub use session::{Parameter, Session};
pub use sql::{quote_identifier, sql_error};
pub use tokio_postgres::Error as SqlError;
pub use tokio_postgres::Row;
pub use tokio_postgres::error::SqlState;
pub use tokio_postgres::types::Type;
pub use unit::Unit;
pub use verify::{EmbeddedTables, Verification, embedded_files, embedded_repeatables, verify};

/// What a session says it is, in `pg_stat_activity`, unless the URL has an `application_name`.
pub(crate) const APPLICATION: &str = "dbtask";
